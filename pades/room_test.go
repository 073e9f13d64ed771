package pades_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"testing"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/tsp"
)

// bulky is a certificate of at least n bytes.
func bulky(t testing.TB, n int) *certpath.Certificate {
	t.Helper()
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(int64(n)), Subject: pkix.Name{CommonName: "Bulky"}, NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(4, 0, 0),
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Value: must(asn1.Marshal(make([]byte, n)))(t)}},
	}
	der := must(x509.CreateCertificate(rand.Reader, template, template, key.Public(), key))(t)
	return must(certpath.ParseCertificate(der))(t)
}

// growing is an authority that puts more certificates into its later tokens.
type growing struct {
	tsp.Source
	a     *tsa
	extra []*certpath.Certificate // of each call; the last of all further ones
	sizes []int                   // of the tokens
}

func (g *growing) Timestamp(ctx context.Context, h crypto.Hash, digest []byte) (*tsp.Token, error) {
	n := min(len(g.sizes), len(g.extra)-1)
	g.a.responder.Chain = append(slices.Clone(g.a.chain), g.extra[n])
	token, err := g.Source.Timestamp(ctx, h, digest)
	if err == nil {
		g.sizes = append(g.sizes, len(token.Raw))
	}
	return token, err
}

func TestTheRoomIsThatOfChainSignatureAndHalfAgainASampleToken(t *testing.T) {
	s := newSigner(t, "Room", p256())
	for name, c := range map[string]struct {
		sample, token int // bytes that the authority's certificates add
		late          bool
	}{
		"small tokens": {10, 10, false}, "large tokens": {30_000, 30_000, false}, "nearly half as large again": {30_000, 44_000, false},
		"twice as large": {30_000, 62_000, true},
	} {
		t.Run(name, func(t *testing.T) {
			a, source := newTSA(t)
			g := &growing{Source: source, a: a, extra: []*certpath.Certificate{bulky(t, c.sample), bulky(t, c.token)}}
			signed, report := sign(t, pages(1).bytes(), s, withTSA(s.options(), pades.BT, a, g))
			if late := slices.Contains(report.Notes, pades.NoteLateToken); late != c.late {
				t.Errorf("late %v: tokens %v", late, g.sizes)
			}
			count := 1
			if c.late {
				count = 2 // a document time-stamp
			}
			room := len(intact(t, signed, count)[0].Contents)
			chain := 0
			for _, cert := range s.chain {
				chain += len(cert.Raw)
			}
			if least := max(16<<10, chain+g.sizes[0]*3/2); room < least || room > least+8<<10 {
				t.Errorf("%d bytes of room, want %d and a little", room, least)
			}
			clean(t, signed)
		})
	}
	t.Run("a long chain", func(t *testing.T) {
		o := s.options()
		o.Chain = append(slices.Clone(s.chain), bulky(t, 20_000), bulky(t, 20_001))
		signed, _ := sign(t, pages(1).bytes(), s, o)
		if n := len(intact(t, signed, 1)[0].CMS.Certificates()); n != 4 {
			t.Errorf("%d certificates", n)
		}
	})
}
