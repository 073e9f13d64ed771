package document

import (
	"embed"
	"slices"
	"time"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/web"
	"github.com/antinvn/antin/internal/pki/training"
	"github.com/antinvn/antin/internal/records/register"
	"github.com/antinvn/antin/internal/signing/credential"
)

//go:embed pages
var pages embed.FS

const (
	path    = "/van-ban"
	newPath = path + "/moi"
	idKind  = "doc"
	evtKind = "evt"
)

func at(id store.ID, below string) string { return path + "/" + id.Text(idKind) + below }

// Pages are the documents, and what waits for the reader on the first page.
func Pages(s *Service) web.Module {
	p := page{s}
	return web.Module{
		Name: "records/document", Pages: pages,
		Routes: []web.Route{
			{Pattern: "GET " + path, Handler: p.list},
			{Pattern: "GET " + newPath, Handler: p.write},
			{Pattern: "POST " + newPath, Handler: p.write, Upload: true},
			{Pattern: "GET " + path + "/{id}", Handler: p.show},
			{Pattern: "GET " + path + "/{id}/tep", Handler: p.content},
			{Pattern: "GET " + path + "/{id}/trang/{page}", Handler: p.picture},
			{Pattern: "GET " + path + "/{id}/tep-moi", Handler: p.replace},
			{Pattern: "POST " + path + "/{id}/tep-moi", Handler: p.replace, Upload: true},
			{Pattern: "GET " + path + "/{id}/ky", Handler: p.sign},
			{Pattern: "POST " + path + "/{id}/ky", Handler: p.sign},
			{Pattern: "GET " + path + "/{id}/tra-lai", Handler: p.back},
			{Pattern: "POST " + path + "/{id}/tra-lai", Handler: p.back},
			{Pattern: "GET " + path + "/{id}/phat-hanh", Handler: p.seal},
			{Pattern: "POST " + path + "/{id}/phat-hanh", Handler: p.seal},
		},
		Navigation: []web.Item{{Text: web.T("document.menu"), Href: path, Order: 10}},
		Panels:     []web.Panel{{Order: 10, Show: p.panel}},
	}
}

type page struct{ s *Service }

// documents is the one table of all views; the tabs choose which.
var documents = web.List{
	Key:     "document.list",
	Columns: []web.Column{{Name: "title"}, {Name: "kind"}, {Name: "notation"}, {Name: "changed"}},
	Pairs:   []web.Pair{{Filters: []string{"xem"}, Sort: "changed", Desc: true}, {Sort: "changed", Desc: true}},
}

// views are the tabs, and what they are called in addresses.
var views = []struct {
	view View
	name string
	need auth.Permission
}{
	{Waiting, "cho-toi", ""}, {Mine, "cua-toi", ""}, {Outgoing, "di", auth.ReadDocuments}, {Incoming, "den", auth.ReadDocuments},
}

var badges = map[State]web.Kind{Draft: web.Wait, Returned: web.Bad, Signed: web.Wait, Numbered: web.Wait, Issued: web.Info}

func badge(s State) web.Badge {
	return web.Badge{Kind: badges[s], Text: web.T("document.state." + string(s))}
}

type listRow struct {
	Row

	Href  string
	State web.Badge
	Kind  string
	When  time.Time
}

type listData struct {
	Tabs  []web.Tab
	Table *web.Table
	Rows  []listRow
}

func (p page) list(r *web.Request) (web.Answer, error) {
	q, err := documents.Query(r)
	if err != nil {
		return nil, err
	}
	who := auth.Who(r)
	d, view := listData{}, Waiting
	for _, v := range views {
		if v.need != "" && !who.May(v.need) {
			continue
		}
		here := q.Value("xem") == v.name || q.Value("xem") == "" && v.view == Waiting
		if here {
			view = v.view
		}
		d.Tabs = append(d.Tabs, web.Tab{Text: web.T("document.view." + string(v.view)), Href: path + "?xem=" + v.name, Current: here})
	}
	var after *Place
	if q.After != nil {
		n, _ := q.After.Value.(int64)
		after = &Place{n, store.ID(q.After.ID)}
	}
	rows, err := p.s.List(r.Context(), who, view, after, q.Limit+1)
	if err != nil {
		return nil, err
	}
	rows, more := web.Cut(q, rows)
	var next *web.Cursor
	if more {
		last := rows[len(rows)-1]
		next = &web.Cursor{ID: int64(last.ID), Value: int64(0)}
		if !last.Received.IsZero() {
			next.Value = store.Micros(last.Received)
		}
	}
	d.Table = q.Table(r, len(rows), next)
	d.Table.Filters, d.Table.Filtered = nil, false // the tabs choose
	for _, x := range rows {
		d.Rows = append(d.Rows, listRow{x, at(x.ID, ""), badge(x.State), kindName(r.Lang, &x.Document), when(&x)})
	}
	out := &web.Page{Title: web.T("document.menu"), Body: "list.html", Data: d}
	if who.May(auth.WriteDocument) {
		link := web.Link{Text: web.T("document.new"), Href: newPath, Primary: true}
		out.Acts, d.Table.Link = []web.Link{link}, &link
	}
	return out, nil
}

