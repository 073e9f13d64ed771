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
			job := p.pyhankoJob(t, level, algorithm, base.path, out)
			if peer == "dss" {
				job = p.dssJob(t, level, algorithm, base.path, out)
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

// pyhankoJob signs a file with pyHanko, in the field Peer.
func (p *pki) pyhankoJob(t *testing.T, level pades.Level, algorithm, in, out string) []string {
	name, digest := peerAlgorithms[algorithm][0], peerAlgorithms[algorithm][1]
	return []string{"sign", level.String(), name, digest, p.identity(t, algorithm).p12, password, p.URL("tsa"), in, out}
}

// dssJob signs a file with DSS.
func (p *pki) dssJob(t *testing.T, level pades.Level, algorithm, in, out string) []string {
	name, digest := peerAlgorithms[algorithm][0], peerAlgorithms[algorithm][1]
	return []string{
		"sign", "PAdES-BASELINE-" + dssLevel(level), "ENVELOPED", strings.ToUpper(digest), name, p.identity(t, algorithm).p12, password, p.URL("tsa"), in, out,
	}
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
				good := p.decide(t, s.path, "")
				if good.Indication != verify.TotalPassed {
					t.Errorf("%s: %s", s, good.Report("en").Text())
				}
				if twin := p.decide(t, s.twin, ""); twin.Indication != verify.TotalFailed {
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
	producers := []string{"pyhanko", "dss"}
	for _, producer := range producers {
		if present(t, producer) {
			theirs = append(theirs, foreign(t, p, producer)...)
		}
	}
	for _, c := range inabilities {
		t.Run(c.peer+" and "+c.what, func(t *testing.T) {
			needs(t, c.peer)
			var of []*specimen
			for _, s := range theirs {
				if s.by != c.peer && c.applies(s) {
					of = append(of, s)
				}
			}
			if len(of) == 0 {
				for _, producer := range producers {
					if producer != c.peer {
						needs(t, producer)
					}
				}
				t.Fatal("no file by another producer shows it")
			}
			for _, refusal := range c.refusals(t, p, of) {
				count(c.peer)
				if !strings.Contains(refusal, c.words) {
					t.Errorf("it can by now: %s", refusal)
				}
			}
		})
	}
}

// refusals are the peer's words about files that others made.
func (c *inability) refusals(t *testing.T, p *pki, of []*specimen) []string {
	var words []string
	if c.part { // pdfsig and document time-stamps
		for _, s := range of {
			words = append(words, say(t.Context(), "pdfsig", "-nocert", s.path))
		}
		return words
	}
	for _, v := range askers[c.peer](t, p, of) {
		words = append(words, v.good)
	}
	return words
}
