package register

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
)

// Kind is a kind of document (tên loại văn bản), as it is from a day on until a day.
type Kind struct {
	// Code names it in rows, addresses and the API: "quyet-dinh". It stays when name or abbreviation change.
	Code string
	// Form is how its notation is made.
	Form Form
	// Abbreviation stands in the notation; upper and lower case matter: QĐ and QyĐ are two kinds. A letter has none.
	Abbreviation string
	// From is the first day on which it is so, Until the first on which it is no longer.
	From, Until time.Time

	vi, en string
}

// Form is how a notation is made.
type Form string

// The forms.
const (
	FormKind   Form = "kind"   // 05/QĐ-UBND
	FormLetter Form = "letter" // 05/UBND-KT
	FormNone   Form = "none"   // takes no number
)

// Name is the kind's name, as it is printed above the summary.
func (k Kind) Name(l i18n.Lang) string {
	if l == i18n.English {
		return k.en
	}
	return k.vi
}

// kinds and forms never change after they are read; a test holds the files to their form.
var (
	kinds = readKinds(kindsText)
	forms = readForms(formsText)
)

// Kinds are those in force on a day, in the decree's order.
func Kinds(day time.Time) []Kind {
	return slices.DeleteFunc(slices.Clone(kinds), func(k Kind) bool { return day.Before(k.From) || !day.Before(k.Until) })
}

// KindOf is a kind by its code, as it is on a day.
func KindOf(code string, day time.Time) (Kind, bool) {
	all := Kinds(day)
	i := slices.IndexFunc(all, func(k Kind) bool { return k.Code == code })
	if i < 0 {
		return Kind{}, false
	}
	return all[i], true
}

// printed is the form of a register on paper: which columns stand in which order.
type printed struct {
	name        string
	from, until time.Time
	columns     []string
}

// columns are those of a form on a day.
func columns(form string, day time.Time) []string {
	for _, f := range forms {
		if f.name == form && !day.Before(f.from) && day.Before(f.until) {
			return f.columns
		}
	}
	return nil
}

func readKinds(text string) []Kind {
	var out []Kind
	for _, f := range rows(text, 7) {
		out = append(out, Kind{Code: f[0], Form: Form(f[1]), Abbreviation: f[2], From: date(f[3]), Until: date(f[4]), vi: f[5], en: f[6]})
	}
	return out
}

func readForms(text string) []printed {
	var out []printed
	for _, f := range rows(text, 4) {
		out = append(out, printed{f[0], date(f[1]), date(f[2]), strings.Split(f[3], ",")})
	}
	return out
}

// rows are the lines of one of our own files; what is not of its form is a mistake of the program.
func rows(text string, fields int) [][]string {
	var out [][]string
	for line := range strings.Lines(text) {
		if line = strings.TrimSuffix(line, "\n"); line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != fields {
			panic(fmt.Sprintf("register: %d fields, not %d: %s", len(f), fields, line))
		}
		out = append(out, f)
	}
	return out
}

func date(s string) time.Time {
	if s == "-" {
		return store.Forever
	}
	t, err := time.ParseInLocation(time.DateOnly, s, clock.Vietnam)
	if err != nil {
		panic("register: " + err.Error())
	}
	return t
}
