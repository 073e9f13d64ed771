package verify

import (
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/trust"
)

// TestEvidenceSpeaksInFactsAsItDoesInPaths: what decides may import nothing of certpath, and says the same as it.
func TestEvidenceSpeaksInFactsAsItDoesInPaths(t *testing.T) {
	day := func(n int) time.Time { return testTime.AddDate(0, 0, n) }
	cert := &certpath.Certificate{NotBefore: day(0), NotAfter: day(10)}
	known := &knownCert{CertificateFacts: &CertificateFacts{NotBefore: cert.NotBefore, NotAfter: cert.NotAfter}}
	answers := map[bool]int{}
	for made := -1; made <= 12; made++ {
		for cut := -2; cut <= 12; cut++ {
			s := certpath.Status{State: certpath.Good, ThisUpdate: day(made)}
			if cut >= -1 {
				s.ArchiveCutOff = day(cut)
			}
			a := answer{&AnswerFacts{}, &knownEvidence{EvidenceFacts: &EvidenceFacts{ThisUpdate: s.ThisUpdate, CutOff: moment(s.ArchiveCutOff)}}}
			if got, want := a.speaksOf(known), s.SpeaksFor(cert); got != want {
				t.Errorf("made on day %d, cut off on day %d: %t, want %t", made, cut, got, want)
			}
			answers[s.SpeaksFor(cert)]++
		}
	}
	if answers[true] == 0 || answers[false] == 0 {
		t.Errorf("one answer only: %v", answers)
	}
}

// TestWhoNeedsNoStatusIsTheSameInFactsAsInPaths: RFC 9608, 2, is for end entities alone.
func TestWhoNeedsNoStatusIsTheSameInFactsAsInPaths(t *testing.T) {
	for _, c := range []certpath.Certificate{{}, {NoRevAvail: true}, {ValidityAssured: true}, {NoRevAvail: true, IsCA: true}, {ValidityAssured: true, IsCA: true}} {
		if got := certificateFacts(&c).NoRevAvail; got != c.NeedsNoStatus() {
			t.Errorf("%+v: %t", c, got)
		}
	}
}

// TestWhoSignsListsMustBeAllowedTo: RFC 5280, 6.3.3 (f).
func TestWhoSignsListsMustBeAllowedTo(t *testing.T) {
	p, err := pkitest.New(pkitest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	c := newCollector(t.Context(), &CollectOptions{Offline: true, At: testTime, Trust: trust.New(p.Root)})
	c.begin("pdf", 0)
	c.pool = append(c.pool, p.CA)
	leaf, _, err := p.Issue(pkitest.Subject{CommonName: "Người ký"})
	if err != nil {
		t.Fatal(err)
	}
	chains, err := c.responderChains(leaf, "crl", time.Now())
	if err != nil || len(chains) == 0 || len(chains[0].Problems) != 1 || chains[0].Problems[0].Code != "key_usage" {
		t.Errorf("%v %+v", err, chains)
	}
}
