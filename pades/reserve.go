package pades

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pades/appearance"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/pdf/text"
)

const (
	readOnly = 1 << 0 // /Ff, ISO 32000-2, table 227

	pointsPerMM = 72 / 25.4
	// sealMM is the side of the box kept for a seal: the real size of most (36 mm); others are placed by hand.
	sealMM = 36
	// The font size of a field placed by hand: that of a number line in an official letter, less in a low box.
	fieldFontSize  = 13
	fontSizeToLine = 0.75
)

// Reserve writes a revision with reserved fields and nothing signed.
func Reserve(ctx context.Context, w io.Writer, d *pdf.Document, fields ...Reservation) (*Report, error) {
	dr, err := newDraft(ctx, d, &Options{Reserve: fields})
	if err != nil {
		return nil, err
	}
	if len(fields) == 0 {
		return nil, codes.New(ErrOptions, "reserving fields", "", "none is named")
	}
	if err := dr.reserve(ctx, nil); err != nil {
		return nil, err
	}
	if err := dr.form.settle(false); err != nil {
		return nil, err
	}
	n, err := dr.u.WriteTo(ctx, w)
	if err != nil {
		return nil, err
	}
	dr.report.Size = n
	return dr.report, nil
}

// reserve makes the fields of Options.Reserve. person is the picture of the signature in the same revision, over whose
// left third the seal goes; nil if there is none.
func (dr *draft) reserve(ctx context.Context, person *Place) error {
	var gaps []text.Gap
	for i := range dr.o.Reserve {
		r := &dr.o.Reserve[i]
		signature, err := r.isSignature()
		if err != nil {
			return err
		}
		at, look := r.Place, fieldFont{}
		switch {
		case at != nil:
		case signature:
			if at, err = sealPlace(r.Name, person); err != nil {
				return err
			}
		default:
			if gaps == nil {
				if gaps, err = text.Gaps(ctx, dr.view); err != nil {
					return err
				}
			}
			if at, look, err = gapPlace(r.Name, gaps); err != nil {
				return err
			}
		}
		if err := dr.reserveOne(r, signature, at, look); err != nil {
			return err
		}
	}
	return nil
}

func (dr *draft) reserveOne(r *Reservation, signature bool, at *Place, look fieldFont) error {
	if !dr.permissions.Modify || !dr.permissions.Annotate {
		return codes.New(ErrPermission, "reserving the field", r.Name, "the file forbids making form fields")
	}
	if dr.rules.signed && !signature {
		return codes.New(ErrSigned, "reserving the field", r.Name, "a text field made after a signature would break it")
	}
	if dr.rules.mdp == 1 {
		return codes.New(ErrDocMDP, "reserving the field", r.Name, "an earlier signature allows no changes")
	}
	page, err := at.page(dr.view)
	if err != nil {
		return err
	}
	d := widget(page, at)
	// The box as it will be read back: what is filled in later draws over the same /BBox, so that nothing but content changes.
	width, height := shownSize(page, asWritten(userSpace(page, at.Rect)))
	if signature {
		err = dr.sealField(d, r, page, width, height)
	} else {
		err = dr.textField(d, page, width, height, look)
	}
	if err != nil {
		return err
	}
	name := dr.form.free(r.Name)
	if _, err := dr.form.add(name, page, d); err != nil {
		return err
	}
	dr.report.Reserved = append(dr.report.Reserved, name)
	return nil
}

func (r *Reservation) isSignature() (bool, error) {
	switch {
	case r.Name == "" || strings.Contains(r.Name, "."):
		return false, codes.New(ErrOptions, "reserving the field", r.Name, "a name is needed, without full stops")
	case r.Kind == "signature", r.Kind == "" && r.Name == "seal":
		return true, nil
	case r.Kind == "text", r.Kind == "":
		return false, nil
	}
	return false, codes.New(ErrOptions, "reserving the field", r.Name, "the kinds are text and signature")
}

// sealPlace covers the left third of the person's picture (decree 30/2020, appendix I, box 8), at half its height.
func sealPlace(name string, person *Place) (*Place, error) {
	if person == nil {
		return nil, codes.New(ErrPlace, "reserving the field", name, "there is no visible signature to place it at; give a page and a box")
	}
	side := sealMM * pointsPerMM
	right := person.Rect.X0 + person.width()/3
	middle := (person.Rect.Y0 + person.Rect.Y1) / 2
	return &Place{Page: person.Page, Rect: pdf.Rect{
		X0: right - side, Y0: middle - side/2, X1: right, Y1: middle + side/2,
	}}, nil
}

func gapPlace(name string, gaps []text.Gap) (*Place, fieldFont, error) {
	i := slices.IndexFunc(gaps, func(g text.Gap) bool { return g.Name == name })
	if i < 0 {
		return nil, fieldFont{}, codes.New(ErrPlace, "reserving the field", name, "the drafter left no gap for it; give a page and a box")
	}
	base := strings.ToLower(gaps[i].Font)
	italic := strings.Contains(base, "italic") || strings.Contains(base, "oblique")
	return &Place{Page: gaps[i].Page, Rect: gaps[i].Rect}, fieldFont{size: gaps[i].Size, italic: italic}, nil
}

