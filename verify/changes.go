package verify

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
)

// maxCompared bounds the objects that one comparison looks at; beyond it the comparison is given up as forbidden.
const maxCompared = 20_000_000

// compare walks two states of a file side by side from the trailer and names every difference. A difference that no
// rule below explains is forbidden (engine: reject by default).
//
// Rules, by place:
//   - catalog /DSS, and /Extensions, /Version raised for it: lta
//   - a new document time-stamp field: lta; a new signature field, and a value in an empty one: form
//   - /V and /AP (and /MK /AS /M) of a field, its widgets: form, if no lock names the field
//   - /AcroForm /SigFlags and a removed /NeedAppearances: form
//   - page /Annots growing by widgets of new fields (form) or by other annotations (annotation)
//   - document information and XMP metadata: lta when only dates and producers differ, else forbidden
type comparer struct {
	ctx      context.Context
	old, new *pdf.View
	changes  []Change
	seen     map[[2]pdf.Ref]bool
	compared int
	// widgets of fields in the new form: reference → field
	oldFields, newFields map[string]*field
	widgets              map[pdf.Ref]*field
	oldPages, newPages   map[pdf.Ref]int
	// lists that grew by a new revision's reference and are handled by their rule
	truncated bool
}

// field is a terminal field under a name that is its own in the comparison.
type field struct {
	name string
	pades.FieldInfo
}

// compareViews lists what changed between old and new, the page numbers being those of the new state.
func compareViews(ctx context.Context, old, new *pdf.View) ([]Change, error) {
	c := &comparer{ctx: ctx, old: old, new: new, seen: map[[2]pdf.Ref]bool{}, widgets: map[pdf.Ref]*field{}}
	var err error
	if c.oldFields, err = collectFields(old); err != nil {
		return nil, err
	}
	if c.newFields, err = collectFields(new); err != nil {
		return nil, err
	}
	for _, f := range c.newFields {
		for _, w := range f.Widgets {
			c.widgets[w] = f
		}
	}
	if c.oldPages, err = pageNumbers(old); err != nil {
		return nil, err
	}
	if c.newPages, err = pageNumbers(new); err != nil {
		return nil, err
	}
	if err := c.trailer(); err != nil {
		return nil, err
	}
	if c.truncated {
		c.forbid("comparison_limit", "document", "", "")
	}
	sort.SliceStable(c.changes, func(i, j int) bool { return rank(c.changes[i].Class) > rank(c.changes[j].Class) })
	return c.changes, nil
}

func (c *comparer) add(code string, class Class, object, before, after string) *Change {
	c.changes = append(c.changes, Change{Code: code, Class: class, Object: object, Before: before, After: after})
	return &c.changes[len(c.changes)-1]
}

func (c *comparer) forbid(code, object, before, after string) *Change {
	return c.add(code, ClassForbidden, object, before, after)
}

// trailer compares /Root and /Info; /ID, /Size, /Prev and the like belong to every update.
func (c *comparer) trailer() error {
	ot, nt := c.old.Trailer(), c.new.Trailer()
	if c.old.CatalogRef() != c.new.CatalogRef() {
		c.forbid("catalog_replaced", "trailer /Root", c.old.CatalogRef().String(), c.new.CatalogRef().String())
	}
	if !sameObject(ot["Encrypt"], nt["Encrypt"]) {
		c.forbid("encryption_changed", "trailer /Encrypt", describe(ot["Encrypt"]), describe(nt["Encrypt"]))
	}
	oldCat, err := c.old.Catalog()
	if err != nil {
		return err
	}
	newCat, err := c.new.Catalog()
	if err != nil {
		return err
	}
	if err := c.catalog(oldCat, newCat); err != nil {
		return err
	}
	return c.info(ot["Info"], nt["Info"])
}

