package cades_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/antinvn/antin/cades"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/tsp"
)

func TestWhatTheArchiveKeepsMayNotGo(t *testing.T) {
	w := newWorld(t)
	s := w.signer(t, "Nguyễn Văn Mẫu", pkitest.P256)
	file := w.extend(t, w.sign(t, nil, false, s, w.options(s, cades.BLTA)), false, cades.BLTA)
	sd := signedData(t, file)
	stamps := check(t, file, false)[0].Timestamps

	bare := sd.WithoutCertificates()
	bare.AddCertificates(s.chain[0], w.Root)
	archived := bytes.Clone(stamps[1].Token.Raw)
	index := bytes.LastIndex(archived, []byte{0x04, 0x00, 0x81, 0x95, 0x32, 0x01, 0x05}) // id-aa-ATSHashIndex-v3
	for name, tt := range map[string]struct {
		file   []byte
		broken []bool // of the three time-stamps
		want   codes.Code
	}{
		"a certificate is gone":                 {marshal(t, bare), []bool{false, true, true}, cades.ErrIndex},
		"revocation data is another":            {swap(file, sd.OCSPResponses()[0], -1), []bool{false, true, true}, cades.ErrIndex},
		"the signature's time-stamp is another": {swap(file, stamps[0].Token.Raw, -1), []bool{true, true, true}, cades.ErrIndex},
		"the first archive is another":          {swap(file, archived, -1), []bool{false, true, true}, cades.ErrIndex},
		"the first archive's index is another":  {swap(file, archived, index+20), []bool{false, true, true}, cades.ErrIndex},
		"the signature value is another":        {swap(file, sd.Signers()[0].Signature(), -1), []bool{true, true, true}, tsp.ErrMismatch},
	} {
		found := check(t, tt.file, false)[0]
		for i, ts := range found.Timestamps {
			if (ts.Err != nil) != tt.broken[i] {
				t.Errorf("%s: time-stamp %d: %v", name, i+1, ts.Err)
			}
		}
		if newest := found.Timestamps[len(found.Timestamps)-1]; codes.Of(newest.Err) != string(tt.want) {
			t.Errorf("%s: %v", name, newest.Err)
		}
	}
}

// swap changes one byte of a part of the file, counted from its end if negative.
func swap(file, part []byte, at int) []byte {
	other := bytes.Clone(part)
	other[(at+len(other))%len(other)] ^= 1
	return bytes.Replace(file, part, other, 1)
}

func TestATimestampThatTheArchiveLeavesOutIsSeen(t *testing.T) {
	w := newWorld(t)
	s := w.signer(t, "Nguyễn Văn Mẫu", pkitest.P256)
	stamped := w.sign(t, nil, true, s, w.options(s, cades.BT))
	archived := w.extend(t, w.sign(t, nil, true, s, w.options(s, cades.BB)), true, cades.BLTA)
	// A token from before the archive time-stamp, slipped in afterwards.
	sd := signedData(t, archived)
	for _, a := range signedData(t, stamped).Signers()[0].UnsignedAttributes() {
		sd.Signers()[0].AddUnsigned(a)
	}
	found := check(t, marshal(t, sd), true)[0]
	if newest := found.Timestamps[len(found.Timestamps)-1]; codes.Of(newest.Err) != string(cades.ErrIndex) {
		t.Errorf("%v", newest.Err)
	}
}

func TestMoreTimestampsMayBeAdded(t *testing.T) {
	w := newWorld(t)
	s := w.signer(t, "Nguyễn Văn Mẫu", pkitest.P256)
	file := w.sign(t, nil, true, s, w.options(s, cades.BLTA))
	var out bytes.Buffer
	if _, err := cades.Timestamp(t.Context(), &out, read(t, file, true), w.extension()); err != nil {
		t.Fatal(err)
	}
	w.later(2e9)
	found := sound(t, out.Bytes(), true, 3)
	if found[0].Timestamps[1].Archive {
		t.Error("both signature time-stamps come before the archive's")
	}
	sound(t, w.extend(t, out.Bytes(), true, cades.BLTA), true, 4)
	if _, err := cades.Timestamp(t.Context(), &out, cades.New(section(content), true), w.extension()); codes.Of(err) != string(cades.ErrUnsigned) {
		t.Errorf("nothing to stamp: %v", err)
	}
}

