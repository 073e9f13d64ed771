//go:build cgo

package pkcs11

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/binary"
	"encoding/hex"
	"math/big"
	"slices"

	"github.com/miekg/pkcs11"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
)

// maxObjects bounds a search; only a search by label can find more than a few.
const maxObjects = 100

// objects returns the first handles that match.
func (t *token) objects(s session, template []*pkcs11.Attribute, limit int) ([]pkcs11.ObjectHandle, error) {
	lib := t.module
	if err := lib.FindObjectsInit(s.handle, template); err != nil {
		return nil, err
	}
	var all []pkcs11.ObjectHandle
	for len(all) < limit {
		some, _, err := lib.FindObjects(s.handle, limit-len(all))
		if err != nil {
			return nil, err // the session is dropped, and the search with it
		}
		if len(some) == 0 {
			break
		}
		all = append(all, some...)
	}
	return all, lib.FindObjectsFinal(s.handle)
}

func (t *token) attribute(s session, o pkcs11.ObjectHandle, kind uint) ([]byte, error) {
	values, err := t.module.GetAttributeValue(s.handle, o, []*pkcs11.Attribute{pkcs11.NewAttribute(kind, nil)})
	if err != nil {
		return nil, err
	}
	if len(values) != 1 {
		return nil, pkcs11.Error(pkcs11.CKR_ATTRIBUTE_TYPE_INVALID)
	}
	return values[0].Value, nil
}

// optional is nil where the object has no such attribute or does not show it.
func (t *token) optional(s session, o pkcs11.ObjectHandle, kind uint) ([]byte, error) {
	value, err := t.attribute(s, o, kind)
	if is(err, pkcs11.CKR_ATTRIBUTE_TYPE_INVALID, pkcs11.CKR_ATTRIBUTE_SENSITIVE) {
		return nil, nil
	}
	return value, err
}

// privateKey finds the one key that the address names: by its own label and identifier, or by those of its
// certificate, because card tools often give only the certificate a readable label.
func (t *token) privateKey(s session, u *URI) (pkcs11.ObjectHandle, error) {
	found, err := t.objects(s, u.template(pkcs11.CKO_PRIVATE_KEY), maxObjects)
	if err != nil {
		return 0, err
	}
	if len(found) == 0 && u.Object != "" {
		if found, err = t.keysOfCertificates(s, u); err != nil {
			return 0, err
		}
	}
	name := t.label + "/" + u.Object
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		all, err := t.objects(s, (&URI{}).template(pkcs11.CKO_PRIVATE_KEY), maxObjects)
		if err != nil {
			return 0, err
		}
		labels, err := t.labels(s, all)
		if err != nil {
			return 0, err
		}
		detail := "the token shows no private key"
		if len(labels) > 0 {
			detail = "the token has only: " + list(labels)
		}
		return 0, codes.New(ErrNotFound, "looking for the key", name, detail)
	}
	labels, err := t.labels(s, found)
	if err != nil {
		return 0, err
	}
	return 0, codes.New(ErrAmbiguous, "looking for the key", name, "several keys match, name it by id: "+list(labels))
}

func (u *URI) template(class uint) []*pkcs11.Attribute {
	t := []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_CLASS, class)}
	if u.Object != "" {
		t = append(t, pkcs11.NewAttribute(pkcs11.CKA_LABEL, u.Object))
	}
	if len(u.ID) > 0 {
		t = append(t, pkcs11.NewAttribute(pkcs11.CKA_ID, u.ID))
	}
	return t
}

func (t *token) keysOfCertificates(s session, u *URI) ([]pkcs11.ObjectHandle, error) {
	certs, err := t.objects(s, u.template(pkcs11.CKO_CERTIFICATE), maxObjects)
	if err != nil {
		return nil, err
	}
	var found []pkcs11.ObjectHandle
	for _, c := range certs {
		id, err := t.optional(s, c, pkcs11.CKA_ID)
		if err != nil {
			return nil, err
		}
		if len(id) == 0 {
			continue
		}
		keys, err := t.objects(s, (&URI{ID: id}).template(pkcs11.CKO_PRIVATE_KEY), maxObjects)
		if err != nil {
			return nil, err
		}
		for _, k := range keys {
			if !slices.Contains(found, k) {
				found = append(found, k)
			}
		}
	}
	return found, nil
}

