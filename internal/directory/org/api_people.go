package org

import (
	"context"

	"github.com/antinvn/antin/internal/foundation/api"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/web"
)

// apiPersonFacts are what is so of a person in a time.
type apiPersonFacts struct {
	Agency string `id:"agy"               json:"agency"`
	Name   string `json:"name"`
	Email  string `json:"email,omitempty"`
	Phone  string `json:"phone,omitempty"`
}

func (f *apiPersonFacts) facts() (PersonFacts, error) {
	agency, err := store.ParseID(agencyPrefix, f.Agency)
	return PersonFacts{agency, f.Name, f.Email, f.Phone}, err
}

func apiFactsOf(f *PersonFacts) apiPersonFacts {
	return apiPersonFacts{f.Agency.Text(agencyPrefix), f.Name, f.Email, f.Phone}
}

type apiListed struct {
	apiPersonFacts

	ID    string    `id:"per"     json:"id"`
	Posts []apiPost `json:"posts"`
}

func (s *Service) apiPeople(r *web.Request, in struct {
	Agency string `id:"agy"      query:"agency"`
	Name   string `query:"name"`
	After  string `query:"after"`
	Limit  int    `query:"limit"`
}) (out api.List[apiListed], err error) {
	q := Sought{Name: in.Name}
	if q.Limit, err = api.Limit(in.Limit, MaxLimit-1); err != nil {
		return out, err
	}
	if q.Agency, err = optional(in.Agency, parse(agencyPrefix)); err != nil {
		return out, err
	}
	if in.After != "" {
		key, id, err := api.ReadKeyPlace(in.After)
		if err != nil {
			return out, err
		}
		q.After = &Place{key, store.ID(id)}
	}
	people, err := s.People(r.Context(), auth.Who(r), q)
	if err != nil {
		return out, err
	}
	return api.Cut(people, q.Limit, func(l Listed) apiListed {
		return apiListed{apiFactsOf(&l.PersonFacts), l.ID.Text(personPrefix), posts(l.Posts)}
	}, func(l Listed) string { return api.KeyPlace(l.Place.Key, int64(l.Place.ID)) }), nil
}

type apiAbsence struct {
	ID         string    `id:"abs"     json:"id"`
	Person     string    `id:"per"     json:"person"`
	Name       string    `json:"name"`
	Substitute string    `id:"per"     json:"substitute,omitempty"`
	Since      *api.Date `json:"since"`
	// Until is the first day back.
	Until *api.Date `json:"until"`
}

func absences(all []Away) []apiAbsence {
	out := make([]apiAbsence, len(all))
	for i, a := range all {
		out[i] = apiAbsence{a.ID.Text(absencePrefix), a.Person.Text(personPrefix), a.Name, text(a.Substitute, personPrefix), api.Day(a.Since), api.Day(a.Until)}
	}
	return out
}

type apiPersonVersion struct {
	apiSpan

	Facts apiPersonFacts `json:"facts"`
}

// apiPrivate is a person's data that is masked, unless it is revealed.
type apiPrivate struct {
	Birth  string `json:"birth,omitempty"`
	Number string `json:"number,omitempty"`
}

type apiPerson struct {
	apiPersonFacts

	ID       string             `id:"per"         json:"id"`
	Version  string             `id:"evt"         json:"version"`
	There    bool               `json:"there"`
	First    *api.Date          `json:"first"`
	Last     *api.Date          `json:"last"`
	Private  apiPrivate         `json:"private"`
	Posts    []apiPost          `json:"posts"`
	Absences []apiAbsence       `json:"absences"`
	StandsIn []apiAbsence       `json:"stands_in"`
	History  []apiPersonVersion `json:"history"`
	Manages  bool               `json:"manages"`
}

