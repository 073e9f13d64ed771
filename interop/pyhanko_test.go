package interop

import (
	"fmt"
	"testing"
)

// pyhankoAnswer is what pyhanko_peer.py says of a file.
type pyhankoAnswer struct {
	File       string             `json:"file"`
	Error      string             `json:"error"`
	Signatures []pyhankoSignature `json:"signatures"`
	Judged     []string           `json:"judged"` // "PASSED/OK", of each signature
}

type pyhankoSignature struct {
	Field              string  `json:"field"`
	Timestamp          bool    `json:"timestamp"`
	Intact             bool    `json:"intact"`
	Valid              bool    `json:"valid"`
	Trusted            bool    `json:"trusted"`
	Coverage           string  `json:"coverage"`
	ModificationLevel  *string `json:"modification_level"`
	DocMDP             *bool   `json:"docmdp_ok"`
	SignatureTimestamp bool    `json:"signature_timestamp"`
	LongTerm           string  `json:"long_term"`
	Why                *string `json:"why"`
	Error              string  `json:"error"`
}

func (s *pyhankoSignature) modification() string {
	if s.ModificationLevel == nil {
		return "none said"
	}
	return *s.ModificationLevel
}

func (s *pyhankoSignature) String() string {
	words := fmt.Sprintf("intact=%v valid=%v trusted=%v %s %s long-term=%s %s",
		s.Intact, s.Valid, s.Trusted, s.Coverage, s.modification(), s.LongTerm, s.Error)
	if s.Why != nil {
		words += *s.Why
	}
	return words
}

// String is for messages.
func (a pyhankoAnswer) String() string {
	words := a.Error
	for i := range a.Signatures {
		words += a.Signatures[i].Field + ": " + a.Signatures[i].String() + "\n"
	}
	return words
}

func pyhanko(t *testing.T, root string, jobs [][]string) []pyhankoAnswer {
	t.Helper()
	return answers[pyhankoAnswer](t, jobs, python(), "pyhanko_peer.py", root)
}
