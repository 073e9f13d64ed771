package web

import (
	"context"
	"html/template"
	"io"
	"time"

	"github.com/antinvn/antin/internal/foundation/fault"
)

// The page that shows every part in all its states. Whoever makes a page begins here; what is checked by eye and by axe is this page.

type specimenForm struct {
	Title    string    `form:"title,required,max=60"`
	Note     string    `form:"note,textarea,max=500"`
	Kind     string    `form:"kind,required"`
	Urgency  string    `form:"urgency,radio"`
	To       []string  `form:"to"`
	Due      time.Time `form:"due"`
	Copies   int       `form:"copies"`
	Mail     string    `form:"mail,email,auto=email"`
	Secret   string    `form:"secret,password,auto=new-password"`
	Agreed   bool      `form:"agreed,required"`
	Document *Upload   `form:"document,accept=.pdf"`
}

var specimenList = List{
	Key:     "web.specimen.list",
	Columns: []Column{{Name: "number"}, {Name: "title"}, {Name: "state"}, {Name: "date"}, {Name: "pages", Number: true}},
	Pairs:   []Pair{{Sort: "date", Desc: true}, {Sort: "date"}, {Sort: "number"}, {Filters: []string{"state"}, Sort: "date", Desc: true}},
	Limit:   5,
}

type specimenRow struct {
	ID    int64
	State Badge
	Date  time.Time
	Pages int64
}

type specimenData struct {
	Form, Wrong *Form
	Table, None *Table
	Rows        []specimenRow
	Badges      []Badge
	Banners     []Banner
	Empty       Empty
	Tabs        []Tab
	Facts       []Fact
	Steps       []Step
	Happenings  []Happening
	Bars        []Bar
	Dialog      Dialog
	Acts        []*Act
	Said        Text
	Sheets      []*Sheets
}

const specimenPath = "/he-thong-giao-dien"

func specimen(r *Request) (Answer, error) {
	var in specimenForm
	form, err := r.Form("web.specimen", &in)
	if err != nil {
		return nil, err
	}
	specimenOptions(r, form)
	if form.OK() {
		if in.Document != nil {
			if _, err := io.Copy(io.Discard, in.Document); err != nil {
				return nil, err
			}
		}
		return SeeOther(specimenPath).Say(T("web.specimen.sent", "title", in.Title)), nil
	}
	q, err := specimenList.Query(r)
	if err != nil {
		return nil, err
	}
	d := specimenParts(r)
	d.Form, d.Wrong = form, specimenWrong(r)
	d.Rows = specimenRows(q)
	rows, more := Cut(q, d.Rows)
	var next *Cursor
	if d.Rows = rows; more {
		last := rows[len(rows)-1]
		next = &Cursor{Value: last.Date.UnixMicro(), ID: last.ID}
	}
	d.Table = q.Table(r, len(rows), next)
	d.Table.Options("state", []Choice{{"good", r.Say(T("web.specimen.good"))}, {"wait", r.Say(T("web.specimen.wait"))}, {"bad", r.Say(T("web.specimen.bad"))}})
	d.None = (&Query{Pair: Pair{Sort: "date"}, list: &List{Key: specimenList.Key, Pairs: specimenList.Pairs[:1]}}).Table(r, 0, nil)
	d.None.Link = &Link{Text: T("web.specimen.make"), Href: specimenPath, Primary: true}
	return &Page{
		Title: T("web.specimen"), Body: "specimen.html", Data: d, Form: form,
		Trail: []Link{{Text: T("web.home"), Href: "/"}},
		Acts:  []Link{{Text: T("web.specimen.other"), Href: specimenPath}, {Text: T("web.specimen.make"), Href: specimenPath, Primary: true}},
	}, nil
}

func specimenOptions(r *Request, f *Form) {
	f.Options("kind", []Choice{{"decision", r.Say(T("web.specimen.decision"))}, {"letter", r.Say(T("web.specimen.letter"))}})
	f.Options("urgency", []Choice{{"", r.Say(T("web.specimen.normal"))}, {"high", r.Say(T("web.specimen.high"))}})
	f.Options("to", []Choice{{"a", r.Say(T("web.specimen.commune_a"))}, {"b", r.Say(T("web.specimen.commune_b"))}})
}

// specimenWrong is the same form as it comes back: what is wrong stands in the summary and beside each field.
func specimenWrong(r *Request) *Form {
	f := &Form{Key: "web.specimen", Action: specimenPath, ID: r.server.newID(16), Agency: r.Actor.Agency.Value, request: r}
	fields, err := f.describe(&specimenForm{Title: r.Say(T("web.specimen.row_title")), Copies: 3})
	if err != nil {
		panic(err) // its tags are ours
	}
	f.fill(fields)
	specimenOptions(r, f)
	for _, x := range f.Fields {
		if x.Name != "title" && x.Name != "copies" {
			f.blame(fault.Field{Name: x.Name, Kind: fault.ErrRequired})
		}
		x.Name, x.Keep = "w-"+x.Name, ""
	}
	return f
}