func (s *Service) apiPerson(r *web.Request, in apiMoment) (out apiPerson, err error) {
	id, err := store.ParseID(personPrefix, in.ID)
	if err != nil {
		return out, err
	}
	v, err := s.Person(r.Context(), auth.Who(r), id, in.moment())
	if err != nil {
		return out, err
	}
	out = apiPerson{
		apiFactsOf(&v.PersonFacts), v.ID.Text(personPrefix), v.Event.Text("evt"), v.There, api.Day(v.First), api.Day(v.Last, store.Forever),
		apiPrivate(v.Private), posts(v.Posts), absences(v.Absences), absences(v.StandsIn), make([]apiPersonVersion, len(v.History)), v.Manages,
	}
	for i := range v.History {
		h := &v.History[i]
		out.History[i] = apiPersonVersion{spanOf(h), apiFactsOf(&h.Facts)}
	}
	return out, nil
}

type apiNewPerson struct {
	apiPersonFacts
	apiPrivate

	From api.Date `json:"from"`
}

func (s *Service) apiMakePerson(r *web.Request, in struct {
	Body apiNewPerson `body:"json"`
}) (apiDone, error) {
	f, err := in.Body.facts()
	if err != nil {
		return apiDone{}, err
	}
	d, err := s.MakePerson(r.Context(), auth.Who(r), NewPerson{f, Private(in.Body.apiPrivate), in.Body.From.Time()})
	return done(d, err, personPrefix)
}

// apiOf names a person.
type apiOf struct {
	ID string `id:"per" path:"id"`
}

type apiPersonChange struct {
	apiPersonFacts

	Version string   `id:"evt"    json:"version"`
	From    api.Date `json:"from"`
}

func (s *Service) apiChangePerson(r *web.Request, in struct {
	ID   string          `id:"per"    path:"id"`
	Body apiPersonChange `body:"json"`
}) (apiDone, error) {
	f, err := in.Body.facts()
	if err != nil {
		return apiDone{}, err
	}
	return s.onPerson(in.ID, in.Body.Version, func(id, seen store.ID) (Done, error) {
		return s.ChangePerson(r.Context(), auth.Who(r), id, seen, f, in.Body.From.Time())
	})
}

// onPerson does something to a person.
func (s *Service) onPerson(person, version string, f func(id, seen store.ID) (Done, error)) (apiDone, error) {
	id, seen, err := named(person, version, parse(personPrefix))
	if err != nil {
		return apiDone{}, err
	}
	d, err := f(id, seen)
	return done(d, err, personPrefix)
}

type apiEndingDay struct {
	Version string   `id:"evt"  json:"version"`
	On      api.Date `json:"on"`
}

func (s *Service) apiEndPerson(r *web.Request, in struct {
	ID   string       `id:"per"    path:"id"`
	Body apiEndingDay `body:"json"`
}) (apiDone, error) {
	return s.onPerson(in.ID, in.Body.Version, func(id, seen store.ID) (Done, error) {
		return s.EndPerson(r.Context(), auth.Who(r), id, seen, in.Body.On.Time())
	})
}

type apiPrivateData struct {
	apiPrivate

	Version string `id:"evt" json:"version"`
}

func (s *Service) apiSetPrivate(r *web.Request, in struct {
	ID   string         `id:"per"    path:"id"`
	Body apiPrivateData `body:"json"`
}) (apiDone, error) {
	return s.onPerson(in.ID, in.Body.Version, func(id, seen store.ID) (Done, error) {
		return s.SetPrivate(r.Context(), auth.Who(r), id, seen, Private(in.Body.apiPrivate))
	})
}

func (s *Service) apiReveal(r *web.Request, in apiOf) (out apiPrivate, err error) {
	id, err := store.ParseID(personPrefix, in.ID)
	if err != nil {
		return out, err
	}
	p, err := s.Reveal(r.Context(), auth.Who(r), id)
	return apiPrivate(p), err
}

