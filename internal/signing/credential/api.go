package credential

import (
	"slices"
	"time"

	"github.com/antinvn/antin/internal/directory/org"
	"github.com/antinvn/antin/internal/foundation/api"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/web"
)

// API are the calls about keys that can sign.
func API(s *Service) []*api.Operation {
	return []*api.Operation{
		api.Get("/api/credentials", "listCredentials", "credential.api.list", s.apiList).Calls("signing/credential.List"),
		api.Post("/api/credentials", "issueTrainingCredential", "credential.api.issue", s.apiIssue).Calls("signing/credential.IssueTraining"),
		api.Post("/api/credentials/{id}/end", "endCredential", "credential.api.end", s.apiEnd).Calls("signing/credential.End"),
	}
}

type apiCredential struct {
	ID      string  `id:"crd"              json:"id"`
	Version string  `id:"evt"              json:"version"`
	Holder  string  `id:"per,agy"          json:"holder"`
	Agency  string  `id:"agy"              json:"agency"`
	Name    string  `json:"name"`
	Purpose Purpose `enum:"signature,seal" json:"purpose"`
	Channel Channel `enum:"soft"           json:"channel"`
	// Training says that nothing that it signs has legal value.
	Training bool `json:"training"`
	// Certificate is the certificate in DER, and Serial its number in hexadecimal digits.
	Certificate []byte     `json:"certificate"`
	Serial      string     `json:"serial"`
	Since       *time.Time `json:"since"`
	Until       *time.Time `json:"until"`
}

func told(c *Credential) apiCredential {
	kind := "per"
	if c.Purpose == Seal {
		kind = "agy"
	}
	out := apiCredential{
		ID: c.ID.Text("crd"), Version: c.Event.Text("evt"), Holder: c.Holder.Text(kind), Agency: c.Agency.Text("agy"), Name: c.Name, Purpose: c.Purpose, Channel: c.Channel,
		Training: c.Training, Since: api.Time(c.Since), Until: api.Time(c.Until),
	}
	if len(c.Chain) > 0 {
		out.Certificate, out.Serial = c.Chain[0].Raw, c.Chain[0].SerialNumber.Text(16)
	}
	return out
}

func (s *Service) apiList(r *web.Request, in struct {
	Agency string `id:"agy" query:"agency"`
}) (out api.List[apiCredential], err error) {
	who := auth.Who(r)
	agency := who.Agency
	if in.Agency != "" {
		if agency, err = store.ParseID("agy", in.Agency); err != nil {
			return out, err
		}
	}
	all, err := s.List(r.Context(), who, Query{Agency: agency})
	out.Items = make([]apiCredential, len(all))
	for i := range all {
		out.Items[i] = told(&all[i])
	}
	return out, err
}

type apiAsked struct {
	Agency  string  `id:"agy"              json:"agency"`
	Purpose Purpose `enum:"signature,seal" json:"purpose"`
	// Holder is the person; a seal is the agency's.
	Holder string `id:"per" json:"holder,omitempty"`
}

// apiIssue takes the names that a certificate keeps from the directory, as they are now.
func (s *Service) apiIssue(r *web.Request, in struct {
	Body apiAsked `body:"json"`
}) (out apiCredential, err error) {
	who, a := auth.Who(r), Asked{Purpose: in.Body.Purpose}
	if _, err := s.auth.Warrant(r.Context(), who, "signing/credential.IssueTraining"); err != nil { // before any name is looked up
		return out, err
	}
	if a.Agency, err = store.ParseID("agy", in.Body.Agency); err != nil {
		return out, err
	}
	if a.Purpose == Signature {
		if a.Holder, err = store.ParseID("per", in.Body.Holder); err != nil {
			return out, err
		}
	}
	if err := s.db.View(r.Context(), s.own, a.nameTx); err != nil {
		return out, err
	}
	c, err := s.IssueTraining(r.Context(), who, a)
	if err != nil {
		return out, err
	}
	return told(&c), nil
}

// nameTx fills in what the directory calls agency and holder, and the post that the holder has there.
func (a *Asked) nameTx(tx *store.Tx) error {
	agency, err := org.AgencyTx(tx, a.Agency, tx.Now())
	if err != nil {
		return err
	}
	if a.AgencyName = agency.Name; a.Purpose == Seal {
		return nil
	}
	person, err := org.PersonTx(tx, a.Holder, tx.Now())
	if err != nil {
		return err
	}
	a.Name = person.Name
	posts, err := org.PostsTx(tx, a.Holder, tx.Now())
	if i := slices.IndexFunc(posts, func(p org.Post) bool { return p.Agency == a.Agency }); i >= 0 {
		a.Title = posts[i].Title
	}
	return err
}

func (s *Service) apiEnd(r *web.Request, in struct {
	ID string `id:"crd" path:"id"`
}) (out api.Nothing, err error) {
	id, err := store.ParseID("crd", in.ID)
	if err == nil {
		_, _, err = store.Before(s.End(r.Context(), auth.Who(r), id, ""))
	}
	return out, err
}
