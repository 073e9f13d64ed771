package config

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/antinvn/antin/internal/foundation/fault"
)

// Limits of a settings file.
const (
	maxFile     = 64 << 10
	maxProblems = 50
)

var (
	sectionLine = regexp.MustCompile(`^\[([a-z0-9_]{1,40})\]$`)
	nameText    = regexp.MustCompile(`^[a-z0-9_]{1,40}$`)
)

// readFile reads the settings of a file. It goes on after a wrong line, so that everything wrong is told at once.
func readFile(path string) ([]value, Problems) {
	b, err := readSmall(path)
	if err != nil {
		return nil, Problems{fault.New(fault.Invalid, ErrFile, path).Because(err)}
	}
	return parse(filepath.Base(path), string(b))
}

func readSmall(path string) (b []byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err = io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = fs.ErrInvalid
	}
	return b, err
}

// parse reads lines "name = value". A value is all that stands behind the sign, without quotes and without a comment behind it, so that
// nobody has to know what must be escaped; a secret may hold any sign.
func parse(file, text string) (values []value, problems Problems) {
	section, number := "", 0
	seen := map[string]bool{}
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		number++
		at := file + ":" + strconv.Itoa(number)
		if len(problems) == maxProblems {
			break
		}
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if m := sectionLine.FindStringSubmatch(line); m != nil {
			section = m[1] + "."
			continue
		}
		name, text, ok := strings.Cut(line, "=")
		name, text = strings.TrimSpace(name), strings.TrimSpace(text)
		if !ok || !nameText.MatchString(name) || !utf8.ValidString(text) {
			problems = append(problems, fault.New(fault.Invalid, ErrSyntax, at))
			continue
		}
		name = section + name
		setting, ok := byName(name)
		switch {
		case !ok:
			problems = append(problems, fault.New(fault.Invalid, ErrUnknown, at).With("setting", name))
			continue
		case seen[name]:
			problems = append(problems, fault.New(fault.Invalid, ErrTwice, at).With("setting", name))
			continue
		case !setting.Secret && (strings.Contains(text, " #") || strings.Trim(text, "\"'") != text):
			problems = append(problems, fault.New(fault.Invalid, ErrSyntax, at))
			continue
		}
		seen[name] = true
		values = append(values, value{setting: setting, text: text, from: at, file: true})
	}
	return values, problems
}

// exposed reports whether everybody on the machine can read a file. Windows keeps rights elsewhere.
func exposed(path string) bool {
	i, err := os.Stat(path)
	return err == nil && runtime.GOOS != "windows" && i.Mode().Perm()&0o004 != 0
}
