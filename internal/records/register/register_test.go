package register_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/auth/authtest"
	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
	"github.com/antinvn/antin/internal/records/register"
)

// taking stands for the room that numbers its documents.
var taking = auth.Policy{"test.Number": {Needs: auth.NumberDocument, Decides: "the document's agency"}}

type house struct {
	*authtest.House

	*register.Service
}

func open(t testing.TB, url string) *house {
	t.Helper()
	steps, err := store.Migrations(register.Files)
	if err != nil {
		t.Fatal(err)
	}
	h := authtest.New(t, url, steps, register.Policy, taking)
	return &house{h, register.New(h.DB, h.Auth)}
}

func each(t *testing.T, test func(t *testing.T, h *house)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, url string) { test(t, open(t, url)) })
}

var errWanted = errors.New("wanted")

// take numbers a thing in a transaction of its own; spoil rolls it back afterwards.
func (h *house) take(t testing.TB, who auth.Actor, x register.Taking, spoil bool) (n register.Number, err error) {
	t.Helper()
	w, err := h.Auth.Warrant(t.Context(), who, "test.Number")
	if err != nil {
		t.Fatal(err)
	}
	err = h.DB.Do(t.Context(), w, func(tx *store.Tx) error {
		if err := tx.Over(x.Agency); err != nil {
			return err
		}
		if n, err = register.TakeTx(tx, x); err == nil && spoil {
			return errWanted
		}
		return err
	})
	return n, err
}

