package verify_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
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

// BenchmarkValidate validates distinct PAdES B-LT files of 100 kB: bench/ compares that with others, this one is for profiles.
func BenchmarkValidate(b *testing.B) {
	ctx := context.Background()
	pki, err := pkitest.New(pkitest.Options{})
	if err != nil {
		b.Fatal(err)
	}
	if err := pki.Start(ctx); err != nil {
		b.Fatal(err)
	}
	defer pki.Close()
	cert, key, err := pki.Issue(pkitest.Subject{CommonName: "Nguyễn Văn Mẫu"})
	if err != nil {
		b.Fatal(err)
	}
	client := &fetch.Client{AllowHosts: []string{pki.Host()}}
	status := &revocation.Fetcher{Fetch: client, Cache: revocation.NewMemoryCache(1 << 20)}
	files := make([][]byte, 20)
	for i := range files {
		page := strings.Replace(onePage, "trailer", fmt.Sprintf("4 0 obj<</N %d/Length 100000>>\nstream\n%s\nendstream endobj trailer", i, strings.Repeat("x", 100_000)), 1)
		d, err := pdf.Open(ctx, strings.NewReader(page), int64(len(page)), nil)
		if err != nil {
			b.Fatal(err)
		}
		var out bytes.Buffer
		if _, err := pades.Sign(ctx, &out, d, key, &pades.Options{
			Level: pades.BLT, Chain: []*certpath.Certificate{cert}, TSA: &tsp.Client{URL: pki.URL("tsa"), Fetch: client},
			Status: status, Issuers: status, Anchors: pki,
		}); err != nil {
			b.Fatal(err)
		}
		files[i] = out.Bytes()
	}
	store, memory, policy := trust.New(pki.Root), &verify.Memory{}, verify.DefaultPolicy()
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		f := files[i%len(files)]
		facts, err := verify.Collect(ctx, bytes.NewReader(f), int64(len(f)), &verify.CollectOptions{Trust: store, Offline: true, At: time.Now(), Memory: memory})
		if err != nil {
			b.Fatal(err)
		}
		if v := verify.Decide(facts, policy, time.Now()); v.Indication != verify.TotalPassed {
			b.Fatal(v.Indication, v.Sub, v.Signatures[0].Errors)
		}
	}
}
