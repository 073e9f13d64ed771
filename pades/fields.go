package pades

import "github.com/antinvn/antin/pdf"

// FieldInfo is a field of the form for a reader. It is a value.
type FieldInfo struct {
	Name    string    `json:"name"`
	Type    string    `json:"type"` // "signature", "text", "button" or "choice"
	Value   string    `json:"value,omitempty"`
	Signed  string    `json:"signed,omitempty"` // signature fields: [TypeSignature] or [TypeDocumentTimestamp], "" while empty
	Page    int       `json:"page,omitempty"`
	Rect    pdf.Rect  `json:"-"` // of the first widget, in the page's own space
	Ref     pdf.Ref   `json:"-"`
	Widgets []pdf.Ref `json:"-"`
}

// FieldSignature is the [FieldInfo] type of signature fields.
const FieldSignature = "signature"

var fieldTypes = map[pdf.Name]string{"Sig": FieldSignature, "Tx": "text", "Btn": "button", "Ch": "choice"}

// Fields lists the terminal fields of a state of the file, in the order of the form.
func Fields(v *pdf.View) ([]FieldInfo, error) {
	root, err := v.Catalog()
	if err != nil {
		return nil, err
	}
	all, err := formFields(v, root)
	if err != nil {
		return nil, err
	}
	pages, err := v.PageRefs()
	if err != nil {
		return nil, err
	}
	var out []FieldInfo
	for _, f := range all {
		if !f.leaf {
			continue
		}
		i := FieldInfo{Name: f.name, Type: fieldTypes[f.kind], Ref: f.ref, Widgets: f.widgets}
		value, err := v.Resolve(f.value)
		if err != nil {
			return nil, err
		}
		switch value := value.(type) {
		case pdf.String:
			i.Value = pdf.TextString(value)
		case pdf.Name:
			i.Value = string(value)
		case pdf.Dict:
			if f.kind == "Sig" {
				i.Signed = TypeSignature
				if value["Type"] == pdf.Name("DocTimeStamp") {
					i.Signed = TypeDocumentTimestamp
				}
			}
		}
		if len(f.widgets) > 0 {
			d, err := v.Dict(f.widgets[0])
			if err != nil {
				return nil, err
			}
			if i.Page, err = pageAmong(pages, v, f.widgets[0], d); err != nil {
				return nil, err
			}
			if i.Rect, _, err = rectOf(v, d["Rect"]); err != nil {
				return nil, err
			}
		}
		out = append(out, i)
	}
	return out, nil
}
