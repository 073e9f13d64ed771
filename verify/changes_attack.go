package verify

import (
	"slices"
	"strings"

	"github.com/antinvn/antin/pdf"
)

// Attacks on signed PDFs, named as their discoverers named them. They are stable codes; [Text] has "attack." and the code.
const (
	AttackUniversal            = "universal_signature_forgery" // USF: nothing is left to check
	AttackWrapping             = "signature_wrapping"          // SWA: the signed bytes are somewhere else than they seem
	AttackIncremental          = "incremental_saving"          // ISA: a later revision brings other content
	AttackShadowHide           = "shadow_hide"                 // what hid something from the signer is taken away
	AttackShadowReplace        = "shadow_replace"              // what the signer saw gives way to something else
	AttackShadowHideAndReplace = "shadow_hide_and_replace"     // another document was signed along, unseen
	AttackAnnotation           = "evil_annotation"             // EAA: an annotation over what was signed
	AttackSneakySignature      = "sneaky_signature"            // SSA: a signature field that shows content
	AttackFont                 = "font_replacement"            // letters are drawn as others
	AttackDictionary           = "signature_dictionary_changed"
	AttackByteRange            = "byte_range_manipulation"
	AttackDifferential         = "parser_differential" // two readers see two files
)

// CodeVisibleSignature is the change by which a new signature field with an area, and its signature, came to the file. Some hold
// it against a certification that allows filling in and signing only; ISO 32000-2, table 257 does not.
const CodeVisibleSignature = "visible_signature_added"

// forbidDifference says what no rule explains.
func (s *step) forbidDifference(d *difference) {
	c := Change{Class: ClassForbidden, Object: d.where(), Before: describe(d.before), After: describe(d.after)}
	page := pdf.Ref{}
	switch d.role {
	case roleTrailer:
		c.Object = "trailer /" + string(d.key)
		c.Code, c.Attack = "encryption_changed", ""
		if d.key == "Root" {
			c.Code, c.Attack = "catalog_replaced", s.linking(d.after)
		}
	case roleCatalog:
		c.Object = "catalog /" + string(d.key)
		c.Code, c.Attack = s.catalogCode(d)
	case roleInformation:
		c.Code, c.Object = "document_information", "document information /"+string(d.key)
	case roleMetadata:
		c.Code = "metadata_changed"
	case roleStore, roleStoreList, roleVRI, roleVRIEntry:
		c.Code = "dss_shrunk"
	case roleExtensions:
		c.Code = "extensions_removed"
	case rolePage:
		c.Code, c.Attack, page = "page_changed", s.linking(d.after), d.ref
		switch {
		case d.key == "Contents":
			c.Code = "content_changed"
		case d.key == "Annots":
			c.Code = "annotations_changed"
		case d.key == "Resources" && s.differsInFont(d.before, d.after):
			c.Attack = AttackFont
		}
	case roleForm, roleResources, roleCategory, roleFieldList:
		c.Code, c.Attack = "form_changed", AttackIncremental
	case roleField, roleNewField, roleValue, roleAppearance:
		s.forbidField(d, &c)
	case roleNewAnnotation, roleRemovedAnnotation, roleAnnotation, roleAnnotationPart:
		if page = d.way.from; d.role == roleAnnotation || d.role == roleAnnotationPart {
			page = s.pageAbove(d.ref)
		}
		s.forbidAnnotation(d, &c)
	case roleEmptyReference:
		c.Code, c.Attack, page = "object_defined_late", AttackShadowHideAndReplace, s.pageAbove(d.ref)
		c.After = describe(d.delta.after)
	case roleMissing:
		c.Code, c.Attack, page = "object_freed", AttackShadowHide, s.pageAbove(d.way.from)
		c.Before = describe(d.delta.before)
	default:
		c.Code, c.Attack, page = s.objectCode(d, &c)
	}
	if c.Attack == AttackIncremental && s.pointsBack(d.delta) {
		c.Attack = AttackShadowHideAndReplace
	}
	s.add(c, page)
}

