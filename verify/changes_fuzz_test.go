package verify

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/antinvn/antin/pdf"
)

// FuzzChanges appends anything to a file with one of each thing, and compares: no panic, and what is new is explained or forbidden.
func FuzzChanges(f *testing.F) {
	base := everything()
	for _, tt := range ruleCases {
		for _, edit := range []func(e *editor){tt.honest, tt.hostile} {
			f.Add(revision(f, edit)[len(base):])
		}
	}
	f.Fuzz(func(t *testing.T, tail []byte) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		b := append(bytes.Clone(base), tail...)
		d, err := pdf.Open(ctx, bytes.NewReader(b), int64(len(b)), nil)
		if err != nil {
			return
		}
		signed, err := pdf.Open(ctx, bytes.NewReader(base), int64(len(base)), nil)
		if err != nil {
			t.Fatal(err)
		}
		old := signed.Latest()
		if !d.Rebuilt() && d.Revisions()[0].End == int64(len(base)) {
			old = d.At(0)
		}
		changes, err := compareViews(ctx, old, d.Latest())
		if err != nil {
			return
		}
		for i := range changes {
			c := &changes[i]
			if _, known := ranks[c.Class]; !known || c.Code == "" || c.Class != ClassForbidden && c.Rule == "" {
				t.Errorf("%+v", c)
			}
		}
	})
}
