package org

import (
	"errors"
	"time"

	"github.com/antinvn/antin/internal/foundation/api"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/web"
)

// API are the calls about agencies, units, people, posts and absences. What acts answers the thing's id and its version from then on.
func API(s *Service) []*api.Operation {
	const nodes, people, absences = "/api/agencies", "/api/people", "/api/own-absences"
	return []*api.Operation{
		api.Get(nodes, "getTree", "org.api.tree", s.apiTree).Calls("directory/org.Tree"),
		api.Get(nodes+"/managed", "listManagedAgencies", "org.api.places", s.apiPlaces).Calls("directory/org.Places"),
		api.Get(nodes+"/{id}", "getAgency", "org.api.node", s.apiNode).Calls("directory/org.Node"),
		api.Post(nodes, "makeAgency", "org.api.make", s.apiMake).Calls("directory/org.Make"),
		api.Post(nodes+"/{id}/change", "changeAgency", "org.api.change", s.apiChange).Calls("directory/org.Change"),
		api.Post(nodes+"/{id}/end", "endAgency", "org.api.end", s.apiEnd).Calls("directory/org.End"),
		api.Get(people, "listPeople", "org.api.people", s.apiPeople).Calls("directory/org.People"),
		api.Get(people+"/{id}", "getPerson", "org.api.person", s.apiPerson).Calls("directory/org.Person"),
		api.Post(people, "makePerson", "org.api.make_person", s.apiMakePerson).Calls("directory/org.MakePerson"),
		api.Post(people+"/{id}/change", "changePerson", "org.api.change_person", s.apiChangePerson).Calls("directory/org.ChangePerson"),
		api.Post(people+"/{id}/end", "endPerson", "org.api.end_person", s.apiEndPerson).Calls("directory/org.EndPerson"),
		api.Post(people+"/{id}/private", "setPrivateData", "org.api.set_private", s.apiSetPrivate).Calls("directory/org.SetPrivate"),
		api.Post(people+"/{id}/reveal", "revealPrivateData", "org.api.reveal", s.apiReveal).Calls("directory/org.Reveal"),
		api.Post(people+"/{id}/posts", "givePost", "org.api.give_post", s.apiGivePost).Calls("directory/org.GivePost"),
		api.Post("/api/posts/{id}/end", "endPost", "org.api.end_post", s.apiEndPost).Calls("directory/org.EndPost"),
		api.Post(people+"/{id}/absences", "setAbsence", "org.api.set_absence", s.apiSetAbsence).Calls("directory/org.SetAbsence"),
		api.Post("/api/absences/{id}/withdraw", "withdrawAbsence", "org.api.withdraw", s.apiWithdraw(s.WithdrawAbsence)).Calls("directory/org.WithdrawAbsence"),
		api.Post(absences, "setOwnAbsence", "org.api.set_own_absence", s.apiSetOwnAbsence).Calls("directory/org.SetOwnAbsence"),
		api.Post(absences+"/{id}/withdraw", "withdrawOwnAbsence", "org.api.withdraw_own", s.apiWithdraw(s.WithdrawOwnAbsence)).Calls("directory/org.WithdrawOwnAbsence"),
	}
}

// apiFacts are what is so of an agency or a unit in a time.
type apiFacts struct {
	Parent     string `id:"agy,unt"                                                                                                              json:"parent,omitempty"`
	Kind       Kind   `enum:"council,committee,department,service_unit,front,mass_organisation,party,other_body,office,division,team,other_unit" json:"kind"`
	Level      Level  `enum:"central,province,district,commune"                                                                                  json:"level,omitempty"`
	Sector     string `json:"sector,omitempty"`
	Name       string `json:"name"`
	ShortName  string `json:"short_name,omitempty"`
	Notation   string `json:"notation,omitempty"`
	OwnSeal    bool   `json:"own_seal,omitempty"`
	Code13     string `json:"code13,omitempty"`
	Code35     string `json:"code35,omitempty"`
	TaxCode    string `json:"tax_code,omitempty"`
	BudgetCode string `json:"budget_code,omitempty"`
	Address    string `json:"address,omitempty"`
	Email      string `json:"email,omitempty"`
	Phone      string `json:"phone,omitempty"`
}

// factsOf are facts as they are answered, with their parent's id.
func factsOf(f *Facts, parent string) apiFacts {
	return apiFacts{
		parent, f.Kind, f.Level, f.Sector, f.Name, f.ShortName, f.Notation, f.OwnSeal, f.Code13, f.Code35, f.TaxCode, f.BudgetCode, f.Address, f.Email, f.Phone,
	}
}

