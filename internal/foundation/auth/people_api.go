package auth

import (
	"github.com/antinvn/antin/internal/foundation/api"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/web"
)

// peopleAPI are the calls about whose an account is.
func peopleAPI(s *Service) []*api.Operation {
	return []*api.Operation{
		api.Get("/api/accounts/people", "listPeopleForAccounts", "auth.api.people", s.apiPeople).Calls("foundation/auth.People"),
		api.Get("/api/people/{id}/accounts", "listAccountsOfPerson", "auth.api.accounts_of", s.apiAccountsOf).Calls("foundation/auth.AccountsOf"),
		api.Post("/api/accounts/{id}/person", "linkPerson", "auth.api.link", s.apiLink).Calls("foundation/auth.LinkPerson"),
		api.Post("/api/accounts/{id}/person/end", "unlinkPerson", "auth.api.unlink", s.apiUnlink).Calls("foundation/auth.UnlinkPerson"),
	}
}

type apiSomeone struct {
	ID     string `id:"per"    json:"id"`
	Name   string `json:"name"`
	Agency string `id:"agy"    json:"agency"`
	// Place is the post and where it is, in words.
	Place string `json:"place"`
}

func (s *Service) apiPeople(r *web.Request, in struct {
	Name  string `query:"name"`
	After string `query:"after"`
	Limit int    `query:"limit"`
}) (out api.List[apiSomeone], err error) {
	q := PeopleQuery{Begins: in.Name}
	if q.Limit, err = api.Limit(in.Limit, maxAccounts); err != nil {
		return out, err
	}
	if in.After != "" {
		key, id, err := api.ReadKeyPlace(in.After)
		if err != nil {
			return out, err
		}
		q.After = &Someone{ID: store.ID(id), Key: key}
	}
	all, err := s.People(r.Context(), Who(r), q)
	if err != nil {
		return out, err
	}
	return api.Cut(all, q.Limit, func(p Someone) apiSomeone { return apiSomeone{p.ID.Text("per"), p.Name, p.Agency.Text("agy"), p.Place} },
		func(p Someone) string { return api.KeyPlace(p.Key, int64(p.ID)) }), nil
}

func (s *Service) apiAccountsOf(r *web.Request, in struct {
	ID string `id:"per" path:"id"`
}) (out api.List[apiAccount], err error) {
	id, err := store.ParseID("per", in.ID)
	if err != nil {
		return out, err
	}
	all, err := s.AccountsOf(r.Context(), Who(r), id)
	out.Items = make([]apiAccount, len(all))
	for i := range all {
		out.Items[i] = told(&all[i])
	}
	return out, err
}

type apiPerson struct {
	Person string `id:"per" json:"person"`
}

func (s *Service) apiLink(r *web.Request, in struct {
	ID   string    `id:"acc"    path:"id"`
	Body apiPerson `body:"json"`
}) (out apiHeld, err error) {
	person, err := store.ParseID("per", in.Body.Person)
	if err != nil {
		return out, err
	}
	return s.on(r, in.ID, func(who Actor, id store.ID) error { return s.LinkPerson(r.Context(), who, id, person) })
}

func (s *Service) apiUnlink(r *web.Request, in apiOne) (apiHeld, error) {
	return s.on(r, in.ID, func(who Actor, id store.ID) error { return s.UnlinkPerson(r.Context(), who, id) })
}
