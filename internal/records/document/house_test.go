package document_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"testing"
	"time"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/directory/org"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/sandbox"
	"github.com/antinvn/antin/internal/foundation/sandbox/sandboxtest"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/records/document"
	"github.com/antinvn/antin/internal/records/register"
	"github.com/antinvn/antin/internal/signing/credential"
	"github.com/antinvn/antin/internal/signing/signingtest"
	"github.com/antinvn/antin/verify"
)

// house is two agencies below one province, with the people that a document goes through.
type house struct {
	*document.Service

	ground *signingtest.House
	reader *reader
	deputy func(*testing.T) auth.Actor // another leader, with a key

	province, commune, department, other store.ID
	drafter, leader, clerk, recipient    auth.Actor
}

// reader reads documents in children, or as a test says.
type reader struct{ document.Reader }

func TestMain(m *testing.M) {
	sandbox.Child()
	os.Exit(m.Run())
}

func newHouse(t *testing.T, address string) *house {
	t.Helper()
	steps, err := store.Migrations(org.Files, register.Files, document.Files)
	if err != nil {
		t.Fatal(err)
	}
	g := signingtest.New(t, address, steps, org.Policy, register.Policy, document.Policy)
	h := &house{ground: g, reader: &reader{sandboxtest.Open(t)}}
	h.Service = document.New(g.DB, g.Auth, g.Blobs, g.Sessions, h.reader)
	h.people(t)
	return h
}

func (h *house) people(t *testing.T) {
	t.Helper()
	directory := org.New(h.ground.DB, h.ground.Auth)
	from := time.Date(2020, 1, 1, 0, 0, 0, 0, clock.Vietnam)
	err := h.ground.DB.Do(t.Context(), h.ground.Issuer.System("test", org.Tables...), func(tx *store.Tx) error {
		d, err := org.MakeTx(tx, org.NewNode{Facts: org.Facts{Kind: org.Committee, Level: org.Province, Name: "Ủy ban nhân dân tỉnh Mẫu", Notation: "UBND", OwnSeal: true}, From: from})
		h.province = d.ID
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	manager := h.ground.Reaching(h.province, auth.Subordinates, auth.Operator, auth.CertificateOfficer)
	body := func(name string, level org.Level) store.ID {
		t.Helper()
		d, err := directory.Make(t.Context(), manager, org.NewNode{
			Facts: org.Facts{Parent: h.province, Kind: org.Committee, Level: level, Name: name, Notation: "UBND", OwnSeal: true}, From: from,
		})
		if err != nil {
			t.Fatal(err)
		}
		return d.ID
	}
	h.commune, h.department, h.other = body("Ủy ban nhân dân xã Một", org.Commune), body("Ủy ban nhân dân xã Hai", org.Commune), body("Ủy ban nhân dân xã Ba", org.Commune)
	person := func(agency store.ID, name string, role auth.Role) auth.Actor {
		t.Helper()
		d, err := directory.MakePerson(t.Context(), manager, org.NewPerson{PersonFacts: org.PersonFacts{Agency: agency, Name: name}, From: from})
		if err != nil {
			t.Fatal(err)
		}
		who := h.ground.Actor(agency, role)
		who.Person = d.ID
		return who
	}
	h.drafter, h.leader = person(h.commune, "Đỗ Thị Soạn", auth.Drafter), person(h.commune, "Nguyễn Thị An", auth.Leader)
	h.clerk, h.recipient = person(h.commune, "Lê Văn Thư", auth.Clerk), person(h.department, "Trần Thị Nhận", auth.Clerk)
	h.deputy = func(t *testing.T) auth.Actor {
		t.Helper()
		who := person(h.commune, "Phạm Văn Phó", auth.Leader)
		_, err := h.ground.Credentials.IssueTraining(t.Context(), manager, credential.Asked{
			Holder: who.Person, Agency: h.commune, Purpose: credential.Signature, Name: "Phạm Văn Phó", AgencyName: "Ủy ban nhân dân xã Một",
		})
		if err != nil {
			t.Fatal(err)
		}
		return who
	}
	h.ground.Certify(t, h.leader.Person, h.commune, credential.Signature)
	h.ground.Certify(t, h.commune, h.commune, credential.Seal)
}

// decision is the demo's: two pages with gaps.
func decision(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile("../../../cmd/antin/assets/decision.pdf")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (h *house) new(t testing.TB) document.NewDocument {
	t.Helper()
	return document.NewDocument{
		Title: "Về việc cử cán bộ đi học", Kind: "quyet-dinh", Recipients: []store.ID{h.department}, Name: "qd.pdf", File: bytes.NewReader(decision(t)),
	}
}

func (h *house) write(t testing.TB) document.Document {
	t.Helper()
	d, err := h.Write(t.Context(), h.drafter, h.new(t))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (h *house) get(t testing.TB, who auth.Actor, id store.ID) document.Full {
	t.Helper()
	d, err := h.Get(t.Context(), who, id)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (h *house) sign(t testing.TB, id store.ID) {
	t.Helper()
	if err := h.Sign(t.Context(), h.leader, id, h.get(t, h.leader, id).Event); err != nil {
		t.Fatal(err)
	}
}

func (h *house) content(t testing.TB, who auth.Actor, id store.ID) []byte {
	t.Helper()
	c, err := h.Open(t.Context(), who, id)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	b, err := io.ReadAll(c)
	if err != nil || int64(len(b)) != c.Size {
		t.Fatal(len(b), c.Size, err)
	}
	return b
}

// report checks a file with nothing but what is in it and the house's anchors.
func (h *house) report(t *testing.T, b []byte) *verify.Report {
	t.Helper()
	now := h.ground.Clock.Now()
	f, err := verify.Collect(context.Background(), bytes.NewReader(b), int64(len(b)), &verify.CollectOptions{Trust: h.ground.Trust.Store(), Offline: true, At: now})
	if err != nil {
		t.Fatal(err)
	}
	return verify.Decide(f, verify.DefaultPolicy(), now).Report("vi")
}

func refused(t *testing.T, what string, err error, want codes.Code) {
	t.Helper()
	if err == nil || fault.Of(err).Kind != want {
		t.Errorf("%s: %v, not %s", what, err, want)
	}
}
