package web

import (
	"slices"
	"time"

	"github.com/antinvn/antin/internal/foundation/i18n"
)

// What the parts of a page are drawn from (parts/*.html). /he-thong-giao-dien shows each in all its states.

// Link leads somewhere. Primary marks the one act that a page is for.
type Link struct {
	Text    Text
	Href    string
	Primary bool
}

// Kind says what a badge or a banner means. Each has its word, its shape and its colour; red is for errors and urgency alone, and what
// cannot be told is amber.
type Kind string

// The kinds.
const (
	Good  Kind = "good"
	Wait  Kind = "wait" // cannot be told, or not yet
	Bad   Kind = "bad"
	Info  Kind = "info"
	Quiet Kind = "quiet"
)

// Badge is a state: a word and a shape.
type Badge struct {
	Kind Kind
	Text Text
}

// Banner is what stands over a page's content.
type Banner struct {
	Kind  Kind
	Title Text
	Body  Text
	Link  *Link
}

// Empty stands where there is nothing: what would be here, and how it gets here.
type Empty struct {
	Title, Next Text
	Link        *Link
}

// Tab is one of several views of a thing, each at its own address.
type Tab struct {
	Text    Text
	Href    string
	Current bool
}

// Fact is a name and what stands for it.
type Fact struct {
	Name, Value Text
	Href        string
}

// Step is a step of a way: done, current, todo or refused.
type Step struct {
	Text  Text
	Note  Text
	State string
}

// Happening is an entry of a history, newest first.
type Happening struct {
	At   time.Time
	Who  string
	What Text
	Note Text
}

// Act is a button that does something at once: a form of its own, sent once.
type Act struct {
	Text   Text
	Action string
	Kind   string // "primary", "danger", or "" for a plain one
	ID     string
	Agency string   // the acting agency it was made for
	Hidden []Choice // what is sent along: values by their names
}

// Act makes an act for this page.
func (r *Request) Act(text Text, action, kind string, hidden ...Choice) *Act {
	return &Act{Text: text, Action: localPath(action), Kind: kind, ID: r.server.newID(16), Agency: r.Actor.Agency.Value, Hidden: hidden}
}

// Dialog asks before an act. Without JavaScript its opener leads to a page, Href, that asks the same.
type Dialog struct {
	ID     string
	Opener Text
	Href   string
	Title  Text
	Body   Text
	Act    *Act
}

// Table is a list as it is shown: the filters, the head, and where it goes on. On a phone each row is a card; a cell that its content
// does not explain carries its column's name in data-label.
type Table struct {
	Key         string
	Path        string
	Heads       []Head
	Filters     []*Field
	Sort        string // as the address carries it
	Filtered    bool
	Rows        int
	Next, First string
	// Link leads to how a first row is made, where there is none.
	Link *Link
}

// Head is the head of a column.
type Head struct {
	Label  Text
	Href   string // sorts by it; "" where it cannot be sorted by under these filters
	Order  string // ascending, descending, or ""
	Number bool
}

// Cut returns the rows that are shown of limit+1 that were asked for, and whether there are more.
func Cut[T any](q *Query, rows []T) (shown []T, more bool) {
	if len(rows) > q.Limit {
		return rows[:q.Limit], true
	}
	return rows, false
}

// Table makes the table for a number of rows. Next is the last row's place where there are more; nil ends the list.
func (q *Query) Table(r *Request, rows int, next *Cursor) *Table {
	l := q.list
	t := &Table{Key: l.Key, Path: q.path, Rows: rows, Filtered: len(q.Filters) > 0, Sort: q.Sort}
	if q.Desc {
		t.Sort = "-" + q.Sort
	}
	for _, c := range l.Columns {
		h := Head{Label: T(l.Key + "." + c.Name), Number: c.Number}
		allowed := func(desc bool) bool {
			return slices.ContainsFunc(l.Pairs, func(p Pair) bool {
				return slices.Equal(p.Filters, q.Filters) && p.Sort == c.Name && p.Desc == desc
			})
		}
		here := q.Sort == c.Name
		switch {
		case here && q.Desc:
			h.Order = "descending"
		case here:
			h.Order = "ascending"
		}
		switch {
		case here && allowed(!q.Desc):
			h.Href = q.address(c.Name, !q.Desc, nil)
		case !here && allowed(false):
			h.Href = q.address(c.Name, false, nil)
		case !here && allowed(true):
			h.Href = q.address(c.Name, true, nil)
		}
		t.Heads = append(t.Heads, h)
	}
	for _, name := range l.filters() {
		t.Filters = append(t.Filters, &Field{Name: name, Kind: "text", Max: 200, Label: r.Say(T(l.Key + "." + name)), Value: q.Value(name)})
	}
	if next != nil {
		t.Next = q.address(q.Sort, q.Desc, next)
	}
	if q.After != nil {
		t.First = q.address(q.Sort, q.Desc, nil)
	}
	return t
}

// Options gives a filter its choices.
func (t *Table) Options(name string, choices []Choice) {
	for _, f := range t.Filters {
		if f.Name == name {
			f.Kind, f.Options = "select", choices
		}
	}
}

// Count writes how many there are: counting stops at 1.000, and says so by "1.000+".
func Count(l i18n.Lang, n int64) string {
	if n >= 1000 {
		return i18n.Number(l, 1000) + "+"
	}
	return i18n.Number(l, n)
}
