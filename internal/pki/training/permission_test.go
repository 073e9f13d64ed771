package training_test

import (
	"context"
	"testing"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/auth/authtest"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
	"github.com/antinvn/antin/internal/pki/training"
)

func TestPermissions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, address string) {
		h := newHouse(t, address)
		s := h.must(t)
		authtest.Permissions(t, h.House, training.Policy, map[string]authtest.Case{
			"pki/training.Revoke": {Make: func(t testing.TB, agency store.ID) store.ID {
				h.agency = agency // whose certificates are recorded
				return store.ID(h.issue(t, s).SerialNumber.Int64())
			}, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error { return s.Revoke(ctx, who, id, 1) }},
		})

		// The authorities' own certificates are nobody's to revoke.
		officer := h.Reaching(h.agency, auth.Subordinates, auth.CertificateOfficer)
		for _, c := range s.Chain() {
			if err := s.Revoke(t.Context(), officer, store.ID(c.SerialNumber.Int64()), 1); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s is revoked: %v", c.Subject, err)
			}
		}
	})
}
