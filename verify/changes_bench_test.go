package verify_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/revocation"
	"github.com/antinvn/antin/tsp"
	"github.com/antinvn/antin/verify"
)

// largeFile has so many objects, that many bytes of them in streams, on a hundred pages.
func largeFile(objects, size int) []byte {
	const pages = 100
	var b bytes.Buffer
	var offsets []int
	object := func(body string) {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", len(offsets), body)
	}
	b.WriteString("%PDF-1.7\n")
	object("<</Type/Catalog/Pages 2 0 R/PieceInfo 103 0 R>>")
	var kids strings.Builder
	for i := range pages {
		fmt.Fprintf(&kids, "%d 0 R ", i+3)
	}
	object("<</Type/Pages/Count 100/Kids[" + kids.String() + "]>>")
	for range pages {
		object("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<>>/Contents 104 0 R>>")
	}
	var all strings.Builder // everything is reached
	for i := 105; i <= objects; i++ {
		fmt.Fprintf(&all, "%d 0 R ", i)
	}
	object("[" + all.String() + "]")
	object("<</Length 8>>\nstream\n0 0 m S \nendstream")
	filler := max(1, (size-b.Len())/(objects-len(offsets))-120)
	for len(offsets) < objects {
		n := len(offsets)
		object(fmt.Sprintf("<</Type/StructElem/S/P/P %d 0 R/Pg %d 0 R/K[%d %d]/Length %d>>\nstream\n%s\nendstream",
			max(1, n-1), n%pages+3, n, n+1, filler, strings.Repeat("x", filler)))
	}
	at := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, at)
	return b.Bytes()
}

// signedAt signs in memory at a level.
func (d *desk) signedAt(tb testing.TB, b []byte, level pades.Level) []byte {
	tb.Helper()
	cert, key, err := d.pki.Issue(pkitest.Subject{CommonName: "Nguyễn Văn Mẫu"})
	if err != nil {
		tb.Fatal(err)
	}
	o := &pades.Options{Level: level, Chain: append([]*certpath.Certificate{cert}, d.pki.Chain()...), TSA: &tsp.Client{URL: d.pki.URL("tsa"), Fetch: &fetch.Client{Trusted: true}}}
	status := &revocation.Fetcher{Fetch: &fetch.Client{AllowHosts: []string{d.pki.Host()}}}
	o.Status, o.Issuers, o.Anchors = status, status, d.pki
	var out bytes.Buffer
	if _, err := pades.Sign(tb.Context(), &out, open(tb, b), key, o); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// BenchmarkChanges validates with change analysis on, trust and certificates warm.
func BenchmarkChanges(b *testing.B) {
	desk := newDesk(b)
	if err := desk.pki.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	small := desk.signedAt(b, largeFile(120, 100_000), pades.BLT)
	large := desk.sign(b, desk.sign(b, largeFile(40_000, 10_000_000), pades.Options{}), pades.Options{})
	for name, file := range map[string][]byte{"B-LT 100 kB": small, "10 MB, 40,000 objects, two signatures": large} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				at := time.Now()
				f, err := verify.Collect(b.Context(), bytes.NewReader(file), int64(len(file)), &verify.CollectOptions{Trust: desk.trust, Offline: true, At: at})
				if err != nil {
					b.Fatal(err)
				}
				if v := verify.Decide(f, verify.DefaultPolicy(), at); v.Signatures[0].Modifications == verify.ClassForbidden {
					b.Fatal(v.Report("en").Text())
				}
			}
		})
	}
}
