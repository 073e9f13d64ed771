package keys_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/keys"
)

const password = "mật khẩu"

// rsaKey is made once: it is slow.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

func ecKey(t testing.TB, c elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(c, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// family is a key with its certificate, which an intermediate signed, which a root signed.
type family struct {
	key                crypto.Signer
	leaf, middle, root *x509.Certificate
}

func newFamily(t testing.TB, key crypto.Signer) *family {
	t.Helper()
	rootKey, middleKey := ecKey(t, elliptic.P256()), ecKey(t, elliptic.P256())
	f := &family{key: key}
	f.root = certify(t, "root", rootKey, nil, rootKey)
	f.middle = certify(t, "middle", middleKey, f.root, rootKey)
	f.leaf = certify(t, "leaf", key, f.middle, middleKey)
	return f
}

func certify(t testing.TB, name string, key crypto.Signer, issuer *x509.Certificate, by crypto.Signer) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(int64(len(name))), Subject: pkix.Name{CommonName: name}, BasicConstraintsValid: true,
		IsCA: name != "leaf", NotBefore: time.Unix(1.7e9, 0), NotAfter: time.Unix(1.9e9, 0),
	}
	if issuer == nil {
		issuer = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func parse(t testing.TB, certs ...*x509.Certificate) []*certpath.Certificate {
	t.Helper()
	var out []*certpath.Certificate
	for _, c := range certs {
		p, err := certpath.ParseCertificate(c.Raw)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

func certPEM(certs ...*x509.Certificate) []byte {
	var out []byte
	for _, c := range certs {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return out
}

func pkcs8(t testing.TB, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func write(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func openssl(t testing.TB, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	if out, err := exec.Command("openssl", args...).CombinedOutput(); err != nil {
		t.Fatalf("openssl %v: %v\n%s", args, err, out)
	}
}

func secret(s string) func(context.Context, string) ([]byte, error) {
	return func(context.Context, string) ([]byte, error) { return []byte(s), nil }
}

func names(chain []*certpath.Certificate) string {
	var out []string
	for _, c := range chain {
		out = append(out, c.Subject.CommonName())
	}
	return strings.Join(out, " ")
}

// check signs with the key and compares with the key that went in.
func check(t *testing.T, k *keys.Key, want crypto.Signer) {
	t.Helper()
	message := []byte("Quyết định")
	digest := sha256.Sum256(message)
	var ok bool
	switch pub := want.Public().(type) {
	case *rsa.PublicKey:
		sig, err := k.Sign(rand.Reader, digest[:], crypto.SHA256)
		ok = err == nil && rsa.VerifyPKCS1v15(pub, crypto.SHA256, digest[:], sig) == nil
	case *ecdsa.PublicKey:
		sig, err := k.Sign(rand.Reader, digest[:], crypto.SHA256)
		ok = err == nil && ecdsa.VerifyASN1(pub, digest[:], sig)
	case ed25519.PublicKey:
		sig, err := k.Sign(rand.Reader, message, crypto.Hash(0))
		ok = err == nil && ed25519.Verify(pub, message, sig)
	}
	if !ok {
		t.Error("the signature is not the key's")
	}
}

func TestPEMForms(t *testing.T) {
	p256, p384 := ecKey(t, elliptic.P256()), ecKey(t, elliptic.P384())
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(p384)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		key  crypto.Signer
		text []byte
	}{
		"PKCS#8 RSA":     {rsaKey(), pkcs8(t, rsaKey())},
		"PKCS#8 P-256":   {p256, pkcs8(t, p256)},
		"PKCS#8 Ed25519": {ed, pkcs8(t, ed)},
		"PKCS#1":         {rsaKey(), pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKey())})},
		"SEC1 with parameters before it": {p384, append(
			pem.EncodeToMemory(&pem.Block{Type: "EC PARAMETERS", Bytes: []byte{6, 5, 43, 129, 4, 0, 34}}),
			pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1})...)},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFamily(t, c.key)
			unneeded := func(context.Context, string) ([]byte, error) { return nil, errors.New("nobody needs a password") }
			k, err := keys.Open(t.Context(), "pem:"+write(t, append(certPEM(f.root, f.leaf, f.middle), c.text...)), &keys.Options{Secret: unneeded})
			if err != nil {
				t.Fatal(err)
			}
			defer k.Close()
			check(t, k, c.key)
			if got := names(k.Chain); got != "leaf middle root" {
				t.Errorf("chain %q", got)
			}
		})
	}
}