// labels names keys as "label (id 0a1b)".
func (t *token) labels(s session, keys []pkcs11.ObjectHandle) ([]string, error) {
	var out []string
	for _, k := range keys {
		label, err := t.optional(s, k, pkcs11.CKA_LABEL)
		if err != nil {
			return nil, err
		}
		id, err := t.optional(s, k, pkcs11.CKA_ID)
		if err != nil {
			return nil, err
		}
		out = append(out, string(label)+" (id "+hex.EncodeToString(id)+")")
	}
	slices.Sort(out)
	return out, nil
}

// certificates reads those that match; one that cannot be parsed is none.
func (t *token) certificates(s session, template []*pkcs11.Attribute) ([]*certpath.Certificate, error) {
	found, err := t.objects(s, template, maxObjects)
	if err != nil {
		return nil, err
	}
	var out []*certpath.Certificate
	for _, o := range found {
		der, err := t.optional(s, o, pkcs11.CKA_VALUE)
		if err != nil {
			return nil, err
		}
		if c, err := certpath.ParseCertificate(der); err == nil {
			out = append(out, c)
		}
	}
	return out, nil
}

// publicKey reads a public key's object, or the public part that an RSA private key shows; nil if it does not.
func (t *token) publicKey(s session, o pkcs11.ObjectHandle, kind uint) (crypto.PublicKey, error) {
	first, second := uint(pkcs11.CKA_EC_PARAMS), uint(pkcs11.CKA_EC_POINT)
	if kind == pkcs11.CKK_RSA {
		first, second = pkcs11.CKA_MODULUS, pkcs11.CKA_PUBLIC_EXPONENT
	}
	a, err := t.optional(s, o, first)
	if err != nil {
		return nil, err
	}
	b, err := t.optional(s, o, second)
	if err != nil || len(b) == 0 {
		return nil, err
	}
	switch kind {
	case pkcs11.CKK_RSA:
		return rsaKey(a, b), nil
	case pkcs11.CKK_EC:
		return ecKey(a, b), nil
	}
	return edKey(b), nil
}

func rsaKey(modulus, exponent []byte) crypto.PublicKey {
	n, e := new(big.Int).SetBytes(modulus), new(big.Int).SetBytes(exponent)
	if n.Sign() == 0 || !e.IsInt64() || e.Int64() < 3 || e.Int64() > 1<<31-1 {
		return nil
	}
	return &rsa.PublicKey{N: n, E: int(e.Int64())}
}

func ecKey(params, point []byte) crypto.PublicKey {
	var oid asn1.ObjectIdentifier
	if _, err := asn1.Unmarshal(params, &oid); err != nil {
		return nil
	}
	curve := map[string]elliptic.Curve{
		"1.2.840.10045.3.1.7": elliptic.P256(), "1.3.132.0.34": elliptic.P384(), "1.3.132.0.35": elliptic.P521(),
	}[oid.String()]
	if curve == nil {
		return nil
	}
	pub, err := ecdsa.ParseUncompressedPublicKey(curve, unwrap(point, 1+2*((curve.Params().BitSize+7)/8)))
	if err != nil {
		return nil
	}
	return pub
}

func edKey(point []byte) crypto.PublicKey {
	raw := unwrap(point, ed25519.PublicKeySize)
	if len(raw) != ed25519.PublicKeySize {
		return nil
	}
	return ed25519.PublicKey(raw)
}

// unwrap takes the OCTET STRING off a point (PKCS#11 v2.40 mechanisms, 2.3.3), which some tokens leave out. The length
// tells: both forms begin with 0x04.
func unwrap(point []byte, size int) []byte {
	if len(point) == size {
		return point
	}
	var raw []byte
	if rest, err := asn1.Unmarshal(point, &raw); err != nil || len(rest) > 0 {
		return nil
	}
	return raw
}

// number reads a CK_ULONG, which the module writes in the machine's order.
func number(b []byte) uint {
	switch len(b) {
	case 4:
		return uint(binary.NativeEndian.Uint32(b))
	case 8:
		return uint(binary.NativeEndian.Uint64(b))
	}
	return ^uint(0)
}
