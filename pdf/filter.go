package pdf

import (
	"bytes"
	"compress/flate"
	"compress/lzw"
	"compress/zlib"
	"errors"
	"io"
	"strconv"

	"github.com/antinvn/antin/codes"
)

// maxFilters bounds a stream's chain of filters.
const maxFilters = 16

// decode reads a stream's bytes, decrypts and decodes them. clear says that the stream is never encrypted.
func (d *Document) decode(s *Stream, resolve func(Object) (Object, error), clear bool) ([]byte, []Name, error) {
	if resolve == nil {
		resolve = func(o Object) (Object, error) { return o, nil }
	}
	if s.doc == nil {
		return s.data, nil, nil
	}
	if s.length > d.limits.StreamBytes {
		return nil, nil, codes.New(ErrLimit, "reading stream", s.ref.String(), "it is too large")
	}
	data, err := d.Bytes(s.offset, s.length)
	if err != nil {
		return nil, nil, codes.Wrap(ErrRead, "reading stream", s.ref.String(), err)
	}
	filters, params, err := filtersOf(s.Dict, resolve)
	if err != nil {
		return nil, nil, err
	}
	if d.crypt != nil && !clear {
		data = d.crypt.decrypt(d.crypt.methodOf(s.Dict, filters, params), s.ref, data)
	}
	for i, f := range filters {
		switch f {
		case "DCTDecode", "DCT", "JPXDecode", "CCITTFaxDecode", "CCF", "JBIG2Decode":
			return data, filters[i:], nil
		}
		if data, err = applyFilter(f, params[i], data, d.limits.StreamBytes); err != nil {
			return nil, nil, codes.Wrap(codes.Code(codes.Of(err)), "decoding stream", s.ref.String(), err)
		}
	}
	return data, nil, nil
}

func filtersOf(dict Dict, resolve func(Object) (Object, error)) ([]Name, []Dict, error) {
	get := func(long, short Name) (Array, error) {
		o := dict[long]
		if o == nil {
			o = dict[short]
		}
		o, err := resolve(o)
		if err != nil {
			return nil, err
		}
		if a, ok := o.(Array); ok {
			return a, nil
		}
		if o == nil {
			return nil, nil
		}
		return Array{o}, nil
	}
	fs, err := get("Filter", "F")
	if err != nil {
		return nil, nil, err
	}
	ps, err := get("DecodeParms", "DP")
	if err != nil {
		return nil, nil, err
	}
	if len(fs) > maxFilters {
		return nil, nil, codes.New(ErrLimit, "reading", "filters", "too many")
	}
	names, params := make([]Name, len(fs)), make([]Dict, len(fs))
	for i, f := range fs {
		if f, err = resolve(f); err != nil {
			return nil, nil, err
		}
		names[i], _ = f.(Name)
		if i < len(ps) {
			p, err := resolve(ps[i])
			if err != nil {
				return nil, nil, err
			}
			params[i], _ = p.(Dict)
		}
	}
	return names, params, nil
}

func applyFilter(f Name, params Dict, data []byte, limit int64) ([]byte, error) {
	var out []byte
	var err error
	switch f {
	case "FlateDecode", "Fl":
		out, err = inflate(data, limit)
	case "LZWDecode", "LZW":
		out, err = unLZW(data, params, limit)
	case "ASCIIHexDecode", "AHx":
		return asciiHex(data), nil
	case "ASCII85Decode", "A85":
		return ascii85(data, limit)
	case "RunLengthDecode", "RL":
		return runLength(data, limit)
	case "Crypt":
		return data, nil // taken out with the encryption
	default:
		return nil, codes.New(ErrUnsupported, "decoding", string(f), "the filter is not known")
	}
	if err != nil {
		return nil, err
	}
	return unpredict(out, params)
}

func tooLarge() error {
	return codes.New(ErrLimit, "decoding", "a stream", "the decoded data is too large")
}

// inflate gives what could be read of damaged data.
func inflate(data []byte, limit int64) ([]byte, error) {
	var r io.Reader
	z, err := zlib.NewReader(bytes.NewReader(data))
	if err == nil {
		r = z
	} else {
		if len(data) > 2 {
			data = data[2:]
		}
		r = flate.NewReader(bytes.NewReader(data))
	}
	out, err := readLimited(r, limit)
	if errors.Is(err, errTooLarge) {
		return nil, tooLarge()
	}
	return out, nil
}

var errTooLarge = errors.New("too large")

func readLimited(r io.Reader, limit int64) ([]byte, error) {
	var b bytes.Buffer
	n, err := io.Copy(&b, io.LimitReader(r, limit+1))
	if n > limit {
		return nil, errTooLarge
	}
	return b.Bytes(), err
}

