package interop

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/trust"
	"github.com/antinvn/antin/verify"
)

// askAntin is our own validation, held to the same table.
func askAntin(t *testing.T, p *pki, specimens []*specimen) []verdict {
	return each(specimens, func(s *specimen) verdict {
		v := verdict{of: s, apply: true}
		good := p.decide(t, s.path, "")
		last := slices.IndexFunc(good.Signatures, func(v verify.SignatureVerdict) bool { return v.Level == s.level.String() })
		if good.Indication != verify.TotalPassed || last < 0 {
			v.good = fmt.Sprintf("%s/%s %s", good.Indication, good.Sub, good.Report("en").Text())
		}
		if twin := p.decide(t, s.twin, ""); twin.Indication != verify.TotalFailed || twin.Sub != verify.HashFailure {
			v.twin = fmt.Sprintf("%s/%s", twin.Indication, twin.Sub)
		}
		return v
	})
}

func (p *pki) decide(t *testing.T, path, password string) *verify.Verdict {
	t.Helper()
	b := read(t, path)
	now := time.Now()
	facts, err := verify.Collect(t.Context(), bytes.NewReader(b), int64(len(b)), &verify.CollectOptions{
		Trust: trust.New(p.Root, p.CA), Fetch: p.Fetch, At: now, Password: []byte(password),
	})
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return verify.Decide(facts, verify.DefaultPolicy(), now)
}

func each(specimens []*specimen, f func(*specimen) verdict) []verdict {
	found := make([]verdict, 0, len(specimens))
	for _, s := range specimens {
		found = append(found, f(s))
	}
	return found
}

// askPDFSig holds every signature; a document time-stamp is none to pdfsig.
func askPDFSig(t *testing.T, _ *pki, specimens []*specimen) []verdict {
	return each(specimens, func(s *specimen) verdict {
		return verdict{of: s, apply: true, good: pdfsigRefusal(t, s.path), twin: unlike(pdfsigRefusal(t, s.twin), "Digest Mismatch")}
	})
}

// pdfsigRefusal is "" where pdfsig calls every signature of a file valid.
func pdfsigRefusal(t *testing.T, path string, options ...string) string {
	t.Helper()
	words := say(t.Context(), "pdfsig", slices.Concat([]string{"-nocert"}, options, []string{path})...)
	valid := 0
	for _, part := range strings.Split(words, "Signature #")[1:] {
		if strings.Contains(part, "Signature Type: unknown") && strings.Contains(part, "Signature has not yet been verified") {
			continue // a document time-stamp
		}
		if strings.Contains(part, "The signature form field is not signed.") {
			continue
		}
		if !strings.Contains(part, "Signature Validation: Signature is Valid.") {
			return words
		}
		valid++
	}
	if valid == 0 {
		return words
	}
	return ""
}

// unlike holds a twin's refusal to its reason: "" if it says one of the words, else what is wrong with it.
func unlike(refusal string, words ...string) string {
	if refusal == "" {
		return "accepted"
	}
	if slices.ContainsFunc(words, func(w string) bool { return strings.Contains(refusal, w) }) {
		return ""
	}
	return "refused for another reason: " + refusal
}

func askQPDF(t *testing.T, _ *pki, specimens []*specimen) []verdict {
	return each(specimens, func(s *specimen) verdict {
		return verdict{of: s, apply: true, good: qpdfRefusal(t, s.path), twin: unlike(qpdfRefusal(t, s.broken), "xref")}
	})
}

func qpdfRefusal(t *testing.T, path string, options ...string) string {
	t.Helper()
	words := say(t.Context(), "qpdf", slices.Concat(options, []string{"--check", path})...)
	if strings.Contains(words, "No syntax or stream encoding errors found") && !strings.Contains(words, "WARNING") {
		return ""
	}
	return words
}

// askOpenSSL takes the file's own parts: the CMS over the byte range, the token over the signature value, the stored OCSP responses.
func askOpenSSL(t *testing.T, p *pki, specimens []*specimen) []verdict {
	return each(specimens, func(s *specimen) verdict {
		v := verdict{of: s, apply: true}
		v.good = opensslRefusal(t, p, s, s.path)
		v.twin = unlike(opensslRefusal(t, p, s, s.twin), "content verify error")
		return v
	})
}

