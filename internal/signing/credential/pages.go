package credential

import (
	"embed"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/web"
	"github.com/antinvn/antin/internal/pki/training"
)

//go:embed pages
var pages embed.FS

// Path is where the keys of agencies are kept; NewPath, with the agency behind it, where one is issued.
const (
	Path    = "/khoa-ky"
	NewPath = Path + "/moi?co-quan="
)

// Pages are the keys that sign, for who issues and ends them.
func Pages(s *Service) web.Module {
	p := page{s}
	return web.Module{
		Name: "signing/credential", Pages: pages,
		Routes: []web.Route{
			{Pattern: "GET " + Path, Handler: p.list},
			{Pattern: "GET " + Path + "/moi", Handler: p.issue},
			{Pattern: "POST " + Path + "/moi", Handler: p.issue},
			{Pattern: "GET " + Path + "/{id}/ket-thuc", Handler: p.end},
			{Pattern: "POST " + Path + "/{id}/ket-thuc", Handler: p.end},
		},
		Navigation: []web.Item{{Text: web.T("credential.menu"), Href: Path, Order: 50, Shown: auth.Shown(auth.ManageCertificates)}},
	}
}

type page struct{ s *Service }

// keys is how they may be looked at: each pair walks an index of migrations 0300 and 0501.
var keys = web.List{
	Key:     "credential.list",
	Columns: []web.Column{{Name: "holder"}, {Name: "agency"}, {Name: "days"}, {Name: "end"}},
	Pairs:   []web.Pair{{Sort: "days", Desc: true}, {Filters: []string{"agency"}, Sort: "days", Desc: true}},
}

type keyRow struct {
	Credential

	AgencyName string
	Kind       web.Text
	State      web.Badge
	End        string // "" where it has ended
}

func (p page) list(r *web.Request) (web.Answer, error) {
	who := auth.Who(r)
	q, err := keys.Query(r)
	if err != nil {
		return nil, err
	}
	ask := Query{Limit: q.Limit + 1}
	if v := q.Value("agency"); v != "" {
		if ask.Agency, err = store.ParseID("agy", v); err != nil {
			return nil, err
		}
	}
	if q.After != nil {
		ask.Before = store.ID(q.After.ID)
	}
	list, err := p.s.List(r.Context(), who, ask)
	if err != nil {
		return nil, err
	}
	list, more := web.Cut(q, list)
	var next *web.Cursor
	if more {
		next = &web.Cursor{Value: int64(0), ID: int64(list[len(list)-1].ID)}
	}
	places, _, err := p.s.Holders(r.Context(), who, 0)
	if err != nil {
		return nil, err
	}
	data := struct {
		Banner *web.Banner
		Table  *web.Table
		Rows   []keyRow
	}{Banner: training.Banner(), Table: q.Table(r, len(list), next)}
	data.Table.Options("agency", choices(places))
	for _, c := range list {
		row := keyRow{Credential: c, AgencyName: nameOf(places, c.Agency), Kind: web.T("credential.purpose." + string(c.Purpose)), State: web.Badge{Kind: web.Quiet, Text: web.T("credential.over")}}
		if !c.Over {
			row.State, row.End = web.Badge{Kind: web.Good, Text: web.T("credential.in_force")}, Path+"/"+c.ID.Text("crd")+"/ket-thuc"
		}
		data.Rows = append(data.Rows, row)
	}
	link := web.Link{Text: web.T("credential.new"), Href: NewPath + who.Agency.Text("agy"), Primary: true}
	data.Table.Link = &link
	return &web.Page{Title: web.T("credential.menu"), Body: "keys.html", Data: data, Acts: []web.Link{link}}, nil
}

func choices(places []Place) (list []web.Choice) {
	for _, x := range places {
		list = append(list, web.Choice{Value: x.ID.Text("agy"), Name: x.Name})
	}
	return list
}

func nameOf(places []Place, id store.ID) string {
	for _, x := range places {
		if x.ID == id {
			return x.Name
		}
	}
	return id.Text("agy")
}

var trail = []web.Link{{Text: web.T("credential.menu"), Href: Path}}

// stamp is what stands for the agency itself where a holder is chosen.
const stamp = "seal"

