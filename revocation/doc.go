// Package revocation reads, makes and fetches revocation evidence: OCSP (RFC 6960) and CRLs (RFC 5280, 5).
//
//	f := &revocation.Fetcher{}
//	status, err := f.Status(ctx, cert, issuer)
//
// Evidence is verified against the issuer before it counts. Addresses come from certificates that anyone may have
// written, so they are fetched by the careful client of package fetch.
package revocation