func TestCertificatesBesideTheKey(t *testing.T) {
	key := ecKey(t, elliptic.P256())
	f := newFamily(t, key)
	renewed := certify(t, "renewed", key, nil, key)
	strangerKey := ecKey(t, elliptic.P256())
	stranger := certify(t, "stranger", strangerKey, nil, strangerKey)
	for name, c := range map[string]struct {
		inside, beside []*x509.Certificate
		chain          string
		want           codes.Code
	}{
		"none":                        {nil, nil, "", ""},
		"all beside":                  {nil, []*x509.Certificate{f.leaf, f.middle, f.root}, "leaf middle root", ""},
		"leaf inside, issuers beside": {[]*x509.Certificate{f.leaf}, []*x509.Certificate{f.root, f.middle}, "leaf middle root", ""},
		"what is not of the chain":    {[]*x509.Certificate{f.leaf, stranger}, []*x509.Certificate{f.middle}, "leaf middle", ""},
		"the one beside wins":         {[]*x509.Certificate{f.leaf, f.middle}, []*x509.Certificate{renewed}, "renewed", ""},
		"a gap in the chain":          {[]*x509.Certificate{f.leaf, f.root}, nil, "leaf", ""},
		"the same twice":              {[]*x509.Certificate{f.leaf, f.middle}, []*x509.Certificate{f.middle, f.leaf}, "leaf middle", ""},
		"another key's":               {nil, []*x509.Certificate{stranger}, "", keys.ErrCertificateMismatch},
		"only issuers":                {[]*x509.Certificate{f.middle}, []*x509.Certificate{f.root}, "", keys.ErrCertificateMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, append(pkcs8(t, key), certPEM(c.inside...)...))
			k, err := keys.Open(t.Context(), "pem:"+path, &keys.Options{Chain: parse(t, c.beside...)})
			if codes.Of(err) != string(c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if err == nil && names(k.Chain) != c.chain {
				t.Errorf("chain %q, want %q", names(k.Chain), c.chain)
			}
		})
	}
}

