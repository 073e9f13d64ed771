package cms_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"testing"

	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/pkitest"
)

// TestWhatTheOwnKeyMadeIsTaken as crypto/rsa verified it, and a key that is not the certificate's is still found out.
func TestWhatTheOwnKeyMadeIsTaken(t *testing.T) {
	pki, err := pkitest.New(pkitest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer pki.Close()
	cert, key, err := pki.Issue(pkitest.Subject{CommonName: "a", Algorithm: pkitest.RSA2048})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := key.(*rsa.PrivateKey); !ok {
		t.Fatalf("the key is a %T", key)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte("content"))
	u, err := cms.Prepare(cert, digest[:], &cms.PrepareOptions{Hash: crypto.SHA256})
	if err != nil {
		t.Fatal(err)
	}
	sd, err := u.Sign(nil, key)
	if err != nil {
		t.Fatal(err)
	}
	if in, err := sd.Signers()[0].Verify(sd.ContentType(), digest[:], cert); err != nil || !in.SignatureMatches {
		t.Errorf("%+v %v", in, err)
	}
	if _, err := u.Sign(nil, other); !errors.Is(err, cms.ErrSignatureMismatch) {
		t.Errorf("another key: %v", err)
	}
	if _, err := u.CompleteBy(other, make([]byte, 256)); !errors.Is(err, cms.ErrSignatureMismatch) {
		t.Errorf("nobody's value: %v", err)
	}
}
