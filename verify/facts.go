package verify

import "time"

// FactsVersion is the version of the stored form of [Facts].
const FactsVersion = 4

// Facts is everything that was found in a document, undecided. It marshals to JSON and back; it is a value, read-only after
// [Collect]. Certificates and evidence stand in it once and are named by their id elsewhere; ids are opaque.
type Facts struct {
	Version       int       `json:"version"`
	Format        string    `json:"format"` // "pdf", "cms" or "tst"
	Size          int64     `json:"size"`
	CollectedAt   time.Time `json:"collected_at"` // by the collector's clock: nothing here is younger
	TrustSnapshot string    `json:"trust_snapshot,omitempty"`
	Offline       bool      `json:"offline"`
	Revisions     int       `json:"revisions,omitempty"`
	Rebuilt       bool      `json:"rebuilt,omitempty"` // the cross-reference was damaged
	Notes         []string  `json:"notes,omitempty"`   // stable codes of oddities of the whole file

	Checked int `json:"checked"`          // signatures and time-stamps whose values were verified
	Reused  int `json:"reused,omitempty"` // those known from an earlier collection, their bytes unchanged

	Certificates []CertificateFacts `json:"certificates,omitempty"`
	Evidence     []EvidenceFacts    `json:"evidence,omitempty"`
	Unanswered   []UnansweredFacts  `json:"unanswered,omitempty"`
	Signatures   []SignatureFacts   `json:"signatures"` // in the order of the end of their byte range, oldest first
}

// What a digest or a signature value turned out to be.
const (
	Match        = "match"
	Mismatch     = "mismatch"
	Unverifiable = "unverifiable" // bytes or algorithm are not to be had
)

// Kinds of [SignatureFacts].
const (
	TypeSignature         = "signature"
	TypeCounterSignature  = "counter-signature"
	TypeDocumentTimestamp = "document-timestamp"
)

// SignatureFacts is one signature or document time-stamp.
type SignatureFacts struct {
	ID       string `json:"id"`   // SHA-256 of /Contents, or of the SignerInfo outside PDF
	Type     string `json:"type"` // one of the constants above
	Field    string `json:"field,omitempty"`
	Format   string `json:"format"` // "PAdES", "PKCS7", "CAdES" or "TST"
	Page     int    `json:"page,omitempty"`
	Visible  bool   `json:"visible,omitempty"`
	Revision int    `json:"revision"`         // the revision that the byte range ends at, -1 if none
	Unread   string `json:"unread,omitempty"` // why the signature could not be parsed
	Dead     bool   `json:"dead,omitempty"`   // no field reaches its dictionary: the file was rewritten

	ByteRange           string         `json:"byte_range"` // "valid" or "invalid"
	ByteRangeProblem    string         `json:"byte_range_problem,omitempty"`
	CoversWholeDocument bool           `json:"covers_whole_document"`
	Digest              string         `json:"digest"`    // [Match], [Mismatch] or [Unverifiable]
	Signature           string         `json:"signature"` // the same, for the signature value
	Algorithm           AlgorithmFacts `json:"algorithm"`
	ContentDigest       string         `json:"content_digest,omitempty"` // hash over the content where it is another than Algorithm's
	Covered             string         `json:"covered,omitempty"`        // digest of the byte range, by the signature's hash
	AttributeProblem    string         `json:"attribute_problem,omitempty"`
	// CertificateBinding is [Mismatch] where the signed attributes name another certificate than Signer, "" otherwise.
	CertificateBinding string                `json:"certificate_binding,omitempty"`
	SignaturePolicy    *SignaturePolicyFacts `json:"signature_policy,omitempty"` // nil: it names none
	Notes              []string              `json:"notes,omitempty"`            // stable codes of oddities

	Certification int      `json:"certification,omitempty"` // DocMDP P of this signature, 0 none
	LockAction    string   `json:"lock_action,omitempty"`   // FieldMDP
	LockFields    []string `json:"lock_fields,omitempty"`
	LockP         int      `json:"lock_p,omitempty"` // the lock's own document permission, 0 none

	ClaimedTime *time.Time `json:"claimed_time,omitempty"`
	Reason      string     `json:"reason,omitempty"`
	Location    string     `json:"location,omitempty"`
	Software    string     `json:"software,omitempty"` // the program that signed, as the signature says

	Signer     string           `json:"signer,omitempty"` // id of the signing certificate
	Chains     []ChainFacts     `json:"chains,omitempty"` // best first
	Timestamps []TimestampFacts `json:"timestamps,omitempty"`

	Changes []Change `json:"changes,omitempty"` // by all later revisions
}

