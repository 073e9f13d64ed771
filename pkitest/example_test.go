package pkitest_test

import (
	"context"
	"fmt"
	"log"

	"github.com/antinvn/antin/pkitest"
)

// Every fault of a service can be switched on and off while it runs.
func Example() {
	ctx := context.Background()
	pki, err := pkitest.New(pkitest.Options{Algorithm: pkitest.P256})
	if err != nil {
		log.Fatal(err)
	}
	if err := pki.Start(ctx); err != nil {
		log.Fatal(err)
	}
	defer pki.Close()
	cert, key, err := pki.Issue(pkitest.Subject{CommonName: "Nguyễn Văn Mẫu"})
	if err != nil {
		log.Fatal(err)
	}
	pki.Faults.Set("ocsp", pkitest.Fault{Status: 503, Retry: "60"})
	fmt.Println(cert.Subject.CommonName(), key.Public() != nil, pki.Requests("ocsp"))
	// Output: Nguyễn Văn Mẫu true 0
}
