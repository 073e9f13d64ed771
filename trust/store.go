package trust

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/antinvn/antin/certpath"
)

// Store is a set of anchors and further chain certificates; read-only after loading, safe for concurrent use.
// A nil *Store is empty.
type Store struct {
	entries  []entry
	pool     []*certpath.Certificate
	always   map[use][]certpath.Anchor // for stores without dates: what Anchors and AnchorsFor give at any time
	sources  []Source
	snapshot string
}

// entry is an anchor and what it is one for.
type entry struct {
	certpath.Anchor
	use use
}

// New makes a store of certificates already in memory, by the same rule as [Load]: self-signed certificates are
// anchors without limit in time, the others serve as chain certificates.
func New(certs ...*certpath.Certificate) *Store {
	var anchors []certpath.Anchor
	var pool []*certpath.Certificate
	for _, c := range certs {
		if c.SelfSigned() {
			anchors = append(anchors, certpath.Anchor{Certificate: c, Name: c.Subject.String()})
		} else {
			pool = append(pool, c)
		}
	}
	return NewDated(anchors, pool...)
}

// NewDated makes a store of anchors that are each in force only from From until Until, both included and both
// optional, whether they are self-signed or not, and of chain certificates. The same certificate may be an anchor
// for several spans.
func NewDated(anchors []certpath.Anchor, pool ...*certpath.Certificate) *Store {
	entries := make([]entry, len(anchors))
	for i, a := range anchors {
		entries[i] = entry{a, useAny}
	}
	return build(entries, pool, nil)
}

// build makes a store; the order of anchors and certificates, and so every path found, does not depend on the order of files.
func build(entries []entry, pool []*certpath.Certificate, sources []Source) *Store {
	s := &Store{sources: sources}
	lines, dated := map[string]bool{}, false
	for _, e := range entries {
		if line := anchorLine(e); e.use != useNone && !lines[line] {
			lines[line] = true
			s.entries = append(s.entries, e)
			dated = dated || !e.From.IsZero() || !e.Until.IsZero()
		}
	}
	for _, c := range pool {
		if line := poolLine(c); !lines[line] {
			lines[line] = true
			s.pool = append(s.pool, c)
		}
	}
	for _, source := range sources {
		if source.line != "" {
			lines[source.line] = true
		}
	}
	slices.SortStableFunc(s.entries, func(a, b entry) int { return strings.Compare(anchorLine(a), anchorLine(b)) })
	slices.SortStableFunc(s.pool, func(a, b *certpath.Certificate) int {
		x, y := a.Fingerprint(), b.Fingerprint()
		return bytes.Compare(x[:], y[:])
	})
	s.entries, s.pool, s.snapshot = slices.Clip(s.entries), slices.Clip(s.pool), snapshot(lines)
	if !dated {
		always := map[use][]certpath.Anchor{}
		for _, u := range []use{useAny, useTimeStamp, useOCSP} {
			always[u] = slices.Clip(s.inForce(time.Time{}, u))
		}
		s.always = always
	}
	return s
}

// Anchors implements [certpath.AnchorSource]: the anchors in force at a time, at any time if it is zero. Certificates of a list's time-stamping
// and status services are not among them, see [Store.AnchorsFor]. The caller must not change them.
func (s *Store) Anchors(at time.Time) []certpath.Anchor { return s.AnchorsFor(certpath.AnyPurpose, at) }

// AnchorsFor implements [certpath.PurposeAnchorSource]: the anchors in force at a time for a purpose. A certificate that a trusted list
// gives for a time-stamping service is an anchor for time-stamps alone, one of a status service for OCSP responses alone; all others are
// anchors for every purpose.
func (s *Store) AnchorsFor(p certpath.Purpose, at time.Time) []certpath.Anchor {
	if s == nil {
		return nil
	}
	u := useAny
	switch p {
	case certpath.TimeStamp:
		u = useTimeStamp
	case certpath.OCSPSign:
		u = useOCSP
	default:
	}
	if s.always != nil {
		return s.always[u]
	}
	return s.inForce(at, u)
}

func (s *Store) inForce(at time.Time, u use) []certpath.Anchor {
	var out []certpath.Anchor
	for _, e := range s.entries {
		in := at.IsZero() || (e.From.IsZero() || !at.Before(e.From)) && (e.Until.IsZero() || !at.After(e.Until))
		if in && (e.use == useAny || e.use == u) {
			out = append(out, e.Anchor)
		}
	}
	return out
}

// Pool are the chain certificates that are not anchors. The caller must not change them.
func (s *Store) Pool() []*certpath.Certificate {
	if s == nil {
		return nil
	}
	return s.pool
}

// Snapshot is a stable identifier of the content: "sha256:" and the hash over one line for each anchor (with its dates and what it is for), chain
// certificate and list (with its sequence number), sorted. Equal content gives the same text whatever files it came from and in whatever order.
func (s *Store) Snapshot() string {
	if s == nil {
		return snapshot(nil)
	}
	return s.snapshot
}

func snapshot(lines map[string]bool) string {
	sorted := make([]string, 0, len(lines))
	for line := range lines {
		sorted = append(sorted, line)
	}
	slices.Sort(sorted)
	sum := sha256.Sum256([]byte(strings.Join(sorted, "")))
	return "sha256:" + hex.EncodeToString(sum[:])
}

func anchorLine(e entry) string {
	line := fmt.Sprintf("anchor %x %s %s", e.Certificate.Fingerprint(), day(e.From), day(e.Until))
	switch e.use {
	case useTimeStamp:
		line += " time-stamp"
	case useOCSP:
		line += " ocsp"
	default:
	}
	if e.Training {
		line += " training"
	}
	return line + "\n"
}

func poolLine(c *certpath.Certificate) string { return fmt.Sprintf("chain %x\n", c.Fingerprint()) }

func day(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339Nano)
}
