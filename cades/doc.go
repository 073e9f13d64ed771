// Package cades signs any file and reads its signatures: CAdES baseline signatures B-B, B-T, B-LT and B-LTA
// (EN 319 122-1), attached or detached, by one signer or several.
//
// A [Document] is a content with the signatures over it. [New] starts one, [Open] reads one; signing adds a signer and
// never touches the others:
//
//	d := cades.New(io.NewSectionReader(in, 0, size), false)
//	report, err := cades.Sign(ctx, out, d, key, &cades.Options{Level: cades.BT, Chain: chain, TSA: tsa})
//
// Where the key is far away, [Prepare] builds the signed attributes once; the [Prepared] value can be stored, and
// [Prepared.Complete] finishes the signature days later in another process:
//
//	p, err := cades.Prepare(ctx, d, o)
//	stored, err := p.MarshalBinary()
//	…                                  // p.ToBeSigned() travels to the key
//	report, err := p.Complete(ctx, out, d, signature, &cades.CompleteOptions{TSA: tsa})
//
// [Extend] raises every signer to a level, or renews B-LTA with one more archive time-stamp. [Check] compares bytes, keys,
// time-stamps and hash indexes of every signer; trust is package verify's.
//
// Memory does not grow with the content: it is hashed and copied in blocks. An *[Options] is read, never kept or changed,
// and may be shared. Functions of this package are safe for concurrent use, also on the same document.
package cades
