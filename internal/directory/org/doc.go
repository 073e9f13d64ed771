// Package org knows the agencies, their internal units, the people, the posts that they hold, and who is away.
//
// Everything is kept in two times (timeline.go). Valid time is when something is so; recorded time is when it was believed here. A decision
// that arrives late is recorded today and holds since its day; what was believed before stays readable, so that an act can be judged by
// what could be known when it was done. Nothing is deleted: a row is replaced, once, by an event.
//
//	Make ──► stands ──► End
//	        │      ▲
//	        └Change┘  from a day on, past or to come; stands until that same field changes again
//
// An agency is a body: it may have a seal, codes, numbers of its own. A unit stands inside one and never leaves it: what moves between
// bodies is made anew. Both stand in one tree, and auth is told where ([auth.PlaceTx]) in the same transaction.
//
// Who may do what: everybody with an account reads the directory. Whoever manages the directory of an agency ([auth.ManageDirectory])
// changes it, its units, its people and posts. Birth date and personal number are shown masked; looking at them is a command of its own,
// with its event. Everybody tells their own absence.
//
// Higher floors read by [AgencyTx], [UnitTx], [PersonTx], [PostsTx], [AbsenceTx] and [NamesTx], or join the views v_org_agency,
// v_org_unit, v_org_person, v_org_post and v_org_absence: what is believed now, with the time in which it holds.
package org