func TestEncryptedPKCS8OfOpenSSL(t *testing.T) {
	key := ecKey(t, elliptic.P256())
	in := write(t, pkcs8(t, key))
	for _, args := range [][]string{
		{"-v2", "aes-128-cbc"}, {"-v2", "aes-192-cbc", "-v2prf", "hmacWithSHA384"}, {"-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512"},
		{"-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA1"}, {"-v2", "des3"}, {"-v2", "aes-256-cbc", "-iter", "100000"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "key.pem")
			openssl(t, append([]string{"pkcs8", "-topk8", "-in", in, "-out", out, "-passout", "pass:" + password}, args...)...)
			asked := 0
			given := []byte(password)
			k, err := keys.Open(t.Context(), "pem:"+out, &keys.Options{Secret: func(context.Context, string) ([]byte, error) {
				asked++
				return given, nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			check(t, k, key)
			if asked != 1 || !bytes.Equal(given, make([]byte, len(password))) {
				t.Errorf("asked %d times, left in memory as %q", asked, given)
			}
			for _, wrong := range []func(context.Context, string) ([]byte, error){nil, secret("no"), secret("")} {
				if _, err := keys.Open(t.Context(), "pem:"+out, &keys.Options{Secret: wrong}); !errors.Is(err, keys.ErrPassword) {
					t.Errorf("wrong password: %v", err)
				}
			}
		})
	}
}

func TestPKCS12Forms(t *testing.T) {
	f := newFamily(t, ecKey(t, elliptic.P256()))
	for name, e := range map[string]*pkcs12.Encoder{
		"AES and SHA-256": pkcs12.Modern2023, "3DES": pkcs12.LegacyDES, "RC2": pkcs12.LegacyRC2, "PBMAC1": pkcs12.Modern2026,
	} {
		t.Run(name, func(t *testing.T) {
			data, err := e.Encode(f.key, f.leaf, []*x509.Certificate{f.middle, f.root}, password)
			if err != nil {
				t.Fatal(err)
			}
			path := write(t, data)
			given := []byte(password)
			k, err := keys.Open(t.Context(), "p12:"+path, &keys.Options{Secret: func(context.Context, string) ([]byte, error) { return given, nil }})
			if err != nil {
				t.Fatal(err)
			}
			check(t, k, f.key)
			if got := names(k.Chain); got != "leaf middle root" {
				t.Errorf("chain %q", got)
			}
			if !bytes.Equal(given, make([]byte, len(password))) {
				t.Error("the password was not cleared")
			}
			for _, wrong := range []func(context.Context, string) ([]byte, error){nil, secret("no"), secret("")} {
				if _, err := keys.Open(t.Context(), "p12:"+path, &keys.Options{Secret: wrong}); !errors.Is(err, keys.ErrPassword) {
					t.Errorf("wrong password: %v", err)
				}
			}
		})
	}
}

func TestPKCS12OfOpenSSL(t *testing.T) {
	f := newFamily(t, rsaKey())
	dir := t.TempDir()
	key, chain := write(t, append(pkcs8(t, f.key), certPEM(f.leaf)...)), write(t, certPEM(f.root, f.middle))
	for name, args := range map[string][]string{
		"as it writes today":       {"-inkey", key, "-in", key, "-certfile", chain},
		"as it wrote before":       {"-inkey", key, "-in", key, "-certfile", chain, "-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"},
		"with an empty passphrase": {"-inkey", key, "-in", key, "-certfile", chain, "-passout", "pass:"},
	} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(dir, "out.p12")
			openssl(t, append([]string{"pkcs12", "-export", "-out", out, "-passout", "pass:" + password}, args...)...)
			o := &keys.Options{Secret: secret(password), Chain: parse(t, f.leaf)}
			if args[len(args)-1] == "pass:" {
				o.Secret = nil
			}
			k, err := keys.Open(t.Context(), "p12:"+out, o)
			if err != nil {
				t.Fatal(err)
			}
			check(t, k, f.key)
			if got := names(k.Chain); got != "leaf middle root" {
				t.Errorf("chain %q", got)
			}
		})
	}
}

