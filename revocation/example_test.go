package revocation_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/revocation"
)

// The addresses stand in the certificate; this one leads to the machine itself, so that the operator must allow it.
func ExampleFetcher() {
	ctx := context.Background()
	pki, err := pkitest.New(pkitest.Options{})
	if err != nil {
		log.Fatal(err)
	}
	if err := pki.Start(ctx); err != nil {
		log.Fatal(err)
	}
	defer pki.Close()
	cert, _, err := pki.Issue(pkitest.Subject{CommonName: "Nguyễn Văn Mẫu"})
	if err != nil {
		log.Fatal(err)
	}
	f := &revocation.Fetcher{Fetch: &fetch.Client{AllowHosts: []string{pki.Host()}}}
	for _, revoked := range []bool{false, true} {
		if revoked {
			pki.Revoke(cert, time.Now(), 1)
		}
		statuses, err := f.Status(ctx, cert, pki.CA)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(statuses[0].Kind, statuses[0].State == certpath.Revoked)
	}
	// Output:
	// ocsp false
	// ocsp true
}
