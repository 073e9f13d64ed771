package org_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/antinvn/antin/internal/directory/org"
	"github.com/antinvn/antin/internal/foundation/store"
)

// facts is a thing with two fields.
type facts struct{ Name, Place string }

func at(n int) time.Time { return day(2025, 1, 1).AddDate(0, 0, n) }

// made is a thing that is so from day 10 on, recorded on day 100.
func made() []org.Version[facts] {
	return []org.Version[facts]{{Facts: facts{"A", "x"}, Since: at(10), Until: store.Forever, Recorded: at(100)}}
}

func TestALateCorrectionKeepsWhatWasBelieved(t *testing.T) {
	all := org.Revise(made(), at(50), facts{"B", "x"}, at(101)) // renamed on day 50
	all = org.Revise(all, at(30), facts{"A", "y"}, at(110))     // a move on day 30 is heard of on day 110
	for _, c := range []struct {
		valid, known int
		want         facts
		there        bool
	}{
		{5, 200, facts{}, false}, {10, 200, facts{"A", "x"}, true}, {29, 200, facts{"A", "x"}, true}, {30, 200, facts{"A", "y"}, true},
		{49, 200, facts{"A", "y"}, true}, {50, 200, facts{"B", "y"}, true}, // the move does not undo the later name
		{40, 109, facts{"A", "x"}, true}, {60, 109, facts{"B", "x"}, true}, // what was believed before
		{60, 100, facts{"A", "x"}, true}, {60, 99, facts{}, false},
	} {
		v, there := org.At(all, at(c.valid), at(c.known))
		if there != c.there || v.Facts != c.want {
			t.Errorf("day %d as known on %d: %v %v, want %v", c.valid, c.known, v.Facts, there, c.want)
		}
	}
}

func TestAChangeEndsWhereTheFieldChangesAgain(t *testing.T) {
	all := org.Revise(made(), at(50), facts{"B", "x"}, at(101))
	all = org.Revise(all, at(20), facts{"C", "x"}, at(102))
	for valid, want := range map[int]string{10: "A", 20: "C", 49: "C", 50: "B"} {
		if v, _ := org.At(all, at(valid), at(200)); v.Facts.Name != want {
			t.Errorf("day %d: %s, want %s", valid, v.Facts.Name, want)
		}
	}
}

func TestABeginningIsDrawnBackAndAnEndMoved(t *testing.T) {
	all := org.Revise(made(), at(0), facts{"A", "w"}, at(101))
	all = org.EndAt(all, at(70), at(102))
	all = org.EndAt(all, at(90), at(103))
	for _, c := range []struct {
		valid, known int
		want         string
	}{{0, 200, "w"}, {10, 200, "w"}, {89, 200, "w"}, {90, 200, ""}, {80, 102, ""}, {80, 101, "w"}, {0, 100, ""}} {
		if v, _ := org.At(all, at(c.valid), at(c.known)); v.Facts.Place != c.want {
			t.Errorf("day %d as known on %d: %q, want %q", c.valid, c.known, v.Facts.Place, c.want)
		}
	}
}

// TestBothTimesHold makes random changes, and holds the timeline to a plain model: what each day was at each moment of recording.
func TestBothTimesHold(t *testing.T) {
	const days, acts = 60, 25
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 7))
		all := []org.Version[facts]{{Facts: facts{"A", "x"}, Since: at(10), Until: at(50), Recorded: at(100)}}
		var model [days]facts // "" is not there
		for d := 10; d < 50; d++ {
			model[d] = facts{"A", "x"}
		}
		first, last := 10, 50
		known := map[int][days]facts{100: model}
		for act := 1; act <= acts; act++ {
			if r.IntN(6) == 0 {
				on := first + 1 + r.IntN(days-first-1)
				all = org.EndAt(all, at(on), at(100+act))
				for d := last; d < on; d++ {
					model[d] = model[last-1]
				}
				for d := on; d < days; d++ {
					model[d] = facts{}
				}
				last = on
			} else {
				from := r.IntN(last)
				base := model[max(from, first)]
				next := base
				if r.IntN(2) == 0 {
					next.Name = string(rune('A' + r.IntN(4)))
				}
				if r.IntN(2) == 0 {
					next.Place = string(rune('w' + r.IntN(4)))
				}
				all = org.Revise(all, at(from), next, at(100+act))
				name, place := next.Name != base.Name, next.Place != base.Place
				for d := from; d < last; d++ {
					if d < first {
						model[d] = next
						continue
					}
					if name = name && model[d].Name == base.Name; name {
						model[d].Name = next.Name
					}
					if place = place && model[d].Place == base.Place; place {
						model[d].Place = next.Place
					}
				}
				first = min(first, from)
			}
			known[100+act] = model
		}
		for k, want := range known {
			for d := range days {
				holding := 0
				for _, v := range all {
					if !at(d).Before(v.Since) && at(d).Before(v.Until) && !at(k).Before(v.Recorded) && (v.Replaced.IsZero() || at(k).Before(v.Replaced)) {
						holding++
					}
				}
				v, there := org.At(all, at(d), at(k))
				if there != (want[d] != facts{}) || v.Facts != want[d] || holding > 1 {
					t.Fatalf("seed %d: day %d as known on %d: %v (%d versions), want %v", seed, d, k, v.Facts, holding, want[d])
				}
			}
		}
		if !slices.ContainsFunc(all, func(v org.Version[facts]) bool { return !v.Replaced.IsZero() }) {
			t.Fatal("nothing was ever corrected")
		}
	}
}
