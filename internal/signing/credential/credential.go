package credential

import (
	"crypto"
	"io"
	"sync"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
)

// Purpose is what a key signs as.
type Purpose string

// The purposes.
const (
	// Signature is a person's, for an agency.
	Signature Purpose = "signature"
	// Seal is an agency's.
	Seal Purpose = "seal"
)

// Channel is how a key is reached.
type Channel string

// Soft is the channel of keys that lie in their rows: training keys alone.
const Soft Channel = "soft"

// Credential is a key that can sign.
type Credential struct {
	ID store.ID
	// Holder is a person, or for a seal the agency; Agency is the one that the key signs for. Name is the holder's, as certified.
	Holder, Agency store.ID
	Name           string
	Purpose        Purpose
	Channel        Channel
	// Training says that nothing that it signs has legal value.
	Training bool
	// Serial is the certificate's number where pki/training issued it.
	Serial store.ID
	// Chain is the certificate, then what stands above it.
	Chain []*certpath.Certificate
	// Since and Until are when it may be used.
	Since, Until time.Time
	// Over says, in a list, that it is used no more.
	Over  bool
	Event store.ID
}

// Issued is the event of a new credential.
type Issued struct {
	Credential store.ID
	Holder     store.ID
	Agency     store.ID
	Purpose    string
	Channel    string
	Training   bool
	Until      time.Time
}

// EventKind implements [store.Event].
func (Issued) EventKind() string { return "credential.issued/1" }

// Ended is the event of a credential that is used no more.
type Ended struct {
	Credential store.ID
	Agency     store.ID
	Reason     string // why: "lost", "moved", "replaced", "closed", or "" where it was not said
}

// EventKind implements [store.Event].
func (Ended) EventKind() string { return "credential.ended/2" }

// once is a key for one signature.
type once struct {
	mu  sync.Mutex
	key crypto.Signer // nil when it is spent
	pub crypto.PublicKey
}

// Public implements [crypto.Signer].
func (o *once) Public() crypto.PublicKey { return o.pub }

// Sign implements [crypto.Signer], once.
func (o *once) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	o.mu.Lock()
	key := o.key
	o.key = nil
	o.mu.Unlock()
	if key == nil {
		return nil, fault.New(fault.Conflict, ErrSpent, "")
	}
	return key.Sign(random, digest, opts)
}
