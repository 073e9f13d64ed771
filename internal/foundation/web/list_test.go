package web_test

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/web"
)

var notes = web.List{
	Key:     "note.list",
	Columns: []web.Column{{Name: "name"}, {Name: "date"}, {Name: "size", Number: true}},
	Pairs: []web.Pair{
		{Sort: "date", Desc: true}, {Sort: "name"}, {Filters: []string{"state"}, Sort: "date", Desc: true}, {Filters: []string{"kind", "state"}, Sort: "name"},
	},
	Limit: 2,
}

// ask runs a query for an address and hands its request on.
func ask(t testing.TB, address string, look func(*web.Request, *web.Query)) error {
	t.Helper()
	return asking(t)(address, look)
}

// asking is a server with one list, and gives the function that asks it; one question at a time.
func asking(t testing.TB) func(address string, look func(*web.Request, *web.Query)) error {
	t.Helper()
	texts := must(i18n.New(web.Texts(), fstest.MapFS{"vi.txt": {Data: []byte("a.b = c\n")}, "en.txt": {Data: []byte("a.b = c\n")}}))
	var err error
	var look func(*web.Request, *web.Query)
	s := must(web.New(web.Config{Public: &url.URL{Scheme: "https", Host: "antin.example"}, Texts: texts, Log: slog.New(slog.DiscardHandler)}, web.Module{Routes: []web.Route{
		{Pattern: "GET /list", Anyone: true, Handler: func(r *web.Request) (web.Answer, error) {
			var q *web.Query
			if q, err = notes.Query(r); err == nil {
				look(r, q)
			}
			return web.SeeOther("/"), nil
		}},
	}}))
	return func(address string, f func(*web.Request, *web.Query)) error {
		look, err = f, nil
		s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "https://antin.example"+address, nil))
		return err
	}
}

func TestAListTakesItsPairsOnly(t *testing.T) {
	for address, want := range map[string]string{
		"/list":                          "[] date true []",
		"/list?xep=name":                 "[] name false []",
		"/list?xep=-name":                "[] date true []", // not declared: as the list opens
		"/list?xep=size":                 "[] date true []",
		"/list?state=x&xep=name":         "[state] date true [x]", // the filter stays, the order gives way
		"/list?state=x&kind=y&xep=-date": "[kind state] name false [y x]",
		"/list?kind=y":                   "[] date true []", // no pair filters by it alone
		"/list?state=+":                  "[] date true []",
	} {
		err := ask(t, address, func(_ *web.Request, q *web.Query) {
			if got := fmt.Sprintf("%v %s %v %v", q.Filters, q.Sort, q.Desc, q.Values); got != want {
				t.Errorf("%s: %s, want %s", address, got, want)
			}
		})
		if err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	if err := ask(t, "/list?state="+strings.Repeat("x", 201), nil); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
}

func TestAListGoesOnByKey(t *testing.T) {
	for _, value := range []any{int64(-5), "Đà Nẵng\x00", []byte{0, 255}} {
		var next string
		ask(t, "/list?xep=name", func(r *web.Request, q *web.Query) {
			rows, more := web.Cut(q, []int{1, 2, 3})
			if len(rows) != 2 || !more {
				t.Errorf("%v %v", rows, more)
			}
			table := q.Table(r, len(rows), &web.Cursor{Value: value, ID: 1 << 60})
			if next = table.Next; table.First != "" || table.Heads[0].Order != "ascending" || table.Heads[0].Href != "" || table.Heads[1].Href == "" || table.Heads[2].Href != "" {
				t.Errorf("%+v", table)
			}
		})
		if err := ask(t, next, func(r *web.Request, q *web.Query) {
			if q.After == nil || q.After.ID != 1<<60 || fmt.Sprintf("%T %v", q.After.Value, q.After.Value) != fmt.Sprintf("%T %v", value, value) || q.Sort != "name" {
				t.Errorf("%v: %+v", value, q.After)
			}
			if table := q.Table(r, 1, nil); table.Next != "" || table.First == "" {
				t.Errorf("%+v", table)
			}
		}); err != nil {
			t.Errorf("%s: %v", next, err)
		}
		// A place in one order is none in another.
		if err := ask(t, strings.Replace(next, "xep=name", "xep=-date", 1), func(*web.Request, *web.Query) {}); !fault.Is(err, fault.Invalid) {
			t.Errorf("a cursor of another order: %v", err)
		}
	}
	for _, bad := range []string{"x", "!!", strings.Repeat("A", 5000), base64.RawURLEncoding.EncodeToString(make([]byte, 10))} {
		if err := ask(t, "/list?sau="+bad, func(*web.Request, *web.Query) {}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
}

// TestALongNameIsAPlaceToo holds the bound of a cursor to the longest key that package i18n makes.
func TestALongNameIsAPlaceToo(t *testing.T) {
	key := i18n.PersonKey(strings.Repeat("ễ", 300) + " " + strings.Repeat("ộ", 300))
	ask(t, "/list", func(r *web.Request, q *web.Query) {
		next := q.Table(r, 1, &web.Cursor{Value: key, ID: 1}).Next
		if err := ask(t, next, func(_ *web.Request, q *web.Query) {
			if string(q.After.Value.([]byte)) != string(key) {
				t.Error("another key")
			}
		}); err != nil {
			t.Errorf("%d bytes: %v", len(key), err)
		}
	})
}

func TestCountsStop(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1.000+", 1 << 40: "1.000+"} {
		if got := web.Count(i18n.Vietnamese, n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}

func FuzzCursor(f *testing.F) {
	f.Add("AAAAAAAAAAAAAA")
	ask := asking(f)
	f.Fuzz(func(t *testing.T, s string) {
		err := ask("/list?sau="+url.QueryEscape(s), func(*web.Request, *web.Query) {})
		if err != nil && !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
	})
}

func TestMemoryKeepsFirstResults(t *testing.T) {
	c := clock.NewFake(time.Unix(0, 0))
	m, ctx := web.NewMemory(c, 3), t.Context()
	if _, taken, _ := m.Claim(ctx, "a"); taken {
		t.Fatal("a new key is taken")
	}
	if first, taken, _ := m.Claim(ctx, "a"); !taken || first.Location != "" {
		t.Error("a claimed key is free")
	}
	m.Keep(ctx, "a", web.Result{Location: "/x"})
	if first, taken, _ := m.Claim(ctx, "a"); !taken || first.Location != "/x" {
		t.Error("the first result is lost")
	}
	m.Claim(ctx, "b")
	m.Release(ctx, "b")
	if _, taken, _ := m.Claim(ctx, "b"); taken {
		t.Error("a released key is taken")
	}
	c.Advance(25 * time.Hour)
	if _, taken, _ := m.Claim(ctx, "a"); taken {
		t.Error("a key outlives its day")
	}
	for i := range 10 {
		m.Claim(ctx, fmt.Sprint(i))
	}
	if _, taken, _ := m.Claim(ctx, "a"); taken {
		t.Error("more than three forms are held")
	}
	if _, taken, _ := m.Claim(ctx, "9"); !taken {
		t.Error("the newest is gone")
	}
}
