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
	anchors  []certpath.Anchor
	pool     []*certpath.Certificate
	dated    bool // an anchor has a first or last day
	snapshot string
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
	s := &Store{}
	seen := map[string]bool{}
	for _, a := range anchors {
		if line := anchorLine(a); !seen[line] {
			seen[line] = true
			s.anchors = append(s.anchors, a)
			s.dated = s.dated || !a.From.IsZero() || !a.Until.IsZero()
		}
	}
	for _, c := range pool {
		if line := poolLine(c); !seen[line] {
			seen[line] = true
			s.pool = append(s.pool, c)
		}
	}
	s.sort()
	s.snapshot = snapshot(seen)
	return s
}

// sort makes the order, and so every path found, independent of the order of files.
func (s *Store) sort() {
	slices.SortStableFunc(s.anchors, func(a, b certpath.Anchor) int {
		return strings.Compare(anchorLine(a), anchorLine(b))
	})
	slices.SortStableFunc(s.pool, func(a, b *certpath.Certificate) int {
		x, y := a.Fingerprint(), b.Fingerprint()
		return bytes.Compare(x[:], y[:])
	})
	s.anchors, s.pool = slices.Clip(s.anchors), slices.Clip(s.pool)
}

// Anchors implements [certpath.AnchorSource]: the anchors in force at a time. The caller must not change them.
func (s *Store) Anchors(at time.Time) []certpath.Anchor {
	if s == nil {
		return nil
	}
	if !s.dated {
		return s.anchors
	}
	var out []certpath.Anchor
	for _, a := range s.anchors {
		if (a.From.IsZero() || !at.Before(a.From)) && (a.Until.IsZero() || !at.After(a.Until)) {
			out = append(out, a)
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

// Snapshot is a stable identifier of the content: "sha256:" and the hash over one line for each anchor and chain
// certificate, sorted. Equal content gives the same text whatever files it came from and in whatever order.
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

func anchorLine(a certpath.Anchor) string {
	return fmt.Sprintf("anchor %x %s %s\n", a.Certificate.Fingerprint(), day(a.From), day(a.Until))
}

func poolLine(c *certpath.Certificate) string { return fmt.Sprintf("chain %x\n", c.Fingerprint()) }

func day(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339Nano)
}
