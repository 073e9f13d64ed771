package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"github.com/antinvn/antin/internal/directory/org"
	"github.com/antinvn/antin/internal/directory/org/example"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/config"
	"github.com/antinvn/antin/internal/foundation/seal"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/signing/credential"
)

const (
	demoDocuments = 320
	demoPassword  = "chay-thu-an-tin" //nolint:gosec // it is printed, and opens nothing but the demo
	demoYears     = 2
)

// demoCost makes ninety accounts in a moment; their passwords are printed anyway.
var demoCost = auth.Cost{MemoryKB: 1 << 10, Passes: 1, Lanes: 1}

// past makes the example province and its two years by calling services, as its people would, through a clock of its own.
type past struct {
	h        *house
	clock    *clock.Fake
	now      time.Time // when the demo was started: the past ends on the day before
	keep     string    // the file that remembers the accounts of a folder that is kept
	province *example.Province
	top      store.ID // the People's Committee of the province
	operator auth.Actor
	officer  auth.Actor // of certificates
	bodies   []*demoBody
	accounts []demoAccount
	made     atomic.Int64
	whole    atomic.Bool
}

// demoBody is an agency with the people who make its documents.
type demoBody struct {
	org.Node

	top                     store.ID // the agency above all that are above it
	masthead                string   // the one just above it
	leader, drafter, clerk  auth.Actor
	leaderName, leaderTitle string
}

// openPast opens the house with a clock that stands at the beginning.
func openPast(ctx context.Context, c *config.Config, ring *seal.Ring, log *slog.Logger, now time.Time, x extra) (*past, error) {
	p := &past{now: now, keep: filepath.Join(c.Data, "demo.json")}
	begin := now.In(clock.Vietnam)
	begin = time.Date(begin.Year()-demoYears, begin.Month(), begin.Day(), 8, 0, 0, 0, clock.Vietnam)
	p.clock = clock.NewFake(begin)
	var err error
	if p.h, err = openHouse(ctx, c, ring, p.clock, log, x); err != nil {
		return nil, err
	}
	p.province, err = example.New(example.Config{Org: p.h.org, Begin: begin, Found: p.found, As: p.manager})
	if err != nil {
		return nil, errors.Join(err, p.h.close())
	}
	return p, nil
}

