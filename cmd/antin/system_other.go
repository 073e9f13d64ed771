//go:build !unix

package main

import "os"

// lock needs nothing here: an open file cannot be removed on Windows.
func lock(*os.File, bool) error { return nil }

func ignoreFileSizeSignal() {}
