package appearance

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"github.com/antinvn/antin/pdf"
)

// palette says how colours and transparency may be written on a document (ISO 19005-1, 6.2.3 and 6.4; ISO 19005-2, 6.2.4 and 6.2.10).
type palette struct {
	icc    bool // device RGB is not covered by the output intent: colours are ICC-based
	opaque bool // no soft masks
}

// paletteOf reads the output intent of a document that claims pdfA ("" none, "1b", "2u", …).
func paletteOf(v *pdf.View, pdfA string) (palette, error) {
	if pdfA == "" {
		return palette{}, nil
	}
	components, err := outputIntent(v)
	if err != nil {
		return palette{}, err
	}
	// Without an output intent a page with transparency would need a blending space of its own.
	return palette{icc: components != 3, opaque: strings.HasPrefix(pdfA, "1") || components == 0}, nil
}

// outputIntent is the number of colour components of the PDF/A output intent, 0 if there is none.
func outputIntent(v *pdf.View) (int64, error) {
	catalog, err := v.Catalog()
	if err != nil {
		return 0, err
	}
	intents, err := v.Array(catalog["OutputIntents"])
	if err != nil {
		return 0, err
	}
	for _, o := range intents {
		d, err := v.Dict(o)
		if err != nil {
			return 0, err
		}
		if d["S"] != pdf.Name("GTS_PDFA1") {
			continue
		}
		profile, err := v.Stream(d["DestOutputProfile"])
		if err != nil {
			return 0, err
		}
		if profile == nil {
			continue
		}
		n, err := v.Resolve(profile.Dict["N"])
		if err != nil {
			return 0, err
		}
		if n, ok := n.(int64); ok {
			return n, nil
		}
	}
	return 0, nil
}

// colourSpace is the space of a picture with RGB samples.
func (c *canvas) colourSpace() pdf.Object {
	if !c.icc {
		return pdf.Name("DeviceRGB")
	}
	if c.space == nil {
		c.space = pdf.Array{pdf.Name("ICCBased"), c.u.Add(pdf.NewStream(pdf.Dict{"N": int64(3), "Alternate": pdf.Name("DeviceRGB")}, sRGB(), true))}
		c.resources["ColorSpace"] = pdf.Dict{"C0": c.space}
	}
	return c.space
}

// fill is the operators that set the colour of text and shapes.
func (c *canvas) fill(rgb [3]float64) string {
	if !c.icc {
		return numbers(rgb[:]...) + " rg\n"
	}
	c.colourSpace()
	return "/C0 cs " + numbers(rgb[:]...) + " sc\n"
}

// sRGB is an ICC profile of version 2 (ICC.1:2001-04) with the primaries of IEC 61966-2-1 adapted to D50, and its curve as a
// power of 2.2.
func sRGB() []byte {
	xyz := func(x, y, z float64) []byte {
		b := append([]byte("XYZ "), 0, 0, 0, 0)
		for _, v := range []float64{x, y, z} {
			b = binary.BigEndian.AppendUint32(b, uint32(int32(math.Round(v*65536)))) // s15Fixed16
		}
		return b
	}
	name := "sRGB"
	description := append([]byte("desc"), 0, 0, 0, 0)
	description = binary.BigEndian.AppendUint32(description, uint32(len(name)+1))
	description = append(append(description, name...), make([]byte, 1+4+4+2+1+67)...) // no Unicode or Macintosh text
	curve := append([]byte("curv"), 0, 0, 0, 0, 0, 0, 0, 1, 0x02, 0x33)               // 2.2 as u8Fixed8
	tags := []struct {
		name string
		data []byte
	}{
		{"desc", description}, {"cprt", append([]byte("text\x00\x00\x00\x00"), "none\x00"...)}, {"wtpt", xyz(0.9642, 1, 0.8249)},
		{"rXYZ", xyz(0.4360, 0.2225, 0.0139)}, {"gXYZ", xyz(0.3851, 0.7169, 0.0971)}, {"bXYZ", xyz(0.1431, 0.0606, 0.7141)},
		{"rTRC", curve}, {"gTRC", curve}, {"bTRC", curve},
	}
	header := make([]byte, 128)
	copy(header[8:], []byte{2, 0x10, 0, 0})
	copy(header[12:], "mntrRGB XYZ ")
	copy(header[24:], []byte{7, 0xd0, 0, 1, 0, 1}) // made on 2000-01-01: the same bytes each time
	copy(header[36:], "acsp")
	copy(header[68:], xyz(0.9642, 1, 0.8249)[8:])
	table := binary.BigEndian.AppendUint32(nil, uint32(len(tags)))
	var data []byte
	for _, t := range tags {
		for len(data)%4 != 0 {
			data = append(data, 0)
		}
		table = append(table, t.name...)
		table = binary.BigEndian.AppendUint32(table, uint32(128+4+12*len(tags)+len(data)))
		table = binary.BigEndian.AppendUint32(table, uint32(len(t.data)))
		data = append(data, t.data...)
	}
	for len(data)%4 != 0 {
		data = append(data, 0)
	}
	out := slices.Concat(header, table, data)
	binary.BigEndian.PutUint32(out, uint32(len(out)))
	return out
}
