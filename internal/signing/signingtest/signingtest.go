// Package signingtest sets up all that a signature needs, for tests of the rooms that sign: training authorities, keys, files, sessions.
package signingtest

import (
	"crypto/rand"
	"testing"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/auth/authtest"
	"github.com/antinvn/antin/internal/foundation/blob"
	"github.com/antinvn/antin/internal/foundation/seal"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/pki/training"
	"github.com/antinvn/antin/internal/pki/trust"
	"github.com/antinvn/antin/internal/signing/credential"
	"github.com/antinvn/antin/internal/signing/session"
)

// House is an empty database in which one can sign.
type House struct {
	*authtest.House

	Training    *training.Service
	Trust       *trust.Snapshot // the training root alone
	Blobs       *blob.Store
	Credentials *credential.Service
	Sessions    *session.Service
}

// New opens a house on an empty database, with the migrations and the policies of the modules under test; those of blob, training, credential
// and session come with it.
func New(t testing.TB, url string, steps []store.Migration, policies ...auth.Policy) *House {
	t.Helper()
	own, err := store.Migrations(blob.Files, training.Files, credential.Files, session.Files)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := seal.New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	h := &House{House: authtest.New(t, url, append(own, steps...), append(policies, training.Policy, credential.Policy, session.Policy)...)}
	h.Training, err = training.New(t.Context(), training.Config{DB: h.DB, Auth: h.Auth, Ring: ring, Public: authtest.Public, Clock: h.Clock})
	if err != nil {
		t.Fatal(err)
	}
	h.Trust = trust.New(trust.Training("training", h.Training.Root()))
	folder, err := blob.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	h.Blobs, err = blob.New(blob.Config{Driver: folder, DB: h.DB, Warrant: h.Issuer.System("blob", blob.Tables...), Ring: ring, Clock: h.Clock})
	if err != nil {
		t.Fatal(err)
	}
	h.Credentials = credential.New(h.DB, h.Auth, ring, h.Training)
	h.Sessions = session.New(session.Config{
		DB: h.DB, Auth: h.Auth, Blobs: h.Blobs, Credentials: h.Credentials, TSA: h.Training.TSA(), Evidence: h.Training.Status(), Trust: h.Trust, Clock: h.Clock,
	})
	return h
}

// Certify gives a holder a key for an agency, as its certificate officer does; a seal's holder is the agency.
func (h *House) Certify(t testing.TB, holder, agency store.ID, p credential.Purpose) credential.Credential {
	t.Helper()
	c, err := h.Credentials.IssueTraining(t.Context(), h.Reaching(agency, auth.Agency, auth.CertificateOfficer), credential.Asked{
		Holder: holder, Agency: agency, Purpose: p, Name: "Nguyễn Thị An", AgencyName: "Ủy ban nhân dân xã Một",
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
