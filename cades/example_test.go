package cades_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"time"

	"github.com/antinvn/antin/cades"
	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/revocation"
	"github.com/antinvn/antin/tsp"
)

// training is an infrastructure on this machine, which an operator would have to allow.
func training() (*pkitest.PKI, *cades.CompleteOptions) {
	pki, err := pkitest.New(pkitest.Options{})
	if err != nil {
		log.Fatal(err)
	}
	if err := pki.Start(context.Background()); err != nil {
		log.Fatal(err)
	}
	f := &revocation.Fetcher{Fetch: &fetch.Client{AllowHosts: []string{pki.Host()}}}
	return pki, &cades.CompleteOptions{TSA: &tsp.Client{URL: pki.URL("tsa")}, Status: f, Issuers: f, Anchors: pki}
}

// Any file, attached, with a key at hand.
func ExampleSign() {
	pki, services := training()
	defer pki.Close()
	cert, key, err := pki.Issue(pkitest.Subject{CommonName: "Nguyễn Văn Mẫu"})
	if err != nil {
		log.Fatal(err)
	}
	in := []byte("nội dung")
	document := cades.New(io.NewSectionReader(bytes.NewReader(in), 0, int64(len(in))), false)
	var out bytes.Buffer
	report, err := cades.Sign(context.Background(), &out, document, key, &cades.Options{
		Level: cades.BT, Chain: append([]*certpath.Certificate{cert}, pki.Chain()...), TSA: services.TSA,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.Level, report.Signers, report.Size == int64(out.Len()))
	// Output: B-T 1 true
}

// The key is elsewhere: what is to be signed travels there, and the value may come back days later to another process.
func ExamplePrepared_Complete() {
	ctx := context.Background()
	pki, services := training()
	defer pki.Close()
	cert, key, err := pki.Issue(pkitest.Subject{CommonName: "Nguyễn Văn Mẫu"})
	if err != nil {
		log.Fatal(err)
	}
	in := []byte("nội dung")
	document := cades.New(io.NewSectionReader(bytes.NewReader(in), 0, int64(len(in))), true)
	prepared, err := cades.Prepare(ctx, document, &cades.Options{Level: cades.BLT, Chain: append([]*certpath.Certificate{cert}, pki.Chain()...)})
	if err != nil {
		log.Fatal(err)
	}
	stored, err := prepared.MarshalBinary()
	if err != nil {
		log.Fatal(err)
	}

	var later cades.Prepared
	if err := later.UnmarshalBinary(stored); err != nil {
		log.Fatal(err)
	}
	value, err := key.Sign(nil, later.Unsigned().Digest(), later.Unsigned().SignerOpts())
	if err != nil {
		log.Fatal(err)
	}
	var out bytes.Buffer
	report, err := later.Complete(ctx, &out, document, value, services)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.Level)
	// Output: B-LT
}

// A signature is raised for the archive, and read again: bytes, keys and time-stamps; trust is package verify's.
func ExampleExtend() {
	ctx := context.Background()
	pki, services := training()
	defer pki.Close()
	cert, key, err := pki.Issue(pkitest.Subject{CommonName: "Nguyễn Văn Mẫu"})
	if err != nil {
		log.Fatal(err)
	}
	in := []byte("nội dung")
	content := io.NewSectionReader(bytes.NewReader(in), 0, int64(len(in)))
	var signed, archived bytes.Buffer
	if _, err := cades.Sign(ctx, &signed, cades.New(content, true), key, &cades.Options{Chain: []*certpath.Certificate{cert}}); err != nil {
		log.Fatal(err)
	}
	document, err := cades.Open(ctx, io.NewSectionReader(bytes.NewReader(signed.Bytes()), 0, int64(signed.Len())), content)
	if err != nil {
		log.Fatal(err)
	}
	services.Time = time.Now()
	if _, err := cades.Extend(ctx, &archived, document, cades.BLTA, services); err != nil {
		log.Fatal(err)
	}
	if document, err = cades.Open(ctx, io.NewSectionReader(bytes.NewReader(archived.Bytes()), 0, int64(archived.Len())), content); err != nil {
		log.Fatal(err)
	}
	signatures, err := cades.Check(ctx, document)
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range signatures {
		fmt.Println(s.Certificate.Subject.CommonName(), s.Digest, s.Signature, len(s.Timestamps), s.Timestamps[1].Archive, s.Timestamps[1].Err)
	}
	// Output: Nguyễn Văn Mẫu match match 2 true <nil>
}
