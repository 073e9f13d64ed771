package revocation

import (
	"context"
	"crypto"
	"io"
	"math/big"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/fetch"
)

// Status is certpath's.
type Status = certpath.Status

// OCSPResponse is a parsed OCSPResponse with a BasicOCSPResponse.
type OCSPResponse struct {
	Raw          []byte // OCSPResponse
	Basic        []byte // BasicOCSPResponse
	ProducedAt   time.Time
	Nonce        []byte
	Responses    []SingleResponse
	Certificates []*certpath.Certificate
	// owner: revocation (unexported rest)
}

// SingleResponse is one certificate's answer.
type SingleResponse struct {
	HashOID                certpath.OID
	IssuerNameHash         []byte
	IssuerKeyHash          []byte
	SerialNumber           *big.Int
	State                  certpath.State
	Reason                 int
	RevokedAt              time.Time
	ThisUpdate, NextUpdate time.Time
	ArchiveCutOff          time.Time
}

// ParseOCSP reads an OCSPResponse; a status other than successful is an error that says which.
func ParseOCSP(der []byte) (*OCSPResponse, error) { panic("unwritten") }

// ParseBasicOCSP reads a BasicOCSPResponse and wraps it.
func ParseBasicOCSP(der []byte) (*OCSPResponse, error) { panic("unwritten") }

// Signer finds the responder's certificate (issuer itself, or delegated: OCSPSigning, signed by issuer) and verifies the signature.
func (r *OCSPResponse) Signer(issuer *certpath.Certificate, pool ...*certpath.Certificate) (*certpath.Certificate, error) {
	panic("unwritten")
}

// Find returns the answer for cert under issuer, nil if absent.
func (r *OCSPResponse) Find(cert, issuer *certpath.Certificate) *SingleResponse { panic("unwritten") }

// OCSPRequest builds a request for several certificates of one issuer; nonce may be nil.
func OCSPRequest(issuer *certpath.Certificate, nonce []byte, certs ...*certpath.Certificate) ([]byte, error) {
	panic("unwritten")
}

// OCSPResponder answers requests without a server. Safe for concurrent use if Lookup is.
type OCSPResponder struct {
	Issuer *certpath.Certificate
	Key    crypto.Signer
	Chain  []*certpath.Certificate // responder's certificate first; empty: Issuer itself
	Lookup func(ctx context.Context, serial *big.Int) (Status, error)
	Clock  func() time.Time
	Valid  time.Duration // NextUpdate − ThisUpdate; 0: none
}

// Respond answers a DER OCSPRequest with a DER OCSPResponse.
func (r *OCSPResponder) Respond(ctx context.Context, request []byte) ([]byte, error) {
	panic("unwritten")
}

// CRL is a parsed CertificateList without its entries.
type CRL struct {
	Raw                    []byte
	RawIssuer              []byte
	Issuer                 certpath.Name
	ThisUpdate, NextUpdate time.Time
	Number                 *big.Int
	SignatureAlgorithm     certpath.AlgorithmIdentifier
	// owner: revocation
}

// ParseCRL reads a CertificateList held in memory.
func ParseCRL(der []byte) (*CRL, error) { panic("unwritten") }

// CheckSignature verifies the list by issuer's key.
func (c *CRL) CheckSignature(issuer *certpath.Certificate) error { panic("unwritten") }

// Lookup finds a serial number.
func (c *CRL) Lookup(serial *big.Int) (Status, error) { panic("unwritten") }

// ScanCRL reads a CertificateList as a stream and answers for one serial number in constant memory.
func ScanCRL(r io.Reader, serial *big.Int) (*CRL, Status, error) { panic("unwritten") }

// CRLTemplate builds a list.
type CRLTemplate struct {
	Number                 *big.Int
	ThisUpdate, NextUpdate time.Time
	Entries                []CRLEntry
}

// CRLEntry is one revoked certificate.
type CRLEntry struct {
	Serial    *big.Int
	RevokedAt time.Time
	Reason    int
}

// CreateCRL builds and signs a list.
func CreateCRL(rand io.Reader, t *CRLTemplate, issuer *certpath.Certificate, key crypto.Signer) ([]byte, error) {
	panic("unwritten")
}

// Cache keeps answers; implementations may persist them. Safe for concurrent use.
type Cache interface {
	Get(key string) (der []byte, until time.Time, ok bool)
	Put(key string, der []byte, until time.Time)
}

// Fetcher finds status by OCSP first, then CRL, at the addresses in the certificate. It implements certpath.StatusSource
// and certpath.IssuerFetcher. Safe for concurrent use.
type Fetcher struct {
	Fetch   *fetch.Client    // nil: defaults, hostile addresses refused
	Cache   Cache            // nil: none
	Clock   func() time.Time // nil: time.Now
	NoNonce bool
	Rand    io.Reader // nil: crypto/rand
}

// Status implements certpath.StatusSource; evidence is verified against issuer.
func (f *Fetcher) Status(ctx context.Context, cert, issuer *certpath.Certificate) ([]Status, error) {
	panic("unwritten")
}

// Issuers implements certpath.IssuerFetcher (caIssuers of authority information access).
func (f *Fetcher) Issuers(ctx context.Context, cert *certpath.Certificate) ([]*certpath.Certificate, error) {
	panic("unwritten")
}

// Stored answers from evidence that a document carries. It implements certpath.StatusSource. Safe for concurrent use.
type Stored struct {
	OCSP [][]byte
	CRLs [][]byte
	Pool []*certpath.Certificate
}

// Status implements certpath.StatusSource.
func (s *Stored) Status(ctx context.Context, cert, issuer *certpath.Certificate) ([]Status, error) {
	panic("unwritten")
}