func specimenRows(q *Query) []specimenRow {
	kinds := []Kind{Good, Wait, Bad, Quiet}
	var rows []specimenRow
	for i := range int64(12) {
		row := specimenRow{
			ID: 12 - i, Date: time.Date(2026, 3, int(12-i), 8, 30, 0, 0, time.UTC), Pages: 3 + i*397,
			State: Badge{kinds[i%4], T("web.specimen." + string(kinds[i%4]))},
		}
		if v := q.Value("state"); v != "" && v != string(row.State.Kind) || q.After != nil && q.Desc && row.ID >= q.After.ID || q.After != nil && !q.Desc && row.ID <= q.After.ID {
			continue
		}
		if q.Desc {
			rows = append(rows, row)
		} else {
			rows = append([]specimenRow{row}, rows...)
		}
	}
	return rows[:min(len(rows), q.Limit+1)]
}

func specimenParts(r *Request) specimenData {
	at := time.Date(2026, 3, 12, 1, 5, 0, 0, time.UTC)
	link := &Link{Text: T("web.specimen.make"), Href: specimenPath, Primary: true}
	d := specimenData{
		Empty: Empty{Title: T("web.specimen.list.none"), Next: T("web.specimen.list.none_next"), Link: link},
		Tabs: []Tab{
			{Text: T("web.specimen.tab_document"), Href: specimenPath, Current: true}, {Text: T("web.specimen.tab_history"), Href: specimenPath + "?xep=number"},
		},
		Facts: []Fact{
			{Name: T("web.specimen.list.number"), Value: T("web.specimen.row_number", "n", "5"), Href: specimenPath},
			{Name: T("web.specimen.list.title"), Value: T("web.specimen.row_title")},
			{Name: T("web.specimen.list.pages"), Value: T("web.specimen.pages", "n", 12)},
		},
		Steps: []Step{
			{Text: T("web.specimen.step_draft"), State: "done", Note: T("web.specimen.step_note")},
			{Text: T("web.specimen.step_sign"), State: "current"},
			{Text: T("web.specimen.step_seal"), State: "todo"},
			{Text: T("web.specimen.step_return"), State: "refused", Note: T("web.specimen.step_reason")},
		},
		Happenings: []Happening{
			{At: at, Who: r.Say(T("web.specimen.person")), What: T("web.specimen.step_sign"), Note: T("web.specimen.step_note")},
			{At: at.Add(-26 * time.Hour), Who: r.Say(T("web.specimen.person")), What: T("web.specimen.step_draft")},
		},
		Bars: []Bar{
			{Label: T("web.specimen.work"), Progress: specimenAt(r), Watch: specimenPath + "/tien-do"},
			{Label: T("web.specimen.work_waiting"), Progress: Progress{State: "waiting", Said: T("web.progress.waiting")}},
			{Label: T("web.specimen.work"), Progress: Progress{State: "done", Done: 40, Total: 40, Said: T("web.specimen.work_at", "n", 40, "total", 40)}},
			{Label: T("web.specimen.work"), Progress: Progress{State: "failed", Done: 7, Total: 40, Said: T("web.specimen.work_at", "n", 7, "total", 40)}},
		},
		Acts: []*Act{
			r.Act(T("web.specimen.act_primary"), specimenPath, "primary"), r.Act(T("web.specimen.act_plain"), specimenPath, ""),
			r.Act(T("web.specimen.act_danger"), specimenPath, "danger"), r.Act(T("web.specimen.act_link"), specimenPath, "link"),
		},
		Said: T("web.specimen.sent", "title", r.Say(T("web.specimen.row_title"))),
	}
	for _, k := range []Kind{Good, Wait, Bad, Info, Quiet} {
		word := T("web.specimen." + string(k))
		d.Badges = append(d.Badges, Badge{k, word})
		b := Banner{Kind: k, Title: word, Body: T("web.specimen." + string(k) + "_next")}
		if k == Wait {
			b.Link = &Link{Text: T("web.specimen.again"), Href: specimenPath}
		}
		d.Banners = append(d.Banners, b)
	}
	line := r.Say(T("web.specimen.sheet_line"))
	source := template.URL(r.server.assetOf["web/specimen.svg"]) //nolint:gosec // an asset's own address
	d.Sheets = []*Sheets{
		{Of: "a", Count: 12, Many: 3, Path: specimenPath, File: specimenPath, Pages: []Sheet{
			{Number: 5, Source: source, Wide: source, Width: 595, Height: 240, Lines: []SheetLine{{line, 60, 60, 535, 78}}, Paragraphs: []string{line}},
			{Number: 6, Source: source, Width: 595, Height: 240},
			{Number: 7},
		}},
		{Of: "b", File: specimenPath, Why: &Banner{Kind: Wait, Title: T("web.sheets.why"), Body: T("web.specimen.wait_next")}},
	}
	d.Dialog = Dialog{
		ID: "ask", Opener: T("web.specimen.act_danger"), Href: specimenPath, Title: T("web.specimen.ask"), Body: T("web.specimen.ask_next"),
		Act: r.Act(T("web.specimen.act_danger"), specimenPath, "danger"),
	}
	return d
}

// specimenAt runs by the clock, so that it is the same for every reader and every load.
func specimenAt(r *Request) Progress {
	n := r.server.config.Clock.Now().Unix() % 40
	return Progress{State: "running", Done: n, Total: 40, Said: T("web.specimen.work_at", "n", n, "total", 40)}
}

func specimenProgress(r *Request) (Answer, error) {
	return Watch(func(context.Context) (Progress, error) { return specimenAt(r), nil }), nil
}
