package verify

import (
	"embed"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/codes/texts"
)

//go:embed vi.txt en.txt
var files embed.FS

// words are the sentences and changes in Vietnamese and English; what validation finds stands in the catalogue of package codes.
var words = sync.OnceValue(func() *texts.Catalogue { return texts.Must(files) })

// vietnam is the offset of Vietnamese time, which knows no summer time.
var vietnam = time.FixedZone("+07", 7*60*60)

// text is a text of this package with its names filled in from pairs of name and value, or what a finding's code says; else its own key.
func text(key, lang string, pairs ...string) string {
	if f, found := codes.Findings()[key]; found && !words().Has(key) {
		what, _, _ := f.In(lang)
		return what
	}
	return words().Text(lang, key, pairs...)
}

func (v *Verdict) sentence(lang string) string {
	prefix := ""
	if v.Training() {
		prefix = trainingTexts
	}
	switch {
	case v.Sub == NoSignature:
		return text("document.no_signature", lang)
	case v.Indication == TotalPassed && v.Facts.Format == "tst":
		return text(prefix+"document.timestamp_passed", lang)
	case v.Indication == TotalPassed:
		if n := v.counted(); n > 1 {
			return text(prefix+"document.passed_lines", lang, "n", strconv.Itoa(n))
		}
		return text(prefix+"document.passed", lang)
	}
	reason := string(v.Sub)
	for i := range v.Signatures {
		s := &v.Signatures[i]
		if (v.Facts.Signatures[i].Type == TypeSignature || v.Facts.Format == "tst") && s.Indication == v.Indication && len(s.Errors) > 0 {
			reason = lowerFirst(text(mainError(s), lang))
			break
		}
	}
	code := "document.indeterminate"
	if v.Indication == TotalFailed {
		code = "document.failed"
	}
	return text(prefix+code, lang, "reason", reason)
}

// counted is the number of signatures that a document's answer rests on.
func (v *Verdict) counted() (n int) {
	for i := range v.Facts.Signatures {
		if v.Facts.Signatures[i].Type == TypeSignature {
			n++
		}
	}
	return n
}

// mainError is the code of the finding that gave the sub-indication: a broken digest says more than what follows from it.
func mainError(s *SignatureVerdict) string {
	for _, want := range []string{"digest_mismatch", "signature_mismatch"} {
		for _, e := range s.Errors {
			if e.Code == want {
				return want
			}
		}
	}
	return s.Errors[0].Code
}

func (v *Verdict) signatureSentence(i int, lang string) string {
	f, s := &v.Facts.Signatures[i], &v.Signatures[i]
	var b strings.Builder
	b.WriteString(v.verdictOf(i, lang))
	b.WriteString(v.timeOf(i, lang))
	if s.Level != "none" {
		b.WriteString(text("sig.level", lang, "level", s.Level))
	}
	switch {
	case s.Modifications == ClassForbidden:
		b.WriteString(text("sig.forbidden", lang))
	case f.Type == TypeSignature && s.Indication != TotalFailed && filled(f): // of an invalid signature nothing is said to be allowed
		b.WriteString(text("sig.filled", lang))
	}
	return b.String() + "."
}

// verdictOf is whose signature it is, and what came out.
func (v *Verdict) verdictOf(i int, lang string) string {
	kind := map[string]string{TypeSignature: "sig.", TypeCounterSignature: "ctr.", TypeDocumentTimestamp: "dts."}[v.Facts.Signatures[i].Type]
	word := map[Indication]string{TotalPassed: "passed", TotalFailed: "failed", Indeterminate: "indeterminate"}[v.Signatures[i].Indication]
	if v.Facts.Signatures[i].training() {
		kind = trainingTexts + kind
	}
	return text(kind+word, lang, "name", v.who(i, lang))
}

// who names the signer. Names stand in quotation marks, so that none of them reads like a part of the answer; where no path leads to an
// anchor anybody may have written them.
func (v *Verdict) who(i int, lang string) string {
	signer := v.certificate(v.Facts.Signatures[i].Signer)
	if signer == nil {
		return text("sig.nobody", lang)
	}
	name := quoted(signer.CommonName)
	if signer.CommonName == "" {
		name = quoted(signer.Subject)
	}
	if signer.Organization != "" && signer.Organization != signer.CommonName {
		name += " (" + quoted(signer.Organization) + ")"
	}
	if !v.trusted(i) {
		name = text("sig.claims", lang, "name", name)
	}
	return name
}

// trusted says that a path leads from a signature's certificate to an anchor.
func (v *Verdict) trusted(i int) bool {
	return slices.ContainsFunc(v.Facts.Signatures[i].Chains, func(c ChainFacts) bool { return c.Anchor != nil && len(c.Problems) == 0 })
}

// timeOf is when a signature was made, and who says so.
func (v *Verdict) timeOf(i int, lang string) string {
	switch f, s := &v.Facts.Signatures[i], &v.Signatures[i]; {
	case s.BestSignatureTime != nil && f.Type == TypeDocumentTimestamp:
		return text("dts.at", lang, "time", clock(*s.BestSignatureTime))
	case s.BestSignatureTime != nil:
		return text("sig.at", lang, "time", clock(*s.BestSignatureTime))
	case f.ClaimedTime != nil:
		return text("sig.claimed", lang, "time", clock(*f.ClaimedTime))
	}
	return ""
}

// clock is a time as a reader in Vietnam has it.
func clock(t time.Time) string { return t.In(vietnam).Format("15:04:05 02/01/2006") }

// longestName is how many letters of a name are shown.
const longestName = 120

// quoted is a name in quotation marks; those inside become others, so that it does not end before its end.
func quoted(name string) string {
	name = strings.Map(func(r rune) rune {
		switch r {
		case '“', '”', '"', '„', '‟':
			return '\''
		}
		return r
	}, plain(name))
	if r := []rune(name); len(r) > longestName {
		name = string(r[:longestName]) + "…"
	}
	return "“" + name + "”"
}

func filled(f *SignatureFacts) bool {
	for i := range f.Changes {
		if f.Changes[i].Code == "field_filled" {
			return true
		}
	}
	return false
}

// plain takes out of a name or value what would move the cursor, begin a line, or turn the writing direction: a document must
// not write lines of its own into a report (Unicode TR 36, 2.10).
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

func lowerFirst(s string) string {
	r := []rune(s)
	if len(r) > 0 {
		r[0] = []rune(strings.ToLower(string(r[0])))[0]
	}
	return string(r)
}

func upperFirst(s string) string {
	r := []rune(s)
	if len(r) > 0 {
		r[0] = unicode.ToUpper(r[0])
	}
	return string(r)
}

// Text is the catalogue's text of a code in a language ("vi" or "en"); an unknown code is its own text.
func Text(code, lang string) string { return text(code, lang) }

// Plain is a name or value from a document without what would move the cursor, begin a line or turn the writing direction: for
// programs that show it in a place of their own.
func Plain(s string) string { return plain(s) }
