package pades_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/revocation"
	"github.com/antinvn/antin/tsp"
)

// The whole thread with servers on loopback: prepared in one process, embedded at B-LTA in another, checked by pyHanko
// with nothing but the root and what the file holds.
func TestPreparedThenEmbeddedAtBLTA(t *testing.T) {
	p := must(pkitest.New(pkitest.Options{}))(t)
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	// The test root answers OCSP with its own key, which pyHanko does not follow in the past: lists it does.
	p.Faults.Set("ocsp", pkitest.Fault{Status: http.StatusInternalServerError})
	cert, key, err := p.Issue(pkitest.Subject{CommonName: "Nguyễn Văn Mẫu"})
	if err != nil {
		t.Fatal(err)
	}
	f := &revocation.Fetcher{Fetch: &fetch.Client{AllowHosts: []string{p.Host()}}}
	source := &tsp.Client{URL: p.URL("tsa"), Fetch: &fetch.Client{Trusted: true}}
	base := pages(2).bytes()
	prepared := must(pades.Prepare(t.Context(), open(t, base), &pades.Options{
		Level: pades.BLTA, Chain: []*certpath.Certificate{cert}, Pool: p.Chain(), Anchors: p, TSA: source, Time: time.Now(),
	}))(t)
	stored := must(prepared.MarshalBinary())(t)

	var later pades.Prepared
	if err := later.UnmarshalBinary(stored); err != nil {
		t.Fatal(err)
	}
	u := later.Unsigned()
	value := must(key.Sign(nil, u.Digest(), u.SignerOpts()))(t)
	var out bytes.Buffer
	o := &pades.EmbedOptions{TSA: source, Status: f, Issuers: f, Anchors: p}
	report := must(later.Embed(t.Context(), &out, open(t, base), value, o))(t)
	if report.Level != pades.BLTA || report.Size != int64(out.Len()) {
		t.Errorf("%+v", report)
	}
	all := intact(t, out.Bytes(), 2)
	if n := len(all[0].CMS.Certificates()); n != 2 {
		t.Errorf("%d certificates in the CMS, want the leaf and its issuer", n)
	}
	clean(t, out.Bytes())
	if said := pyhanko(t, out.Bytes(), rootFile(t, p)); !strings.Contains(said, "lta=AdESPassed.OK") {
		t.Errorf("pyHanko: %s", said)
	}

	t.Run("renewed", func(t *testing.T) {
		var renewed bytes.Buffer
		must(pades.Extend(t.Context(), &renewed, open(t, out.Bytes()), pades.BLTA, o))(t)
		intact(t, renewed.Bytes(), 3)
		if said := pyhanko(t, renewed.Bytes(), rootFile(t, p)); !strings.Contains(said, "lta=AdESPassed.OK") {
			t.Errorf("pyHanko: %s", said)
		}
	})
	p.Faults.Set("ocsp", pkitest.Fault{})
	t.Run("revoked meanwhile", func(t *testing.T) {
		p.Revoke(cert, time.Now().Add(-time.Minute), 1)
		_, err := later.Embed(t.Context(), new(bytes.Buffer), open(t, base), value, o)
		wantCode(t, err, pades.ErrRevoked)
	})
}

func rootFile(t *testing.T, p *pkitest.PKI) string {
	t.Helper()
	return store(t, p.Root.Raw)
}
