package credential_test

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/internal/directory/org"
	"github.com/antinvn/antin/internal/foundation/api"
	"github.com/antinvn/antin/internal/foundation/api/apitest"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/auth/authtest"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/seal"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
	"github.com/antinvn/antin/internal/foundation/web"
	"github.com/antinvn/antin/internal/pki/training"
	"github.com/antinvn/antin/internal/signing/credential"
	"github.com/antinvn/antin/internal/signing/signingtest"
)

type m = map[string]any

type called struct {
	ID, Holder, Name, Purpose, Serial string

	Training    bool
	Certificate []byte
	Until       time.Time
}

func TestKeysAreIssuedEndedAndRevokedByCalls(t *testing.T) {
	storetest.Each(t, func(t *testing.T, address string) {
		steps, err := store.Migrations(org.Files)
		if err != nil {
			t.Fatal(err)
		}
		h := signingtest.New(t, address, steps, org.Policy)
		agency, other, person := directory(t, h.House)
		texts, err := i18n.New(web.Texts(), api.Files, store.Texts, seal.Texts, auth.Files, org.Files, training.Files, credential.Files)
		if err != nil {
			t.Fatal(err)
		}
		s, err := web.New(web.Config{
			Public: authtest.Public, Texts: texts, Clock: h.Clock, Log: slog.New(slog.DiscardHandler),
			Sessions: authtest.People{"officer": h.Actor(agency, auth.CertificateOfficer), "stranger": h.Actor(other, auth.CertificateOfficer), "clerk": h.Actor(agency, auth.Clerk)},
		}, api.Module(append(credential.API(h.Credentials), training.API(h.Training)...)...))
		if err != nil {
			t.Fatal(err)
		}
		c := apitest.NewCaller(t, s)
		officer, stranger, clerk := c.As("officer"), c.As("stranger"), c.As("clerk")

		// A person's key and a seal, under the names of the directory.
		asked := m{"agency": agency.Text("agy"), "purpose": "signature", "holder": person.Text("per")}
		clerk.Post("/api/credentials", asked).Refused("without the permission", "403 auth.denied")
		stranger.Post("/api/credentials", asked).Refused("out of reach", "404 store.not_found")
		officer.Post("/api/credentials", m{"agency": agency.Text("agy"), "purpose": "signature", "holder": "per_0000000000002"}).Refused("nobody's key", "404 store.not_found")
		var key, stamp called
		once := officer.Keyed("issue-the-key-only-once")
		once.Post("/api/credentials", asked).Into(&key)
		once.Post("/api/credentials", asked).Refused("again", "409 api.done_before")
		officer.Post("/api/credentials", m{"agency": agency.Text("agy"), "purpose": "seal"}).Into(&stamp)
		cert, err := certpath.ParseCertificate(key.Certificate)
		if err != nil || !key.Training || key.Holder != person.Text("per") || key.Serial != cert.SerialNumber.Text(16) || !bytes.Contains(cert.Raw, []byte("Nguyễn Thị An")) || !bytes.Contains(cert.Raw, []byte("Chủ tịch")) {
			t.Fatalf("%+v, %v", key, err)
		}
		if stamp.Holder != agency.Text("agy") {
			t.Errorf("%+v", stamp)
		}

		var list struct{ Items []called }
		if officer.Get("/api/credentials").Into(&list); len(list.Items) != 2 {
			t.Errorf("%+v", list)
		}
		stranger.Get("/api/credentials?agency="+agency.Text("agy")).Refused("another agency's", "404 store.not_found")
		stranger.Post("/api/credentials/"+key.ID+"/end", nil).Refused("another agency's", "404 store.not_found")
		officer.Post("/api/credentials/"+key.ID+"/end", nil).Into(&struct{}{})
		if officer.Get("/api/credentials?agency=" + agency.Text("agy")).Into(&list); list.Items[1].ID != key.ID || list.Items[1].Until.After(h.Clock.Now()) {
			t.Errorf("%+v", list)
		}

		revoke, why := "/api/training-certificates/"+key.Serial+"/revoke", m{"reason": "key_compromise"}
		clerk.Post(revoke, why).Refused("without the permission", "403 auth.denied")
		stranger.Post(revoke, why).Refused("out of reach", "404 store.not_found")
		officer.Post("/api/training-certificates/xyz/revoke", why).Refused("no number", "404 store.not_found")
		officer.Post(revoke, m{"reason": "boredom"}).Refused("no reason", "422 api.body")
		officer.Post(revoke, why).Into(&struct{}{})
		err = h.DB.View(t.Context(), h.Issuer.System("test"), func(tx *store.Tx) error {
			n, err := store.One[int64](tx, `SELECT COUNT(*) FROM training_certificate WHERE revoked IS NOT NULL AND reason = 1`)
			if err == nil && n != 1 {
				t.Errorf("%d certificates are revoked", n)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// directory has two agencies, and a person with a post at the first.
func directory(t *testing.T, h *authtest.House) (agency, other, person store.ID) {
	t.Helper()
	from := authtest.Start.AddDate(-1, 0, 0)
	err := h.DB.Do(t.Context(), h.Issuer.System("test", org.Tables...), func(tx *store.Tx) error {
		for to, name := range map[*store.ID]string{&agency: "Ủy ban nhân dân xã Mẫu", &other: "Ủy ban nhân dân xã Khác"} {
			d, err := org.MakeTx(tx, org.NewNode{Facts: org.Facts{Kind: org.Committee, Level: org.Commune, Name: name, Notation: "UBND", OwnSeal: true}, From: from})
			if err != nil {
				return err
			}
			*to = d.ID
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s, keeper := org.New(h.DB, h.Auth), h.Actor(agency, auth.Operator)
	d, err := s.MakePerson(t.Context(), keeper, org.NewPerson{PersonFacts: org.PersonFacts{Agency: agency, Name: "Nguyễn Thị An"}, From: from})
	if err == nil {
		_, err = s.GivePost(t.Context(), keeper, d.ID, d.Event, org.NewPost{Agency: agency, Title: "Chủ tịch", Since: from})
	}
	if err != nil {
		t.Fatal(err)
	}
	return agency, other, d.ID
}