func (f *apiFacts) facts() (Facts, error) {
	parent, err := optional(f.Parent, parseNode)
	return Facts{
		parent, f.Kind, f.Level, f.Sector, f.Name, f.ShortName, f.Notation, f.OwnSeal, f.Code13, f.Code35, f.TaxCode, f.BudgetCode, f.Address, f.Email, f.Phone,
	}, err
}

// optional reads an id that may be left out.
func optional(s string, read func(string) (store.ID, error)) (store.ID, error) {
	if s == "" {
		return 0, nil
	}
	return read(s)
}

func parse(prefix string) func(string) (store.ID, error) {
	return func(s string) (store.ID, error) { return store.ParseID(prefix, s) }
}

// text is an id that may be none.
func text(id store.ID, prefix string) string {
	if id == 0 {
		return ""
	}
	return id.Text(prefix)
}

// apiDone is what an act led to.
type apiDone struct {
	ID      string `id:"agy,unt,per" json:"id"`
	Version string `id:"evt"         json:"version"`
}

// done answers an act; one that was done before, by a call with the same key, answers what it led to then.
func done(d Done, err error, prefix string) (apiDone, error) {
	if first, before := errors.AsType[*store.Done](err); before {
		d, err = Done{first.Object, first.Event}, nil
	}
	if err != nil {
		return apiDone{}, err
	}
	return apiDone{d.ID.Text(prefix), d.Event.Text("evt")}, nil
}

// apiMoment says in which times the directory is read; what is left out is now.
type apiMoment struct {
	ID    string    `id:"agy,unt,per" path:"id"`
	On    api.Date  `query:"on"`
	Known time.Time `query:"known"`
}

func (m *apiMoment) moment() Moment { return Moment{m.On.Time(), m.Known} }

// apiBranch is a node of the tree.
type apiBranch struct {
	ID        string      `id:"agy,unt"                json:"id"`
	Kind      Kind        `json:"kind"`
	Level     Level       `json:"level,omitempty"`
	Name      string      `json:"name"`
	ShortName string      `json:"short_name,omitempty"`
	Notation  string      `json:"notation,omitempty"`
	OwnSeal   bool        `json:"own_seal"`
	Parted    bool        `json:"has_below"`
	Below     []apiBranch `json:"below"`
	// More says that there are more below than are answered.
	More bool `json:"more_below"`
}

func branches(all []Branch) []apiBranch {
	out := make([]apiBranch, len(all))
	for i := range all {
		b := &all[i]
		out[i] = apiBranch{b.Text(), b.Kind, b.Level, b.Name, b.ShortName, b.Notation, b.OwnSeal, b.Parted, branches(b.Below), b.More}
	}
	return out
}

func (s *Service) apiTree(r *web.Request, in struct {
	Open  string    `id:"agy,unt"  query:"open"`
	On    api.Date  `query:"on"`
	Known time.Time `query:"known"`
}) (out api.List[apiBranch], err error) {
	open, err := optional(in.Open, parseNode)
	if err != nil {
		return out, err
	}
	tree, err := s.Tree(r.Context(), auth.Who(r), open, Moment{in.On.Time(), in.Known})
	out.Items = branches(tree)
	return out, err
}

type apiPlace struct {
	ID     string `id:"agy,unt" json:"id"`
	Agency string `id:"agy"     json:"agency"`
	Kind   Kind   `json:"kind"`
	Name   string `json:"name"`
}

func (s *Service) apiPlaces(r *web.Request, in struct {
	On api.Date `query:"on"`
}) (out api.List[apiPlace], err error) {
	places, err := s.Places(r.Context(), auth.Who(r), in.On.Time())
	out.Items = make([]apiPlace, len(places))
	for i, n := range places {
		out.Items[i] = apiPlace{n.Text(), n.Agency.Text(agencyPrefix), n.Kind, n.Name}
	}
	return out, err
}

type apiPost struct {
	ID     string    `id:"pst"     json:"id"`
	Person string    `id:"per"     json:"person"`
	Name   string    `json:"name"`
	Agency string    `id:"agy"     json:"agency"`
	Unit   string    `id:"unt"     json:"unit,omitempty"`
	Title  string    `json:"title"`
	Since  *api.Date `json:"since"`
	Until  *api.Date `json:"until"`
	Away   bool      `json:"away"`
}

func posts(all []Held) []apiPost {
	out := make([]apiPost, len(all))
	for i := range all {
		p := &all[i]
		out[i] = apiPost{
			p.ID.Text(postPrefix), p.Person.Text(personPrefix), p.Name, p.Agency.Text(agencyPrefix), text(p.Unit, unitPrefix), p.Title,
			api.Day(p.Since), api.Day(p.Until, store.Forever), p.Away,
		}
	}
	return out
}

