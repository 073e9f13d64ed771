package certpath

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Name is a distinguished name.
type Name struct {
	Raw  []byte
	RDNs [][]AttributeTypeAndValue
}

// AttributeTypeAndValue is one attribute of a name; Value is its text in UTF-8 as written.
type AttributeTypeAndValue struct {
	Type  OID
	Tag   int
	Value string
	Raw   []byte // DER of the value
}

// Attribute types of names (RFC 4519, RFC 5280).
var (
	OIDCommonName         = OID{2, 5, 4, 3}
	OIDSerialNumber       = OID{2, 5, 4, 5}
	OIDCountry            = OID{2, 5, 4, 6}
	OIDLocality           = OID{2, 5, 4, 7}
	OIDProvince           = OID{2, 5, 4, 8}
	OIDOrganization       = OID{2, 5, 4, 10}
	OIDOrganizationalUnit = OID{2, 5, 4, 11}
	OIDTitle              = OID{2, 5, 4, 12}
	OIDUserID             = OID{0, 9, 2342, 19200300, 100, 1, 1}
	OIDEmailAddress       = OID{1, 2, 840, 113549, 1, 9, 1}
)

// ParseName reads the DER of a Name; what cannot be read ends it.
func ParseName(der []byte) Name {
	n := Name{Raw: der}
	in := cryptobyte.String(der)
	var rdns cryptobyte.String
	if !in.ReadASN1(&rdns, cbasn1.SEQUENCE) {
		return n
	}
	for count := 0; !rdns.Empty() && count < maxNameParts; {
		var set cryptobyte.String
		if !rdns.ReadASN1(&set, cbasn1.SET) {
			return n
		}
		var rdn []AttributeTypeAndValue
		for ; !set.Empty() && count < maxNameParts; count++ {
			var one, raw, v cryptobyte.String
			var a AttributeTypeAndValue
			var tag cbasn1.Tag
			if !set.ReadASN1(&one, cbasn1.SEQUENCE) || !one.ReadASN1ObjectIdentifier(&a.Type) || !one.ReadAnyASN1Element(&raw, &tag) {
				return n
			}
			in := raw
			if !in.ReadAnyASN1(&v, &tag) {
				return n
			}
			a.Tag, a.Raw, a.Value = int(tag), raw, decodeString(tag, v)
			rdn = append(rdn, a)
		}
		count++
		n.RDNs = append(n.RDNs, rdn)
	}
	return n
}

// decodeString reads any of X.520's string types.
func decodeString(tag cbasn1.Tag, v []byte) string {
	switch tag {
	case 30: // BMPString
		u := make([]uint16, 0, len(v)/2)
		for i := 0; i+1 < len(v); i += 2 {
			u = append(u, uint16(v[i])<<8|uint16(v[i+1]))
		}
		return string(utf16.Decode(u))
	case 28: // UniversalString
		var b strings.Builder
		for i := 0; i+3 < len(v); i += 4 {
			b.WriteRune(rune(v[i])<<24 | rune(v[i+1])<<16 | rune(v[i+2])<<8 | rune(v[i+3]))
		}
		return b.String()
	}
	if utf8.Valid(v) {
		return string(v)
	}
	var b strings.Builder // T61String as Latin-1, which is what writers mean
	for _, c := range v {
		b.WriteRune(rune(c))
	}
	return b.String()
}

var shortNames = []struct {
	oid  OID
	name string
}{
	{OIDCommonName, "CN"}, {OIDCountry, "C"}, {OIDLocality, "L"}, {OIDProvince, "ST"}, {OIDOrganization, "O"}, {OIDOrganizationalUnit, "OU"},
	{OIDSerialNumber, "SERIALNUMBER"}, {OIDTitle, "T"}, {OIDUserID, "UID"}, {OIDEmailAddress, "EMAILADDRESS"},
	{OID{2, 5, 4, 9}, "STREET"}, {OID{0, 9, 2342, 19200300, 100, 1, 25}, "DC"},
}

