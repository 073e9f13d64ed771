//go:build cgo

package pkcs11

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/miekg/pkcs11"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
)

// Key is a private key on a token. It is a [crypto.Signer] and safe for concurrent use.
type Key struct {
	token        *token
	label        string
	id           []byte
	kind         uint // CKA_KEY_TYPE
	always       bool // CKA_ALWAYS_AUTHENTICATE
	public       crypto.PublicKey
	certificates []*certpath.Certificate

	open   sync.RWMutex // held for reading while something is signed
	closed bool

	mu     sync.Mutex
	handle pkcs11.ObjectHandle
	found  int // the generation that handle belongs to, 0 for none
}

// Public is the public key: of the public key object, or else of the certificate.
func (k *Key) Public() crypto.PublicKey { return k.public }

// Certificates on the token: the key's own, by CKA_ID, and their issuers.
func (k *Key) Certificates() []*certpath.Certificate { return k.certificates }

// Name is "token label/key label", no secret.
func (k *Key) Name() string {
	if k.label == "" {
		return k.token.label + "/" + hex.EncodeToString(k.id)
	}
	return k.token.label + "/" + k.label
}

// Close waits for signatures under way and gives the token up; with its last key the token is logged out. Closing
// twice is harmless.
func (k *Key) Close() error {
	k.open.Lock()
	defer k.open.Unlock()
	if !k.closed {
		k.closed = true
		k.token.release()
	}
	return nil
}

// Sign implements [crypto.Signer]: RSA PKCS #1 v1.5 and PSS, and ECDSA (as DER) over a digest, Ed25519 over the message. The
// token brings the randomness.
func (k *Key) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	const op = "signing with"
	k.open.RLock()
	defer k.open.RUnlock()
	if k.closed {
		return nil, codes.New(ErrClosed, op, k.Name(), "the key was closed")
	}
	mechanism, input, err := mechanismFor(k.kind, k.public, digest, opts)
	if err != nil {
		return nil, codes.New(ErrUnsupported, op, k.Name(), err.Error())
	}
	var signature []byte
	err = k.token.do(context.Background(), func(s session) (err error) {
		signature, err = k.sign(s, mechanism, input)
		return err
	})
	if err != nil {
		return nil, explain(op, k.Name(), err)
	}
	if k.kind != pkcs11.CKK_EC {
		return signature, nil
	}
	der, err := ecdsaDER(signature)
	if err != nil {
		return nil, codes.New(ErrDevice, op, k.Name(), err.Error())
	}
	return der, nil
}

func (k *Key) sign(s session, m *pkcs11.Mechanism, input []byte) ([]byte, error) {
	handle, err := k.locate(s)
	if err != nil {
		return nil, err
	}
	lib := k.token.module
	if err := lib.SignInit(s.handle, []*pkcs11.Mechanism{m}, handle); err != nil {
		if lost(err) { // a login that was lost takes the handles with it
			k.forget(handle)
		}
		return nil, err
	}
	if k.always {
		if err := k.token.loginAgain(s); err != nil {
			return nil, err
		}
	}
	return lib.Sign(s.handle, input)
}

// locate returns the key's handle in this generation; finding it costs a search over the token, so it is kept.
func (k *Key) locate(s session) (pkcs11.ObjectHandle, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.found == s.generation && k.found != 0 {
		return k.handle, nil
	}
	template := append(k.identify(pkcs11.CKO_PRIVATE_KEY), pkcs11.NewAttribute(pkcs11.CKA_KEY_TYPE, k.kind))
	found, err := k.token.objects(s, template, 2)
	if err != nil {
		return 0, err
	}
	switch len(found) {
	case 0:
		// A token without login shows no private keys: perhaps it was the login that went.
		return 0, codes.Wrap(ErrNotFound, "finding the key again", k.Name(), pkcs11.Error(pkcs11.CKR_USER_NOT_LOGGED_IN))
	case 1:
	default:
		return 0, codes.New(ErrAmbiguous, "finding the key again", k.Name(), "there are several with its identifier")
	}
	k.handle, k.found = found[0], s.generation
	return k.handle, nil
}

