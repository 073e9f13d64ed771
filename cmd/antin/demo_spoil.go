package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"strings"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pades/appearance"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/verify"
)

// The spoiled copies.
const (
	spoiledByte   = "4-spoiled-byte.pdf"
	spoiledNumber = "4-spoiled-number.pdf"
	spoiledCMS    = "4-spoiled-cms.pdf"
)

// spoil: step 6. Each copy must be refused.
func (d *demo) spoil(ctx context.Context) error {
	sealed, err := os.ReadFile(d.path("3-sealed.pdf"))
	if err != nil {
		return codes.Wrap(errInput, "reading", "3-sealed.pdf", err)
	}
	d.say("demo.spoiled")
	for _, s := range []struct {
		name, what string
		make       func(context.Context, []byte) ([]byte, error)
	}{
		{spoiledByte, d.e.say("demo.spoil.byte"), spoilByte},
		{spoiledNumber, d.e.say("demo.spoil.number"), spoilNumber},
		{spoiledCMS, d.e.say("demo.spoil.cms"), spoilCMS},
	} {
		content, err := s.make(ctx, sealed)
		if err != nil {
			return err
		}
		if err := d.write(s.name, s.what, func(w *os.File) error { _, err := w.Write(content); return err }); err != nil {
			return err
		}
		report, err := d.verify(ctx, d.path(s.name))
		if err != nil {
			return err
		}
		d.conclude(fmt.Sprintf("%s (%s): %s%s", s.name, s.what, report.Document.Sentence, d.blame(report)))
		if report.Document.Indication != verify.TotalFailed {
			return codes.New(errDemo, "checking", s.name, "a spoiled copy was not refused: "+report.Text())
		}
	}
	return nil
}

// blame names the fields whose signatures failed.
func (d *demo) blame(r *verify.Report) string {
	var fields []string
	for i := range r.Signatures {
		if s := &r.Signatures[i]; s.Type == "signature" && s.Indication == verify.TotalFailed && s.Field != nil {
			fields = append(fields, *s.Field)
		}
	}
	return " " + d.e.say("demo.blame", "fields", strings.Join(fields, ", "))
}

func openBytes(ctx context.Context, b []byte) (*pdf.Document, error) {
	return pdf.Open(ctx, bytes.NewReader(b), int64(len(b)), nil)
}

// spoilByte flips one bit in the middle of the first page's content.
func spoilByte(ctx context.Context, b []byte) ([]byte, error) {
	doc, err := openBytes(ctx, b)
	if err != nil {
		return nil, err
	}
	page, err := doc.Latest().Page(1)
	if err != nil {
		return nil, err
	}
	contents := page.Dict["Contents"]
	if a, err := doc.Latest().Array(contents); err == nil && len(a) > 0 {
		contents = a[0]
	}
	s, err := doc.Latest().Stream(contents)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return nil, codes.New(errDemo, "spoiling", "page 1", "the page has no content")
	}
	offset, length := s.Extent()
	out := bytes.Clone(b)
	out[offset+length/2] ^= 0x01
	return out, nil
}

// spoilNumber appends a revision that fills the number again.
func spoilNumber(ctx context.Context, b []byte) ([]byte, error) {
	doc, err := openBytes(ctx, b)
	if err != nil {
		return nil, err
	}
	fields, err := pades.Fields(doc.Latest())
	if err != nil {
		return nil, err
	}
	for _, f := range fields {
		if f.Name != "number" {
			continue
		}
		return refill(ctx, doc, f, "50")
	}
	return nil, codes.New(errDemo, "spoiling", "number", "the field is not there")
}

func refill(ctx context.Context, doc *pdf.Document, f pades.FieldInfo, value string) ([]byte, error) {
	u, err := doc.NewUpdate()
	if err != nil {
		return nil, err
	}
	old, err := u.Load(f.Ref)
	if err != nil {
		return nil, err
	}
	d := pdf.Dict{}
	if m, ok := old.(pdf.Dict); ok {
		maps.Copy(d, m)
	}
	page, err := doc.Latest().Page(f.Page)
	if err != nil {
		return nil, err
	}
	form, err := appearance.FieldText(u, page, f.Rect.X1-f.Rect.X0, f.Rect.Y1-f.Rect.Y0, value, 0, false, "")
	if err != nil {
		return nil, err
	}
	d["V"] = pdf.EncodeTextString(value)
	d["AP"] = pdf.Dict{"N": form}
	if err := u.Set(f.Ref, d); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if _, err := u.WriteTo(ctx, &out); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// spoilCMS puts the seal's signature where the leader's was.
func spoilCMS(ctx context.Context, b []byte) ([]byte, error) {
	doc, err := openBytes(ctx, b)
	if err != nil {
		return nil, err
	}
	sigs, err := pades.Signatures(ctx, doc)
	if err != nil {
		return nil, err
	}
	var leader, seal *pades.Signature
	for _, s := range sigs {
		switch s.Field {
		case "leader":
			leader = s
		case "seal":
			seal = s
		}
	}
	if leader == nil || seal == nil || len(leader.ByteRange) != 4 {
		return nil, codes.New(errDemo, "spoiling", "the leader's signature", "it is not there")
	}
	out := bytes.Clone(b)
	gap := out[leader.ByteRange[1]+1 : leader.ByteRange[2]-1] // the hexadecimal digits between < and >
	swapped := []byte(hex.EncodeToString(seal.Contents))
	if len(swapped) > len(gap) {
		swapped = swapped[:len(gap)]
	}
	copy(gap, bytes.Repeat([]byte("0"), len(gap)))
	copy(gap, swapped)
	return out, nil
}
