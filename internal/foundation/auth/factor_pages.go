package auth

import (
	"fmt"
	"strings"

	"github.com/boombuler/barcode/qr"

	"github.com/antinvn/antin/internal/foundation/web"
)

type codeForm struct {
	Ticket string `form:"ticket,hidden,max=1000"`
	Code   string `form:"code,required,max=20,auto=one-time-code"`
}

// secondFactor asks for a code after a right password.
func (p page) secondFactor(r *web.Request) (web.Answer, error) {
	var in codeForm
	form, err := r.Form("auth.code", &in)
	if err != nil {
		return nil, err
	}
	if form.OK() {
		e, err := p.s.SecondFactor(r.Context(), Who(r), in.Ticket, in.Code, from(r))
		if err == nil {
			return p.enter(r, e)
		}
		if !form.Blame(err) {
			return nil, err
		}
	}
	return &web.Page{Title: web.T("auth.code"), Body: "code.html", Form: form}, nil
}

const totpPath = "/tai-khoan-cua-toi/hai-buoc"

var mineTrail = []web.Link{{Text: web.T("auth.me"), Href: "/tai-khoan-cua-toi"}}

// setUp shows a secret for an app and takes its first code.
func (p page) setUp(r *web.Request) (web.Answer, error) {
	who := Who(r)
	setup, err := p.s.BeginTOTP(r.Context(), who)
	if err != nil {
		return nil, err
	}
	in := struct {
		Ticket string `form:"ticket,hidden,max=1000"`
		Code   string `form:"code,required,max=20,auto=off"`
	}{Ticket: setup.Ticket}
	form, err := r.Form("auth.totp", &in)
	if err != nil {
		return nil, err
	}
	if form.OK() {
		codes, err := p.s.ConfirmTOTP(r.Context(), who, in.Ticket, in.Code)
		if err == nil {
			return &web.Page{Title: web.T("auth.recovery"), Body: "recovery.html", Data: codes, Trail: mineTrail, Scripts: []string{"print.js"}}, nil
		}
		if !form.Blame(err) {
			return nil, err
		}
		// The app has the secret of the page before: it must not be asked to take another.
		var t setupTicket
		if p.s.unsealed(setupPurpose, in.Ticket, &t) == nil {
			setup = setupOf(t.Secret, setup.login)
		}
	}
	data := struct {
		Form   *web.Form
		Secret string
		QR     string
		Size   int
	}{Form: form, Secret: spaced(setup.Secret)}
	if data.QR, data.Size, err = qrPath(setup.URI); err != nil {
		return nil, err
	}
	return &web.Page{Title: web.T("auth.totp"), Body: "totp.html", Form: form, Data: data, Trail: mineTrail}, nil
}

// spaced writes a secret in fours, to be typed.
func spaced(s string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// qrPath is a QR code as the path of a picture of so many squares a side, with its quiet zone.
func qrPath(text string) (path string, size int, err error) {
	code, err := qr.Encode(text, qr.M, qr.Unicode)
	if err != nil {
		return "", 0, err
	}
	const quiet = 4
	var b strings.Builder
	side := code.Bounds().Dx()
	for y := range side {
		for x := range side {
			if dark, _, _, _ := code.At(x, y).RGBA(); dark == 0 {
				fmt.Fprintf(&b, "M%d %dh1v1h-1z", x+quiet, y+quiet)
			}
		}
	}
	return b.String(), side + 2*quiet, nil
}

// removeTOTP does without the app, for the password.
func (p page) removeTOTP(r *web.Request) (web.Answer, error) {
	var in struct {
		Current string `form:"current,password,required,max=200,auto=current-password"`
	}
	form, err := r.Form("auth.totp_remove", &in)
	if err != nil {
		return nil, err
	}
	if form.OK() {
		err := p.s.RemoveTOTP(r.Context(), Who(r), in.Current)
		if err == nil {
			return web.SeeOther("/tai-khoan-cua-toi").Say(web.T("auth.totp.removed")), nil
		}
		if !form.Blame(err) {
			return nil, err
		}
	}
	form.Cancel = "/tai-khoan-cua-toi"
	return &web.Page{Title: web.T("auth.totp_remove"), Body: "form.html", Form: form, Trail: mineTrail}, nil
}
