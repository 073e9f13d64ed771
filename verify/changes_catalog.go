package verify

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/antinvn/antin/pdf"
)

// catalogRules are about the document as a whole: none of this is drawn.
func catalogRules() []changeRule {
	return []changeRule{
		{"version_raised", roleCatalog, []pdf.Name{"Version"}, versionRaised},
		{"extensions", roleCatalog, []pdf.Name{"Extensions"}, func(s *step, d *difference) bool {
			od, err1 := s.old.Dict(d.before)
			nd, err2 := s.new.Dict(d.after)
			return err1 == nil && err2 == nil && s.extensions(od, nd, "catalog /Extensions")
		}},
		{"extensions_changed", roleExtensions, nil, func(s *step, d *difference) bool {
			if d.key == "" {
				od, _ := d.before.(pdf.Dict)
				nd, _ := d.after.(pdf.Dict)
				return s.extensions(od, nd, d.ref.String())
			}
			return s.extensions(pdf.Dict{d.key: d.before}, pdf.Dict{d.key: d.after}, d.where())
		}},
		{"information", roleInformation, []pdf.Name{"ModDate", "Producer"}, func(s *step, d *difference) bool {
			s.allow("document_information", ClassLTA, "document information /"+string(d.key), describe(d.before), describe(d.after))
			return true
		}},
		// A text in another encoding is the same text (ISO 32000-2, 7.9.2.2).
		{"information_respelled", roleInformation, nil, func(_ *step, d *difference) bool {
			was, ok1 := d.before.(pdf.String)
			is, ok2 := d.after.(pdf.String)
			return ok1 && ok2 && pdf.TextString(was) == pdf.TextString(is)
		}},
		{"metadata", roleCatalog, []pdf.Name{"Metadata"}, metadata},
		{"metadata_stream", roleMetadata, nil, metadata},
	}
}

// versionRaised: ISO 32000-2, 7.7.2, /Version.
func versionRaised(s *step, d *difference) bool {
	was, _ := d.before.(pdf.Name)
	is, ok := d.after.(pdf.Name)
	if !ok || is < was || len(is) != 3 {
		return false
	}
	s.allow("version_raised", ClassLTA, "catalog /Version", describe(d.before), describe(d.after))
	return true
}

// extensions may be declared and raised, not withdrawn (ISO 32000-2, 7.12).
func (s *step) extensions(o, n pdf.Dict, where string) bool {
	for k := range o {
		if n[k] == nil {
			return false
		}
	}
	s.allow("extensions", ClassLTA, where, describe(o), describe(n))
	return len(n) > 0
}

// metadata may name the writer and the time, repeat what the document information says, or be emptied (ISO 32000-2, 14.3.2).
func metadata(s *step, d *difference) bool {
	o, err1 := s.old.Stream(d.before)
	n, err2 := s.new.Stream(d.after)
	if err1 != nil || err2 != nil || d.after != nil && n == nil {
		return false
	}
	was, ok1 := s.properties(s.old, o)
	is, ok2 := s.properties(s.new, n)
	if !ok2 || !ok1 && len(is) > 0 {
		return false
	}
	said := s.information()
	for p := range is {
		if _, value, _ := strings.Cut(p, "="); !was[p] && !slices.Contains(said, value) {
			return false
		}
	}
	for p := range was {
		if len(is) > 0 && !is[p] {
			return false
		}
	}
	s.allow("metadata", ClassLTA, "metadata", presence(o != nil), presence(n != nil))
	return true
}

func (s *step) information() []string {
	d, err := s.new.Dict(s.trailers[1]["Info"])
	if err != nil {
		return nil
	}
	var all []string
	for _, o := range d {
		if t, ok := o.(pdf.String); ok {
			all = append(all, strings.TrimSpace(pdf.TextString(t)))
		}
	}
	return all
}

// Properties of XMP that say who wrote the file and when (ISO 16684-1, 8.4; namespaces xmp, xmpMM, stEvt, pdf).
var writersProperties = []string{
	"ModifyDate", "MetadataDate", "Producer", "CreatorTool", "InstanceID", "VersionID", "History", "action", "changed", "instanceID",
	"parameters", "softwareAgent", "when", "xmptk",
}

// maxMetadata bounds the XMP that is read, and its properties.
const (
	maxMetadata   = 4 << 20
	maxProperties = 100_000
)

// properties are an XMP packet's values as "name=value", those that every writer changes left out; ok is false if it is no XML.
func (s *step) properties(v *pdf.View, st *pdf.Stream) (all map[string]bool, ok bool) {
	all = map[string]bool{}
	if st == nil {
		return all, true
	}
	data, rest, err := v.Decode(st)
	if err != nil || len(rest) > 0 || len(data) > maxMetadata {
		return nil, false
	}
	d := xml.NewDecoder(strings.NewReader(string(data)))
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	var path []string
	for len(all) < maxProperties {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all, true
		}
		if err != nil {
			return nil, len(strings.TrimSpace(string(data))) == 0
		}
		switch t := t.(type) {
		case xml.StartElement:
			path = append(path, t.Name.Local)
			for _, a := range t.Attr {
				if a.Name.Space != "xmlns" && a.Name.Local != "xmlns" && a.Name.Local != "about" && a.Name.Local != "lang" && a.Name.Local != "parseType" {
					note(all, append(slices.Clone(path), a.Name.Local), a.Value)
				}
			}
		case xml.EndElement:
			path = path[:max(0, len(path)-1)]
		case xml.CharData:
			note(all, path, string(t))
		}
	}
	return nil, false
}

func note(all map[string]bool, path []string, value string) {
	value = strings.TrimSpace(value)
	if value == "" || slices.ContainsFunc(path, func(p string) bool { return slices.Contains(writersProperties, p) }) {
		return
	}
	// An attribute and an element of one name say the same: containers do not count.
	if len(path) == 0 { // text outside every element is no packet's
		path = []string{"text"}
	}
	name := path[len(path)-1]
	for i := len(path) - 1; i >= 0 && (name == "li" || name == "Alt" || name == "Seq" || name == "Bag"); i-- {
		name = path[i]
	}
	all[name+"="+value] = true
}
