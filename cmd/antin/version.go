package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
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
	if rest, exit, done := f.parse(args); done {
		return exit
	} else if len(rest) > 0 {
		return e.fail(f.format, wrong(rest[0], "usage.no_argument"))
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
	words := []string{"antin", v.Version, v.Revision, v.Go, fmt.Sprintf("pkcs11=%t", v.PKCS11)}
	fmt.Fprintln(e.stdout, strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " "))
	return exitDone
}
