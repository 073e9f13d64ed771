package training

import (
	"embed"
	"encoding/hex"
	"io"

	"github.com/antinvn/antin/internal/foundation/web"
)

//go:embed pages
var pages embed.FS

const path = "huan-luyen"

// Pages are the addresses that certificates name, for programs, and a page that tells people what it is.
func Pages(s *Service) web.Module {
	p := page{s}
	return web.Module{
		Name: "pki/training", Pages: pages,
		Routes: []web.Route{
			{Pattern: "GET /" + path, Handler: p.about, Anyone: true},
			{Pattern: "GET /" + path + "/{name}", Handler: p.get, Anyone: true},
			{Pattern: "POST /" + path + "/tsa", Handler: p.post("tsa"), Anyone: true},
			{Pattern: "POST /" + path + "/ocsp/root", Handler: p.post("ocsp/root"), Anyone: true},
			{Pattern: "POST /" + path + "/ocsp/issuer", Handler: p.post("ocsp/issuer"), Anyone: true},
			{Pattern: "GET /" + path + "/ocsp/root/{request...}", Handler: p.ocsp("ocsp/root"), Anyone: true},
			{Pattern: "GET /" + path + "/ocsp/issuer/{request...}", Handler: p.ocsp("ocsp/issuer"), Anyone: true},
		},
	}
}

type page struct{ s *Service }

func (p page) answer(r *web.Request, name string, body []byte) (web.Answer, error) {
	kind, der, err := p.s.answer(r.Context(), name, body)
	if err != nil {
		return nil, err
	}
	return &web.Bytes{Type: kind, Body: der}, nil
}

func (p page) get(r *web.Request) (web.Answer, error) {
	name := r.PathValue("name")
	if name == "tsa" {
		return p.about(r)
	}
	return p.answer(r, name, nil)
}

func (p page) post(name string) web.Handler {
	return func(r *web.Request) (web.Answer, error) {
		body, err := io.ReadAll(io.LimitReader(r.Body, bodyLimit))
		if err != nil {
			return nil, err
		}
		return p.answer(r, name, body)
	}
}

func (p page) ocsp(name string) web.Handler {
	return func(r *web.Request) (web.Answer, error) {
		body, err := decodeGET(r.PathValue("request"))
		if err != nil {
			body = nil // the responder says that it is malformed
		}
		return p.answer(r, name, body)
	}
}

// about tells people.
func (p page) about(*web.Request) (web.Answer, error) {
	fingerprint := p.s.Root().Fingerprint()
	return &web.Page{
		Title: web.T("training.title"), Body: "about.html",
		Data: struct {
			Banner web.Banner
			Facts  []web.Fact
		}{
			web.Banner{Kind: web.Wait, Title: web.T("training.mark"), Body: web.T("training.mark_next")},
			[]web.Fact{
				{Name: web.T("training.root"), Value: web.Plain(p.s.Root().Subject.CommonName()), Href: "/" + path + "/root.crt"},
				{Name: web.T("training.fingerprint"), Value: web.Plain(hex.EncodeToString(fingerprint[:]))},
				{Name: web.T("training.tsa"), Value: web.Plain(p.s.base.JoinPath("tsa").String())},
			},
		},
		Trail: []web.Link{{Text: web.T("web.home"), Href: "/"}},
	}, nil
}

// Banner is what stands over every page that shows a training key or what was signed with one.
func Banner() *web.Banner {
	return &web.Banner{Kind: web.Wait, Title: web.T("training.mark"), Body: web.T("training.mark_short"), Link: &web.Link{Text: web.T("training.more"), Href: "/" + path}}
}
