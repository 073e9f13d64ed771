package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
)

// This file checks what a browser brings from an authenticator: W3C Web Authentication Level 3, as much of it as a house needs that trusts
// a key because its owner was signed in when it was made. No attestation is asked for ("none"), so that nothing signs what a registration
// says of its key: the browser may as well hand it over as a SubjectPublicKeyInfo, and no CBOR is read here.

// relyingParty is the house, as authenticators know it.
type relyingParty struct {
	id     string // the host of the public address
	origin string
}

func relying(public *url.URL) relyingParty {
	if public == nil {
		return relyingParty{}
	}
	return relyingParty{public.Hostname(), public.Scheme + "://" + public.Host}
}

var errPasskey = errors.New("auth: what the authenticator says does not hold")

func no(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{errPasskey}, args...)...)
}

const (
	flagPresent  = 1 << 0 // UP
	flagVerified = 1 << 2 // UV: by PIN or finger
	flagAttested = 1 << 6 // AT: a credential follows
	maxClient    = 4 << 10
	maxAuth      = 8 << 10
)

// clientData checks what the browser saw (5.8.1): the act, our challenge, our origin.
func (rp relyingParty) clientData(b []byte, act string, challenge []byte) error {
	var c struct {
		Type      string `json:"type"`
		Challenge string `json:"challenge"`
		Origin    string `json:"origin"`
		Cross     bool   `json:"crossOrigin"`
	}
	if len(b) > maxClient {
		return no("%d bytes of client data", len(b))
	}
	if err := json.Unmarshal(b, &c); err != nil {
		return no("client data: %v", err)
	}
	got, err := base64.RawURLEncoding.DecodeString(c.Challenge)
	switch {
	case err != nil || subtle.ConstantTimeCompare(got, challenge) != 1:
		return no("another challenge")
	case c.Type != act:
		return no("it is a %q", c.Type)
	case c.Origin != rp.origin || c.Cross:
		return no("at %q", c.Origin)
	}
	return nil
}

// authData checks what the authenticator says (6.1) and returns its counter and what follows.
func (rp relyingParty) authData(b []byte, flags byte) (counter uint32, rest []byte, err error) {
	if len(b) < 37 || len(b) > maxAuth {
		return 0, nil, no("%d bytes of authenticator data", len(b))
	}
	if id := sha256.Sum256([]byte(rp.id)); subtle.ConstantTimeCompare(b[:32], id[:]) != 1 {
		return 0, nil, no("for another house")
	}
	if b[32]&flags != flags {
		return 0, nil, no("flags %08b", b[32])
	}
	return binary.BigEndian.Uint32(b[33:]), b[37:], nil
}

// register checks a new key (7.1) and returns its credential id and counter.
func (rp relyingParty) register(client, auth, public, challenge []byte) (credential []byte, counter uint32, err error) {
	if err := rp.clientData(client, "webauthn.create", challenge); err != nil {
		return nil, 0, err
	}
	counter, rest, err := rp.authData(auth, flagPresent|flagVerified|flagAttested)
	if err != nil {
		return nil, 0, err
	}
	if len(rest) < 18 {
		return nil, 0, no("no credential")
	}
	n := int(binary.BigEndian.Uint16(rest[16:]))
	if rest = rest[18:]; n == 0 || n > 1023 || len(rest) < n { // 7.1, step 25
		return nil, 0, no("a credential id of %d bytes", n)
	}
	_, err = passkeyKey(public)
	return rest[:n], counter, err
}

// passkeyKey reads the kinds of key that are asked for: ES256, EdDSA and RS256.
func passkeyKey(spki []byte) (crypto.PublicKey, error) {
	key, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		return nil, no("its key: %v", err)
	}
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			return k, nil
		}
	case ed25519.PublicKey:
		return k, nil
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits >= 2048 && bits <= 4096 {
			return k, nil
		}
	}
	return nil, no("a key of kind %T", key)
}

// assert checks an answer to a challenge (7.2) under a key, and returns the counter.
func (rp relyingParty) assert(client, auth, signature, public, challenge []byte) (uint32, error) {
	if err := rp.clientData(client, "webauthn.get", challenge); err != nil {
		return 0, err
	}
	counter, _, err := rp.authData(auth, flagPresent|flagVerified)
	if err != nil {
		return 0, err
	}
	key, err := passkeyKey(public)
	if err != nil {
		return 0, err
	}
	h := sha256.Sum256(client)
	signed := append(append(make([]byte, 0, len(auth)+len(h)), auth...), h[:]...)
	digest, ok := sha256.Sum256(signed), false
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		ok = ecdsa.VerifyASN1(k, digest[:], signature)
	case ed25519.PublicKey:
		ok = ed25519.Verify(k, signed, signature)
	case *rsa.PublicKey:
		ok = rsa.VerifyPKCS1v15(k, crypto.SHA256, digest[:], signature) == nil
	}
	if !ok {
		return 0, no("the signature is wrong")
	}
	return counter, nil
}
