package certpath

import (
	"bytes"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// maxComparisons bounds the comparisons of names with constraints in one path.
const maxComparisons = 250_000

// oidSmtpUTF8Mailbox names an internationalised e-mail address (RFC 9598); rfc822Name constraints bind it too.
var oidSmtpUTF8Mailbox = OID{1, 3, 6, 1, 5, 5, 7, 8, 9}

// constraints are a CA's name constraints (RFC 5280, 4.2.1.10).
type constraints struct {
	permitted, excluded []GeneralName
	left                *int // comparisons
}

// nameConstraints reads them; ok is false if they cannot be read or use minimum and maximum, which must not be.
func nameConstraints(c *Certificate, left *int) (nc *constraints, ok bool) {
	e := c.Extension(oidNameConstraints)
	if e == nil {
		return nil, true
	}
	in := cryptobyte.String(e.Value)
	var body, permitted, excluded cryptobyte.String
	nc = &constraints{left: left}
	if !in.ReadASN1(&body, cbasn1.SEQUENCE) || !in.Empty() ||
		!body.ReadOptionalASN1(&permitted, nil, cbasn1.Tag(0).Constructed().ContextSpecific()) ||
		!body.ReadOptionalASN1(&excluded, nil, cbasn1.Tag(1).Constructed().ContextSpecific()) || !body.Empty() {
		return nil, false
	}
	if nc.permitted, ok = readSubtrees(permitted); !ok {
		return nil, false
	}
	nc.excluded, ok = readSubtrees(excluded)
	return nc, ok
}

func readSubtrees(s cryptobyte.String) ([]GeneralName, bool) {
	var out []GeneralName
	for !s.Empty() {
		var one cryptobyte.String
		if len(out) >= maxListed || !s.ReadASN1(&one, cbasn1.SEQUENCE) {
			return nil, false
		}
		base, ok := readGeneralName(&one)
		if !ok || !one.Empty() {
			return nil, false
		}
		out = append(out, base)
	}
	return out, true
}

// refuses returns the first name of c that the constraints do not allow.
func (nc *constraints) refuses(c *Certificate) (name string, refused bool) {
	for _, n := range constrainedNames(c) {
		if !nc.allow(n) {
			return n.String(), true
		}
	}
	return "", false
}

func (nc *constraints) allow(n GeneralName) bool {
	form := n.Form
	if form == OtherName && smtpUTF8Mailbox(n) != "" {
		form = RFC822Name
	}
	bound, inside := false, false
	for _, base := range nc.permitted {
		if base.Form == form {
			bound = true
			inside = inside || nc.compare(base, n, false)
		}
	}
	if bound && !inside {
		return false
	}
	for _, base := range nc.excluded {
		if base.Form == form && nc.compare(base, n, true) {
			return false
		}
	}
	return *nc.left > 0
}

// compare says whether n lies in the subtree. What cannot be compared is in no permitted subtree, and in every excluded one.
func (nc *constraints) compare(base, n GeneralName, excluded bool) bool {
	if *nc.left--; *nc.left < 0 {
		return excluded
	}
	within, known := false, true
	switch base.Form {
	case RFC822Name:
		within, known = emailWithin(string(base.Value), n)
	case DNSName:
		within, known = dnsWithin(string(base.Value), string(n.Value), excluded)
	case DirectoryName:
		within = directoryWithin(base.Directory(), n.Directory())
	case URIName:
		within, known = uriWithin(string(base.Value), string(n.Value))
	case IPAddress:
		within, known = addressWithin(base.Value, n.Value)
	default: // RFC 5280, 4.2.1.10: a form that is not processed is rejected where it appears
		known = false
	}
	if !known {
		return excluded
	}
	return within
}

// constrainedNames are the subject, its e-mail addresses and the alternative names (RFC 5280, 6.1.3 (b)). An alternative
// name that cannot be read counts as a name of every form, and so is refused by any constraint.
func constrainedNames(c *Certificate) []GeneralName {
	var out []GeneralName
	if !c.Subject.Empty() {
		out = append(out, GeneralName{DirectoryName, c.Subject.Raw})
	}
	for _, rdn := range c.Subject.RDNs {
		for _, a := range rdn {
			if a.Type.Equal(OIDEmailAddress) {
				out = append(out, GeneralName{RFC822Name, []byte(a.Value)})
			}
		}
	}
	if e := c.Extension(oidSubjectAltName); e != nil && c.AlternativeNames == nil {
		for form := OtherName; form <= RegisteredID; form++ {
			out = append(out, GeneralName{Form: form})
		}
	}
	return append(out, c.AlternativeNames...)
}

// String is the name for a reader.
func (n GeneralName) String() string {
	switch n.Form {
	case RFC822Name, DNSName, URIName:
		return string(n.Value)
	case DirectoryName:
		return n.Directory().String()
	case IPAddress:
		if a, ok := netip.AddrFromSlice(n.Value); ok {
			return a.String()
		}
		return "an address"
	default:
		if m := smtpUTF8Mailbox(n); m != "" {
			return m
		}
		return "a name of another form"
	}
}

// smtpUTF8Mailbox is the address in such an otherName, "" if n is none.
func smtpUTF8Mailbox(n GeneralName) string {
	in := cryptobyte.String(n.Value)
	var oid OID
	var wrapped, text cryptobyte.String
	if n.Form != OtherName || !in.ReadASN1ObjectIdentifier(&oid) || !oid.Equal(oidSmtpUTF8Mailbox) ||
		!in.ReadASN1(&wrapped, cbasn1.Tag(0).Constructed().ContextSpecific()) || !wrapped.ReadASN1(&text, cbasn1.UTF8String) {
		return ""
	}
	return string(text)
}

// directoryWithin compares the first RDNs.
func directoryWithin(base, n Name) bool {
	if len(base.RDNs) > len(n.RDNs) {
		return false
	}
	return Name{RDNs: n.RDNs[:len(base.RDNs)], Raw: []byte{0}}.Equal(Name{RDNs: base.RDNs, Raw: []byte{1}})
}

// emailWithin: a mailbox, a host, or with a leading period the hosts below a domain. The local part is compared as it
// stands, the host without regard to case (RFC 5280, 7.5). A host in Unicode letters is not compared (RFC 9598, 5).
func emailWithin(base string, n GeneralName) (within, known bool) {
	address := string(n.Value)
	if n.Form == OtherName {
		address = smtpUTF8Mailbox(n)
	}
	at := strings.LastIndexByte(address, '@')
	if at <= 0 || !plainHost(address[at+1:]) || address[0] != '"' && strings.Contains(address[:at], "@") {
		return false, false
	}
	host := address[at+1:]
	if i := strings.LastIndexByte(base, '@'); i >= 0 {
		return base[:i] == address[:at] && strings.EqualFold(base[i+1:], host), true
	}
	return hostWithin(base, host), true
}

// hostWithin is the rule of e-mail hosts and URIs: a host alone means itself, with a leading period what is below it.
func hostWithin(base, host string) bool {
	if base == "" { // the standard is silent; others take it for every host
		return true
	}
	if strings.HasPrefix(base, ".") {
		return len(host) > len(base) && strings.EqualFold(host[len(host)-len(base):], base)
	}
	return strings.EqualFold(base, host)
}

const hostLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

// plainHost accepts letters, digits, hyphens and underscores in labels.
func plainHost(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(strings.TrimSuffix(s, "."), ".") {
		if label == "" || strings.Trim(label, hostLetters) != "" {
			return false
		}
	}
	return true
}

// dnsWithin: the host itself or any labels before it. A leading period, which the field writes, asks for one at least.
// A wildcard stands for each name that it covers, so that it may not reach into an excluded subtree.
func dnsWithin(base, name string, excluded bool) (within, known bool) {
	name, wild := strings.CutPrefix(name, "*.")
	if !plainHost(name) {
		return false, false
	}
	name, base = strings.TrimSuffix(name, "."), strings.TrimSuffix(base, ".")
	switch {
	case base == "":
		return true, true
	case strings.HasPrefix(base, "."):
		return hostWithin(base, name) || wild && strings.EqualFold(base[1:], name), true
	case strings.EqualFold(base, name) || hostWithin("."+base, name):
		return true, true
	}
	_, parent, _ := strings.Cut(base, ".")
	return wild && excluded && strings.EqualFold(parent, name), true
}

// uriWithin compares the host; a URI without a host name is not compared (RFC 5280, 4.2.1.10).
func uriWithin(base, uri string) (within, known bool) {
	u, err := url.Parse(uri)
	if err != nil || !plainHost(u.Hostname()) || isNumeric(u.Hostname()) {
		return false, false
	}
	return hostWithin(base, strings.TrimSuffix(u.Hostname(), ".")), true
}

// isNumeric tells an IPv4 address from a host name: no top-level domain is a number.
func isNumeric(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	return last != "" && !strings.ContainsFunc(last, func(r rune) bool { return r < '0' || r > '9' })
}

// addressWithin compares under the mask, which follows the address in the constraint.
func addressWithin(base, address []byte) (within, known bool) {
	if len(base) != 8 && len(base) != 32 || len(address) != 4 && len(address) != 16 {
		return false, false
	}
	n := len(base) / 2
	if n != len(address) {
		return false, true
	}
	masked := func(a []byte) []byte {
		out := slices.Clone(a)
		for i := range out {
			out[i] &= base[n+i]
		}
		return out
	}
	return bytes.Equal(masked(base[:n]), masked(address)), true
}
