package revocation_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/antinvn/antin/revocation"
)

// TestEvidenceIsGatheredWhole: what is kept says the same again by itself, without what was asked.
func TestEvidenceIsGatheredWhole(t *testing.T) {
	ca := newAuthority(t, "ca")
	leaf := ca.issue("leaf", nil)
	held, lifted := ca.list(5, revoked(leaf, 6)), ca.list(7, revoked(leaf, 8), deltaOf(5))
	compromise := ca.list(1, nil, issuing(reasons(0x60)))
	rest := ca.list(1, nil, issuing(func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.Tag(3).ContextSpecific(), func(b *cryptobyte.Builder) { b.AddBytes([]byte{7, 0x1f, 0x80}) })
	}))
	old := ca.respond(leaf, noon.Add(-9*time.Hour), time.Hour)
	for _, tt := range []struct {
		name       string
		from       *revocation.Stored
		crls, ocsp [][]byte
	}{
		{"a list and the delta that changed it", &revocation.Stored{CRLs: [][]byte{held, lifted}}, [][]byte{held, lifted}, nil},
		{"lists of some reasons", &revocation.Stored{CRLs: [][]byte{compromise, rest}}, [][]byte{compromise, rest}, nil},
		{"not what was too old to count", &revocation.Stored{CRLs: [][]byte{ca.list(5, nil)}, OCSP: [][]byte{old}}, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.crls == nil {
				tt.crls = tt.from.CRLs
			}
			got, err := revocation.Gather(t.Context(), &revocation.GatherOptions{Anchors: anchor{ca.cert}, Status: tt.from, At: noon}, leaf)
			if err != nil {
				t.Fatal(err)
			}
			same := func(a, b [][]byte) bool {
				return len(a) == len(b) && !slices.ContainsFunc(b, func(w []byte) bool {
					return !slices.ContainsFunc(a, func(h []byte) bool { return bytes.Equal(h, w) })
				})
			}
			if !same(got.CRLs, tt.crls) || !same(got.OCSP, tt.ocsp) {
				t.Errorf("%d lists and %d responses, want %d and %d", len(got.CRLs), len(got.OCSP), len(tt.crls), len(tt.ocsp))
			}
			if again := validate(t, ca, leaf, &revocation.Stored{CRLs: got.CRLs, OCSP: got.OCSP}, noon); !again.Valid {
				t.Errorf("by itself: %+v", again.Problems)
			}
		})
	}
}

// TestEvidenceOfWhatWasRevokedLaterIsGathered: a certificate that has expired is validated for its last moment, and a later
// revocation proves that it was good until then.
func TestEvidenceOfWhatWasRevokedLaterIsGathered(t *testing.T) {
	ca := newAuthority(t, "ca")
	leaf := ca.issue("leaf", nil)
	list := ca.list(5, []revocation.CRLEntry{{Serial: leaf.SerialNumber, RevokedAt: noon.Add(30 * time.Minute), Reason: 4}})
	got, err := revocation.Gather(t.Context(), &revocation.GatherOptions{
		Anchors: anchor{ca.cert}, Status: &revocation.Stored{CRLs: [][]byte{list}}, At: noon,
	}, leaf)
	if err != nil || len(got.CRLs) != 1 || len(got.Certificates) != 2 {
		t.Errorf("%v %+v", err, got)
	}
}