func (k *Key) forget(h pkcs11.ObjectHandle) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.handle == h {
		k.found = 0
	}
}

// identify is the template of the object of that class that belongs to the key.
func (k *Key) identify(class uint) []*pkcs11.Attribute {
	t := []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_CLASS, class)}
	if len(k.id) > 0 {
		return append(t, pkcs11.NewAttribute(pkcs11.CKA_ID, k.id))
	}
	return append(t, pkcs11.NewAttribute(pkcs11.CKA_LABEL, k.label))
}

// find fills in the key that the address names.
func (k *Key) find(ctx context.Context, u *URI, given []*certpath.Certificate) error {
	return k.token.do(ctx, func(s session) error {
		handle, err := k.token.privateKey(s, u)
		if err != nil {
			return err
		}
		k.handle, k.found = handle, s.generation
		for _, step := range []func(session) error{k.describe, k.readCertificates} {
			if err := step(s); err != nil {
				return err
			}
		}
		return k.readPublic(s, given)
	})
}

func (k *Key) describe(s session) error {
	t := k.token
	kind, err := t.attribute(s, k.handle, pkcs11.CKA_KEY_TYPE)
	if err != nil {
		return err
	}
	k.kind = number(kind)
	if k.id, err = t.optional(s, k.handle, pkcs11.CKA_ID); err != nil {
		return err
	}
	label, err := t.optional(s, k.handle, pkcs11.CKA_LABEL)
	if err != nil {
		return err
	}
	k.label = string(label)
	always, err := t.optional(s, k.handle, pkcs11.CKA_ALWAYS_AUTHENTICATE)
	k.always = len(always) == 1 && always[0] != 0
	return err
}

// maxIssuers bounds the chain that is read from a token.
const maxIssuers = 10

// readCertificates reads those with the key's CKA_ID and then, by subject, their issuers.
func (k *Key) readCertificates(s session) error {
	certs, err := k.token.certificates(s, k.identify(pkcs11.CKO_CERTIFICATE))
	if err != nil {
		return err
	}
	for i := 0; i < len(certs) && len(certs) < maxIssuers; i++ {
		if certs[i].SelfIssued() {
			continue
		}
		issuers, err := k.token.certificates(s, []*pkcs11.Attribute{
			pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_CERTIFICATE),
			pkcs11.NewAttribute(pkcs11.CKA_SUBJECT, certs[i].RawIssuer),
		})
		if err != nil {
			return err
		}
		certs = append(certs, issuers...)
	}
	k.certificates = certs
	return nil
}

// readPublic takes the public key from where it is surest: the private key (RSA shows it), its own object, a
// certificate on the token, a certificate given.
func (k *Key) readPublic(s session, given []*certpath.Certificate) error {
	if k.kind != pkcs11.CKK_RSA && k.kind != pkcs11.CKK_EC && k.kind != ckkECEdwards {
		return codes.New(ErrUnsupported, "opening the key", k.Name(), fmt.Sprintf("its type 0x%x is not RSA, EC or EdDSA", k.kind))
	}
	sources, err := k.token.objects(s, k.identify(pkcs11.CKO_PUBLIC_KEY), 2)
	if err != nil {
		return err
	}
	if k.kind == pkcs11.CKK_RSA {
		sources = append([]pkcs11.ObjectHandle{k.handle}, sources...)
	}
	for _, object := range sources {
		if k.public, err = k.token.publicKey(s, object, k.kind); err != nil || k.public != nil {
			return err
		}
	}
	for _, c := range append(slices.Clip(k.certificates), given...) {
		if kindOf(c.PublicKey) == k.kind {
			k.public = c.PublicKey
			return nil
		}
	}
	return codes.New(ErrNoPublicKey, "opening the key", k.Name(),
		"the token has neither its certificate nor its public key; give the certificate beside it")
}

func kindOf(pub crypto.PublicKey) uint {
	switch pub.(type) {
	case *rsa.PublicKey:
		return pkcs11.CKK_RSA
	case *ecdsa.PublicKey:
		return pkcs11.CKK_EC
	case ed25519.PublicKey:
		return ckkECEdwards
	}
	return ^uint(0)
}
