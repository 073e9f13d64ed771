package render

import (
	"bytes"
	"context"
	"crypto"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/pdf/font"
	"github.com/antinvn/antin/tsp"
	"github.com/antinvn/antin/verify"
)

// PDFOptions say when a PDF report is made, and who signs it.
type PDFOptions struct {
	Time    time.Time               // of making and signing it; zero is not allowed
	Key     crypto.Signer           // nil: the report says that it is not signed
	Chain   []*certpath.Certificate // of Key, the signing certificate first
	KeyName string                  // of Key, for messages
	TSA     tsp.Source              // time-stamps the signature (B-T); nil: it is B-B
}

// PDF writes the report on A4 in an embedded font. With a key it is signed (PAdES B-B, with a TSA B-T; certified with P=1: nothing may
// follow); without one it says on its last page that it is not. Errors are those of package pades, and w's.
func PDF(ctx context.Context, w io.Writer, v *verify.Verdict, r *verify.Report, o *PDFOptions) error {
	content, err := pages(ctx, v, r, o)
	if err != nil {
		return err
	}
	if o.Key == nil {
		_, err = w.Write(content)
		return err
	}
	d, err := pdf.Open(ctx, bytes.NewReader(content), int64(len(content)), nil)
	if err != nil {
		return err
	}
	level := pades.BB
	if o.TSA != nil {
		level = pades.BT
	}
	_, err = pades.Sign(ctx, w, d, o.Key, &pades.Options{Level: level, TSA: o.TSA, Chain: o.Chain, Certify: pades.DocMDP(1), Time: o.Time, KeyName: o.KeyName})
	return err
}

// The measures of a page, in points.
const (
	pageWidth, pageHeight = 595.0, 842.0
	pageMargin            = 56.0
	textWidth             = pageWidth - 2*pageMargin
	leading               = 1.35 // room for stacked Vietnamese marks
	mostPages             = 200
)

// tones are the colours of the answers on white paper.
var tones = map[string][3]float64{"passed": {.07, .39, .16}, "failed": {.64, .05, .15}, "open": {.48, .29, 0}, "training": {.29, .2, .6}, "": {.1, .1, .12}, "soft": {.34, .38, .42}}

// line is one line of text, laid out.
type line struct {
	text   string
	size   float64
	indent float64
	tone   string
	above  float64 // space above it
	mark   verify.Tone
}

// layout collects lines, broken to the width of the page.
type layout struct{ lines []line }

func (l *layout) add(first line) {
	face, rest := font.Serif(), shownOnly(norm.NFC.String(clean(first.text)))
	width := textWidth - first.indent
	if first.mark != "" {
		width -= first.size * 1.4
	}
	for rest != "" {
		var part string
		part, rest = breakLine(face, rest, first.size, width)
		one := first
		one.text = part
		l.lines = append(l.lines, one)
		first.above = 0
		if first.mark != "" {
			first.indent += first.size * 1.4
			first.mark = ""
		}
	}
}

// breakLine cuts a line at a blank, and a word that is too long where it has to be.
func breakLine(face *font.Face, s string, size, width float64) (part, rest string) {
	if face.Width(s, size) <= width {
		return s, ""
	}
	blank, used := 0, 0.0
	for i, r := range s {
		used += face.Width(string(r), size)
		if used > width && i > 0 {
			if blank > 0 {
				i = blank
			}
			return strings.TrimRight(s[:i], " "), strings.TrimLeft(s[i:], " ")
		}
		if r == ' ' {
			blank = i
		}
	}
	return s, ""
}

// shownOnly puts a sign in the place of what the font cannot show.
func shownOnly(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= ' ' && r < 0x250, r >= 0x300 && r < 0x324, r >= 0x1EA0 && r < 0x1F00:
			return r
		}
		switch r {
		case '–', '—', '“', '”', '‘', '’', '…', '₫':
			return r
		case '→':
			return '>'
		}
		return '?'
	}, s)
}

