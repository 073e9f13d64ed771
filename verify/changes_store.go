package verify

import (
	"github.com/antinvn/antin/pdf"
)

// storeRules let the document security store appear and grow; it loses no evidence (EN 319 142-1, 5.4.2; ISO 32000-2, 12.8.4.3).
func storeRules() []changeRule {
	return []changeRule{
		{"store", roleCatalog, []pdf.Name{"DSS"}, func(s *step, d *difference) bool {
			o, err1 := s.old.Dict(d.before)
			n, err2 := s.new.Dict(d.after)
			if err1 != nil || err2 != nil || n == nil {
				return false
			}
			for _, k := range unionKeys(o, n) {
				if !s.storeEntryGrown(k, o[k], n[k]) {
					return false
				}
			}
			s.allow("dss", ClassLTA, "catalog /DSS", presence(o != nil), "present")
			return true
		}},
		{"store_entry", roleStore, nil, func(s *step, d *difference) bool {
			return s.storeEntryGrown(d.key, d.before, d.after) && s.storeGrown()
		}},
		{"store_list", roleStoreList, nil, func(s *step, d *difference) bool {
			return s.evidenceKept(d.before, d.after) && s.storeGrown()
		}},
		{"vri", roleVRI, nil, func(s *step, d *difference) bool { return s.vriGrown(d.before, d.after) && s.storeGrown() }},
		{"vri_entry", roleVRIEntry, nil, func(s *step, d *difference) bool {
			return s.vriEntryGrown(d.before, d.after) && s.storeGrown()
		}},
	}
}

func (s *step) storeGrown() bool {
	s.allow("dss", ClassLTA, "catalog /DSS", "present", "present")
	return true
}

func (s *step) storeEntryGrown(k pdf.Name, o, n pdf.Object) bool {
	switch k {
	case "Type":
		return n == nil || n == pdf.Name("DSS")
	case "Certs", "OCSPs", "CRLs":
		return s.evidenceKept(o, n)
	case "VRI":
		return s.vriGrown(o, n)
	}
	return false
}

// newStore is the store as this revision leaves it; nil where there is none.
func (s *step) newStore() pdf.Dict {
	d, err := s.new.Dict(s.catalogs[1]["DSS"])
	if err != nil {
		return nil
	}
	return d
}

// evidenceKept: every stream of the old list is in the new one.
func (s *step) evidenceKept(o, n pdf.Object) bool {
	oa, err1 := s.old.Array(o)
	na, err2 := s.new.Array(n)
	if err1 != nil || err2 != nil || n != nil && na == nil {
		return false
	}
	there := make(map[pdf.Object]bool, len(na))
	for _, e := range na {
		if r, ok := e.(pdf.Ref); ok {
			there[r] = true
		}
	}
	for _, e := range oa {
		if r, ok := e.(pdf.Ref); ok && there[r] {
			continue
		}
		found := false
		for _, c := range na {
			found = found || s.sameContent(e, c)
		}
		if !found {
			return false
		}
	}
	return true
}

// vriGrown lets signatures be added; what is said of one may be repeated, added to, and given up where the store's own lists keep
// the evidence: validation-related information only says which of it concerns which signature (ISO 32000-2, 12.8.4.4).
func (s *step) vriGrown(o, n pdf.Object) bool {
	od, err1 := s.old.Dict(o)
	nd, err2 := s.new.Dict(n)
	if err1 != nil || err2 != nil || n != nil && nd == nil {
		return false
	}
	for k := range od {
		if !identical(od[k], nd[k]) && !s.vriEntryGrown(od[k], nd[k]) {
			return false
		}
	}
	return true
}

func (s *step) vriEntryGrown(o, n pdf.Object) bool {
	od, err1 := s.old.Dict(o)
	nd, err2 := s.new.Dict(n)
	if err1 != nil || err2 != nil || n != nil && nd == nil {
		return false
	}
	for _, k := range unionKeys(od, nd) {
		switch k {
		case "Cert", "OCSP", "CRL":
			if !s.evidenceKept(od[k], nd[k]) && !s.evidenceKept(od[k], s.newStore()[k+"s"]) {
				return false
			}
		case "TU", "TS", "Type":
		default:
			return false
		}
	}
	return true
}
