package org

import "github.com/antinvn/antin/codes"

// The codes of this package.
const (
	// ErrFacts: what is said of an agency, a unit or a person breaks a rule; its fields say which.
	ErrFacts codes.Code = "org.facts"
	// ErrCode: a code is not written as it has to be.
	ErrCode codes.Code = "org.code"
	// ErrCodeDay: such a code did not exist on the day.
	ErrCodeDay codes.Code = "org.code_day"
	// ErrCodeTaken: another agency has this code at that time.
	ErrCodeTaken codes.Code = "org.code_taken"
	// ErrBodyOnly: only a body has this, no unit inside one.
	ErrBodyOnly codes.Code = "org.body_only"
	// ErrEmail: no e-mail address.
	ErrEmail codes.Code = "org.email"
	// ErrName: no name of a person.
	ErrName codes.Code = "org.name"
	// ErrParent: what it is to stand below is not there all that time, or is no fit place for it.
	ErrParent codes.Code = "org.parent"
	// ErrCircle: it would stand below itself.
	ErrCircle codes.Code = "org.circle"
	// ErrDeep: it would stand too deep in the tree.
	ErrDeep codes.Code = "org.deep"
	// ErrEnded: it is over on that day.
	ErrEnded codes.Code = "org.ended"
	// ErrBefore: the day is before it began.
	ErrBefore codes.Code = "org.before"
	// ErrSame: nothing was changed.
	ErrSame codes.Code = "org.same"
	// ErrHolds: agencies, units, posts or people still depend on it on that day.
	ErrHolds codes.Code = "org.holds"
	// ErrOrder: the end is not after the beginning.
	ErrOrder codes.Code = "org.order"
	// ErrAway: the substitute is away in that time too.
	ErrAway codes.Code = "org.away"
	// ErrSelf: somebody would stand in for themselves.
	ErrSelf codes.Code = "org.self"
	// ErrOverlap: another absence lies in that time.
	ErrOverlap codes.Code = "org.overlap"
	// ErrDay: a day that no directory can hold.
	ErrDay codes.Code = "org.day"
)