type apiNewPost struct {
	Version string   `id:"evt"               json:"version"`
	Agency  string   `id:"agy"               json:"agency"`
	Unit    string   `id:"unt"               json:"unit,omitempty"`
	Title   string   `json:"title"`
	Since   api.Date `json:"since"`
	Until   api.Date `json:"until,omitzero"`
	Basis   string   `json:"basis,omitempty"`
}

func (s *Service) apiGivePost(r *web.Request, in struct {
	ID   string     `id:"per"    path:"id"`
	Body apiNewPost `body:"json"`
}) (out apiDone, err error) {
	n := NewPost{Title: in.Body.Title, Since: in.Body.Since.Time(), Until: in.Body.Until.Time(), Basis: in.Body.Basis}
	if n.Agency, err = store.ParseID(agencyPrefix, in.Body.Agency); err != nil {
		return out, err
	}
	if n.Unit, err = optional(in.Body.Unit, parse(unitPrefix)); err != nil {
		return out, err
	}
	return s.onPerson(in.ID, in.Body.Version, func(id, seen store.ID) (Done, error) { return s.GivePost(r.Context(), auth.Who(r), id, seen, n) })
}

func (s *Service) apiEndPost(r *web.Request, in struct {
	ID   string    `id:"pst"    path:"id"`
	Body apiEnding `body:"json"`
}) (apiDone, error) {
	id, seen, err := named(in.ID, in.Body.Version, parse(postPrefix))
	if err != nil {
		return apiDone{}, err
	}
	d, err := s.EndPost(r.Context(), auth.Who(r), id, seen, in.Body.On.Time(), in.Body.Basis)
	return done(d, err, personPrefix)
}

type apiNewAbsence struct {
	Version    string   `id:"evt"     json:"version"`
	Substitute string   `id:"per"     json:"substitute,omitempty"`
	Since      api.Date `json:"since"`
	// Until is the first day back.
	Until api.Date `json:"until"`
}

func (a *apiNewAbsence) absence() (NewAbsence, error) {
	substitute, err := optional(a.Substitute, parse(personPrefix))
	return NewAbsence{substitute, a.Since.Time(), a.Until.Time()}, err
}

func (s *Service) apiSetAbsence(r *web.Request, in struct {
	ID   string        `id:"per"    path:"id"`
	Body apiNewAbsence `body:"json"`
}) (apiDone, error) {
	n, err := in.Body.absence()
	if err != nil {
		return apiDone{}, err
	}
	return s.onPerson(in.ID, in.Body.Version, func(id, seen store.ID) (Done, error) {
		return s.SetAbsence(r.Context(), auth.Who(r), id, seen, n)
	})
}

func (s *Service) apiSetOwnAbsence(r *web.Request, in struct {
	Body apiNewAbsence `body:"json"`
}) (apiDone, error) {
	n, err := in.Body.absence()
	if err != nil {
		return apiDone{}, err
	}
	seen, err := store.ParseID("evt", in.Body.Version)
	if err != nil {
		return apiDone{}, err
	}
	d, err := s.SetOwnAbsence(r.Context(), auth.Who(r), seen, n)
	return done(d, err, personPrefix)
}

// apiSeen is the version of the person that a caller saw.
type apiSeen struct {
	Version string `id:"evt" json:"version"`
}

type apiWithdrawn struct {
	ID   string  `id:"abs"    path:"id"`
	Body apiSeen `body:"json"`
}

func (s *Service) apiWithdraw(withdraw func(ctx context.Context, who auth.Actor, absence, seen store.ID) (Done, error)) func(*web.Request, apiWithdrawn) (apiDone, error) {
	return func(r *web.Request, in apiWithdrawn) (apiDone, error) {
		id, seen, err := named(in.ID, in.Body.Version, parse(absencePrefix))
		if err != nil {
			return apiDone{}, err
		}
		d, err := withdraw(r.Context(), auth.Who(r), id, seen)
		return done(d, err, personPrefix)
	}
}
