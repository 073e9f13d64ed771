// Package cms reads and writes CMS SignedData (RFC 5652).
//
// Reading takes BER and DER and keeps every byte: an unchanged value is written as it was read. Writing is strict DER. A
// signature is prepared first and completed when its value arrives, from a key at hand or from another process:
//
//	u, err := cms.Prepare(cert, digest, nil)
//	…
//	sd, err := u.Sign(nil, key, chain...)
//	…
//	der, err := sd.MarshalDER()
//
// A content of any size passes through without being held: [SignedData.Attach] and [SignedData.Write] put it inside,
// [Open] leaves it where it is, and [SignedData.WriteContent] hands it to a hash or a file:
//
//	sd, err := cms.Open(ctx, file, size)
//	…
//	err = sd.WriteContent(ctx, hash)
package cms
