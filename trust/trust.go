package trust

import (
	"time"

	"github.com/antinvn/antin/certpath"
)

// Store is a set of anchors and further chain certificates; read-only after loading, safe for concurrent use.
type Store struct { /* owner: trust */
}

// Load reads PEM, DER or PKCS#7 files, or folders of them (other files in a folder are passed over). Self-signed
// certificates are anchors, the others serve as chain certificates.
func Load(paths ...string) (*Store, error) { panic("unwritten") }

// New makes a store of certificates already in memory, by the same rule.
func New(certs ...*certpath.Certificate) *Store { panic("unwritten") }

// Anchors implements certpath.AnchorSource.
func (s *Store) Anchors(at time.Time) []certpath.Anchor { panic("unwritten") }

// Pool are the chain certificates that are not anchors.
func (s *Store) Pool() []*certpath.Certificate { panic("unwritten") }

// Snapshot is a stable identifier of the content: "sha256:…" over the sorted fingerprints.
func (s *Store) Snapshot() string { panic("unwritten") }
