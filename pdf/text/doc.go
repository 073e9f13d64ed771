// Package text reads the text of pages with its places: anchors for signatures and the gaps that a drafter left for
// number and date.
//
//	m, err := text.Find(ctx, d.Latest(), "KT. CHỦ TỊCH")
//	…
//	box, err := text.SpaceBelow(ctx, d.Latest(), m, 142, 71) // points
//
// Places are in points of the page as it is shown, from its lower left: rotation, crop box and user unit are applied.
package text
