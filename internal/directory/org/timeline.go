package org

import (
	"reflect"
	"slices"
	"time"

	"github.com/antinvn/antin/internal/foundation/store"
)

// A thing's timeline is its versions in two times. Valid time is when something is so in the world: from Since until Until. Recorded time
// is when it is believed here: from Recorded until Replaced. Decisions arrive late, so the two differ: a correction recorded today may
// say what held last month, and what was believed before it stays readable.

// Version is what is so of a thing in a time.
type Version[T comparable] struct {
	Row   store.ID
	Facts T
	// Since is the first moment at which it is so, Until the first at which it is no longer ([store.Forever]: no end is known).
	Since, Until time.Time
	// Recorded is when it was first believed, Replaced when no longer; the zero time: it is believed now.
	Recorded, Replaced time.Time
	// Basis is the decision that it rests on, as its reader knows it: "QĐ 12/QĐ-UBND".
	Basis string
	// Event recorded it, ReplacedBy replaced it.
	Event, ReplacedBy store.ID
}

// holds reports whether it is so at a time.
func (v *Version[T]) holds(valid time.Time) bool {
	return !valid.Before(v.Since) && valid.Before(v.Until)
}

// believed reports whether it was believed at a time.
func (v *Version[T]) believed(known time.Time) bool {
	return !known.Before(v.Recorded) && (v.Replaced.IsZero() || known.Before(v.Replaced))
}

// At is the version that holds at a time, as it was believed at another.
func At[T comparable](all []Version[T], valid, known time.Time) (Version[T], bool) {
	for _, v := range all {
		if v.holds(valid) && v.believed(known) {
			return v, true
		}
	}
	return Version[T]{}, false
}

// revision is what a change does to the versions that are believed: some go, some come, the rest stay.
type revision[T comparable] struct{ gone, come []Version[T] }

// revise says of a thing that next is so from a time on. What differs from what was so at that time stands until the next version at
// which that same field changes again: a late correction of a name does not undo a move that came after it. A time before the first
// version draws the thing's beginning back.
func revise[T comparable](now []Version[T], from time.Time, next T, basis string) revision[T] {
	now = ordered(now)
	at := slices.IndexFunc(now, func(v Version[T]) bool { return from.Before(v.Until) })
	base := now[at]
	var want []Version[T]
	want = append(want, now[:at]...)
	first := Version[T]{Facts: next, Since: from, Until: base.Until, Basis: basis}
	switch {
	case from.Before(base.Since): // only before the first one: a thing has no gaps
		first.Until = base.Since
		want = append(want, first)
		want = append(want, carried(base.Facts, next, now[at:])...)
	default:
		before := base
		before.Until = from
		if before.Since.Before(before.Until) {
			want = append(want, before)
		}
		want = append(want, first)
		want = append(want, carried(base.Facts, next, now[at+1:])...)
	}
	return between(now, joined(want))
}

// end says that a thing is no longer from a time on. An end that was believed before is moved, to a later time too.
func end[T comparable](now []Version[T], on time.Time) revision[T] {
	now = ordered(now)
	var want []Version[T]
	for i, v := range now {
		if i == len(now)-1 || v.Until.After(on) {
			v.Until = on
		}
		if v.Since.Before(v.Until) {
			want = append(want, v)
		}
	}
	return between(now, want)
}

// carried takes what a change changed on into the later versions, each field until the version at which it changes again.
func carried[T comparable](base, next T, later []Version[T]) []Version[T] {
	b, n := reflect.ValueOf(base), reflect.ValueOf(next)
	var open []int
	for i := range b.NumField() {
		if !b.Field(i).Equal(n.Field(i)) {
			open = append(open, i)
		}
	}
	out := slices.Clone(later)
	for i := range out {
		f := reflect.ValueOf(&out[i].Facts).Elem()
		open = slices.DeleteFunc(open, func(k int) bool { return !f.Field(k).Equal(b.Field(k)) })
		for _, k := range open {
			f.Field(k).Set(n.Field(k))
		}
	}
	return out
}

// joined makes one version of neighbours that say the same.
func joined[T comparable](vs []Version[T]) []Version[T] {
	var out []Version[T]
	for _, v := range vs {
		if last := len(out) - 1; last >= 0 && out[last].Facts == v.Facts && out[last].Until.Equal(v.Since) {
			out[last].Until = v.Until
			continue
		}
		out = append(out, v)
	}
	return out
}

// between is what leads from the believed versions to the wanted ones.
func between[T comparable](now, want []Version[T]) (r revision[T]) {
	same := func(a Version[T]) func(Version[T]) bool {
		return func(b Version[T]) bool {
			return a.Facts == b.Facts && a.Since.Equal(b.Since) && a.Until.Equal(b.Until)
		}
	}
	for _, v := range now {
		if !slices.ContainsFunc(want, same(v)) {
			r.gone = append(r.gone, v)
		}
	}
	for _, v := range want {
		if !slices.ContainsFunc(now, same(v)) {
			r.come = append(r.come, v)
		}
	}
	return r
}

func ordered[T comparable](vs []Version[T]) []Version[T] {
	return slices.SortedFunc(slices.Values(vs), func(a, b Version[T]) int { return a.Since.Compare(b.Since) })
}
