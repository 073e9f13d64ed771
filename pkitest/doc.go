// Package pkitest is a public-key infrastructure for tests, training and demonstrations: a root, an issuing CA, a
// time-stamping authority, OCSP, CRL and issuer addresses, on loopback, with every fault switchable.
//
//	p, err := pkitest.New(pkitest.Options{})
//	…
//	err = p.Start(ctx)
//	defer p.Close()
//	cert, key, err := p.Issue(pkitest.Subject{CommonName: "Nguyễn Văn Mẫu"})
//
// What it issues is worth nothing outside a test, and its names say so.
package pkitest
