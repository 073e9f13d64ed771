// Command remote signs a PDF with a key that this program never sees, in two runs that may be days and machines apart:
//
//	remote-sign prepare IN.pdf CERT.pem        writes IN.pdf.prepared and IN.pdf.digest
//	…                                          the key's holder signs the digest
//	remote-sign embed IN.pdf SIGNATURE OUT.pdf
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
)

func main() {
	log.SetFlags(0)
	ctx, args := context.Background(), os.Args[1:]
	var err error
	switch {
	case len(args) == 3 && args[0] == "prepare":
		err = prepare(ctx, args[1], args[2])
	case len(args) == 4 && args[0] == "embed":
		err = embed(ctx, args[1], args[2], args[3])
	default:
		err = fmt.Errorf("remote-sign prepare IN.pdf CERT.pem | embed IN.pdf SIGNATURE OUT.pdf")
	}
	if err != nil {
		log.Fatal(err)
	}
}

// prepare builds the revision and its signed attributes once. What is stored is small, holds no secret, and is enough.
func prepare(ctx context.Context, in, cert string) error {
	pem, err := os.ReadFile(cert)
	if err != nil {
		return err
	}
	chain, err := certpath.ParseCertificates(pem)
	if err != nil {
		return err
	}
	document, file, err := open(ctx, in)
	if err != nil {
		return err
	}
	defer file.Close()
	prepared, err := pades.Prepare(ctx, document, &pades.Options{Chain: chain, Reason: "Phê duyệt"})
	if err != nil {
		return err
	}
	stored, err := prepared.MarshalBinary()
	if err != nil {
		return err
	}
	if err := os.WriteFile(in+".prepared", stored, 0o600); err != nil {
		return err
	}
	return os.WriteFile(in+".digest", prepared.Unsigned().Digest(), 0o600)
}

// embed checks that the file is still the one prepared and that the signature is the certificate's, and writes the result.
func embed(ctx context.Context, in, signature, out string) error {
	stored, err := os.ReadFile(in + ".prepared")
	if err != nil {
		return err
	}
	var prepared pades.Prepared
	if err := prepared.UnmarshalBinary(stored); err != nil {
		return err
	}
	value, err := os.ReadFile(signature)
	if err != nil {
		return err
	}
	document, file, err := open(ctx, in)
	if err != nil {
		return err
	}
	defer file.Close()
	w, err := os.Create(out)
	if err != nil {
		return err
	}
	report, err := prepared.Embed(ctx, w, document, value, nil)
	if err != nil {
		w.Close()
		os.Remove(out) // what was written before an error is worthless
		return err
	}
	fmt.Println(out, report.Level, report.Field)
	return w.Close()
}

func open(ctx context.Context, path string) (*pdf.Document, *os.File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	st, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	document, err := pdf.Open(ctx, file, st.Size(), nil)
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return document, file, nil
}
