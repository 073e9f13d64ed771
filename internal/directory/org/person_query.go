package org

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
)

// Sought is what is asked of the list of people: those of one agency, or whose name begins with something. One word is the beginning
// of the given name; several are that of the whole name as it is written.
type Sought struct {
	Agency store.ID // 0 is all
	Name   string
	After  *Place // nil begins
	Limit  int    // 1 to [MaxLimit]

	within  string // a condition beside these, with its arguments; "" is none
	reached []any
}

// Place is a person in a list: what it is sorted by, and the id.
type Place struct {
	Key []byte
	ID  store.ID
}

// MaxLimit is how many people one answer may have.
const MaxLimit = 501

// Listed is a person in a list.
type Listed struct {
	Person

	Place Place
	Posts []Held // those of today
}

// statement is the list that is asked for; each walks its index. The beginning of the walk is always bound, so that no plan reads a whole
// table.
func (q *Sought) statement(at time.Time) (string, []any) {
	column, from, to := "sort_key", []byte{}, []byte(nil)
	if words := strings.Fields(i18n.Fold(q.Name)); len(words) > 0 {
		from = []byte(strings.Join(words, " "))
		to = append(slices.Clone(from), 0xff) // no UTF-8 text has such a byte
		column = "searched"
		if len(words) == 1 {
			column = "searched_given"
		}
	}
	where, args := `replaced IS NULL`, []any{}
	if q.Agency != 0 {
		where, args = where+` AND agency = ?`, append(args, q.Agency)
	}
	if q.within != "" {
		where, args = where+` AND `+q.within, append(args, q.reached...)
	}
	id := int64(0)
	if q.After != nil && bytes.Compare(q.After.Key, from) >= 0 {
		from, id = q.After.Key, int64(q.After.ID)
	}
	where, args = where+` AND (`+column+`, person) > (?, ?)`, append(args, from, id)
	if to != nil {
		where, args = where+` AND `+column+` < ?`, append(args, to)
	}
	return `SELECT person, since, until, agency, name, email, phone, ` + column + ` FROM org_person_fact WHERE ` + where +
		` AND since <= ? AND until > ? ORDER BY ` + column + `, person LIMIT ?`, append(args, at, at, q.Limit)
}

// People are the people of today who are sought, in Vietnamese order of their given names; what a search finds, in the order of their
// letters without marks.
func (s *Service) People(ctx context.Context, who auth.Actor, q Sought) (out []Listed, err error) {
	if q.Limit < 1 || q.Limit > MaxLimit {
		return nil, fault.New(fault.Invalid, ErrFacts, "")
	}
	err = s.view(ctx, who, "People", func(tx *store.Tx) error {
		query, args := q.statement(tx.Now())
		out, err = store.Collect(tx, scanListed, query, args...)
		if err != nil || len(out) == 0 {
			return err
		}
		return heldBy(tx, out)
	})
	return out, err
}

func scanListed(r store.Scanner) (l Listed, err error) {
	err = r.Scan(&l.ID, store.At(&l.Since), store.At(&l.Until), &l.Agency, &l.Name, &l.Email, &l.Phone, &l.Place.Key)
	l.Place.ID = l.ID
	return l, err
}

// heldBy fills in the posts of listed people.
func heldBy(tx *store.Tx, people []Listed) error {
	args := make([]any, 0, len(people)+2)
	for _, p := range people {
		args = append(args, p.ID)
	}
	posts, err := store.Collect(tx, func(r store.Scanner) (Held, error) {
		p, err := scanPost(r)
		return Held{Post: p}, err
	}, selectPost+` AND person IN (?`+strings.Repeat(`, ?`, len(people)-1)+`) AND since <= ? AND until > ? ORDER BY since, post`, append(args, tx.Now(), tx.Now())...)
	if err != nil {
		return err
	}
	if err := nameHeld(tx, posts); err != nil {
		return err
	}
	for _, h := range posts {
		if i := slices.IndexFunc(people, func(l Listed) bool { return l.ID == h.Person }); i >= 0 {
			people[i].Posts = append(people[i].Posts, h)
		}
	}
	return nil
}

