package verify

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/antinvn/antin/codes"
)

// What a report answers beyond the indication: who signed, in which capacity, for which agency, when and by whose clock, what is
// covered, until when it stays good, and what would make it pass.

// oneAct is within which time signatures of one certificate are one act of signing.
const oneAct = 2 * time.Minute

// lines puts the signatures of one act together: of one signer, with one answer, within two minutes. They stand where the first of them
// does.
func (v *Verdict) lines(lang string) []Line {
	var out []Line
	began := map[int]time.Time{} // by the first signature of a line
	for i := range v.Signatures {
		f, s := &v.Facts.Signatures[i], &v.Signatures[i]
		at, timed := v.signedAt(i)
		k := -1
		if timed && f.Type == TypeSignature && f.Signer != "" {
			k = slices.IndexFunc(out, func(l Line) bool {
				return v.alike(l.Signatures[0], i) && at.Sub(began[l.Signatures[0]]).Abs() <= oneAct
			})
		}
		if k >= 0 {
			out[k].Signatures = append(out[k].Signatures, i)
			continue
		}
		out = append(out, Line{Signatures: []int{i}, Indication: s.Indication, Tone: tone(s.Indication, f.training())})
		if timed {
			began[i] = at
		}
	}
	for k := range out {
		out[k].Sentence = v.lineSentence(out[k].Signatures, lang)
	}
	return out
}

// alike says that two signatures are of one signer, with one answer and the same kind of time.
func (v *Verdict) alike(i, j int) bool {
	f, g, s, t := &v.Facts.Signatures[i], &v.Facts.Signatures[j], &v.Signatures[i], &v.Signatures[j]
	return f.Type == g.Type && f.Signer == g.Signer && f.training() == g.training() && s.Indication == t.Indication && s.Sub == t.Sub &&
		(s.BestSignatureTime == nil) == (t.BestSignatureTime == nil)
}

func (v *Verdict) lineSentence(members []int, lang string) string {
	if len(members) == 1 {
		return v.signatureSentence(members[0], lang)
	}
	var fields []string
	for _, i := range members {
		if name := v.Facts.Signatures[i].Field; name != "" {
			fields = append(fields, quoted(name))
		}
	}
	said := text("sig.times", lang, "n", strconv.Itoa(len(members)), "fields", strings.Join(fields, ", "))
	return v.verdictOf(members[0], lang) + v.timeOf(members[0], lang) + strings.ReplaceAll(said, " ()", "") + "."
}

// signedAt is when a signature was made as far as is known.
func (v *Verdict) signedAt(i int) (time.Time, bool) {
	if t := v.Signatures[i].BestSignatureTime; t != nil {
		return *t, true
	}
	if t := v.Facts.Signatures[i].ClaimedTime; t != nil {
		return *t, true
	}
	return time.Time{}, false
}

// answers are the questions that a reader asks about one signature.
func (v *Verdict) answers(i int, lang string) []AnswerLine {
	f, s := &v.Facts.Signatures[i], &v.Signatures[i]
	var out []AnswerLine
	say := func(question, answer string) {
		if answer != "" {
			out = append(out, AnswerLine{text("ask."+question, lang), plain(answer)})
		}
	}
	if c := v.certificate(f.Signer); c != nil {
		who := "who"
		if f.Type == TypeDocumentTimestamp {
			who = "service"
		}
		say(who, c.CommonName)
		say("capacity", c.Title)
		say("agency", c.Organization)
		say("issuer", v.called(c.Issuer))
		if !v.trusted(i) {
			say("trust", text("answer.untrusted", lang))
		}
	}
	switch {
	case s.BestSignatureTime != nil && f.Type == TypeSignature:
		say("when", text("answer.proved", lang, "time", clock(*s.BestSignatureTime), "service", v.clockOf(i, lang)))
	case s.BestSignatureTime != nil:
		say("when", clock(*s.BestSignatureTime))
	case f.ClaimedTime != nil:
		say("when", text("answer.claimed", lang, "time", clock(*f.ClaimedTime)))
	default:
		say("when", text("answer.unknown_time", lang))
	}
	say("covers", v.covers(i, lang))
	say("software", f.Software)
	say("reason", f.Reason)
	say("location", f.Location)
	if s.ValidUntil != nil {
		say("until", clock(*s.ValidUntil))
	}
	return out
}

// clockOf names whose clock proves the time: the authority of the earliest trusted time-stamp over the signature.
func (v *Verdict) clockOf(i int, lang string) string {
	id, best := v.Facts.Signatures[i].ID, v.Signatures[i].BestSignatureTime
	for j := range v.Facts.Signatures {
		for k := range v.Facts.Signatures[j].Timestamps {
			t := &v.Facts.Signatures[j].Timestamps[k]
			if t.GenTime.Equal(*best) && slices.Contains(t.Covers, id) {
				if c := v.certificate(t.Signer); c != nil {
					return quoted(c.CommonName)
				}
			}
		}
	}
	return text("answer.a_service", lang)
}

