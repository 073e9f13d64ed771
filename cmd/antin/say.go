package main

import (
	"embed"
	"fmt"
	"sync"

	form "github.com/antinvn/antin/codes/texts"
)

//go:embed vi.txt en.txt
var sentences embed.FS

// own are the texts of the commands; those of the engine are in its packages, those of the house in its rooms.
var own = sync.OnceValue(func() *form.Catalogue { return form.Must(sentences) })

// say is a text of the commands, its names filled in from pairs of name and value.
func say(lang, key string, pairs ...any) string {
	said := make([]string, len(pairs))
	for i, v := range pairs {
		said[i] = fmt.Sprint(v)
	}
	return own().Text(lang, key, said...)
}

// say is what a command says in the reader's language.
func (e *env) say(key string, pairs ...any) string { return say(e.lang, key, pairs...) }
