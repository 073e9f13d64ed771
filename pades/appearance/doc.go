// Package appearance draws what a signature shows: a picture, text, a QR code, in form XObjects with embedded fonts.
//
//	spec := &appearance.Spec{Kind: appearance.Agency, Image: png, WidthMM: 36, HeightMM: 36}
//	report, err := pades.Sign(ctx, out, d, key, &pades.Options{Appearance: spec, Field: field, Chain: chain})
//
// Boxes are in points of the page as it is shown. A *[Spec] is read, never kept or changed.
package appearance