// covers says how far the signed bytes reach.
func (v *Verdict) covers(i int, lang string) string {
	f, s := &v.Facts.Signatures[i], &v.Signatures[i]
	switch {
	case f.Dead || f.Unread != "" || f.ByteRange != "valid":
		return text("covers.nothing", lang)
	case f.CoversWholeDocument:
		return text("covers.all", lang)
	case f.Type == TypeDocumentTimestamp: // it promises nothing about what follows it
		return text("covers.stamped", lang)
	case s.Modifications == ClassForbidden:
		return text("covers.changed", lang)
	case s.Modifications == ClassNone:
		return text("covers.revision", lang)
	}
	return text("covers.allowed", lang)
}

// findings puts findings in words, with what is known about the thing at hand.
func (v *Verdict) findings(i int, fs []Finding, lang string, to reader) []TextReport {
	out := make([]TextReport, 0, len(fs))
	for _, f := range fs {
		nextOf := f.Code
		what, cause, next := codes.Findings()[f.Code].In(lang)
		if what == "" {
			what = text(f.Code, lang)
		}
		said, technical := v.detail(i, f, lang)
		what = withDetail(what, plain(said))
		if f.When != nil {
			what = withAside(what, text(dateWord(f.Code), lang, "time", dated(*f.When)))
		}
		if inner := codes.Findings()[f.Detail]; f.Code == "timestamp_untrusted" && inner.Code != "" && f.Detail != "no_path" {
			_, _, next = inner.In(lang) // a root would not help
			nextOf = f.Detail
		}
		if said, ok := to.own(nextOf, lang); ok {
			next = said
		}
		if more := v.concrete(i, f, lang, to); more != "" {
			next = strings.TrimSpace(next + " " + plain(more))
		}
		one := TextReport{Code: f.Code, Text: strings.TrimSpace(what + " " + next), What: what, Cause: cause, Next: next, Technical: plain(technical)}
		if one.Technical != "" {
			one.Text += " [" + one.Technical + "]"
		}
		out = append(out, one)
	}
	return out
}

// dated is a time as a reader has it; one at midnight UTC is a date.
func dated(t time.Time) string {
	if t = t.UTC(); t.Equal(t.Truncate(24 * time.Hour)) {
		return t.Format("02/01/2006")
	}
	return clock(t)
}

// withDetail ends a sentence with what it is about.
func withDetail(sentence, detail string) string {
	if detail == "" {
		return sentence
	}
	return strings.TrimSuffix(sentence, ".") + ": " + detail + "."
}

// dateWord is the key of the words for a finding's date.
func dateWord(code string) string {
	if words().Has("date." + code) {
		return "date." + code
	}
	return "date.other"
}

// detail is what a finding is about: said, in words of the reader's language or as a name; technical, what only its engineers
// understand.
func (v *Verdict) detail(i int, f Finding, lang string) (said, technical string) {
	if f.Detail == f.Code || f.Code == "no_path" { // the next step names who is missing
		return "", ""
	}
	if f.Code == "forbidden_change" {
		s := &v.Facts.Signatures[i]
		for j := range s.Changes {
			if c := &s.Changes[j]; classOf(c, s, v.Policy) == ClassForbidden {
				return lowerFirst(strings.TrimSuffix(changeText(c, lang, ""), ".")), changeTechnical(c)
			}
		}
	}
	if known, ok := codes.Findings()[f.Detail]; ok {
		what, _, _ := known.In(lang)
		return lowerFirst(strings.TrimSuffix(what, ".")), ""
	}
	switch f.Code {
	case "weak_algorithm", "weak_revocation_algorithm", "weak_timestamp_algorithm":
		return algorithmName(f.Detail), ""
	case "weak_certificate_algorithm":
		name, subject, _ := strings.Cut(f.Detail, ", ")
		return strings.TrimSuffix(algorithmName(name)+", "+v.named(subject), ", "), ""
	case "anchor_out_of_time", "proof_missing":
		return v.named(f.Detail), ""
	}
	if strings.HasPrefix(f.Code, "certificate_") || strings.HasPrefix(f.Code, "revocation_") || strings.HasPrefix(f.Code, "chain_") || f.Code == "no_revocation_evidence" {
		return v.named(f.Detail), ""
	}
	return "", f.Detail
}

// algorithmName writes "rsa 1024 bit" as "RSA 1024 bit".
func algorithmName(name string) string {
	name, rest, _ := strings.Cut(name, " ")
	return strings.TrimSpace(strings.ToUpper(name) + " " + rest)
}

// named is a certificate's owner in quotation marks.
func (v *Verdict) named(subject string) string {
	if subject == "" {
		return ""
	}
	return quoted(v.called(subject))
}

