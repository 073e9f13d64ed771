package register

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
)

// Taking is what a number is taken for.
type Taking struct {
	// For is the thing that is numbered: it has one number, however often it asks.
	For store.ID
	// Agency issues it; Notation is its abbreviation on the day, "UBND". Unit is that of the unit that drafted it: only letters have it.
	Agency         store.ID
	Notation, Unit string
	// Kind is a code of kinds.tsv.
	Kind string
	// Date is a time on the day that is printed; zero is today.
	Date time.Time
	// Backdated says why a day is taken that the rule refuses: a paper that is entered late, say. It is kept with the number.
	Backdated string

	// What the register says beside it, as it is printed on the document.
	Summary, Signer, Recipients string
	// Keeper is the unit or person that keeps the archive's copy; Copies is how many copies were made, 0 where nobody counted.
	Keeper string
	Copies int
	Note   string
}

// Number is a number that was taken.
type Number struct {
	ID     store.ID
	For    store.ID
	Agency store.ID
	Kind   string
	Year   int
	// Number counts from 1; Notation is it as printed, with the signs behind it: "05/QĐ-UBND".
	Number   int
	Notation string
	// Day is the start of the day that is printed, in Vietnam.
	Day time.Time
	// Sent is when the document went out; zero before.
	Sent time.Time

	Summary, Signer, Recipients, Keeper, Note, Backdated string
	Copies                                               int
	Event                                                store.ID
}

// Series is one agency's numbers of one kind in one year.
type Series struct {
	Agency store.ID
	Kind   string
	Year   int
	// Last is the last number that was taken, and so how many there are; Day the youngest day among them.
	Last int
	Day  time.Time
}

// Taken is the event of a number that was taken.
type Taken struct {
	For       store.ID
	Number    store.ID
	Agency    store.ID
	Kind      string
	Notation  string
	Day       time.Time
	Backdated string
}

// EventKind implements [store.Event].
func (Taken) EventKind() string { return "register.taken/1" }

// Sent is the event of a document that went out under its number.
type Sent struct {
	For    store.ID
	Number store.ID
	At     time.Time
}

// EventKind implements [store.Event].
func (Sent) EventKind() string { return "register.sent/1" }

// dayAt is the day of a taking, held to what needs no series: it is no day to come, and in a year that goes on or for a reason
// (Decree 30/2020, Article 15.1: the numbers of a year end on 31 December).
func (t *Taking) dayAt(now time.Time) (time.Time, error) {
	today := clock.Day(now)
	day := today
	if !t.Date.IsZero() {
		day = clock.Day(t.Date)
	}
	switch {
	case day.After(today):
		return day, fault.New(fault.Invalid, ErrDayAhead, i18n.Date(day)).Field("date", ErrDayAhead)
	case day.Year() < today.Year() && t.Backdated == "":
		return day, fault.New(fault.Invalid, ErrYearOver, i18n.Date(day)).Field("date", ErrYearOver)
	}
	return day, nil
}

// follows holds a day to the last number's: numbers follow the order in time (Article 15.1).
func (t *Taking) follows(day time.Time, s Series) error {
	if !day.Before(s.Day) || t.Backdated != "" {
		return nil
	}
	last := fault.Arg{Name: "last", Value: i18n.Date(s.Day)}
	return fault.New(fault.Invalid, ErrDayBefore, i18n.Date(day)).With(last.Name, last.Value).Field("date", ErrDayBefore, last)
}

// sign is one part of a notation: letters and digits, and what joins them.
var sign = regexp.MustCompile(`^[\p{L}\p{N}](?:[\p{L}\p{N}.&-]*[\p{L}\p{N}])?$`)

// maxNotation is how many characters a notation may have behind the number (Appendix VI: CodeNotation, 30).
const maxNotation = 30

// notation writes a number as it is printed: two digits at least, a stroke before the signs, a hyphen between them (Appendix I, II.3).
func notation(n int, k Kind, agency, unit string) (string, error) {
	var parts []string
	switch k.Form {
	case FormKind:
		parts = []string{k.Abbreviation, agency}
	case FormLetter:
		if parts = []string{agency}; unit != "" {
			parts = append(parts, unit)
		}
	default:
		return "", fault.New(fault.Conflict, ErrUnnumbered, k.Code)
	}
	for i, p := range parts {
		if parts[i] = i18n.Line(p); !sign.MatchString(parts[i]) {
			return "", fault.New(fault.Conflict, ErrNotation, p)
		}
	}
	signs := strings.Join(parts, "-")
	if len([]rune(signs)) > maxNotation {
		return "", fault.New(fault.Conflict, ErrNotation, signs)
	}
	return fmt.Sprintf("%02d/%s", n, signs), nil
}
