package verify_test

import (
	"bytes"
	"crypto"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/cades"
	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/revocation"
	"github.com/antinvn/antin/trust"
	"github.com/antinvn/antin/tsp"
	"github.com/antinvn/antin/verify"
)

var letter = []byte("Kính gửi: Ủy ban nhân dân các xã\r\n")

// registry signs files under a PKI whose servers run.
type registry struct {
	pki   *pkitest.PKI
	cert  *certpath.Certificate
	key   crypto.Signer
	trust *trust.Store
	now   time.Time // on the servers' clock
}

func newRegistry(t *testing.T) *registry {
	t.Helper()
	r := &registry{now: time.Now()}
	p, err := pkitest.New(pkitest.Options{Clock: func() time.Time { return r.now }})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	cert, key, err := p.Issue(pkitest.Subject{CommonName: "Nguyễn Văn Mẫu", NotAfter: r.now.Add(24 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	r.pki, r.cert, r.key, r.trust = p, cert, key, trust.New(p.Root)
	return r
}

func (r *registry) options(level cades.Level) *cades.Options {
	f := &revocation.Fetcher{Fetch: &fetch.Client{AllowHosts: []string{r.pki.Host()}}}
	return &cades.Options{
		Level: level, Chain: append([]*certpath.Certificate{r.cert}, r.pki.Chain()...), Anchors: r.trust, Status: f, Issuers: f,
		TSA: &tsp.Client{URL: r.pki.URL("tsa"), Fetch: &fetch.Client{Trusted: true}},
	}
}

func (r *registry) sign(t *testing.T, d *cades.Document, o *cades.Options) []byte {
	t.Helper()
	var out bytes.Buffer
	if _, err := cades.Sign(t.Context(), &out, d, r.key, o); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func reader(b []byte) *io.SectionReader {
	return io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))
}

// verdict verifies at a time; the servers are asked about what the file does not carry.
func (r *registry) verdict(t *testing.T, file, content []byte, at time.Time) *verify.Verdict {
	t.Helper()
	r.now = at
	o := &verify.CollectOptions{Trust: r.trust, At: at, Fetch: &fetch.Client{AllowHosts: []string{r.pki.Host()}}}
	if content != nil {
		o.Content = reader(content)
	}
	f, err := verify.Collect(t.Context(), bytes.NewReader(file), int64(len(file)), o)
	if err != nil {
		t.Fatal(err)
	}
	if f.Format != "cms" {
		t.Errorf("format %q", f.Format)
	}
	return verify.Decide(f, verify.DefaultPolicy(), at)
}

func TestCMSFiles(t *testing.T) {
	r := newRegistry(t)
	changed := bytes.Replace(letter, []byte("xã"), []byte("xá"), 1)
	for _, detached := range []bool{false, true} {
		for _, tt := range []struct {
			level cades.Level
			later bool // after the signer's certificate ended
			want  verify.Indication
			sub   verify.SubIndication
		}{
			{cades.BLT, false, verify.TotalPassed, ""},
			{cades.BLTA, false, verify.TotalPassed, ""},
			{cades.BLTA, true, verify.TotalPassed, ""},
			{cades.BB, true, verify.Indeterminate, verify.OutOfBoundsNoPOE},
			{cades.BT, false, verify.TotalPassed, ""},
		} {
			r.now = time.Now()
			at := r.now.Add(time.Minute)
			if tt.later {
				at = at.Add(48 * time.Hour)
			}
			file := r.sign(t, cades.New(reader(letter), detached), r.options(tt.level))
			content, twin, spoiled := []byte(nil), bytes.Replace(file, letter, changed, 1), []byte(nil)
			if detached {
				content, twin, spoiled = letter, file, changed
			}
			v := r.verdict(t, file, content, at)
			if v.Indication != tt.want || v.Sub != tt.sub || tt.want == verify.TotalPassed && v.Signatures[0].Level != tt.level.String() {
				t.Errorf("%s detached=%t later=%t: %s/%s, level %s", tt.level, detached, tt.later, v.Indication, v.Sub, v.Signatures[0].Level)
			}
			if v := r.verdict(t, twin, spoiled, at); v.Indication != verify.TotalFailed || v.Sub != verify.HashFailure {
				t.Errorf("%s detached=%t: another content: %s/%s", tt.level, detached, v.Indication, v.Sub)
			}
			if detached {
				v := r.verdict(t, file, nil, at)
				if v.Indication != verify.Indeterminate || v.Sub != verify.SignedDataNotFound || v.Signatures[0].Integrity != "unverifiable" {
					t.Errorf("%s: without the content: %s/%s", tt.level, v.Indication, v.Sub)
				}
				for _, w := range v.Signatures[0].Warnings { // nothing is wrong with a time-stamp whose content is not at hand
					if strings.HasPrefix(w.Code, "timestamp_") && w.Code != "timestamp_unverifiable" {
						t.Errorf("%s: without the content: %s", tt.level, w.Code)
					}
				}
			}
		}
	}
}

func TestCMSCountersignaturesAreNamedAfterTheirSigner(t *testing.T) {
	r := newRegistry(t)
	file := r.sign(t, cades.New(reader(letter), true), r.options(cades.BLT))
	d, err := cades.Open(t.Context(), reader(file), reader(letter))
	if err != nil {
		t.Fatal(err)
	}
	o := r.options(cades.BLTA)
	o.Countersign = 1
	file = r.sign(t, d, o)
	v := r.verdict(t, file, letter, r.now.Add(time.Minute))
	if v.Indication != verify.TotalPassed || len(v.Signatures) != 2 || v.Facts.Signatures[1].Type != "counter-signature" {
		t.Fatalf("%s/%s, %+v", v.Indication, v.Sub, v.Facts.Signatures)
	}
	if v.Signatures[0].Level != "B-LTA" || v.Signatures[1].Level != "B-LTA" || v.Signatures[1].Indication != verify.TotalPassed {
		t.Errorf("levels %s and %s", v.Signatures[0].Level, v.Signatures[1].Level)
	}
	for lang, want := range map[string]string{"vi": "Chữ ký xác nhận của “Nguyễn Văn Mẫu” hợp lệ", "en": "Counter-signature by “Nguyễn Văn Mẫu” is valid"} {
		if words := v.Report(lang).Text(); !strings.Contains(words, want) {
			t.Errorf("%s: %s", lang, words)
		}
	}
}

// TestOfAResponderWithoutCheckNobodyIsAsked: RFC 6960, 4.2.2.2.1.
func TestOfAResponderWithoutCheckNobodyIsAsked(t *testing.T) {
	r := newRegistry(t)
	v := r.verdict(t, r.sign(t, cades.New(reader(letter), false), r.options(cades.BB)), nil, r.now.Add(time.Minute))
	if n := r.pki.Requests("ocsp"); v.Indication != verify.TotalPassed || n != 2 || len(v.Facts.Unanswered) > 0 { // of the signer and of its authority
		t.Errorf("%s after %d questions, %+v unanswered", v.Indication, n, v.Facts.Unanswered)
	}
}

// TestTheNetworkIsAskedWhereTheFileDoesNotReach: about the signer in force in any case, about the others once what the file carries is
// no longer fresh.
func TestTheNetworkIsAskedWhereTheFileDoesNotReach(t *testing.T) {
	r := newRegistry(t)
	file := r.sign(t, cades.New(reader(letter), false), r.options(cades.BLT))
	signed, asked := r.now, r.pki.Requests("ocsp")
	for _, tt := range []struct {
		after time.Duration
		want  int
	}{{time.Minute, 1}, {23 * time.Hour, 1}, {48 * time.Hour, 2}} { // by then the signer has expired, and its authority and that of time-stamps are asked about
		v := r.verdict(t, file, nil, signed.Add(tt.after))
		if n := r.pki.Requests("ocsp") - asked; v.Indication != verify.TotalPassed || n != tt.want {
			t.Errorf("after %s: %s, %d questions, want %d", tt.after, v.Indication, n, tt.want)
		}
		asked = r.pki.Requests("ocsp")
	}
}
