package certpath_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/pkitest"
)

// A bad path is a result with its problems, not an error.
func ExampleValidate() {
	pki, err := pkitest.New(pkitest.Options{})
	if err != nil {
		log.Fatal(err)
	}
	leaf, _, err := pki.Issue(pkitest.Subject{CommonName: "Nguyễn Văn Mẫu"})
	if err != nil {
		log.Fatal(err)
	}
	o := &certpath.Options{Anchors: pki, Pool: pki.Chain(), At: time.Now(), Purpose: certpath.Sign}
	for _, at := range []time.Time{o.At, o.At.AddDate(10, 0, 0)} {
		o.At = at
		r, err := certpath.Validate(context.Background(), leaf, o)
		if err != nil {
			log.Fatal(err) // the context ended
		}
		fmt.Println(r.Valid, len(r.Path))
		for _, p := range r.Problems {
			fmt.Println(p.Code)
		}
	}
	// Output:
	// true 3
	// false 3
	// expired
}
