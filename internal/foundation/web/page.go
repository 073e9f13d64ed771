package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/antinvn/antin/internal/foundation/i18n"
)

// Page is a page in the shell.
type Page struct {
	Title Text
	// Body is a file of the module's folder "pages". It is the content below the heading, and "." in it is Data.
	Body string
	Data any
	// Form is the form that the page is about: it is Data where there is no other, and a page whose form is wrong answers 422.
	Form *Form
	// Trail leads here from above; Acts stand beside the heading.
	Trail []Link
	Acts  []Link
	// Status is 200 unless set. Refresh asks again after seconds where there is no JavaScript.
	Status  int
	Refresh int
	// Scripts are the module's, for this page.
	Scripts []string
	// Pictures says that some stand in the page itself ([Embedded]): its policy alone lets them.
	Pictures bool
}

//go:embed parts/*.html pages/*.html assets
var files embed.FS

// view is what the shell is drawn from.
type view struct {
	*Page

	Lang     i18n.Lang
	Actor    Actor
	Said     Text
	Items    []Item
	Path     string
	Here     string
	Request  string
	SignIn   string
	SignOut  *Act
	Language *Act
	Agencies *agencies
	Scripts  []string
}

// agencies is the chooser of the acting agency.
type agencies struct {
	ID, Back string
	All      []Choice
	Current  string
}

func (p *Page) send(s *Server, r *Request) error {
	if p.Form != nil && p.Form.Wrong() {
		or(&p.Status, http.StatusUnprocessableEntity)
	}
	or(&p.Status, http.StatusOK)
	if p.Data == nil && p.Form != nil {
		p.Data = p.Form
	}
	t := s.pages[r.Lang][r.module+"/"+p.Body]
	if t == nil {
		return fmt.Errorf("web: no page %s of %s", p.Body, r.module)
	}
	v := view{Page: p, Lang: r.Lang, Actor: r.Actor, Said: r.takeFlash(), Path: r.URL.RequestURI(), Request: r.ID, SignIn: s.config.SignIn}
	if r.Method != http.MethodGet {
		v.Path = r.back() // switching the language must not lead to what only takes posts
	}
	for _, i := range s.items {
		if i.Shown != nil && i.Shown(r.Actor) || i.Shown == nil && r.Actor.SignedIn() {
			v.Items = append(v.Items, i)
			if here := r.URL.Path; (here == i.Href || strings.HasPrefix(here, strings.TrimSuffix(i.Href, "/")+"/")) && len(i.Href) > len(v.Here) {
				v.Here = i.Href
			}
		}
	}
	other, name := i18n.English, "web.english"
	if r.Lang == i18n.English {
		other, name = i18n.Vietnamese, "web.vietnamese"
	}
	v.Language = r.Act(T(name), "/ngon-ngu", "link", Choice{string(other), "lang"}, Choice{v.Path, "back"})
	if r.Actor.SignedIn() {
		v.SignOut = r.Act(T("web.sign_out"), s.config.SignOut, "link")
		v.Agencies = &agencies{r.server.newID(16), v.Path, r.Actor.Agencies, r.Actor.Agency.Value}
	}
	for _, name := range []string{"dialog.js", "drop.js", "keep.js", "progress.js"} {
		v.Scripts = append(v.Scripts, s.assetOf["web/"+name])
	}
	for _, name := range p.Scripts {
		v.Scripts = append(v.Scripts, s.assetOf[r.module+"/"+name])
	}
	if p.Pictures {
		r.out.Header().Set("Content-Security-Policy", policy+"; img-src 'self' data:")
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "shell", v); err != nil {
		return fmt.Errorf("web: page %s of %s: %w", p.Body, r.module, err)
	}
	s.write(r, p.Status, "text/html; charset=utf-8", b.Bytes())
	return nil
}

// readPages parses every page of every module with the parts, once for each language.
func (s *Server) readPages(modules []Module) error {
	s.pages = map[i18n.Lang]map[string]*template.Template{}
	for _, l := range i18n.Languages() {
		parts, err := template.New("").Funcs(s.functions(l)).ParseFS(files, "parts/*.html")
		if err != nil {
			return fmt.Errorf("web: %w", err)
		}
		s.pages[l] = map[string]*template.Template{}
		for _, m := range modules {
			if m.Pages == nil {
				continue
			}
			names, err := fs.Glob(m.Pages, "pages/*.html")
			if err != nil {
				return fmt.Errorf("web: %w", err)
			}
			for _, name := range names {
				b, err := fs.ReadFile(m.Pages, name)
				if err != nil {
					return fmt.Errorf("web: %w", err)
				}
				t, err := parts.Clone()
				if err == nil {
					_, err = t.New("content").Parse(string(b))
				}
				if err != nil {
					return fmt.Errorf("web: %s of %s: %w", name, m.Name, err)
				}
				s.pages[l][m.Name+"/"+path.Base(name)] = t
			}
		}
	}
	return nil
}

// functions are what templates may call. All text comes through t and say; nothing makes markup of a string.
func (s *Server) functions(l i18n.Lang) template.FuncMap {
	texts := s.config.Texts
	return template.FuncMap{
		"t":    func(key string, pairs ...any) string { return T(key, pairs...).in(texts, l) },
		"say":  func(t Text) string { return t.in(texts, l) },
		"text": T,
		"has":  texts.Has,
		"badge": func(kind Kind, key string, pairs ...any) Badge {
			return Badge{kind, T(key, pairs...)}
		},
		"date":     i18n.Date,
		"clock":    i18n.Clock,
		"datetime": i18n.DateTime,
		"iso":      func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"number":   func(n int64) string { return i18n.Number(l, n) },
		"asset":    func(name string) string { return s.assetOf[name] },
		"size":     Size,
		"add":      func(a, b int) int { return a + b },
	}
}
