package register

import (
	"io/fs"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/web"
)

// list is how the registers of the acting agency are looked at.
var list = web.List{
	Key:     "register.list",
	Columns: []web.Column{{Name: "number"}, {Name: "summary"}, {Name: "signer"}, {Name: "recipients"}, {Name: "date"}, {Name: "sent"}},
	Pairs: []web.Pair{
		{Sort: "date", Desc: true},
		{Sort: "date"},
		{Filters: []string{"kind"}, Sort: "date", Desc: true},
		{Filters: []string{"year"}, Sort: "date", Desc: true},
		{Filters: []string{"kind", "year"}, Sort: "number", Desc: true},
		{Filters: []string{"kind", "year"}, Sort: "number"},
	},
}

const (
	path      = "/so-van-ban"
	printPath = "/so-van-ban/in"
)

// printRows is how many numbers one print holds; a book goes on in the next.
const printRows = MaxLimit - 1

// Pages are the registers, for who may read the agency's documents.
func Pages(s *Service) web.Module {
	p := pages{s}
	return web.Module{
		Name: "records/register", Pages: fs.FS(Files),
		Routes:     []web.Route{{Pattern: "GET " + path, Handler: p.list}, {Pattern: "GET " + printPath, Handler: p.print}},
		Navigation: []web.Item{{Text: web.T("register.menu"), Href: path, Order: 30, Shown: auth.Shown(auth.ReadDocuments)}},
	}
}

type pages struct{ s *Service }

// row is a number as the list and the print show it.
type row struct {
	Number

	KindName string
	Href     string
}

func rowsOf(r *web.Request, numbers []Number) []row {
	out := make([]row, len(numbers))
	for i, n := range numbers {
		out[i] = row{n, nameOf(r.Lang, n.Kind, n.Day), "/van-ban/" + n.For.Text("doc")}
	}
	return out
}

func nameOf(l i18n.Lang, code string, day time.Time) string {
	if k, ok := KindOf(code, day); ok {
		return k.Name(l)
	}
	return code
}

func (p pages) list(r *web.Request) (web.Answer, error) {
	q, err := list.Query(r)
	if err != nil {
		return nil, err
	}
	who := auth.Who(r)
	asked, err := read(who.Agency, q)
	if err != nil {
		return nil, err
	}
	numbers, err := p.s.Numbers(r.Context(), who, asked)
	if err != nil {
		return nil, err
	}
	books, err := p.s.Books(r.Context(), who, who.Agency)
	if err != nil {
		return nil, err
	}
	numbers, more := web.Cut(q, numbers)
	var next *web.Cursor
	if more {
		last := placeOf(&asked, &numbers[len(numbers)-1])
		next = &web.Cursor{Value: last.Value, ID: int64(last.ID)}
	}
	t := q.Table(r, len(numbers), next)
	t.Options("kind", kindChoices(r.Lang, books))
	t.Options("year", yearChoices(books))
	page := &web.Page{Title: web.T("register.title"), Body: "register.html", Data: struct {
		Table *web.Table
		Rows  []row
		Book  bool
	}{t, rowsOf(r, numbers), asked.book()}}
	if asked.book() && len(numbers) > 0 {
		page.Acts = []web.Link{{Text: web.T("register.print"), Href: printAddress(asked.Kind, asked.Year, 0)}}
	}
	return page, nil
}

// read is what a query of [list] asks for.
func read(agency store.ID, q *web.Query) (Asked, error) {
	a := Asked{Agency: agency, Kind: q.Value("kind"), Desc: q.Desc, Limit: q.Limit + 1}
	if y := q.Value("year"); y != "" {
		n, err := strconv.Atoi(y)
		if err != nil || n < 1 || n > 9999 {
			return a, fault.New(fault.Invalid, ErrBook, y)
		}
		a.Year = n
	}
	if q.After != nil {
		v, ok := q.After.Value.(int64)
		if !ok {
			return a, fault.New(fault.Invalid, web.ErrCursor, "")
		}
		a.After = &Place{v, store.ID(q.After.ID)}
	}
	return a, nil
}

func placeOf(a *Asked, n *Number) Place {
	if a.book() {
		return Place{int64(n.Number), n.ID}
	}
	return Place{store.Micros(n.Day), n.ID}
}

