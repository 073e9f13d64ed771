package render

import (
	"embed"
	"strings"
	"sync"

	"github.com/antinvn/antin/codes/texts"
)

//go:embed vi.txt en.txt
var files embed.FS

var words = sync.OnceValue(func() *texts.Catalogue { return texts.Must(files) })

// Words are the labels of a report in a language ("vi" or "en"), by their keys without "report.": for programs that show the same answer on a page of their
// own.
func Words(lang string) map[string]string { return wordsOf(lang) }

func wordsOf(lang string) map[string]string {
	out := map[string]string{}
	for _, key := range words().Keys() {
		out[strings.TrimPrefix(key, "report.")] = words().Text(lang, key)
	}
	return out
}