// lay writes the report as lines.
func lay(v *verify.Verdict, r *verify.Report, o *PDFOptions) []line {
	const body, small = 10.5, 9.0
	w := wordsOf(r.Language())
	l := &layout{}
	l.add(line{text: w["title"], size: small, tone: "soft"})
	l.add(line{text: r.File, size: 15, above: 2})
	answer := r.Document.Tone
	l.add(line{text: strings.ToUpper(answer.Word(r.Language())), size: 17, above: 14, tone: string(answer), mark: answer})
	l.add(line{text: r.Said(), size: 12, above: 4})
	if t := r.Document.ValidUntil; t != nil {
		l.add(line{text: w["until"] + " " + clock(*t) + ", " + w["until_note"] + ".", size: body, above: 3})
	}
	for i, n := range r.Document.Next {
		if i == 0 {
			head := w["todo"]
			if r.Document.Indication == verify.TotalPassed {
				head = w["keep"]
			}
			l.add(line{text: head, size: 12, above: 10})
		}
		l.add(line{text: "– " + n, size: body, indent: 10, above: 2})
	}
	for i, one := range r.Document.Lines {
		if i == 0 {
			l.add(line{text: w["signatures"], size: 13, above: 16})
		}
		l.add(line{text: one.Numbers() + ". " + one.Sentence, size: 11, above: 8, tone: string(one.Tone), mark: one.Tone})
		for _, k := range one.Signatures {
			l.signature(k, &r.Signatures[k], w, len(one.Signatures) > 1)
		}
	}
	l.add(line{text: w["technical"], size: 13, above: 18})
	collected := w["online"]
	if v.Facts.Offline {
		collected = w["offline"]
	}
	snapshot := w["none"]
	if r.TrustSnapshot != nil {
		snapshot = *r.TrustSnapshot
	}
	for _, row := range [][2]string{
		{w["code"], strings.TrimSuffix(string(v.Indication)+" / "+string(v.Sub), " / ")}, {w["validated"], clock(v.At)},
		{w["collected"], clock(v.Facts.CollectedAt) + ", " + collected}, {w["policy"], r.Policy}, {w["trust"], snapshot},
		{w["counted"], strconv.Itoa(r.Checked) + ", " + w["reused"] + " " + strconv.Itoa(r.Reused)},
	} {
		l.add(line{text: row[0] + ": " + row[1], size: small, above: 2})
	}
	l.add(line{text: w["zone"] + " " + w["names"], size: small, above: 6, tone: "soft"})
	signed := w["unsigned"]
	if o.Key != nil && len(o.Chain) > 0 {
		signed = w["signed"] + " “" + clean(o.Chain[0].Subject.CommonName()) + "”."
	}
	l.add(line{text: signed, size: body, above: 6})
	return l.lines
}

func (l *layout) signature(k int, s *verify.SignatureReport, w map[string]string, numbered bool) {
	const size, indent = 9.5, 20
	if numbered {
		l.add(line{text: strconv.Itoa(k+1) + ". " + s.Sentence, size: 10.5, indent: indent, above: 4})
	}
	for _, a := range s.Answers {
		l.add(line{text: a.Question + ": " + a.Answer, size: size, indent: indent, above: 1})
	}
	l.add(line{text: w["integrity"] + ": " + w[s.Integrity], size: size, indent: indent, above: 1})
	for _, e := range s.Errors {
		l.add(line{text: w["reasons"] + ": " + strings.Join([]string{e.What, e.Cause, e.Next}, " ") + " [" + e.Label() + "]", size: size, indent: indent, above: 3, tone: string(s.Tone)})
	}
	for _, e := range s.Warnings {
		l.add(line{text: w["warnings"] + ": " + e.What + " " + e.Next + " [" + e.Label() + "]", size: size, indent: indent, above: 3})
	}
	for _, c := range s.ChangeLines {
		l.add(line{text: w["changes"] + ": " + c, size: size, indent: indent, above: 2})
	}
	l.add(line{text: w["format"] + " " + s.Format + ", " + w["level"] + " " + s.Level + ". " + w["id"] + ": " + s.ID, size: 8, indent: indent, above: 2, tone: "soft"})
}

