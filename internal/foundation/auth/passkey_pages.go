package auth

import (
	"encoding/base64"

	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/web"
)

const keyPath = "/tai-khoan-cua-toi/khoa"

type passkeyRow struct {
	Passkey
	Remove *web.Act
}

// What the script fills in is base64url, as everywhere in WebAuthn.
type assertionForm struct {
	Ticket     string `form:"ticket,hidden,max=1000"`
	Credential string `form:"credential,hidden,max=2000"`
	Client     string `form:"client,hidden,max=6000"`
	Auth       string `form:"auth,hidden,max=12000"`
	Signature  string `form:"signature,hidden,max=2000"`
}

func raw(s string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return nil // and what is nothing does not hold
	}
	return b
}

func (p page) passkeySignIn(r *web.Request) (web.Answer, error) {
	var in assertionForm
	form, err := r.Form("auth.sign_in_passkey", &in)
	if err != nil {
		return nil, err
	}
	if form.OK() {
		e, err := p.s.SignInByPasskey(r.Context(), Who(r), in.Ticket, Assertion{raw(in.Credential), raw(in.Client), raw(in.Auth), raw(in.Signature)}, from(r))
		if err == nil {
			return p.enter(r, e)
		}
		if !form.Blame(err) {
			return nil, err
		}
	}
	var empty signInForm
	again, err := r.Next("auth.sign_in", onward(r, "/dang-nhap"), &empty)
	if err != nil {
		return nil, err
	}
	again.Problem = form.Problem
	return p.signInPage(r, again)
}

// addPasskey asks the browser for a new key.
func (p page) addPasskey(r *web.Request) (web.Answer, error) {
	who := Who(r)
	c, err := p.s.BeginPasskey(r.Context(), who)
	if err != nil {
		return nil, err
	}
	in := struct {
		Name   string `form:"name,required,max=60"`
		Ticket string `form:"ticket,hidden,max=1000"`
		Client string `form:"client,hidden,max=6000"`
		Auth   string `form:"auth,hidden,max=12000"`
		Public string `form:"public,hidden,max=4000"`
	}{Ticket: c.Ticket}
	form, err := r.Form("auth.passkey", &in)
	if err != nil {
		return nil, err
	}
	if form.OK() {
		err := p.s.AddPasskey(r.Context(), who, in.Ticket, in.Name, Attestation{raw(in.Client), raw(in.Auth), raw(in.Public)})
		if _, _, err = store.Before(err); err == nil {
			return web.SeeOther("/tai-khoan-cua-toi").Say(web.T("auth.passkey.added")), nil
		}
		if !form.Blame(err) {
			return nil, err
		}
	}
	form.Field("ticket").Value = c.Ticket // each attempt has its own challenge
	form.Cancel = "/tai-khoan-cua-toi"
	data := struct {
		Form      *web.Form
		Challenge string
		Of        Challenge
		User      string
	}{form, base64.RawURLEncoding.EncodeToString(c.Bytes), c, string(c.User)}
	return &web.Page{Title: web.T("auth.passkey"), Body: "passkey.html", Form: form, Data: data, Trail: mineTrail, Scripts: []string{"passkey.js"}}, nil
}

func (p page) removePasskey(r *web.Request) (web.Answer, error) {
	var in struct {
		Passkey string `form:"passkey,hidden"`
	}
	if _, err := r.Form("auth.passkey.remove", &in); err != nil {
		return nil, err
	}
	id, err := store.ParseID("key", in.Passkey)
	if err != nil {
		return nil, err
	}
	if _, _, err := store.Before(p.s.RemovePasskey(r.Context(), Who(r), id)); err != nil {
		return nil, err
	}
	return web.SeeOther("/tai-khoan-cua-toi").Say(web.T("auth.passkey.removed")), nil
}
