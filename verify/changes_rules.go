package verify

import (
	"slices"

	"github.com/antinvn/antin/pdf"
)

// changeRule explains differences of one role. A difference that no rule explains is forbidden.
type changeRule struct {
	name string
	role role
	keys []pdf.Name // entries it is asked about; nil: all, or the whole object
	// explain reports whether the difference is what the rule is for, and notes what a reader should know of it. It may hand parts of
	// it to other rules.
	explain func(s *step, d *difference) bool
}

func (r *changeRule) serves(d *difference) bool {
	if r.role == roleSame && d.before != nil && d.after != nil {
		return true
	}
	return r.role == d.role && (r.keys == nil || slices.Contains(r.keys, d.key))
}

// changeRules is everything that later revisions may do to a signed file (ISO 32000-2, 12.8.2; EN 319 142-1, 5.4 and 5.6).
// Each has an honest and a hostile file in its test; without it the honest one is refused.
func changeRules() []changeRule {
	return slices.Concat(spellingRules(), catalogRules(), storeRules(), formRules(), fieldRules(), pageRules(), structureRules())
}

// spellingRules are about what is the same written in another way.
func spellingRules() []changeRule {
	return []changeRule{
		// Writers spell a number as they keep it; viewers compute with 32 bits (ISO 32000-2, annex C.2).
		{"respelled_number", roleSame, nil, func(_ *step, d *difference) bool { return equalValues(d.before, d.after, true) }},
		// The same content compressed anew, or copied under another number.
		{"stored_anew", roleSame, nil, storedAnew},
		// ISO 32000-2, 7.5.4: what nothing refers to is not part of the document.
		{"unreferenced", roleOrphan, nil, func(*step, *difference) bool { return true }},
		// A free entry, of whatever generation, takes away what was there; who still refers to it is asked beside.
		{"freed", roleFreed, nil, func(*step, *difference) bool { return true }},
		{"back_reference", roleBack, nil, func(*step, *difference) bool { return true }},
	}
}

func storedAnew(s *step, d *difference) bool {
	if d.role == roleField && d.key == "V" && slices.ContainsFunc(s.owners(d.ref), func(n *formNode) bool { return n.kind == "Sig" }) {
		return false // a signature stays where it was signed
	}
	return s.sameContent(d.before, d.after)
}

// structureRules: a new widget of a tagged file gets its structure element (ISO 32000-2, 14.7.5.4). Nothing of it is drawn.
func structureRules() []changeRule {
	return []changeRule{{"structure_grown", roleStructure, nil, structureGrown}}
}

func structureGrown(s *step, d *difference) bool {
	var grown bool
	switch o := d.before.(type) {
	case pdf.Array:
		n, ok := d.after.(pdf.Array)
		grown = ok && s.structureListGrown(o, n)
	case pdf.Dict:
		n, ok := d.after.(pdf.Dict)
		grown = ok && s.structureElementGrown(o, n)
	}
	if grown {
		s.allow("structure_grown", ClassForm, d.ref.String(), "", "")
	}
	return grown
}

func (s *step) structureListGrown(o, n pdf.Array) bool {
	kept, added := s.grown(o, n)
	return kept && !slices.ContainsFunc(added, func(e pdf.Object) bool {
		if r, ok := e.(pdf.Ref); ok {
			return !s.isNew(r)
		}
		_, isNumber := e.(int64)
		return !isNumber
	})
}

func (s *step) structureElementGrown(o, n pdf.Dict) bool {
	for _, k := range unionKeys(o, n) {
		if identical(o[k], n[k]) {
			continue
		}
		switch k {
		case "K", "Nums", "Kids":
			if !s.structureListGrown(asList(o[k]), asList(n[k])) {
				return false
			}
		case "ParentTreeNextKey":
			was, _ := o[k].(int64)
			is, ok := n[k].(int64)
			if !ok || is < was {
				return false
			}
		case "Limits":
			if !widened(o[k], n[k]) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

func asList(o pdf.Object) pdf.Array {
	switch o := o.(type) {
	case nil:
		return nil
	case pdf.Array:
		return o
	}
	return pdf.Array{o}
}

func widened(o, n pdf.Object) bool {
	oa, _ := o.(pdf.Array)
	na, _ := n.(pdf.Array)
	if len(oa) != 2 || len(na) != 2 {
		return false
	}
	was, ok1 := oa[1].(int64)
	is, ok2 := na[1].(int64)
	return ok1 && ok2 && is >= was && identical(oa[0], na[0])
}

// grown compares two lists: kept says that everything of the old one is in the new one, in its order.
func (s *step) grown(o, n pdf.Array) (kept bool, added pdf.Array) {
	i := 0
	for _, e := range n {
		if i < len(o) && (identical(o[i], e) || refOf(o[i]) != refOf(e) && s.sameContent(o[i], e)) {
			i++
			continue
		}
		added = append(added, e)
	}
	return i == len(o), added
}

// isNew reports an object that this revision made.
func (s *step) isNew(r pdf.Ref) bool {
	d := s.touched[r]
	return d != nil && d.before == nil
}
