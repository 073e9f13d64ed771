package credential_test

import (
	"context"
	"testing"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/auth/authtest"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
	"github.com/antinvn/antin/internal/signing/credential"
)

func TestPermissions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, address string) {
		h := newHouse(t, address)
		asked := func(agency store.ID) credential.Asked {
			a := h.asked()
			a.Agency = agency
			return a
		}
		issued := func(t testing.TB, agency store.ID) store.ID {
			c, err := h.IssueTraining(t.Context(), h.Reaching(agency, auth.Agency, auth.CertificateOfficer), asked(agency))
			if err != nil {
				t.Fatal(err)
			}
			return c.ID
		}
		issue := func(ctx context.Context, who auth.Actor, a credential.Asked) error {
			_, err := h.IssueTraining(ctx, who, a)
			return err
		}
		authtest.Permissions(t, h.House, credential.Policy, map[string]authtest.Case{
			"signing/credential.IssueTraining a signature": {Call: func(ctx context.Context, who auth.Actor, agency, _ store.ID) error {
				return issue(ctx, who, asked(agency))
			}},
			"signing/credential.IssueTraining a seal": {Call: func(ctx context.Context, who auth.Actor, agency, _ store.ID) error {
				return issue(ctx, who, credential.Asked{Agency: agency, Purpose: credential.Seal, AgencyName: "UBND xã Mẫu"})
			}},
			"signing/credential.List": {Make: issued, Call: func(ctx context.Context, who auth.Actor, agency, id store.ID) error {
				list, err := h.List(ctx, who, credential.Query{Agency: agency})
				return authtest.Listed(list, err, func(c credential.Credential) bool { return c.ID == id })
			}},
			"signing/credential.List one": {Make: issued, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error {
				_, err := h.List(ctx, who, credential.Query{ID: id})
				return err
			}},
			"signing/credential.List all": {Make: issued, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error {
				list, err := h.List(ctx, who, credential.Query{})
				return authtest.Listed(list, err, func(c credential.Credential) bool { return c.ID == id })
			}},
			"signing/credential.Holders": {Call: func(ctx context.Context, who auth.Actor, agency, _ store.ID) error {
				_, _, err := h.Holders(ctx, who, agency)
				return err
			}},
			"signing/credential.End": {Make: issued, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error { return h.End(ctx, who, id, "lost") }},
		})
	})
}
