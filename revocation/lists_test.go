package revocation_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/revocation"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// authority is a name with a key that issues certificates and lists.
type authority struct {
	t    testing.TB
	key  crypto.Signer
	cert *certpath.Certificate
}

var lastSerial int64

func newKey(t testing.TB) crypto.Signer {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newAuthority(t testing.TB, name string) *authority {
	t.Helper()
	a := &authority{t: t, key: newKey(t)}
	a.cert = a.issueFor(name, a.key.Public(), &x509.Certificate{Subject: pkix.Name{CommonName: name}}, asAuthority)
	return a
}

func asAuthority(c *x509.Certificate) {
	c.IsCA, c.BasicConstraintsValid, c.MaxPathLen, c.KeyUsage = true, true, -1, x509.KeyUsageCertSign|x509.KeyUsageCRLSign|x509.KeyUsageDigitalSignature
}

func (a *authority) issueFor(name string, pub crypto.PublicKey, parent *x509.Certificate, change func(*x509.Certificate)) *certpath.Certificate {
	a.t.Helper()
	lastSerial++
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(lastSerial), Subject: pkix.Name{CommonName: name}, NotBefore: noon.AddDate(-1, 0, 0), NotAfter: noon.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if change != nil {
		change(tmpl)
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, pub, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	c, err := certpath.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return c
}

func (a *authority) issue(name string, change func(*x509.Certificate)) *certpath.Certificate {
	a.t.Helper()
	return a.issueFor(name, newKey(a.t).Public(), &x509.Certificate{Subject: pkix.Name{CommonName: a.cert.Subject.CommonName()}}, change)
}

// below is another authority under this one.
func (a *authority) below(name string, change func(*x509.Certificate)) *authority {
	a.t.Helper()
	b := &authority{t: a.t, key: newKey(a.t)}
	b.cert = a.issueFor(name, b.key.Public(), &x509.Certificate{Subject: pkix.Name{CommonName: a.cert.Subject.CommonName()}}, func(c *x509.Certificate) {
		asAuthority(c)
		if change != nil {
			change(c)
		}
	})
	return b
}

func (a *authority) list(number int64, entries []revocation.CRLEntry, extensions ...certpath.Extension) []byte {
	a.t.Helper()
	der, err := revocation.CreateCRL(nil, &revocation.CRLTemplate{
		Number: big.NewInt(number), ThisUpdate: noon.Add(-time.Hour), NextUpdate: noon.Add(time.Hour), Entries: entries, Extensions: extensions,
	}, a.cert, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return der
}

func revoked(c *certpath.Certificate, reason int) []revocation.CRLEntry {
	return []revocation.CRLEntry{{Serial: c.SerialNumber, RevokedAt: noon.Add(-2 * time.Hour), Reason: reason}}
}

// build writes DER.
func build(f func(*cryptobyte.Builder)) []byte {
	var b cryptobyte.Builder
	f(&b)
	return b.BytesOrPanic()
}

func deltaOf(n int64) certpath.Extension {
	return certpath.Extension{ID: certpath.OID{2, 5, 29, 27}, Critical: true, Value: build(func(b *cryptobyte.Builder) { b.AddASN1Int64(n) })}
}

// pointAt is a DistributionPointName of one URI.
func pointAt(b *cryptobyte.Builder, uri string) {
	b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.Tag(6).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes([]byte(uri)) })
		})
	})
}

// issuing is an issuingDistributionPoint with what content adds to its SEQUENCE.
func issuing(content func(*cryptobyte.Builder)) certpath.Extension {
	return certpath.Extension{ID: certpath.OID{2, 5, 29, 28}, Critical: true, Value: build(func(b *cryptobyte.Builder) { b.AddASN1(cbasn1.SEQUENCE, content) })}
}

func flag(tag uint8) func(*cryptobyte.Builder) {
	return func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.Tag(tag).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddUint8(0xff) })
	}
}

// reasons are ReasonFlags: bits in the order of the standard, eight of them.
func reasons(bits byte) func(*cryptobyte.Builder) {
	return func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.Tag(3).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes([]byte{0, bits}) })
	}
}

// points is cRLDistributionPoints or freshestCRL.
func points(id int, each ...func(*cryptobyte.Builder)) pkix.Extension {
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, id}, Value: build(func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, f := range each {
				b.AddASN1(cbasn1.SEQUENCE, f)
			}
		})
	})}
}

func extended(e ...pkix.Extension) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.ExtraExtensions = append(c.ExtraExtensions, e...) }
}

