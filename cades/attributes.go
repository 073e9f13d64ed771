package cades

import (
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/tsp"
)

// The content type, and attributes (EN 319 122-1, 5; RFC 5652, 11).
var (
	oidSignedData         = certpath.OID{1, 2, 840, 113549, 1, 7, 2}
	oidContentType        = certpath.OID{1, 2, 840, 113549, 1, 9, 3}
	oidSigningTime        = certpath.OID{1, 2, 840, 113549, 1, 9, 5}
	oidCountersignature   = certpath.OID{1, 2, 840, 113549, 1, 9, 6}
	oidSignatureTimeStamp = certpath.OID{1, 2, 840, 113549, 1, 9, 16, 2, 14}
	oidMimeType           = certpath.OID{0, 4, 0, 1733, 2, 1}
	oidArchiveV2          = certpath.OID{1, 2, 840, 113549, 1, 9, 16, 2, 48}
	oidArchiveV3          = certpath.OID{0, 4, 0, 1733, 2, 4}
	oidHashIndexV3        = certpath.OID{0, 4, 0, 19122, 1, 5}
)

// attributes are the signed ones beside those that every CMS signature of ours has.
func (o *Options) attributes() ([]cms.Attribute, error) {
	signingTime, err := encodeTime(timeOr(o.Time))
	if err != nil {
		return nil, err
	}
	attributes := []cms.Attribute{{Type: oidSigningTime, Values: [][]byte{signingTime}}}
	if o.MimeType != "" && o.Countersign == 0 { // 5.2.5.2: not in a counter-signature
		var b cryptobyte.Builder
		b.AddASN1(cbasn1.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(o.MimeType)) })
		attributes = append(attributes, cms.Attribute{Type: oidMimeType, Values: [][]byte{b.BytesOrPanic()}})
	}
	return attributes, nil
}

// encodeTime is Time (RFC 5652, 11.3): UTCTime from 1950 to 2049.
func encodeTime(t time.Time) ([]byte, error) {
	var b cryptobyte.Builder
	if t = t.UTC(); t.Year() >= 1950 && t.Year() < 2050 {
		b.AddASN1UTCTime(t)
	} else {
		b.AddASN1GeneralizedTime(t)
	}
	return b.Bytes()
}

// signingTime is the signing-time attribute, zero if there is none that can be read.
func signingTime(si *cms.SignerInfo) time.Time {
	v := si.SignedAttribute(oidSigningTime)
	if len(v) != 1 {
		return time.Time{}
	}
	s := cryptobyte.String(v[0])
	t, err := certpath.ReadTime(&s)
	if err != nil {
		return time.Time{}
	}
	return t
}

// unsignedValues are the values of an unsigned attribute, of all its instances.
func unsignedValues(si *cms.SignerInfo, t certpath.OID) [][]byte {
	var all [][]byte
	for _, a := range si.UnsignedAttributes() {
		if a.Type.Equal(t) {
			all = append(all, a.Values...)
		}
	}
	return all
}

// tokens are the time-stamps of a kind that can be read.
func tokens(si *cms.SignerInfo, kind certpath.OID) []*tsp.Token {
	var all []*tsp.Token
	for _, der := range unsignedValues(si, kind) {
		if t, err := tsp.ParseToken(der); err == nil {
			all = append(all, t)
		}
	}
	return all
}

// countersigners are the counter-signatures that can be read.
func countersigners(si *cms.SignerInfo) []*cms.SignerInfo {
	var all []*cms.SignerInfo
	for _, der := range unsignedValues(si, oidCountersignature) {
		if c, err := cms.ParseSignerInfo(der); err == nil {
			all = append(all, c)
		}
	}
	return all
}
