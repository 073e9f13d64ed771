package pades

import (
	"fmt"
	"math"
	"slices"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pades/appearance"
	"github.com/antinvn/antin/pdf"
)

// Annotation flags (ISO 32000-2, table 167).
const (
	flagPrint  = 1 << 2
	flagLocked = 1 << 7
)

// page finds the place's page.
func (p *Place) page(v *pdf.View) (*pdf.Page, error) {
	page, err := v.Page(p.Page)
	if err != nil {
		return nil, codes.Wrap(ErrPlace, "finding the page", fmt.Sprint(p.Page), err)
	}
	if p.width() <= 0 || p.height() <= 0 {
		return nil, codes.New(ErrPlace, "placing on a page", fmt.Sprint(p.Page), "the box has no area")
	}
	if w, h := appearance.ShownSize(page); p.Rect.X1 <= 0 || p.Rect.Y1 <= 0 || p.Rect.X0 >= w || p.Rect.Y0 >= h {
		return nil, codes.New(ErrPlace, "placing on a page", fmt.Sprint(p.Page), fmt.Sprintf("the box lies outside the page of %.0f × %.0f points", w, h))
	}
	return page, nil
}

func (p *Place) width() float64  { return p.Rect.X1 - p.Rect.X0 }
func (p *Place) height() float64 { return p.Rect.Y1 - p.Rect.Y0 }

// userSpace turns a rectangle of the page as it is shown into default user space: UserUnit, rotation and the crop
// box's corner are taken out again (ISO 32000-2, 8.3.2.3 and table 31).
func userSpace(page *pdf.Page, r pdf.Rect) pdf.Rect {
	unit := page.UserUnit
	if unit <= 0 {
		unit = 1
	}
	box := page.CropBox
	x0, y0 := intoUser(page.Rotate, box, r.X0/unit, r.Y0/unit)
	x1, y1 := intoUser(page.Rotate, box, r.X1/unit, r.Y1/unit)
	return pdf.Rect{X0: min(x0, x1), Y0: min(y0, y1), X1: max(x0, x1), Y1: max(y0, y1)}
}

// intoUser undoes the clockwise rotation for one shown point.
func intoUser(rotate int, box pdf.Rect, x, y float64) (float64, float64) {
	w, h := box.X1-box.X0, box.Y1-box.Y0
	switch rotate {
	case 90:
		x, y = w-y, x
	case 180:
		x, y = w-x, h-y
	case 270:
		x, y = y, h-x
	}
	return box.X0 + x, box.Y0 + y
}

// onPage is the reverse of userSpace.
func onPage(page *pdf.Page, r pdf.Rect) pdf.Rect {
	unit := page.UserUnit
	if unit <= 0 {
		unit = 1
	}
	x0, y0 := fromUser(page.Rotate, page.CropBox, r.X0, r.Y0)
	x1, y1 := fromUser(page.Rotate, page.CropBox, r.X1, r.Y1)
	return pdf.Rect{X0: min(x0, x1) * unit, Y0: min(y0, y1) * unit, X1: max(x0, x1) * unit, Y1: max(y0, y1) * unit}
}

func fromUser(rotate int, box pdf.Rect, x, y float64) (float64, float64) {
	w, h := box.X1-box.X0, box.Y1-box.Y0
	x, y = x-box.X0, y-box.Y0
	switch rotate {
	case 90:
		x, y = y, w-x
	case 180:
		x, y = w-x, h-y
	case 270:
		x, y = h-y, x
	}
	return x, y
}

// shownSize is the size of a rectangle of user space as it is shown, in points.
func shownSize(page *pdf.Page, r pdf.Rect) (width, height float64) {
	unit := page.UserUnit
	if unit <= 0 {
		unit = 1
	}
	width, height = (r.X1-r.X0)*unit, (r.Y1-r.Y0)*unit
	if page.Rotate%180 != 0 {
		width, height = height, width
	}
	return width, height
}

// rectArray writes a rectangle, in thousandths of a unit: a fixed spelling gives fixed bytes.
func rectArray(r pdf.Rect) pdf.Array {
	return pdf.Array{thousandths(r.X0), thousandths(r.Y0), thousandths(r.X1), thousandths(r.Y1)}
}

// asWritten is a rectangle after rectArray.
func asWritten(r pdf.Rect) pdf.Rect {
	round := func(f float64) float64 { return math.Round(f*1000) / 1000 }
	return pdf.Rect{X0: round(r.X0), Y0: round(r.Y0), X1: round(r.X1), Y1: round(r.Y1)}
}

func thousandths(f float64) pdf.Object {
	n := int64(f*1000 + 0.5)
	if f < 0 {
		n = int64(f*1000 - 0.5)
	}
	if n%1000 == 0 {
		return n / 1000
	}
	return float64(n) / 1000
}

// widget is the dictionary of a new widget: printed, locked, and empty where nothing is shown.
func widget(page *pdf.Page, at *Place) pdf.Dict {
	d := pdf.Dict{
		"Type": pdf.Name("Annot"), "Subtype": pdf.Name("Widget"),
		"F":    int64(flagPrint | flagLocked),
		"Rect": pdf.Array{int64(0), int64(0), int64(0), int64(0)},
	}
	if page != nil {
		d["P"] = page.Ref
	}
	if at == nil {
		return d
	}
	d["Rect"] = rectArray(userSpace(page, at.Rect))
	if page.Rotate != 0 {
		d["MK"] = pdf.Dict{"R": int64(page.Rotate)}
	}
	return d
}

// pageOf is the number of the page that shows a widget: the one /P names, or whose /Annots names the widget; 0 if none.
func pageOf(v *pdf.View, r resolver, w pdf.Ref, d pdf.Dict) (int, error) {
	pages, err := v.PageRefs()
	if err != nil {
		return 0, err
	}
	return pageAmong(pages, r, w, d)
}

func pageAmong(pages []pdf.Ref, r resolver, w pdf.Ref, d pdf.Dict) (int, error) {
	if p, ok := d["P"].(pdf.Ref); ok {
		return slices.Index(pages, p) + 1, nil
	}
	for i, ref := range pages {
		page, err := dictOf(r, ref)
		if err != nil {
			return 0, err
		}
		annots, err := arrayOf(r, page["Annots"])
		if err != nil {
			return 0, err
		}
		if slices.Contains(annots, pdf.Object(w)) {
			return i + 1, nil
		}
	}
	return 0, nil
}