func opensslRefusal(t *testing.T, p *pki, s *specimen, path string) string {
	t.Helper()
	found, b, err := signatures(t.Context(), path)
	if err != nil {
		return err.Error()
	}
	found = slices.DeleteFunc(found, func(f *pades.Signature) bool { return f.Type != pades.TypeSignature })
	if len(found) != s.input.before+1 {
		return fmt.Sprintf("%d signatures", len(found))
	}
	f := found[s.input.before]
	dir := filepath.Dir(path)
	p7s, content := filepath.Join(dir, "sig.p7s"), filepath.Join(dir, "content")
	write(t, p7s, f.Contents[:len(f.Contents)-f.CMS.Trailing()])
	r := f.ByteRange
	write(t, content, slices.Concat(b[r[0]:r[0]+r[1]], b[r[2]:r[2]+r[3]]))
	words := say(t.Context(), "openssl", "cms", "-verify", "-inform", "DER", "-binary", "-in", p7s, "-content", content, "-CAfile", p.chain, "-purpose", "any", "-out", os.DevNull)
	if !strings.Contains(words, "CMS Verification successful") && !strings.Contains(words, "Verification successful") {
		return words
	}
	if s.level >= pades.BT {
		if words := tokenRefusal(t, p, f.CMS.Signers()[0], dir); words != "" {
			return words
		}
	}
	if s.level >= pades.BLT {
		return ocspRefusal(t, p, s, dir)
	}
	return ""
}

// oidSignatureTimestamp is id-aa-signatureTimeStampToken (RFC 3161, appendix A).
var oidSignatureTimestamp = certpath.OID{1, 2, 840, 113549, 1, 9, 16, 2, 14}

// tokenRefusal asks about the signature time-stamp over the signature value, and over another.
func tokenRefusal(t *testing.T, p *pki, si *cms.SignerInfo, dir string) string {
	t.Helper()
	token, value := filepath.Join(dir, "token"), filepath.Join(dir, "value")
	for _, a := range si.UnsignedAttributes() {
		if a.Type.Equal(oidSignatureTimestamp) {
			write(t, token, a.Values[0])
		}
	}
	ask := func(b []byte) string {
		write(t, value, b)
		return say(t.Context(), "openssl", "ts", "-verify", "-token_in", "-in", token, "-data", value, "-CAfile", p.rootPEM, "-untrusted", p.caPEM)
	}
	if words := ask(si.Signature()); !strings.Contains(words, "Verification: OK") {
		return words
	}
	if words := ask([]byte("another")); strings.Contains(words, "Verification: OK") {
		return "a token over other bytes: " + words
	}
	return ""
}

// ocspRefusal asks whether one of the stored responses says "good" of the signer, under the test root.
func ocspRefusal(t *testing.T, p *pki, s *specimen, dir string) string {
	t.Helper()
	stored, err := evidence(t, s.path)
	if err != nil {
		return err.Error()
	}
	words := "no OCSP response is stored"
	for _, der := range stored.OCSP {
		response := filepath.Join(dir, "ocsp")
		write(t, response, der)
		words = say(t.Context(), "openssl", "ocsp", "-respin", response, "-issuer", p.caPEM, "-cert", s.id.pem, "-CAfile", p.chain, "-no_nonce")
		if strings.Contains(words, "Response verify OK") && strings.Contains(words, filepath.Base(s.id.pem)+": good") {
			return ""
		}
	}
	return words
}

func askPyHanko(t *testing.T, p *pki, specimens []*specimen) []verdict {
	jobs := make([][]string, 0, 2*len(specimens))
	for _, s := range specimens {
		jobs = append(jobs, []string{"validate", s.path}, []string{"validate", s.twin})
	}
	said := pyhanko(t, p.root, jobs)
	var found []verdict
	for i, s := range specimens {
		found = append(found, verdict{of: s, apply: true, good: pyhankoRefusal(s, &said[2*i]), twin: unlike(pyhankoRefusal(s, &said[2*i+1]), "intact=false")})
	}
	return found
}

