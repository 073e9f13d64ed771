package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/keys"
)

// moduleVariable names the PKCS#11 library for addresses that name none.
const moduleVariable = "ANTIN_PKCS11_MODULE"

// Where p11-kit lists the modules of a system, and where a module lies that is listed without a folder (p11-kit manual,
// "PKCS#11 Configuration").
var (
	moduleLists   = []string{"/etc/pkcs11/modules/*.module", "/usr/share/p11-kit/modules/*.module", "/usr/local/share/p11-kit/modules/*.module"}
	moduleFolders = []string{"/usr/lib/*/pkcs11", "/usr/lib64/pkcs11", "/usr/lib/pkcs11", "/usr/local/lib/pkcs11"}
)

// systemModules are the libraries to look in for a token: the one that the environment names, else those listed.
func systemModules(getenv func(string) string, lists, folders []string) []string {
	if named := getenv(moduleVariable); named != "" {
		return []string{named}
	}
	var found []string
	for _, pattern := range lists {
		files, _ := filepath.Glob(pattern) //nolint:errcheck // the patterns are ours
		for _, file := range files {
			for _, m := range listedModule(file, folders) {
				if !slices.Contains(found, m) {
					found = append(found, m)
				}
			}
		}
	}
	return found
}

// listedModule reads the line "module: NAME" of a list.
func listedModule(file string, folders []string) []string {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(b)) {
		name, ok := strings.CutPrefix(strings.TrimSpace(line), "module:")
		if name = strings.TrimSpace(name); !ok || name == "" {
			continue
		}
		if filepath.IsAbs(name) {
			return []string{name}
		}
		for _, folder := range folders {
			if found, err := filepath.Glob(filepath.Join(folder, filepath.Base(name))); err == nil && len(found) > 0 {
				return found[:1]
			}
		}
	}
	return nil
}

// openNamedKey opens a key. A token whose address names no module is looked for in each that the system knows; its PIN is
// sent only where it is found.
func (e *env) openNamedKey(ctx context.Context, uri string, o *keys.Options) (*keys.Key, error) {
	_, query, _ := strings.Cut(uri, "?")
	if !strings.HasPrefix(uri, "pkcs11:") || strings.Contains(query, "module-path=") || e.modules == nil {
		return e.openKey(ctx, uri, o)
	}
	var present []string
	var unloaded error
	missing := ""
	for _, m := range e.modules() {
		with := *o
		with.Module = m
		key, err := e.openKey(ctx, uri, &with)
		said, coded := errors.AsType[*codes.Error](err)
		switch {
		case coded && said.Kind == keys.ErrTokenMissing:
			missing = said.Object
			present = append(present, m+": "+said.Detail)
		case coded && said.Kind == keys.ErrModule:
			unloaded = err
		default:
			return key, err
		}
	}
	switch {
	case present != nil:
		return nil, codes.New(keys.ErrTokenMissing, "looking for the token", missing, strings.Join(present, "; "))
	case unloaded != nil:
		return nil, unloaded
	}
	return e.openKey(ctx, uri, o)
}

// prompt says in the reader's language what a key asks for.
func (e *env) prompt(asked string) string {
	for _, known := range []struct{ prefix, key string }{{"PIN of token ", "ask.pin"}, {"Password for ", "ask.password"}} {
		name, ok := strings.CutPrefix(asked, known.prefix)
		if !ok {
			continue
		}
		if name, last := strings.CutSuffix(name, " (last try before it locks)"); last {
			return e.say(known.key+"_last", "name", name)
		}
		return e.say(known.key, "name", name)
	}
	return asked
}