// issue asks for which agency first, by its address: who can hold a key there, and whether it has a seal of its own, hangs on it.
func (p page) issue(r *web.Request) (web.Answer, error) {
	var in struct {
		Holder string `form:"holder,select,required"`
	}
	form, err := r.Form("credential.issue", &in)
	if err != nil {
		return nil, err
	}
	agency, err := store.ParseID("agy", r.URL.Query().Get("co-quan"))
	if err != nil {
		return nil, err
	}
	places, people, err := p.s.Holders(r.Context(), auth.Who(r), agency)
	if err != nil {
		return nil, err
	}
	asked := map[string]Asked{}
	var all []web.Choice
	add := func(value, name string, a Asked) {
		if _, twice := asked[value]; !twice { // who has two posts signs with the first one
			a.Agency, a.AgencyName = agency, nameOf(places, agency)
			asked[value], all = a, append(all, web.Choice{Value: value, Name: name})
		}
	}
	for _, x := range places {
		if x.ID == agency && x.OwnSeal {
			add(stamp, r.Say(web.T("credential.seal_of", "agency", x.Name)), Asked{Purpose: Seal})
		}
	}
	for _, h := range people {
		add(h.ID.Text("per"), h.Name+", "+h.Title, Asked{Purpose: Signature, Holder: h.ID, Name: h.Name, Title: h.Title})
	}
	form.Options("holder", all)
	form.Cancel = Path
	if form.OK() {
		_, err := p.s.IssueTraining(r.Context(), auth.Who(r), asked[in.Holder])
		if _, _, err = store.Before(err); err == nil {
			return web.SeeOther(Path + "?agency=" + agency.Text("agy")).Say(web.T("credential.issued")), nil
		}
		if !form.Blame(err) {
			return nil, err
		}
	}
	data := struct {
		Banner *web.Banner
		Path   string
		Here   string
		Places []web.Choice
		Form   *web.Form
		None   *web.Empty
	}{training.Banner(), Path + "/moi", agency.Text("agy"), choices(places), form, nil}
	if len(all) == 0 {
		data.None = &web.Empty{Title: web.T("credential.nobody"), Next: web.T("credential.nobody_next"), Link: &web.Link{Text: web.T("credential.people"), Href: "/nguoi"}}
	}
	return &web.Page{Title: web.T("credential.new"), Body: "issue.html", Data: data, Form: form, Trail: trail}, nil
}

// end asks why, ends the key and revokes its certificate.
func (p page) end(r *web.Request) (web.Answer, error) {
	var in struct {
		Reason string `form:"reason,radio,required"`
	}
	form, err := r.Form("credential.end", &in)
	if err != nil {
		return nil, err
	}
	id, err := store.ParseID("crd", r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	who := auth.Who(r)
	list, err := p.s.List(r.Context(), who, Query{ID: id})
	if err != nil {
		return nil, err
	}
	var all []web.Choice
	code := 0
	for _, x := range Reasons {
		all = append(all, web.Choice{Value: string(x.Reason), Name: r.Say(web.T("credential.reason." + string(x.Reason)))})
		if string(x.Reason) == in.Reason {
			code = x.Code
		}
	}
	form.Options("reason", all)
	form.Cancel = Path
	if c := list[0]; form.OK() {
		err := p.s.End(r.Context(), who.Inner(), id, Reason(in.Reason))
		if err == nil {
			err = p.s.training.Revoke(r.Context(), who, c.Serial, code)
		}
		if _, _, err = store.Before(err); err != nil {
			return nil, err
		}
		return web.SeeOther(Path + "?agency=" + c.Agency.Text("agy")).Say(web.T("credential.ended", "name", c.Name)), nil
	}
	c := list[0]
	data := struct {
		Facts []web.Fact
		Form  *web.Form
	}{[]web.Fact{
		{Name: web.T("credential.list.holder"), Value: web.Plain(c.Name)}, {Name: web.T("credential.kind"), Value: web.T("credential.purpose." + string(c.Purpose))},
		{Name: web.T("credential.list.days"), Value: web.Plain(i18n.Date(c.Since) + " – " + i18n.Date(c.Until))},
	}, form}
	return &web.Page{Title: web.T("credential.end_of", "name", c.Name), Body: "end.html", Data: data, Form: form, Trail: trail}, nil
}
