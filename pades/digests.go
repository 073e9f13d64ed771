package pades

import (
	"cmp"
	"context"
	"crypto"
	"hash"
	"io"
	"slices"
	"sync"

	"github.com/antinvn/antin/pdf"
)

// digester hashes the byte ranges of a file's signatures. They all begin with the file's first byte, so one pass over the file
// serves them all: where a range leaves out its value the state so far is copied, and each copy goes on by itself. It is safe
// for concurrent use.
type digester struct {
	doc    *pdf.Document
	ranges []byteRange // of signatures whose hash is known before reading

	mu   sync.Mutex
	done map[byteRange][]byte
}

// byteRange is what one signature hashes: start to value, then rest to end.
type byteRange struct {
	hash                    crypto.Hash
	start, value, rest, end int64
}

func (s *Signature) byteRange(h crypto.Hash, shift int64) byteRange {
	r := s.ByteRange
	return byteRange{h, shift, r[1] + shift, r[2] + shift, r[2] + r[3] + shift}
}

// newDigester takes the ranges that can be hashed together: those that are right as far as numbers go.
func newDigester(d *pdf.Document, sigs []*Signature) *digester {
	g := &digester{doc: d, done: map[byteRange][]byte{}}
	for _, s := range sigs {
		h, r := s.contentHash(), s.ByteRange
		if !h.Available() || len(r) != 4 || r[0] != 0 || r[1] < 0 || r[2] < r[1] || r[3] < 0 || r[3] > d.Size()-r[2] {
			continue
		}
		g.ranges = append(g.ranges, s.byteRange(h, 0))
	}
	slices.SortFunc(g.ranges, func(a, b byteRange) int { return cmp.Compare(a.value, b.value) })
	return g
}

// contentHash is the one over the byte range, 0 if it is not known.
func (s *Signature) contentHash() crypto.Hash {
	switch {
	case s.Token != nil:
		return s.Token.ImprintHash
	case s.SubFilter == subFilterPKCS7SHA1 || s.SubFilter == subFilterX509:
		return crypto.SHA1
	case s.CMS != nil && len(s.CMS.Signers()) > 0:
		return s.CMS.Signers()[0].Hash()
	}
	return 0
}

// sum is the digest of one range.
func (g *digester) sum(ctx context.Context, r byteRange) ([]byte, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if known := g.done[r]; known != nil {
		return known, nil
	}
	all := []byteRange{r}
	if slices.Contains(g.ranges, r) {
		all = slices.Compact(slices.Clone(g.ranges))
	}
	found, err := hashRanges(ctx, g.doc, all)
	if err != nil {
		return nil, err
	}
	for i, one := range all {
		g.done[one] = found[i]
	}
	return g.done[r], nil
}

// hashRanges reads the file once. The ranges begin at the same byte and are sorted by their value.
func hashRanges(ctx context.Context, d *pdf.Document, ranges []byteRange) ([][]byte, error) {
	var cuts []int64
	prefix := map[crypto.Hash]hash.Hash{}
	states := make([]hash.Hash, len(ranges))
	for _, r := range ranges {
		cuts = append(cuts, r.value, r.rest, r.end)
		prefix[r.hash] = nil
	}
	for h := range prefix {
		prefix[h] = h.New()
	}
	slices.Sort(cuts)
	at := ranges[0].start
	for _, cut := range slices.Compact(cuts) {
		var into []io.Writer
		beginning := map[crypto.Hash]bool{}
		for i, r := range ranges {
			switch {
			case r.value >= cut:
				beginning[r.hash] = true
			case r.rest <= at && r.end > at:
				into = append(into, states[i])
			}
		}
		for h := range beginning {
			into = append(into, prefix[h])
		}
		if len(into) > 0 && cut > at {
			if err := d.WriteRange(ctx, io.MultiWriter(into...), at, cut); err != nil {
				return nil, err
			}
		}
		for i, r := range ranges {
			if r.value == cut {
				copied, err := clone(prefix[r.hash])
				if err != nil {
					return nil, err
				}
				states[i] = copied
			}
		}
		at = cut
	}
	out := make([][]byte, len(ranges))
	for i := range ranges {
		out[i] = states[i].Sum(nil)
	}
	return out, nil
}
