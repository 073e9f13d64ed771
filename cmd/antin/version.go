package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by a release build; a build from source says which revision it is.
const version = "0.1.0-dev"

type versionReport struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Go       string `json:"go"`
	PKCS11   bool   `json:"pkcs11"`
}

func runVersion(_ context.Context, e *env, args []string) int {
	f := newFlags(e, "version", "")
	if _, exit, done := f.parse(args); done {
		return exit
	}
	v := versionReport{Version: version, Go: runtime.Version(), PKCS11: pkcs11Available}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				v.Revision = s.Value
			}
		}
	}
	if f.format == "json" {
		e.printJSON(v)
		return exitDone
	}
	fmt.Fprintf(e.stdout, "antin %s %s %s pkcs11=%t\n", v.Version, v.Revision, v.Go, v.PKCS11)
	return exitDone
}
