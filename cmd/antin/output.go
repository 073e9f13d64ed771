package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
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
}

func (o *outputFlags) register(f *flagSet) {
	f.StringVar(&o.out, "o", "", "`TỆP|THƯ_MỤC` ghi kết quả; nhiều tệp vào thì là thư mục")
	f.BoolVar(&o.inPlace, "in-place", false, "ghi đè lên tệp vào")
}

// targets returns the output of each input.
func (o *outputFlags) targets(inputs []string) ([]string, error) {
	switch {
	case len(inputs) == 0:
		return nil, codes.New(errUsage, "reading the arguments", "", "no input file")
	case o.out == "" && !o.inPlace:
		return nil, codes.New(errUsage, "reading the arguments", "", "-o or --in-place is needed")
	case o.out != "" && o.inPlace:
		return nil, codes.New(errUsage, "reading the arguments", "", "-o and --in-place exclude each other")
	case o.inPlace:
		return inputs, nil
	}
	st, err := os.Stat(o.out)
	folder := len(inputs) > 1 || strings.HasSuffix(o.out, string(filepath.Separator)) || err == nil && st.IsDir()
	if !folder {
		return []string{o.out}, nil
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return nil, codes.Wrap(errOutput, "making the folder", o.out, err)
	}
	seen := map[string]string{}
	targets := make([]string, len(inputs))
	for i, in := range inputs {
		targets[i] = filepath.Join(o.out, filepath.Base(in))
		if other, twice := seen[targets[i]]; twice {
			return nil, codes.New(errUsage, "naming the outputs", targets[i], "both "+other+" and "+in+" would be written there")
		}
		seen[targets[i]] = in
	}
	return targets, nil
}

// writeFile writes by temporary file, fsync and rename: whatever happens, the old file or the new one stands there.
func writeFile(path string, write func(w *os.File) error) (err error) {
	dir := filepath.Dir(path)
	tmp, err := os.CreateTemp(dir, ".antin-*")
	if err != nil {
		return codes.Wrap(errOutput, "writing", path, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tmp.Close())
			_ = os.Remove(tmp.Name()) //nolint:errcheck // the first failure is what matters
		}
	}()
	if err := write(tmp); err != nil {
		return err
	}
	mode := fs.FileMode(0o644)
	if st, err := os.Stat(path); err == nil {
		mode = st.Mode().Perm()
	}
	if err := tmp.Chmod(mode); err != nil {
		return codes.Wrap(errOutput, "writing", path, err)
	}
	if err := tmp.Sync(); err != nil {
		return codes.Wrap(errOutput, "writing", path, err)
	}
	if err := tmp.Close(); err != nil {
		return codes.Wrap(errOutput, "writing", path, err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return codes.Wrap(errOutput, "writing", path, err)
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return codes.Wrap(errOutput, "writing the folder", dir, err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return codes.Wrap(errOutput, "writing the folder", dir, err)
	}
	return nil
}

// openPDF opens an input; closing is the caller's.
func openPDF(ctx context.Context, path string, password []byte) (*pdf.Document, *os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, codes.Wrap(errInput, "opening", path, err)
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	if err != nil {
		f.Close()
		return nil, nil, codes.Wrap(errInput, "opening", path, err)
	}
	d, err := pdf.Open(ctx, f, st.Size(), &pdf.Options{Password: password})
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return d, f, nil
}

// secret reads a secret's first line from a file (or descriptor, as /dev/fd/3), or asks at the terminal.
func (e *env) secret(path, prompt string) ([]byte, error) {
	if path != "" {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, codes.Wrap(errInput, "reading the secret from", path, err)
		}
		line, _, _ := strings.Cut(string(b), "\n")
		return []byte(strings.TrimSuffix(line, "\r")), nil
	}
	in, ok := e.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return nil, codes.New(errUsage, "asking for", prompt, "no terminal to ask at; give a file")
	}
	fmt.Fprint(e.stderr, prompt, ": ")
	b, err := term.ReadPassword(int(in.Fd()))
	fmt.Fprintln(e.stderr)
	return b, err
}

// passwordFrom reads --password-file, nil if none was given.
func (e *env) passwordFrom(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	return e.secret(path, "")
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

// problem is a failure as JSON says it.
type problem struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// failed turns an error into a result.
func (e *env) failed(file string, err error) result {
	exit, text := explain(err, e.lang)
	return result{File: file, Error: &problem{Code: codeOf(err), Text: text}, exit: exit}
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
		fmt.Fprintf(e.stderr, "%s: %s [%s]\n", r.File, r.Error.Text, r.Error.Code)
	case r.Error != nil:
		fmt.Fprintf(e.stderr, "antin: %s [%s]\n", r.Error.Text, r.Error.Code)
	default:
		fmt.Fprintf(e.stdout, "%s → %s", r.File, r.Output)
		if r.Level != "" {
			fmt.Fprintf(e.stdout, "  %s", r.Level)
		}
		if r.Field != "" {
			fmt.Fprintf(e.stdout, "  %s", r.Field)
		}
		for _, n := range r.Notes {
			fmt.Fprintf(e.stdout, "\n  %s", note(n, e.lang))
		}
		fmt.Fprintln(e.stdout)
	}
}

func (e *env) printJSON(v any) {
	enc := json.NewEncoder(e.stdout)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) //nolint:errcheck // nobody is left to tell
}

// batch runs work on every file in parallel, prints each result in the order of the inputs, and returns the worst exit.
func (e *env) batch(ctx context.Context, format string, inputs []string, work func(ctx context.Context, i int) result) int {
	results := make([]result, len(inputs))
	var done atomic.Int64
	var next atomic.Int64
	var group sync.WaitGroup
	progress := e.progress(len(inputs))
	for range min(runtime.GOMAXPROCS(0), len(inputs)) {
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(inputs) {
					return
				}
				if err := ctx.Err(); err != nil {
					results[i] = e.failed(inputs[i], err)
				} else {
					results[i] = work(ctx, i)
				}
				progress(int(done.Add(1)))
			}
		})
	}
	group.Wait()
	exit, failed := exitDone, 0
	for _, r := range results {
		e.print(format, r)
		exit = worst(exit, r.exit)
		if r.Error != nil {
			failed++
		}
	}
	if len(inputs) > 1 && format == "text" {
		fmt.Fprintf(e.stdout, "%d tệp: %d xong, %d lỗi\n", len(inputs), len(inputs)-failed, failed)
	}
	return exit
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