// PersonView is a person as a page shows them.
type PersonView struct {
	Person

	There       bool
	First, Last time.Time
	AgencyName  string
	Private     Private // masked
	Posts       []Held  // all that are believed, youngest first
	Absences    []Away  // youngest first
	StandsIn    []Away  // for whom, today and later
	History     []Version[PersonFacts]
	Names       map[store.ID]string
	Events      map[store.ID]Trace
	// Manages: the reader may change the record. Own: the reader is this person.
	Manages, Own bool
	// Now is when it was read.
	Now time.Time
}

// Away is an absence with the names that a page shows.
type Away struct {
	Absence

	Name           string
	SubstituteName string
	Over           bool
}

// Person is a person at a moment.
func (s *Service) Person(ctx context.Context, who auth.Actor, id store.ID, m Moment) (v PersonView, err error) {
	var record store.ID
	err = s.view(ctx, who, "Person", func(tx *store.Tx) (err error) {
		m := m.at(tx)
		all, err := personVersions(tx, id)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return missing()
		}
		now := ordered(believedOf(all))
		record, v.Now = keeper(tx, now), tx.Now()
		x, there := At(all, m.Valid, m.Known)
		if !there {
			x = now[len(now)-1]
		}
		v.Person, v.There = Person{ID: id, Since: x.Since, Until: x.Until, PersonFacts: x.Facts}, there
		v.First, v.Last = now[0].Since, now[len(now)-1].Until
		if v.Event, err = store.One[store.ID](tx, `SELECT event FROM org_person WHERE id = ?`, id); err != nil {
			return err
		}
		slices.Reverse(all)
		v.History, v.Own = all, who.Person == id
		return v.fill(tx)
	})
	if err == nil {
		v.Manages, err = s.manages(ctx, who, record)
	}
	return v, err
}

func (v *PersonView) fill(tx *store.Tx) error {
	p, err := private(tx, v.ID)
	if err != nil {
		return err
	}
	v.Private = p.Masked()
	v.Posts, err = store.Collect(tx, func(r store.Scanner) (Held, error) {
		p, err := scanPost(r)
		return Held{Post: p, Name: v.Name}, err
	}, selectPost+` AND person = ? ORDER BY since DESC, post DESC LIMIT ?`, v.ID, maxPosts)
	if err != nil {
		return err
	}
	if err := nameHeld(tx, v.Posts); err != nil {
		return err
	}
	away := func(where string, args ...any) ([]Away, error) {
		list, err := store.Collect(tx, scanAbsence, selectAbsence+where+` ORDER BY until DESC, id DESC LIMIT 50`, args...)
		out := make([]Away, len(list))
		for i, a := range list {
			out[i] = Away{Absence: a, Over: !a.Until.After(tx.Now())}
			for _, n := range []struct {
				id store.ID
				to *string
			}{{a.Person, &out[i].Name}, {a.Substitute, &out[i].SubstituteName}} {
				if n.id == 0 || err != nil {
					continue
				}
				*n.to, err = personName(tx, n.id)
			}
		}
		return out, err
	}
	if v.Absences, err = away(` AND person = ?`, v.ID); err != nil {
		return err
	}
	if v.StandsIn, err = away(` AND substitute = ? AND until > ?`, v.ID, tx.Now()); err != nil {
		return err
	}
	ids := []store.ID{v.Agency}
	var events []store.ID
	for _, h := range v.History {
		ids, events = append(ids, h.Facts.Agency), append(events, h.Event, h.ReplacedBy)
	}
	if v.Names, err = NamesTx(tx, ids); err != nil {
		return err
	}
	v.AgencyName = v.Names[v.Agency]
	v.Events, err = traces(tx, v.ID, events)
	return err
}

// personName is a person's name now, or the last one.
func personName(tx *store.Tx, id store.ID) (string, error) {
	return store.One[string](tx, `SELECT name FROM org_person_fact WHERE person = ? AND replaced IS NULL ORDER BY since DESC LIMIT 1`, id)
}
