package text

import (
	"context"
	"math"

	"github.com/antinvn/antin/pdf"
)

// The bounds of reading one page.
const (
	maxOperators = 5_000_000
	maxGlyphs    = 1_000_000
	maxForms     = 12    // one inside the other
	maxRuns      = 2_000 // of forms, and of fonts read
)

// matrix is a b c d e f of ISO 32000-2, 8.3.3.
type matrix [6]float64

var identity = matrix{1, 0, 0, 1, 0, 0}

// mul is m applied before n.
func (m matrix) mul(n matrix) matrix {
	return matrix{
		m[0]*n[0] + m[1]*n[2], m[0]*n[1] + m[1]*n[3], m[2]*n[0] + m[3]*n[2], m[2]*n[1] + m[3]*n[3], m[4]*n[0] + m[5]*n[2] + n[4], m[4]*n[1] + m[5]*n[3] + n[5],
	}
}

func (m matrix) apply(x, y float64) (float64, float64) {
	return m[0]*x + m[2]*y + m[4], m[1]*x + m[3]*y + m[5]
}

// state is the part of the graphics state that places text.
type state struct {
	ctm                                    matrix
	font                                   *textFont
	size, charSpace, wordSpace, lead, rise float64
	scale                                  float64
}

type interpreter struct {
	ctx       context.Context
	v         *pdf.View
	fonts     map[pdf.Object]*textFont
	glyphs    []Glyph
	operators int
	runs      int
	s         state
	stack     []state
	tm, tlm   matrix
}

// readPage runs a page's content.
func readPage(ctx context.Context, v *pdf.View, p *pdf.Page) ([]Glyph, error) {
	content, err := pageContent(v, p.Dict["Contents"])
	if err != nil {
		return nil, err
	}
	in := &interpreter{ctx: ctx, v: v, fonts: map[pdf.Object]*textFont{}}
	in.s = state{ctm: shown(p), scale: 1}
	resources, err := v.Dict(p.Resources)
	if err != nil {
		return nil, err
	}
	if err := in.run(content, resources, 0); err != nil {
		return nil, err
	}
	return in.glyphs, nil
}

// shown maps default user space to the page as it is shown.
func shown(p *pdf.Page) matrix {
	b, u := p.CropBox, p.UserUnit
	w, h := b.X1-b.X0, b.Y1-b.Y0
	m := matrix{1, 0, 0, 1, -b.X0, -b.Y0}
	switch p.Rotate {
	case 90:
		m = m.mul(matrix{0, -1, 1, 0, 0, w})
	case 180:
		m = m.mul(matrix{-1, 0, 0, -1, w, h})
	case 270:
		m = m.mul(matrix{0, 1, -1, 0, h, 0})
	}
	return m.mul(matrix{u, 0, 0, u, 0, 0})
}

func pageContent(v *pdf.View, o pdf.Object) ([]byte, error) {
	r, err := v.Resolve(o)
	if err != nil {
		return nil, err
	}
	var parts pdf.Array
	switch r := r.(type) {
	case *pdf.Stream:
		parts = pdf.Array{r}
	case pdf.Array:
		parts = r
	}
	var out []byte
	for _, p := range parts {
		s, err := v.Stream(p)
		if err != nil {
			return nil, err
		}
		out = append(append(out, decoded(v, s)...), '\n') // a part that cannot be read shows no text
	}
	return out, nil
}

func (in *interpreter) run(content []byte, resources pdf.Dict, depth int) error {
	sc := pdf.NewScanner(content)
	var args []pdf.Object
	for {
		if in.operators++; in.operators > maxOperators || len(in.glyphs) > maxGlyphs {
			return nil
		}
		if in.operators%2048 == 0 {
			if err := in.ctx.Err(); err != nil {
				return err
			}
		}
		o, op, ok := sc.Next()
		switch {
		case !ok:
			return nil
		case op == "":
			if args = append(args, o); len(args) > 64 {
				args = args[1:]
			}
			continue
		case op == "BI":
			sc.SkipInlineImage()
		default:
			if err := in.operator(op, args, resources, depth); err != nil {
				return err
			}
		}
		args = args[:0]
	}
}

func num(args []pdf.Object, i int) float64 {
	if i < 0 || i >= len(args) {
		return 0
	}
	switch n := args[i].(type) {
	case int64:
		return float64(n)
	case float64:
		return n
	}
	return 0
}

func matrixOf(args []pdf.Object) matrix {
	var m matrix
	for i := range m {
		m[i] = num(args, i)
	}
	return m
}

