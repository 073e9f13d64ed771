package pdf

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/antinvn/antin/codes"
)

// Mentions are the objects in use whose text holds a name as it is written ("/ByteRange"), those in object streams included. The file
// is searched as a whole: skip, if not nil, tells places that are known already. What a string or a stream holds may be
// found too.
func (v *View) Mentions(ctx context.Context, word string, skip func(offset int64) bool) ([]Ref, error) {
	places, err := v.d.places(ctx, []byte(word), skip)
	if err != nil {
		return nil, err
	}
	var plain []placed
	holders := map[int]bool{}
	err = v.eachInUse(func(n int, e entry) {
		switch {
		case e.kind() == kindCompressed:
			holders[int(e.value())] = true
		case e.kind() == kindOffset && len(places) > 0:
			plain = append(plain, placed{e.value() + v.d.shift, int32(n), uint16(e.small())})
		}
	})
	if err != nil {
		return nil, err
	}
	var found []Ref
	if len(places) > 0 {
		slices.SortFunc(plain, func(a, b placed) int { return cmp.Compare(a.offset, b.offset) })
		for _, at := range places {
			i, exact := slices.BinarySearchFunc(plain, at, func(p placed, at int64) int { return cmp.Compare(p.offset, at) })
			if exact || i == 0 {
				continue
			}
			found = append(found, Ref{int(plain[i-1].number), int(plain[i-1].generation)})
		}
	}
	for _, h := range slices.Sorted(maps.Keys(holders)) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		e, ok, err := v.find(h)
		if err != nil || !ok || e.kind() != kindOffset {
			continue
		}
		o, err := v.objectStream(Ref{h, e.small()}, e.value()+v.d.shift, 0)
		if err != nil {
			continue // its objects cannot be loaded either
		}
		for from := 0; ; {
			i := bytes.Index(o.data[from:], []byte(word))
			if i < 0 {
				break
			}
			from += i + len(word)
			for k := range o.numbers {
				next := len(o.data)
				if k+1 < len(o.offsets) {
					next = o.offsets[k+1]
				}
				if o.offsets[k] < from && from <= next {
					found = append(found, Ref{o.numbers[k], 0})
				}
			}
		}
	}
	slices.SortFunc(found, func(a, b Ref) int { return cmp.Compare(a.Number, b.Number) })
	return slices.Compact(found), nil
}

// indexName is bytes.Index by the second byte: the slash of a name is everywhere, its first letter is not.
func indexName(b, word []byte) int {
	if len(word) < 2 {
		return bytes.Index(b, word)
	}
	for from := 1; from < len(b); {
		i := bytes.IndexByte(b[from:], word[1])
		if i < 0 {
			break
		}
		if from += i; bytes.HasPrefix(b[from-1:], word) {
			return from - 1
		}
		from++
	}
	return -1
}

// maxPlaces bounds where a word is found.
const maxPlaces = 100_000

// places are the offsets of a word in the file.
func (d *Document) places(ctx context.Context, word []byte, skip func(offset int64) bool) ([]int64, error) {
	const block = 64 << 10
	var all []int64
	var buf []byte
	for at := int64(0); at < d.size; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b, err := d.bytes(&buf, at, min(d.size-at, block))
		if err != nil {
			return nil, codes.Wrap(ErrRead, "searching", string(word), err)
		}
		for from := 0; ; {
			i := indexName(b[from:], word)
			if i < 0 {
				break
			}
			if where := at + int64(from+i); skip == nil || !skip(where) {
				all = append(all, where)
			}
			if from += i + len(word); len(all) > maxPlaces {
				return nil, codes.New(ErrLimit, "searching", string(word), "it is found too often")
			}
		}
		if at+int64(len(b)) == d.size {
			break
		}
		at += int64(len(b) - len(word) + 1)
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}
