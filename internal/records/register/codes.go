package register

import "github.com/antinvn/antin/codes"

// The codes of this package.
const (
	// ErrKind: no kind of document of that name is in force on the day.
	ErrKind codes.Code = "register.kind"
	// ErrUnnumbered: documents of this kind take no number.
	ErrUnnumbered codes.Code = "register.unnumbered"
	// ErrNotation: an agency or a unit has no abbreviation that could stand in a notation.
	ErrNotation codes.Code = "register.notation"
	// ErrDayBefore: the last number of the series has a later day.
	ErrDayBefore codes.Code = "register.day_before"
	// ErrDayAhead: the day has not come yet.
	ErrDayAhead codes.Code = "register.day_ahead"
	// ErrYearOver: the day is in a year that is over.
	ErrYearOver codes.Code = "register.year_over"
	// ErrNumbered: the thing has a number already, in another series.
	ErrNumbered codes.Code = "register.numbered"
	// ErrBook: a register is asked for without its kind or its year, or with what is neither.
	ErrBook codes.Code = "register.book"
)
