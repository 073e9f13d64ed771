package codes_test

import (
	"errors"
	"fmt"

	"github.com/antinvn/antin/codes"
)

// A caller tells failures apart by their code, and the catalogue says them for a reader.
func Example() {
	const errPassword codes.Code = "pdf.password"
	err := fmt.Errorf("signing: %w", codes.New(errPassword, "opening", "decision.pdf", "it needs a password"))

	fmt.Println(errors.Is(err, errPassword), codes.Of(err))
	entry, _ := codes.Find(errPassword)
	fmt.Println(entry.Exit, entry.Text("en"))
	// Output:
	// true pdf.password
	// 3 The PDF needs a password; it is missing or wrong. Give it with --password-file.
}
