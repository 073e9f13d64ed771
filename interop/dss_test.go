package interop

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// dssAnswer is what java/src/main/java/vn/antin/interop/Dss.java says of a file.
type dssAnswer struct {
	File       string         `json:"file"`
	Error      string         `json:"error"`
	Signatures []dssSignature `json:"signatures"`
	Timestamps []struct {
		Indication string `json:"indication"`
	} `json:"timestamps"`
}

type dssSignature struct {
	Level          string   `json:"level"`
	Indication     string   `json:"indication"`
	SubIndication  string   `json:"sub_indication"`
	Intact         bool     `json:"intact"`
	Errors         []string `json:"errors"`
	Warnings       []string `json:"warnings"`
	Field          string   `json:"field"`
	ByteRangeValid bool     `json:"byte_range_valid"`
	Consistent     bool     `json:"consistent"`
	Pages          []int    `json:"pages"`
	Rendering      []int    `json:"rendering"`
	Overlap        []int    `json:"overlap"`
	Extension      []string `json:"extension"`
	Form           []string `json:"form"`
	Annotation     []string `json:"annotation"`
	Undefined      []string `json:"undefined"`
}

// dssModifications are what DSS's indication does not say: its TOTAL_PASSED only warns about changes after signing. The zero value is
// an untouched file; extension is evidence added, form signatures, document time-stamps and values filled in.
type dssModifications struct {
	extension, form, annotation, undefined bool
	pages, rendering, overlap              string // page numbers: "[2]"
}

func (s *dssSignature) modifications() dssModifications {
	pages := func(numbers []int) string {
		if len(numbers) == 0 {
			return ""
		}
		return fmt.Sprint(numbers)
	}
	return dssModifications{
		extension: len(s.Extension) > 0, form: len(s.Form) > 0, annotation: len(s.Annotation) > 0, undefined: len(s.Undefined) > 0,
		pages: pages(s.Pages), rendering: pages(s.Rendering), overlap: pages(s.Overlap),
	}
}

// String is for messages.
func (a dssAnswer) String() string {
	words := a.Error
	for i := range a.Signatures {
		words += fmt.Sprintf("%s: %s %+v\n", a.Signatures[i].Field, &a.Signatures[i], a.Signatures[i].modifications())
	}
	return words
}

func (s *dssSignature) String() string {
	words := s.Level + " " + s.Indication
	if s.SubIndication != "" {
		words += "/" + s.SubIndication
	}
	return words + " " + strings.Join(slices.Concat(s.Errors, s.Warnings, s.Extension, s.Form, s.Annotation, s.Undefined), "; ")
}

func dss(t *testing.T, root string, jobs [][]string) []dssAnswer {
	t.Helper()
	return answers[dssAnswer](t, jobs, "java", dssArguments(root)...)
}
