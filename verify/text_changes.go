package verify

import (
	"slices"
	"strconv"
	"strings"
)

// changeText says a change in a sentence; aside is what stands in its brackets behind the page.
func changeText(c *Change, lang, aside string) string {
	code := c.Code
	if code == "field_filled" && c.Before != "" {
		code = "field_filled_again"
	}
	if !words().Has("change." + code) {
		code = "other"
	}
	said := text("change."+code, lang, "field", c.Field, "before", c.Before, "after", c.After)
	if c.Page != 0 && c.Class != ClassLTA { // what is on no page to see has none
		said = withAside(said, text("aside.page", lang, "n", strconv.Itoa(c.Page)))
	}
	return withAside(said, aside)
}

// withAside puts a remark in the brackets at a sentence's end.
func withAside(said, aside string) string {
	if aside == "" {
		return said
	}
	if before, ok := strings.CutSuffix(said, ")."); ok {
		return before + "; " + aside + ")."
	}
	return strings.TrimSuffix(said, ".") + " (" + aside + ")."
}

// changeTechnical is a change for whoever knows the format: the object, and its values where the sentence does not say them.
func changeTechnical(c *Change) string {
	if c.Class != ClassForbidden && c.Class != ClassAnnotation && c.Code != "document_information" {
		return ""
	}
	said := c.Object
	if c.Before != c.After && !words().Names("change."+c.Code, "after") && c.After != c.Field {
		said += ": " + strings.TrimPrefix(c.Before+" → "+c.After, " → ")
	}
	return strings.TrimSpace(strings.TrimSuffix(said, " → "))
}

// changeReports says what was changed after the i-th signature, and in one line each what reads alike.
func (v *Verdict) changeReports(i int, lang string) (all []ChangeReport, lines []string) {
	f, s := &v.Facts.Signatures[i], &v.Signatures[i]
	all = make([]ChangeReport, 0, len(f.Changes))
	named := map[string]bool{} // attacks that a finding names already
	for _, x := range slices.Concat(s.Errors, s.Warnings) {
		named[x.Code] = true
	}
	type line struct{ sentence, behind string } // behind it stand the attack and what is technical
	times := map[line]int{}
	var said []line
	for j := range f.Changes {
		c := &f.Changes[j]
		one := line{sentence: changeText(c, lang, v.allowed(i, c, lang))}
		if attack := "attack." + c.Attack; c.Attack != "" && !named[attack] {
			one.behind = " " + text(attack, lang)
		}
		if technical := changeTechnical(c); technical != "" {
			one.behind += " [" + technical + "]"
		}
		all = append(all, ChangeReport{
			Code: c.Code, Object: c.Object, Page: optional(c.Page), Before: optional(c.Before), After: optional(c.After), Text: one.sentence + one.behind,
		})
		if times[one]++; times[one] == 1 {
			said = append(said, one)
		}
	}
	for _, one := range said {
		if n := times[one]; n > 1 {
			one.sentence = withAside(one.sentence, text("aside.times", lang, "n", strconv.Itoa(n)))
		}
		lines = append(lines, one.sentence+one.behind)
	}
	return all, lines
}

// allowed is the word for whether a change is. Of an invalid signature nothing is said to be allowed; a document time-stamp promises
// nothing about what follows it.
func (v *Verdict) allowed(i int, c *Change, lang string) string {
	f, s := &v.Facts.Signatures[i], &v.Signatures[i]
	switch {
	case f.Type == TypeDocumentTimestamp:
		return ""
	case classOf(c, f, v.Policy) == ClassForbidden:
		return text("aside.forbidden", lang)
	case s.Indication == TotalFailed:
		return ""
	}
	return text("aside.allowed", lang)
}
