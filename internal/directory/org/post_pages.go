package org

import (
	"slices"
	"time"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/web"
)

func (p pages) givePost(r *web.Request) (web.Answer, error) {
	v, err := p.who(r)
	if err != nil {
		return nil, err
	}
	places, err := p.s.Places(r.Context(), auth.Who(r), time.Time{})
	if err != nil {
		return nil, err
	}
	in := struct {
		Title string    `form:"title,required,max=200"`
		Place string    `form:"agency,select,required"`
		Since time.Time `form:"since,required"`
		Until time.Time `form:"until"`
		Basis string    `form:"basis,max=200"`
		Seen  string    `form:"seen,hidden"`
	}{Place: v.Agency.Text(agencyPrefix), Seen: eventText(v.Event)}
	form, err := r.Form("org.post", &in)
	if err != nil {
		return nil, err
	}
	form.Options("agency", placeChoices(places, true))
	form.Cancel = v.path()
	var changes []Trace
	if form.OK() {
		id, err := parseNode(in.Place)
		if err != nil {
			return nil, err
		}
		n := NewPost{Agency: id, Title: in.Title, Since: in.Since, Until: in.Until, Basis: in.Basis}
		if i := slices.IndexFunc(places, func(x Node) bool { return x.ID == id }); i >= 0 && places[i].Internal() {
			n.Agency, n.Unit = places[i].Agency, id
		}
		_, err = p.s.GivePost(r.Context(), auth.Who(r), v.ID, eventOf(in.Seen), n)
		if _, _, err = store.Before(err); err == nil {
			return web.SeeOther(v.path()).Say(web.T("org.post.given", "title", in.Title, "name", v.Name)), nil
		}
		if changes, err = p.blame(r, form, v.ID, eventOf(in.Seen), err); err != nil {
			return nil, err
		}
	}
	return drawn(web.T("org.post", "name", v.Name), form, personTrail(&v), nil, changes), nil
}

func (p pages) endPost(r *web.Request) (web.Answer, error) {
	v, err := p.who(r)
	if err != nil {
		return nil, err
	}
	id, err := store.ParseID(postPrefix, r.PathValue("post"))
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(v.Posts, func(h Held) bool { return h.ID == id })
	if i < 0 {
		return nil, missing()
	}
	in := struct {
		On    time.Time `form:"on,required"`
		Basis string    `form:"basis,max=200"`
		Seen  string    `form:"seen,hidden"`
	}{Seen: eventText(v.Event)}
	form, err := r.Form("org.post_end", &in)
	if err != nil {
		return nil, err
	}
	form.Cancel = v.path()
	var changes []Trace
	if form.OK() {
		_, err := p.s.EndPost(r.Context(), auth.Who(r), id, eventOf(in.Seen), in.On, in.Basis)
		if _, _, err = store.Before(err); err == nil {
			return web.SeeOther(v.path()).Say(web.T("org.post_end.done", "title", v.Posts[i].Title, "day", i18n.Date(in.On))), nil
		}
		if changes, err = p.blame(r, form, v.ID, eventOf(in.Seen), err); err != nil {
			return nil, err
		}
	}
	return drawn(web.T("org.post_end", "title", v.Posts[i].Title, "name", v.Name), form, personTrail(&v), nil, changes), nil
}

func (p pages) setAbsence(r *web.Request) (web.Answer, error) {
	v, err := p.managed(r, true)
	if err != nil {
		return nil, err
	}
	in := struct {
		Since      time.Time `form:"since,required"`
		Until      time.Time `form:"until,required"`
		Substitute string    `form:"substitute,select"`
		Seen       string    `form:"seen,hidden"`
	}{Seen: eventText(v.Event)}
	form, err := r.Form("org.absence", &in)
	if err != nil {
		return nil, err
	}
	colleagues, err := p.colleagues(r, &v)
	if err != nil {
		return nil, err
	}
	form.Options("substitute", colleagues)
	form.Cancel = v.path()
	var changes []Trace
	if form.OK() {
		n := NewAbsence{Since: in.Since, Until: in.Until.AddDate(0, 0, 1)} // the form asks for the last day
		if in.Substitute != "" {
			if n.Substitute, err = store.ParseID(personPrefix, in.Substitute); err != nil {
				return nil, err
			}
		}
		if v.Own {
			_, err = p.s.SetOwnAbsence(r.Context(), auth.Who(r), eventOf(in.Seen), n)
		} else {
			_, err = p.s.SetAbsence(r.Context(), auth.Who(r), v.ID, eventOf(in.Seen), n)
		}
		if _, _, err = store.Before(err); err == nil {
			return web.SeeOther(v.path()).Say(web.T("org.absence.set_done", "name", v.Name)), nil
		}
		if changes, err = p.blame(r, form, v.ID, eventOf(in.Seen), err); err != nil {
			return nil, err
		}
	}
	return drawn(web.T("org.absence", "name", v.Name), form, personTrail(&v), nil, changes), nil
}

// colleagues are who may stand in for a person: those who hold posts where the person holds one today.
func (p pages) colleagues(r *web.Request, v *PersonView) (out []web.Choice, err error) {
	var agencies []store.ID
	for _, h := range v.Posts {
		if h.Until.After(v.Now) && !slices.Contains(agencies, h.Agency) {
			agencies = append(agencies, h.Agency)
		}
	}
	for _, id := range agencies {
		n, err := p.s.Node(r.Context(), auth.Who(r), id, Moment{})
		if err != nil {
			return nil, err
		}
		for _, h := range n.Posts {
			c := web.Choice{Value: h.Person.Text(personPrefix), Name: h.Name + " – " + h.Title}
			if h.Person != v.ID && !slices.ContainsFunc(out, func(x web.Choice) bool { return x.Value == c.Value }) {
				out = append(out, c)
			}
		}
	}
	return out, nil
}

func (p pages) withdrawAbsence(r *web.Request) (web.Answer, error) {
	v, err := p.managed(r, true)
	if err != nil {
		return nil, err
	}
	id, err := store.ParseID(absencePrefix, r.PathValue("absence"))
	if err != nil {
		return nil, err
	}
	in := struct {
		Seen string `form:"seen,hidden"`
	}{}
	form, err := r.Form("org.absence", &in)
	if err != nil {
		return nil, err
	}
	if form.OK() {
		if v.Own {
			_, err = p.s.WithdrawOwnAbsence(r.Context(), auth.Who(r), id, eventOf(in.Seen))
		} else {
			_, err = p.s.WithdrawAbsence(r.Context(), auth.Who(r), id, eventOf(in.Seen))
		}
		if _, _, err = store.Before(err); err != nil {
			return nil, err
		}
	}
	return web.SeeOther(v.path()).Say(web.T("org.absence.withdrawn")), nil
}