// settle puts agencies, people, accounts and keys in their places, unless the folder has them.
func (p *past) settle(ctx context.Context) error {
	b, err := os.ReadFile(p.keep)
	if err == nil {
		p.whole.Store(true)
		return json.Unmarshal(b, &p.accounts)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := p.province.Advance(ctx, p.clock.Now()); err != nil {
		return err
	}
	if err := p.staff(ctx); err != nil {
		return err
	}
	for _, body := range p.bodies {
		if err := p.equip(ctx, body); err != nil {
			return fmt.Errorf("%s: %w", body.Name, err)
		}
	}
	if b, err = json.Marshal(p.accounts); err != nil { //nolint:gosec // the demo's password is printed
		return err
	}
	return os.WriteFile(p.keep, b, 0o600)
}

// actor is an account with its roles, acting for an agency.
func (p *past) actor(ctx context.Context, account, person, agency store.ID) (who auth.Actor, err error) {
	who = auth.Actor{Account: account, Person: person, Agency: agency, Request: "demo"}
	err = p.h.db.View(ctx, p.h.auth.System("cmd/antin.demo"), func(tx *store.Tx) error {
		given, err := auth.GrantsTx(tx, account, tx.Now())
		for _, g := range given {
			who.Grants = append(who.Grants, g.Grant)
		}
		return err
	})
	return who, err
}

// found makes an agency that stands below nothing, and the first operator at the first of them.
func (p *past) found(ctx context.Context, n org.NewNode) (d org.Done, err error) {
	err = p.h.db.Do(ctx, p.h.auth.System("cmd/antin.demo", org.Tables...), func(tx *store.Tx) error {
		d, err = org.MakeTx(tx, n)
		return err
	})
	if err != nil || p.top != 0 {
		return d, err
	}
	p.top = d.ID
	letter, err := p.h.auth.CreateFirst(ctx, auth.NewAccount{Login: demoListed["qt"], Name: "Phạm Mẫu Nga", Agency: p.top})
	if err != nil {
		return d, err
	}
	if err := p.open(ctx, letter, auth.Operator, n.ShortName); err != nil {
		return d, err
	}
	p.operator, err = p.actor(ctx, letter.Account, 0, p.top)
	return d, err
}

// manager is who founded an agency at the top: the operator, who manages its directory.
func (p *past) manager(top store.ID) auth.Actor {
	who := p.operator
	if top != p.top {
		who.Agency, who.Grants = top, []auth.Grant{{Role: auth.Operator, Agency: top, Reach: auth.Subordinates}}
	}
	return who
}

// open gives an account the demo's password, as its owner would at the first sign-in, and lists it.
func (p *past) open(ctx context.Context, l auth.Letter, role auth.Role, agency string) error {
	place := auth.Place{Address: netip.IPv6Loopback(), Device: "antin demo"}
	entry, err := p.h.auth.SignIn(ctx, auth.Actor{Request: "demo"}, l.Login, l.Password, place)
	if err != nil {
		return err
	}
	if _, err := p.h.auth.FirstPassword(ctx, auth.Actor{Request: "demo"}, entry.Ticket, demoPassword, place); err != nil {
		return err
	}
	p.accounts = append(p.accounts, demoAccount{Role: string(role), Name: l.Name, Agency: agency, Login: l.Login, Password: demoPassword})
	return nil
}

// demoListed are those of the story whom the reader can be, by the name that they sign in with.
var demoListed = map[string]string{
	"qt": "vanhanh", "ct": "lanhdao", "ubnd-cv": "soanthao", "ubnd-vt": "vanthu", "vp-hc-tp": "truongphong", "snv-vt": "vanthu.snv", "skhcn-ct": "chungthu",
	"mh-mc1": "motcua", "kt": "kiemtra", "tp": "tichhop",
}

// staff gives the people of the story their accounts and roles, and finds who makes the documents of each agency.
func (p *past) staff(ctx context.Context) error {
	bodies := map[string]*demoBody{}
	for _, a := range p.province.People() {
		if a.Key == "qt" { // was there first
			continue
		}
		body := bodies[a.AgencyKey]
		if body == nil {
			var err error
			if body, err = p.body(ctx, a.Agency); err != nil {
				return err
			}
			bodies[a.AgencyKey] = body
		}
		if err := p.account(ctx, a, body); err != nil {
			return fmt.Errorf("%s: %w", a.Name, err)
		}
		if body.leader.Account != 0 && body.drafter.Account != 0 && body.clerk.Account != 0 && !slices.Contains(p.bodies, body) {
			p.bodies = append(p.bodies, body)
		}
	}
	return nil
}

// body is an agency with what stands above it.
func (p *past) body(ctx context.Context, id store.ID) (*demoBody, error) {
	n, err := p.h.org.Node(ctx, p.operator, id, org.Moment{})
	b := &demoBody{Node: n.Node, top: id}
	for above := n.Parent; err == nil && above != 0; above = n.Parent {
		b.top = above
		if n, err = p.h.org.Node(ctx, p.operator, above, org.Moment{}); b.masthead == "" {
			b.masthead = n.Name
		}
	}
	return b, err
}

func (p *past) account(ctx context.Context, a example.Appointed, body *demoBody) error {
	giver := p.manager(body.top)
	login := demoListed[a.Key]
	if login == "" {
		login = a.Key + ".mau"
	}
	letter, err := p.h.auth.CreateAccount(ctx, giver, auth.NewAccount{Login: login, Name: a.Name, Person: a.Person, Agency: a.Agency})
	if err != nil {
		return err
	}
	seat := a.Agency
	for _, role := range a.Roles {
		g := auth.NewGrant{Account: letter.Account, Role: role, Agency: a.Agency, Reach: a.Reach}
		if role == auth.CertificateOfficer { // looks after the whole province, and acts for it
			g.Agency, seat = p.top, p.top
		}
		if err := p.h.auth.Give(ctx, giver, g); err != nil {
			return err
		}
	}
	if demoListed[a.Key] != "" {
		if err := p.open(ctx, letter, a.Roles[0], body.ShortName); err != nil {
			return err
		}
	}
	who, err := p.actor(ctx, letter.Account, a.Person, seat)
	if err != nil {
		return err
	}
	for _, role := range a.Roles {
		switch {
		case role == auth.Leader && body.leader.Account == 0:
			body.leader, body.leaderName, body.leaderTitle = who, a.Name, a.Title
		case role == auth.Drafter && body.drafter.Account == 0:
			body.drafter = who
		case role == auth.Clerk && body.clerk.Account == 0:
			body.clerk = who
		case role == auth.CertificateOfficer:
			p.officer = who
		}
	}
	return nil
}

// equip gives an agency's leader a key, and the agency its seal.
func (p *past) equip(ctx context.Context, b *demoBody) error {
	for _, a := range []credential.Asked{
		{Holder: b.leader.Person, Agency: b.ID, Purpose: credential.Signature, Name: b.leaderName, AgencyName: b.Name, Title: b.leaderTitle},
		{Holder: b.ID, Agency: b.ID, Purpose: credential.Seal, AgencyName: b.Name},
	} {
		if _, err := p.h.credentials.IssueTraining(ctx, p.officer, a); err != nil {
			return err
		}
	}
	return nil
}
