package verify_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/revocation"
	"github.com/antinvn/antin/trust"
	"github.com/antinvn/antin/tsp"
	"github.com/antinvn/antin/verify"
)

const onePage = "%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj " +
	"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj trailer<</Size 4/Root 1 0 R>>\nstartxref\n0\n%%EOF\n"

// Facts are gathered once, with nothing but the file and the anchors; the verdict is a pure function of them.
func Example() {
	ctx := context.Background()
	pki, err := pkitest.New(pkitest.Options{})
	if err != nil {
		log.Fatal(err)
	}
	signed, err := signed(ctx, pki)
	if err != nil {
		log.Fatal(err)
	}
	for _, content := range [][]byte{signed, bytes.Replace(signed, []byte("842"), []byte("824"), 1)} {
		facts, err := verify.Collect(ctx, bytes.NewReader(content), int64(len(content)), &verify.CollectOptions{
			Trust: trust.New(pki.Root), Offline: true, At: time.Now(),
		})
		if err != nil {
			log.Fatal(err) // unreadable: not a verdict
		}
		report := verify.Decide(facts, verify.DefaultPolicy(), time.Now()).Report("en")
		s := report.Signatures[0]
		fmt.Println(report.Document.Indication, s.Signer.Subject, s.Level, s.Integrity)
	}
	// Output:
	// TOTAL_PASSED CN=Nguyễn Văn Mẫu,C=VN B-LT intact
	// TOTAL_FAILED CN=Nguyễn Văn Mẫu,C=VN B-LT broken
}

// signed is a page with a B-LT signature.
func signed(ctx context.Context, pki *pkitest.PKI) ([]byte, error) {
	if err := pki.Start(ctx); err != nil {
		return nil, err
	}
	defer pki.Close()
	cert, key, err := pki.Issue(pkitest.Subject{CommonName: "Nguyễn Văn Mẫu"})
	if err != nil {
		return nil, err
	}
	d, err := pdf.Open(ctx, bytes.NewReader([]byte(onePage)), int64(len(onePage)), nil)
	if err != nil {
		return nil, err
	}
	status := &revocation.Fetcher{Fetch: &fetch.Client{AllowHosts: []string{pki.Host()}}}
	var out bytes.Buffer
	_, err = pades.Sign(ctx, &out, d, key, &pades.Options{
		Level: pades.BLT, Chain: []*certpath.Certificate{cert}, TSA: &tsp.Client{URL: pki.URL("tsa"), Fetch: &fetch.Client{Trusted: true}},
		Status: status, Issuers: status, Anchors: pki,
	})
	return out.Bytes(), err
}
