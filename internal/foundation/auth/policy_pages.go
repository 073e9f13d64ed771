package auth

import (
	"maps"
	"slices"
	"strings"

	"github.com/antinvn/antin/internal/foundation/web"
)

// permissionRow is a permission of the policy page: who has it, how far it may reach, and what it opens.
type permissionRow struct {
	Text    web.Text
	Widest  web.Text
	Has     []roleMark // in the order of Roles
	Methods []methodRow
}

type roleMark struct {
	Role web.Text
	Has  bool
}

type methodRow struct {
	Name    string
	Decides web.Text
}

// policy shows who may do what, made of the table and the rules that decide.
func (p page) policy(*web.Request) (web.Answer, error) {
	data := struct {
		Roles    []web.Text
		Rows     []permissionRow
		SignedIn []methodRow
		Anyone   []methodRow
	}{}
	for _, r := range Roles {
		data.Roles = append(data.Roles, r.text())
	}
	opens := map[Permission][]methodRow{}
	for _, name := range slices.SortedFunc(maps.Keys(p.s.rules), strings.Compare) {
		rule := p.s.rules[name]
		row := methodRow{name, web.Text{Key: rule.Key()}}
		switch {
		case rule.Anyone:
			data.Anyone = append(data.Anyone, row)
		case rule.SignedIn:
			data.SignedIn = append(data.SignedIn, row)
		default:
			opens[rule.Needs] = append(opens[rule.Needs], row)
		}
	}
	for _, l := range table {
		row := permissionRow{Text: web.Text{Key: l.permission.key()}, Widest: l.widest.text(), Methods: opens[l.permission]}
		for _, r := range Roles {
			row.Has = append(row.Has, roleMark{r.text(), slices.Contains(l.roles, r)})
		}
		data.Rows = append(data.Rows, row)
	}
	return &web.Page{Title: web.T("auth.policy"), Body: "policy.html", Data: data}, nil
}
