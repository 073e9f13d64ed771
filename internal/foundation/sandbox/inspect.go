package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/pdf/text"
)

// Findings are what decides whether a PDF can be signed, numbered, dated and sealed.
type Findings struct {
	// Encrypted documents open without a password and forbid things; nothing else is told of one.
	Encrypted bool `json:"encrypted"`
	Pages     int  `json:"pages"`
	// Secret is the mark of a state secret, "" for none.
	Secret string `json:"secret"`
	// Signed says that a field of it is signed; Taken are those of the names asked for that are fields of it.
	Signed bool     `json:"signed"`
	Taken  []string `json:"taken"`
	// Gaps are the names of what is left blank: package text tells which there can be.
	Gaps []string `json:"gaps"`
	// Signer says that it has a line to sign under.
	Signer bool `json:"signer"`
}

// maxFindings bounds an answer of Inspect.
const maxFindings = 64 << 10

// Inspect looks in a child for what a document must have and must not have to be signed; names are those of fields that will be made.
// Errors are the engine's, where it has one, or faults.
func (s *Sandbox) Inspect(ctx context.Context, f File, names []string) (Findings, error) {
	b, err := s.ask(ctx, collects, &task{job: job{Act: actInspect, Names: names, Pages: s.config.Limits.Pages}, files: []File{f}})
	if err != nil {
		return Findings{}, err
	}
	var found Findings
	err = errFrame
	if len(b) <= maxFindings {
		err = decode(b, &found)
	}
	if err != nil {
		return Findings{}, fault.New(fault.Invalid, ErrCrashed, "").Because(err)
	}
	found.Secret = i18n.Line(found.Secret)
	return found, nil
}

// inspect looks at a document, in a child.
func inspect(ctx context.Context, j *job, f *file) ([]byte, error) {
	found, err := findings(ctx, j, f)
	if err != nil {
		return nil, err
	}
	return json.Marshal(found) //nolint:gosec // the mark that stands on the page, not what it keeps
}

func findings(ctx context.Context, j *job, f *file) (found Findings, err error) {
	d, err := pdf.Open(ctx, f, f.size(), nil)
	if err != nil {
		return found, err
	}
	v := d.Latest()
	if found.Encrypted = d.Encrypted(); found.Encrypted {
		return found, nil
	}
	if found.Pages, err = v.PageCount(); err != nil {
		return found, err
	}
	if found.Pages > j.Pages {
		return found, tooManyPages(found.Pages)
	}
	m, _, err := text.Secret(ctx, v)
	if err != nil {
		return found, err
	}
	found.Secret = m.Line
	fields, err := pades.Fields(v)
	if err != nil {
		return found, err
	}
	for _, x := range fields {
		found.Signed = found.Signed || x.Signed != ""
		if slices.Contains(j.Names, x.Name) && !slices.Contains(found.Taken, x.Name) {
			found.Taken = append(found.Taken, x.Name)
		}
	}
	gaps, err := text.Gaps(ctx, v)
	if err != nil {
		return found, err
	}
	for _, g := range gaps {
		found.Gaps = append(found.Gaps, g.Name)
	}
	_, err = text.Signer(ctx, v)
	if found.Signer = err == nil; errors.Is(err, text.ErrNoAnchor) {
		err = nil
	}
	return found, err
}
