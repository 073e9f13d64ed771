package auth

import (
	"embed"
	"encoding/base64"

	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/web"
)

//go:embed pages assets
var pageFiles embed.FS

// page answers the pages of a service.
type page struct{ s *Service }

// Pages are the pages of accounts: signing in, one's own account, and those that an operator manages.
func Pages(s *Service) web.Module {
	p := page{s}
	return web.Module{
		Name: "foundation/auth", Pages: pageFiles, Assets: pageFiles,
		Routes: []web.Route{
			{Pattern: "GET /dang-nhap", Handler: p.signIn, Anyone: true},
			{Pattern: "POST /dang-nhap", Handler: p.signIn, Anyone: true},
			{Pattern: "POST /dang-nhap/mat-khau", Handler: p.firstPassword, Anyone: true},
			{Pattern: "POST /dang-nhap/khoa", Handler: p.passkeySignIn, Anyone: true},
			{Pattern: "POST /dang-nhap/ma", Handler: p.secondFactor, Anyone: true},
			{Pattern: "POST /dang-xuat", Handler: p.signOut, Anyone: true},
			{Pattern: "GET /tai-khoan-cua-toi", Handler: p.me},
			{Pattern: "GET /tai-khoan-cua-toi/mat-khau", Handler: p.changePassword},
			{Pattern: "POST /tai-khoan-cua-toi/mat-khau", Handler: p.changePassword},
			{Pattern: "POST /tai-khoan-cua-toi/dang-xuat", Handler: p.endSession},
			{Pattern: "POST /tai-khoan-cua-toi/dang-xuat-noi-khac", Handler: p.endOthers},
			{Pattern: "GET " + totpPath, Handler: p.setUp},
			{Pattern: "POST " + totpPath, Handler: p.setUp},
			{Pattern: "GET " + totpPath + "/bo", Handler: p.removeTOTP},
			{Pattern: "POST " + totpPath + "/bo", Handler: p.removeTOTP},
			{Pattern: "GET " + keyPath, Handler: p.addPasskey},
			{Pattern: "POST " + keyPath, Handler: p.addPasskey},
			{Pattern: "POST " + keyPath + "/bo", Handler: p.removePasskey},
			{Pattern: "GET /quyen", Handler: p.policy},
			{Pattern: "GET /tai-khoan", Handler: p.accounts},
			{Pattern: "GET /tai-khoan/moi", Handler: p.newAccount},
			{Pattern: "POST /tai-khoan/moi", Handler: p.newAccount},
			{Pattern: "GET /tai-khoan/moi/nguoi", Handler: p.choosePerson},
			{Pattern: "GET /tai-khoan/{id}", Handler: p.account},
			{Pattern: "POST /tai-khoan/{id}", Handler: p.give},
			{Pattern: "GET /tai-khoan/{id}/nguoi", Handler: p.choosePerson},
			{Pattern: "POST /tai-khoan/{id}/nguoi", Handler: p.linkPerson},
			{Pattern: "GET /tai-khoan/{id}/{act}", Handler: p.ask},
			{Pattern: "POST /tai-khoan/{id}/{act}", Handler: p.act},
		},
		Navigation: []web.Item{
			{Text: web.T("auth.accounts"), Href: "/tai-khoan", Order: 80, Shown: Shown(ManageAccounts)},
			{Text: web.T("auth.policy"), Href: "/quyen", Order: 85, Shown: Shown(ManageAccounts, ReadLog)},
			{Text: web.T("auth.me"), Href: "/tai-khoan-cua-toi", Order: 90},
		},
		Panels: []web.Panel{{Order: 6, Show: p.begin}, {Order: 50, Show: invite}},
	}
}

// begin leads the operator of a new house on: nobody else has an account.
func (p page) begin(r *web.Request) (*web.PanelView, error) {
	who := Who(r)
	if !who.May(ManageAccounts) {
		return nil, nil //nolint:nilnil // no panel
	}
	list, err := p.s.Accounts(r.Context(), who, AccountQuery{Limit: 2})
	if err != nil || len(list) > 1 {
		return nil, err
	}
	return &web.PanelView{Title: web.T("auth.begin"), Rows: []web.PanelRow{
		{Text: web.T("auth.accounts.new"), Note: web.T("auth.begin.accounts"), Href: "/tai-khoan/moi"},
		{Text: web.T("auth.policy"), Note: web.T("auth.begin.policy"), Href: "/quyen"},
	}}, nil
}