// AlgorithmFacts are the algorithms of one signature value, in the names of the algorithm table of package trust.
type AlgorithmFacts struct {
	Digest    string `json:"digest,omitempty"`    // "sha256"
	Signature string `json:"signature,omitempty"` // "rsa", "rsa-pss", "ecdsa", "ed25519", "dsa"
	Bits      int    `json:"bits,omitempty"`      // of the modulus, the field or the curve's order
}

// SignaturePolicyFacts is the signature policy that a signature names (EN 319 122-1, 5.2.9).
type SignaturePolicyFacts struct {
	ID      string `json:"id,omitempty"`      // an object identifier, in dots
	URI     string `json:"uri,omitempty"`     // where it says the policy can be had
	Implied bool   `json:"implied,omitempty"` // by the content; nothing is named
	Digest  string `json:"digest,omitempty"`  // [Match] or [Mismatch] of the policy that the file carries, [Unverifiable] without it
	Problem string `json:"problem,omitempty"` // why the attribute cannot be read
}

// CertificateFacts is one certificate.
type CertificateFacts struct {
	ID           string         `json:"id"`
	Subject      string         `json:"subject"` // RFC 4514
	CommonName   string         `json:"common_name"`
	Organization string         `json:"organization,omitempty"`
	Title        string         `json:"title,omitempty"`
	Email        string         `json:"email,omitempty"`
	Serial       string         `json:"serial"` // hexadecimal
	Issuer       string         `json:"issuer"`
	NotBefore    time.Time      `json:"not_before"`
	NotAfter     time.Time      `json:"not_after"`
	SHA256       string         `json:"sha256"`
	Algorithm    AlgorithmFacts `json:"algorithm"`              // of the issuer's signature on it
	Key          AlgorithmFacts `json:"key"`                    // its own key; no digest
	NoCheck      bool           `json:"no_check,omitempty"`     // id-pkix-ocsp-nocheck (RFC 6960, 4.2.2.2.1)
	NoRevAvail   bool           `json:"no_rev_avail,omitempty"` // an end entity's noRevAvail (RFC 9608), or validity assured short term (EN 319 412-1)
	InDocument   bool           `json:"in_document,omitempty"`  // the file carries it
}

// ChainFacts is one path from a certificate to an anchor. What is wrong with it at a time is not said: [Decide] finds that.
type ChainFacts struct {
	Certificates []string       `json:"certificates"` // ids, the leaf first, the anchor last
	Anchor       *AnchorFacts   `json:"anchor,omitempty"`
	Problems     []ProblemFacts `json:"problems,omitempty"` // what is wrong at any time
}

// AnchorFacts is the trust anchor that a chain ends at, and between which times it is one; nil means without limit.
type AnchorFacts struct {
	Name  string     `json:"name,omitempty"`
	From  *time.Time `json:"from,omitempty"`
	Until *time.Time `json:"until,omitempty"`
	// Training says that it vouches for keys to learn with alone.
	Training bool `json:"training,omitempty"`
}

// ProblemFacts is one thing wrong with a path at any time; Code is one of certpath's.
type ProblemFacts struct {
	Code    string `json:"code"`
	Subject string `json:"subject,omitempty"`
	Detail  string `json:"detail,omitempty"`
}

// Origins of evidence.
const (
	FromDocument = "document" // the file carries it
	FromOutside  = "outside"  // a responder, a cache or the operator's folder
)

