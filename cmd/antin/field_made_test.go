package main

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1" // read, never written by us
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/pkitest"
)

// fieldMaker makes files as they are met: PDFs of ours, whose CMS was written by somebody else.
type fieldMaker struct {
	t    *testing.T
	pki  *pkitest.PKI
	cert *certpath.Certificate
	key  *rsa.PrivateKey
	dir  string
	now  time.Time

	tsaCert *certpath.Certificate
	tsaKey  crypto.Signer
}

var onlyStamping = pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: []byte{0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 8}}

// fieldSubject is a certificate as those that were read: key usages for everything, extended ones for servers, mail and smart cards, none
// for documents; the government's policy; the body's budget code beside its name.
func fieldSubject() pkitest.Subject {
	usages := el(cbasn1.SEQUENCE, oidOf(1, 3, 6, 1, 5, 5, 7, 3, 2), oidOf(1, 3, 6, 1, 5, 5, 7, 3, 4), oidOf(1, 3, 6, 1, 4, 1, 311, 20, 2, 2))
	policies := el(cbasn1.SEQUENCE, el(cbasn1.SEQUENCE, oidOf(2, 16, 704, 1, 1, 1, 1, 1)))
	return pkitest.Subject{
		CommonName: "Văn phòng UBND tỉnh Mẫu", Organization: "Ủy ban nhân dân tỉnh Mẫu", Unit: "Văn phòng", UserID: "MNS:1234567", Email: "vanthu@lgsp.mau",
		Algorithm: pkitest.RSA2048, Usage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment | x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment,
		Extensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Value: usages}, {Id: asn1.ObjectIdentifier{2, 5, 29, 32}, Value: policies}},
	}
}

func newFieldMaker(t *testing.T) *fieldMaker {
	t.Helper()
	m := &fieldMaker{t: t, dir: t.TempDir(), now: time.Now().UTC().Truncate(time.Second).Add(-time.Minute)}
	var err error
	if m.pki, err = pkitest.New(pkitest.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.pki.Close() })
	if err := m.pki.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := fieldSubject()
	s.NotBefore = m.now.Add(-9 * 24 * time.Hour)
	m.cert, m.key = m.issue(s)
	if m.tsaCert, m.tsaKey, err = m.pki.Issue(pkitest.Subject{CommonName: "TSA Mẫu", Algorithm: pkitest.P384, Extensions: []pkix.Extension{onlyStamping}}); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *fieldMaker) issue(s pkitest.Subject) (*certpath.Certificate, *rsa.PrivateKey) {
	m.t.Helper()
	cert, key, err := m.pki.Issue(s)
	if err != nil {
		m.t.Fatal(err)
	}
	return cert, key.(*rsa.PrivateKey)
}

func (m *fieldMaker) file(name string, b []byte) string {
	m.t.Helper()
	path := filepath.Join(m.dir, name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		m.t.Fatal(err)
	}
	return path
}