// when is the date that a list shows: of receipt, or the document's own, or of its making.
func when(x *Row) time.Time {
	switch {
	case !x.Received.IsZero():
		return x.Received
	case x.Number > 0:
		return x.Day
	}
	return x.ID.Time()
}

func kindName(l i18n.Lang, d *Document) string {
	day := d.ID.Time()
	if d.Number > 0 {
		day = d.Day
	}
	if k, ok := register.KindOf(d.Kind, day); ok {
		return k.Name(l)
	}
	return d.Kind
}

// panelRows is how many documents the first page shows.
const panelRows = 5

func (p page) panel(r *web.Request) (*web.PanelView, error) {
	who := auth.Who(r)
	if who.Account == 0 {
		return nil, nil //nolint:nilnil // a visitor has no use for it
	}
	rows, err := p.s.List(r.Context(), who, Waiting, nil, panelRows)
	if err != nil {
		return nil, err
	}
	n, err := p.s.CountWaiting(r.Context(), who)
	if err != nil {
		return nil, err
	}
	v := &web.PanelView{
		Title: web.T("document.panel"), Empty: web.Empty{Title: web.T("document.panel.none"), Next: web.T("document.list.none_next")},
	}
	for _, x := range rows {
		b := badge(x.State)
		v.Rows = append(v.Rows, web.PanelRow{Text: web.Plain(x.Title), Note: web.Plain(x.Notation), Href: at(x.ID, ""), Badge: &b})
	}
	if n > 0 {
		v.More = &web.Link{Text: web.T("document.panel.all", "n", n), Href: path}
	}
	return v, nil
}

// read is the document that a request names, as its reader may see it.
func (p page) read(r *web.Request) (auth.Actor, Full, error) {
	who := auth.Who(r)
	id, err := store.ParseID(idKind, r.PathValue("id"))
	if err != nil {
		return who, Full{}, err
	}
	d, err := p.s.Get(r.Context(), who, id)
	return who, d, err
}

type showData struct {
	Banner, Returned *web.Banner
	Keyless          *web.Banner
	State            web.Badge
	Facts            []web.Fact
	Steps            []web.Step
	Recipients       []web.Fact
	Happenings       []web.Happening
	Sheets           *web.Sheets
}