// invite shows a visitor the door.
func invite(r *web.Request) (*web.PanelView, error) {
	if r.Actor.SignedIn() {
		return nil, nil //nolint:nilnil // no panel
	}
	return &web.PanelView{Title: web.T("auth.invite"), Rows: []web.PanelRow{{Text: web.T("auth.sign_in"), Note: web.T("auth.invite.note"), Href: "/dang-nhap"}}}, nil
}

func from(r *web.Request) Place { return Place{r.Client, r.UserAgent()} }

type signInForm struct {
	Login    string `form:"login,required,max=100,auto=username"`
	Password string `form:"password,password,required,max=200,auto=current-password"`
}

// signIn asks who is there.
func (p page) signIn(r *web.Request) (web.Answer, error) {
	var in signInForm
	if r.Actor.SignedIn() && r.Method != "POST" {
		return web.SeeOther(r.URL.Query().Get("ve")), nil
	}
	form, err := r.Form("auth.sign_in", &in)
	if err != nil {
		return nil, err
	}
	if form.OK() {
		e, err := p.s.SignIn(r.Context(), Who(r), in.Login, in.Password, from(r))
		if err == nil {
			return p.enter(r, e)
		}
		if !form.Blame(err) {
			return nil, err
		}
	}
	return p.signInPage(r, form)
}

// signInPage has two ways in: a password, and a passkey where the browser can ask for one.
func (p page) signInPage(r *web.Request, form *web.Form) (web.Answer, error) {
	data := struct {
		Form      *web.Form
		Passkey   *web.Form
		Challenge string
		RP        string
	}{Form: form}
	answer := &web.Page{Title: web.T("auth.sign_in"), Body: "sign-in.html", Form: form}
	if p.s.party.id != "" {
		c, err := p.s.challenge(0)
		if err != nil {
			return nil, err
		}
		data.Challenge, data.RP = base64.RawURLEncoding.EncodeToString(c.Bytes), c.RP
		if data.Passkey, err = r.Next("auth.sign_in_passkey", onward(r, "/dang-nhap/khoa"), &assertionForm{Ticket: c.Ticket}); err != nil {
			return nil, err
		}
		answer.Scripts = []string{"passkey.js"}
	}
	answer.Data = data
	return answer, nil
}

// enter goes on with a sign-in: into the house, or to what is needed still.
func (p page) enter(r *web.Request, e Entry) (web.Answer, error) {
	if e.Need == NeedNothing {
		return web.SignedIn(r, e.Secret, r.URL.Query().Get("ve")), nil
	}
	if e.Need == NeedCode {
		in := codeForm{Ticket: e.Ticket}
		form, err := r.Next("auth.code", onward(r, "/dang-nhap/ma"), &in)
		return &web.Page{Title: web.T("auth.code"), Body: "code.html", Form: form}, err
	}
	in := newPassword{Ticket: e.Ticket}
	form, err := r.Next("auth.first_password", onward(r, "/dang-nhap/mat-khau"), &in)
	return &web.Page{Title: web.T("auth.first_password"), Body: "first-password.html", Form: form}, err
}

// onward is the next step's address, with where the way leads at last.
func onward(r *web.Request, path string) string {
	if q := r.URL.RawQuery; q != "" {
		return path + "?" + q
	}
	return path
}

type newPassword struct {
	Ticket   string `form:"ticket,hidden,max=1000"`
	Password string `form:"password,password,required,max=200,auto=new-password"`
	Again    string `form:"again,password,required,max=200,auto=new-password"`
}

func (p page) firstPassword(r *web.Request) (web.Answer, error) {
	var in newPassword
	form, err := r.Form("auth.first_password", &in)
	if err != nil {
		return nil, err
	}
	if form.OK() && in.Password != in.Again {
		form.Field("again").Error = r.Say(web.T("auth.password.differs"))
	}
	if form.OK() {
		e, err := p.s.FirstPassword(r.Context(), Who(r), in.Ticket, in.Password, from(r))
		if err == nil {
			return p.enter(r, e)
		}
		if !form.Blame(err) {
			return nil, err
		}
	}
	return &web.Page{Title: web.T("auth.first_password"), Body: "first-password.html", Form: form}, nil
}

// signOut ends the session, if there still is one.
func (p page) signOut(r *web.Request) (web.Answer, error) {
	if r.Actor.SignedIn() {
		if err := p.s.SignOut(r.Context(), Who(r)); err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
	}
	r.EndSession()
	return web.SeeOther("/dang-nhap").Say(web.T("auth.signed_out")), nil
}

// mine is one's own account as its page shows it.
type mine struct {
	Facts     []web.Fact
	Roles     []role
	Sessions  []sessionRow
	EndOthers *web.Act
	TOTP      web.Badge
	TOTPLink  web.Link
	Recovery  int
	Passkeys  []passkeyRow
}

