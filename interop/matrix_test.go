package interop

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
)

// specimen is a signed file and its spoiled twin.
type specimen struct {
	level     pades.Level
	algorithm string
	input     input
	by        string // who signed
	path      string
	twin      string // one byte of the signed content is another
	broken    string // for qpdf: the last cross-reference is not where the file says
	claims    string // for veraPDF: the metadata claim a part of PDF/A that there is not
	id        *identity
}

func (s *specimen) String() string {
	return fmt.Sprintf("%s %s %s by %s", s.level, s.algorithm, s.input.name, s.by)
}

var levels = []pades.Level{pades.BB, pades.BT, pades.BLT, pades.BLTA}

// TestMatrix signs every kind of input at every level with every algorithm, and asks every peer about the file and its twin.
func TestMatrix(t *testing.T) {
	p := newPKI(t)
	inputs := makeInputs(t, p)
	var specimens []*specimen
	for i, level := range levels {
		for j, algorithm := range algorithms {
			for k, in := range inputs {
				if !all() && (i*len(algorithms)+j+k)%len(inputs) != 0 { // a diagonal: every level, algorithm and input at least once
					continue
				}
				specimens = append(specimens, p.sign(t, level, algorithm, in))
			}
		}
	}
	results := ask(t, p, specimens)
	if all() && !t.Failed() {
		writeTable(t, inputs, results)
	}
}

func (p *pki) sign(t *testing.T, level pades.Level, algorithm string, in input) *specimen {
	t.Helper()
	s := &specimen{level: level, algorithm: algorithm, input: in, by: "antin", id: p.identity(t, algorithm)}
	base := read(t, in.path)
	d, err := pdf.Open(t.Context(), bytes.NewReader(base), int64(len(base)), nil)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	var out bytes.Buffer
	report, err := pades.Sign(t.Context(), &out, d, s.id.key, p.options(s.id, level, algorithm == "RSA-PSS"))
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	if report.Level != level || !bytes.HasPrefix(out.Bytes(), base) {
		t.Fatalf("%s: %s was written, or the base's bytes are not kept", s, report.Level)
	}
	s.store(t, p, out.Bytes())
	return s
}

// store writes the file and its spoiled twins.
func (s *specimen) store(t *testing.T, p *pki, signed []byte) {
	t.Helper()
	dir, err := os.MkdirTemp(p.dir, "") //nolint:usetesting // all of a specimen in one place
	if err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	s.path, s.twin, s.broken, s.claims = in("signed.pdf"), in("twin.pdf"), in("broken.pdf"), in("claims.pdf")
	write(t, s.path, signed)
	write(t, s.twin, spoil(t, signed))
	i := bytes.LastIndex(signed, []byte("startxref\n")) + len("startxref\n")
	broken := bytes.Clone(signed)
	broken[i] = '1' + (broken[i]-'0')%9
	write(t, s.broken, broken)
	if s.input.pdfa != "" {
		write(t, s.claims, conformanceClaim.ReplaceAll(signed, []byte("${1}7")))
	}
}

// conformanceClaim is the part of PDF/A in XMP, as element or attribute.
var conformanceClaim = regexp.MustCompile(`(pdfaid:part(?:>|=["']))[123]`)

// spoil changes one byte of the comment in the second line: it means nothing to any reader, so that a verdict can only come from
// the digest.
func spoil(t *testing.T, signed []byte) []byte {
	t.Helper()
	twin := bytes.Clone(signed)
	i := bytes.IndexByte(twin, '\n') + 2
	if twin[i-1] != '%' || twin[i] < 0x80 {
		t.Fatalf("the second line is no comment: %q", twin[:20])
	}
	twin[i] ^= 1
	return twin
}

// verdict is what a peer says of a specimen.
type verdict struct {
	peer  string
	of    *specimen
	good  string // "" if the peer accepts the file, else its words
	twin  string // "" if the peer refuses the twin, else its words
	apply bool   // false: the peer has nothing to say about this kind of file
}

// askers ask one peer about files and their twins.
var askers = map[string]func(*testing.T, *pki, []*specimen) []verdict{
	"antin": askAntin, "pdfsig": askPDFSig, "qpdf": askQPDF, "openssl": askOpenSSL, "pyhanko": askPyHanko, "dss": askDSS, "verapdf": askVeraPDF,
}

// ask gives the specimens to each peer that is here, and holds every verdict: passed with a refused twin, or a known inability.
func ask(t *testing.T, p *pki, specimens []*specimen) []verdict {
	t.Helper()
	var results []verdict
	var mu sync.Mutex
	one := func(t *testing.T, peer string) {
		needs(t, peer)
		found := askers[peer](t, p, specimens)
		for i := range found {
			v := &found[i]
			v.peer = peer
			if !v.apply {
				continue
			}
			count(peer)
			if v.good != "" && v.cannot() {
				continue
			}
			if v.good != "" {
				t.Errorf("%s: %s", v.of, v.good)
			}
			if v.twin != "" {
				t.Errorf("the spoiled twin of %s: %s", v.of, v.twin)
			}
			count(peer)
		}
		mu.Lock()
		defer mu.Unlock()
		results = append(results, found...)
	}
	t.Run("peers", func(t *testing.T) {
		for _, peer := range peers {
			t.Run(peer, func(t *testing.T) {
				t.Parallel()
				one(t, peer)
			})
		}
	})
	return results
}

// inability is what a peer cannot do with anybody's file: [TestWhatPeersCannotDo] shows each on files that others made.
type inability struct {
	peer    string
	what    string // in the table
	why     string
	applies func(*specimen) bool
	words   string // in its refusal
	part    bool   // it judges the rest of the file
}

var inabilities = []inability{
	{"pdfsig", "Ed25519", "poppler 22.12 calls it corrupted data", isEd25519, "Document isn't signed or corrupted data", false},
	{
		"pdfsig", "the document time-stamp", "poppler 22.12 does not verify it",
		func(s *specimen) bool { return s.level == pades.BLTA }, "Signature has not yet been verified", true,
	},
	{"openssl", "Ed25519", "OpenSSL 3.0 does not verify it in CMS", isEd25519, "eddsa_digest_signverify_init:invalid digest", false},
	{"dss", "Ed25519", "EdDSA is not in the default crypto suite of DSS 6.4", isEd25519, "ASCCM_CAA_ANS: The algorithm EdDSA with SHA512 is not authorised", false},
}

func isEd25519(s *specimen) bool { return s.algorithm == "Ed25519" }

// cannot says that a refusal is one of the peer's inabilities.
func (v *verdict) cannot() bool {
	return slices.ContainsFunc(inabilities, func(c inability) bool {
		return c.peer == v.peer && !c.part && c.applies(v.of) && strings.Contains(v.good, c.words)
	})
}

// signatures reads a file's signatures with Antin, for the peers that are given their parts.
func signatures(ctx context.Context, path string) ([]*pades.Signature, []byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	d, err := pdf.Open(ctx, bytes.NewReader(b), int64(len(b)), nil)
	if err != nil {
		return nil, nil, err
	}
	found, err := pades.Signatures(ctx, d)
	return found, b, err
}