// pages draws the report.
func pages(ctx context.Context, v *verify.Verdict, r *verify.Report, o *PDFOptions) ([]byte, error) {
	base := pdf.Empty()
	d, err := pdf.Open(ctx, bytes.NewReader(base), int64(len(base)), nil)
	if err != nil {
		return nil, err
	}
	u, err := d.NewUpdate()
	if err != nil {
		return nil, err
	}
	lines := lay(v, r, o)
	numbers := wordsOf(r.Language())["page"] + " /0123456789"
	texts := []string{numbers}
	for _, l := range lines {
		texts = append(texts, l.text)
	}
	face, err := font.Embed(u, font.Serif(), texts...)
	if err != nil {
		return nil, err
	}
	tree := pdf.Ref{Number: 2}
	var kids pdf.Array
	sheets := paginate(lines)
	for i, sheet := range sheets {
		label := fmt.Sprintf("%s %d/%d", wordsOf(r.Language())["page"], i+1, len(sheets))
		content := u.Add(pdf.NewStream(pdf.Dict{}, draw(sheet, face, label), true))
		kids = append(kids, u.Add(pdf.Dict{
			"Type": pdf.Name("Page"), "Parent": tree, "MediaBox": pdf.Array{int64(0), int64(0), int64(pageWidth), int64(pageHeight)},
			"Resources": pdf.Dict{"Font": pdf.Dict{"F": face.Ref}}, "Contents": content,
		}))
	}
	title := pdf.EncodeTextString(wordsOf(r.Language())["title"] + ": " + clean(r.File))
	for ref, object := range map[pdf.Ref]pdf.Object{
		tree: pdf.Dict{"Type": pdf.Name("Pages"), "Kids": kids, "Count": int64(len(kids))},
		{Number: 1}: pdf.Dict{
			"Type": pdf.Name("Catalog"), "Pages": tree, "Lang": pdf.String(r.Language()), "ViewerPreferences": pdf.Dict{"DisplayDocTitle": true},
			"Metadata": u.Add(pdf.NewStream(pdf.Dict{"Type": pdf.Name("Metadata"), "Subtype": pdf.Name("XML")}, metadata(pdf.TextString(title), o.Time), false)),
		},
	} {
		if err := u.Set(ref, object); err != nil {
			return nil, err
		}
	}
	out := bytes.NewBuffer(base)
	tail, err := u.Tail(nil)
	if err != nil {
		return nil, err
	}
	out.Write(tail)
	return out.Bytes(), nil
}

// metadata is an XMP packet with the title (ISO 16684-1).
func metadata(title string, at time.Time) []byte {
	return []byte(`<?xpacket begin="` + "\ufeff" + `" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
		`<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"><dc:title><rdf:Alt><rdf:li xml:lang="x-default">` +
		escaped(title) + `</rdf:li></rdf:Alt></dc:title><xmp:CreateDate>` + date(at) + `</xmp:CreateDate></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>`)
}

// paginate puts lines on pages; what would take more than mostPages is cut.
func paginate(lines []line) [][]line {
	var out [][]line
	var sheet []line
	room := pageHeight - 2*pageMargin
	for _, l := range lines {
		need := l.size*leading + l.above
		if need > room {
			out = append(out, sheet)
			sheet, room = nil, pageHeight-2*pageMargin
			if len(out) == mostPages {
				return out
			}
		}
		sheet = append(sheet, l)
		room -= need
	}
	return append(out, sheet)
}

// draw writes the content of a page.
func draw(sheet []line, face *font.Embedded, label string) []byte {
	var b bytes.Buffer
	y := pageHeight - pageMargin
	put := func(x, y, size float64, tone, text string) {
		c := tones[tone]
		fmt.Fprintf(&b, "BT /F %.2f Tf %.2f %.2f %.2f rg %.2f %.2f Td %s Tj ET\n", size, c[0], c[1], c[2], x, y, face.Encode(text))
	}
	for _, l := range sheet {
		y -= l.size*leading + l.above
		x := pageMargin + l.indent
		if l.mark != "" {
			sign(&b, l.mark, x, y, l.size)
			x += l.size * 1.4
		}
		put(x, y, l.size, l.tone, l.text)
	}
	put(pageMargin, pageMargin/2, 8, "soft", label)
	return b.Bytes()
}

// sign draws the symbol of an answer: a tick, a cross, an open circle or a lozenge. Its shape alone tells which.
func sign(b *bytes.Buffer, t verify.Tone, x, y, size float64) {
	c := tones[string(t)]
	fmt.Fprintf(b, "q %.2f %.2f %.2f RG %.2f w 1 J 1 j %.3f 0 0 %.3f %.2f %.2f cm ", c[0], c[1], c[2], .13, size, size, x, y)
	switch t {
	case verify.TonePassed:
		b.WriteString("0.1 0.35 m 0.38 0.05 l 0.9 0.7 l S")
	case verify.ToneFailed:
		b.WriteString("0.15 0.02 m 0.85 0.7 l 0.85 0.02 m 0.15 0.7 l S")
	case verify.ToneTraining:
		b.WriteString("0.5 0.8 m 0.92 0.36 l 0.5 -0.08 l 0.08 0.36 l s")
	case verify.ToneOpen:
		b.WriteString("0.9 0.36 m 0.9 0.58 0.72 0.76 0.5 0.76 c 0.28 0.76 0.1 0.58 0.1 0.36 c 0.1 0.14 0.28 -0.04 0.5 -0.04 c 0.72 -0.04 0.9 0.14 0.9 0.36 c s")
	}
	b.WriteString(" Q\n")
}
