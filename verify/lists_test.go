package verify_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/antinvn/antin/cades"
	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/revocation"
	"github.com/antinvn/antin/trust"
	"github.com/antinvn/antin/verify"
)

// listed is an authority that publishes lists and deltas, with a certificate under it.
type listed struct {
	key, signer crypto.Signer
	root, leaf  *certpath.Certificate
	now         time.Time
}

func newListed(t *testing.T) *listed {
	t.Helper()
	l := &listed{now: time.Now().UTC().Truncate(time.Second)}
	issue := func(name string, usage x509.KeyUsage, parent *x509.Certificate, by crypto.Signer) (*certpath.Certificate, crypto.Signer) {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		c := &x509.Certificate{
			SerialNumber: big.NewInt(int64(len(name))), Subject: pkix.Name{CommonName: name}, KeyUsage: usage, BasicConstraintsValid: true, IsCA: by == nil,
			NotBefore: l.now.Add(-time.Hour), NotAfter: l.now.AddDate(1, 0, 0),
		}
		if by == nil {
			by, parent = k, c
		}
		der, err := x509.CreateCertificate(rand.Reader, c, parent, k.Public(), by)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := certpath.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return parsed, k
	}
	l.root, l.key = issue("Gốc mẫu", x509.KeyUsageCertSign|x509.KeyUsageCRLSign, nil, nil)
	l.leaf, l.signer = issue("Nguyễn Văn Mẫu", x509.KeyUsageDigitalSignature, &x509.Certificate{Subject: pkix.Name{CommonName: "Gốc mẫu"}}, l.key)
	return l
}

// list is a full one, or with a base a delta on it (RFC 5280, 5.2.4), in force for a time.
func (l *listed) list(t *testing.T, number, base int64, made time.Time, valid time.Duration, reason int) []byte {
	t.Helper()
	c := &revocation.CRLTemplate{Number: big.NewInt(number), ThisUpdate: made, NextUpdate: made.Add(valid)}
	if base > 0 {
		value, err := asn1.Marshal(base)
		if err != nil {
			t.Fatal(err)
		}
		c.Extensions = []certpath.Extension{{ID: certpath.OID{2, 5, 29, 27}, Critical: true, Value: value}}
	}
	if reason > 0 {
		c.Entries = []revocation.CRLEntry{{Serial: l.leaf.SerialNumber, RevokedAt: made.Add(-time.Minute), Reason: reason}}
	}
	der, err := revocation.CreateCRL(nil, c, l.root, l.key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// both asks one source, then the other.
type both [2]certpath.StatusSource

func (b both) Status(ctx context.Context, cert, issuer *certpath.Certificate) ([]certpath.Status, error) {
	first, err := b[0].Status(ctx, cert, issuer)
	second, err2 := b[1].Status(ctx, cert, issuer)
	if len(first)+len(second) > 0 {
		return append(first, second...), nil
	}
	return nil, errors.Join(err, err2)
}

// TestADeltaGoesIntoTheFileWithItsList: a hold that a delta took back is good by both together. A signature of level B-LT carries
// both, says so in its facts, and passes by them alone; without the delta it is still on hold.
func TestADeltaGoesIntoTheFileWithItsList(t *testing.T) {
	r, l := newRegistry(t), newListed(t)
	held, lifted := l.list(t, 5, 0, l.now.Add(-2*time.Minute), time.Hour, 6), l.list(t, 7, 5, l.now.Add(-time.Minute), time.Hour, 8)
	o := r.options(cades.BLT)
	o.Chain = []*certpath.Certificate{l.leaf, l.root}
	o.Status = both{&revocation.Stored{CRLs: [][]byte{held, lifted}}, o.Status}
	o.Anchors = trust.New(l.root, r.pki.Root)
	var out bytes.Buffer
	if _, err := cades.Sign(t.Context(), &out, cades.New(reader(letter), false), l.signer, o); err != nil {
		t.Fatal(err)
	}
	sd, err := cms.Open(t.Context(), reader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for name, list := range map[string][]byte{"the list": held, "its delta": lifted} {
		if !slices.ContainsFunc(sd.CRLs(), func(have []byte) bool { return bytes.Equal(have, list) }) {
			t.Errorf("the file lacks %s", name)
		}
	}
	judge := func(file []byte) *verify.Verdict {
		at := time.Now()
		f, err := verify.Collect(t.Context(), bytes.NewReader(file), int64(len(file)), &verify.CollectOptions{Trust: trust.New(l.root, r.pki.Root), Offline: true, At: at})
		if err != nil {
			t.Fatal(err)
		}
		return verify.Decide(f, verify.DefaultPolicy(), at)
	}
	v := judge(out.Bytes())
	if v.Indication != verify.TotalPassed || v.Signatures[0].Level != "B-LT" {
		t.Errorf("%s/%s, %s: %+v", v.Indication, v.Sub, v.Signatures[0].Level, v.Signatures[0].Errors)
	}
	var whole, part *verify.EvidenceFacts
	for i := range v.Facts.Evidence {
		switch e := &v.Facts.Evidence[i]; {
		case e.Kind == "crl" && len(e.Also) == 1:
			whole = e
		case e.Kind == "crl" && len(e.Answers) == 0:
			part = e
		}
	}
	if whole == nil || part == nil || whole.Also[0] != part.ID || !whole.ThisUpdate.Equal(part.ThisUpdate) || whole.Answers[0].State != verify.StateGood {
		t.Fatalf("%+v", v.Facts.Evidence)
	}
	v.Facts.Evidence = slices.DeleteFunc(v.Facts.Evidence, func(e verify.EvidenceFacts) bool { return e.ID == part.ID })
	if d := verify.Decide(v.Facts, verify.DefaultPolicy(), v.At); d.Indication != verify.Indeterminate || d.Sub != verify.TryLater {
		t.Errorf("without the delta: %s/%s", d.Indication, d.Sub)
	}
}
