package certpath

import (
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// namesAllowed applies a CA's name constraints (RFC 5280, 4.2.1.10) to the certificates below it: directory names,
// e-mail addresses and DNS names. A constraint of another form, or one that cannot be read, allows nothing.
func namesAllowed(ca *Certificate, below []*Certificate) bool {
	e := ca.Extension(oidNameConstraints)
	if e == nil {
		return true
	}
	in := cryptobyte.String(e.Value)
	var body, permitted, excluded cryptobyte.String
	var hasPermitted, hasExcluded bool
	if !in.ReadASN1(&body, cbasn1.SEQUENCE) ||
		!body.ReadOptionalASN1(&permitted, &hasPermitted, cbasn1.Tag(0).Constructed().ContextSpecific()) ||
		!body.ReadOptionalASN1(&excluded, &hasExcluded, cbasn1.Tag(1).Constructed().ContextSpecific()) {
		return false
	}
	p, ok1 := readSubtrees(permitted)
	x, ok2 := readSubtrees(excluded)
	if !ok1 || !ok2 {
		return false
	}
	for i, c := range below {
		if i > 0 && c.SelfIssued() {
			continue
		}
		if !p.permit(c) || x.exclude(c) {
			return false
		}
	}
	return true
}

// subtrees are the bases of one list, by form; nil means that the list has none of that form.
type subtrees struct {
	directories []Name
	emails, dns []string
}

func readSubtrees(s cryptobyte.String) (t subtrees, ok bool) {
	for n := 0; !s.Empty(); n++ {
		var one, v cryptobyte.String
		var tag cbasn1.Tag
		if n > maxListed || !s.ReadASN1(&one, cbasn1.SEQUENCE) || !one.ReadAnyASN1(&v, &tag) {
			return t, false
		}
		switch tag {
		case cbasn1.Tag(1).ContextSpecific():
			t.emails = append(t.emails, string(v))
		case cbasn1.Tag(2).ContextSpecific():
			t.dns = append(t.dns, string(v))
		case cbasn1.Tag(4).Constructed().ContextSpecific():
			t.directories = append(t.directories, ParseName(v))
		case cbasn1.Tag(6).ContextSpecific(), cbasn1.Tag(7).ContextSpecific(): // URIs and addresses: not in subscribers' names
		default:
			return t, false
		}
	}
	return t, true
}

func (t subtrees) permit(c *Certificate) bool {
	if t.directories != nil && !c.Subject.Empty() && !anyDirectory(t.directories, c.Subject) {
		return false
	}
	for _, m := range emails(c) {
		if t.emails != nil && !anyMatch(t.emails, m, emailWithin) {
			return false
		}
	}
	for _, d := range c.DNSNames {
		if t.dns != nil && !anyMatch(t.dns, d, domainWithin) {
			return false
		}
	}
	return true
}

func (t subtrees) exclude(c *Certificate) bool {
	if anyDirectory(t.directories, c.Subject) {
		return true
	}
	for _, m := range emails(c) {
		if anyMatch(t.emails, m, emailWithin) {
			return true
		}
	}
	for _, d := range c.DNSNames {
		if anyMatch(t.dns, d, domainWithin) {
			return true
		}
	}
	return false
}

// emails are the addresses of the alternative name, else those of the subject (RFC 5280, 4.2.1.10).
func emails(c *Certificate) []string {
	if len(c.EmailAddresses) > 0 {
		return c.EmailAddresses
	}
	if m := c.Subject.First(OIDEmailAddress); m != "" {
		return []string{m}
	}
	return nil
}

func anyDirectory(bases []Name, n Name) bool {
	for _, b := range bases {
		if len(b.RDNs) > len(n.RDNs) {
			continue
		}
		if (Name{RDNs: n.RDNs[:len(b.RDNs)], Raw: []byte{0}}).Equal(b) {
			return true
		}
	}
	return false
}

func anyMatch(bases []string, v string, within func(base, v string) bool) bool {
	for _, b := range bases {
		if within(strings.ToLower(b), strings.ToLower(v)) {
			return true
		}
	}
	return false
}

func emailWithin(base, v string) bool {
	_, host, _ := strings.Cut(v, "@")
	switch {
	case strings.Contains(base, "@"):
		return base == v
	case strings.HasPrefix(base, "."):
		return strings.HasSuffix(host, base)
	default:
		return host == base
	}
}

func domainWithin(base, v string) bool {
	return base == "" || v == base || strings.HasSuffix(v, "."+strings.TrimPrefix(base, "."))
}
