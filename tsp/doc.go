// Package tsp speaks the Time-Stamp Protocol (RFC 3161): a client, a pool of several authorities, and a responder.
//
//	tsa := &tsp.Client{URL: "http://tsa.example.test/"}
//	token, err := tsa.Timestamp(ctx, crypto.SHA256, digest)
//
// A token that comes back has been verified against the request: status, imprint, nonce, signature, ESS and the
// authority's extended key usage. Whether the authority is trusted is decided elsewhere.
package tsp
