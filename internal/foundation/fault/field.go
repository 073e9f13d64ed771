package fault

import "github.com/antinvn/antin/codes"

// What can be wrong with a field of any form. Their texts stand with the forms, in package web.
const (
	// ErrRequired: nothing is given.
	ErrRequired codes.Code = "field.required"
	// ErrLong: {n} characters where {max} may be.
	ErrLong codes.Code = "field.long"
	// ErrChoice: none of what can be chosen.
	ErrChoice codes.Code = "field.choice"
	// ErrDate: no date.
	ErrDate codes.Code = "field.date"
	// ErrNumber: no whole number.
	ErrNumber codes.Code = "field.number"
	// ErrFile: no file.
	ErrFile codes.Code = "field.file"
)
