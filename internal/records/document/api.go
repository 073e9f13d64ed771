package document

import (
	"context"
	"time"

	"github.com/antinvn/antin/internal/foundation/api"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/web"
)

// API are the calls about documents: those of a document's way from draft to issue, and what is read of it.
func API(s *Service) []*api.Operation {
	const path = "/api/documents"
	return []*api.Operation{
		api.Get(path, "listDocuments", "document.api.list", s.apiList).Calls("records/document.List"),
		api.Get(path+"/waiting-count", "countWaitingDocuments", "document.api.count", s.apiCount).Calls("records/document.CountWaiting"),
		api.Get(path+"/recipients", "listPossibleRecipients", "document.api.recipients", s.apiRecipients).Calls("records/document.Recipients"),
		api.Post(path, "writeDocument", "document.api.write", s.apiWrite).Calls("records/document.Write", "records/document.Get"),
		api.Get(path+"/{id}", "getDocument", "document.api.get", s.apiGet).Calls("records/document.Get"),
		api.Get(path+"/{id}/content", "getDocumentContent", "document.api.content", s.apiContent).Calls("records/document.Open").Sends("application/pdf"),
		api.Post(path+"/{id}/replace", "replaceDocument", "document.api.replace", s.apiReplace).Calls("records/document.Replace", "records/document.Get"),
		api.Post(path+"/{id}/sign", "signDocument", "document.api.sign", s.apiSign).Calls("records/document.Sign", "records/document.Get"),
		api.Post(path+"/{id}/return", "returnDocument", "document.api.return", s.apiBack(s.Return)).Calls("records/document.Return", "records/document.Get"),
		api.Post(path+"/{id}/send-back", "sendDocumentBack", "document.api.send_back", s.apiBack(s.SendBack)).Calls("records/document.SendBack", "records/document.Get"),
		api.Post(path+"/{id}/number", "numberDocument", "document.api.number", s.apiNumber).Calls("records/document.Number", "records/document.Get"),
		api.Post(path+"/{id}/seal", "sealDocument", "document.api.seal", s.apiSeal).Calls("records/document.Seal", "records/document.Get"),
	}
}

// apiDocument is a document as lists and the document itself show it.
type apiDocument struct {
	ID      string `id:"doc"                                     json:"id"`
	Version string `id:"evt"                                     json:"version"`
	Agency  string `id:"agy"                                     json:"agency"`
	Drafter string `id:"acc"                                     json:"drafter"`
	Title   string `json:"title"`
	Kind    string `json:"kind"`
	State   State  `enum:"draft,returned,signed,numbered,issued" json:"state"`
	// File is what its owner called it, Size its length.
	File     string    `json:"file"`
	Size     int64     `json:"size"`
	Number   int       `json:"number,omitempty"`
	Notation string    `json:"notation,omitempty"`
	Date     *api.Date `json:"date"`
	Signer   string    `json:"signer,omitempty"`
	// Training says that it was signed with training keys: it has no legal value.
	Training bool   `json:"training"`
	Reason   string `json:"reason,omitempty"`
}

func asked(d *Document) apiDocument {
	return apiDocument{
		d.ID.Text(idKind), d.Event.Text(evtKind), d.Agency.Text("agy"), d.Drafter.Text("acc"), d.Title, d.Kind, d.State, d.Name, d.Size,
		d.Number, d.Notation, api.Day(d.Day), d.Signer, marked(d) != nil, d.Reason,
	}
}

type apiRecipient struct {
	Agency string     `id:"agy"         json:"agency"`
	Name   string     `json:"name"`
	Issued *time.Time `json:"issued_at"`
	Opened *time.Time `json:"opened_at"`
}

type apiStep struct {
	What    string    `json:"what"`
	At      time.Time `json:"at"`
	Account string    `id:"acc"    json:"account"`
	Name    string    `json:"name"`
	Note    string    `json:"note"`
}

