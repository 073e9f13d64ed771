package interop

import (
	"path/filepath"
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

// unmodified is what DSS's indication does not say: its TOTAL_PASSED only warns about changes after signing.
func (s *dssSignature) unmodified() bool {
	return len(s.Pages)+len(s.Rendering)+len(s.Annotation)+len(s.Undefined) == 0
}

func (s *dssSignature) String() string {
	words := s.Level + " " + s.Indication
	if s.SubIndication != "" {
		words += "/" + s.SubIndication
	}
	if !s.unmodified() {
		words += " modified: " + strings.Join(append(s.Annotation, s.Undefined...), "; ")
	}
	return words + " " + strings.Join(append(s.Errors, s.Warnings...), "; ")
}

func dss(t *testing.T, root string, jobs [][]string) []dssAnswer {
	t.Helper()
	path := "java/target/classes" + string(filepath.ListSeparator) + "java/target/lib/*"
	return answers[dssAnswer](t, jobs, "java", "-Djava.awt.headless=true", "-cp", path, "vn.antin.interop.Dss", root)
}
