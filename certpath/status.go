package certpath

import (
	"context"
	"errors"
	"time"
)

func (r *Result) add(code string, c *Certificate, detail string, at time.Time) {
	r.Problems = append(r.Problems, Problem{Code: code, Certificate: c, Detail: detail, At: at})
}

// judgeDates compares the validity of each certificate below the anchor; an anchor's own dates are its operator's business
// (RFC 5280, 6.1.1).
func (r *Result) judgeDates(at time.Time) {
	for i, c := range r.Path {
		if i > 0 && r.Anchor != nil && i == len(r.Path)-1 {
			break
		}
		if at.Before(c.NotBefore) {
			r.add("not_yet_valid", c, "", c.NotBefore)
		}
		if at.After(c.NotAfter) {
			r.add("expired", c, "", c.NotAfter)
		}
	}
}

// judgeStatus finds the state of Path[i] at the time of validation: a revocation after it does not count.
func (r *Result) judgeStatus(ctx context.Context, o *Options, i int) {
	c := r.Path[i]
	if r.Status == nil {
		r.Status = make([][]Status, len(r.Path)-1)
	}
	if c.OCSPNoCheck {
		return
	}
	all, err := o.Status.Status(ctx, c, r.Path[i+1])
	r.Status[i] = all
	known := false
	for _, s := range all {
		switch s.State {
		case Revoked:
			if !s.RevokedAt.After(o.At) {
				r.add("revoked", c, "", s.RevokedAt)
				return
			}
			known = true
		case Good:
			known = known || fresh(s, o.At)
		case Unknown:
		}
	}
	if !known {
		detail := "nobody knows its state"
		if err != nil && !errors.Is(err, context.Canceled) {
			detail = err.Error()
		}
		r.add("no_revocation_evidence", c, detail, time.Time{})
		r.Problems[len(r.Problems)-1].Err = err
	}
}

// fresh accepts evidence made after the time in question, or still in force at it.
func fresh(s Status, at time.Time) bool {
	return !s.ThisUpdate.Before(at) || s.NextUpdate.IsZero() || !s.NextUpdate.Before(at)
}
