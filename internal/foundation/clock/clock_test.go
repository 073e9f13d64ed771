package clock_test

import (
	"testing"
	"time"

	"github.com/antinvn/antin/internal/foundation/clock"
)

func TestAFakeClockStandsStill(t *testing.T) {
	at := time.Date(2025, 7, 1, 0, 0, 0, 0, clock.Vietnam)
	c := clock.NewFake(at)
	if c.Advance(time.Hour); !c.Now().Equal(at.Add(time.Hour)) || c.Now().Location() != time.UTC {
		t.Error(c.Now())
	}
	if c.Set(at); !c.Now().Equal(at) {
		t.Error(c.Now())
	}
}

func TestVietnamIsSevenHoursAhead(t *testing.T) {
	if _, offset := time.Date(2026, 1, 1, 0, 0, 0, 0, clock.Vietnam).Zone(); offset != 7*3600 {
		t.Error(offset)
	}
}

func TestLater(t *testing.T) {
	a := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	b := a.Add(1)
	if !clock.Later(a, b).Equal(b) || !clock.Later(b, a).Equal(b) || !clock.Later(a, a).Equal(a) {
		t.Error("not the later one")
	}
}

func TestADayBeginsAtMidnightInVietnam(t *testing.T) {
	for _, at := range []string{"2026-03-01T17:00:00Z", "2026-03-02T16:59:59Z"} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := clock.Day(when).Format(time.RFC3339); got != "2026-03-02T00:00:00+07:00" {
			t.Errorf("%s: %s", at, got)
		}
	}
}
