package api

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/fault"
)

// Date is a day, as 2026-12-31: its midnight in Viet Nam.
type Date time.Time

// MarshalText implements [encoding.TextMarshaler].
func (d Date) MarshalText() ([]byte, error) {
	return []byte(time.Time(d).In(clock.Vietnam).Format(time.DateOnly)), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Date) UnmarshalText(text []byte) error {
	t, err := time.ParseInLocation(time.DateOnly, string(text), clock.Vietnam)
	*d = Date(t)
	return err
}

// Time is the day's midnight; the zero time where there is no day.
func (d Date) Time() time.Time { return time.Time(d) }

// IsZero reports whether there is no day.
func (d Date) IsZero() bool { return time.Time(d).IsZero() }

// Day is a day as it is answered; nil for the zero time, and for one that stands for never.
func Day(t time.Time, never ...time.Time) *Date {
	if at := Time(t, never...); at != nil {
		return (*Date)(at)
	}
	return nil
}

// Time is a time as it is answered: RFC 3339 in UTC; nil for the zero time, and for one that stands for never.
func Time(t time.Time, never ...time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	for _, n := range never {
		if !t.Before(n) {
			return nil
		}
	}
	t = t.UTC()
	return &t
}

// Nothing is the answer of an act that has nothing to tell.
type Nothing struct{}

// List is a part of a list. Next is the cursor of the part behind it, "" at the end.
type List[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next"`
}

// part is how many rows of a list are answered where nobody says.
const part = 50

// Limit is how many rows of a list are asked for: those that the caller wants, up to most, and one more, which tells whether there is a next
// part ([Cut]).
func Limit(wanted, most int) (int, error) {
	switch {
	case wanted == 0:
		return min(part, most) + 1, nil
	case wanted < 0 || wanted > most:
		return 0, fault.New(fault.Invalid, ErrValue, "").Field("limit", ErrLimit, fault.Arg{Name: "most", Value: strconv.Itoa(most)})
	}
	return wanted + 1, nil
}

// Cut makes a part of a list of the rows that [Limit] asked for: each row as it is answered, and the last one's place where there are more.
func Cut[Row, T any](rows []Row, limit int, one func(Row) T, place func(Row) string) List[T] {
	var l List[T]
	if len(rows) == limit {
		rows = rows[:limit-1]
		l.Next = place(rows[len(rows)-1])
	}
	l.Items = make([]T, len(rows))
	for i, r := range rows {
		l.Items[i] = one(r)
	}
	return l
}

// Place writes a place in a list as a cursor: the row's sort value and its id.
func Place(value, id int64) string { return KeyPlace([]byte(strconv.FormatInt(value, 36)), id) }

// ReadPlace reads what [Place] wrote.
func ReadPlace(cursor string) (value, id int64, err error) {
	key, id, err := ReadKeyPlace(cursor)
	if err != nil {
		return 0, 0, err
	}
	if value, err = strconv.ParseInt(string(key), 36, 64); err != nil {
		return 0, 0, fault.New(fault.Invalid, ErrCursor, "").Because(err)
	}
	return value, id, nil
}

// KeyPlace writes a place in a list that is sorted by a key of bytes.
func KeyPlace(key []byte, id int64) string {
	return base64.RawURLEncoding.EncodeToString(append([]byte(strconv.FormatInt(id, 36)+"."), key...))
}

// ReadKeyPlace reads what [KeyPlace] wrote.
func ReadKeyPlace(cursor string) (key []byte, id int64, err error) {
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	first, rest, ok := strings.Cut(string(b), ".")
	id, err2 := strconv.ParseInt(first, 36, 64)
	if err := errors.Join(err, err2); err != nil || !ok {
		return nil, 0, fault.New(fault.Invalid, ErrCursor, "").Because(err)
	}
	return []byte(rest), id, nil
}
