package certpath

import (
	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// GeneralName is one name of an alternative name, a constraint or a distribution point (RFC 5280, 4.2.1.6).
type GeneralName struct {
	Form  NameForm
	Value []byte // what the context tag holds: text, an address, or the DER of a Name
}

// NameForm is the choice of a GeneralName: its context tag.
type NameForm int

// The forms.
const (
	OtherName NameForm = iota
	RFC822Name
	DNSName
	X400Address
	DirectoryName
	EDIPartyName
	URIName
	IPAddress
	RegisteredID
)

// Directory is the distinguished name of a directoryName; it is empty for other forms.
func (n GeneralName) Directory() Name {
	if n.Form != DirectoryName {
		return Name{}
	}
	return ParseName(n.Value)
}

// ReadGeneralNames reads the GeneralNames in s, without their SEQUENCE; false if one cannot be read or there are more
// than a thousand.
func ReadGeneralNames(s cryptobyte.String) ([]GeneralName, bool) {
	var out []GeneralName
	for !s.Empty() {
		n, ok := readGeneralName(&s)
		if !ok || len(out) >= maxListed {
			return nil, false
		}
		out = append(out, n)
	}
	return out, true
}

// constructedForms are the choices that hold other elements.
const constructedForms = 1<<OtherName | 1<<X400Address | 1<<DirectoryName | 1<<EDIPartyName

func readGeneralName(s *cryptobyte.String) (GeneralName, bool) {
	var v cryptobyte.String
	var tag cbasn1.Tag
	if !s.ReadAnyASN1(&v, &tag) {
		return GeneralName{}, false
	}
	form := NameForm(tag & 0x1f)
	want := cbasn1.Tag(form).ContextSpecific()
	if form <= RegisteredID && constructedForms>>form&1 == 1 {
		want = want.Constructed()
	}
	return GeneralName{Form: form, Value: v}, form <= RegisteredID && tag == want
}