// String is the name in RFC 4514 form, most specific first.
func (n Name) String() string {
	var b strings.Builder
	for i, rdn := range slices.Backward(n.RDNs) {
		for k, a := range rdn {
			if k > 0 {
				b.WriteByte('+')
			}
			a.write(&b)
		}
		if i > 0 {
			b.WriteByte(',')
		}
	}
	return b.String()
}

// String is TYPE=value, escaped (RFC 4514, 2.4).
func (a AttributeTypeAndValue) String() string {
	var b strings.Builder
	a.write(&b)
	return b.String()
}

func (a AttributeTypeAndValue) write(b *strings.Builder) {
	for i := range shortNames {
		if shortNames[i].oid.Equal(a.Type) {
			b.WriteString(shortNames[i].name)
			b.WriteByte('=')
			a.writeValue(b)
			return
		}
	}
	b.WriteString(a.Type.String() + "=#" + hex.EncodeToString(a.Raw))
}

func (a AttributeTypeAndValue) writeValue(b *strings.Builder) {
	for i, r := range a.Value {
		switch {
		case strings.ContainsRune(`,+"\<>;`, r), r == '#' && i == 0, r == ' ' && (i == 0 || i == len(a.Value)-1):
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(b, "\\%02X", r)
		default:
			b.WriteRune(r)
		}
	}
}

// First returns the first value of that attribute type (from the most specific RDN), "" if absent.
func (n Name) First(t OID) string {
	for _, rdn := range slices.Backward(n.RDNs) {
		for _, a := range rdn {
			if a.Type.Equal(t) {
				return a.Value
			}
		}
	}
	return ""
}

// CommonName is the most specific CN.
func (n Name) CommonName() string { return n.First(OIDCommonName) }

// Organization is the most specific O.
func (n Name) Organization() string { return n.First(OIDOrganization) }

// Empty reports a name without attributes.
func (n Name) Empty() bool { return len(n.RDNs) == 0 }

// Equal compares by RFC 5280, 7.1 (case folded, white space collapsed).
func (n Name) Equal(o Name) bool {
	if bytes.Equal(n.Raw, o.Raw) {
		return true
	}
	if len(n.RDNs) != len(o.RDNs) {
		return false
	}
	for i := range n.RDNs {
		if !sameRDN(n.RDNs[i], o.RDNs[i]) {
			return false
		}
	}
	return true
}

// folded is the same text for names that are equal.
func (n Name) folded() string {
	var b strings.Builder
	for _, rdn := range n.RDNs {
		parts := make([]string, 0, len(rdn))
		for _, a := range rdn {
			parts = append(parts, a.Type.String()+"="+foldSpace(a.Value))
		}
		slices.Sort(parts)
		b.WriteString(strings.Join(parts, "\x00+"))
		b.WriteString("\x00,")
	}
	return b.String()
}

func sameRDN(a, b []AttributeTypeAndValue) bool {
	if len(a) != len(b) {
		return false
	}
	for _, x := range a {
		found := false
		for _, y := range b {
			if x.Type.Equal(y.Type) && sameText(x.Value, y.Value) {
				found = true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}

// sameText compares what foldSpace makes of both, without making it.
func sameText(a, b string) bool {
	if a == b {
		return true
	}
	for first := true; ; first = false {
		var gapA, gapB bool
		a, gapA = skipSpace(a)
		b, gapB = skipSpace(b)
		if a == "" || b == "" {
			return a == b
		}
		if !first && gapA != gapB {
			return false
		}
		x, n := utf8.DecodeRuneInString(a)
		y, m := utf8.DecodeRuneInString(b)
		if x != y && unicode.ToLower(x) != unicode.ToLower(y) {
			return false
		}
		a, b = a[n:], b[m:]
	}
}

func skipSpace(s string) (rest string, skipped bool) {
	for s != "" {
		r, n := utf8.DecodeRuneInString(s)
		if !unicode.IsSpace(r) {
			break
		}
		s, skipped = s[n:], true
	}
	return s, skipped
}

func foldSpace(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }
