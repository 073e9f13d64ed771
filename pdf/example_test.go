package pdf_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"maps"

	"github.com/antinvn/antin/pdf"
)

// A revision is appended; what stood before stays byte for byte, and can still be looked at.
func Example() {
	ctx := context.Background()
	in := []byte("%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj " +
		"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj trailer<</Size 4/Root 1 0 R>>\nstartxref\n0\n%%EOF\n")
	d, err := pdf.Open(ctx, bytes.NewReader(in), int64(len(in)), nil)
	if err != nil {
		log.Fatal(err)
	}
	u, err := d.NewUpdate()
	if err != nil {
		log.Fatal(err)
	}
	catalog, err := u.Base().Catalog()
	if err != nil {
		log.Fatal(err)
	}
	changed := pdf.Dict{"Lang": pdf.EncodeTextString("vi")}
	maps.Copy(changed, catalog)
	if err := u.Set(u.Base().CatalogRef(), changed); err != nil {
		log.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := u.WriteTo(ctx, &out); err != nil {
		log.Fatal(err)
	}
	if d, err = pdf.Open(ctx, bytes.NewReader(out.Bytes()), int64(out.Len()), nil); err != nil {
		log.Fatal(err)
	}
	lang, err := d.Latest().Get("Lang")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(bytes.HasPrefix(out.Bytes(), in), lang)
	// Output: true vi
}
