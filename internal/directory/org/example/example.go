// Package example plays the story of a province that does not exist: its agencies, units and people, and what changes among them in two
// years. It calls services as its operators would; the demo moves a clock and lets the story go on.
//
//	p, err := example.New(example.Config{Org: directory, Begin: begin, Found: found, As: as})
//	…
//	clock.Set(begin)
//	err = p.Advance(ctx, clock.Now()) // the province stands
//	for _, a := range p.People() {    // give them accounts and roles
//
// The story is province.tsv. Who reads it cannot take it for a real one.
package example

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/antinvn/antin/internal/directory/org"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/store"
)

//go:embed province.tsv
var text string

// Config is what a [Province] is made of.
type Config struct {
	Org *org.Service
	// Begin is the day on which the story begins. What stood before it is recorded on that day.
	Begin time.Time
	// Found makes an agency that stands below nothing, as a new house does ([org.MakeTx] under a system warrant).
	Found func(ctx context.Context, n org.NewNode) (org.Done, error)
	// As is who manages the directory of an agency at the top, and of all below it.
	As func(top store.ID) auth.Actor
}

// Province is the story, as far as it was told. It is for one goroutine.
type Province struct {
	c     Config
	steps []step
	told  int
	nodes map[string]node
	who   map[string]*Appointed
	order []string
}

// Appointed is a person in the story with the first post, and what the demo grants them.
type Appointed struct {
	Key          string // names the person in the story
	Person       store.ID
	Name         string
	Agency, Unit store.ID // Unit is 0 for none
	AgencyKey    string
	Title        string
	Roles        []auth.Role
	Reach        auth.Reach
}

// At is where the person's grants begin: the unit, or the agency.
func (a *Appointed) At() store.ID {
	if a.Unit != 0 {
		return a.Unit
	}
	return a.Agency
}

type node struct {
	id, agency, top store.ID
	internal        bool
	from            time.Time
}

// step is a line of the story.
type step struct {
	verb string
	day  int // after the beginning
	from int
	rest []string
	line int
}

var errStory = errors.New("example: the story cannot be told")

// New reads the story.
func New(c Config) (*Province, error) {
	p := &Province{c: c, nodes: map[string]node{}, who: map[string]*Appointed{}}
	for i, line := range strings.Split(text, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) < 4 || len(f)-3 != fields[f[0]] {
			return nil, fmt.Errorf("%w: line %d", errStory, i+1)
		}
		s := step{verb: f[0], rest: f[3:], line: i + 1}
		var err error
		if s.day, err = strconv.Atoi(f[1]); err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", errStory, i+1, err)
		}
		if s.from = s.day; f[2] != "-" {
			if s.from, err = strconv.Atoi(f[2]); err != nil {
				return nil, fmt.Errorf("%w: line %d: %w", errStory, i+1, err)
			}
		}
		for k, v := range s.rest {
			if v == "-" {
				s.rest[k] = ""
			}
		}
		p.steps = append(p.steps, s)
	}
	slices.SortStableFunc(p.steps, func(a, b step) int { return max(a.day, 0) - max(b.day, 0) })
	return p, nil
}

// fields is how many each verb takes.
var fields = map[string]int{"agency": 12, "unit": 6, "person": 7, "change": 4, "title": 5, "leave-post": 3, "away": 3, "leave": 1, "end": 2}

// Advance tells the story on, up to a time, which is the clock's: what it calls is recorded now.
func (p *Province) Advance(ctx context.Context, now time.Time) error {
	for ; p.told < len(p.steps); p.told++ {
		s := &p.steps[p.told]
		if p.day(max(s.day, 0)).After(now) {
			return nil
		}
		if err := p.tell(ctx, s); err != nil {
			return fmt.Errorf("%w: line %d: %w", errStory, s.line, err)
		}
	}
	return nil
}

// Done reports whether all of it is told.
func (p *Province) Done() bool { return p.told == len(p.steps) }

// Node is an agency or a unit by its key in the story; 0 before it is made.
func (p *Province) Node(key string) store.ID { return p.nodes[key].id }

// People are those who were appointed so far, in the order of the story.
func (p *Province) People() []Appointed {
	out := make([]Appointed, len(p.order))
	for i, k := range p.order {
		out[i] = *p.who[k]
	}
	return out
}

func (p *Province) day(n int) time.Time { return org.Day(p.c.Begin).AddDate(0, 0, n) }

func (p *Province) tell(ctx context.Context, s *step) error {
	f, from := s.rest, p.day(s.from)
	switch s.verb {
	case "agency":
		return p.agency(ctx, f, from)
	case "unit":
		above := p.nodes[f[1]]
		d, err := p.c.Org.Make(ctx, p.c.As(above.top), org.NewNode{Internal: true, From: from, Facts: org.Facts{
			Parent: above.id, Kind: org.Kind(f[2]), Notation: f[3], ShortName: f[4], Name: f[5],
		}})
		p.nodes[f[0]] = node{d.ID, above.agency, above.top, true, from}
		return err
	case "person":
		return p.person(ctx, f, from)
	case "change":
		return p.change(ctx, f, from)
	case "end":
		n := p.nodes[f[0]]
		v, err := p.c.Org.Node(ctx, p.c.As(n.top), n.id, org.Moment{Valid: from.AddDate(0, 0, -1)})
		if err == nil {
			_, err = p.c.Org.End(ctx, p.c.As(n.top), n.id, v.Event, from, f[1])
		}
		return err
	}
	return p.personal(ctx, s.verb, f, from)
}

