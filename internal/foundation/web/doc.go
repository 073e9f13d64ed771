// Package web is the shell of the house: it takes a request to the module that answers it, and draws the answer. Pages are rendered on the
// server and work without JavaScript; /he-thong-giao-dien shows every part they are made of.
//
// A module brings a [Module]: its routes, its place in the menu and its pages. A page with a form, whole:
//
//	//go:embed pages
//	var pages embed.FS
//
//	func Pages(s *Service) web.Module {
//		p := page{s}
//		return web.Module{
//			Name: "records/note", Pages: pages,
//			Routes: []web.Route{
//				{Pattern: "GET /ghi-chu/moi", Handler: p.write},
//				{Pattern: "POST /ghi-chu/moi", Handler: p.write},
//			},
//			Navigation: []web.Item{{Text: web.T("note.menu"), Href: "/ghi-chu/moi", Order: 40}},
//		}
//	}
//
//	func (p page) write(r *web.Request) (web.Answer, error) {
//		var in struct {
//			Title string `form:"title,required,max=300"`
//			Text  string `form:"text,textarea"`
//		}
//		form, err := r.Form("note.new", &in)
//		if err != nil {
//			return nil, err
//		}
//		if form.OK() {
//			id, err := p.notes.Write(r.Context(), in.Title, in.Text)
//			if err == nil {
//				return web.SeeOther("/ghi-chu/" + id).Say(web.T("note.written")), nil
//			}
//			if !form.Blame(err) {
//				return nil, err
//			}
//		}
//		return &web.Page{Title: web.T("note.new"), Body: "new.html", Form: form}, nil
//	}
//
// with pages/new.html being {{template "form" .}}, and "note.new", "note.new.title", "note.new.text" in the module's texts.
//
// What holds for every request stands in server.go: its id, the headers, cross-origin posts refused ([http.CrossOriginProtection]), limits,
// who is there, failures. A form carries a single-use id, so that sending it twice answers what it led to the first time ([Once]), and
// outlives its session (keep.go). A [List] declares the pairs of filter and order that have an index, and goes on by key.
//
// Errors are faults (package fault): a page with what happened, what to do, the code and the request's id, or a problem (RFC 9457)
// under /api/. What needs a store comes through [Sessions] and [Once].
package web
