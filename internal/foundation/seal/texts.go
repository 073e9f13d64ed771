package seal

import "embed"

// Texts are this package's sentences, one file a language.
//
//go:embed vi.txt en.txt
var Texts embed.FS
