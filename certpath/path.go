package certpath

import (
	"context"
	"crypto/x509"
	"time"
)

// State is a certificate's revocation state.
type State int

// The states; Unknown is the zero value.
const (
	Unknown State = iota
	Good
	Revoked
)

// Status is what one piece of revocation evidence says about one certificate.
type Status struct {
	State      State
	Reason     int // RFC 5280 CRLReason, -1 if not given
	RevokedAt  time.Time
	ThisUpdate time.Time
	NextUpdate time.Time // zero if not given
	ProducedAt time.Time // OCSP only
	Kind       string    // "ocsp" or "crl"
	Source     string    // address it came from, "" if stored
	Evidence   []byte    // the whole OCSPResponse or CertificateList
	// Signer is the certificate that signed the evidence, with the others needed to check it.
	Signer []*Certificate
}

// StatusSource finds revocation evidence. Implementations say whether they are safe for concurrent use.
type StatusSource interface {
	Status(ctx context.Context, cert, issuer *Certificate) ([]Status, error)
}

// Anchor is a trust anchor: a certificate, valid as an anchor between two times (zero means without limit).
type Anchor struct {
	Certificate *Certificate
	From, Until time.Time
	Name        string // where it came from
}

// AnchorSource gives the anchors in force at a time.
type AnchorSource interface{ Anchors(at time.Time) []Anchor }

// IssuerFetcher finds issuing certificates elsewhere (authority information access).
type IssuerFetcher interface {
	Issuers(ctx context.Context, cert *Certificate) ([]*Certificate, error)
}

// Options steer building and validation.
type Options struct {
	Anchors AnchorSource
	Pool    []*Certificate // more certificates to build with
	Status  StatusSource   // nil: revocation is not checked
	Fetch   IssuerFetcher  // nil: nothing is fetched
	At      time.Time      // the time to validate for
	Purpose Purpose
	Limits  Limits
}

// Purpose is what the leaf is to be used for.
type Purpose int

// The purposes.
const (
	AnyPurpose Purpose = iota
	Sign               // digitalSignature or nonRepudiation
	TimeStamp          // extended key usage timeStamping, critical and alone (RFC 3161, 2.3)
	OCSPSign           // extended key usage OCSPSigning
)

// Limits bound the work; zero fields take the default.
type Limits struct {
	Depth      int // certificates in a path, 10
	Candidates int // certificates looked at, 1000
	Signatures int // signatures checked, 1000
}

// Result is a path and what is wrong with it; a bad path is a result, not an error.
type Result struct {
	Valid  bool
	Path   []*Certificate // leaf first, anchor last
	Anchor *Anchor
	Status [][]Status // per certificate of Path below the anchor
	// Problems has stable codes, worst first: "no_path", "expired", "not_yet_valid", "revoked", "bad_signature",
	// "not_a_ca", "path_length", "key_usage", "ext_key_usage", "unknown_critical_extension", "name_constraints",
	// "no_revocation_evidence", "limit".
	Problems []Problem
}

// Problem is one thing wrong with a path.
type Problem struct {
	Code        string
	Certificate *Certificate // nil if it concerns the whole path
	Detail      string
	At          time.Time // date that matters (revocation, end of validity), zero if none
}

// Validate builds a path from leaf to an anchor and validates it. The error is only ever the context's.
func Validate(ctx context.Context, leaf *Certificate, o *Options) (*Result, error) {
	panic("unwritten")
}

var _ = x509.KeyUsageCRLSign
