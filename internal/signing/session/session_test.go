package session_test

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"io"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/auth/authtest"
	"github.com/antinvn/antin/internal/foundation/blob"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
	"github.com/antinvn/antin/internal/signing/credential"
	"github.com/antinvn/antin/internal/signing/session"
	"github.com/antinvn/antin/internal/signing/signingtest"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/tsp"
	"github.com/antinvn/antin/verify"
)

// drawer is a room above: things with a file each.
const drawer = `CREATE TABLE drawer (id {id} PRIMARY KEY, agency {id} NOT NULL, file {text} NOT NULL, event {id} NOT NULL){strict};`

type paper struct{ broken, refuses error }

func (p paper) SubjectTx(tx *store.Tx, thing store.ID, _ credential.Purpose) (session.Subject, error) {
	if p.refuses != nil {
		return session.Subject{}, p.refuses
	}
	return store.First(tx, func(r store.Scanner) (s session.Subject, err error) { return s, r.Scan(&s.Agency, &s.File) },
		`SELECT agency, file FROM drawer WHERE id = ?`, thing)
}

func (p paper) Layout(context.Context, *pdf.Document) (*pades.Options, error) {
	return &pades.Options{Certify: 2}, p.broken
}

func (paper) SignedTx(tx *store.Tx, s *session.Session, _ *credential.Credential) error {
	if err := tx.Change(`UPDATE drawer SET file = ?, event = ? WHERE id = ? AND file = ?`, string(s.Result), tx.Event(), s.Thing, string(s.Base)); err != nil {
		return err
	}
	return blob.KeepTx(tx, s.Result, s.Thing)
}

type house struct {
	*authtest.House
	*session.Service

	ground *signingtest.House
	agency store.ID
	leader auth.Actor
	key    credential.Credential
	thing  store.ID
}

func newHouse(t *testing.T, address string) *house {
	t.Helper()
	ground := signingtest.New(t, address, []store.Migration{{Number: 9000, Name: "drawer", SQL: drawer}})
	h := &house{House: ground.House, Service: ground.Sessions, ground: ground}
	h.agency = h.Agency(t, 0, false)
	h.leader = h.Actor(h.agency, auth.Leader)
	h.key = h.issue(t, h.leader)
	h.thing = 42
	h.put(t, "")
	return h
}

func (h *house) issue(t *testing.T, who auth.Actor) credential.Credential {
	t.Helper()
	return h.ground.Certify(t, who.Person, h.agency, credential.Signature)
}

// put lays the demo's decision into the drawer, with something behind it.
func (h *house) put(t *testing.T, more string) {
	t.Helper()
	h.lay(t, h.thing, h.agency, more)
}

