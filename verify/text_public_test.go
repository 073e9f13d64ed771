package verify

import (
	"strings"
	"testing"

	"github.com/antinvn/antin/codes"
)

// TestThePublicIsToldNoOption: what a reader of a page is told to do names nothing that only the command has.
func TestThePublicIsToldNoOption(t *testing.T) {
	option := func(s string) bool { return strings.Contains(s, "--") || strings.Contains(s, "antin ") }
	spared := 0
	for code, f := range codes.Findings() {
		for _, lang := range []string{"vi", "en"} {
			_, _, next := f.In(lang)
			said, ok := publicReader.own(code, lang)
			if ok != option(next) || option(said) {
				t.Errorf("%s, %s: the command is told %q, the public %q", code, lang, next, said)
			}
			if ok {
				spared++
			}
		}
	}
	for _, key := range words().Keys() {
		if !strings.HasPrefix(key, "next.") {
			continue
		}
		for _, lang := range []string{"vi", "en"} {
			said, public := text(key, lang), publicReader.or(key, lang)
			if option(public) || option(said) != (public != said) {
				t.Errorf("%s, %s: the command is told %q, the public %q", key, lang, said, public)
			}
			if _, ok := commandReader.own(key, lang); ok {
				t.Errorf("%s: the command is told what the public is", key)
			}
		}
	}
	if spared == 0 {
		t.Error("no finding names an option")
	}
}

func TestAPublicReportSaysWhatToDo(t *testing.T) {
	f := example(t, "b-lt")
	for i := range f.Signatures[0].Chains {
		f.Signatures[0].Chains[i].Anchor = nil
	}
	v := Decide(f, DefaultPolicy(), testTime)
	public, command := v.PublicReport("vi").Document.Next, v.Report("vi").Document.Next
	if len(public) == 0 || strings.Contains(strings.Join(public, ""), "--") || !strings.Contains(strings.Join(command, ""), "--trust") {
		t.Errorf("%q beside %q", public, command)
	}
}