func (h *house) numbers(t testing.TB, who auth.Actor, a register.Asked) []register.Number {
	t.Helper()
	if a.Limit == 0 {
		a.Limit = register.MaxLimit
	}
	a.Agency = who.Agency
	out, err := h.Numbers(t.Context(), who, a)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func vietnam(year int, month time.Month, day, hour, minute int) time.Time {
	return time.Date(year, month, day, hour, minute, 0, 0, clock.Vietnam)
}

func TestANumberIsTakenAsTheDecreePrintsIt(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		clerk := h.Actor(h.Agency(t, 0, false), auth.Clerk)
		h.Clock.Set(vietnam(2026, 3, 5, 0, 30)) // 4 March in UTC
		x := register.Taking{
			For: 7, Agency: clerk.Agency, Notation: "UBND", Kind: "quyet-dinh", Summary: " Về việc\u0020 phê duyệt ", Signer: "Nguyễn Thị Mẫu", Recipients: "Như Điều 3;\r\nLưu: VT.",
			Keeper: "Văn phòng", Copies: 12, Note: "n",
		}
		n, err := h.take(t, clerk, x, false)
		if err != nil {
			t.Fatal(err)
		}
		if n.Notation != "01/QĐ-UBND" || n.Number != 1 || n.Year != 2026 || !n.Day.Equal(vietnam(2026, 3, 5, 0, 0)) || n.Summary != "Về việc phê duyệt" {
			t.Errorf("%+v", n)
		}
		again, err := h.take(t, clerk, x, false)
		if err != nil || again != n {
			t.Errorf("taken again: %+v, %v", again, err)
		}
		got := h.numbers(t, clerk, register.Asked{})
		if len(got) != 1 || got[0] != n {
			t.Errorf("listed: %+v, want %+v", got, n)
		}
		w, err := h.Auth.Warrant(t.Context(), clerk, "test.Number")
		if err != nil {
			t.Fatal(err)
		}
		at := h.Clock.Now().Add(time.Hour)
		for range 2 {
			if err := h.DB.Do(t.Context(), w, func(tx *store.Tx) error { return errors.Join(tx.Permit(true), register.SentTx(tx, 7, at)) }); err != nil {
				t.Error(err)
			}
		}
		if err := h.DB.Do(t.Context(), w, func(tx *store.Tx) error { return errors.Join(tx.Permit(true), register.SentTx(tx, 8, at)) }); !fault.Is(err, fault.NotFound) {
			t.Errorf("what has no number was sent: %v", err)
		}
		err = h.DB.View(t.Context(), w, func(tx *store.Tx) error {
			n, err := register.OfTx(tx, 7)
			if err != nil || !n.Sent.Equal(at) {
				t.Errorf("%+v, %v", n, err)
			}
			events, err := tx.History(7, 0, 10)
			if len(events) != 2 || events[0].Kind != "register.sent/1" || events[1].Kind != "register.taken/1" || events[0].ID != n.Event {
				t.Errorf("%+v", events)
			}
			return errors.Join(err, tx.Over(clerk.Agency))
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestWhatANumberIsRefusedFor(t *testing.T) {
	h := open(t, storetest.SQLite(t))
	clerk := h.Actor(h.Agency(t, 0, false), auth.Clerk)
	h.Clock.Set(vietnam(2026, 12, 31, 9, 0))
	thing := store.ID(100)
	take := func(change func(*register.Taking)) (register.Number, error) {
		thing++
		x := register.Taking{For: thing, Agency: clerk.Agency, Notation: "UBND", Kind: "quyet-dinh"}
		change(&x)
		return h.take(t, clerk, x, false)
	}
	first, err := take(func(*register.Taking) {})
	if err != nil {
		t.Fatal(err)
	}
	h.Clock.Set(vietnam(2027, 1, 1, 0, 1))
	for name, c := range map[string]struct {
		change func(*register.Taking)
		want   codes.Code
	}{
		"no such kind":         {func(x *register.Taking) { x.Kind = "quyet-tam" }, register.ErrKind},
		"a kind not yet there": {func(x *register.Taking) { x.Date, x.Backdated = vietnam(2019, 5, 1, 0, 0), "vào sổ muộn" }, register.ErrKind},
		"no number for it":     {func(x *register.Taking) { x.Kind = "thu-cong" }, register.ErrUnnumbered},
		"no abbreviation":      {func(x *register.Taking) { x.Notation = "" }, register.ErrNotation},
		"a stroke in it":       {func(x *register.Taking) { x.Notation = "UB/ND" }, register.ErrNotation},
		"a space in it":        {func(x *register.Taking) { x.Kind, x.Unit = "cong-van", "KT TH" }, register.ErrNotation},
		"too long":             {func(x *register.Taking) { x.Notation = strings.Repeat("Đ", 28) }, register.ErrNotation},
		"a day to come":        {func(x *register.Taking) { x.Date = vietnam(2027, 1, 2, 0, 0) }, register.ErrDayAhead},
		"to come, with reason": {func(x *register.Taking) { x.Date, x.Backdated = vietnam(2027, 1, 2, 0, 0), "gấp" }, register.ErrDayAhead},
		"a year that is over":  {func(x *register.Taking) { x.Date = vietnam(2026, 12, 31, 23, 59) }, register.ErrYearOver},
		"another series":       {func(x *register.Taking) { x.For, x.Kind = first.For, "ke-hoach" }, register.ErrNumbered},
	} {
		if _, err := take(c.change); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i, c := range []struct {
		change func(*register.Taking)
		want   string
	}{
		{func(*register.Taking) {}, "01/QĐ-UBND"}, // nothing was used up, and the year begins anew
		{func(x *register.Taking) { x.Kind = "quy-dinh" }, "01/QyĐ-UBND"},
		{func(x *register.Taking) { x.Kind, x.Unit = "cong-van", "KT" }, "01/UBND-KT"},
		{func(x *register.Taking) { x.Kind = "cong-van" }, "02/UBND"}, // one series, whatever unit drafted it
		{func(x *register.Taking) {
			x.Date, x.Backdated = vietnam(2026, 12, 30, 0, 0), "văn bản giấy vào sổ muộn"
		}, "02/QĐ-UBND"},
	} {
		if n, err := take(c.change); err != nil || n.Notation != c.want {
			t.Errorf("%d: %s, %v, want %s", i, n.Notation, err, c.want)
		}
	}

	// A day before the last number's is refused, the same and a later one are not; a reason lets it pass and moves no rule.
	h.Clock.Set(vietnam(2027, 5, 20, 9, 0))
	on := func(day int, why string) error {
		_, err := take(func(x *register.Taking) { x.Kind, x.Date, x.Backdated = "ke-hoach", vietnam(2027, 5, day, 12, 0), why })
		return err
	}
	for i, c := range []struct {
		day  int
		why  string
		want error
	}{{10, "", nil}, {10, "", nil}, {9, "", register.ErrDayBefore}, {9, "vào sổ muộn", nil}, {9, "", register.ErrDayBefore}, {9, " ", register.ErrDayBefore}, {11, "", nil}} {
		if err := on(c.day, c.why); !errors.Is(err, c.want) {
			t.Errorf("%d: %v", i, err)
		}
	}
	got := h.numbers(t, clerk, register.Asked{Kind: "ke-hoach", Year: 2027})
	if len(got) != 4 || got[2].Backdated != "vào sổ muộn" || got[3].Number != 4 {
		t.Errorf("%+v", got)
	}
}

// TestNumbersHaveNoGapWhateverHappens runs acts at random beside a model: takings in several series, some rolled back, some refused, some
// for what has its number already.
func TestNumbersHaveNoGapWhateverHappens(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		seed := rand.Uint64()
		r := rand.New(rand.NewPCG(seed, 1))
		t.Log("seed", seed)
		type series struct {
			agency store.ID
			kind   string
			year   int
		}
		clerks := []auth.Actor{h.Actor(h.Agency(t, 0, false), auth.Clerk), h.Actor(h.Agency(t, 0, false), auth.Clerk)}
		last, day, of := map[series]int{}, map[series]time.Time{}, map[store.ID]string{}
		h.Clock.Set(vietnam(2026, 12, 1, 8, 0))
		for i := range 400 {
			h.Clock.Advance(time.Duration(r.IntN(10)) * time.Hour)
			now := h.Clock.Now().In(clock.Vietnam)
			who := clerks[r.IntN(2)]
			kind := []string{"quyet-dinh", "cong-van", "to-trinh"}[r.IntN(3)]
			x := register.Taking{For: store.ID(1000 + r.IntN(300)), Agency: who.Agency, Notation: "UBND", Kind: kind}
			back := r.IntN(3)
			x.Date = now.AddDate(0, 0, -back)
			s := series{who.Agency, kind, x.Date.Year()}
			y, m, d := x.Date.Date()
			on := time.Date(y, m, d, 0, 0, 0, 0, clock.Vietnam)
			spoil := r.IntN(4) == 0
			n, err := h.take(t, who, x, spoil)
			known, has := of[x.For]
			switch {
			case has && errors.Is(err, register.ErrNumbered): // checked by the other cases' values
			case has:
				if !spoil && err != nil || n.Notation != known {
					t.Fatalf("%d: %s, %v, want %s", i, n.Notation, err, known)
				}
			case s.year < now.Year():
				if !errors.Is(err, register.ErrYearOver) {
					t.Fatalf("%d: %v", i, err)
				}
			case on.Before(day[s]):
				if !errors.Is(err, register.ErrDayBefore) {
					t.Fatalf("%d: %v", i, err)
				}
			case spoil:
				if !errors.Is(err, errWanted) {
					t.Fatalf("%d: %v", i, err)
				}
			default:
				last[s]++
				if err != nil || n.Number != last[s] {
					t.Fatalf("%d: %d, %v, want %d", i, n.Number, err, last[s])
				}
				day[s], of[x.For] = on, n.Notation
			}
		}
		total := 0
		for _, who := range clerks {
			for s, want := range last {
				if s.agency != who.Agency {
					continue
				}
				got := h.numbers(t, who, register.Asked{Kind: s.kind, Year: s.year})
				if len(got) != want {
					t.Errorf("%+v: %d numbers, want %d", s, len(got), want)
				}
				for i, n := range got {
					if total++; n.Number != i+1 || i > 0 && n.Day.Before(got[i-1].Day) {
						t.Errorf("%+v: place %d holds %d of %v", s, i, n.Number, n.Day)
					}
				}
			}
			books, err := h.Books(t.Context(), who, who.Agency)
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range books {
				if s := (series{b.Agency, b.Kind, b.Year}); b.Last != last[s] || !b.Day.Equal(day[s]) {
					t.Errorf("%+v: %d, %v", s, last[s], day[s])
				}
			}
		}
		if total != len(of) || total < 50 {
			t.Errorf("%d numbers for %d things", total, len(of))
		}
	})
}

func TestManyTakeAtOnce(t *testing.T) {
	const callers, each1, things = 24, 8, 120
	each(t, func(t *testing.T, h *house) {
		clerk := h.Actor(h.Agency(t, 0, false), auth.Clerk)
		var group sync.WaitGroup
		var mu sync.Mutex
		got := map[store.ID]map[int]bool{}
		for c := range callers {
			group.Go(func() {
				for i := range each1 {
					thing := store.ID(1 + (c*each1+i)%things) // most are asked for by two at once
					spoil := (c+i)%5 == 0
					n, err := h.take(t, clerk, register.Taking{For: thing, Agency: clerk.Agency, Notation: "UBND", Kind: "quyet-dinh"}, spoil)
					if spoil {
						continue
					}
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					if got[thing] == nil {
						got[thing] = map[int]bool{}
					}
					got[thing][n.Number] = true
					mu.Unlock()
				}
			})
		}
		group.Wait()
		listed := h.numbers(t, clerk, register.Asked{Kind: "quyet-dinh", Year: 2026})
		if len(listed) != len(got) {
			t.Errorf("%d numbers for %d things", len(listed), len(got))
		}
		for i, n := range listed {
			if n.Number != i+1 || len(got[n.For]) != 1 || !got[n.For][n.Number] {
				t.Errorf("place %d: %d for %d, who was told %v", i, n.Number, n.For, got[n.For])
			}
		}
	})
}

func TestWhoSeesARegister(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		last := store.ID(0)
		number := func(t testing.TB, agency store.ID) store.ID {
			last++
			clerk := h.Actor(agency, auth.Clerk)
			if _, err := h.take(t, clerk, register.Taking{For: last, Agency: agency, Notation: "UBND", Kind: "quyet-dinh"}, false); err != nil {
				t.Fatal(err)
			}
			return last
		}
		authtest.Permissions(t, h.House, register.Policy, map[string]authtest.Case{
			"records/register.Numbers": {Make: number, Call: func(ctx context.Context, who auth.Actor, agency, thing store.ID) error {
				got, err := h.Numbers(ctx, who, register.Asked{Agency: agency, Limit: register.MaxLimit})
				return authtest.Listed(got, err, func(n register.Number) bool { return n.For == thing })
			}},
			"records/register.Books": {Make: number, Call: func(ctx context.Context, who auth.Actor, agency, _ store.ID) error {
				_, err := h.Books(ctx, who, agency)
				return err
			}},
		})
		clerk := h.Actor(h.Agency(t, 0, false), auth.Clerk)
		if _, err := h.Numbers(t.Context(), clerk, register.Asked{Agency: clerk.Agency, Limit: register.MaxLimit + 1}); !fault.Is(err, fault.Invalid) {
			t.Error(err)
		}
	})
}

func TestKindsAreTheDecrees(t *testing.T) {
	day := vietnam(2026, 1, 1, 0, 0)
	kinds := register.Kinds(day)
	if len(kinds) != 29 {
		t.Errorf("%d kinds", len(kinds))
	}
	seen, forms := map[string]bool{}, map[register.Form]int{}
	for _, k := range kinds {
		forms[k.Form]++
		if seen[k.Code] || k.Name("vi") == "" || k.Name("en") == "" || (k.Abbreviation == "") != (k.Form != register.FormKind) {
			t.Errorf("%+v", k)
		}
		if k.Abbreviation != "" && seen[k.Abbreviation] {
			t.Errorf("%s stands twice", k.Abbreviation)
		}
		seen[k.Code], seen[k.Abbreviation] = true, true
	}
	if fmt.Sprint(forms) != "map[kind:27 letter:1 none:1]" {
		t.Error(forms)
	}
	if k, ok := register.KindOf("quy-dinh", day); !ok || k.Abbreviation != "QyĐ" {
		t.Errorf("%+v", k)
	}
	if _, ok := register.KindOf("quyet-dinh", vietnam(2020, 3, 4, 23, 59)); ok {
		t.Error("in force before its day")
	}
	if _, ok := register.KindOf("quyet-dinh", vietnam(2020, 3, 5, 0, 0)); !ok {
		t.Error("not in force on its day")
	}
}