func validate(t testing.TB, ca *authority, leaf *certpath.Certificate, s certpath.StatusSource, at time.Time, pool ...*certpath.Certificate) *certpath.Result {
	t.Helper()
	r, err := certpath.Validate(t.Context(), leaf, &certpath.Options{Anchors: anchor{ca.cert}, Pool: pool, Status: s, At: at})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func outcome(r *certpath.Result) string {
	if r.Valid {
		return "valid"
	}
	return r.Problems[0].Code
}

// TestDeltasChangeTheirBase: RFC 5280, 5.2.4.
func TestDeltasChangeTheirBase(t *testing.T) {
	ca := newAuthority(t, "ca")
	leaf := ca.issue("leaf", nil)
	for _, tt := range []struct {
		name        string
		base, delta []byte
		want        string
	}{
		{"neither has it", ca.list(5, nil), ca.list(7, nil, deltaOf(5)), "valid"},
		{"revoked since", ca.list(5, nil), ca.list(7, revoked(leaf, 1), deltaOf(5)), "revoked"},
		{"a hold taken back", ca.list(5, revoked(leaf, 6)), ca.list(7, revoked(leaf, 8), deltaOf(5)), "valid"},
		{"a hold that stays", ca.list(5, revoked(leaf, 6)), ca.list(7, nil, deltaOf(5)), "revoked"},
		{"a delta on a later base takes nothing back", ca.list(5, revoked(leaf, 6)), ca.list(7, revoked(leaf, 8), deltaOf(6)), "revoked"},
		{"a delta older than the base takes nothing back", ca.list(8, revoked(leaf, 6)), ca.list(7, revoked(leaf, 8), deltaOf(5)), "revoked"},
		{"a delta of another scope takes nothing back", ca.list(5, revoked(leaf, 6)), ca.list(7, revoked(leaf, 8), deltaOf(5), issuing(flag(1))), "revoked"},
		{"a delta alone", nil, ca.list(7, nil, deltaOf(5)), "no_revocation_evidence"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &revocation.Stored{CRLs: [][]byte{tt.delta, tt.base}}
			r := validate(t, ca, leaf, s, noon)
			if outcome(r) != tt.want {
				t.Errorf("%s, want %s: %+v", outcome(r), tt.want, r.Problems)
			}
			if tt.want == "revoked" && strings.Contains(tt.name, "hold") && r.Problems[0].Detail != "certificateHold" {
				t.Errorf("the hold is not named: %+v", r.Problems)
			}
		})
	}
	t.Run("what it says", func(t *testing.T) {
		base, delta := ca.list(5, revoked(leaf, 6)), ca.list(7, revoked(leaf, 8), deltaOf(5))
		s, err := (&revocation.Stored{CRLs: [][]byte{base, delta}}).Status(t.Context(), leaf, ca.cert)
		if err != nil || len(s) != 1 || s[0].State != certpath.Good || s[0].Reason != 8 || !slices.Equal(s[0].Evidence, base) ||
			len(s[0].Also) != 1 || !slices.Equal(s[0].Also[0].Evidence, delta) || len(s[0].SignatureAlgorithm.Algorithm) == 0 {
			t.Errorf("%v %+v", err, s)
		}
	})
}