// certificates are a file of them for --trust.
func (m *fieldMaker) certificates(name string, certs ...*certpath.Certificate) string {
	m.t.Helper()
	var b []byte
	for _, c := range certs {
		b = append(b, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return m.file(name, b)
}

func (m *fieldMaker) open(b []byte) *pdf.Document {
	m.t.Helper()
	d, err := pdf.Open(m.t.Context(), bytes.NewReader(b), int64(len(b)), nil)
	if err != nil {
		m.t.Fatal(err)
	}
	return d
}

// ours signs with our own writer.
func (m *fieldMaker) ours(b []byte, o pades.Options) []byte {
	m.t.Helper()
	o.Chain = append([]*certpath.Certificate{m.cert}, m.pki.Chain()...)
	var out bytes.Buffer
	if _, err := pades.Sign(m.t.Context(), &out, m.open(b), m.key, &o); err != nil {
		m.t.Fatal(err)
	}
	return out.Bytes()
}

// foreign is a CMS as other programs write it.
type foreign struct {
	hash         crypto.Hash             // SHA-256
	algorithm    []byte                  // of the signature; nil: rsaEncryption with NULL
	withoutNull  bool                    // in DigestInfo
	bare         bool                    // no signed attributes
	ess          crypto.Hash             // of signing-certificate-v2; 0: none
	signingTime  time.Time               // as the attribute says
	certificates []*certpath.Certificate // nil: the leaf alone
	stamped      time.Time               // by a token; zero: none
	imprint      crypto.Hash             // of the token; SHA-256
	letters      bool                    // contentReference holds 76 letters
	indefinite   bool                    // the outer structure has indefinite lengths
	claimed      time.Time               // /M
	subFilter    string                  // of nineteen letters
	software     string                  // that the dictionary names
	lowerCase    bool                    // hexadecimal
	pkcs1        bool                    // adbe.x509.rsa_sha1: the value alone, its certificate in the dictionary
	enclosed     bool                    // adbe.pkcs7.sha1: the SHA-1 of the byte range is the content that is signed
	certify      pades.DocMDP
	place        *pades.Place
	by           *certpath.Certificate // nil: the maker's
	key          *rsa.PrivateKey
}

// signed is a PDF with a CMS that somebody else wrote over it.
func (m *fieldMaker) signed(b []byte, f *foreign) []byte {
	m.t.Helper()
	if f.hash == 0 {
		f.hash = crypto.SHA256
	}
	if f.imprint == 0 {
		f.imprint = crypto.SHA256
	}
	if f.by == nil {
		f.by, f.key = m.cert, m.key
	}
	if f.claimed.IsZero() {
		f.claimed = m.now
	}
	o := pades.Options{PlaceholderBytes: 12384, Time: f.claimed, Certify: f.certify, Reason: strings.Repeat("x", 80)}
	if f.pkcs1 {
		f.hash, f.subFilter, o.Reason = crypto.SHA1, "adbe.x509.rsa_sha1 ", strings.Repeat("x", 3500)
	}
	o.Field.Place = f.place
	out := m.ours(b, o)
	sigs, err := pades.Signatures(m.t.Context(), m.open(out))
	if err != nil || len(sigs) == 0 {
		m.t.Fatal(len(sigs), err)
	}
	r := sigs[len(sigs)-1].ByteRange
	f.respell(m.t, out[r[2]:min(r[2]+4096, int64(len(out)))])
	over := f.hash
	if f.enclosed {
		over = crypto.SHA1
	}
	sum := over.New()
	sum.Write(out[:r[1]])
	sum.Write(out[r[2]:])
	raw := m.cms(f, sum.Sum(nil))
	if f.pkcs1 {
		value, err := rsa.SignPKCS1v15(nil, f.key, f.hash, sum.Sum(nil))
		if err != nil {
			m.t.Fatal(err)
		}
		raw = el(cbasn1.OCTET_STRING, value)
	}
	value := hex.EncodeToString(raw)
	if !f.lowerCase {
		value = strings.ToUpper(value)
	}
	gap := out[r[1]+1 : r[2]-1]
	if len(value) > len(gap) {
		m.t.Fatalf("%d digits for a place of %d", len(value), len(gap))
	}
	copy(gap, value+strings.Repeat("0", len(gap)-len(value)))
	return out
}

// respell changes the signature dictionary in its place, before it is signed.
func (f *foreign) respell(t *testing.T, dict []byte) {
	t.Helper()
	from := bytes.Index(dict, []byte("/Reason"))
	if from < 0 {
		t.Fatal("no reason to stand in for")
	}
	to := from + bytes.IndexByte(dict[from:], ')') + 1
	said := ""
	if f.software != "" {
		said = "/Prop_Build<</App<</Name/" + f.software + ">>>>"
	}
	if f.pkcs1 {
		said = "/Cert<" + hex.EncodeToString(f.by.Raw) + ">"
	}
	copy(dict[from:to], said+strings.Repeat(" ", to-from-len(said)))
	if f.subFilter != "" {
		i := bytes.Index(dict, []byte("/ETSI.CAdES.detached"))
		if i < 0 || len(f.subFilter) != len("ETSI.CAdES.detached") {
			t.Fatal("no sub-filter to stand in for")
		}
		copy(dict[i+1:], f.subFilter)
	}
}

func el(tag cbasn1.Tag, parts ...[]byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes(slices.Concat(parts...)) })
	return b.BytesOrPanic()
}

func oidOf(id ...int) []byte {
	var b cryptobyte.Builder
	b.AddASN1ObjectIdentifier(id)
	return b.BytesOrPanic()
}