func (p *Province) agency(ctx context.Context, f []string, from time.Time) (err error) {
	n := org.NewNode{From: from, Facts: org.Facts{
		Kind: org.Kind(f[2]), Level: org.Level(f[3]), Sector: f[4], OwnSeal: f[5] == "1", Notation: f[6], Code35: f[7], Code13: f[8], ShortName: f[9], Name: f[10], Address: f[11],
		Email: "van-thu@" + f[0] + ".vi-du.example",
	}}
	var d org.Done
	var top store.ID
	if f[1] == "" {
		d, err = p.c.Found(ctx, n)
		top = d.ID
	} else {
		above := p.nodes[f[1]]
		n.Parent, top = above.id, above.top
		d, err = p.c.Org.Make(ctx, p.c.As(top), n)
	}
	p.nodes[f[0]] = node{d.ID, d.ID, top, false, from}
	return err
}

func (p *Province) person(ctx context.Context, f []string, from time.Time) error {
	at, reaches := p.nodes[f[1]], map[string]auth.Reach{"agency": auth.Agency, "units": auth.Units, "subordinates": auth.Subordinates}
	a := &Appointed{Key: f[0], Name: f[6], Agency: at.id, Unit: p.nodes[f[2]].id, AgencyKey: f[1], Title: f[5], Reach: reaches[f[4]]}
	for r := range strings.SplitSeq(f[3], ",") {
		if r != "" {
			a.Roles = append(a.Roles, auth.Role(r))
		}
	}
	n := len(p.order) + 1
	who := p.c.As(at.top)
	d, err := p.c.Org.MakePerson(ctx, who, org.NewPerson{From: from,
		PersonFacts: org.PersonFacts{Agency: at.id, Name: a.Name, Email: f[0] + "@" + f[1] + ".vi-du.example"},
		// No province has the code 099: nobody's number begins so.
		Private: org.Private{Birth: fmt.Sprintf("%d-%02d-%02d", 1968+n%30, 1+n%12, 1+n%28), Number: fmt.Sprintf("099%09d", n)},
	})
	if err != nil {
		return err
	}
	a.Person = d.ID
	p.who[f[0]], p.order = a, append(p.order, f[0])
	_, err = p.c.Org.GivePost(ctx, who, d.ID, d.Event, org.NewPost{Agency: at.id, Unit: a.Unit, Title: a.Title, Since: from})
	return err
}

func (p *Province) change(ctx context.Context, f []string, from time.Time) error {
	n := p.nodes[f[0]]
	v, err := p.c.Org.Node(ctx, p.c.As(n.top), n.id, org.Moment{Valid: from})
	if err != nil {
		return err
	}
	c := org.Change{Facts: v.Facts, From: from, Basis: f[3]}
	switch f[1] {
	case "name":
		c.Name = f[2]
	case "address":
		c.Address = f[2]
	default:
		return errStory
	}
	_, err = p.c.Org.Change(ctx, p.c.As(n.top), n.id, v.Event, c)
	return err
}

// personal are the verbs about one person.
func (p *Province) personal(ctx context.Context, verb string, f []string, from time.Time) error {
	a := p.who[f[0]]
	if a == nil {
		return errStory
	}
	who := p.c.As(p.nodes[a.AgencyKey].top)
	v, err := p.c.Org.Person(ctx, who, a.Person, org.Moment{})
	if err != nil {
		return err
	}
	switch verb {
	case "title":
		at := p.nodes[f[1]]
		_, err = p.c.Org.GivePost(ctx, p.c.As(at.top), a.Person, v.Event, org.NewPost{Agency: at.id, Unit: p.nodes[f[2]].id, Title: f[3], Since: from, Basis: f[4]})
	case "leave-post":
		i := slices.IndexFunc(v.Posts, func(h org.Held) bool { return h.Title == f[1] })
		if i < 0 {
			return errStory
		}
		_, err = p.c.Org.EndPost(ctx, who, v.Posts[i].ID, v.Event, from, f[2])
	case "away":
		days, e := strconv.Atoi(f[1])
		if e != nil {
			return e
		}
		_, err = p.c.Org.SetAbsence(ctx, who, a.Person, v.Event, org.NewAbsence{Since: from, Until: from.AddDate(0, 0, days), Substitute: p.who[f[2]].Person})
	case "leave":
		_, err = p.c.Org.EndPerson(ctx, who, a.Person, v.Event, from)
	}
	return err
}
