package pades_test

import (
	"bytes"
	"context"
	"fmt"
	"log"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/revocation"
	"github.com/antinvn/antin/tsp"
)

// A key at hand: one call.
func ExampleSign() {
	ctx := context.Background()
	pki, err := pkitest.New(pkitest.Options{})
	if err != nil {
		log.Fatal(err)
	}
	cert, key, err := pki.Issue(pkitest.Subject{CommonName: "Nguyễn Văn Mẫu"})
	if err != nil {
		log.Fatal(err)
	}
	in := pages(1).bytes()
	d, err := pdf.Open(ctx, bytes.NewReader(in), int64(len(in)), nil)
	if err != nil {
		log.Fatal(err)
	}
	var out bytes.Buffer
	report, err := pades.Sign(ctx, &out, d, key, &pades.Options{
		Chain: append([]*certpath.Certificate{cert}, pki.Chain()...), Reason: "Phê duyệt",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.Level, report.Field)
	// Output: B-B Signature1
}

// A key far away: what is prepared can be stored, and embedded by another process when the signature arrives.
func ExamplePrepare() {
	ctx := context.Background()
	pki, err := pkitest.New(pkitest.Options{})
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
	in := pages(1).bytes()
	d, err := pdf.Open(ctx, bytes.NewReader(in), int64(len(in)), nil)
	if err != nil {
		log.Fatal(err)
	}
	p, err := pades.Prepare(ctx, d, &pades.Options{Level: pades.BT, Chain: []*certpath.Certificate{cert}, Pool: pki.Chain()})
	if err != nil {
		log.Fatal(err)
	}
	stored, err := p.MarshalBinary()
	if err != nil {
		log.Fatal(err)
	}

	// Elsewhere: the key signs p.ToBeSigned().
	signature, err := key.Sign(nil, p.Unsigned().Digest(), p.Unsigned().SignerOpts())
	if err != nil {
		log.Fatal(err)
	}

	// Days later.
	var again pades.Prepared
	if err := again.UnmarshalBinary(stored); err != nil {
		log.Fatal(err)
	}
	var out bytes.Buffer
	tsa := &tsp.Client{URL: pki.URL("tsa"), Fetch: &fetch.Client{Trusted: true}}
	report, err := again.Embed(ctx, &out, d, signature, &pades.EmbedOptions{TSA: tsa})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.Level, report.Field)
	// Output: B-T Signature1
}

// A B-B signature is raised to B-LTA; the same call renews it years later.
func ExampleExtend() {
	ctx := context.Background()
	pki, err := pkitest.New(pkitest.Options{})
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
	in := pages(1).bytes()
	d, err := pdf.Open(ctx, bytes.NewReader(in), int64(len(in)), nil)
	if err != nil {
		log.Fatal(err)
	}
	var signed, extended bytes.Buffer
	if _, err := pades.Sign(ctx, &signed, d, key, &pades.Options{Chain: []*certpath.Certificate{cert}, Pool: pki.Chain()}); err != nil {
		log.Fatal(err)
	}
	if d, err = pdf.Open(ctx, bytes.NewReader(signed.Bytes()), int64(signed.Len()), nil); err != nil {
		log.Fatal(err)
	}
	status := &revocation.Fetcher{Fetch: &fetch.Client{AllowHosts: []string{pki.Host()}}}
	report, err := pades.Extend(ctx, &extended, d, pades.BLTA, &pades.ExtendOptions{
		TSA:    &tsp.Client{URL: pki.URL("tsa"), Fetch: &fetch.Client{Trusted: true}},
		Status: status, Issuers: status, Anchors: pki,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.Level, report.Notes)
	// Output: B-LTA [document_timestamp_for_missing_signature_timestamp]
}

// What is in a file, and whether its bytes and keys match; trust is another question.
func ExampleSignatures() {
	ctx := context.Background()
	pki, err := pkitest.New(pkitest.Options{})
	if err != nil {
		log.Fatal(err)
	}
	cert, key, err := pki.Issue(pkitest.Subject{CommonName: "Nguyễn Văn Mẫu"})
	if err != nil {
		log.Fatal(err)
	}
	in := pages(1).bytes()
	d, err := pdf.Open(ctx, bytes.NewReader(in), int64(len(in)), nil)
	if err != nil {
		log.Fatal(err)
	}
	var signed bytes.Buffer
	if _, err := pades.Sign(ctx, &signed, d, key, &pades.Options{Chain: []*certpath.Certificate{cert}}); err != nil {
		log.Fatal(err)
	}
	if d, err = pdf.Open(ctx, bytes.NewReader(signed.Bytes()), int64(signed.Len()), nil); err != nil {
		log.Fatal(err)
	}
	all, err := pades.Signatures(ctx, d)
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range all {
		i := s.Check(ctx)
		fmt.Println(s.Field, i.ByteRange, i.Digest, i.Signature, i.Certificate.Subject.CommonName())
	}
	// Output: Signature1 valid match match Nguyễn Văn Mẫu
}
