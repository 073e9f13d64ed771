package org

import "embed"

// Files are the texts, the migrations and the pages.
//
//go:embed vi.txt en.txt migrations/*.sql pages/*.html
var Files embed.FS

//go:embed formats.tsv
var formatsText string