func (p page) show(r *web.Request) (web.Answer, error) {
	id, err := store.ParseID(idKind, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	pages, err := p.sheets(r, id, "") // first: it may record that they were opened, which the page then shows
	if err != nil {
		return nil, err
	}
	who, d, err := p.read(r)
	if err != nil {
		return nil, err
	}
	data := showData{Sheets: pages, Banner: marked(&d.Document), State: badge(d.State), Facts: facts(r, &d.Document), Steps: way(&d)}
	if d.State == Returned {
		data.Returned = &web.Banner{Kind: web.Bad, Title: web.T("document.returned_because"), Body: web.Plain(d.Reason)}
	}
	if d.Keyless {
		data.Keyless = keyless(who, &d.Document)
	}
	for _, x := range d.Recipients {
		said := web.T("document.received.wait")
		switch {
		case !x.Opened.IsZero():
			said = web.T("document.received.opened", "at", i18n.Date(x.Opened))
		case !x.Issued.IsZero():
			said = web.T("document.received.sent")
		}
		data.Recipients = append(data.Recipients, web.Fact{Name: web.Plain(x.Name), Value: said})
	}
	for _, x := range slices.Backward(d.Steps) {
		data.Happenings = append(data.Happenings, web.Happening{At: x.At, Who: x.Name, What: web.T("document.step." + x.What), Note: web.Plain(x.Note)})
	}
	return &web.Page{Title: web.Plain(d.Title), Body: "document.html", Data: data, Trail: trail(nil), Acts: acts(who, &d.Document)}, nil
}

// keyless tells who is to sign and has no key what to do; who may issue one is led there.
func keyless(who auth.Actor, d *Document) *web.Banner {
	b := &web.Banner{Kind: web.Wait, Title: web.T("document.keyless"), Body: web.T("document.keyless_next")}
	switch {
	case who.Person == 0:
		b.Body = web.T("document.personless")
	case who.May(auth.ManageCertificates):
		b.Link = &web.Link{Text: web.T("document.keyless_issue"), Href: credential.NewPath + d.Agency.Text("agy")}
	}
	return b
}

// marked is the banner of training keys, where something was signed with one.
func marked(d *Document) *web.Banner {
	if d.Signer == "" {
		return nil
	}
	return training.Banner()
}

func trail(d *Document) []web.Link {
	t := []web.Link{{Text: web.T("web.home"), Href: "/"}, {Text: web.T("document.menu"), Href: path}}
	if d != nil {
		t = append(t, web.Link{Text: web.Plain(d.Title), Href: at(d.ID, "")})
	}
	return t
}

// acts are what the reader can do with a document now; the one that waits for him comes first.
func acts(who auth.Actor, d *Document) []web.Link {
	var out []web.Link
	add := func(text, below string, primary bool) {
		out = append(out, web.Link{Text: web.T(text), Href: at(d.ID, below), Primary: primary})
	}
	here := who.Agency == d.Agency
	switch {
	case d.State == Draft && here && who.May(auth.SignDocument):
		add("document.act.sign", "/ky", true)
		add("document.return", "/tra-lai", false)
	case d.State == Signed && here && who.May(auth.NumberDocument):
		add("document.act.seal", "/phat-hanh", true)
		add("document.return", "/tra-lai", false)
	case d.State == Numbered && here && who.May(auth.SealDocument):
		add("document.act.seal_on", "/phat-hanh", true)
	case d.State == Returned && who.Account == d.Drafter:
		add("document.act.replace", "/tep-moi", true)
	}
	add("document.pdf", "/tep", false)
	return out
}

func facts(r *web.Request, d *Document) []web.Fact {
	f := []web.Fact{
		{Name: web.T("document.facts.kind"), Value: web.Plain(kindName(r.Lang, d))},
		{Name: web.T("document.facts.file"), Value: web.Plain(d.Name), Href: at(d.ID, "/tep?doc=1")},
	}
	if d.Notation != "" {
		f = append(f, web.Fact{Name: web.T("document.facts.notation"), Value: web.Plain(d.Notation)}, web.Fact{Name: web.T("document.facts.date"), Value: web.Plain(i18n.Date(d.Day))})
	}
	if d.Signer != "" {
		f = append(f, web.Fact{Name: web.T("document.facts.signer"), Value: web.Plain(d.Signer)})
	}
	return f
}

// way is the picture of where a document stands.
func way(d *Full) []web.Step {
	stands := slices.Index([]State{Draft, Signed, Numbered, Issued}, d.State) // how many steps are done, less one
	var out []web.Step
	for i, name := range []string{"draft", "signed", "numbered", "sealed"} {
		s := web.Step{Text: web.T("document.way." + name), State: "todo"}
		switch {
		case d.State == Returned && i == 0:
			s.State, s.Note = "refused", web.Plain(d.Reason)
		case d.State == Returned:
		case i <= stands:
			s.State = "done"
		case i == stands+1:
			s.State = "current"
		}
		out = append(out, s)
	}
	return out
}

// content sends the PDF: to be saved, or with "doc" to be read at once.
func (p page) content(r *web.Request) (web.Answer, error) {
	id, err := store.ParseID(idKind, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	c, err := p.s.Open(r.Context(), auth.Who(r), id)
	if err != nil {
		return nil, err
	}
	return &web.Download{Name: c.Name, Type: "application/pdf", Size: c.Size, Content: c, Inline: r.URL.Query().Has("doc")}, nil
}