// TestOpenSSLFilesAreArchived raises what OpenSSL streamed in BER, signed without and with attributes, to B-LTA; OpenSSL still
// verifies it.
func TestOpenSSLFilesAreArchived(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	w := newWorld(t)
	s := w.signer(t, "Nguyễn Văn Mẫu", pkitest.P256)
	dir := t.TempDir()
	der, err := x509.MarshalPKCS8PrivateKey(s.key)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"in": content, "key.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		"cert.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.chain[0].Raw}),
		"ca.pem":   pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.CA.Raw}),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		args     []string
		detached bool
	}{
		"streamed":              {[]string{"-nodetach", "-stream", "-cades"}, false},
		"in one":                {[]string{"-nodetach", "-cades"}, false},
		"detached":              {[]string{"-cades"}, true},
		"without attributes":    {[]string{"-nodetach", "-noattr"}, false},
		"named by key":          {[]string{"-nodetach", "-keyid", "-stream"}, false},
		"without a certificate": {[]string{"-nodetach", "-nocerts", "-cades"}, false},
	} {
		c := exec.Command("openssl", append([]string{
			"cms", "-sign", "-binary", "-in", "in", "-signer", "cert.pem", "-inkey", "key.pem", "-certfile", "ca.pem", "-outform", "DER", "-out", "out",
		}, tt.args...)...)
		c.Dir = dir
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%s: %s", name, out)
		}
		file, err := os.ReadFile(filepath.Join(dir, "out"))
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		o := w.extension()
		o.Pool = s.chain
		if _, err := cades.Extend(t.Context(), &out, read(t, file, tt.detached), cades.BLTA, o); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		w.later(2e9)
		for _, extended := range [][]byte{out.Bytes(), w.extend(t, out.Bytes(), tt.detached, cades.BLTA)} {
			one := check(t, extended, tt.detached)[0]
			if one.Err != nil || one.Digest != cades.Match || one.Signature != cades.Match || len(one.Timestamps) < 2 {
				t.Errorf("%s: digest %s, signature %s, %d time-stamps: %v", name, one.Digest, one.Signature, len(one.Timestamps), one.Err)
			}
			for _, ts := range one.Timestamps {
				if ts.Err != nil {
					t.Errorf("%s: %v", name, ts.Err)
				}
			}
			if words, ok := w.opensslVerify(t, extended, tt.detached, content); !ok {
				t.Errorf("%s: %s", name, words)
			}
		}
	}
}

// TestContentOfAnySizePassesThrough signs and checks an empty content, and one far larger than what may be allocated.
func TestContentOfAnySizePassesThrough(t *testing.T) {
	w := newWorld(t)
	s := w.signer(t, "Nguyễn Văn Mẫu", pkitest.P256)
	for _, size := range []int64{0, 48 << 20} {
		path := filepath.Join(t.TempDir(), "signed.p7m")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		in, err := os.Create(filepath.Join(t.TempDir(), "in"))
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		if err := in.Truncate(size); err != nil {
			t.Fatal(err)
		}
		took := allocated(func() {
			_, err = cades.Sign(t.Context(), f, cades.New(fileSection(t, in), false), s.key, w.options(s, cades.BLTA))
		})
		if err != nil {
			t.Fatal(err)
		}
		var found []*cades.Signature
		took += allocated(func() {
			var d *cades.Document
			if d, err = cades.Open(t.Context(), fileSection(t, f), nil); err == nil {
				found, err = cades.Check(t.Context(), d)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		soundOne(t, found[0])
		if took > 24<<20 {
			t.Errorf("signing and checking %d bytes took %d", size, took)
		}
	}
}