// kindChoices are the kinds that the agency has used, in the order of the dictionary.
func kindChoices(l i18n.Lang, books []Series) []web.Choice {
	var out []web.Choice
	for _, b := range books {
		if !slices.ContainsFunc(out, func(c web.Choice) bool { return c.Value == b.Kind }) {
			out = append(out, web.Choice{Value: b.Kind, Name: nameOf(l, b.Kind, b.Day)})
		}
	}
	slices.SortFunc(out, func(a, b web.Choice) int { return slices.Compare(i18n.SortKey(a.Name), i18n.SortKey(b.Name)) })
	return out
}

func yearChoices(books []Series) []web.Choice {
	var out []web.Choice
	for _, b := range books {
		if y := strconv.Itoa(b.Year); len(out) == 0 || out[len(out)-1].Value != y {
			out = append(out, web.Choice{Value: y, Name: y})
		}
	}
	return out
}

func printAddress(kind string, year, after int) string {
	v := url.Values{"kind": {kind}, "year": {strconv.Itoa(year)}}
	if after > 0 {
		v.Set("after", strconv.Itoa(after))
	}
	return printPath + "?" + v.Encode()
}

// cell is a cell of the printed register.
type cell struct {
	Column string
	Text   string
	Number bool
}

// print is one book on paper: "printable in full columns and bound" (Decree 30/2020, Article 16).
func (p pages) print(r *web.Request) (web.Answer, error) {
	asked := r.URL.Query()
	who := auth.Who(r)
	year, err := strconv.Atoi(asked.Get("year"))
	kind := i18n.Line(asked.Get("kind"))
	if err != nil || kind == "" || year < 1 || year > 9999 {
		return nil, fault.New(fault.NotFound, ErrBook, strings.TrimSpace(kind+" "+asked.Get("year")))
	}
	a := Asked{Agency: who.Agency, Kind: kind, Year: year, Limit: printRows + 1}
	if s := asked.Get("after"); s != "" {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return nil, fault.New(fault.Invalid, web.ErrCursor, "").Because(err)
		}
		a.After = &Place{Value: n}
	}
	numbers, err := p.s.Numbers(r.Context(), who, a)
	if err != nil {
		return nil, err
	}
	if len(numbers) == 0 {
		return nil, fault.New(fault.NotFound, ErrBook, nameOf(r.Lang, kind, time.Date(year, 12, 31, 0, 0, 0, 0, time.UTC))+" "+strconv.Itoa(year))
	}
	v := struct {
		Agency, Kind, Year, From, To, Next string
		Columns                            []string
		Rows                               [][]cell
	}{Agency: r.Actor.Agency.Name, Year: strconv.Itoa(year)}
	if len(numbers) > printRows {
		numbers = numbers[:printRows]
		v.Next = printAddress(kind, year, numbers[printRows-1].Number)
	}
	first, last := numbers[0], numbers[len(numbers)-1]
	v.From, v.To, v.Kind = strconv.Itoa(first.Number), strconv.Itoa(last.Number), nameOf(r.Lang, kind, last.Day)
	v.Columns = columns("outgoing", last.Day)
	for _, x := range rowsOf(r, numbers) {
		v.Rows = append(v.Rows, x.cells(v.Columns))
	}
	return &web.Page{
		Title: web.T("register.print_title"), Body: "print.html", Data: v,
		Trail: []web.Link{{Text: web.T("register.title"), Href: path}},
	}, nil
}

// cells are what a form's columns say of a number. Of what nobody wrote, the cell is empty: it is filled in by hand.
func (x *row) cells(columns []string) []cell {
	out := make([]cell, len(columns))
	for i, c := range columns {
		out[i] = cell{Column: c, Text: x.cell(c), Number: c == "copies"}
	}
	return out
}

func (x *row) cell(column string) string {
	switch column {
	case "notation":
		return x.Notation
	case "day":
		return i18n.Date(x.Day)
	case "summary":
		return strings.TrimSpace(x.KindName + ". " + x.Summary)
	case "signer":
		return x.Signer
	case "recipients":
		return x.Recipients
	case "keeper":
		return x.Keeper
	case "copies":
		if x.Copies > 0 {
			return strconv.Itoa(x.Copies)
		}
	case "sent":
		if !x.Sent.IsZero() {
			return i18n.Date(x.Sent)
		}
	case "note":
		if x.Backdated != "" {
			return strings.TrimPrefix(x.Note+"; "+x.Backdated, "; ")
		}
		return x.Note
	}
	return ""
}