// TestListsOfSomeReasonsAreGoodTogether: RFC 5280, 6.3.3 (d) to (l).
func TestListsOfSomeReasonsAreGoodTogether(t *testing.T) {
	ca := newAuthority(t, "ca")
	leaf := ca.issue("leaf", nil)
	compromise, rest := issuing(reasons(0x60)), issuing(func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.Tag(3).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes([]byte{7, 0x1f, 0x80}) })
	})
	for _, tt := range []struct {
		name string
		crls [][]byte
		want string
	}{
		{"all reasons", [][]byte{ca.list(1, nil, compromise), ca.list(1, nil, rest)}, "valid"},
		{"some reasons", [][]byte{ca.list(1, nil, compromise)}, "no_revocation_evidence"},
		{"the same reasons twice", [][]byte{ca.list(1, nil, compromise), ca.list(2, nil, compromise)}, "no_revocation_evidence"},
		{"revoked for some", [][]byte{ca.list(1, revoked(leaf, 1), compromise)}, "revoked"},
		{"revoked for the rest", [][]byte{ca.list(1, nil, compromise), ca.list(1, revoked(leaf, 4), rest)}, "revoked"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := outcome(validate(t, ca, leaf, &revocation.Stored{CRLs: tt.crls}, noon)); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

// TestPartitionsAreMatchedByName: a list for another partition says nothing.
func TestPartitionsAreMatchedByName(t *testing.T) {
	ca := newAuthority(t, "ca")
	at := func(uri string) func(*cryptobyte.Builder) { return func(b *cryptobyte.Builder) { pointAt(b, uri) } }
	leaf := ca.issue("leaf", extended(points(31, at("http://crl.test/1"))))
	for _, tt := range []struct {
		name  string
		scope func(*cryptobyte.Builder)
		want  string
	}{
		{"its partition", at("http://crl.test/1"), "valid"},
		{"another partition", at("http://crl.test/2"), "no_revocation_evidence"},
		{"for end entities", flag(1), "valid"},
		{"for authorities", flag(2), "no_revocation_evidence"},
		{"for attribute certificates", flag(5), "no_revocation_evidence"},
		{"a scope of an unknown kind", flag(9), "no_revocation_evidence"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := outcome(validate(t, ca, leaf, &revocation.Stored{CRLs: [][]byte{ca.list(1, nil, issuing(tt.scope))}}, noon)); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

// TestIndirectListsNeedTheIssuersWord: the certificate names who signs its list, and he has a path to the same anchor.
func TestIndirectListsNeedTheIssuersWord(t *testing.T) {
	ca, stranger := newAuthority(t, "ca"), newAuthority(t, "stranger")
	lister := ca.below("lister", nil)
	unsworn := stranger.below("lister", nil)
	named := func(a *authority) func(*x509.Certificate) {
		return extended(points(31, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.Tag(2).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
				b.AddASN1(cbasn1.Tag(4).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes(a.cert.RawSubject) })
			})
		}))
	}
	leaf := ca.issue("leaf", named(lister))
	forLeaf := certpath.Extension{ID: certpath.OID{2, 5, 29, 29}, Critical: true, Value: build(func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(cbasn1.Tag(4).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes(ca.cert.RawSubject) })
		})
	})}
	entry := revoked(leaf, 1)
	own := ca.list(1, nil, issuing(flag(2))) // the state of the authorities
	indirect := issuing(flag(4))
	others := slices.Clone(entry)
	others[0].Extensions = []certpath.Extension{forLeaf}
	next := append(slices.Clone(others), revocation.CRLEntry{Serial: big.NewInt(77_777), RevokedAt: noon})
	for _, tt := range []struct {
		name string
		leaf *certpath.Certificate
		crl  []byte
		pool []*certpath.Certificate
		want string
	}{
		{"empty", leaf, lister.list(1, nil, indirect), []*certpath.Certificate{lister.cert}, "valid"},
		{"the serial number of the lister's own certificates", leaf, lister.list(1, entry, indirect), []*certpath.Certificate{lister.cert}, "valid"},
		{"revoked", leaf, lister.list(1, others, indirect), []*certpath.Certificate{lister.cert}, "revoked"},
		{"revoked, by an entry that another follows", leaf, lister.list(1, next, indirect), []*certpath.Certificate{lister.cert}, "revoked"},
		{"not called indirect", leaf, lister.list(1, nil), []*certpath.Certificate{lister.cert}, "no_revocation_evidence"},
		{"of another anchor", leaf, unsworn.list(1, nil, indirect), []*certpath.Certificate{unsworn.cert}, "no_revocation_evidence"},
		{"nobody has its certificate", leaf, lister.list(1, nil, indirect), nil, "no_revocation_evidence"},
		{"not named by the certificate", ca.issue("leaf", nil), lister.list(1, nil, indirect), []*certpath.Certificate{lister.cert}, "no_revocation_evidence"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := outcome(validate(t, ca, tt.leaf, &revocation.Stored{CRLs: [][]byte{tt.crl, own}, Pool: tt.pool}, noon)); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
	t.Run("the lister is revoked itself", func(t *testing.T) {
		s := &revocation.Stored{CRLs: [][]byte{lister.list(1, nil, indirect), ca.list(2, revoked(lister.cert, 1), issuing(flag(2)))}, Pool: []*certpath.Certificate{lister.cert}}
		if got := outcome(validate(t, ca, leaf, s, noon)); got != "no_revocation_evidence" {
			t.Error(got)
		}
	})
}

// TestExpiredCertificatesNeedAListThatKeepsThem: X.509, 9.5.2.7.
func TestExpiredCertificatesNeedAListThatKeepsThem(t *testing.T) {
	ca := newAuthority(t, "ca")
	leaf := ca.issue("leaf", func(c *x509.Certificate) { c.NotAfter = noon.AddDate(0, 0, -10) })
	kept := func(when string) certpath.Extension {
		return certpath.Extension{ID: certpath.OID{2, 5, 29, 60}, Value: append([]byte{0x18, 15}, when...)}
	}
	for _, tt := range []struct {
		name string
		crl  []byte
		want string
	}{
		{"nothing is said", ca.list(1, nil), "no_revocation_evidence"},
		{"kept since before", ca.list(1, nil, kept("20200101000000Z")), "valid"},
		{"kept since after", ca.list(1, nil, kept("20261120000000Z")), "no_revocation_evidence"},
		{"a date that is none", ca.list(1, nil, kept("20261320000000Z")), "no_revocation_evidence"},
		{"revoked all the same", ca.list(1, []revocation.CRLEntry{{Serial: leaf.SerialNumber, RevokedAt: noon.AddDate(0, 0, -20)}}), "revoked"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := outcome(validate(t, ca, leaf, &revocation.Stored{CRLs: [][]byte{tt.crl}}, noon.AddDate(0, 0, -11))); got != tt.want {
				t.Errorf("%s, want %s", got, tt.want)
			}
		})
	}
}