// lay does so for a thing of an agency.
func (h *house) lay(t testing.TB, thing, agency store.ID, more string) {
	t.Helper()
	b, err := os.ReadFile("../../../cmd/antin/assets/decision.pdf")
	if err != nil {
		t.Fatal(err)
	}
	info, err := h.Blobs.Put(t.Context(), bytes.NewReader(append(b, more...)))
	if err != nil {
		t.Fatal(err)
	}
	err = h.DB.Do(t.Context(), h.Issuer.System("test", "drawer", "blob", "blob_ref"), func(tx *store.Tx) error {
		if _, err := tx.Exec(`DELETE FROM drawer WHERE id = ?`, thing); err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO drawer (id, agency, file, event) VALUES (?, ?, ?, 0)`, thing, agency, string(info.Name)); err != nil {
			return err
		}
		return blob.KeepTx(tx, info.Name, thing)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// report is what a check of the drawer's file says.
func (h *house) report(t *testing.T) *verify.Report {
	t.Helper()
	var s session.Subject
	err := h.DB.View(t.Context(), h.Issuer.System("test"), func(tx *store.Tx) (err error) {
		s, err = paper{}.SubjectTx(tx, h.thing, "")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := h.Blobs.Get(t.Context(), s.File)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	now := h.Clock.Now()
	f, err := verify.Collect(t.Context(), bytes.NewReader(b), int64(len(b)), &verify.CollectOptions{Trust: h.ground.Trust.Store(), Offline: true, At: now})
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

func TestASignatureInTwoCommands(t *testing.T) {
	storetest.Each(t, func(t *testing.T, address string) {
		h := newHouse(t, address)
		s, err := h.OpenSignature(t.Context(), h.leader, paper{}, h.thing)
		if err != nil || s.State != session.Open || s.Credential != h.key.ID {
			t.Fatalf("%+v, %v", s, err)
		}
		h.Service = session.New(h.Config) // another node, or the same one after a crash
		if again, err := h.OpenSignature(t.Context(), h.leader, paper{}, h.thing); err != nil || again.ID != s.ID {
			t.Fatalf("the open session does not go on: %+v, %v", again, err)
		}
		other := h.Actor(h.agency, auth.Leader)
		h.issue(t, other)
		_, err = h.OpenSignature(t.Context(), other, paper{}, h.thing)
		refused(t, "another leader opens", err, session.ErrBusy)
		_, err = h.CompleteSignature(t.Context(), other, paper{}, s.ID)
		refused(t, "another leader completes", err, store.ErrNotFound)
		_, err = h.CompleteSeal(t.Context(), h.Actor(h.agency, auth.Clerk), paper{}, s.ID)
		refused(t, "as a seal", err, store.ErrNotFound)
		h.Clock.Advance(session.Life - time.Second)
		done, err := h.CompleteSignature(t.Context(), h.leader, paper{}, s.ID)
		if err != nil || done.State != session.Done || done.Result == "" {
			t.Fatalf("%+v, %v", done, err)
		}
		again, err := h.CompleteSignature(t.Context(), h.leader, paper{}, s.ID)
		if err != nil || again.Result != done.Result {
			t.Errorf("completed twice: %+v, %v", again, err)
		}
		r := h.report(t)
		if len(r.Signatures) != 1 || r.Signatures[0].Level != "B-LT" || r.Document.Tone != verify.ToneTraining {
			t.Errorf("%s", r.Text())
		}
	})
}

// broken is a time-stamping authority that does not answer.
type broken struct{}

func (broken) Timestamp(context.Context, crypto.Hash, []byte) (*tsp.Token, error) {
	return nil, errors.New("no answer")
}

// TestAfterAFailureTheSessionGoesOn breaks off between the key's answer and the new file.
func TestAfterAFailureTheSessionGoesOn(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	s, err := h.OpenSignature(t.Context(), h.leader, paper{}, h.thing)
	if err != nil {
		t.Fatal(err)
	}
	c := h.Config
	c.TSA = broken{}
	if _, err := session.New(c).CompleteSignature(t.Context(), h.leader, paper{}, s.ID); err == nil {
		t.Fatal("signed without a time-stamp")
	}
	gone, stop := context.WithCancel(t.Context())
	stop()
	if _, err := h.CompleteSignature(gone, h.leader, paper{}, s.ID); err == nil {
		t.Fatal("signed for somebody who is gone")
	}
	if r := h.report(t); len(r.Signatures) != 0 {
		t.Fatal("something was signed")
	}
	if again, err := h.CompleteSignature(t.Context(), h.leader, paper{}, s.ID); err != nil || again.ID != s.ID || again.State != session.Done {
		t.Fatalf("%+v, %v", again, err)
	}
	if r := h.report(t); len(r.Signatures) != 1 || r.Signatures[0].Level != "B-LT" {
		t.Error(r.Text())
	}
}

// slow is a paper, and an authority, that takes as long as it is let.
type slow struct{ paper }

func (slow) Layout(ctx context.Context, _ *pdf.Document) (*pades.Options, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (slow) Timestamp(ctx context.Context, _ crypto.Hash, _ []byte) (*tsp.Token, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestSigningTakesNoLongerThanItMay: whatever the file and the network do; the session goes on afterwards.
func TestSigningTakesNoLongerThanItMay(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	c := h.Config
	c.Time = 20 * time.Millisecond
	over := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, session.ErrTime) || !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := session.New(c).OpenSignature(t.Context(), h.leader, slow{}, h.thing)
	over("preparing", err)
	s, err := h.OpenSignature(t.Context(), h.leader, paper{}, h.thing)
	if err != nil {
		t.Fatal(err)
	}
	c.TSA = slow{}
	_, err = session.New(c).CompleteSignature(t.Context(), h.leader, paper{}, s.ID)
	over("embedding", err)
	if again, err := h.CompleteSignature(t.Context(), h.leader, paper{}, s.ID); err != nil || again.State != session.Done {
		t.Errorf("%+v, %v", again, err)
	}
}

// TestOfManyAtOnceOneSigns presses the button four times. Whoever opens after the signature is there is told that another cannot certify.
func TestOfManyAtOnceOneSigns(t *testing.T) {
	storetest.Each(t, func(t *testing.T, address string) {
		h := newHouse(t, address)
		var all sync.WaitGroup
		results := make([]blob.Name, 4)
		for i := range results {
			all.Go(func() {
				s, err := h.OpenSignature(t.Context(), h.leader, paper{}, h.thing)
				if err == nil {
					s, err = h.CompleteSignature(t.Context(), h.leader, paper{}, s.ID)
				}
				if results[i] = s.Result; err != nil && !errors.Is(err, session.ErrChanged) && !errors.Is(err, store.ErrStale) && !errors.Is(err, store.ErrTaken) &&
					!errors.Is(err, session.ErrSigning) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		r := h.report(t)
		if len(r.Signatures) != 1 || r.Document.Tone != verify.ToneTraining {
			t.Fatal(r.Text())
		}
	})
}

func TestWhatEndsASession(t *testing.T) {
	for name, c := range map[string]struct {
		meanwhile func(*testing.T, *house)
		want      codes.Code
	}{
		"too long":            {func(_ *testing.T, h *house) { h.Clock.Advance(session.Life) }, session.ErrExpired},
		"another file":        {func(t *testing.T, h *house) { h.put(t, "\n") }, session.ErrChanged},
		"the role was taken":  {func(_ *testing.T, h *house) { h.leader.Grants = nil }, auth.ErrDenied},
		"the agency changed":  {func(_ *testing.T, h *house) { h.leader.Grants[0].Agency, h.leader.Agency = 5, 5 }, store.ErrNotFound},
		"the key was ended":   {func(t *testing.T, h *house) { h.end(t) }, credential.ErrNone},
		"the key was revoked": {func(t *testing.T, h *house) { h.revoke(t) }, session.ErrSigning},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, storetest.SQLite(t))
			s, err := h.OpenSignature(t.Context(), h.leader, paper{}, h.thing)
			if err != nil {
				t.Fatal(err)
			}
			leader := h.leader
			leader.Grants = append([]auth.Grant{}, leader.Grants...)
			c.meanwhile(t, h)
			_, err = h.CompleteSignature(t.Context(), h.leader, paper{}, s.ID)
			refused(t, name, err, c.want)
			if r := h.report(t); len(r.Signatures) != 0 {
				t.Error("something was signed")
			}
			h.leader = leader
			h.issue(t, leader)
			s, err = h.OpenSignature(t.Context(), leader, paper{}, h.thing)
			if err != nil {
				t.Fatal("opened anew: ", err)
			}
			if _, err := h.CompleteSignature(t.Context(), leader, paper{}, s.ID); err != nil {
				t.Error("completed anew: ", err)
			}
			if r := h.report(t); len(r.Signatures) != 1 {
				t.Error("nothing was signed anew")
			}
		})
	}
}

func (h *house) end(t *testing.T) {
	t.Helper()
	if err := h.ground.Credentials.End(t.Context(), h.Actor(h.agency, auth.CertificateOfficer), h.key.ID, "lost"); err != nil {
		t.Fatal(err)
	}
}

func (h *house) revoke(t *testing.T) {
	t.Helper()
	if err := h.ground.Training.Revoke(t.Context(), h.Actor(h.agency, auth.CertificateOfficer), h.key.Serial, 1); err != nil {
		t.Fatal(err)
	}
}

func TestWhoMaySignIsAskedFirst(t *testing.T) {
	h := newHouse(t, storetest.SQLite(t))
	_, err := h.OpenSignature(t.Context(), h.Actor(h.agency, auth.Clerk), paper{}, h.thing)
	refused(t, "a clerk signs", err, auth.ErrDenied)
	_, err = h.OpenSeal(t.Context(), h.leader, paper{}, h.thing)
	refused(t, "a leader seals", err, auth.ErrDenied)
	_, err = h.OpenSignature(t.Context(), h.Actor(h.Agency(t, 0, false), auth.Leader), paper{}, h.thing)
	refused(t, "a leader of elsewhere", err, store.ErrNotFound)
	_, err = h.OpenSignature(t.Context(), h.Actor(h.agency, auth.Leader), paper{}, h.thing)
	refused(t, "a leader without a key", err, credential.ErrNone)
	_, err = h.OpenSeal(t.Context(), h.Actor(h.agency, auth.Clerk), paper{}, h.thing)
	refused(t, "an agency without a seal", err, credential.ErrNone)
	broken := errors.New("no place")
	if _, err = h.OpenSignature(t.Context(), h.leader, paper{broken: broken}, h.thing); !errors.Is(err, broken) {
		t.Errorf("a layout that fails: %v", err)
	}
}
