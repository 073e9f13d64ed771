package fetch_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/antinvn/antin/fetch"
)

// An address that a certificate names may lead anywhere; what is not public is not asked.
func ExampleClient() {
	c := &fetch.Client{}
	_, err := c.Do(context.Background(), fetch.Request{Kind: "crl", URL: "http://127.0.0.1/internal"})
	fmt.Println(errors.Is(err, fetch.ErrAddress))
	// Output: true
}
