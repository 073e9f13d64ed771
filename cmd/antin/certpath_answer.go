package main

import (
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
)

// certpathAnswer is what antin certpath says; its JSON is antin-certpath/1.
type certpathAnswer struct {
	Schema        string                `json:"schema"`
	File          string                `json:"file"`
	Verdict       string                `json:"verdict"` // valid, invalid or undetermined
	ValidatedAt   time.Time             `json:"validated_at"`
	Purpose       string                `json:"purpose"`
	TrustSnapshot string                `json:"trust_snapshot"`
	Anchor        *string               `json:"anchor"` // null if none was reached
	Path          []certpathCertificate `json:"path"`   // leaf first
	Policies      []string              `json:"policies"`
	Problems      []certpathProblem     `json:"problems"` // worst first

	exit int
}

type certpathCertificate struct {
	Subject   string           `json:"subject"`
	Issuer    string           `json:"issuer"`
	Serial    string           `json:"serial"` // hexadecimal
	SHA256    string           `json:"sha256"`
	NotBefore time.Time        `json:"not_before"`
	NotAfter  time.Time        `json:"not_after"`
	Status    []certpathStatus `json:"status"`
}

// certpathStatus is one piece of evidence about a certificate.
type certpathStatus struct {
	Kind       string     `json:"kind"`  // ocsp or crl
	State      string     `json:"state"` // good, revoked or unknown
	Source     *string    `json:"source"`
	ThisUpdate time.Time  `json:"this_update"`
	NextUpdate *time.Time `json:"next_update"`
	RevokedAt  *time.Time `json:"revoked_at"`
	Reason     *int       `json:"reason"` // RFC 5280, 5.3.1
}

type certpathProblem struct {
	Code    string     `json:"code"`
	Subject *string    `json:"subject"` // of the certificate; null if it concerns the whole path
	Detail  string     `json:"detail"`
	Date    *time.Time `json:"date"`
	Text    string     `json:"text"`
}

// undetermined are the problems that more evidence, or another table, could remove: alone they do not make a path invalid.
var undetermined = []string{"no_revocation_evidence", "weak_certificate_algorithm", "weak_revocation_algorithm"}

func newCertpathAnswer(e *env, file, purpose, snapshot string, at time.Time, r *certpath.Result) *certpathAnswer {
	a := &certpathAnswer{
		Schema: certpathSchema, File: file, ValidatedAt: at.UTC().Truncate(time.Second), Purpose: purpose, TrustSnapshot: snapshot,
		Path: []certpathCertificate{}, Policies: []string{}, Problems: []certpathProblem{}, Verdict: "valid", exit: exitDone,
	}
	if r.Anchor != nil {
		name := r.Anchor.Certificate.Subject.String()
		a.Anchor = &name
	}
	for i, c := range r.Path {
		sum := c.Fingerprint()
		one := certpathCertificate{
			Subject: c.Subject.String(), Issuer: c.Issuer.String(), Serial: c.SerialNumber.Text(16), SHA256: hex.EncodeToString(sum[:]),
			NotBefore: c.NotBefore, NotAfter: c.NotAfter, Status: []certpathStatus{},
		}
		if i < len(r.Status) {
			for _, s := range r.Status[i] {
				one.Status = append(one.Status, newCertpathStatus(s))
			}
		}
		a.Path = append(a.Path, one)
	}
	for _, p := range r.Policies {
		a.Policies = append(a.Policies, p.String())
	}
	for _, p := range r.Problems {
		a.Problems = append(a.Problems, newCertpathProblem(e, p))
		if !slices.Contains(undetermined, p.Code) {
			a.Verdict, a.exit = "invalid", exitFailed
		} else if a.exit == exitDone {
			a.Verdict, a.exit = "undetermined", exitUndetermined
		}
	}
	return a
}

func newCertpathStatus(s certpath.Status) certpathStatus {
	out := certpathStatus{
		Kind: s.Kind, State: [...]string{certpath.Unknown: "unknown", certpath.Good: "good", certpath.Revoked: "revoked"}[s.State],
		ThisUpdate: s.ThisUpdate, NextUpdate: dateOrNull(s.NextUpdate), RevokedAt: dateOrNull(s.RevokedAt),
	}
	if s.Source != "" {
		out.Source = &s.Source
	}
	if s.Reason >= 0 {
		out.Reason = &s.Reason
	}
	return out
}

func dateOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// findingOf is the catalogue's word for a path's problem.
func findingOf(p certpath.Problem) string {
	switch p.Code {
	case "expired", "not_yet_valid":
		return "certificate_" + p.Code
	case "revoked":
		if p.Detail == "certificateHold" {
			return "certificate_on_hold"
		}
		return "certificate_revoked"
	case "no_path", "no_revocation_evidence", "weak_certificate_algorithm", "weak_revocation_algorithm":
		return p.Code
	}
	return "chain_" + p.Code
}

func newCertpathProblem(e *env, p certpath.Problem) certpathProblem {
	what, _, next := codes.Findings()[findingOf(p)].In(e.lang)
	out := certpathProblem{Code: p.Code, Detail: p.Detail, Date: dateOrNull(p.At), Text: what + " " + next}
	if p.Certificate != nil {
		name := p.Certificate.Subject.String()
		out.Subject = &name
	}
	return out
}

func (a *certpathAnswer) text(e *env) string {
	var b strings.Builder
	writef(&b, "%s: %s\n", a.File, e.say("certpath."+a.Verdict, "time", a.ValidatedAt.Format(time.RFC3339)))
	for i, c := range a.Path {
		subject := c.Subject
		if a.Anchor != nil && i == len(a.Path)-1 {
			subject = e.say("certpath.anchor", "name", subject)
		}
		writef(&b, "  %s\n    %s\n", subject, e.say("certpath.valid_from_to", "number", c.Serial, "from", c.NotBefore.Format(time.DateOnly), "to", c.NotAfter.Format(time.DateOnly)))
		for _, s := range c.Status {
			source := ""
			if s.Source != nil {
				source = " " + *s.Source
			}
			writef(&b, "    %s: %s, %s%s\n", s.Kind, s.State, s.ThisUpdate.Format(time.RFC3339), source)
		}
	}
	if len(a.Policies) > 0 {
		writef(&b, "  %s\n", e.say("certpath.policies", "list", strings.Join(a.Policies, ", ")))
	}
	for _, p := range a.Problems {
		writef(&b, "  ! %s [%s]", p.Text, p.Code)
		if p.Subject != nil {
			writef(&b, " %s", *p.Subject)
		}
		if p.Detail != "" {
			writef(&b, " (%s)", p.Detail)
		}
		if p.Date != nil {
			writef(&b, " %s", p.Date.Format(time.RFC3339))
		}
		b.WriteByte('\n')
	}
	return b.String()
}
