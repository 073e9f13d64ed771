package register

import (
	"time"

	"github.com/antinvn/antin/internal/foundation/api"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/web"
)

// API are the calls about registers.
func API(s *Service) []*api.Operation {
	return []*api.Operation{
		api.Get("/api/registers", "listRegisters", "register.api.books", s.apiBooks).Calls("records/register.Books"),
		api.Get("/api/registers/numbers", "listRegisterNumbers", "register.api.numbers", s.apiNumbers).Calls("records/register.Numbers"),
	}
}

// apiAgency is the agency that is asked about: where none is named, the acting one.
type apiAgency struct {
	Agency string `id:"agy" query:"agency"`
}

func agencyOf(text string, who auth.Actor) (store.ID, error) {
	if text == "" {
		return who.Agency, nil
	}
	return store.ParseID("agy", text)
}

type apiBook struct {
	Agency string   `id:"agy"         json:"agency"`
	Kind   string   `json:"kind"`
	Year   int      `json:"year"`
	Last   int      `json:"last"`
	Day    api.Date `json:"last_date"`
}

func (s *Service) apiBooks(r *web.Request, in apiAgency) (out api.List[apiBook], err error) {
	who := auth.Who(r)
	agency, err := agencyOf(in.Agency, who)
	if err != nil {
		return out, err
	}
	books, err := s.Books(r.Context(), who, agency)
	out.Items = make([]apiBook, len(books))
	for i, b := range books {
		out.Items[i] = apiBook{b.Agency.Text("agy"), b.Kind, b.Year, b.Last, api.Date(b.Day)}
	}
	return out, err
}

// apiAsked is a list of numbers: of one book, with kind and year, in the order of its numbers; else in that of days.
type apiAsked struct {
	Agency string `id:"agy"        query:"agency"`
	Kind   string `query:"kind"`
	Year   int    `query:"year"`
	Order  string `enum:"asc,desc" query:"order"`
	After  string `query:"after"`
	Limit  int    `query:"limit"`
}

type apiNumber struct {
	ID         string     `id:"num"          json:"id"`
	Document   string     `id:"doc"          json:"document"`
	Agency     string     `id:"agy"          json:"agency"`
	Kind       string     `json:"kind"`
	Year       int        `json:"year"`
	Number     int        `json:"number"`
	Notation   string     `json:"notation"`
	Date       api.Date   `json:"date"`
	Summary    string     `json:"summary"`
	Signer     string     `json:"signer"`
	Recipients string     `json:"recipients"`
	Sent       *time.Time `json:"sent_at"`
}

func (s *Service) apiNumbers(r *web.Request, in apiAsked) (out api.List[apiNumber], err error) {
	who := auth.Who(r)
	a := Asked{Kind: in.Kind, Year: in.Year, Desc: in.Order == "desc"}
	if a.Limit, err = api.Limit(in.Limit, MaxLimit-1); err != nil {
		return out, err
	}
	if a.Agency, err = agencyOf(in.Agency, who); err != nil {
		return out, err
	}
	if in.After != "" {
		value, id, err := api.ReadPlace(in.After)
		if err != nil {
			return out, err
		}
		a.After = &Place{value, store.ID(id)}
	}
	numbers, err := s.Numbers(r.Context(), who, a)
	if err != nil {
		return out, err
	}
	return api.Cut(numbers, a.Limit, func(n Number) apiNumber {
		return apiNumber{
			n.ID.Text("num"), n.For.Text("doc"), n.Agency.Text("agy"), n.Kind, n.Year, n.Number, n.Notation, api.Date(n.Day), n.Summary, n.Signer, n.Recipients, api.Time(n.Sent),
		}
	}, func(n Number) string {
		last := placeOf(&a, &n)
		return api.Place(last.Value, int64(last.ID))
	}), nil
}