func pyhankoRefusal(s *specimen, a *pyhankoAnswer) string {
	if a.Error != "" {
		return a.Error
	}
	signed := 0
	for i := range a.Signatures {
		f := &a.Signatures[i]
		if f.Error != "" || !f.Intact || !f.Valid || !f.Trusted || f.DocMDP != nil && !*f.DocMDP {
			return f.Field + ": " + f.String()
		}
		if f.Timestamp {
			continue
		}
		signed++
		if !slices.Contains([]string{"NONE", "LTA_UPDATES", "FORM_FILLING"}, f.modification()) {
			return f.Field + ": " + f.String()
		}
		last := signed == s.input.before+1
		if last && s.level >= pades.BT && !f.SignatureTimestamp {
			return f.Field + ": no time-stamp: " + f.String()
		}
		// On B-LT it says NO_POE (its process wants a time-stamp over the evidence).
		if last && s.level == pades.BLTA && f.LongTerm != "AdESPassed.OK" {
			return f.Field + ": " + f.String()
		}
	}
	if signed != s.input.before+1 {
		return fmt.Sprintf("%d signatures", signed)
	}
	return ""
}

func askDSS(t *testing.T, p *pki, specimens []*specimen) []verdict {
	jobs := make([][]string, 0, 2*len(specimens))
	for _, s := range specimens {
		jobs = append(jobs, []string{"validate", s.path}, []string{"validate", s.twin})
	}
	said := dss(t, p.root, jobs)
	var found []verdict
	for i, s := range specimens {
		found = append(found, verdict{of: s, apply: true, good: dssRefusal(s, &said[2*i]), twin: unlike(dssRefusal(s, &said[2*i+1]), "TOTAL_FAILED/HASH_FAILURE")})
	}
	return found
}

func dssRefusal(s *specimen, a *dssAnswer) string {
	if a.Error != "" {
		return a.Error
	}
	if len(a.Signatures) != s.input.before+1 {
		return fmt.Sprintf("%d signatures", len(a.Signatures))
	}
	for i := range a.Signatures {
		f := &a.Signatures[i]
		// What came after: evidence and a document time-stamp are extensions to DSS, another signature fills its field. Ed25519
		// brings the mark of ISO/TS 32002 unless pyHanko's P-256 signature brought it before.
		later := i < s.input.before
		marked := later && isEd25519(s) && s.input.name == "signed by DSS"
		want := dssModifications{extension: s.level >= pades.BLT || marked, form: later}
		if f.Indication != "TOTAL_PASSED" || f.SubIndication != "" || !f.Intact || !f.Consistent || !f.ByteRangeValid || len(f.Errors)+len(f.Warnings) > 0 {
			return f.String()
		}
		if got := f.modifications(); got != want {
			return fmt.Sprintf("its modifications are %+v, not %+v: %s", got, want, f)
		}
	}
	if f := &a.Signatures[s.input.before]; f.Level != "PAdES-BASELINE-"+dssLevel(s.level) {
		return f.String()
	}
	return ""
}

// askVeraPDF holds a signed PDF/A to what its input was.
func askVeraPDF(t *testing.T, _ *pki, specimens []*specimen) []verdict {
	var paths []string
	for _, s := range specimens {
		if s.input.pdfa != "" {
			paths = append(paths, s.path, s.claims)
		}
	}
	words := verapdf(t, paths...)
	return each(specimens, func(s *specimen) verdict {
		v := verdict{of: s, apply: s.input.pdfa != ""}
		if v.apply {
			v.good, v.twin = words.refusal(s.path, s.input.pdfa), unlike(words.refusal(s.claims, s.input.pdfa), "FAIL ")
		}
		return v
	})
}

// verapdfWords are veraPDF's lines, each "PASS path 2b" or "FAIL path 2b".
type verapdfWords string

// verapdf judges each file by the conformance that its own metadata claim.
func verapdf(t *testing.T, paths ...string) verapdfWords {
	t.Helper()
	args := []string{"-cp", "verapdf/target/lib/*", "org.verapdf.apps.GreenfieldCliWrapper", "--format", "text", "--flavour", "0"}
	return verapdfWords(say(t.Context(), "java", append(args, paths...)...))
}

// refusal is "" where a file is PDF/A of the conformance.
func (w verapdfWords) refusal(path, conformance string) string {
	for line := range strings.Lines(string(w)) {
		if strings.Contains(line, " "+path+" ") {
			if strings.HasPrefix(line, "PASS ") && strings.Contains(line, " "+conformance) {
				return ""
			}
			return line
		}
	}
	return "veraPDF says nothing of " + path + ": " + string(w)
}
