package verify

// PublicReport is [Verdict.Report] for a reader who has a page before him and no command line: what to do names no option of a program.
func (v *Verdict) PublicReport(lang string) *Report { return v.report(lang, publicReader) }

// reader is for whom a report is.
type reader bool

const (
	commandReader reader = false
	publicReader  reader = true
)

// publicTexts begins the keys of texts that stand for the public in the place of those that name an option.
const publicTexts = "public."

// own is what this reader is told under a key, if that is another text than the command's.
func (r reader) own(key, lang string, pairs ...string) (string, bool) {
	if r != publicReader || !words().Has(publicTexts+key) {
		return "", false
	}
	return text(publicTexts+key, lang, pairs...), true
}

// or is the reader's own text of a key, else the one of all.
func (r reader) or(key, lang string, pairs ...string) string {
	if t, ok := r.own(key, lang, pairs...); ok {
		return t
	}
	return text(key, lang, pairs...)
}
