package store

import (
	"fmt"
	"time"
)

// Forever is the end of what has none: a column that is compared does without NULL.
var Forever = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// Micros is how a time is stored: microseconds since 1970, UTC.
func Micros(t time.Time) int64 { return t.UnixMicro() }

// FromMicros is the time that a column holds.
func FromMicros(n int64) time.Time { return time.UnixMicro(n).UTC() }

// At scans a time column; NULL is the zero time.
func At(t *time.Time) *TimeColumn { return &TimeColumn{t} }

// TimeColumn is where [At] puts a time.
type TimeColumn struct{ t *time.Time }

// Scan reads a column.
func (c *TimeColumn) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*c.t = time.Time{}
	case int64:
		*c.t = FromMicros(v)
	default:
		return fmt.Errorf("store: %T is no time", v)
	}
	return nil
}
