package pades

import (
	"cmp"
	"context"
	"slices"

	"github.com/antinvn/antin/pdf"
)

// maxSearched bounds the files that are searched for dead signatures while others are alive; one without a signature is searched
// whatever its size.
const maxSearched = 64 << 20

// DeadSignatures are signature dictionaries that no field reaches, as programs leave them that write a file anew after it was
// signed: there is nothing left that they could be checked against. alive are the signatures that fields reach. Usage
// rights of the catalog's /Perms (ISO 32000-2, 12.8.6) are none. searched is false where a file above 64 MiB has signatures alive:
// it is not looked through.
func DeadSignatures(ctx context.Context, d *pdf.Document, alive []*Signature) (dead []*Signature, searched bool, err error) {
	if len(alive) > 0 && d.Size() > maxSearched {
		return nil, false, nil
	}
	dead, err = deadSignatures(ctx, d, alive)
	return dead, err == nil, err
}

func deadSignatures(ctx context.Context, d *pdf.Document, alive []*Signature) ([]*Signature, error) {
	const near = 4096 // the entries of a signature dictionary stand beside its /Contents
	mentioned, err := d.Latest().Mentions(ctx, "/ByteRange", func(at int64) bool {
		return slices.ContainsFunc(alive, func(s *Signature) bool {
			return len(s.ByteRange) == 4 && at > s.ByteRange[1]-near && at < s.ByteRange[2]+near
		})
	})
	if err != nil {
		return nil, err
	}
	v := d.Latest()
	known := map[pdf.Ref]bool{}
	for _, s := range alive {
		known[s.Ref] = true
	}
	root, err := v.Catalog()
	if err != nil {
		return nil, err
	}
	perms, err := dictOf(v, root["Perms"])
	if err != nil {
		return nil, err
	}
	for _, o := range perms {
		if r, ok := o.(pdf.Ref); ok {
			known[r] = true
		}
	}
	var dead []*Signature
	for _, r := range mentioned {
		if known[r] {
			continue
		}
		o, err := v.Load(r)
		dict, ok := o.(pdf.Dict)
		if err != nil || !ok {
			continue // no dictionary: the word stands in a stream, or the object is damaged
		}
		contents, _ := dict["Contents"].(pdf.String)
		ranges, err := arrayOf(v, dict["ByteRange"])
		if err != nil || len(contents) == 0 || len(ranges) == 0 {
			continue
		}
		s, err := readSignature(d, v, formField{value: r})
		if err != nil {
			return nil, err
		}
		dead = append(dead, s)
	}
	slices.SortStableFunc(dead, func(a, b *Signature) int { return cmp.Compare(a.end(), b.end()) })
	return dead, nil
}
