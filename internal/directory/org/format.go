package org

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
)

// Format is how a code is written, from a day on until a day. Laws change them: they are data (formats.tsv).
type Format struct {
	Code        string
	From, Until time.Time // zero: since ever, without end
	Max         int       // characters
	Example     string

	pattern *regexp.Regexp
}

// formats never change after they are read; a test holds the file to its form.
var formats = readFormats(formatsText)

// Formats are those of a day.
func Formats(day time.Time) []Format {
	return slices.DeleteFunc(slices.Clone(formats), func(f Format) bool {
		return day.Before(f.From) || !f.Until.IsZero() && !day.Before(f.Until)
	})
}

// checkFormat blames a field whose value is not written as on a day it is; an empty one is nobody's fault.
func checkFormat(err *fault.Error, field, value string, day time.Time) *fault.Error {
	if value == "" {
		return err
	}
	known := Formats(day)
	i := slices.IndexFunc(known, func(f Format) bool { return f.Code == field })
	switch {
	case i < 0:
		return err.Field(field, ErrCodeDay, fault.Arg{Name: "day", Value: i18n.Date(day)})
	case len([]rune(value)) > known[i].Max || !known[i].pattern.MatchString(value):
		return err.Field(field, ErrCode, fault.Arg{Name: "example", Value: known[i].Example})
	}
	return err
}

// readFormats panics on a wrong line: the file is part of the program.
func readFormats(text string) (out []Format) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 7 {
			panic(fmt.Sprintf("org: formats.tsv: %q", line))
		}
		n, err := strconv.Atoi(f[3])
		if err != nil {
			panic(err)
		}
		out = append(out, Format{Code: f[0], From: dayOf(f[1]), Until: dayOf(f[2]), Max: n, Example: f[5], pattern: regexp.MustCompile(`^(?:` + f[4] + `)$`)})
	}
	return out
}

// dayOf is the start of a day in Vietnam; "-" is none.
func dayOf(s string) time.Time {
	if s == "-" {
		return time.Time{}
	}
	t, err := time.ParseInLocation(time.DateOnly, s, clock.Vietnam)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

// Day is the start of a time's day in Vietnam: what is in force is so by days.
func Day(t time.Time) time.Time { return clock.Day(t).UTC() }
