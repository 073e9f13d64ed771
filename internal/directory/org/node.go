package org

import (
	"slices"
	"time"

	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
)

// Kind is what sort of body an agency is, or what sort of unit a unit.
type Kind string

// The kinds of bodies, and those of units inside one.
const (
	Council          Kind = "council"           // Hội đồng nhân dân
	Committee        Kind = "committee"         // Ủy ban nhân dân
	Department       Kind = "department"        // sở, ban, ngành
	ServiceUnit      Kind = "service_unit"      // đơn vị sự nghiệp
	Front            Kind = "front"             // Mặt trận Tổ quốc
	MassOrganisation Kind = "mass_organisation" // tổ chức chính trị - xã hội
	Party            Kind = "party"             // cơ quan đảng
	OtherBody        Kind = "other_body"
	Office           Kind = "office"   // văn phòng
	Division         Kind = "division" // phòng, ban
	Team             Kind = "team"     // tổ, đội
	OtherUnit        Kind = "other_unit"
)

// BodyKinds and UnitKinds are all of them, in the order in which pages show them.
var (
	BodyKinds = []Kind{Council, Committee, Department, ServiceUnit, Party, Front, MassOrganisation, OtherBody}
	UnitKinds = []Kind{Office, Division, Team, OtherUnit}
)

// Level is the level of government at which a body stands.
type Level string

// The levels. Districts ended on 1 July 2025; what they did stays readable.
const (
	Central  Level = "central"
	Province Level = "province"
	District Level = "district"
	Commune  Level = "commune"
)

// Levels are all of them, from above.
var Levels = []Level{Central, Province, District, Commune}

// Sectors are the fields of work that a body may have.
var Sectors = []string{
	"general", "home_affairs", "justice", "finance", "industry_trade", "agriculture_environment", "construction", "science_technology",
	"culture_sports_tourism", "education", "health", "ethnic_religion", "foreign_affairs", "inspection", "defence_security",
}

// Facts are what may change of an agency or a unit in time.
type Facts struct {
	// Parent is what it stands below: for a body a body, 0 at the top; for a unit its agency or another unit of it.
	Parent store.ID
	Kind   Kind
	Level  Level  // of a body
	Sector string // of [Sectors], or ""
	Name   string
	// ShortName is what lists and mastheads with little room show.
	ShortName string
	// Notation stands after a document's number: "UBND" in 05/QĐ-UBND; a unit's after that of its agency, in letters that it drafts.
	Notation string
	// OwnSeal: it has a seal of its own, and so can be the managing agency of subscribers (NĐ 68/2024/NĐ-CP).
	OwnSeal bool
	// Code13 is the code of QCVN 102:2016, 000.00.20.H13; Code35 that of QĐ 20/2020/QĐ-TTg, H37.02.02.
	Code13, Code35 string
	// TaxCode and BudgetCode go into the certificates of organisations.
	TaxCode, BudgetCode   string
	Address, Email, Phone string
}

// Node is an agency or a unit, as it is at a time.
type Node struct {
	ID store.ID
	// Agency is the body: itself, unless it is a unit inside one.
	Agency store.ID
	// Event is the last one that changed anything of it, at any time: what a change has to have seen.
	Event        store.ID
	Since, Until time.Time // of these facts

	Facts
}

// Internal reports whether it is a unit inside an agency.
func (n *Node) Internal() bool { return n.Agency != n.ID }

// Text is its id as addresses carry it.
func (n *Node) Text() string { return nodeText(n.ID, n.Internal()) }

func nodeText(id store.ID, internal bool) string {
	if internal {
		return id.Text(unitPrefix)
	}
	return id.Text(agencyPrefix)
}

const (
	agencyPrefix  = "agy"
	unitPrefix    = "unt"
	personPrefix  = "per"
	postPrefix    = "pst"
	absencePrefix = "abs"
)

// maxName bounds names as edXML and the registers carry them (NĐ 30/2020/NĐ-CP, Appendix VI: OrganName).
const maxName = 200

// tidy is how facts are kept.
func (f *Facts) tidy() {
	for _, s := range []*string{&f.Sector, &f.Name, &f.ShortName, &f.Notation, &f.Code13, &f.Code35, &f.TaxCode, &f.BudgetCode, &f.Address, &f.Email, &f.Phone} {
		*s = i18n.Line(*s)
	}
}

// check holds facts to their rules from a day on.
func (f *Facts) check(internal bool, day time.Time) error {
	err := fault.New(fault.Invalid, ErrFacts, f.Name)
	kinds := BodyKinds
	if internal {
		kinds = UnitKinds
	}
	if !slices.Contains(kinds, f.Kind) {
		err = err.Field("kind", fault.ErrChoice)
	}
	switch {
	case internal && f.Level != "", !internal && !slices.Contains(Levels, f.Level):
		err = err.Field("level", fault.ErrChoice)
	}
	if f.Sector != "" && !slices.Contains(Sectors, f.Sector) {
		err = err.Field("sector", fault.ErrChoice)
	}
	if f.Name == "" {
		err = err.Field("name", fault.ErrRequired)
	}
	if internal && f.Parent == 0 {
		err = err.Field("parent", fault.ErrRequired)
	}
	for _, x := range []struct{ field, value string }{{"name", f.Name}, {"short_name", f.ShortName}, {"address", f.Address}, {"email", f.Email}, {"phone", f.Phone}} {
		err = checkLength(err, x.field, x.value)
	}
	for _, x := range []struct{ field, value string }{
		{"notation", f.Notation}, {"code13", f.Code13}, {"code35", f.Code35}, {"tax_code", f.TaxCode}, {"budget_code", f.BudgetCode},
	} {
		err = checkFormat(err, x.field, x.value, day)
	}
	err = checkEmail(err, f.Email)
	if internal {
		for _, x := range []struct {
			field string
			given bool
		}{{"own_seal", f.OwnSeal}, {"code13", f.Code13 != ""}, {"code35", f.Code35 != ""}, {"tax_code", f.TaxCode != ""}, {"budget_code", f.BudgetCode != ""}} {
			if x.given { // they are a legal entity's
				err = err.Field(x.field, ErrBodyOnly)
			}
		}
	}
	return orNil(err)
}

func checkLength(err *fault.Error, field, value string) *fault.Error {
	if n := len([]rune(value)); n > maxName {
		return err.Field(field, fault.ErrLong, fault.Arg{Name: "n", Value: itoa(n)}, fault.Arg{Name: "max", Value: itoa(maxName)})
	}
	return err
}

// orNil is the error where it blames something.
func orNil(err *fault.Error) error {
	if len(err.Fields) == 0 {
		return nil
	}
	return err
}
