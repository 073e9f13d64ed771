package verify_test

import (
	"bytes"
	"context"
	"encoding/json"
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

// TestWhatIsUnchangedIsNotVerifiedAgain: facts kept of the first signature serve when the second has come, and say the same;
// one changed byte under it ends that.
func TestWhatIsUnchangedIsNotVerifiedAgain(t *testing.T) {
	ctx := context.Background()
	pki, err := pkitest.New(pkitest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := pki.Start(ctx); err != nil {
		t.Fatal(err)
	}
	defer pki.Close()
	client := &fetch.Client{AllowHosts: []string{pki.Host()}}
	status := &revocation.Fetcher{Fetch: client}
	sign := func(content []byte, name string, level pades.Level) []byte {
		cert, key, err := pki.Issue(pkitest.Subject{CommonName: name})
		if err != nil {
			t.Fatal(err)
		}
		d, err := pdf.Open(ctx, bytes.NewReader(content), int64(len(content)), nil)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if _, err := pades.Sign(ctx, &out, d, key, &pades.Options{
			Level: level, Chain: []*certpath.Certificate{cert}, TSA: &tsp.Client{URL: pki.URL("tsa"), Fetch: client}, Status: status, Issuers: status, Anchors: pki,
		}); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	at := time.Now()
	collect := func(content []byte, previous *verify.Facts) *verify.Facts {
		f, err := verify.Collect(ctx, bytes.NewReader(content), int64(len(content)), &verify.CollectOptions{
			Trust: trust.New(pki.Root), Offline: true, At: at, Previous: previous,
		})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	first := sign([]byte(strings.Replace(onePage, "%PDF-1.7\n", "%PDF-1.7\n% a comment that means nothing\n", 1)), "leader", pades.BLT)
	both := sign(first, "seal", pades.BLTA)
	at = time.Now()

	before := collect(first, nil)
	if before.Checked != 2 || before.Reused != 0 { // the signature and its time-stamp
		t.Fatalf("at first %d are checked and %d reused", before.Checked, before.Reused)
	}
	kept := roundTrip(t, before)
	fresh, reused := collect(both, nil), collect(both, kept)
	if reused.Reused != 2 || reused.Checked != fresh.Checked-2 {
		t.Errorf("%d are checked and %d reused; anew it is %d", reused.Checked, reused.Reused, fresh.Checked)
	}
	reused.Checked, reused.Reused = fresh.Checked, fresh.Reused
	if a, b := text(t, fresh), text(t, reused); a != b {
		t.Errorf("what is reused says something else:\n%s\n%s", a, b)
	}
	if v := verify.Decide(reused, verify.DefaultPolicy(), at); v.Indication != verify.TotalPassed {
		t.Errorf("%s %s", v.Indication, v.Sub)
	}

	edited := bytes.Replace(both, []byte("means nothing"), []byte("means NOTHING"), 1)
	changed := collect(edited, roundTrip(t, fresh))
	if v := verify.Decide(changed, verify.DefaultPolicy(), at); v.Sub != verify.HashFailure || changed.Reused != 0 {
		t.Errorf("after a changed byte: %s %s, %d reused", v.Indication, v.Sub, changed.Reused)
	}
}

func roundTrip(t *testing.T, f *verify.Facts) *verify.Facts {
	t.Helper()
	out := &verify.Facts{}
	if err := json.Unmarshal([]byte(text(t, f)), out); err != nil {
		t.Fatal(err)
	}
	return out
}

func text(t *testing.T, f *verify.Facts) string {
	t.Helper()
	b, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
