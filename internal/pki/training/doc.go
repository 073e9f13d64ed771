// Package training is an infrastructure of keys to learn with: a root, one issuer, revocation lists, OCSP and a time-stamping authority.
// Nothing that is signed under it has legal value, and every name that it writes says so ([Mark]).
//
// It is made once, at the first start. Its keys lie in rows, sealed by the ring of master keys (package seal), and are unsealed into the
// process that serves: training keys are the one exception to "keys never leave their keeper".
//
// Certificates name addresses below the public address:
//
//	/huan-luyen/root.crt, issuer.crt    the certificates of the authorities
//	/huan-luyen/root.crl, issuer.crl    what they revoked (RFC 5280)
//	/huan-luyen/ocsp/root, ocsp/issuer  OCSP (RFC 6960)
//	/huan-luyen/tsa                     time-stamps (RFC 3161)
//
// Over HTTP they are answered by [Pages]; inside the house [Service.TSA] and [Service.Status] ask the same answers without a network.
//
//	cert, err := s.Certificate(training.Holder{Name: "Nguyễn Thị An", Organization: "UBND xã Mẫu"}, key.Public())
//	err = db.Do(ctx, warrant, func(tx *store.Tx) error {
//		…
//		return s.RecordTx(tx, cert, agency) // from now on OCSP knows it
//	})
package training
