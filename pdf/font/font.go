// Package font embeds subsets of TrueType fonts as composite fonts (Identity-H, ToUnicode).
package font

import "github.com/antinvn/antin/pdf"

// Face is a TrueType font.
type Face struct { /* owner: font */
}

// Serif is Liberation Serif Regular (metrics of Times New Roman), from github.com/go-fonts/liberation.
func Serif() *Face { panic("unwritten") }

// Parse reads a TrueType font with glyf outlines.
func Parse(ttf []byte) (*Face, error) { panic("unwritten") }

// Width is the advance of a text at size, in points.
func (f *Face) Width(text string, size float64) float64 { panic("unwritten") }

// Ascent and Descent at size, in points (descent negative).
func (f *Face) Ascent(size float64) float64 { panic("unwritten") }

// Descent see Ascent.
func (f *Face) Descent(size float64) float64 { panic("unwritten") }

// Embedded is a subset in an update.
type Embedded struct{ Ref pdf.Ref }

// Embed adds the subset of f that the texts need to u.
func Embed(u *pdf.Update, f *Face, texts ...string) (*Embedded, error) { panic("unwritten") }

// Encode is the hex string operand for Tj, with its angle brackets.
func (e *Embedded) Encode(text string) string { panic("unwritten") }