// linking tells a new place for objects of the signed file from new content.
func (s *step) linking(o pdf.Object) string {
	old, made := false, false
	eachReference(o, func(r pdf.Ref) {
		made = made || s.isNew(r)
		_, had, err := s.old.InUse(r.Number)
		old = old || had && err == nil
	})
	if old && !made {
		return AttackShadowHideAndReplace
	}
	return AttackIncremental
}

// pointsBack: the revision's cross-reference leads into the bytes that were there before it.
func (s *step) pointsBack(d *delta) bool {
	return !s.foreign() && d.offset > 0 && d.after != nil && d.offset < s.doc.Revisions()[s.r-1].End
}

func (s *step) catalogCode(d *difference) (code, attack string) {
	switch d.key {
	case "Pages":
		return "pages_changed", s.linking(d.after)
	case "OCProperties":
		return "layers_changed", AttackShadowHide
	case "DSS":
		return "dss_removed", ""
	case "Perms":
		return "certification_changed", ""
	case "Metadata":
		return "metadata_changed", ""
	case "Extensions", "Version":
		return "extensions_removed", ""
	case "AcroForm":
		return "form_changed", AttackIncremental
	}
	return "catalog_changed", AttackIncremental
}

func (s *step) forbidField(d *difference, c *Change) {
	owners := s.owners(d.ref)
	if d.role == roleValue || d.role == roleAppearance {
		owners = s.ownersAbove(d.ref)
	}
	c.Code, c.Attack = "field_changed", AttackIncremental
	signature := false
	for _, n := range owners {
		c.Field = n.name
		signature = signature || n.kind == "Sig"
	}
	dict, _ := d.before.(pdf.Dict)
	switch {
	case d.role == roleNewField:
		c.Code, c.After = "field_added", c.Field
		if signature {
			c.Attack = AttackSneakySignature
		}
	case signature && (dict["ByteRange"] != nil || d.role == roleField && d.key == "V"):
		c.Code, c.Attack = "signature_dictionary_changed", AttackDictionary
	case signature && (d.key == "AP" || d.role == roleAppearance):
		c.Code, c.Attack = "signature_redrawn", AttackSneakySignature
	case d.key == "AP" || d.role == roleAppearance:
		c.Code, c.Attack = "appearance_differs", AttackShadowReplace
		c.Before, c.After = s.drawnAs(owners)
	case d.key == "F":
		c.Attack = AttackShadowHide
	}
}

// drawnAs is what a field showed and shows.
func (s *step) drawnAs(owners []*formNode) (before, after string) {
	for _, n := range owners {
		for _, w := range n.widgets {
			before, _ = s.drawn(s.old, w)
			after, _ = s.drawn(s.new, w)
			return printable(before, 120), printable(after, 120)
		}
	}
	return "", ""
}

func (s *step) forbidAnnotation(d *difference, c *Change) {
	v, o := s.new, d.after
	if d.role == roleRemovedAnnotation {
		v, o = s.old, d.before
	}
	a, err := v.Dict(o)
	if err != nil {
		a = nil
	}
	kind, _ := a["Subtype"].(pdf.Name)
	switch {
	case d.role == roleRemovedAnnotation:
		c.Code, c.Attack, c.Before, c.After = "annotation_taken_away", AttackShadowHide, describe(kind), ""
	case d.role == roleNewAnnotation && kind == "Widget":
		c.Code, c.Attack, c.After = "widget_without_field", AttackSneakySignature, describe(kind)
	case d.role == roleNewAnnotation:
		c.Code, c.Attack, c.After = "annotation_over_content", AttackAnnotation, describe(kind)
		if a != nil && !s.harmlessAnnotation(a) {
			c.Code = "annotation_with_action"
		}
	default:
		c.Code, c.Attack = "annotation_over_content", AttackAnnotation
	}
}