type apiFull struct {
	apiDocument

	Recipients []apiRecipient `json:"recipients"`
	Steps      []apiStep      `json:"steps"`
}

type apiRow struct {
	apiDocument

	Received *time.Time `json:"received_at"`
}

type apiWhich struct {
	View  View   `enum:"waiting,mine,outgoing,incoming" query:"view"`
	After string `query:"after"`
	Limit int    `query:"limit"`
}

func (s *Service) apiList(r *web.Request, in apiWhich) (out api.List[apiRow], err error) {
	limit, err := api.Limit(in.Limit, MaxLimit-1)
	if err != nil {
		return out, err
	}
	var after *Place
	if in.After != "" {
		value, id, err := api.ReadPlace(in.After)
		if err != nil {
			return out, err
		}
		after = &Place{value, store.ID(id)}
	}
	if in.View == "" {
		in.View = Waiting
	}
	rows, err := s.List(r.Context(), auth.Who(r), in.View, after, limit)
	if err != nil {
		return out, err
	}
	return api.Cut(rows, limit, func(x Row) apiRow { return apiRow{asked(&x.Document), api.Time(x.Received)} }, func(x Row) string {
		if x.Received.IsZero() {
			return api.Place(0, int64(x.ID))
		}
		return api.Place(store.Micros(x.Received), int64(x.ID))
	}), nil
}

type apiWaiting struct {
	// Count stops at 1000.
	Count int64 `json:"count"`
}

func (s *Service) apiCount(r *web.Request, _ struct{}) (out apiWaiting, err error) {
	out.Count, err = s.CountWaiting(r.Context(), auth.Who(r))
	return out, err
}

type apiAgency struct {
	ID   string `id:"agy"    json:"id"`
	Name string `json:"name"`
}

func (s *Service) apiRecipients(r *web.Request, _ struct{}) (out api.List[apiAgency], err error) {
	agencies, err := s.Recipients(r.Context(), auth.Who(r))
	out.Items = make([]apiAgency, len(agencies))
	for i, a := range agencies {
		out.Items[i] = apiAgency{a.ID.Text("agy"), a.Name}
	}
	return out, err
}

// apiOne names a document.
type apiOne struct {
	ID string `id:"doc" path:"id"`
}

func (s *Service) apiGet(r *web.Request, in apiOne) (out apiFull, err error) {
	id, err := store.ParseID(idKind, in.ID)
	if err != nil {
		return out, err
	}
	return s.full(r.Context(), auth.Who(r), id)
}

// full is a document as it is now: what each act answers.
func (s *Service) full(ctx context.Context, who auth.Actor, id store.ID) (out apiFull, err error) {
	d, err := s.Get(ctx, who, id)
	if err != nil {
		return out, err
	}
	out = apiFull{asked(&d.Document), make([]apiRecipient, len(d.Recipients)), make([]apiStep, len(d.Steps))}
	for i, x := range d.Recipients {
		out.Recipients[i] = apiRecipient{x.Agency.Text("agy"), x.Name, api.Time(x.Issued), api.Time(x.Opened)}
	}
	for i, x := range d.Steps {
		out.Steps[i] = apiStep{x.What, x.At, x.Account.Text("acc"), x.Name, x.Note}
	}
	return out, nil
}

func (s *Service) apiContent(r *web.Request, in apiOne) (*web.Download, error) {
	id, err := store.ParseID(idKind, in.ID)
	if err != nil {
		return nil, err
	}
	c, err := s.Open(r.Context(), auth.Who(r), id)
	if err != nil {
		return nil, err
	}
	return &web.Download{Name: c.Name, Type: "application/pdf", Size: c.Size, Content: c}, nil
}

type apiDraft struct {
	Title      string      `json:"title"`
	Kind       string      `json:"kind"`
	Recipients []string    `id:"agy"     json:"recipients"`
	File       *web.Upload `json:"file"`
}

