package pades

import (
	"maps"
	"slices"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pdf"
)

// resolver is what [pdf.View] and [pdf.Update] share.
type resolver interface {
	Resolve(o pdf.Object) (pdf.Object, error)
}

func dictOf(r resolver, o pdf.Object) (pdf.Dict, error) {
	o, err := r.Resolve(o)
	d, _ := o.(pdf.Dict)
	return d, err
}

func arrayOf(r resolver, o pdf.Object) (pdf.Array, error) {
	o, err := r.Resolve(o)
	a, _ := o.(pdf.Array)
	return a, err
}

func nameOf(r resolver, o pdf.Object) (pdf.Name, error) {
	o, err := r.Resolve(o)
	n, _ := o.(pdf.Name)
	return n, err
}

func textOf(r resolver, o pdf.Object) (string, error) {
	o, err := r.Resolve(o)
	s, _ := o.(pdf.String)
	return pdf.TextString(s), err
}

func intOf(r resolver, o pdf.Object) (int64, bool, error) {
	o, err := r.Resolve(o)
	n, ok := o.(int64)
	return n, ok, err
}

// rectOf reads a rectangle, its corners put in order.
func rectOf(r resolver, o pdf.Object) (pdf.Rect, bool, error) {
	a, err := arrayOf(r, o)
	if err != nil || len(a) != 4 {
		return pdf.Rect{}, false, err
	}
	var n [4]float64
	for i, v := range a {
		v, err := r.Resolve(v)
		if err != nil {
			return pdf.Rect{}, false, err
		}
		switch v := v.(type) {
		case int64:
			n[i] = float64(v)
		case float64:
			n[i] = v
		default:
			return pdf.Rect{}, false, nil
		}
	}
	return pdf.Rect{X0: min(n[0], n[2]), Y0: min(n[1], n[3]), X1: max(n[0], n[2]), Y1: max(n[1], n[3])}, true, nil
}

// holder is a dictionary of the revision being made: a copy that may be changed, and the indirect object that is
// written when it was. A dictionary inside another is saved with the one that holds it, so that references stay
// references and what was direct stays direct.
type holder struct {
	u    *pdf.Update
	dict pdf.Dict
	save func() error
}

func hold(u *pdf.Update, r pdf.Ref) (holder, error) {
	o, err := u.Load(r)
	if err != nil {
		return holder{}, err
	}
	d, ok := o.(pdf.Dict)
	if !ok {
		return holder{}, codes.New(ErrField, "changing an object", refName(r), "it is not a dictionary")
	}
	d = maps.Clone(d)
	return holder{u, d, func() error { return u.Set(r, d) }}, nil
}

// child is the dictionary under key, made where absent.
func (h holder) child(key pdf.Name) (holder, error) {
	switch v := h.dict[key].(type) {
	case pdf.Ref:
		o, err := h.u.Load(v)
		if err != nil {
			return holder{}, err
		}
		if _, ok := o.(pdf.Dict); ok {
			return hold(h.u, v)
		}
	case pdf.Dict:
		d := maps.Clone(v)
		h.dict[key] = d
		return holder{h.u, d, h.save}, nil
	}
	d := pdf.Dict{}
	h.dict[key] = d
	return holder{h.u, d, h.save}, nil
}

// append adds to the array under key and saves. An indirect array is rewritten in its own place: every page or
// dictionary that shares it sees the addition.
func (h holder) append(key pdf.Name, items ...pdf.Object) error {
	if r, ok := h.dict[key].(pdf.Ref); ok {
		o, err := h.u.Load(r)
		if err != nil {
			return err
		}
		if a, ok := o.(pdf.Array); ok {
			return h.u.Set(r, append(slices.Clone(a), items...))
		}
	}
	a, _ := h.dict[key].(pdf.Array)
	h.dict[key] = append(slices.Clone(a), items...)
	return h.save()
}

// catalog holds the document catalog.
func catalog(u *pdf.Update) (holder, error) { return hold(u, u.Base().CatalogRef()) }
