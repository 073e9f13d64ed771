package document

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/pki/training/pictures"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pades/appearance"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/pdf/text"
)

// The names of the fields: the person's signature, and what is reserved for number, date and seal.
const (
	fieldLeader = "leader"
	fieldNumber = "number"
	fieldDay    = "day"
	fieldMonth  = "month"
	fieldYear   = "year"
	fieldSeal   = "seal"
)

// sealMM is the diameter of the training seal.
const sealMM = 36

func has(gaps []text.Gap, name string) bool {
	return slices.ContainsFunc(gaps, func(g text.Gap) bool { return g.Name == name })
}

// forSignature says how the leader signs: below his line, with the fields for number, date and seal made first, in the same revision.
func forSignature(ctx context.Context, d *pdf.Document) (*pades.Options, error) {
	v := d.Latest()
	m, err := text.Signer(ctx, v)
	if err != nil {
		return nil, err
	}
	box, err := text.SpaceBelow(ctx, v, m, text.SignatureWidth, text.SignatureHeight)
	if err != nil {
		return nil, err
	}
	gaps, err := text.Gaps(ctx, v)
	if err != nil {
		return nil, err
	}
	o := &pades.Options{
		Certify:    2,
		Field:      pades.FieldSpec{Name: fieldLeader, Place: &pades.Place{Page: m.Page, Rect: box}},
		Appearance: &appearance.Spec{Kind: appearance.Person, Image: pictures.Signature},
	}
	for _, name := range []string{fieldNumber, fieldDay, fieldMonth, fieldYear} {
		if has(gaps, name) {
			o.Reserve = append(o.Reserve, pades.Reservation{Name: name})
		}
	}
	o.Reserve = append(o.Reserve, pades.Reservation{Name: fieldSeal})
	return o, nil
}

// forSeal says how the agency seals: number and date are filled in, the seal goes into its field.
func forSeal(d *pdf.Document, number int, day time.Time) (*pades.Options, error) {
	day = day.In(clock.Vietnam)
	values := map[string]string{
		fieldNumber: fmt.Sprintf("%02d", number), fieldDay: day.Format("02"), fieldMonth: decreeMonth(day.Month()), fieldYear: day.Format("2006"),
	}
	fields, err := pades.Fields(d.Latest())
	if err != nil {
		return nil, err
	}
	o := &pades.Options{
		Fill: map[string]string{}, Field: pades.FieldSpec{Name: fieldSeal},
		Appearance: &appearance.Spec{Kind: appearance.Agency, Image: pictures.Seal, WidthMM: sealMM, HeightMM: sealMM},
	}
	for _, f := range fields {
		if v, ok := values[f.Name]; ok {
			o.Fill[f.Name] = v
		}
	}
	return o, nil
}

// decreeMonth pads January and February only (decree 30/2020, appendix I, II.4).
func decreeMonth(m time.Month) string {
	if m <= time.February {
		return fmt.Sprintf("%02d", int(m))
	}
	return strconv.Itoa(int(m))
}