// called is a certificate's owner as a reader calls him: the common name, where the distinguished name has one.
func (v *Verdict) called(subject string) string {
	for i := range v.Facts.Certificates {
		if c := &v.Facts.Certificates[i]; c.Subject == subject && c.CommonName != "" {
			return c.CommonName
		}
	}
	if m := aCommonName.FindStringSubmatch(subject); m != nil {
		return strings.ReplaceAll(m[1], `\`, "")
	}
	return subject
}

// aCommonName finds the value in a name written as RFC 4514 has it.
var aCommonName = regexp.MustCompile(`(?:^|[,+])CN=((?:[^\\,+]|\\.)+)`)

var anAddress = regexp.MustCompile(`\bhttps?://([^/\s"':?#]+(?::\d+)?)`)

// concrete names the certificate, server, service or date that would make the difference.
func (v *Verdict) concrete(i int, f Finding, lang string, to reader) string {
	switch f.Code {
	case "no_path":
		return v.missing(i, lang, to)
	case "no_revocation_evidence", "revocation_stale", "revocation_before_signature":
		return v.whomToAsk(f.Detail, lang, to)
	case "sha1", "weak_algorithm":
		if service := v.service(i); service != "" {
			return text("next.service", lang, "service", quoted(service))
		}
	case "no_trusted_time":
		if c := v.certificate(v.Facts.Signatures[i].Signer); c != nil {
			return text("next.before", lang, "time", clock(c.NotAfter))
		}
	}
	return ""
}

// missing names the certificate at which the paths of a signature end without an anchor: one that is not at hand, or a root that came
// with the file.
func (v *Verdict) missing(i int, lang string, to reader) string {
	last := v.Facts.Signatures[i].Signer
	for _, c := range v.Facts.Signatures[i].Chains {
		if c.Anchor == nil && len(c.Certificates) > 0 {
			last = c.Certificates[len(c.Certificates)-1]
			break
		}
	}
	c := v.certificate(last)
	switch {
	case c == nil:
		return ""
	case c.Issuer == c.Subject:
		return to.or("next.root", lang, "name", v.named(c.Subject))
	}
	return text("next.issuer", lang, "name", v.named(c.Issuer))
}

// whomToAsk says how the revocation data about a certificate could be had.
func (v *Verdict) whomToAsk(subject, lang string, to reader) string {
	if v.Facts.Offline {
		return to.or("next.online", lang)
	}
	for _, u := range v.Facts.Unanswered {
		if c := v.certificate(u.Certificate); c == nil || c.Subject != subject {
			continue
		}
		if m := anAddress.FindStringSubmatch(u.Detail); m != nil {
			key := "next.server"
			if u.Code == "fetch.address_refused" {
				key = "next.allow"
			}
			return to.or(key, lang, "host", quoted(m[1]))
		}
	}
	return ""
}

// service is what wrote a signature: the program that it names, else the authority of its time-stamp, else the issuer.
func (v *Verdict) service(i int) string {
	f := &v.Facts.Signatures[i]
	if f.Software != "" {
		return f.Software
	}
	for j := range f.Timestamps {
		if c := v.certificate(f.Timestamps[j].Signer); c != nil && f.Timestamps[j].Kind == StampSignature {
			return c.CommonName
		}
	}
	if c := v.certificate(f.Signer); c != nil {
		return v.called(c.Issuer)
	}
	return ""
}

// lasting are warnings that say for how long a good answer holds.
var lasting = []string{"no_trusted_time", "timestamp_untrusted", "timestamp_unverifiable"}

// nextSteps are what would make a signature pass; where it does, what would keep it so.
func nextSteps(r *SignatureReport) []string {
	var out []string
	for _, e := range r.Errors {
		out = withStep(out, e.Next)
	}
	if len(r.Errors) > 0 {
		return out
	}
	for _, w := range r.Warnings {
		if slices.Contains(lasting, w.Code) {
			out = append(out, w.Next)
		}
	}
	return out
}

// withStep adds what to do, unless a step says it already; one that the new one says with more is dropped for it.
func withStep(steps []string, step string) []string {
	core := func(s string) string { return strings.ToLower(strings.TrimSuffix(s, ".")) }
	if step == "" || slices.ContainsFunc(steps, func(s string) bool { return strings.Contains(core(s), core(step)) }) {
		return steps
	}
	return append(slices.DeleteFunc(steps, func(s string) bool { return strings.Contains(core(step), core(s)) }), step)
}

// sumUp gives the document what its signatures have.
func (v *Verdict) sumUp(r *Report) {
	d := &r.Document
	if v.Sub == NoSignature {
		d.Next = []string{text("next.no_signature", r.lang)}
	}
	for i := range r.Signatures {
		s := &r.Signatures[i]
		if s.Type != TypeSignature && v.Facts.Format != "tst" {
			continue
		}
		if s.Indication == d.Indication {
			for _, n := range s.Next {
				d.Next = withStep(d.Next, n)
			}
		}
		if d.Indication == TotalPassed && s.ValidUntil != nil && (d.ValidUntil == nil || s.ValidUntil.Before(*d.ValidUntil)) {
			d.ValidUntil = s.ValidUntil
		}
	}
}
