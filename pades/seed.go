package pades

import (
	"crypto"
	"slices"
	"strings"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/tsp"
)

// Seed value flags (ISO 32000-2, table 237): the constraint is required where its bit is set.
const (
	seedFilter = 1 << iota
	seedSubFilter
	seedVersion
	seedReasons
	seedLegal
	seedRevocation
	seedDigest
	seedLockDocument
	seedAppearance
)

// seed is a signature field's seed value dictionary (ISO 32000-2, 12.7.5.5).
type seed struct {
	field string
	flags int64
	r     resolver
	dict  pdf.Dict
}

func readSeed(r resolver, f formField) (*seed, error) {
	d, err := dictOf(r, f.dict["SV"])
	if err != nil || d == nil {
		return nil, err
	}
	flags, _, err := intOf(r, d["Ff"])
	return &seed{field: f.name, flags: flags, r: r, dict: d}, err
}

func (s *seed) refuse(detail string) error {
	return codes.New(ErrSeedValue, "obeying the seed values of", s.field, detail)
}

// obey checks what the field demands against o, and takes its wishes where o leaves a choice. A demand that cannot be
// judged is refused rather than passed over.
func (s *seed) obey(o *Options, hash *crypto.Hash) error {
	for _, check := range []func(*Options, *crypto.Hash) error{
		s.format, s.digest, s.reasons, s.permission, s.timestamp, s.certificate, s.others,
	} {
		if err := check(o, hash); err != nil {
			return err
		}
	}
	return nil
}

func (s *seed) format(*Options, *crypto.Hash) error {
	filter, err := nameOf(s.r, s.dict["Filter"])
	if err != nil {
		return err
	}
	if s.flags&seedFilter != 0 && filter != "" && filter != signatureHandler {
		return s.refuse("it demands the signature handler " + string(filter))
	}
	formats, err := s.strings("SubFilter")
	if err != nil {
		return err
	}
	if s.flags&seedSubFilter != 0 && len(formats) > 0 && !slices.Contains(formats, string(subFilterCAdES)) {
		return s.refuse("it demands one of the formats " + strings.Join(formats, ", "))
	}
	v, err := s.r.Resolve(s.dict["V"])
	if err != nil {
		return err
	}
	if s.flags&seedVersion != 0 && number(v) > 3 {
		return s.refuse("its version is newer than ISO 32000-2")
	}
	return nil
}

var digestNames = map[string]crypto.Hash{"SHA256": crypto.SHA256, "SHA384": crypto.SHA384, "SHA512": crypto.SHA512}

func (s *seed) digest(o *Options, hash *crypto.Hash) error {
	names, err := s.strings("DigestMethod")
	if err != nil || len(names) == 0 {
		return err
	}
	var allowed []crypto.Hash
	for _, n := range names {
		if h := digestNames[n]; h != 0 {
			allowed = append(allowed, h)
		}
	}
	switch {
	case slices.Contains(allowed, *hash):
	case len(allowed) > 0 && o.Digest == 0:
		*hash = allowed[0]
	case s.flags&seedDigest != 0:
		return s.refuse("it demands one of the digests " + strings.Join(names, ", "))
	}
	return nil
}

func (s *seed) reasons(o *Options, _ *crypto.Hash) error {
	reasons, err := s.strings("Reasons")
	if err != nil || s.flags&seedReasons == 0 {
		return err
	}
	// ISO 32000-2, table 237: a single "." or an empty array forbids a reason.
	if _, given := s.dict["Reasons"]; given && (len(reasons) == 0 || len(reasons) == 1 && reasons[0] == ".") {
		if o.Reason != "" {
			return s.refuse("it forbids a reason")
		}
		return nil
	}
	if len(reasons) > 0 && !slices.Contains(reasons, o.Reason) {
		return s.refuse("it demands one of the reasons " + strings.Join(reasons, "; "))
	}
	return nil
}

func (s *seed) permission(o *Options, _ *crypto.Hash) error {
	d, err := dictOf(s.r, s.dict["MDP"])
	if err != nil || d == nil {
		return err
	}
	p, ok, err := intOf(s.r, d["P"])
	if err != nil || !ok {
		return err
	}
	// P 0 wants an approval signature, 1 to 3 that certification.
	if o.Certify != 0 && DocMDP(p) != o.Certify || o.Certify == 0 && p != 0 {
		return s.refuse("it demands another kind of certification")
	}
	return nil
}

func (s *seed) timestamp(o *Options, _ *crypto.Hash) error {
	d, err := dictOf(s.r, s.dict["TimeStamp"])
	if err != nil || d == nil {
		return err
	}
	required, _, err := intOf(s.r, d["Ff"])
	if err != nil || required&1 == 0 {
		return err
	}
	if o.Level < BT {
		return s.refuse("it demands a time-stamp: level B-T or above")
	}
	url, err := textOf(s.r, d["URL"])
	if err != nil || url == "" {
		return err
	}
	if tsaAddress(o.TSA) != url {
		return s.refuse("it demands a time-stamp of " + url)
	}
	return nil
}

func tsaAddress(s tsp.Source) string {
	switch s := s.(type) {
	case *Planner:
		return tsaAddress(s.source)
	case *tsp.Client:
		return s.URL
	}
	return ""
}

// certificate judges none of the constraints on certificates: a required one is refused.
func (s *seed) certificate(*Options, *crypto.Hash) error {
	d, err := dictOf(s.r, s.dict["Cert"])
	if err != nil || d == nil {
		return err
	}
	if flags, _, err := intOf(s.r, d["Ff"]); err != nil || flags == 0 {
		return err
	}
	return s.refuse("it demands certificates of a certain kind")
}

func (s *seed) others(*Options, *crypto.Hash) error {
	if s.flags&seedRevocation != 0 {
		add, err := s.r.Resolve(s.dict["AddRevInfo"])
		if err != nil {
			return err
		}
		// The Adobe attribute has no place in a CAdES signature (EN 319 142-1, 6.3).
		if add == true {
			return s.refuse("it demands revocation data in the Adobe attribute")
		}
	}
	if unknown := s.flags &^ (seedAppearance<<1 - 1); unknown != 0 || s.flags&(seedLegal|seedLockDocument|seedAppearance) != 0 {
		return s.refuse("it demands a legal attestation, a locked document, a certain appearance or something unknown")
	}
	return nil
}

// strings reads an array of names or text strings.
func (s *seed) strings(key pdf.Name) ([]string, error) {
	a, err := arrayOf(s.r, s.dict[key])
	if err != nil {
		return nil, err
	}
	var out []string
	for _, o := range a {
		o, err := s.r.Resolve(o)
		if err != nil {
			return nil, err
		}
		switch v := o.(type) {
		case pdf.Name:
			out = append(out, string(v))
		case pdf.String:
			out = append(out, pdf.TextString(v))
		}
	}
	return out, nil
}

func number(o pdf.Object) float64 {
	switch n := o.(type) {
	case int64:
		return float64(n)
	case float64:
		return n
	}
	return 0
}