// sealField is an empty signature field whose lock leaves nothing to change after it.
func (dr *draft) sealField(d pdf.Dict, r *Reservation, page *pdf.Page, width, height float64) error {
	lock := r.Lock
	if lock == nil {
		lock = &Lock{Action: "All", P: 1}
	}
	if err := lock.check(); err != nil {
		return err
	}
	d["FT"] = pdf.Name("Sig")
	d["Lock"] = dr.u.Add(lock.dictionary("SigFieldLock")) // indirect: ISO 32000-2, table 235
	shown, err := dr.emptyForm(page, width, height)
	d["AP"] = pdf.Dict{"N": shown}
	return err
}

// textField is finished from birth: its appearance is drawn here, with a font that is embedded.
func (dr *draft) textField(d pdf.Dict, page *pdf.Page, width, height float64, look fieldFont) error {
	look = look.in(height)
	d["FT"] = pdf.Name("Tx")
	d["Ff"] = int64(readOnly)
	d["DA"] = look.defaultAppearance()
	shown, err := appearance.FieldText(dr.u, page, width, height, "", look.size, look.italic, dr.pdfA)
	d["AP"] = pdf.Dict{"N": shown}
	return err
}

// fill writes values and appearances of text fields.
func (dr *draft) fill() error {
	names := make([]string, 0, len(dr.o.Fill))
	for name := range dr.o.Fill {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if err := dr.fillOne(name, norm.NFC.String(dr.o.Fill[name])); err != nil {
			return err
		}
	}
	return nil
}

func (dr *draft) fillOne(name, value string) error {
	f, ok := dr.form.fields[name]
	const act = "filling the field"
	switch {
	case !ok:
		return codes.New(ErrField, act, name, "there is no such field")
	case f.kind != "Tx" || !f.leaf || f.ref == (pdf.Ref{}):
		return codes.New(ErrField, act, name, "it is not a text field")
	case !dr.permissions.FillForms && !dr.permissions.Annotate:
		return codes.New(ErrPermission, act, name, "the file forbids filling in")
	case dr.rules.mdp == 1:
		return codes.New(ErrDocMDP, act, name, "an earlier signature allows no changes")
	case dr.rules.locked(name):
		return codes.New(ErrFieldLocked, act, name, "an earlier signature locks it")
	}
	field, err := hold(dr.u, f.ref)
	if err != nil {
		return err
	}
	field.dict["V"] = pdf.EncodeTextString(value)
	if err := field.save(); err != nil {
		return err
	}
	for _, w := range f.widgets {
		if err := dr.fillWidget(w, value, fontOf(f.dict)); err != nil {
			return err
		}
	}
	return nil
}

func (dr *draft) fillWidget(w pdf.Ref, value string, look fieldFont) error {
	h, err := hold(dr.u, w)
	if err != nil {
		return err
	}
	page, box, err := dr.widgetPlace(w, h.dict)
	if err != nil || page == nil {
		return err
	}
	width, height := shownSize(page, box)
	look = look.in(height)
	shown, err := appearance.FieldText(dr.u, page, width, height, value, look.size, look.italic, dr.pdfA)
	if err != nil {
		return err
	}
	h.dict["AP"] = pdf.Dict{"N": shown}
	return h.save()
}

// fieldFont is what a field's value is set in: as the line around it.
type fieldFont struct {
	size   float64 // 0: by the box
	italic bool
}

// The standard fonts' usual resource names (ISO 32000-2, annex D); the appearance embeds the font that is drawn.
const (
	roman  = "/TiRo"
	italic = "/TiIt"
)

// in gives a font without a size the one that suits a box.
func (f fieldFont) in(height float64) fieldFont {
	if f.size <= 0 {
		f.size = min(fieldFontSize, height*fontSizeToLine)
	}
	return f
}

func (f fieldFont) defaultAppearance() pdf.String {
	name := roman
	if f.italic {
		name = italic
	}
	return pdf.String(name + " " + strconv.FormatFloat(f.size, 'f', -1, 64) + " Tf 0 g")
}

// fontOf reads the operands of Tf in the default appearance string; no size where there is none or it means automatic.
func fontOf(field pdf.Dict) fieldFont {
	da, _ := field["DA"].(pdf.String)
	words := strings.Fields(string(da))
	f := fieldFont{}
	i := slices.Index(words, "Tf")
	if i < 1 {
		return f
	}
	f.italic = i > 1 && words[i-2] == italic
	if size, err := strconv.ParseFloat(words[i-1], 64); err == nil && size > 0 && size < 1000 {
		f.size = size
	}
	return f
}