// TestAListWithAnUnknownCriticalExtensionSaysNothing: not even that a certificate is revoked (RFC 5280, 5.2 and 5.3).
func TestAListWithAnUnknownCriticalExtensionSaysNothing(t *testing.T) {
	ca := newAuthority(t, "ca")
	leaf := ca.issue("leaf", nil)
	strange := certpath.Extension{ID: certpath.OID{1, 2, 3}, Critical: true, Value: []byte{5, 0}}
	entries := revoked(ca.issue("another", nil), 1)
	entries[0].Extensions = []certpath.Extension{strange}
	for _, crl := range [][]byte{ca.list(1, nil, strange), ca.list(1, entries)} {
		if got := outcome(validate(t, ca, leaf, &revocation.Stored{CRLs: [][]byte{crl}}, noon)); got != "no_revocation_evidence" {
			t.Error(got)
		}
		if _, s, err := revocation.ScanCRL(strings.NewReader(string(crl)), leaf.SerialNumber); err != nil || s.State != certpath.Unknown {
			t.Errorf("%v %+v", err, s)
		}
	}
}

// TestTheFetcherGathersPartitionsAndDeltas asks a server for two lists of reasons and the delta of one.
func TestTheFetcherGathersPartitionsAndDeltas(t *testing.T) {
	ca := newAuthority(t, "ca")
	served := map[string][]byte{}
	asked := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked[r.URL.Path]++
		if der, ok := served[r.URL.Path]; ok {
			_, _ = w.Write(der)
			return
		}
		http.NotFound(w, r)
	}))
	defer server.Close()
	point := func(path string, flags ...byte) func(*cryptobyte.Builder) {
		return func(b *cryptobyte.Builder) {
			pointAt(b, server.URL+path)
			if flags != nil {
				b.AddASN1(cbasn1.Tag(1).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes(flags) })
			}
		}
	}
	leaf := ca.issue("leaf", extended(points(31, point("/compromise", 0, 0x60), point("/gone", 0, 0x60), point("/rest", 7, 0x1f, 0x80)), points(46, point("/delta"))))
	rest := issuing(func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.Tag(3).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes([]byte{7, 0x1f, 0x80}) })
	})
	served["/compromise"], served["/rest"] = ca.list(5, nil, issuing(reasons(0x60))), ca.list(5, nil, rest)
	served["/delta"] = ca.list(6, nil, rest, deltaOf(5))
	f := &revocation.Fetcher{
		Fetch: &fetch.Client{AllowHosts: []string{strings.TrimPrefix(server.URL, "http://")}}, Clock: func() time.Time { return noon },
	}
	if r := validate(t, ca, leaf, f, noon); !r.Valid || asked["/gone"] != 0 || asked["/delta"] == 0 {
		t.Errorf("%+v, asked %v", r.Problems, asked)
	}
	served["/delta"] = ca.list(6, revoked(leaf, 4), rest, deltaOf(5))
	if r := validate(t, ca, leaf, f, noon); outcome(r) != "revoked" {
		t.Errorf("%+v", r.Problems)
	}
	delete(served, "/rest")
	delete(served, "/delta")
	if r := validate(t, ca, leaf, f, noon); outcome(r) != "no_revocation_evidence" {
		t.Errorf("%+v", r.Problems)
	}
}
