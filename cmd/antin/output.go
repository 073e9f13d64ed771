package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pdf"
)

// tsaTimeout is how long a time-stamping authority may take: answers after 131 s have been measured in the field.
const tsaTimeout = 180 * time.Second

// outputFlags say where results go.
type outputFlags struct {
	out     string
	inPlace bool
	ending  string // that an output in a folder gets behind its input's name, where it is not there
}

func (o *outputFlags) register(f *flagSet) {
	f.StringVar(&o.out, "o", "", f.e.say("flag.o"))
	f.BoolVar(&o.inPlace, "in-place", false, f.e.say("flag.in_place"))
}

// targets returns the output of each input. No output is an input, but with --in-place; no two outputs are one file.
func (o *outputFlags) targets(inputs []string) ([]string, error) {
	switch {
	case len(inputs) == 0:
		return nil, wrong("", "usage.no_input")
	case o.out == "" && !o.inPlace:
		return nil, wrong("", "usage.output_needed")
	case o.out != "" && o.inPlace:
		return nil, wrong("", "usage.output_or_in_place")
	case o.inPlace:
		sweepFolders(inputs)
		return inputs, distinct(inputs, inputs)
	}
	targets, folder := o.named(inputs)
	for i, in := range inputs {
		if sameFile(in, targets[i]) {
			return nil, wrong(targets[i], "usage.output_is_input")
		}
	}
	if err := distinct(inputs, targets); err != nil {
		return nil, err
	}
	if folder {
		if err := os.MkdirAll(o.out, 0o755); err != nil {
			return nil, codes.Wrap(errOutput, "making the folder", o.out, err)
		}
	}
	sweepFolders(targets)
	return targets, nil
}

// named is -o as the file, or the folder, that the outputs get.
func (o *outputFlags) named(inputs []string) (targets []string, folder bool) {
	st, err := os.Stat(o.out)
	folder = len(inputs) > 1 || os.IsPathSeparator(o.out[len(o.out)-1]) || err == nil && st.IsDir()
	if !folder {
		return []string{o.out}, false
	}
	targets = make([]string, len(inputs))
	for i, in := range inputs {
		targets[i] = filepath.Join(o.out, strings.TrimSuffix(filepath.Base(in), o.ending)+o.ending)
	}
	return targets, true
}

// distinct refuses two inputs that would be written to one file.
func distinct(inputs, targets []string) error {
	seen := map[string]string{}
	for i, t := range targets {
		t = filepath.Clean(t)
		other, twice := seen[t]
		if twice && other == inputs[i] {
			return wrong(t, "usage.two_there")
		}
		if twice {
			return wrong(t, "usage.both_there", "one", other, "other", inputs[i])
		}
		seen[t] = inputs[i]
	}
	return nil
}

func sameFile(a, b string) bool {
	sa, errA := os.Stat(a)
	sb, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(sa, sb)
}

// maxInMemory is the size up to which an input is read at once, instead of in a dozen small pieces.
const maxInMemory = 1 << 20

// openPDF opens an input; closing is the caller's.
func openPDF(ctx context.Context, path string, password []byte) (*pdf.Document, *os.File, error) {
	f, size, err := openRegular(path)
	if err != nil {
		return nil, nil, err
	}
	var r io.ReaderAt = f
	if size <= maxInMemory {
		b := make([]byte, size)
		if _, err := io.ReadFull(f, b); err != nil {
			f.Close()
			return nil, nil, codes.Wrap(errInput, "reading", path, err)
		}
		r = bytes.NewReader(b)
	}
	d, err := pdf.Open(ctx, r, size, &pdf.Options{Password: password})
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return d, f, nil
}

// openRegular opens a file that is no device and no folder.
func openRegular(path string) (*os.File, int64, error) {
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() { // opening a pipe would wait for its writer
		return nil, 0, codes.Wrap(errInput, "opening", path, codes.New(codeNotAFile, "looking at it", "", "it is a folder or a device"))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, codes.Wrap(errInput, "opening", path, err)
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = codes.New(codeNotAFile, "looking at it", "", "it is a folder or a device")
	}
	if err != nil {
		f.Close()
		return nil, 0, codes.Wrap(errInput, "opening", path, err)
	}
	return f, st.Size(), nil
}

