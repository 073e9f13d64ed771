package verify

import "time"

// FactsVersion is the version of the stored form of [Facts].
const FactsVersion = 1

// Facts is everything that was found in a document, undecided. It marshals to JSON; it is a value, read-only after
// [Collect].
type Facts struct {
	Version       int              `json:"version"`
	Format        string           `json:"format"` // "pdf" or "cms"
	Size          int64            `json:"size"`
	CollectedAt   time.Time        `json:"collected_at"`
	TrustSnapshot string           `json:"trust_snapshot,omitempty"`
	Offline       bool             `json:"offline"`
	Revisions     int              `json:"revisions,omitempty"`
	Rebuilt       bool             `json:"rebuilt,omitempty"` // the cross-reference was damaged
	Signatures    []SignatureFacts `json:"signatures"`
}

// SignatureFacts is one signature or document time-stamp.
type SignatureFacts struct {
	ID       string `json:"id"`   // SHA-256 of /Contents, or of the SignerInfo outside PDF
	Type     string `json:"type"` // "signature", "counter-signature" or "document-timestamp"
	Field    string `json:"field,omitempty"`
	Format   string `json:"format"` // "PAdES", "PKCS7", "CAdES" or "TST"
	Page     int    `json:"page,omitempty"`
	Revision int    `json:"revision"`         // the revision that the byte range ends at, -1 if none
	Unread   string `json:"unread,omitempty"` // why the signature could not be parsed

	ByteRange           string   `json:"byte_range"` // "valid" or "invalid"
	ByteRangeProblem    string   `json:"byte_range_problem,omitempty"`
	CoversWholeDocument bool     `json:"covers_whole_document"`
	Digest              string   `json:"digest"`    // "match", "mismatch" or "unverifiable"
	Signature           string   `json:"signature"` // the same, for the signature value
	DigestAlgorithm     string   `json:"digest_algorithm,omitempty"`
	AttributeProblem    string   `json:"attribute_problem,omitempty"` // digest and value match, but a signed attribute is wrong
	Notes               []string `json:"notes,omitempty"`             // stable codes of oddities

	Certification int      `json:"certification,omitempty"` // DocMDP P of this signature, 0 none
	LockAction    string   `json:"lock_action,omitempty"`   // FieldMDP
	LockFields    []string `json:"lock_fields,omitempty"`
	LockP         int      `json:"lock_p,omitempty"` // the lock's own document permission, 0 none

	ClaimedTime *time.Time `json:"claimed_time,omitempty"`
	Reason      string     `json:"reason,omitempty"`
	Location    string     `json:"location,omitempty"`

	Signer     *CertificateFacts `json:"signer,omitempty"`
	Path       *PathFacts        `json:"path,omitempty"`
	Timestamps []TimestampFacts  `json:"timestamps,omitempty"` // signature time-stamps; for a document time-stamp the token itself
	Archive    []TimestampFacts  `json:"archive,omitempty"`    // archive time-stamps of CAdES, oldest first
	Stored     bool              `json:"stored"`               // the document carries the evidence for path and time-stamps

	Changes []Change `json:"changes,omitempty"` // by all later revisions
}

// CertificateFacts is what a reader wants to know of a certificate.
type CertificateFacts struct {
	Subject      string    `json:"subject"` // RFC 4514
	CommonName   string    `json:"common_name"`
	Organization string    `json:"organization,omitempty"`
	Email        string    `json:"email,omitempty"`
	Serial       string    `json:"serial"` // hexadecimal
	Issuer       string    `json:"issuer"`
	NotBefore    time.Time `json:"not_before"`
	NotAfter     time.Time `json:"not_after"`
	SHA256       string    `json:"sha256"`
}

// PathFacts is the path from a certificate to an anchor as validated for a time.
type PathFacts struct {
	At           time.Time          `json:"at"`
	Valid        bool               `json:"valid"`
	Certificates []CertificateFacts `json:"certificates"`
	FromDocument bool               `json:"from_document"` // validated without asking anyone
	Anchor       string             `json:"anchor,omitempty"`
	Problems     []ProblemFacts     `json:"problems,omitempty"`
	Revocation   []RevocationFacts  `json:"revocation,omitempty"`
}

// ProblemFacts is one thing wrong with a path; Code is one of certpath's.
type ProblemFacts struct {
	Code    string     `json:"code"`
	Subject string     `json:"subject,omitempty"`
	Detail  string     `json:"detail,omitempty"`
	Date    *time.Time `json:"date,omitempty"`
}

// RevocationFacts is one piece of evidence used for the path.
type RevocationFacts struct {
	Subject    string     `json:"subject"`
	Kind       string     `json:"kind"` // "ocsp" or "crl"
	State      string     `json:"state"`
	Source     string     `json:"source,omitempty"` // address, "" if stored in the document
	ThisUpdate time.Time  `json:"this_update"`
	NextUpdate *time.Time `json:"next_update,omitempty"`
}

// TimestampFacts is one RFC 3161 token.
type TimestampFacts struct {
	GenTime     time.Time         `json:"gen_time"`
	ImprintHash string            `json:"imprint_hash"`
	Valid       bool              `json:"valid"` // imprint, signature and extended key usage
	Problem     string            `json:"problem,omitempty"`
	TSA         *CertificateFacts `json:"tsa,omitempty"`
	Path        *PathFacts        `json:"path,omitempty"`
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
}
