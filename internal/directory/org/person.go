package org

import (
	"strconv"
	"strings"
	"time"

	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
)

// PersonFacts are what may change of a person in time. Who they work for is said by their posts.
type PersonFacts struct {
	// Agency keeps the person's record: who keeps its directory, keeps this.
	Agency store.ID
	// Name is the full name, the given name last.
	Name string
	// Email is the official address, which stands in certificates (NĐ 68/2024/NĐ-CP, Article 15).
	Email, Phone string
}

// Person is a person, as they are at a time.
type Person struct {
	ID store.ID
	// Event is the last one that changed anything of the person, the posts or the absences.
	Event        store.ID
	Since, Until time.Time // of these facts

	PersonFacts
}

// Given is the given name: the last word.
func (f *PersonFacts) Given() string { return given(f.Name) }

func given(name string) string { return name[strings.LastIndexByte(name, ' ')+1:] }

// Post is a post that a person holds.
type Post struct {
	ID     store.ID
	Person store.ID
	Agency store.ID
	// Unit is the unit inside the agency; 0 for none.
	Unit store.ID
	// Title is as signature blocks print it.
	Title        string
	Since, Until time.Time
	Basis        string
}

// Absence is when a person is away, and who stands in; 0 for nobody.
type Absence struct {
	ID           store.ID
	Person       store.ID
	Substitute   store.ID
	Since, Until time.Time
}

// Private is a person's data that pages show masked.
type Private struct {
	// Birth is a day, 1980-12-31, or "".
	Birth string
	// Number is the personal number (số định danh cá nhân), or "".
	Number string
}

// Masked hides the day of birth and all but the number's last three digits: the ones before tell province, century, sex and year of birth.
func (p Private) Masked() Private {
	if p.Birth != "" {
		p.Birth = "••/••/••••"
	}
	if n := len(p.Number); n > 3 {
		p.Number = strings.Repeat("•", n-3) + p.Number[n-3:]
	}
	return p
}

func (f *PersonFacts) tidy() {
	for _, s := range []*string{&f.Name, &f.Email, &f.Phone} {
		*s = i18n.Line(*s)
	}
}

func (f *PersonFacts) check() error {
	err := fault.New(fault.Invalid, ErrFacts, f.Name)
	if f.Agency == 0 {
		err = err.Field("agency", fault.ErrRequired)
	}
	switch {
	case f.Name == "":
		err = err.Field("name", fault.ErrRequired)
	case strings.ContainsAny(f.Name, "0123456789<>@/\\_"):
		err = err.Field("name", ErrName)
	}
	err = checkLength(err, "name", f.Name)
	err = checkLength(err, "email", f.Email)
	err = checkLength(err, "phone", f.Phone)
	return orNil(checkEmail(err, f.Email))
}

func (p Private) check(now time.Time) error {
	err := fault.New(fault.Invalid, ErrFacts, "")
	if p.Birth != "" {
		if d, e := time.ParseInLocation(time.DateOnly, p.Birth, clock.Vietnam); e != nil || d.Year() < 1900 || d.After(now) {
			err = err.Field("birth", fault.ErrDate)
		}
	}
	return orNil(checkFormat(err, "number", p.Number, now))
}

func checkEmail(err *fault.Error, s string) *fault.Error {
	if s == "" {
		return err
	}
	name, host, ok := strings.Cut(s, "@")
	if !ok || name == "" || !strings.Contains(strings.Trim(host, "."), ".") || strings.ContainsAny(s, " ,;<>\"()") || strings.Contains(host, "@") {
		return err.Field("email", ErrEmail)
	}
	return err
}

// searched are what a search by the beginning compares: the name as it is written, and with the given name first.
func searched(name string) (full, byGiven []byte) {
	words := strings.Fields(i18n.Fold(name))
	if len(words) == 0 {
		return []byte{}, []byte{}
	}
	last := len(words) - 1
	return []byte(strings.Join(words, " ")), []byte(strings.Join(append([]string{words[last]}, words[:last]...), " "))
}

func itoa(n int) string { return strconv.Itoa(n) }
