package auth

import (
	"slices"

	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/web"
)

// peopleList is how the directory may be searched for somebody; each pair walks an index of directory/org.
var peopleList = web.List{
	Key:     "auth.people",
	Columns: []web.Column{{Name: "name"}, {Name: "place"}, {Name: "choose"}},
	Pairs:   []web.Pair{{Sort: "name"}, {Filters: []string{"name"}, Sort: "name"}},
}

// personRow is somebody with what choosing them does: it links an account at once, or leads to the form of a new one.
type personRow struct {
	Someone

	Link *web.Act
	New  string
}

// choosePerson searches the directory for whose account it is, or is to be.
func (p page) choosePerson(r *web.Request) (web.Answer, error) {
	who, data := Who(r), struct {
		Table *web.Table
		Rows  []personRow
	}{}
	page := &web.Page{Title: web.T("auth.people"), Body: "people.html", Trail: accountTrail}
	var account store.ID
	if text := r.PathValue("id"); text != "" {
		h, err := p.managed(r, text)
		if err != nil {
			return nil, err
		}
		account, page.Title = h.ID, web.T("auth.people.of", "name", h.Name)
		page.Trail = append(slices.Clip(page.Trail), web.Link{Text: web.Plain(h.Name), Href: accountPath(h.ID)})
	}
	q, err := peopleList.Query(r)
	if err != nil {
		return nil, err
	}
	query := PeopleQuery{Begins: q.Value("name"), Limit: q.Limit + 1}
	if q.After != nil {
		key, ok := q.After.Value.([]byte)
		if !ok {
			return nil, fault.New(fault.Invalid, web.ErrCursor, "")
		}
		query.After = &Someone{ID: store.ID(q.After.ID), Key: key}
	}
	list, err := p.s.People(r.Context(), who, query)
	if err != nil {
		return nil, err
	}
	list, more := web.Cut(q, list)
	var next *web.Cursor
	if more {
		last := list[len(list)-1]
		next = &web.Cursor{Value: last.Key, ID: int64(last.ID)}
	}
	for _, x := range list {
		row := personRow{Someone: x, New: "/tai-khoan/moi?nguoi=" + x.ID.Text("per")}
		if account != 0 {
			row.Link = r.Act(web.T("auth.people.link"), accountPath(account)+"/nguoi", "", web.Choice{Value: x.ID.Text("per"), Name: "person"})
		}
		data.Rows = append(data.Rows, row)
	}
	data.Table, page.Data = q.Table(r, len(list), next), &data
	return page, nil
}

// linkPerson takes the choice.
func (p page) linkPerson(r *web.Request) (web.Answer, error) {
	var in struct {
		Person string `form:"person,hidden"`
	}
	if _, err := r.Form("auth.people", &in); err != nil {
		return nil, err
	}
	account, err := store.ParseID("acc", r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	person, err := store.ParseID("per", in.Person)
	if err != nil {
		return nil, err
	}
	if _, _, err := store.Before(p.s.LinkPerson(r.Context(), Who(r), account, person)); err != nil {
		return nil, err
	}
	return web.SeeOther(accountPath(account)).Say(web.T("auth.people.linked")), nil
}

// managed is an account that the reader manages.
func (p page) managed(r *web.Request, text string) (Held, error) {
	id, err := store.ParseID("acc", text)
	if err != nil {
		return Held{}, err
	}
	return p.s.Account(r.Context(), Who(r), id)
}

// personFact says whose account it is.
func (p page) personFact(r *web.Request, a *Account) (f web.Fact, err error) {
	f = web.Fact{Name: web.T("auth.account.person"), Value: web.T("auth.account.no_person")}
	if a.Person == 0 {
		return f, nil
	}
	f.Value = web.Plain(a.Person.Text("per"))
	err = p.s.db.View(r.Context(), p.s.System("foundation/auth.names"), func(tx *store.Tx) error {
		x, err := p.s.someone(tx, a.Person)
		if there, err := store.Found(err); err != nil || !there { // who has left is in no directory of today
			return err
		}
		f.Value, f.Href = web.Plain(x.Name), x.Href
		return nil
	})
	return f, err
}

func accountPath(id store.ID) string { return "/tai-khoan/" + id.Text("acc") }
