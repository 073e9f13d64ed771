package credential_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"testing"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/directory/org"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/auth/authtest"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
	"github.com/antinvn/antin/internal/signing/credential"
	"github.com/antinvn/antin/internal/signing/signingtest"
	"github.com/antinvn/antin/pkitest"
)

type house struct {
	*authtest.House
	*credential.Service

	agency  store.ID
	officer auth.Actor
}

func newHouse(t *testing.T, address string) *house {
	t.Helper()
	steps, err := store.Migrations(org.Files)
	if err != nil {
		t.Fatal(err)
	}
	ground := signingtest.New(t, address, steps, org.Policy)
	h := &house{House: ground.House, Service: ground.Credentials}
	h.agency = h.Agency(t, 0, false)
	h.officer = h.Actor(h.agency, auth.CertificateOfficer)
	return h
}

// asked is a person's key.
func (h *house) asked() credential.Asked {
	return credential.Asked{Holder: 7, Agency: h.agency, Purpose: credential.Signature, Name: "Nguyễn Thị An", AgencyName: "UBND xã Mẫu", Title: "Chủ tịch"}
}

func (h *house) issue(t *testing.T, a credential.Asked) credential.Credential {
	t.Helper()
	c, err := h.IssueTraining(t.Context(), h.officer, a)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// open reads a key as a channel does.
func (h *house) open(t *testing.T, id store.ID) (key crypto.Signer, err error) {
	t.Helper()
	var sealed credential.Sealed
	err = h.DB.View(t.Context(), h.Issuer.System("test"), func(tx *store.Tx) error {
		sealed, err = h.OpenTx(tx, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return h.Unseal(sealed)
}

func (h *house) inForce(t *testing.T, holder store.ID, p credential.Purpose) (c credential.Credential, err error) {
	t.Helper()
	err = h.DB.View(t.Context(), h.Issuer.System("test"), func(tx *store.Tx) error {
		c, err = credential.InForceTx(tx, holder, h.agency, p)
		return err
	})
	return c, err
}

func refused(t *testing.T, what string, err error, want codes.Code) {
	t.Helper()
	if err == nil || fault.Of(err).Kind != want {
		t.Errorf("%s: %v, not %s", what, err, want)
	}
}

func TestAKeySignsOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, address string) {
		h := newHouse(t, address)
		_, err := h.inForce(t, 7, credential.Signature)
		refused(t, "before one is issued", err, credential.ErrNone)
		h.issue(t, h.asked())
		seal := h.issue(t, credential.Asked{Agency: h.agency, Purpose: credential.Seal, AgencyName: "UBND xã Mẫu"})
		c, err := h.inForce(t, 7, credential.Signature)
		if err != nil || !c.Training || c.Channel != credential.Soft || len(c.Chain) != 3 || c.Name != "Nguyễn Thị An" {
			t.Fatalf("%+v, %v", c, err)
		}
		if s, err := h.inForce(t, h.agency, credential.Seal); err != nil || s.ID != seal.ID || s.Holder != h.agency {
			t.Fatalf("%+v, %v", s, err)
		}
		key, err := h.open(t, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		digest := make([]byte, 32)
		value, err := key.Sign(rand.Reader, digest, crypto.SHA256)
		if pub, ok := c.Chain[0].PublicKey.(*ecdsa.PublicKey); err != nil || !ok || !ecdsa.VerifyASN1(pub, digest, value) {
			t.Fatal("the key is not the certificate's", err)
		}
		_, err = key.Sign(rand.Reader, digest, crypto.SHA256)
		refused(t, "a second signature", err, credential.ErrSpent)
		if err := h.End(t.Context(), h.officer, c.ID, "lost"); err != nil {
			t.Fatal(err)
		}
		_, err = h.open(t, c.ID)
		refused(t, "after its end", err, credential.ErrNone)
		_, err = h.inForce(t, 7, credential.Signature)
		refused(t, "after its end", err, credential.ErrNone)
	})
}

func TestNoOtherKeyThanATrainingKeyIsUsed(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	p, err := pkitest.New(pkitest.Options{Name: "a real authority"})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	real, _, err := p.Issue(pkitest.Subject{CommonName: "Nguyễn Thị An"})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change string
		args   []any
		want   codes.Code
	}{
		"its row says that it is none":       {`UPDATE credential SET training = ? WHERE id = ?`, []any{false}, credential.ErrNotTraining},
		"another channel":                    {`UPDATE credential SET channel = ? WHERE id = ?`, []any{"hsm"}, credential.ErrNotTraining},
		"another authority's certificate":    {`UPDATE credential SET chain = ? WHERE id = ?`, []any{real.Raw}, credential.ErrNotTraining},
		"the key of another row":             {`UPDATE credential SET secret = (SELECT secret FROM credential ORDER BY id LIMIT 1) WHERE id = ?`, nil, credential.ErrKey},
		"nothing is changed, and it is used": {"", nil, ""},
	} {
		h.issue(t, h.asked())
		id := h.issue(t, h.asked()).ID
		if c.change != "" {
			err := h.DB.Do(t.Context(), h.Issuer.System("test", "credential"), func(tx *store.Tx) error { return tx.Change(c.change, append(c.args, id)...) })
			if err != nil {
				t.Fatal(err)
			}
		}
		if _, err := h.open(t, id); c.want == "" && err != nil {
			t.Error(name, err)
		} else if c.want != "" {
			refused(t, name, err, c.want)
		}
	}
}

func TestOnlyTheAgencysOfficerIssues(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	c := h.issue(t, h.asked())
	stranger := h.Reaching(h.Agency(t, 0, false), auth.Subordinates, auth.CertificateOfficer)
	for name, who := range map[string]auth.Actor{"a leader": h.Actor(h.agency, auth.Leader), "an officer of elsewhere": stranger, "nobody": {}} {
		want := map[string]codes.Code{"a leader": auth.ErrDenied, "an officer of elsewhere": store.ErrNotFound, "nobody": auth.ErrSignIn}[name]
		_, err := h.IssueTraining(t.Context(), who, h.asked())
		refused(t, name+" issues", err, want)
		_, err = h.List(t.Context(), who, credential.Query{Agency: h.agency})
		refused(t, name+" lists", err, want)
		refused(t, name+" ends", h.End(t.Context(), who, c.ID, "lost"), want)
	}
	if list, err := h.List(t.Context(), h.officer, credential.Query{Agency: h.agency}); err != nil || len(list) != 1 || list[0].ID != c.ID {
		t.Errorf("%+v, %v", list, err)
	}
	a := h.asked()
	a.Purpose = "decoration"
	_, err := h.IssueTraining(t.Context(), h.officer, a)
	refused(t, "a key for nothing", err, credential.ErrPurpose)
}
