package pdf

import (
	"bytes"
	"fmt"
)

// Empty is a PDF without pages, cross-reference and all: what is drawn anew goes on top as a revision. Its catalog is object 1, the root
// of its page tree (ISO 32000-2, 7.7.3.2) object 2.
func Empty() []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n%\xE2\xE3\xCF\xD3\n")
	var at []int
	for _, object := range []string{"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[]/Count 0>>"} {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj%sendobj\n", len(at), object)
	}
	start := b.Len()
	b.WriteString("xref\n0 3\n0000000000 65535 f \n")
	for _, offset := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&b, "trailer<</Size 3/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", start)
	return b.Bytes()
}
