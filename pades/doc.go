// Package pades signs PDF files and reads their signatures: PAdES baseline signatures B-B, B-T, B-LT and B-LTA
// (EN 319 142-1) in the interactive form of ISO 32000.
//
// A file is only ever appended to. What is there stays byte for byte, so every earlier signature stays valid:
//
//	d, err := pdf.Open(ctx, in, size, nil)
//	…
//	report, err := pades.Sign(ctx, out, d, key, &pades.Options{Level: pades.BT, Chain: chain, TSA: tsa})
//
// Where the key is far away (a token, a SIM card, a remote module), [Prepare] builds the revision and the signed
// attributes once; the [Prepared] value can be stored, and [Prepared.Embed] completes it days later in another process:
//
//	p, err := pades.Prepare(ctx, d, o)
//	stored, err := p.MarshalBinary()
//	…                                  // p.ToBeSigned() travels to the key
//	report, err := p.Embed(ctx, out, d, signature, &pades.EmbedOptions{TSA: tsa})
//
// [Extend] raises and renews levels, [Timestamp] adds a document time-stamp, [Reserve] makes fields that a later
// signature fills. [Signatures] reads what is there and [Signature.Check] compares bytes and keys; neither judges trust,
// which is package verify's.
//
// Memory does not grow with the file: the base is streamed, hashed while it is copied.
//
// An *[Options] is read, never kept or changed, and may be shared. Functions of this package are safe for concurrent
// use, also on the same document.
package pades