type sessionRow struct {
	Session
	End *web.Act
}

func (p page) me(r *web.Request) (web.Answer, error) {
	who := Who(r)
	h, err := p.s.MyAccount(r.Context(), who)
	if err != nil {
		return nil, err
	}
	sessions, err := p.s.MySessions(r.Context(), who)
	if err != nil {
		return nil, err
	}
	m := mine{Facts: []web.Fact{
		{Name: web.T("auth.me.name"), Value: web.Plain(h.Name)}, {Name: web.T("auth.me.login"), Value: web.Plain(h.Login)},
		{Name: web.T("auth.me.acting"), Value: web.Plain(r.Actor.Agency.Name)},
	}}
	if m.Roles, err = p.roles(r, who, h.Grants, false); err != nil {
		return nil, err
	}
	m.TOTP, m.TOTPLink = web.Badge{Kind: web.Quiet, Text: web.T("auth.totp.off")}, web.Link{Text: web.T("auth.totp"), Href: totpPath}
	if !h.TOTP.IsZero() {
		m.TOTP, m.TOTPLink, m.Recovery = web.Badge{Kind: web.Good, Text: web.T("auth.totp.on")}, web.Link{Text: web.T("auth.totp_remove"), Href: totpPath + "/bo"}, h.Recovery
	}
	for _, k := range h.Passkeys {
		m.Passkeys = append(m.Passkeys, passkeyRow{k, r.Act(web.T("auth.passkey.remove"), keyPath+"/bo", "", web.Choice{Value: k.ID.Text("key"), Name: "passkey"})})
	}
	for _, x := range sessions {
		row := sessionRow{Session: x}
		if !x.Current {
			row.End = r.Act(web.T("auth.me.end"), "/tai-khoan-cua-toi/dang-xuat", "", web.Choice{Value: x.ID.Text("ses"), Name: "session"})
		}
		m.Sessions = append(m.Sessions, row)
	}
	if len(sessions) > 1 {
		m.EndOthers = r.Act(web.T("auth.me.end_others"), "/tai-khoan-cua-toi/dang-xuat-noi-khac", "")
	}
	return &web.Page{
		Title: web.T("auth.me"), Body: "me.html", Data: m,
		Acts: []web.Link{{Text: web.T("auth.me.change"), Href: "/tai-khoan-cua-toi/mat-khau"}},
	}, nil
}

func (p page) changePassword(r *web.Request) (web.Answer, error) {
	var in struct {
		Current  string `form:"current,password,required,max=200,auto=current-password"`
		Password string `form:"password,password,required,max=200,auto=new-password"`
		Again    string `form:"again,password,required,max=200,auto=new-password"`
	}
	form, err := r.Form("auth.password", &in)
	if err != nil {
		return nil, err
	}
	if form.OK() && in.Password != in.Again {
		form.Field("again").Error = r.Say(web.T("auth.password.differs"))
	}
	if form.OK() {
		err := p.s.ChangePassword(r.Context(), Who(r), in.Current, in.Password)
		if err == nil {
			return web.SeeOther("/tai-khoan-cua-toi").Say(web.T("auth.password.changed")), nil
		}
		if !form.Blame(err) {
			return nil, err
		}
	}
	form.Cancel = "/tai-khoan-cua-toi"
	trail := []web.Link{{Text: web.T("auth.me"), Href: "/tai-khoan-cua-toi"}}
	return &web.Page{Title: web.T("auth.password"), Body: "form.html", Form: form, Trail: trail}, nil
}

func (p page) endSession(r *web.Request) (web.Answer, error) {
	var in struct {
		Session string `form:"session,hidden"`
	}
	if _, err := r.Form("auth.me.end", &in); err != nil {
		return nil, err
	}
	id, err := store.ParseID("ses", in.Session)
	if err != nil {
		return nil, err
	}
	if err := p.s.EndSession(r.Context(), Who(r), id); err != nil {
		return nil, err
	}
	return web.SeeOther("/tai-khoan-cua-toi").Say(web.T("auth.me.ended")), nil
}

func (p page) endOthers(r *web.Request) (web.Answer, error) {
	if _, err := r.Form("auth.me.end_others", nil); err != nil {
		return nil, err
	}
	if err := p.s.EndOthers(r.Context(), Who(r)); err != nil {
		return nil, err
	}
	return web.SeeOther("/tai-khoan-cua-toi").Say(web.T("auth.me.ended_others")), nil
}