func (c *comparer) catalog(o, n pdf.Dict) error {
	for _, k := range unionKeys(o, n) {
		ov, nv := o[k], n[k]
		var err error
		switch k {
		case "DSS":
			err = c.dss(ov, nv)
		case "AcroForm":
			err = c.acroForm(ov, nv)
		case "Extensions":
			err = c.growOnly("extensions", "catalog /Extensions", ov, nv)
		case "Version":
			if !sameObject(ov, nv) {
				c.add("version_raised", ClassLTA, "catalog /Version", describe(ov), describe(nv))
			}
		case "Metadata":
			err = c.metadata(ov, nv)
		case "Perms":
			err = c.walk("catalog /Perms", ov, nv, 0)
		default:
			err = c.walk("catalog /"+string(k), ov, nv, 0)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// dss allows the document security store to appear and to grow; it must not lose entries (EN 319 142-1, 5.4.2).
func (c *comparer) dss(o, n pdf.Object) error {
	od, err := c.old.Dict(o)
	if err != nil {
		return err
	}
	nd, err := c.new.Dict(n)
	if err != nil {
		return err
	}
	switch {
	case nd == nil && od != nil:
		c.forbid("dss_removed", "catalog /DSS", "present", "")
		return nil
	case nd == nil:
		return nil
	}
	for _, k := range []pdf.Name{"Certs", "OCSPs", "CRLs"} {
		oa, err := c.old.Array(od[k])
		if err != nil {
			return err
		}
		na, err := c.new.Array(nd[k])
		if err != nil {
			return err
		}
		if len(na) < len(oa) {
			c.forbid("dss_shrunk", "catalog /DSS /"+string(k), fmt.Sprint(len(oa)), fmt.Sprint(len(na)))
		}
		for i := range min(len(oa), len(na)) {
			if err := c.walk(fmt.Sprintf("catalog /DSS /%s[%d]", k, i), oa[i], na[i], 0); err != nil {
				return err
			}
		}
	}
	if od == nil || !sameObject(o, n) || c.touched(n) {
		c.add("dss", ClassLTA, "catalog /DSS", presence(od != nil), "present")
	}
	return nil
}

func (c *comparer) touched(o pdf.Object) bool {
	r, ok := o.(pdf.Ref)
	if !ok {
		return true
	}
	oo, err1 := c.old.Load(r)
	no, err2 := c.new.Load(r)
	return err1 != nil || err2 != nil || !sameObject(oo, no)
}

// growOnly allows new keys in a dictionary and nothing else.
func (c *comparer) growOnly(code, where string, o, n pdf.Object) error {
	od, err := c.old.Dict(o)
	if err != nil {
		return err
	}
	nd, err := c.new.Dict(n)
	if err != nil {
		return err
	}
	for k := range od {
		if _, ok := nd[k]; !ok {
			c.forbid(code+"_removed", where+" /"+string(k), describe(od[k]), "")
		}
	}
	if len(nd) > len(od) {
		c.add(code, ClassLTA, where, fmt.Sprint(len(od)), fmt.Sprint(len(nd)))
	}
	for k := range od {
		if _, ok := nd[k]; !ok {
			continue
		}
		oa, _ := c.old.Resolve(od[k]) //nolint:errcheck // unreadable is null
		na, _ := c.new.Resolve(nd[k]) //nolint:errcheck // as above
		if !sameObject(oa, na) {
			c.add(code, ClassLTA, where+" /"+string(k), describe(oa), describe(na))
		}
	}
	return nil
}

func (c *comparer) metadata(o, n pdf.Object) error {
	before := len(c.changes)
	if err := c.walk("catalog /Metadata", o, n, 0); err != nil {
		return err
	}
	// XMP says nothing that a page shows; every engine updates its dates.
	for i := before; i < len(c.changes); i++ {
		c.changes[i].Code, c.changes[i].Class = "metadata", ClassLTA
	}
	return nil
}

func (c *comparer) info(o, n pdf.Object) error {
	od, err := c.old.Dict(o)
	if err != nil {
		return err
	}
	nd, err := c.new.Dict(n)
	if err != nil {
		return err
	}
	for _, k := range unionKeys(od, nd) {
		if sameObject(od[k], nd[k]) {
			continue
		}
		class := ClassForbidden
		if k == "ModDate" || k == "Producer" {
			class = ClassLTA
		}
		c.add("document_information", class, "document information /"+string(k), describe(od[k]), describe(nd[k]))
	}
	return nil
}

// acroForm compares the form: entries, then field by field by name.
func (c *comparer) acroForm(o, n pdf.Object) error {
	od, err := c.old.Dict(o)
	if err != nil {
		return err
	}
	nd, err := c.new.Dict(n)
	if err != nil {
		return err
	}
	for _, k := range unionKeys(od, nd) {
		switch k {
		case "Fields":
		case "SigFlags":
			if !sameObject(od[k], nd[k]) {
				c.add("signature_flags", ClassLTA, "form /SigFlags", describe(od[k]), describe(nd[k]))
			}
		case "NeedAppearances":
			if nd[k] == nil || sameObject(od[k], nd[k]) {
				continue
			}
			c.forbid("need_appearances", "form /NeedAppearances", describe(od[k]), describe(nd[k]))
		case "DR", "DA":
			if od == nil || od[k] == nil { // resources for new appearances, nothing shown by themselves
				if nd[k] != nil {
					c.add("form_resources", ClassForm, "form /"+string(k), "", "present")
				}
				continue
			}
			if err := c.walk("form /"+string(k), od[k], nd[k], 0); err != nil {
				return err
			}
		default:
			if err := c.walk("form /"+string(k), od[k], nd[k], 0); err != nil {
				return err
			}
		}
	}
	return c.fields()
}

func (c *comparer) fields() error {
	for _, name := range sortedKeys(c.oldFields) {
		of, nf := c.oldFields[name], c.newFields[name]
		if nf == nil {
			ch := c.forbid("field_removed", of.Ref.String(), name, "")
			ch.Field = name
			continue
		}
		if err := c.field(of, nf); err != nil {
			return err
		}
	}
	for _, name := range sortedKeys(c.newFields) {
		nf := c.newFields[name]
		if c.oldFields[name] != nil {
			continue
		}
		var ch *Change
		switch {
		case nf.Type == pades.FieldSignature && nf.Signed == pades.TypeDocumentTimestamp:
			ch = c.add("document_timestamp_added", ClassLTA, nf.Ref.String(), "", name)
		case nf.Type == pades.FieldSignature && nf.Signed != "":
			ch = c.add("signature_added", ClassForm, nf.Ref.String(), "", name)
		case nf.Type == pades.FieldSignature:
			ch = c.add("signature_field_added", ClassForm, nf.Ref.String(), "", name)
		default:
			ch = c.forbid("field_added", nf.Ref.String(), "", name)
		}
		ch.Field = name
		ch.Page = nf.Page
	}
	return nil
}

// fieldMayChange are the entries of a field or widget that filling it in writes (ISO 32000-2, 12.7.4, 12.5.5).
var fieldMayChange = map[pdf.Name]bool{"V": true, "AP": true, "AS": true, "M": true, "MK": true, "DV": false, "Lock": false}

func (c *comparer) field(o, n *field) error {
	if o.Type != n.Type {
		c.forbid("field_type_changed", n.Ref.String(), o.Type, n.Type).Field = n.name
		return nil
	}
	if o.Type == pades.FieldSignature && o.Signed == "" && n.Signed != "" {
		code, class := "signature_added", ClassForm
		if n.Signed == pades.TypeDocumentTimestamp {
			code, class = "document_timestamp_added", ClassLTA
		}
		ch := c.add(code, class, n.Ref.String(), "", n.name)
		ch.Field, ch.Page = n.name, n.Page
		return c.widgetsOf(o, n, false)
	}
	return c.widgetsOf(o, n, true)
}

// widgetsOf compares the dictionaries of a field and of its widgets.
func (c *comparer) widgetsOf(o, n *field, report bool) error {
	if o.Ref != n.Ref {
		c.forbid("field_replaced", n.Ref.String(), o.Ref.String(), n.Ref.String()).Field = n.name
		return nil
	}
	refs := []pdf.Ref{n.Ref}
	for _, w := range n.Widgets {
		if w != n.Ref {
			refs = append(refs, w)
		}
	}
	if len(o.Widgets) != len(n.Widgets) {
		c.forbid("widgets_changed", n.Ref.String(), fmt.Sprint(len(o.Widgets)), fmt.Sprint(len(n.Widgets))).Field = n.name
		return nil
	}
	for _, r := range refs {
		oo, err := c.old.Load(r)
		if err != nil {
			return err
		}
		no, err := c.new.Load(r)
		if err != nil {
			return err
		}
		od, _ := oo.(pdf.Dict)
		nd, _ := no.(pdf.Dict)
		valueChanged := false
		for _, k := range unionKeys(od, nd) {
			if k == "Parent" || k == "Kids" || k == "P" {
				if !sameObject(od[k], nd[k]) && k != "Kids" {
					c.forbid("field_structure", r.String()+" /"+string(k), describe(od[k]), describe(nd[k])).Field = n.name
				}
				continue
			}
			if fieldMayChange[k] {
				same, err := c.equal(od[k], nd[k])
				if err != nil {
					return err
				}
				if !same {
					if o.Type == pades.FieldSignature && report { // a signed field is never filled again
						c.forbid("signature_changed", r.String()+" /"+string(k), "", "").Field = n.name
						continue
					}
					valueChanged = true
				}
				continue
			}
			before := len(c.changes)
			if err := c.walk(r.String()+" /"+string(k), od[k], nd[k], 0); err != nil {
				return err
			}
			for i := before; i < len(c.changes); i++ {
				c.changes[i].Field = n.name
			}
		}
		if valueChanged && report {
			ov, _ := c.old.Resolve(od["V"]) //nolint:errcheck // only described
			nv, _ := c.new.Resolve(nd["V"]) //nolint:errcheck // as above
			ch := c.add("field_filled", ClassForm, r.String(), describe(ov), describe(nv))
			ch.Field, ch.Page = n.name, n.Page
		}
	}
	return nil
}

// equal compares two values deeply, each in its own state, and reports only whether they are the same.
func (c *comparer) equal(o, n pdf.Object) (bool, error) {
	probe := &comparer{ctx: c.ctx, old: c.old, new: c.new, seen: map[[2]pdf.Ref]bool{}, widgets: c.widgets, oldPages: c.oldPages, newPages: c.newPages}
	if err := probe.walk("", o, n, 0); err != nil {
		return false, err
	}
	return len(probe.changes) == 0 && !probe.truncated, nil
}

// walk compares two objects and everything they reach.
func (c *comparer) walk(where string, o, n pdf.Object, depth int) error {
	if c.compared++; c.compared > maxCompared {
		c.truncated = true
		return nil
	}
	if c.compared%4096 == 0 {
		if err := c.ctx.Err(); err != nil {
			return err
		}
	}
	or, oIsRef := o.(pdf.Ref)
	nr, nIsRef := n.(pdf.Ref)
	if oIsRef && nIsRef {
		if c.seen[[2]pdf.Ref{or, nr}] {
			return nil
		}
		c.seen[[2]pdf.Ref{or, nr}] = true
		if or == nr && nr == c.new.CatalogRef() {
			return nil // a signature's /Data leads back here; the catalog has its own rules
		}
		if or != nr {
			// The same content under another number is what some writers do; content decides.
			where = nr.String()
		} else {
			where = or.String()
		}
		depth = 0
	}
	if depth > 200 {
		c.truncated = true
		return nil
	}
	ov, err := c.old.Resolve(o)
	if err != nil {
		return err
	}
	nv, err := c.new.Resolve(n)
	if err != nil {
		return err
	}
	switch nv := nv.(type) {
	case pdf.Dict:
		od, ok := ov.(pdf.Dict)
		if !ok {
			c.forbid("object_changed", where, describe(ov), describe(nv))
			return nil
		}
		if nIsRef {
			if page, ok := c.newPages[nr]; ok {
				return c.page(page, nr, od, nv)
			}
			if c.widgets[nr] != nil { // compared with its field
				return nil
			}
		}
		return c.dict(where, od, nv, depth)
	case pdf.Array:
		oa, ok := ov.(pdf.Array)
		if !ok || len(oa) != len(nv) {
			c.forbid("array_changed", where, describe(ov), describe(nv))
			return nil
		}
		for i := range nv {
			if err := c.walk(fmt.Sprintf("%s[%d]", where, i), oa[i], nv[i], depth+1); err != nil {
				return err
			}
		}
		return nil
	case *pdf.Stream:
		os, ok := ov.(*pdf.Stream)
		if !ok {
			c.forbid("object_changed", where, describe(ov), describe(nv))
			return nil
		}
		return c.stream(where, os, nv, depth)
	default:
		if !sameObject(ov, nv) {
			c.forbid("value_changed", where, describe(ov), describe(nv))
		}
		return nil
	}
}

func (c *comparer) dict(where string, o, n pdf.Dict, depth int) error {
	for _, k := range unionKeys(o, n) {
		if err := c.walk(where+" /"+string(k), o[k], n[k], depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (c *comparer) stream(where string, o, n *pdf.Stream, depth int) error {
	if o == n {
		return nil
	}
	if !sameStreamData(c.old, c.new, o, n) {
		c.forbid("content_changed", where, "", "")
	}
	od, nd := o.Dict, n.Dict
	for _, k := range unionKeys(od, nd) {
		switch k {
		case "Length", "Filter", "DecodeParms", "DL": // how it is stored; the decoded data was compared
			continue
		}
		if err := c.walk(where+" /"+string(k), od[k], nd[k], depth+1); err != nil {
			return err
		}
	}
	return nil
}

// page compares a page; its annotations may grow.
func (c *comparer) page(number int, ref pdf.Ref, o, n pdf.Dict) error {
	before := len(c.changes)
	for _, k := range unionKeys(o, n) {
		if k == "Annots" {
			if err := c.annots(number, ref, o[k], n[k]); err != nil {
				return err
			}
			continue
		}
		if err := c.walk(ref.String()+" /"+string(k), o[k], n[k], 1); err != nil {
			return err
		}
	}
	for i := before; i < len(c.changes); i++ {
		if c.changes[i].Page == 0 {
			c.changes[i].Page = number
		}
	}
	return nil
}

func (c *comparer) annots(number int, page pdf.Ref, o, n pdf.Object) error {
	oa, err := c.old.Array(o)
	if err != nil {
		return err
	}
	na, err := c.new.Array(n)
	if err != nil {
		return err
	}
	known := map[pdf.Ref]bool{}
	for _, a := range oa {
		if r, ok := a.(pdf.Ref); ok {
			known[r] = true
		}
	}
	kept := map[pdf.Ref]bool{}
	direct := 0
	for _, a := range na {
		r, ok := a.(pdf.Ref)
		if !ok {
			direct++
			continue
		}
		kept[r] = true
		if known[r] {
			if err := c.walk(r.String(), r, r, 0); err != nil {
				return err
			}
			continue
		}
		if c.widgets[r] != nil { // named with its field
			continue
		}
		obj, err := c.new.Resolve(r)
		if err != nil {
			return err
		}
		d, _ := obj.(pdf.Dict)
		c.add("annotation_added", ClassAnnotation, r.String(), "", describe(d["Subtype"])).Page = number
	}
	for _, a := range oa {
		if r, ok := a.(pdf.Ref); ok && !kept[r] {
			c.forbid("annotation_removed", r.String(), "present", "").Page = number
		}
	}
	oldDirect := 0
	for _, a := range oa {
		if _, ok := a.(pdf.Ref); !ok {
			oldDirect++
		}
	}
	if direct != oldDirect {
		c.forbid("annotations_changed", page.String()+" /Annots", fmt.Sprint(oldDirect), fmt.Sprint(direct)).Page = number
	}
	return nil
}

func sameStreamData(ov, nv *pdf.View, o, n *pdf.Stream) bool {
	if o.SameBytes(n) {
		return true
	}
	od, _, err := ov.Decode(o)
	if err != nil {
		return false // an undecodable stream counts as changed
	}
	nd, _, err := nv.Decode(n)
	if err != nil {
		return false
	}
	return bytes.Equal(od, nd)
}

// collectFields lists the terminal fields of a state by name; two fields of one name are kept apart.
func collectFields(v *pdf.View) (map[string]*field, error) {
	all, err := pades.Fields(v)
	if err != nil {
		return nil, err
	}
	out := make(map[string]*field, len(all))
	for _, f := range all {
		name := f.Name
		for out[name] != nil {
			name += "'"
		}
		out[name] = &field{name: name, FieldInfo: f}
	}
	return out, nil
}

func pageNumbers(v *pdf.View) (map[pdf.Ref]int, error) {
	refs, err := v.PageRefs()
	if err != nil {
		return nil, err
	}
	out := make(map[pdf.Ref]int, len(refs))
	for i, r := range refs {
		out[r] = i + 1
	}
	return out, nil
}

func unionKeys(a, b pdf.Dict) []pdf.Name {
	keys := make([]pdf.Name, 0, len(a)+len(b))
	for k := range a {
		keys = append(keys, k)
	}
	for k := range b {
		if _, ok := a[k]; !ok {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

func sortedKeys(m map[string]*field) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

// sameObject compares two direct values; numbers are equal when they are as 32-bit floats.
func sameObject(a, b pdf.Object) bool {
	switch a := a.(type) {
	case pdf.Dict:
		bd, ok := b.(pdf.Dict)
		if !ok || len(a) != len(bd) {
			return false
		}
		for k, v := range a {
			w, ok := bd[k]
			if !ok || !sameObject(v, w) {
				return false
			}
		}
		return true
	case pdf.Array:
		ba, ok := b.(pdf.Array)
		if !ok || len(a) != len(ba) {
			return false
		}
		for i := range a {
			if !sameObject(a[i], ba[i]) {
				return false
			}
		}
		return true
	case *pdf.Stream:
		bs, ok := b.(*pdf.Stream)
		return ok && (a == bs || a.SameBytes(bs) && sameObject(a.Dict, bs.Dict))
	}
	if x, ok := number(a); ok {
		y, ok := number(b)
		return ok && float32(x) == float32(y)
	}
	return a == b
}

func number(o pdf.Object) (float64, bool) {
	switch o := o.(type) {
	case int64:
		return float64(o), true
	case float64:
		return o, true
	}
	return 0, false
}

func presence(p bool) string {
	if p {
		return "present"
	}
	return ""
}

// describe is a short, safe text of a value.
func describe(o pdf.Object) string {
	const limit = 120
	var s string
	switch o := o.(type) {
	case nil:
		return ""
	case pdf.String:
		s = pdf.TextString(o)
	case pdf.Name:
		s = "/" + string(o)
	case pdf.Ref:
		s = o.String()
	case pdf.Array:
		s = fmt.Sprintf("array of %d", len(o))
	case pdf.Dict:
		s = "dictionary"
	case *pdf.Stream:
		s = "stream"
	default:
		s = fmt.Sprint(o)
	}
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	if r := []rune(s); len(r) > limit {
		s = string(r[:limit]) + "…"
	}
	return s
}
