// Package certpath reads X.509 certificates as the field writes them, and builds and validates certification paths
// (RFC 5280).
//
// [ParseCertificate] keeps every byte and refuses little: certificates with negative serial numbers, odd strings or
// unknown algorithms parse, and what could not be understood is listed. [Paths] gives the candidate paths to a trust anchor,
// judged by what no time changes; [Validate] adds dates and revocation. A bad path is a result with its problems, never an
// error:
//
//	r, err := certpath.Validate(ctx, leaf, &certpath.Options{Anchors: store, At: now, Purpose: certpath.Sign})
//	if err != nil {
//		return err // the context ended
//	}
//	if !r.Valid {
//		fmt.Println(r.Problems[0].Code)
//	}
package certpath
