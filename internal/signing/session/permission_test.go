package session_test

import (
	"context"
	"testing"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/auth/authtest"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
	"github.com/antinvn/antin/internal/signing/credential"
	"github.com/antinvn/antin/internal/signing/session"
)

func TestPermissions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, address string) {
		h := newHouse(t, address)
		thing := store.ID(100)
		lay := func(t testing.TB, agency store.ID) store.ID {
			thing++
			h.lay(t, thing, agency, "")
			return thing
		}
		// A key is the caller's own, or their agency's: what is missing is the permission alone.
		toSign := func(t testing.TB, who auth.Actor, agency store.ID) store.ID {
			h.ground.Certify(t, who.Person, agency, credential.Signature)
			return lay(t, agency)
		}
		toSeal := func(t testing.TB, agency store.ID) store.ID {
			h.ground.Certify(t, agency, agency, credential.Seal)
			return lay(t, agency)
		}
		// A session was opened by the caller when they had a grant there: it is asked for again when it is completed.
		before := func(who auth.Actor, agency store.ID, r auth.Role) auth.Actor {
			who.Agency, who.Grants = agency, []auth.Grant{{Role: r, Agency: agency}}
			return who
		}
		opened := func(t testing.TB, s session.Session, err error) store.ID {
			if err != nil {
				t.Fatal(err)
			}
			return s.ID
		}
		authtest.Permissions(t, h.House, session.Policy, map[string]authtest.Case{
			"signing/session.OpenSignature": {For: toSign, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error {
				_, err := h.OpenSignature(ctx, who, paper{}, id)
				return err
			}},
			"signing/session.OpenSeal": {Make: toSeal, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error {
				_, err := h.OpenSeal(ctx, who, paper{}, id)
				return err
			}},
			"signing/session.CompleteSignature": {For: func(t testing.TB, who auth.Actor, agency store.ID) store.ID {
				s, err := h.OpenSignature(t.Context(), before(who, agency, auth.Leader), paper{}, toSign(t, who, agency))
				return opened(t, s, err)
			}, Owned: true, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error {
				_, err := h.CompleteSignature(ctx, who, paper{}, id)
				return err
			}},
			"signing/session.CompleteSeal": {For: func(t testing.TB, who auth.Actor, agency store.ID) store.ID {
				s, err := h.OpenSeal(t.Context(), before(who, agency, auth.Clerk), paper{}, toSeal(t, agency))
				return opened(t, s, err)
			}, Owned: true, Call: func(ctx context.Context, who auth.Actor, _, id store.ID) error {
				_, err := h.CompleteSeal(ctx, who, paper{}, id)
				return err
			}},
		})
	})
}

// TestThePaperDecides: who may sign for an agency still signs nothing of it that its room does not let them.
func TestThePaperDecides(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	no := paper{refuses: fault.New(fault.NotFound, store.ErrNotFound, "")}
	_, err := h.OpenSignature(t.Context(), h.leader, no, h.thing)
	refused(t, "opened", err, store.ErrNotFound)
	s, err := h.OpenSignature(t.Context(), h.leader, paper{}, h.thing)
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.CompleteSignature(t.Context(), h.leader, no, s.ID)
	refused(t, "completed", err, store.ErrNotFound)
	if r := h.report(t); len(r.Signatures) != 0 {
		t.Error("something was signed")
	}
	if _, err := h.CompleteSignature(t.Context(), h.leader, paper{}, s.ID); err != nil {
		t.Error(err)
	}
}