// objectCode is about objects that have no role of their own.
func (s *step) objectCode(d *difference, c *Change) (code, attack string, page pdf.Ref) {
	page, path := s.pageAndPath(d.ref)
	od, _ := d.before.(pdf.Dict)
	nd, _ := d.after.(pdf.Dict)
	for _, k := range unionKeys(od, nd) {
		if !identical(od[k], nd[k]) {
			c.Object, c.Before, c.After = d.ref.String()+" /"+string(k), describe(od[k]), describe(nd[k])
			break
		}
	}
	words := strings.Fields(path + " " + d.way.path)
	has := func(all ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool {
			return slices.Contains(all, w) || slices.ContainsFunc(all, func(a string) bool { return strings.HasPrefix(a, "FontFile") && strings.HasPrefix(w, "FontFile") })
		})
	}
	was := describe(d.before)
	switch {
	case nd["Type"] == pdf.Name("Pages") || od["Type"] == pdf.Name("Pages"):
		attack = s.linking(nd["Kids"])
		return "pages_changed", attack, page
	case isFont(od) || isFont(nd) || has("Font", "FontDescriptor", "ToUnicode", "Encoding", "DescendantFonts", "CharProcs", "FontFile"):
		return "font_changed", AttackFont, page
	case od["ByteRange"] != nil || nd["ByteRange"] != nil:
		return "signature_dictionary_changed", AttackDictionary, page
	case has("OCProperties", "OCGs", "OC"):
		return "layers_changed", AttackShadowHide, page
	case has("XObject"):
		return "picture_changed", AttackShadowHide, page
	case was == "stream":
		return "content_changed", AttackIncremental, page
	case page != (pdf.Ref{}):
		return "page_changed", AttackIncremental, page
	}
	return "object_changed", AttackIncremental, page
}

func isFont(d pdf.Dict) bool {
	return d["Type"] == pdf.Name("Font") || d["Type"] == pdf.Name("FontDescriptor") || d["Type"] == pdf.Name("Encoding")
}

func (s *step) differsInFont(o, n pdf.Object) bool {
	od, err1 := s.old.Dict(o)
	nd, err2 := s.new.Dict(n)
	return err1 == nil && err2 == nil && !s.sameContent(od["Font"], nd["Font"])
}

// emptyID is the id of a signature whose /Contents holds nothing.
const emptyID = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// signatureAttack names what a byte range or a signature dictionary was made to do, "" for nothing known.
func signatureAttack(s *SignatureFacts) string {
	switch {
	case s.Dead:
		return ""
	case s.ID == emptyID || s.Unread != "" || s.ByteRangeProblem == "not_four_integers":
		return AttackUniversal
	case s.ByteRangeProblem == "gap_is_not_the_contents":
		return AttackWrapping
	case s.ByteRangeProblem == "its_revision_is_left_out":
		return AttackDifferential
	case s.ByteRangeProblem != "":
		return AttackByteRange
	case slices.Contains(s.Notes, "dictionary_changed_after_signing"):
		return AttackDictionary
	}
	return ""
}

// nameAttacks adds a finding for each attack whose marks are there: an error where it made the signature
// fail, else a warning.
func (v *SignatureVerdict) nameAttacks(s *SignatureFacts, p *Policy) {
	named := map[string]bool{}
	name := func(attack, detail string, failed bool) {
		if attack == "" || named[attack] {
			return
		}
		named[attack] = true
		if failed && v.Indication == TotalFailed {
			v.Errors = append(v.Errors, Finding{Code: "attack." + attack, Detail: detail})
		} else {
			v.Warnings = append(v.Warnings, Finding{Code: "attack." + attack, Detail: detail})
		}
	}
	name(signatureAttack(s), s.ByteRangeProblem, true)
	if slices.Contains(s.Notes, "data_after_cms") {
		name(AttackByteRange, "data_after_cms", false)
	}
	if s.Type == TypeDocumentTimestamp {
		return // it promises nothing about what follows it
	}
	for i := range s.Changes { // strongest first
		c := &s.Changes[i]
		name(c.Attack, c.Object, classOf(c, s, p) == ClassForbidden)
	}
}