func TestPKCS12WithACertificateThatTheStandardLibraryRefuses(t *testing.T) {
	dir := t.TempDir()
	key, cert, out := filepath.Join(dir, "key.pem"), filepath.Join(dir, "cert.pem"), filepath.Join(dir, "out.p12")
	openssl(t, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout", key, "-out", cert,
		"-subj", "/CN=negative", "-set_serial", "-7")
	openssl(t, "pkcs12", "-export", "-inkey", key, "-in", cert, "-out", out, "-passout", "pass:"+password)
	if _, _, _, err := pkcs12.DecodeChain(read(t, out), password); err == nil {
		t.Skip("the standard library takes it")
	}
	k, err := keys.Open(t.Context(), "p12:"+out, &keys.Options{Secret: secret(password)})
	if err != nil {
		t.Fatal(err)
	}
	check(t, k, k)
	if got := names(k.Chain); got != "negative" {
		t.Errorf("chain %q", got)
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestOpenRefuses(t *testing.T) {
	one, two := ecKey(t, elliptic.P256()), ecKey(t, elliptic.P256())
	sec1, err := x509.MarshalECPrivateKey(one)
	if err != nil {
		t.Fatal(err)
	}
	old := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "DES-CBC,00"}, Bytes: sec1})
	slow, err := pkcs12.Modern2023.Encode(one, certify(t, "leaf", one, nil, one), nil, password)
	if err != nil {
		t.Fatal(err)
	}
	slow = bytes.ReplaceAll(slow, []byte{2, 2, 8, 0}, []byte{2, 2, 0x7f, 0xff}) // still modest
	big := bytes.Repeat([]byte("x"), 1<<20+1)
	for name, c := range map[string]struct {
		uri  string
		want codes.Code
	}{
		"another scheme":             {"jks:file", keys.ErrURI},
		"no scheme":                  {"/home/me/key.p12", keys.ErrURI},
		"a file that is not there":   {"p12:/nowhere/key.p12", keys.ErrFile},
		"a folder":                   {"pem:" + t.TempDir(), keys.ErrFile},
		"no PKCS#12":                 {"p12:" + write(t, []byte("text")), keys.ErrFile},
		"a file above the limit":     {"p12:" + write(t, big), keys.ErrFile},
		"no key":                     {"pem:" + write(t, certPEM(certify(t, "leaf", one, nil, one))), keys.ErrNotFound},
		"two keys":                   {"pem:" + write(t, append(pkcs8(t, one), pkcs8(t, two)...)), keys.ErrAmbiguous},
		"a damaged key":              {"pem:" + write(t, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte{0x30, 0}})), keys.ErrFile},
		"the old kind of encryption": {"pem:" + write(t, old), keys.ErrUnsupported},
		"another MAC after a change": {"p12:" + write(t, slow), keys.ErrPassword},
		"a PIN in the address":       {"pkcs11:token=t?pin-value=" + password, keys.ErrURI},
	} {
		t.Run(name, func(t *testing.T) {
			k, err := keys.Open(t.Context(), c.uri, &keys.Options{Secret: secret(password)})
			if k != nil || !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %s", err, c.want)
			}
			if strings.Contains(err.Error(), password) {
				t.Errorf("the error tells the password: %v", err)
			}
		})
	}
}

func TestOpenReturnsWhenTheContextEnds(t *testing.T) {
	data, err := pkcs12.Modern2023.Encode(ecKey(t, elliptic.P256()), certify(t, "leaf", rsaKey(), nil, rsaKey()), nil, password)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	released := make(chan struct{})
	_, err = keys.Open(ctx, "p12:"+write(t, data), &keys.Options{Secret: func(context.Context, string) ([]byte, error) {
		cancel()
		<-released
		return nil, errors.New("too late")
	}})
	close(released)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestTraceTellsOfEverySignature(t *testing.T) {
	path := write(t, pkcs8(t, rsaKey()))
	var calls []fetch.Call
	now := time.Unix(1.8e9, 0)
	k, err := keys.Open(t.Context(), "pem:"+path, &keys.Options{
		Trace: &fetch.Trace{Done: func(c fetch.Call) { calls = append(calls, c) }},
		Clock: func() time.Time { now = now.Add(time.Second); return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	check(t, k, rsaKey())
	if _, err := k.Sign(rand.Reader, []byte("no digest"), crypto.SHA512); err == nil {
		t.Fatal("an unfit digest was signed")
	}
	if len(calls) != 2 || calls[0].Kind != "key" || calls[0].Address != "key" || calls[0].Duration != time.Second ||
		calls[0].Bytes < 64 || calls[0].Err != nil || calls[1].Err == nil {
		t.Errorf("%+v", calls)
	}
}

func TestSameRandomnessGivesTheSameSignature(t *testing.T) {
	k, err := keys.Open(t.Context(), "pem:"+write(t, pkcs8(t, ecKey(t, elliptic.P256()))), nil)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(nil)
	one, err1 := k.Sign(nil, digest[:], crypto.SHA256) // RFC 6979
	two, err2 := k.Sign(nil, digest[:], crypto.SHA256)
	if err1 != nil || err2 != nil || !bytes.Equal(one, two) {
		t.Errorf("%v, %v", err1, err2)
	}
}

func ExampleOpen() {
	_, err := keys.Open(context.Background(), "pkcs11:token=van-thu;slot-id=3", nil)
	fmt.Println(codes.Of(err))
	// Output: keys.uri
}
