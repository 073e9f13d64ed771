package web

import (
	"embed"
	"io/fs"
	"net/http"
	"slices"

	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
)

//go:embed vi.txt en.txt
var texts embed.FS

// Texts are the shell's own, for the catalogue.
func Texts() fs.FS { return texts }

// own is what the shell itself answers.
func own(s *Server) Module {
	return Module{
		Name: "web", Pages: files, Assets: files,
		Routes: []Route{
			{Pattern: "GET /{$}", Handler: s.home, Anyone: true},
			{Pattern: "POST /ngon-ngu", Handler: s.chooseLanguage, Anyone: true},
			{Pattern: "POST /co-quan", Handler: s.chooseAgency},
			{Pattern: "GET /ma-loi/{code}", Handler: s.explain, Anyone: true},
			{Pattern: "GET /he-thong-giao-dien", Handler: specimen, Anyone: true},
			{Pattern: "POST /he-thong-giao-dien", Handler: specimen, Anyone: true, Upload: true},
			{Pattern: "GET /he-thong-giao-dien/tien-do", Handler: specimenProgress, Anyone: true},
		},
	}
}

// home is the first page: to who is signed in, what waits for them; to a visitor, what can be done here without an account.
func (s *Server) home(r *Request) (Answer, error) {
	var views []*PanelView
	for _, p := range s.panels {
		v, err := p.Show(r)
		if err != nil {
			return nil, err
		}
		if v != nil {
			views = append(views, v)
		}
	}
	title := T("web.welcome")
	if r.Actor.SignedIn() {
		title = T("web.waiting_for_you")
	}
	return &Page{Title: title, Body: "home.html", Data: views}, nil
}

// chooseLanguage keeps the reader's language for a year.
func (s *Server) chooseLanguage(r *Request) (Answer, error) {
	l := i18n.Lang(r.PostFormValue("lang"))
	if !slices.Contains(i18n.Languages(), l) {
		return nil, fault.New(fault.Invalid, ErrUnreadable, "")
	}
	r.setCookie("lang", string(l), 365*24*60*60)
	return SeeOther(r.PostFormValue("back")), nil
}

// chooseAgency makes another agency the acting one. What stands on the page belongs to the old one, so that the reader begins anew.
func (s *Server) chooseAgency(r *Request) (Answer, error) {
	chosen := r.PostFormValue("agency")
	i := slices.IndexFunc(r.Actor.Agencies, func(c Choice) bool { return c.Value == chosen })
	if i < 0 {
		return nil, fault.New(fault.NotFound, ErrNoAgency, "")
	}
	if err := s.config.Sessions.Choose(r.Context(), r.session, chosen); err != nil {
		return nil, err
	}
	return SeeOther("/").Say(T("web.agency_chosen", "agency", r.Actor.Agencies[i].Name)), nil
}

// explain says what a code means: the address that a problem of the API names as its type.
func (s *Server) explain(r *Request) (Answer, error) {
	code := r.PathValue("code")
	if !s.config.Texts.Has("fault." + code + ".what") {
		return nil, fault.New(fault.NotFound, ErrNoPage, r.URL.Path)
	}
	v := Failure{Code: code, What: s.config.Texts.Fault(r.Lang, code, "what", "…", nil), Next: s.config.Texts.Fault(r.Lang, code, "next", "…", nil), Back: "/"}
	return &Page{Title: T("web.code"), Body: "failure.html", Data: v, Status: http.StatusOK}, nil
}
