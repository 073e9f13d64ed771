package document

import "embed"

// Files are the texts and the migrations.
//
//go:embed vi.txt en.txt migrations/*.sql
var Files embed.FS
