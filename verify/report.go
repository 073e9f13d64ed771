package verify

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// ReportSchema names the JSON form of [Report].
const ReportSchema = "antin-verify/1"

// Report is a verdict in words for one language. Its JSON is the public form: times are RFC 3339 in UTC, what is not
// known is null.
type Report struct {
	Schema        string            `json:"schema"`
	File          string            `json:"file"`
	Policy        string            `json:"policy"`
	ValidatedAt   time.Time         `json:"validated_at"`
	TrustSnapshot *string           `json:"trust_snapshot"`
	Checked       int               `json:"checked"` // signatures and time-stamps that were verified for this report
	Reused        int               `json:"reused"`  // those known from an earlier one, their bytes unchanged
	Document      DocumentReport    `json:"document"`
	Signatures    []SignatureReport `json:"signatures"`

	lang string
}

// Numbers are the signatures of a line as a reader counts them: "2", "1–4" or "1, 3, 4".
func (l Line) Numbers() string {
	first, last := l.Signatures[0], l.Signatures[len(l.Signatures)-1]
	if n := len(l.Signatures); n > 1 && last-first == n-1 {
		return strconv.Itoa(first+1) + "–" + strconv.Itoa(last+1)
	}
	var all []string
	for _, i := range l.Signatures {
		all = append(all, strconv.Itoa(i+1))
	}
	return strings.Join(all, ", ")
}

// DocumentReport is the answer for the whole document.
type DocumentReport struct {
	Indication    Indication     `json:"indication"`
	SubIndication *SubIndication `json:"sub_indication"`
	Sentence      string         `json:"sentence"`

	// For readers; not part of the JSON.
	Tone       Tone       `json:"-"`
	Next       []string   `json:"-"` // what would make it pass, or keep it passing
	ValidUntil *time.Time `json:"-"` // the earliest of its signatures
	Lines      []Line     `json:"-"` // its signatures, those of one act taken together
}

// Line is what a reader hears of one act of signing: number, day, month and seal that an agency put on a document within two
// minutes are signatures of their own, and one act.
type Line struct {
	Signatures []int // indices into [Report.Signatures]
	Indication Indication
	Tone       Tone
	Sentence   string
}

// SignatureReport is the answer for one signature.
type SignatureReport struct {
	ID                  string         `json:"id"`
	Type                string         `json:"type"`
	Field               *string        `json:"field"`
	Format              string         `json:"format"`
	Level               string         `json:"level"`
	Indication          Indication     `json:"indication"`
	SubIndication       *SubIndication `json:"sub_indication"`
	Integrity           string         `json:"integrity"`
	ByteRange           string         `json:"byte_range"`
	CoversWholeDocument bool           `json:"covers_whole_document"`
	Modifications       Class          `json:"modifications"`
	Changes             []ChangeReport `json:"changes"`
	Signer              *SignerReport  `json:"signer"`
	BestSignatureTime   *time.Time     `json:"best_signature_time"`
	ClaimedTime         *time.Time     `json:"claimed_time"`
	ValidUntil          *time.Time     `json:"valid_until"`
	Errors              []TextReport   `json:"errors"`
	Warnings            []TextReport   `json:"warnings"`

	// For readers; not part of the JSON.
	Tone     Tone         `json:"-"`
	Sentence string       `json:"-"`
	Answers  []AnswerLine `json:"-"` // who, in which capacity, for which agency, when by whose clock, covering what
	Next     []string     `json:"-"` // what would make it pass, or keep it passing

	ChangeLines []string `json:"-"` // the changes in words, those that read alike joined

	Pictures     []PagePictures `json:"-"` // of the pages that changed, where somebody drew them
	PicturesNote string         `json:"-"` // why there are none, "" if there is nothing to draw
}

// AnswerLine is a question about a signature and its answer.
type AnswerLine struct{ Question, Answer string }

// ChangeReport is one change after signing.
type ChangeReport struct {
	Code   string  `json:"code"`
	Object string  `json:"object"`
	Page   *int    `json:"page"`
	Before *string `json:"before"`
	After  *string `json:"after"`
	// Text says it for a reader, with the technical part in square brackets; not part of the JSON.
	Text string `json:"-"`
}

// SignerReport names the signer.
type SignerReport struct {
	Subject  string  `json:"subject"`
	Serial   string  `json:"serial"`
	Issuer   string  `json:"issuer"`
	Agency   *string `json:"agency"`
	Capacity *string `json:"capacity"`
}

// TextReport is a code and its text.
type TextReport struct {
	Code string `json:"code"`
	Text string `json:"text"` // what it is, what to do next, and in square brackets what is technical

	// For readers; not part of the JSON.
	What, Cause, Next string `json:"-"`
	Technical         string `json:"-"` // for engineers, in the engine's English: objects, identifiers, what a parser said; or ""
}

// Report puts the verdict in words; lang is "vi" or "en", anything else is taken as "vi".
func (v *Verdict) Report(lang string) *Report { return v.report(lang, commandReader) }

func (v *Verdict) report(lang string, to reader) *Report {
	if lang != "en" {
		lang = "vi"
	}
	r := &Report{
		Schema: ReportSchema, Policy: v.Policy.Name, ValidatedAt: v.At, Checked: v.Facts.Checked, Reused: v.Facts.Reused, lang: lang,
		Signatures: make([]SignatureReport, 0, len(v.Signatures)),
	}
	if v.Facts.TrustSnapshot != "" {
		r.TrustSnapshot = &v.Facts.TrustSnapshot
	}
	for i := range v.Signatures {
		r.Signatures = append(r.Signatures, v.signatureReport(i, lang, to))
	}
	r.Document = DocumentReport{Indication: v.Indication, SubIndication: optional(v.Sub), Sentence: v.sentence(lang), Tone: tone(v.Indication, v.Training()), Lines: v.lines(lang)}
	v.sumUp(r)
	return r
}

func (v *Verdict) signatureReport(i int, lang string, to reader) SignatureReport {
	f, s := &v.Facts.Signatures[i], &v.Signatures[i]
	r := SignatureReport{
		ID: f.ID, Type: f.Type, Field: optional(f.Field), Format: f.Format, Level: s.Level, Indication: s.Indication,
		SubIndication: optional(s.Sub), Integrity: s.Integrity, ByteRange: f.ByteRange, CoversWholeDocument: f.CoversWholeDocument,
		Modifications: s.Modifications, BestSignatureTime: s.BestSignatureTime,
		ClaimedTime: f.ClaimedTime, ValidUntil: s.ValidUntil, Errors: v.findings(i, s.Errors, lang, to), Warnings: v.findings(i, s.Warnings, lang, to),
	}
	if c := v.certificate(f.Signer); c != nil {
		r.Signer = &SignerReport{Subject: c.Subject, Serial: c.Serial, Issuer: c.Issuer, Agency: optional(c.Organization), Capacity: optional(c.Title)}
	}
	r.Tone = tone(s.Indication, f.training())
	r.Changes, r.ChangeLines = v.changeReports(i, lang)
	r.Sentence, r.Answers, r.Next = v.signatureSentence(i, lang), v.answers(i, lang), nextSteps(&r)
	return r
}

func (v *Verdict) certificate(id string) *CertificateFacts {
	for i := range v.Facts.Certificates {
		if v.Facts.Certificates[i].ID == id {
			return &v.Facts.Certificates[i]
		}
	}
	return nil
}

func optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// Language is "vi" or "en".
func (r *Report) Language() string { return r.lang }

// JSON is the report on one line.
func (r *Report) JSON() ([]byte, error) { return json.Marshal(r) }
