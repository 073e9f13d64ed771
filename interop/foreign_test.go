package interop

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/verify"
)

// peerAlgorithms are the algorithms in the peers' words: pyHanko's and DSS's names, and the digest.
var peerAlgorithms = map[string][2]string{
	"RSA-2048": {"RSA", "sha256"}, "RSA-PSS": {"RSASSA-PSS", "sha256"}, "P-256": {"ECDSA", "sha256"}, "P-384": {"ECDSA", "sha384"},
	"P-521": {"ECDSA", "sha512"}, "Ed25519": {"EdDSA", "sha512"},
}

// foreign are the files that pyHanko and DSS sign, at every level with every algorithm.
func foreign(t *testing.T, p *pki, peer string) []*specimen {
	t.Helper()
	base := input{name: "libreoffice", path: absolute(t, "testdata/libreoffice.pdf")}
	var specimens []*specimen
	var jobs [][]string
	for _, level := range levels {
		for _, algorithm := range algorithms {
			s := &specimen{level: level, algorithm: algorithm, input: base, by: peer, id: p.identity(t, algorithm)}
			out := filepath.Join(t.TempDir(), fmt.Sprintf("%s-%s.pdf", level, algorithm))
			name, digest := peerAlgorithms[algorithm][0], peerAlgorithms[algorithm][1]
			job := []string{"sign", level.String(), name, digest, s.id.p12, password, p.URL("tsa"), base.path, out}
			if peer == "dss" {
				job = []string{"sign", "PAdES-BASELINE-" + dssLevel(level), "ENVELOPED", strings.ToUpper(digest), name, s.id.p12, password, p.URL("tsa"), base.path, out}
			}
			s.path = out
			specimens, jobs = append(specimens, s), append(jobs, job)
		}
	}
	var failed []string
	if peer == "dss" {
		for _, a := range dss(t, p.root, jobs) {
			failed = append(failed, a.Error)
		}
	} else {
		for _, a := range pyhanko(t, p.root, jobs) {
			failed = append(failed, a.Error)
		}
	}
	var made []*specimen
	for i, s := range specimens {
		if failed[i] != "" {
			t.Errorf("%s: %s", s, failed[i])
			continue
		}
		s.store(t, p, read(t, s.path))
		made = append(made, s)
	}
	return made
}

func dssLevel(l pades.Level) string { return strings.TrimPrefix(l.String(), "B-") }

// TestForeignSignatures holds our own validation to files that others signed.
func TestForeignSignatures(t *testing.T) {
	p := newPKI(t)
	for _, peer := range []string{"pyhanko", "dss"} {
		t.Run(peer, func(t *testing.T) {
			needs(t, peer)
			for _, s := range foreign(t, p, peer) {
				count(peer)
				good := p.decide(t, s.path)
				if good.Indication != verify.TotalPassed {
					t.Errorf("%s: %s", s, good.Report("en").Text())
				}
				if twin := p.decide(t, s.twin); twin.Indication != verify.TotalFailed {
					t.Errorf("the spoiled twin of %s: %s/%s", s, twin.Indication, twin.Sub)
				}
			}
		})
	}
}

// TestWhatPeersCannotDo shows each inability of the table on files that another producer signed: what a peer cannot do with ours, it
// cannot do with theirs.
func TestWhatPeersCannotDo(t *testing.T) {
	p := newPKI(t)
	var theirs []*specimen
	for _, producer := range []string{"pyhanko", "dss"} {
		if present(t, producer) {
			theirs = append(theirs, foreign(t, p, producer)...)
		}
	}
	for _, c := range inabilities {
		t.Run(c.peer+": "+c.why, func(t *testing.T) {
			needs(t, c.peer)
			var of []*specimen
			for _, s := range theirs {
				if s.by != c.peer && c.applies(s) {
					of = append(of, s)
				}
			}
			if len(of) == 0 {
				t.Fatal("no file by another producer shows it")
			}
			for _, v := range askers[c.peer](t, p, of) {
				count(c.peer)
				if v.peer = c.peer; !v.cannot() {
					t.Errorf("%s: it can by now: %s", v.of, v.good)
				}
			}
		})
	}
}