func attribute(value []byte, id ...int) []byte {
	return el(cbasn1.SEQUENCE, oidOf(id...), el(cbasn1.SET, value))
}

func algorithmOf(h crypto.Hash) []byte {
	return certpath.AlgorithmIdentifier{Algorithm: certpath.OIDByHash(h), Parameters: []byte{5, 0}}.Marshal()
}

func hashOf(h crypto.Hash, b []byte) []byte {
	w := h.New()
	w.Write(b)
	return w.Sum(nil)
}

func serialOf(n *big.Int) []byte {
	var b cryptobyte.Builder
	b.AddASN1BigInt(n)
	return b.BytesOrPanic()
}

// cms is SignedData (RFC 5652, 5.1) as the programs of the field write it: without CMSAlgorithmProtection, mostly with the leaf alone.
func (m *fieldMaker) cms(f *foreign, digest []byte) []byte {
	m.t.Helper()
	content := []byte(nil)
	if f.enclosed {
		content, digest = el(cbasn1.Tag(0).Constructed().ContextSpecific(), el(cbasn1.OCTET_STRING, digest)), hashOf(f.hash, digest)
	}
	explicit := func(n uint8, b ...[]byte) []byte { return el(cbasn1.Tag(n).Constructed().ContextSpecific(), b...) }
	over, signedAttributes := digest, []byte(nil)
	if !f.bare {
		list := [][]byte{
			attribute(oidOf(1, 2, 840, 113549, 1, 7, 1), 1, 2, 840, 113549, 1, 9, 3), attribute(el(cbasn1.OCTET_STRING, digest), 1, 2, 840, 113549, 1, 9, 4),
		}
		if f.ess != 0 {
			id := el(cbasn1.SEQUENCE, el(cbasn1.SEQUENCE, el(cbasn1.SEQUENCE, algorithmOf(f.ess), el(cbasn1.OCTET_STRING, hashOf(f.ess, f.by.Raw)))))
			list = append(list, attribute(id, 1, 2, 840, 113549, 1, 9, 16, 2, 47))
		}
		if !f.signingTime.IsZero() {
			list = append(list, attribute(el(cbasn1.UTCTime, []byte(f.signingTime.Format("060102150405Z"))), 1, 2, 840, 113549, 1, 9, 5))
		}
		slices.SortFunc(list, bytes.Compare)
		signedAttributes, over = explicit(0, list...), hashOf(f.hash, el(cbasn1.SET, list...))
	}
	info := el(cbasn1.SEQUENCE, algorithmOf(f.hash), el(cbasn1.OCTET_STRING, over))
	if f.withoutNull {
		info = el(cbasn1.SEQUENCE, el(cbasn1.SEQUENCE, oidOf(certpath.OIDByHash(f.hash)...)), el(cbasn1.OCTET_STRING, over))
	}
	signature, err := rsa.SignPKCS1v15(nil, f.key, 0, info)
	if err != nil {
		m.t.Fatal(err)
	}
	unsigned := [][]byte{}
	if f.letters {
		unsigned = append(unsigned, attribute(el(cbasn1.OCTET_STRING, bytes.Repeat([]byte("A"), 76)), 1, 2, 840, 113549, 1, 9, 16, 2, 10))
	}
	if !f.stamped.IsZero() {
		unsigned = append(unsigned, attribute(m.token(f.imprint, hashOf(f.imprint, signature), f.stamped), 1, 2, 840, 113549, 1, 9, 16, 2, 14))
	}
	algorithm := f.algorithm
	if algorithm == nil {
		algorithm = el(cbasn1.SEQUENCE, oidOf(1, 2, 840, 113549, 1, 1, 1), []byte{5, 0})
	}
	signer := [][]byte{{2, 1, 1}, el(cbasn1.SEQUENCE, f.by.RawIssuer, serialOf(f.by.SerialNumber)), algorithmOf(f.hash), signedAttributes, algorithm, el(cbasn1.OCTET_STRING, signature)}
	if len(unsigned) > 0 {
		signer = append(signer, explicit(1, unsigned...))
	}
	certs := f.certificates
	if certs == nil {
		certs = []*certpath.Certificate{f.by}
	}
	var raw []byte
	for _, c := range certs {
		raw = append(raw, c.Raw...)
	}
	body := slices.Concat([]byte{2, 1, 1}, el(cbasn1.SET, algorithmOf(f.hash)), el(cbasn1.SEQUENCE, oidOf(1, 2, 840, 113549, 1, 7, 1), content), explicit(0, raw), el(cbasn1.SET, el(cbasn1.SEQUENCE, signer...)))
	if f.indefinite {
		end := []byte{0, 0}
		return slices.Concat([]byte{0x30, 0x80}, oidOf(1, 2, 840, 113549, 1, 7, 2), []byte{0xa0, 0x80, 0x30, 0x80}, body, end, end, end)
	}
	return el(cbasn1.SEQUENCE, oidOf(1, 2, 840, 113549, 1, 7, 2), explicit(0, el(cbasn1.SEQUENCE, body)))
}

