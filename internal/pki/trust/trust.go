// Package trust says what this house relies upon: one snapshot of trust anchors, with what each is for, named by the hash of its content.
// Everything that decides, signing and checking alike, is given the same snapshot; a report names it.
//
//	snapshot := trust.New(trust.Training("training", root))
//	facts, err := verify.Collect(ctx, r, size, &verify.CollectOptions{Trust: snapshot.Store(), At: now})
package trust

import (
	"cmp"
	"slices"
	"time"

	"github.com/antinvn/antin/certpath"
	engine "github.com/antinvn/antin/trust"
)

// Use is what an anchor is relied upon for.
type Use string

// The uses.
const (
	// ForSignatures: what rests on it has the value that the law gives it.
	ForSignatures Use = "signatures"
	// ForTraining: what rests on it is for learning, and has no legal value.
	ForTraining Use = "training"
)

// Anchor is a certificate that the house relies upon, from a time until a time; zero is without limit.
type Anchor struct {
	Name        string // where it came from
	Certificate *certpath.Certificate
	Use         Use
	From, Until time.Time
}

// Training is the anchor of training keys.
func Training(name string, root *certpath.Certificate) Anchor {
	return Anchor{Name: name, Certificate: root, Use: ForTraining}
}

// Snapshot is a set of anchors. It never changes; it may be used concurrently.
type Snapshot struct {
	anchors []Anchor
	store   *engine.Store
}

// New makes a snapshot of anchors. An anchor without a use is relied upon for nothing but training: what nobody said has no value.
func New(anchors ...Anchor) *Snapshot {
	s := &Snapshot{anchors: slices.Clone(anchors)}
	var all []certpath.Anchor
	for i := range s.anchors {
		a := &s.anchors[i]
		a.Use = cmp.Or(a.Use, ForTraining)
		all = append(all, certpath.Anchor{Certificate: a.Certificate, From: a.From, Until: a.Until, Name: a.Name, Training: a.Use != ForSignatures})
	}
	s.store = engine.NewDated(all)
	return s
}

// Name is "sha256:" and the hash over the anchors, their times and what they are for.
func (s *Snapshot) Name() string { return s.store.Snapshot() }

// Store is the snapshot as the engine takes it.
func (s *Snapshot) Store() *engine.Store { return s.store }

// Anchors are all of them.
func (s *Snapshot) Anchors() []Anchor { return slices.Clone(s.anchors) }
