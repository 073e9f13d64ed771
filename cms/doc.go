// Package cms reads and writes CMS SignedData (RFC 5652).
//
// Reading takes BER and DER and keeps every byte: an unchanged value marshals to its input. Writing is strict DER. A
// signature is prepared first and completed when its value arrives, from a key at hand or from another process:
//
//	u, err := cms.Prepare(cert, digest, nil)
//	…
//	sd, err := u.Sign(nil, key, chain...)
//	…
//	der, err := sd.MarshalDER()
package cms
