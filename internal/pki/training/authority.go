package training

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // key identifiers, RFC 5280, 4.2.1.2
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math"
	"math/big"
	"net/url"
	"time"

	"github.com/antinvn/antin/certpath"
)

// Mark stands in every name that this package writes.
const Mark = "HUẤN LUYỆN – KHÔNG CÓ GIÁ TRỊ PHÁP LÝ"

// short is the mark where the rest of a name has to stand beside it.
const short = " (HUẤN LUYỆN)"

// longestName is what a common name or an organisation may hold (RFC 5280, A.1: ub-common-name, ub-organization-name).
const longestName = 64

// The authorities.
const (
	root     = "root"
	issuer   = "issuer"
	tsa      = "tsa"
	ocsp     = "ocsp"
	rootOCSP = "root_ocsp"
)

// Validity. Who learns in a decade still verifies what was signed today.
const (
	caYears      = 20
	serviceYears = 15
	holderYears  = 3
)

// backdated is how long before its making a certificate begins: clocks of readers are late.
const backdated = time.Hour

// authority is a key with its certificate.
type authority struct {
	key  crypto.Signer
	cert *certpath.Certificate
}

// authorities are all of them, by name.
type authorities map[string]authority

// roles say who certifies an authority, and what for. OCSP responders carry id-pkix-ocsp-nocheck: the question who may answer ends there
// (RFC 6960, 4.2.2.2.1).
var roles = []struct {
	name, by, called string
	extensions       []pkix.Extension
}{
	{root, root, "Gốc", nil},
	{issuer, root, "Nơi cấp chứng thư", nil},
	{tsa, issuer, "Dấu thời gian", []pkix.Extension{usage(true, 8)}},
	{ocsp, issuer, "Trạng thái chứng thư", []pkix.Extension{usage(false, 9), noCheck}},
	{rootOCSP, root, "Trạng thái chứng thư gốc", []pkix.Extension{usage(false, 9), noCheck}},
}

var noCheck = pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}, Value: []byte{5, 0}}

// usage is extended key usage (RFC 5280, 4.2.1.12); time-stamping asks for it to be critical (RFC 3161, 2.3).
func usage(critical bool, purpose int) pkix.Extension {
	v, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, purpose}})
	if err != nil {
		panic("training: " + err.Error()) // the identifiers are ours
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: critical, Value: v}
}

// establish makes all keys and certificates anew.
func establish(now time.Time, base *url.URL) (authorities, error) {
	all := authorities{}
	for _, r := range roles {
		key, err := NewKey()
		if err != nil {
			return nil, err
		}
		t := &x509.Certificate{
			Subject:   pkix.Name{CommonName: r.called + short, Organization: []string{Mark}, Country: []string{"VN"}},
			NotBefore: now.Add(-backdated), NotAfter: now.AddDate(serviceYears, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature, ExtraExtensions: r.extensions,
		}
		if r.name == root || r.name == issuer {
			t.IsCA, t.BasicConstraintsValid, t.KeyUsage = true, true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
			t.NotAfter, t.MaxPathLenZero = now.AddDate(caYears, 0, 0), r.name == issuer
		}
		above := authority{key: key}
		if r.name != r.by {
			above = all[r.by]
			address(t, base, r.by)
		}
		cert, err := above.certify(t, key.Public())
		if err != nil {
			return nil, err
		}
		all[r.name] = authority{key, cert}
	}
	return all, nil
}

// NewKey makes a training key: ECDSA on P-256.
func NewKey() (crypto.Signer, error) {
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

// address names where a certificate's issuer answers.
func address(t *x509.Certificate, base *url.URL, by string) {
	t.OCSPServer = []string{base.JoinPath("ocsp", by).String()}
	t.IssuingCertificateURL = []string{base.JoinPath(by + ".crt").String()}
	t.CRLDistributionPoints = []string{base.JoinPath(by + ".crl").String()}
}

// certify signs a certificate; one without a certificate of its own signs itself.
func (a authority) certify(t *x509.Certificate, pub crypto.PublicKey) (*certpath.Certificate, error) {
	serial, err := rand.Int(rand.Reader, big.NewInt(math.MaxInt64))
	if err != nil {
		return nil, err
	}
	t.SerialNumber = serial.Add(serial, big.NewInt(1))
	spki, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return nil, err
	}
	id := sha1.Sum(spki) //nolint:gosec // an identifier
	t.SubjectKeyId = id[:]
	above := t
	if a.cert != nil {
		if above, err = a.cert.X509(); err != nil {
			return nil, err
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, above, pub, a.key)
	if err != nil {
		return nil, fmt.Errorf("training: issuing %s: %w", t.Subject, err)
	}
	return certpath.ParseCertificate(der)
}

// Holder is who a certificate is for.
type Holder struct {
	// Name is the person's, or the agency's for its seal.
	Name string
	// Organization is the agency that a person signs for; "" where Name is the agency.
	Organization string
	// Title is the person's post, "" for none.
	Title string
}

// template is a holder's certificate. The agency stands in both names of its seal.
func (h Holder) template(now time.Time) *x509.Certificate {
	name := pkix.Name{CommonName: marked(h.Name), OrganizationalUnit: []string{Mark}, Country: []string{"VN"}}
	if h.Organization == "" {
		h.Organization = h.Name
	}
	name.Organization = []string{marked(h.Organization)}
	if h.Title != "" {
		name.ExtraNames = []pkix.AttributeTypeAndValue{{Type: asn1.ObjectIdentifier{2, 5, 4, 12}, Value: marked(h.Title)}}
	}
	return &x509.Certificate{
		Subject: name, NotBefore: now.Add(-backdated), NotAfter: now.AddDate(holderYears, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
	}
}

// marked is a name that says what it is of, cut to what a name may hold.
func marked(s string) string {
	if r := []rune(s); len(r) > longestName-len([]rune(short)) {
		s = string(r[:longestName-len([]rune(short))-1]) + "…"
	}
	return s + short
}
