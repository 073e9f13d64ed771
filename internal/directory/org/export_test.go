package org

import "time"

// PeopleList and Statement show the tests what the list declares, and what it asks of the database.
var PeopleList = &peopleList

func (q *Sought) Statement(at time.Time) (string, []any) { return q.statement(at) }

// Reached keeps the people to some agencies, as [SeekTx] does.
func (q *Sought) Reached(condition string, args ...any) { q.within, q.reached = condition, args }

// Revise and EndAt apply a revision to believed versions, as the tables do.
func Revise[T comparable](all []Version[T], from time.Time, next T, at time.Time) []Version[T] {
	return apply(all, revise(believedOf(all), from, next, ""), at)
}

func EndAt[T comparable](all []Version[T], on, at time.Time) []Version[T] {
	return apply(all, end(believedOf(all), on), at)
}

func apply[T comparable](all []Version[T], r revision[T], at time.Time) []Version[T] {
	for _, g := range r.gone {
		for i := range all {
			if v := &all[i]; v.Replaced.IsZero() && v.Since.Equal(g.Since) && v.Until.Equal(g.Until) && v.Facts == g.Facts {
				v.Replaced = at
			}
		}
	}
	for _, v := range r.come {
		v.Recorded = at
		all = append(all, v)
	}
	return all
}
