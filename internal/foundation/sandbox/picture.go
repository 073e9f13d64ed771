package sandbox

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
)

// exact is a picture as it was drawn, as PNG.
func exact(m image.Image) ([]byte, error) {
	if from, ok := m.(*image.RGBA); ok {
		if small := few(from, 256); small != nil {
			m = small
		}
	}
	var out bytes.Buffer
	err := png.Encode(&out, m)
	return out.Bytes(), err
}

// shades is how many of each of red, green and blue a light picture has: letters look the same with more, and take half as much again.
const shades = 8

// photograph is the quality of what has too many colours for letters and stamps.
const photograph = 70

// light is a picture for a weak line: PNG with few shades, which suits letters, or JPEG, which suits scans and photographs.
func light(m image.Image) ([]byte, error) {
	var out bytes.Buffer
	if from, ok := m.(*image.RGBA); ok {
		if small := few(from, shades); small != nil {
			err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, small)
			return out.Bytes(), err
		}
	}
	err := jpeg.Encode(&out, m, &jpeg.Options{Quality: photograph})
	return out.Bytes(), err
}

// few gives a picture with a palette: with so many shades of red, green and blue, all that there are by 256. It is nil where that
// makes more than 256 colours. Nearly every page of text is grey.
func few(from *image.RGBA, shades int) *image.Paletted {
	var nearest [256]uint8
	for v := range nearest {
		nearest[v] = uint8((v*(shades-1) + 127) / 255 * 255 / (shades - 1))
	}
	index := map[color.RGBA]uint8{}
	var palette color.Palette
	out := image.NewPaletted(from.Rect, nil)
	var last color.RGBA
	var at uint8
	for y := range from.Rect.Dy() {
		row := from.Pix[y*from.Stride:][:4*from.Rect.Dx()]
		for x := 0; x < len(row); x += 4 {
			c := color.RGBA{nearest[row[x]], nearest[row[x+1]], nearest[row[x+2]], row[x+3]}
			if c != last || len(palette) == 0 {
				var known bool
				if at, known = index[c]; !known {
					if len(palette) == 256 {
						return nil
					}
					at = uint8(len(palette))
					index[c] = at
					palette = append(palette, c)
				}
				last = c
			}
			out.Pix[y*out.Stride+x/4] = at
		}
	}
	out.Palette = palette
	return out
}