// token is an RFC 3161 token of the maker's own authority: the responders of this module stamp nothing over SHA-1.
func (m *fieldMaker) token(h crypto.Hash, imprint []byte, at time.Time) []byte {
	m.t.Helper()
	info := el(cbasn1.SEQUENCE, []byte{2, 1, 1}, oidOf(2, 16, 704, 1, 1, 1, 2), el(cbasn1.SEQUENCE, algorithmOf(h), el(cbasn1.OCTET_STRING, imprint)),
		[]byte{2, 1, 7}, el(cbasn1.GeneralizedTime, []byte(at.UTC().Format("20060102150405Z"))))
	digest := hashOf(crypto.SHA384, info)
	u, err := cms.Prepare(m.tsaCert, digest, &cms.PrepareOptions{ContentType: certpath.OID{1, 2, 840, 113549, 1, 9, 16, 1, 4}})
	if err != nil {
		m.t.Fatal(err)
	}
	sd, err := u.Sign(rand.Reader, m.tsaKey, m.pki.Chain()...)
	if err != nil {
		m.t.Fatal(err)
	}
	sd.Attach(bytes.NewReader(info), int64(len(info)))
	der, err := sd.MarshalDER()
	if err != nil {
		m.t.Fatal(err)
	}
	return der
}

// revised appends a revision.
func (m *fieldMaker) revised(b []byte, change func(u *pdf.Update) error) []byte {
	m.t.Helper()
	u, err := m.open(b).NewUpdate()
	if err != nil {
		m.t.Fatal(err)
	}
	if err := change(u); err != nil {
		m.t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := u.WriteTo(m.t.Context(), &out); err != nil {
		m.t.Fatal(err)
	}
	return out.Bytes()
}

// freed appends a cross-reference that frees an object with the last generation that there can be.
func (m *fieldMaker) freed(b []byte, number, generation int) []byte {
	m.t.Helper()
	d := m.open(b)
	revisions := d.Revisions()
	out := append(bytes.Clone(b), '\n')
	at := len(out)
	out = fmt.Appendf(out, "xref\n%d 1\n0000000000 %05d f \ntrailer\n<</Root %s R/Size %d/Prev %d>>\n", number, generation, d.Latest().CatalogRef(), d.Latest().Trailer()["Size"], revisions[len(revisions)-1].XRefOffset)
	return fmt.Appendf(out, "startxref\n%d\n%%%%EOF\n", at)
}

// dictionary is the text of the first signature's dictionary.
func (m *fieldMaker) dictionary(b []byte) string {
	m.t.Helper()
	sigs, err := pades.Signatures(m.t.Context(), m.open(b))
	if err != nil || len(sigs) == 0 {
		m.t.Fatal(len(sigs), err)
	}
	return string(pdf.AppendObject(nil, sigs[0].Dict))
}

// fieldPage is a page with an object that nothing refers to (7), a number as programs spell it, and metadata.
func fieldPage(more ...string) []byte {
	return buildPDF(append([]string{
		"<</Type/Catalog/Pages 2 0 R/Metadata 6 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595.34997559 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
		"<</Length 42>>\nstream\nBT /F1 12 Tf 72 700 Td (Amount 100) Tj ET  \nendstream", "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
		"<</Type/Metadata/Subtype/XML/Length 10>>\nstream\n<x:xmpmeta\nendstream", "(nothing refers to this)",
	}, more...)...)
}