// EvidenceFacts is one CRL or OCSP response, bytes checked, and what it says of certificates in Facts.
type EvidenceFacts struct {
	ID         string         `json:"id"`
	Kind       string         `json:"kind"`   // "crl" or "ocsp"
	Origin     string         `json:"origin"` // [FromDocument] or [FromOutside]
	Source     string         `json:"source,omitempty"`
	ThisUpdate time.Time      `json:"this_update"`
	NextUpdate *time.Time     `json:"next_update,omitempty"`
	ProducedAt *time.Time     `json:"produced_at,omitempty"` // OCSP
	CutOff     *time.Time     `json:"cut_off,omitempty"`     // archive cutoff, or expiredCertsOnCRL: it still knows what expired since
	Algorithm  AlgorithmFacts `json:"algorithm"`
	Signer     string         `json:"signer,omitempty"` // id
	Chains     []ChainFacts   `json:"chains,omitempty"` // of a signer that is not the certificate's own issuer
	Answers    []AnswerFacts  `json:"answers"`          // none of a list that says something only beside another
	Also       []string       `json:"also,omitempty"`   // ids of the lists that it is read with: a delta, or those of other reasons
}

// Revocation states of [AnswerFacts].
const (
	StateGood    = "good"
	StateRevoked = "revoked"
	StateUnknown = "unknown"
)

// AnswerFacts is what one piece of evidence says of one certificate.
type AnswerFacts struct {
	Certificate string     `json:"certificate"` // id
	State       string     `json:"state"`
	Reason      int        `json:"reason,omitempty"` // RFC 5280 CRLReason; 6 is certificateHold
	RevokedAt   *time.Time `json:"revoked_at,omitempty"`
}

// UnansweredFacts is a certificate about which nobody could be asked, and why.
type UnansweredFacts struct {
	Certificate string `json:"certificate"` // id
	Code        string `json:"code"`        // of the innermost cause
	Detail      string `json:"detail,omitempty"`
}

// Kinds of [TimestampFacts].
const (
	StampContent   = "content"   // over the content, before signing
	StampSignature = "signature" // over the signature value
	StampArchive   = "archive"   // over everything in a CMS
	StampDocument  = "document"  // over a revision of a PDF
)

// TimestampFacts is one RFC 3161 token.
type TimestampFacts struct {
	ID        string         `json:"id"`
	Kind      string         `json:"kind"`
	GenTime   time.Time      `json:"gen_time"`
	Imprint   string         `json:"imprint"`   // [Match], [Mismatch] or [Unverifiable]
	Signature string         `json:"signature"` // the same, for the token's own signature
	Digest    string         `json:"digest,omitempty"`
	Algorithm AlgorithmFacts `json:"algorithm"`
	Problem   string         `json:"problem,omitempty"` // why it is not what it should be
	Notes     []string       `json:"notes,omitempty"`
	Signer    string         `json:"signer,omitempty"`
	Chains    []ChainFacts   `json:"chains,omitempty"`
	// Covers are the ids of signatures, time-stamps, certificates and evidence that existed when it was made.
	Covers []string `json:"covers,omitempty"`
}

// Class is how strong a change after signing is; the classes are ordered.
type Class string

// The classes of changes, weakest first.
const (
	ClassNone       Class = "none"
	ClassLTA        Class = "lta"
	ClassForm       Class = "form"
	ClassAnnotation Class = "annotation"
	ClassForbidden  Class = "forbidden"
)

// Change is one change by a revision after the signature.
type Change struct {
	Code     string `json:"code"`
	Class    Class  `json:"class"`
	Object   string `json:"object"` // "12 0" or a path
	Field    string `json:"field,omitempty"`
	Page     int    `json:"page,omitempty"`
	Revision int    `json:"revision"`
	Before   string `json:"before,omitempty"`
	After    string `json:"after,omitempty"`
	Rule     string `json:"rule,omitempty"`   // that lets it pass; "" where none does
	Attack   string `json:"attack,omitempty"` // one of the Attack constants, "" if it is none that has a name
}
