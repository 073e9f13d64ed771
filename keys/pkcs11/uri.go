package pkcs11

import (
	"net/url"
	"strings"

	"github.com/antinvn/antin/codes"
)

// URI is a PKCS#11 address (RFC 7512) of one private key.
type URI struct {
	// Token, Manufacturer, Model and Serial select the token; empty fields match every token.
	Token, Manufacturer, Model, Serial string
	// Object is the label (CKA_LABEL) of the key or of its certificate, ID its CKA_ID.
	Object string
	ID     []byte
	// Module is the path of the library.
	Module string
}

const (
	maxURI        = 4096 // bytes of an address
	maxAttributes = 32   // attributes of an address
)

// ParseURI reads an address. Slots are refused because their numbers change, PINs because an address is no place for
// a secret.
func ParseURI(text string) (*URI, error) {
	rest, ok := strings.CutPrefix(text, "pkcs11:")
	if !ok || len(text) > maxURI {
		return nil, refuse("", "pkcs11:token=…;object=… is expected")
	}
	u := &URI{}
	path, query, _ := strings.Cut(rest, "?")
	if err := attributes(path, ";", u.set); err != nil {
		return nil, err
	}
	if err := attributes(query, "&", u.setQuery); err != nil {
		return nil, err
	}
	if u.Token == "" && u.Serial == "" {
		return nil, refuse("", "the token's label (token=…) or serial number (serial=…) is needed")
	}
	return u, nil
}

// attributes takes "name=value" pairs apart and percent-decodes the values. A name may occur once (RFC 7512, 2.3).
func attributes(text, separator string, set func(name, value string) error) error {
	if text == "" {
		return nil
	}
	seen := map[string]bool{}
	for pair := range strings.SplitSeq(text, separator) {
		name, raw, ok := strings.Cut(pair, "=")
		value, err := url.PathUnescape(raw)
		switch {
		case !ok || err != nil:
			return refuse(name, "name=value with percent-encoding is expected")
		case seen[name]:
			return refuse(name, "it is given twice")
		case len(seen) == maxAttributes:
			return refuse(name, "there are too many attributes")
		}
		seen[name] = true
		if err := set(name, value); err != nil {
			return err
		}
	}
	return nil
}

func (u *URI) set(name, value string) error {
	switch name {
	case "token":
		u.Token = value
	case "manufacturer":
		u.Manufacturer = value
	case "model":
		u.Model = value
	case "serial":
		u.Serial = value
	case "object":
		u.Object = value
	case "id":
		u.ID = []byte(value)
	case "type":
		// Tools print the address of the certificate, which has the label and id of its key (RFC 7512, 2.3).
		if value != "private" && value != "cert" && value != "public" {
			return refuse(name, "a private key is expected")
		}
	case "library-manufacturer", "library-description", "library-version":
		// The module is named by its path.
	case "slot-id", "slot-description", "slot-manufacturer":
		return refuse(name, "slots are not stable: name the token by label or serial number")
	default:
		return refuse(name, "this attribute is not known")
	}
	return nil
}

func (u *URI) setQuery(name, value string) error {
	switch name {
	case "module-path":
		u.Module = value
	case "module-name":
		return refuse(name, "name the module by module-path")
	case "pin-value", "pin-source":
		return refuse(name, "a PIN does not belong into an address")
	}
	return nil // RFC 7512, 2.4: vendor-specific attributes may follow
}

func refuse(attribute, detail string) error {
	return codes.New(ErrURI, "reading a PKCS#11 address", attribute, detail)
}