func (in *interpreter) operator(op string, args []pdf.Object, resources pdf.Dict, depth int) error {
	switch op {
	case "q":
		if len(in.stack) < 512 {
			in.stack = append(in.stack, in.s)
		}
	case "Q":
		if n := len(in.stack); n > 0 {
			in.s, in.stack = in.stack[n-1], in.stack[:n-1]
		}
	case "cm":
		in.s.ctm = matrixOf(args).mul(in.s.ctm)
	case "BT":
		in.tm, in.tlm = identity, identity
	case "Tf":
		if len(args) >= 2 {
			name, _ := args[0].(pdf.Name)
			in.s.size = num(args, 1)
			f, err := in.fontOf(name, resources)
			if err != nil {
				return err
			}
			in.s.font = f
		}
	case "Tc":
		in.s.charSpace = num(args, 0)
	case "Tw":
		in.s.wordSpace = num(args, 0)
	case "Tz":
		in.s.scale = num(args, 0) / 100
	case "TL":
		in.s.lead = num(args, 0)
	case "Ts":
		in.s.rise = num(args, 0)
	case "Td":
		in.move(num(args, 0), num(args, 1))
	case "TD":
		in.s.lead = -num(args, 1)
		in.move(num(args, 0), num(args, 1))
	case "Tm":
		in.tm = matrixOf(args)
		in.tlm = in.tm
	case "T*":
		in.move(0, -in.s.lead)
	case "Tj", "'", "\"":
		if op != "Tj" {
			in.move(0, -in.s.lead)
		}
		if op == "\"" && len(args) >= 3 {
			in.s.wordSpace, in.s.charSpace = num(args, 0), num(args, 1)
		}
		if n := len(args); n > 0 {
			if s, ok := args[n-1].(pdf.String); ok {
				in.show([]byte(s))
			}
		}
	case "TJ":
		in.showArray(args)
	case "Do":
		if len(args) > 0 {
			name, _ := args[0].(pdf.Name)
			return in.form(name, resources, depth)
		}
	}
	return nil
}

func (in *interpreter) move(x, y float64) {
	in.tlm = matrix{1, 0, 0, 1, x, y}.mul(in.tlm)
	in.tm = in.tlm
}

func (in *interpreter) showArray(args []pdf.Object) {
	if len(args) == 0 {
		return
	}
	a, _ := args[0].(pdf.Array)
	for _, e := range a {
		switch e := e.(type) {
		case pdf.String:
			in.show([]byte(e))
		case int64:
			in.advance(-float64(e) / 1000 * in.s.size * in.s.scale)
		case float64:
			in.advance(-e / 1000 * in.s.size * in.s.scale)
		}
	}
}

func (in *interpreter) advance(x float64) { in.tm = matrix{1, 0, 0, 1, x, 0}.mul(in.tm) }

func (in *interpreter) show(s []byte) {
	f := in.s.font
	if f == nil {
		return
	}
	for len(s) > 0 {
		code, n := f.code(s)
		s = s[n:]
		w := f.width(code)/1000*in.s.size + in.s.charSpace
		if n == 1 && code == ' ' {
			w += in.s.wordSpace
		}
		in.glyph(f.text(code), f.width(code)/1000*in.s.size*in.s.scale)
		in.advance(w * in.s.scale)
	}
}

// glyph records a character's box: its advance wide, from a descent of 0.22 to an ascent of 0.89 of the font size, which is what
// text faces have.
func (in *interpreter) glyph(t string, width float64) {
	if t == "" {
		return
	}
	m := in.tm.mul(in.s.ctm)
	em := in.s.size * in.s.font.em
	low, high := in.s.rise-0.22*em, in.s.rise+0.89*em
	r := pdf.Rect{X0: math.Inf(1), Y0: math.Inf(1), X1: math.Inf(-1), Y1: math.Inf(-1)}
	for _, c := range [4][2]float64{{0, low}, {width, low}, {0, high}, {width, high}} {
		x, y := m.apply(c[0], c[1])
		r = union(r, pdf.Rect{X0: x, Y0: y, X1: x, Y1: y})
	}
	size := math.Hypot(m[2], m[3]) * math.Abs(em)
	in.glyphs = append(in.glyphs, Glyph{Text: t, Rect: r, Size: size, Font: in.s.font.name})
}

func (in *interpreter) form(name pdf.Name, resources pdf.Dict, depth int) error {
	if in.runs++; depth >= maxForms || in.runs > maxRuns {
		return nil
	}
	if err := in.ctx.Err(); err != nil {
		return err
	}
	objects, err := in.v.Dict(resources["XObject"])
	if err != nil {
		return err
	}
	s, err := in.v.Stream(objects[name])
	if err != nil || s == nil || s.Dict["Subtype"] != pdf.Name("Form") {
		return err
	}
	data := decoded(in.v, s) // a form that cannot be read shows no text
	own, err := in.v.Dict(s.Dict["Resources"])
	if err != nil {
		return err
	}
	if own == nil {
		own = resources
	}
	saved, stack, tm, tlm := in.s, in.stack, in.tm, in.tlm
	in.stack = nil
	if m, err := in.v.Array(s.Dict["Matrix"]); err == nil && len(m) == 6 {
		in.s.ctm = matrixOf(m).mul(in.s.ctm)
	}
	err = in.run(data, own, depth+1)
	in.s, in.stack, in.tm, in.tlm = saved, stack, tm, tlm
	return err
}

func (in *interpreter) fontOf(name pdf.Name, resources pdf.Dict) (*textFont, error) {
	fonts, err := in.v.Dict(resources["Font"])
	if err != nil {
		return nil, err
	}
	ref := fonts[name]
	if r, ok := ref.(pdf.Ref); ok {
		if f, ok := in.fonts[r]; ok {
			return f, nil
		}
	}
	if in.runs++; in.runs > maxRuns {
		return nil, in.ctx.Err()
	}
	d, err := in.v.Dict(ref)
	if err != nil || d == nil {
		return nil, err
	}
	f, err := readFont(in.v, d)
	if err != nil {
		return nil, err
	}
	if r, ok := ref.(pdf.Ref); ok {
		in.fonts[r] = f
	}
	return f, nil
}
