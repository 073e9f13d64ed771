package certpath

import (
	"context"
	"slices"
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
	Reason     int // RFC 5280, 5.3.1: 6 is certificateHold, 8 removeFromCRL (State is Good then); -1 if not given
	RevokedAt  time.Time
	ThisUpdate time.Time
	NextUpdate time.Time // zero if not given
	ProducedAt time.Time // OCSP only
	Kind       string    // "ocsp" or "crl"
	Source     string    // address it came from, "" if stored
	Evidence   []byte    // the whole OCSPResponse or CertificateList
	// SignatureAlgorithm is the one that the evidence is signed by.
	SignatureAlgorithm AlgorithmIdentifier
	// ArchiveCutOff is the date from which the evidence still speaks of certificates that have expired: OCSP's archive
	// cutoff (RFC 6960, 4.4.4) or a list's expiredCertsOnCRL (X.509, 9.5.2.7). Zero if not given.
	ArchiveCutOff time.Time
	// Signer is the certificate that signed the evidence, followed by those that came with it; empty if the issuer of
	// the certificate in question signed for itself. That it signed is verified; who trusts it has to be.
	Signer []*Certificate
	// Also are further lists that this rests on: the delta that changed it, or those of the reasons that it leaves out.
	Also []Status
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
	// Training says that it vouches for keys to learn with: what they sign is right, and has no legal value.
	Training bool
}

// AnchorSource gives the anchors in force at a time.
type AnchorSource interface{ Anchors(at time.Time) []Anchor }

// PurposeAnchorSource is an [AnchorSource] that knows anchors for one purpose alone, such as those of a time-stamping service; it is asked
// by AnchorsFor instead.
type PurposeAnchorSource interface {
	AnchorSource
	AnchorsFor(p Purpose, at time.Time) []Anchor
}

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
	At      time.Time      // the time to validate for; the anchors are those in force then
	Purpose Purpose
	// Policies are the certificate policies asked for (user-initial-policy-set); none means any policy.
	Policies []OID
	Inhibit  Inhibit
	// Freshness says which evidence of revocation is recent enough.
	Freshness Freshness
	Limits    Limits
}

// Purpose is what the leaf is to be used for.
type Purpose int

// The purposes.
const (
	AnyPurpose Purpose = iota
	Sign               // digitalSignature or nonRepudiation
	TimeStamp          // extended key usage timeStamping, critical and alone (RFC 3161, 2.3)
	OCSPSign           // extended key usage OCSPSigning
	CRLSign            // cRLSign, if there is a key usage (RFC 5280, 6.3.3 (f))
)

// Limits bound the work; zero fields take the default.
type Limits struct {
	Depth      int // certificates in a path, 10
	Candidates int // issuing certificates looked at, 1000
	Signatures int // signatures checked, 1000
	Fetches    int // certificates whose issuers are fetched, 10
}

// Result is a path and what is wrong with it; a bad path is a result, not an error.
type Result struct {
	Valid  bool
	Path   []*Certificate // leaf first, anchor last
	Anchor *Anchor
	Status [][]Status // per certificate of Path below the anchor
	// Policies are those for which the path is valid; see [Path].
	Policies []OID
	// Problems has stable codes, worst first: "no_path", "expired", "not_yet_valid", "revoked", "bad_signature",
	// "not_a_ca", "name_constraints", "policy", "path_length", "key_usage", "ext_key_usage", "duplicate_extension",
	// "malformed_extension", "unknown_critical_extension", "no_revocation_evidence", "limit".
	Problems []Problem
}

// Problem is one thing wrong with a path.
type Problem struct {
	Code        string
	Certificate *Certificate // nil if it concerns the whole path
	Detail      string
	At          time.Time // date that matters (revocation, end of validity), zero if none
	Err         error     // what the status source said, of "no_revocation_evidence"; nil if it said nothing
}

// Path is one way from a leaf to an anchor, judged without regard to time and revocation.
type Path struct {
	Certificates []*Certificate // leaf first, anchor last; the leaf alone if it is an anchor itself
	Anchor       *Anchor        // nil if none was reached
	// Problems are what no time changes, worst first: "no_path", "bad_signature", "not_a_ca", "name_constraints",
	// "policy", "path_length", "key_usage", "ext_key_usage", "duplicate_extension", "malformed_extension",
	// "unknown_critical_extension", "limit".
	Problems []Problem
	// Policies are those for which the path is valid, in the anchor's words (RFC 5280, 6.1.5 (g)): of Options.Policies if
	// any were asked for; [AnyPolicy] stands for all.
	Policies []OID
}

// Paths builds the candidate paths from leaf to an anchor, the best first: those without a problem, of these the ones
// whose certificates are all in force at Options.At (zero: at any time), of these the shortest. They are few. If no anchor
// is reached the one result is the longest part of a path, with the problem "no_path". Options.Status is not asked.
// The error is only ever the context's.
func Paths(ctx context.Context, leaf *Certificate, o *Options) ([]*Path, error) {
	found := newBuilder(ctx, leaf, o).paths()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return found, nil
}

// Validate builds a path from leaf to an anchor and validates it at Options.At: [Paths], then the dates and the revocation
// of each certificate below the anchor. Where several paths exist the first without a problem wins, else the one with the
// least. The error is only ever the context's.
func Validate(ctx context.Context, leaf *Certificate, o *Options) (*Result, error) {
	paths, err := Paths(ctx, leaf, o)
	if err != nil {
		return nil, err
	}
	return (&validator{ctx: ctx, asking: map[string]bool{}, known: map[question]answer{}}).validate(paths, o)
}

// severities are the codes, the least first.
var severities = []string{
	"limit", "no_revocation_evidence", "not_yet_valid", "expired", "unknown_critical_extension", "malformed_extension", "duplicate_extension", "ext_key_usage", "key_usage",
	"path_length", "policy", "name_constraints", "not_a_ca", "revoked", "bad_signature", "no_path",
}

func severity(code string) int { return slices.Index(severities, code) }

func worstFirst(problems []Problem) {
	slices.SortStableFunc(problems, func(x, y Problem) int { return severity(y.Code) - severity(x.Code) })
}

func weight(problems []Problem) int {
	w := 0
	for _, p := range problems {
		w += 100 + severity(p.Code)
	}
	return w
}
