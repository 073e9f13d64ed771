package font

import (
	"encoding/binary"
	"sort"
)

// maxComponents bounds the glyphs that composite glyphs pull in.
const maxComponents = 10_000

// subset is a TrueType program with the outlines of these glyphs, of their components and of .notdef; other glyphs are empty, so that
// numbers stay.
func (f *Face) subset(glyphs []int) (program []byte, closed []int, err error) {
	keep := map[int]bool{0: true}
	queue := append([]int{0}, glyphs...)
	for len(queue) > 0 {
		g := queue[0]
		queue = queue[1:]
		keep[g] = true
		if len(keep) > maxComponents {
			return nil, nil, bad("composite glyphs")
		}
		for _, c := range components(f.outline(g)) {
			if c < f.glyphs && !keep[c] {
				queue = append(queue, c)
			}
		}
	}
	var glyf []byte
	loca := make([]byte, 0, 4*(f.glyphs+1))
	for g := range f.glyphs {
		loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
		if keep[g] {
			closed = append(closed, g)
			glyf = append(glyf, f.outline(g)...)
			for len(glyf)%4 != 0 {
				glyf = append(glyf, 0)
			}
		}
	}
	loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
	head := append([]byte{}, f.tables["head"]...)
	binary.BigEndian.PutUint32(head[8:], 0)
	binary.BigEndian.PutUint16(head[50:], 1)
	tables := map[string][]byte{"head": head, "hhea": f.tables["hhea"], "hmtx": f.tables["hmtx"], "maxp": f.tables["maxp"], "glyf": glyf, "loca": loca}
	for _, t := range []string{"cvt ", "fpgm", "prep"} {
		if f.tables[t] != nil {
			tables[t] = f.tables[t]
		}
	}
	return assemble(tables), closed, nil
}

func (f *Face) outline(g int) []byte {
	loca, glyf := f.tables["loca"], f.tables["glyf"]
	var from, to int
	if f.longLoca {
		from, to = u32(loca, 4*g), u32(loca, 4*g+4)
	} else {
		from, to = 2*u16(loca, 2*g), 2*u16(loca, 2*g+2)
	}
	if from >= to || to > len(glyf) {
		return nil
	}
	return glyf[from:to]
}

// components are the glyphs that a composite glyph is made of (OpenType, glyf).
func components(outline []byte) []int {
	if len(outline) < 10 || i16(outline, 0) >= 0 {
		return nil
	}
	var out []int
	for i := 10; i+4 <= len(outline) && len(out) < 64; {
		flags := u16(outline, i)
		out = append(out, u16(outline, i+2))
		i += 6
		if flags&1 != 0 {
			i += 2
		}
		switch {
		case flags&8 != 0:
			i += 2
		case flags&0x40 != 0:
			i += 4
		case flags&0x80 != 0:
			i += 8
		}
		if flags&0x20 == 0 {
			break
		}
	}
	return out
}

func assemble(tables map[string][]byte) []byte {
	names := make([]string, 0, len(tables))
	for n := range tables {
		names = append(names, n)
	}
	sort.Strings(names)
	power, shift := 1, 0
	for power*2 <= len(names) {
		power, shift = power*2, shift+1
	}
	out := binary.BigEndian.AppendUint32(nil, 0x00010000)
	for _, v := range []int{len(names), power * 16, shift, len(names)*16 - power*16} {
		out = binary.BigEndian.AppendUint16(out, uint16(v))
	}
	at := 12 + 16*len(names)
	headAt := 0
	for _, n := range names {
		t := tables[n]
		if n == "head" {
			headAt = at
		}
		out = append(out, n...)
		for _, v := range []int{int(checksum(t)), at, len(t)} {
			out = binary.BigEndian.AppendUint32(out, uint32(v))
		}
		at += (len(t) + 3) &^ 3
	}
	for _, n := range names {
		out = append(out, tables[n]...)
		for len(out)%4 != 0 {
			out = append(out, 0)
		}
	}
	binary.BigEndian.PutUint32(out[headAt+8:], 0xB1B0AFBA-checksum(out))
	return out
}

func checksum(b []byte) uint32 {
	var s uint32
	for i := 0; i < len(b); i += 4 {
		var w [4]byte
		copy(w[:], b[i:])
		s += binary.BigEndian.Uint32(w[:])
	}
	return s
}