func (s *Service) apiWrite(r *web.Request, in struct {
	Body apiDraft `body:"form"`
}) (out apiFull, err error) {
	n := NewDocument{Title: in.Body.Title, Kind: in.Body.Kind, Name: in.Body.File.Name, File: in.Body.File}
	for _, x := range in.Body.Recipients {
		id, err := store.ParseID("agy", x)
		if err != nil {
			return out, err
		}
		n.Recipients = append(n.Recipients, id)
	}
	who := auth.Who(r)
	d, err := s.Write(r.Context(), who, n)
	first, before, err := store.Before(err)
	if err != nil {
		return out, err
	}
	if before {
		d.ID = first
	}
	return s.full(r.Context(), who, d.ID)
}

// apiAct is what every act on a document is told: which, and the version that its caller saw.
type apiAct struct {
	Version string `id:"evt" json:"version"`
}

// act does something to a document, once, and answers the document. An act of more than one command is told by the step that it ends with,
// where it is done already: by a call whose answer was lost.
func (s *Service) act(r *web.Request, id, version, step string, f func(ctx context.Context, who auth.Actor, id, seen store.ID) error) (out apiFull, err error) {
	who := auth.Who(r)
	doc, err := store.ParseID(idKind, id)
	if err != nil {
		return out, err
	}
	seen, err := store.ParseID(evtKind, version)
	if err != nil {
		return out, err
	}
	if step != "" {
		if d, err := s.Get(r.Context(), who, doc); err == nil {
			if _, done := d.did(step, who, seen); done {
				return s.full(r.Context(), who, doc)
			}
		}
	}
	if _, _, err := store.Before(f(r.Context(), who, doc, seen)); err != nil {
		return out, err
	}
	return s.full(r.Context(), who, doc)
}

type apiFile struct {
	apiAct

	File *web.Upload `json:"file"`
}

func (s *Service) apiReplace(r *web.Request, in struct {
	ID   string  `id:"doc"    path:"id"`
	Body apiFile `body:"form"`
}) (apiFull, error) {
	return s.act(r, in.ID, in.Body.Version, "", func(ctx context.Context, who auth.Actor, id, seen store.ID) error {
		return s.Replace(ctx, who, id, seen, in.Body.File.Name, in.Body.File)
	})
}

type apiVersion struct {
	ID   string `id:"doc"    path:"id"`
	Body apiAct `body:"json"`
}

func (s *Service) apiSign(r *web.Request, in apiVersion) (apiFull, error) {
	return s.act(r, in.ID, in.Body.Version, "signed", s.Sign)
}

func (s *Service) apiSeal(r *web.Request, in apiVersion) (apiFull, error) {
	return s.act(r, in.ID, in.Body.Version, "sealed", s.Seal)
}

type apiReason struct {
	apiAct

	Reason string `json:"reason"`
}

type apiReturn struct {
	ID   string    `id:"doc"    path:"id"`
	Body apiReason `body:"json"`
}

func (s *Service) apiBack(back func(ctx context.Context, who auth.Actor, id, seen store.ID, reason string) error) func(*web.Request, apiReturn) (apiFull, error) {
	return func(r *web.Request, in apiReturn) (apiFull, error) {
		return s.act(r, in.ID, in.Body.Version, "", func(ctx context.Context, who auth.Actor, id, seen store.ID) error {
			return back(ctx, who, id, seen, in.Body.Reason)
		})
	}
}

type apiDay struct {
	apiAct

	// Date is the document's; where none is given, today.
	Date api.Date `json:"date,omitzero"`
}

func (s *Service) apiNumber(r *web.Request, in struct {
	ID   string `id:"doc"    path:"id"`
	Body apiDay `body:"json"`
}) (apiFull, error) {
	return s.act(r, in.ID, in.Body.Version, "", func(ctx context.Context, who auth.Actor, id, seen store.ID) error {
		return s.Number(ctx, who, id, seen, in.Body.Date.Time())
	})
}
