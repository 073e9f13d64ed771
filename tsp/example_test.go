package tsp_test

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/tsp"
)

// A time-stamping authority of one's own: a key, a certificate for time-stamping alone, a clock and serial numbers. Any server
// carries its answers.
func ExampleResponder() {
	pki, err := pkitest.New(pkitest.Options{})
	if err != nil {
		log.Fatal(err)
	}
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}}) // id-kp-timeStamping
	if err != nil {
		log.Fatal(err)
	}
	cert, key, err := pki.Issue(pkitest.Subject{
		CommonName: "Own TSA", Usage: x509.KeyUsageDigitalSignature,
		Extensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: usage}}, // RFC 3161, 2.3
	})
	if err != nil {
		log.Fatal(err)
	}
	serial := int64(0)
	authority := &tsp.Responder{
		Key: key, Chain: []*certpath.Certificate{cert}, Policy: certpath.OID{1, 3, 6, 1, 4, 1, 99999, 1}, Accuracy: time.Second,
		Clock:  func() (time.Time, error) { return time.Now(), nil },
		Serial: func(context.Context) (*big.Int, error) { serial++; return big.NewInt(serial), nil }, // stored, in earnest
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
		if err != nil {
			return
		}
		answer, err := authority.Respond(r.Context(), request)
		if err != nil {
			http.Error(w, "no answer", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		w.Write(answer)
	}))
	defer server.Close()

	client := &tsp.Client{URL: server.URL, Fetch: &fetch.Client{Trusted: true}}
	digest := sha256.Sum256([]byte("nội dung"))
	token, err := client.Timestamp(context.Background(), crypto.SHA256, digest[:])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(token.SerialNumber, token.Certificate(nil).Subject.CommonName(), time.Since(token.GenTime) < time.Minute)
	// Output: 1 Own TSA true
}

// Several authorities: one that fails costs one time-out, then it rests.
func ExamplePool() {
	pki, err := pkitest.New(pkitest.Options{})
	if err != nil {
		log.Fatal(err)
	}
	if err := pki.Start(context.Background()); err != nil {
		log.Fatal(err)
	}
	defer pki.Close()
	operator := &fetch.Client{Trusted: true} // addresses that the operator gave, not a document
	pool := tsp.NewPool(tsp.PoolOptions{Timeout: 10 * time.Second},
		&tsp.Client{URL: "http://127.0.0.1:1/", Fetch: operator}, // nobody listens there
		&tsp.Client{URL: pki.URL("tsa"), Fetch: operator},
	)
	digest := sha256.Sum256([]byte("nội dung"))
	token, err := pool.Timestamp(context.Background(), crypto.SHA256, digest[:])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(token.Certificate(nil).Subject.CommonName())
	// Output: Antin Test TSA
}
