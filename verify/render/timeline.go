package render

import (
	"fmt"
	"time"

	"github.com/antinvn/antin/verify"
)

// timeline is a picture: a bar for each signer's certificate, a mark where it signed, and a line at the time of validation.
type timeline struct {
	Height, NowX float64
	From, To     string
	Rows         []timelineRow
}

type timelineRow struct {
	Y, TextY, X, Width float64
	MarkX              float64 // below zero: no time is known
	Kind, Symbol, Name string
	Said               string // the row in words
}

// The picture's measures, in its own units.
const (
	timelineWidth = 700
	rowHeight     = 52
	mostRows      = 40
)

// timelineOf is nil where there is nothing to draw.
func timelineOf(v *verify.Verdict, r *verify.Report) *timeline {
	from, to := v.At, v.At
	reach := func(t time.Time) {
		if t.Before(from) {
			from = t
		}
		if t.After(to) {
			to = t
		}
	}
	type bar struct {
		i    int
		cert *verify.CertificateFacts
	}
	var bars []bar
	for i := range v.Facts.Signatures {
		c := certificateOf(v.Facts, v.Facts.Signatures[i].Signer)
		if c == nil || len(bars) == mostRows {
			continue
		}
		bars = append(bars, bar{i, c})
		reach(c.NotBefore)
		reach(c.NotAfter)
		if t := madeAt(&r.Signatures[i]); t != nil {
			reach(*t)
		}
	}
	span := to.Sub(from)
	if len(bars) == 0 || span <= 0 {
		return nil
	}
	x := func(t time.Time) float64 { return 10 + (timelineWidth-20)*(float64(t.Sub(from))/float64(span)) }
	out := &timeline{Height: float64(len(bars))*rowHeight + 6, NowX: x(v.At), From: day(from), To: day(to)}
	for k, b := range bars {
		s := &r.Signatures[b.i]
		row := timelineRow{
			Y: float64(k)*rowHeight + 30, X: x(b.cert.NotBefore), Kind: string(s.Tone), Symbol: s.Tone.Symbol(), MarkX: -1,
			Name: fmt.Sprintf("%d. %s", b.i+1, shortened(clean(b.cert.CommonName))),
		}
		row.TextY, row.Width = row.Y-8, x(b.cert.NotAfter)-row.X
		row.Said = row.Name + ": " + day(b.cert.NotBefore) + " – " + day(b.cert.NotAfter)
		if t := madeAt(s); t != nil {
			row.MarkX = x(*t)
			row.Said += "; " + clock(*t)
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

func madeAt(s *verify.SignatureReport) *time.Time {
	if s.BestSignatureTime != nil {
		return s.BestSignatureTime
	}
	return s.ClaimedTime
}

func day(t time.Time) string { return t.In(vietnam).Format("02/01/2006") }

func shortened(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

func certificateOf(f *verify.Facts, id string) *verify.CertificateFacts {
	for i := range f.Certificates {
		if id != "" && f.Certificates[i].ID == id {
			return &f.Certificates[i]
		}
	}
	return nil
}
