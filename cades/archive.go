package cades

import (
	"bytes"
	"context"
	"crypto"
	"slices"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/tsp"
)

// hashIndex is ATSHashIndexV3 (EN 319 122-1, 5.5.2): what an archive time-stamp covers beside the signature itself.
type hashIndex struct {
	hash         crypto.Hash
	certificates [][]byte
	crls         [][]byte
	attributes   [][]byte
}

// indexOf hashes everything that stands there now, each thing by itself.
func indexOf(h crypto.Hash, sd *cms.SignedData, si *cms.SignerInfo) *hashIndex {
	x := &hashIndex{hash: h}
	for _, c := range sd.RawCertificates() {
		x.certificates = append(x.certificates, sum(h, c))
	}
	for _, r := range sd.RawRevocationInfos() {
		x.crls = append(x.crls, sum(h, r))
	}
	for _, a := range si.UnsignedAttributes() {
		for _, v := range a.Values {
			x.attributes = append(x.attributes, attributeHash(h, a.Type, v))
		}
	}
	return x
}

// attributeHash is of the concatenation of attrType and one value (5.5.2).
func attributeHash(h crypto.Hash, kind certpath.OID, value []byte) []byte {
	return sum(h, append(objectIdentifier(kind), value...))
}

func objectIdentifier(o certpath.OID) []byte {
	var b cryptobyte.Builder
	b.AddASN1ObjectIdentifier(o)
	return b.BytesOrPanic()
}

func (x *hashIndex) marshal() []byte {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(certpath.AlgorithmIdentifier{Algorithm: certpath.OIDByHash(x.hash)}.Marshal())
		for _, list := range [][][]byte{x.certificates, x.crls, x.attributes} {
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
				for _, one := range list {
					b.AddASN1OctetString(one)
				}
			})
		}
	})
	return b.BytesOrPanic()
}

// maxIndex bounds the hashes of one list.
const maxIndex = 100_000

func parseHashIndex(der []byte) (*hashIndex, error) {
	bad := codes.New(ErrIndex, "reading", "ats-hash-index-v3", "malformed")
	in := cryptobyte.String(der)
	var body cryptobyte.String
	if !in.ReadASN1(&body, cbasn1.SEQUENCE) || !in.Empty() {
		return nil, bad
	}
	alg, ok := certpath.ReadAlgorithm(&body)
	if !ok {
		return nil, bad
	}
	x := &hashIndex{hash: certpath.HashByOID(alg.Algorithm)}
	if !x.hash.Available() {
		return nil, codes.New(ErrUnsupported, "reading ats-hash-index-v3", alg.Algorithm.String(), "the hash is not supported")
	}
	for _, list := range []*[][]byte{&x.certificates, &x.crls, &x.attributes} {
		var items, one cryptobyte.String
		if !body.ReadASN1(&items, cbasn1.SEQUENCE) {
			return nil, bad
		}
		for !items.Empty() {
			if !items.ReadASN1(&one, cbasn1.OCTET_STRING) || len(*list) >= maxIndex {
				return nil, bad
			}
			*list = append(*list, one)
		}
	}
	return x, nil
}

// found checks that everything the index names is still there; what came later is not its concern, and order means
// nothing.
func (x *hashIndex) found(now *hashIndex) error {
	for _, list := range []struct {
		what      string
		want, got [][]byte
	}{
		{"a certificate", x.certificates, now.certificates},
		{"revocation data", x.crls, now.crls},
		{"an unsigned attribute", x.attributes, now.attributes},
	} {
		have := map[string]bool{}
		for _, h := range list.got {
			have[string(h)] = true
		}
		for _, h := range list.want {
			if !have[string(h)] {
				return codes.New(ErrIndex, "checking", "ats-hash-index-v3", list.what+" that was archived is gone or was changed")
			}
		}
	}
	return nil
}

// covers reports whether an unsigned attribute value is in the index.
func (x *hashIndex) covers(kind certpath.OID, value []byte) bool {
	want := attributeHash(x.hash, kind, value)
	return slices.ContainsFunc(x.attributes, func(h []byte) bool { return bytes.Equal(h, want) })
}

// indexIn is the token's ats-hash-index-v3, parsed and as it stands.
func indexIn(t *tsp.Token) (*hashIndex, []byte, error) {
	v := unsignedValues(t.SignedData.Signers()[0], oidHashIndexV3)
	if len(v) != 1 {
		return nil, nil, codes.New(ErrIndex, "reading an archive time-stamp", "", "there must be one ats-hash-index-v3")
	}
	x, err := parseHashIndex(v[0])
	return x, v[0], err
}

// archiveMessage is what an archive-time-stamp-v3 is over (5.5.3): eContentType, the content's digest, the SignerInfo's
// fields as they stand, the hash index.
func archiveMessage(contentType certpath.OID, digest []byte, si *cms.SignerInfo, index []byte) []byte {
	return slices.Concat(objectIdentifier(contentType), digest, si.RawFields(), index)
}

// archive adds an archive time-stamp to a signer.
func (r *raising) archive(ctx context.Context, si *cms.SignerInfo) error {
	h := stampHash(si)
	digest, err := r.e.digest(ctx, h)
	if err != nil {
		return err
	}
	index := indexOf(h, r.e.sd, si).marshal()
	received, err := r.o.TSA.Timestamp(ctx, h, sum(h, archiveMessage(r.e.sd.ContentType(), digest, si, index)))
	if err != nil {
		return codes.Wrap(ErrTimestamp, "time-stamping", "for the archive", err)
	}
	token, err := tsp.ParseToken(received.Raw) // a copy: the source may keep its own
	if err != nil {
		return err
	}
	token.SignedData.Signers()[0].AddUnsigned(cms.Attribute{Type: oidHashIndexV3, Values: [][]byte{index}})
	der, err := token.SignedData.MarshalDER()
	if err != nil {
		return err
	}
	si.AddUnsigned(cms.Attribute{Type: oidArchiveV3, Values: [][]byte{der}})
	return nil
}