// maxSecret bounds a file that holds a secret.
const maxSecret = 64 << 10

// secret reads a secret's first line from a file (or descriptor, as /dev/fd/3), or asks at the terminal.
func (e *env) secret(ctx context.Context, path, prompt string) ([]byte, error) {
	if path == "" {
		return e.ask(ctx, prompt)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, codes.Wrap(errInput, "reading the secret from", path, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSecret))
	if err != nil {
		return nil, codes.Wrap(errInput, "reading the secret from", path, err)
	}
	line, _, _ := bytes.Cut(b, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), nil
}

// ask asks without echo. An interrupt ends the question and gives the terminal its echo back.
func (e *env) ask(ctx context.Context, prompt string) ([]byte, error) {
	e.terminal.Lock()
	defer e.terminal.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	in, ok := e.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return nil, wrong(prompt, "usage.no_terminal")
	}
	fd := int(in.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return nil, codes.Wrap(errInput, "asking for", prompt, err)
	}
	fmt.Fprint(e.stderr, prompt, ": ")
	defer fmt.Fprintln(e.stderr)
	type answer struct {
		secret []byte
		err    error
	}
	answered := make(chan answer, 1)
	go func() {
		b, err := term.ReadPassword(fd)
		answered <- answer{b, err}
	}()
	select {
	case a := <-answered:
		return a.secret, a.err
	case <-ctx.Done():
		_ = term.Restore(fd, before) //nolint:errcheck // the command ends
		return nil, ctx.Err()
	}
}

// passwordFrom reads --password-file, nil if none was given.
func (e *env) passwordFrom(ctx context.Context, path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	return e.secret(ctx, path, "")
}

// result is what a command says about one file.
type result struct {
	File   string   `json:"file"`
	Output string   `json:"output,omitempty"`
	Level  string   `json:"level,omitempty"`
	Field  string   `json:"field,omitempty"`
	Size   int64    `json:"size,omitempty"`
	Notes  []string `json:"notes,omitempty"`
	Error  *problem `json:"error,omitempty"`
	exit   int
}

// failed turns an error into a result.
func (e *env) failed(file string, err error) result {
	p := explain(err, e.lang)
	return result{File: file, Error: p, exit: p.exit}
}

// fail ends a command before any file was touched.
func (e *env) fail(format string, err error) int {
	r := e.failed("", err)
	e.print(format, r)
	return r.exit
}

func (e *env) print(format string, r result) {
	if format == "json" {
		e.printJSON(r)
		return
	}
	switch {
	case r.Error != nil && r.File != "":
		writef(e.stderr, "%s: %s\n", r.File, r.Error.line())
	case r.Error != nil && r.Error.thing != "":
		writef(e.stderr, "antin: %s: %s\n", r.Error.thing, r.Error.line())
	case r.Error != nil:
		writef(e.stderr, "antin: %s\n", r.Error.line())
	default:
		writef(e.stdout, "%s → %s", r.File, r.Output)
		if r.Level != "" {
			writef(e.stdout, "  %s", r.Level)
		}
		if r.Field != "" {
			writef(e.stdout, "  %s", r.Field)
		}
		for _, n := range r.Notes {
			writef(e.stdout, "\n  %s", note(n, e.lang))
		}
		fmt.Fprintln(e.stdout)
	}
}

func (e *env) printJSON(v any) {
	enc := json.NewEncoder(e.stdout)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) //nolint:errcheck,errchkjson // nobody is left to tell
}

// progress returns a function that redraws one line on a terminal, and does nothing elsewhere or for a single file.
func (e *env) progress(total int) func(done int) {
	f, ok := e.stderr.(*os.File)
	if !ok || total < 2 || !term.IsTerminal(int(f.Fd())) {
		return func(int) {}
	}
	var mu sync.Mutex
	return func(done int) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintf(f, "\r%d/%d", done, total)
		if done == total {
			fmt.Fprint(f, "\r\033[K")
		}
	}
}