// apiSpan is in which times something is so: in the world, and as it is believed here.
type apiSpan struct {
	Since    *api.Date  `json:"since"`
	Until    *api.Date  `json:"until"`
	Recorded *time.Time `json:"recorded_at"`
	Replaced *time.Time `json:"replaced_at"`
	Basis    string     `json:"basis,omitempty"`
}

func spanOf[T comparable](v *Version[T]) apiSpan {
	return apiSpan{api.Day(v.Since), api.Day(v.Until, store.Forever), api.Time(v.Recorded), api.Time(v.Replaced), v.Basis}
}

type apiNodeVersion struct {
	apiSpan

	Facts apiFacts `json:"facts"`
}

type apiNode struct {
	apiFacts

	ID      string           `id:"agy,unt"   json:"id"`
	Agency  string           `id:"agy"       json:"agency"`
	Version string           `id:"evt"       json:"version"`
	There   bool             `json:"there"`
	First   *api.Date        `json:"first"`
	Last    *api.Date        `json:"last"`
	Below   []apiBranch      `json:"below"`
	Posts   []apiPost        `json:"posts"`
	History []apiNodeVersion `json:"history"`
	Manages bool             `json:"manages"`
}

func (s *Service) apiNode(r *web.Request, in apiMoment) (out apiNode, err error) {
	id, err := parseNode(in.ID)
	if err != nil {
		return out, err
	}
	v, err := s.Node(r.Context(), auth.Who(r), id, in.moment())
	if err != nil {
		return out, err
	}
	// A body stands below a body, a unit below its agency or another unit of it.
	parent := func(id store.ID) string {
		return text(id, map[bool]string{true: unitPrefix, false: agencyPrefix}[v.Internal() && id != v.Agency])
	}
	out = apiNode{
		factsOf(&v.Facts, parent(v.Parent)), v.Text(), v.Agency.Text(agencyPrefix), v.Event.Text("evt"), v.There, api.Day(v.First), api.Day(v.Last, store.Forever),
		branches(v.Below), posts(v.Posts), make([]apiNodeVersion, len(v.History)), v.Manages,
	}
	for i := range v.History {
		h := &v.History[i]
		out.History[i] = apiNodeVersion{spanOf(h), factsOf(&h.Facts, parent(h.Facts.Parent))}
	}
	return out, nil
}

type apiNewNode struct {
	apiFacts

	// Internal makes it a unit inside the agency of its parent.
	Internal bool     `json:"internal,omitempty"`
	From     api.Date `json:"from"`
	Basis    string   `json:"basis,omitempty"`
}

func (s *Service) apiMake(r *web.Request, in struct {
	Body apiNewNode `body:"json"`
}) (apiDone, error) {
	f, err := in.Body.facts()
	if err != nil {
		return apiDone{}, err
	}
	d, err := s.Make(r.Context(), auth.Who(r), NewNode{Facts: f, Internal: in.Body.Internal, From: in.Body.From.Time(), Basis: in.Body.Basis})
	return done(d, err, map[bool]string{true: unitPrefix, false: agencyPrefix}[in.Body.Internal])
}

type apiNodeChange struct {
	apiFacts

	Version string   `id:"evt"               json:"version"`
	From    api.Date `json:"from"`
	Basis   string   `json:"basis,omitempty"`
}

// named reads the id that an act is about and the version that its caller saw.
func named(id, version string, read func(string) (store.ID, error)) (thing, seen store.ID, err error) {
	if thing, err = read(id); err != nil {
		return 0, 0, err
	}
	seen, err = store.ParseID("evt", version)
	return thing, seen, err
}

func (s *Service) apiChange(r *web.Request, in struct {
	ID   string        `id:"agy,unt" path:"id"`
	Body apiNodeChange `body:"json"`
}) (apiDone, error) {
	id, seen, err := named(in.ID, in.Body.Version, parseNode)
	if err != nil {
		return apiDone{}, err
	}
	f, err := in.Body.facts()
	if err != nil {
		return apiDone{}, err
	}
	d, err := s.Change(r.Context(), auth.Who(r), id, seen, Change{Facts: f, From: in.Body.From.Time(), Basis: in.Body.Basis})
	return done(d, err, in.ID[:3])
}

type apiEnding struct {
	Version string   `id:"evt"               json:"version"`
	On      api.Date `json:"on"`
	Basis   string   `json:"basis,omitempty"`
}

func (s *Service) apiEnd(r *web.Request, in struct {
	ID   string    `id:"agy,unt" path:"id"`
	Body apiEnding `body:"json"`
}) (apiDone, error) {
	id, seen, err := named(in.ID, in.Body.Version, parseNode)
	if err != nil {
		return apiDone{}, err
	}
	d, err := s.End(r.Context(), auth.Who(r), id, seen, in.Body.On.Time(), in.Body.Basis)
	return done(d, err, in.ID[:3])
}