// unLZW covers EarlyChange 1, the default, which compress/lzw does not; a table of codes is all it needs.
func unLZW(data []byte, params Dict, limit int64) ([]byte, error) {
	early := 1
	if v, ok := params["EarlyChange"].(int64); ok && v == 0 {
		r := lzw.NewReader(bytes.NewReader(data), lzw.MSB, 8)
		out, err := readLimited(r, limit)
		if errors.Is(err, errTooLarge) {
			return nil, tooLarge()
		}
		return out, nil
	}
	const clearCode, endCode = 256, 257
	type line struct {
		prev int
		last byte
		size int
	}
	table := make([]line, 258, 4097)
	for i := range 256 {
		table[i] = line{-1, byte(i), 1}
	}
	var out []byte
	bits, have, width, prev := 0, 0, 9, -1
	for _, b := range data {
		bits, have = bits<<8|int(b), have+8
		if have < width {
			continue
		}
		code := bits >> (have - width) & (1<<width - 1)
		have -= width
		bits &= 1<<have - 1
		switch {
		case code == clearCode:
			table, width, prev = table[:258], 9, -1
			continue
		case code == endCode:
			return out, nil
		case code > len(table) || prev < 0 && code >= 256:
			return out, nil
		}
		emit := code
		if code == len(table) {
			emit = prev
		}
		n := table[emit].size
		start := len(out)
		out = append(out, make([]byte, n)...)
		for c, i := emit, n-1; i >= 0; i-- {
			out[start+i] = table[c].last
			c = table[c].prev
		}
		if code == len(table) {
			out = append(out, out[start])
		}
		if prev >= 0 && len(table) < 4096 {
			table = append(table, line{prev, out[start], table[prev].size + 1})
		}
		if len(table)+early >= 1<<width && width < 12 {
			width++
		}
		prev = code
		if int64(len(out)) > limit {
			return nil, tooLarge()
		}
	}
	return out, nil
}

func asciiHex(data []byte) []byte {
	var out []byte
	half := -1
	for _, c := range data {
		if c == '>' {
			break
		}
		v := unhex(int(c))
		switch {
		case v < 0:
		case half < 0:
			half = v
		default:
			out, half = append(out, byte(half<<4|v)), -1
		}
	}
	if half >= 0 {
		out = append(out, byte(half<<4))
	}
	return out
}

func ascii85(data []byte, limit int64) ([]byte, error) {
	var out []byte
	var group [5]uint32
	n := 0
	flush := func(n int) {
		v := uint32(0)
		for _, g := range group {
			v = v*85 + g
		}
		b := [4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}
		out = append(out, b[:n]...)
	}
	for _, c := range data {
		switch {
		case c == '~':
			data = nil
		case c == 'z' && n == 0:
			out = append(out, 0, 0, 0, 0)
		case c >= '!' && c <= 'u':
			group[n] = uint32(c - '!')
			if n++; n == 5 {
				flush(4)
				n = 0
			}
		}
		if data == nil {
			break
		}
		if int64(len(out)) > limit {
			return nil, tooLarge()
		}
	}
	if n > 1 {
		for i := n; i < 5; i++ {
			group[i] = 84
		}
		flush(n - 1)
	}
	return out, nil
}

func runLength(data []byte, limit int64) ([]byte, error) {
	var out []byte
	for i := 0; i < len(data); {
		n := int(data[i])
		i++
		switch {
		case n == 128:
			return out, nil
		case n < 128:
			end := min(len(data), i+n+1)
			out = append(out, data[i:end]...)
			i = end
		case i < len(data):
			out = append(out, bytes.Repeat(data[i:i+1], 257-n)...)
			i++
		}
		if int64(len(out)) > limit {
			return nil, tooLarge()
		}
	}
	return out, nil
}

// unpredict undoes the TIFF and PNG predictors (ISO 32000-1, 7.4.4.4).
func unpredict(data []byte, params Dict) ([]byte, error) {
	get := func(k Name, d int) int {
		if v, ok := integer(params[k]); ok {
			return int(v)
		}
		return d
	}
	predictor := get("Predictor", 1)
	if predictor < 2 {
		return data, nil
	}
	colors, bits, columns := get("Colors", 1), get("BitsPerComponent", 8), get("Columns", 1)
	if colors < 1 || colors > 64 || bits < 1 || bits > 32 || columns < 1 || columns > 1<<24 {
		return nil, codes.New(ErrDamaged, "decoding", "predictor "+strconv.Itoa(predictor), "its parameters are wrong")
	}
	pixel, row := max(1, colors*bits/8), (colors*bits*columns+7)/8
	if predictor == 2 {
		if bits != 8 {
			return data, nil
		}
		out := bytes.Clone(data)
		for start := 0; start < len(out); start += row {
			line := out[start:min(len(out), start+row)]
			for i := pixel; i < len(line); i++ {
				line[i] += line[i-pixel]
			}
		}
		return out, nil
	}
	out := make([]byte, 0, len(data))
	above := make([]byte, row)
	for len(data) > 1 {
		kind := data[0]
		line := make([]byte, row)
		n := copy(line, data[1:])
		data = data[1+n:]
		unfilter(kind, line, above, pixel)
		out = append(out, line[:n]...)
		above = line
	}
	return out, nil
}

func unfilter(kind byte, line, above []byte, pixel int) {
	for i := range line {
		var left, upLeft int
		if i >= pixel {
			left, upLeft = int(line[i-pixel]), int(above[i-pixel])
		}
		up := int(above[i])
		switch kind {
		case 1:
			line[i] += byte(left)
		case 2:
			line[i] += byte(up)
		case 3:
			line[i] += byte((left + up) / 2)
		case 4:
			line[i] += byte(paeth(left, up, upLeft))
		}
	}
}

func paeth(a, b, c int) int {
	abs := func(v int) int { return max(v, -v) }
	pa, pb, pc := abs(b-c), abs(a-c), abs(a+b-2*c)
	switch {
	case pa <= pb && pa <= pc:
		return a
	case pb <= pc:
		return b
	}
	return c
}
