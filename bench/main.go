// Command bench measures what signing costs above the work that nobody can save: the key operation, the hash, the
// copy. Every figure stands beside its peer, measured in the same run on distinct inputs; README.md explains the
// columns.
//
//	go run ./bench                     # everything, about ten minutes and 16 GB in -dir
//	go run ./bench -run single,batch
//	go run ./bench -run huge,objects -scale 0.05 -dir /dev/shm
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/antinvn/antin/verify"
)

// bench is one run: its settings, its working folder, its key material and its table.
type bench struct {
	dir    string
	antin  string // the program under test
	python string
	scale  float64
	rounds int
	rsa    *identity
	p256   *identity
	table  *table
	policy *verify.Policy
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	parts := flag.String("run", "single,huge,sparse,objects,batch,validate,many,signed,acts", "the `parts` to run, separated by commas")
	format := flag.String("format", "markdown", "`markdown` or json")
	dir := flag.String("dir", os.TempDir(), "`folder` for the files; its file system is part of the measurement")
	antin := flag.String("antin", "", "the antin `program`; built from this module if empty")
	scale := flag.Float64("scale", 1, "`factor` on the sizes of the large files and the number of signatures")
	rounds := flag.Int("rounds", 3, "times each comparison is repeated; the median counts")
	flag.Parse()

	b := &bench{scale: *scale, rounds: *rounds, antin: *antin, python: os.Getenv("ANTIN_PYTHON"), table: newTable(), policy: verify.DefaultPolicy()}
	if b.python == "" {
		b.python = "python3"
	}
	work, err := os.MkdirTemp(*dir, "antin-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	b.dir = work
	if b.rsa, b.p256, err = newIdentities(work); err != nil {
		return err
	}
	if b.antin == "" {
		if b.antin, err = build(ctx, work); err != nil {
			return err
		}
	}
	known := map[string]func(context.Context) error{
		"single": b.single, "huge": b.huge, "sparse": b.sparse, "objects": b.objects, "batch": b.batch,
		"validate": b.validate, "many": b.many, "signed": b.signed, "acts": b.acts,
	}
	for part := range strings.SplitSeq(*parts, ",") {
		measure := known[part]
		if measure == nil {
			return fmt.Errorf("there is no part %q", part)
		}
		fmt.Fprintln(os.Stderr, "bench:", part)
		if err := measure(ctx); err != nil {
			return fmt.Errorf("%s: %w", part, err)
		}
	}
	if *format == "json" {
		return b.table.writeJSON(os.Stdout)
	}
	return b.table.writeMarkdown(os.Stdout)
}

// build compiles the program as a user would.
func build(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "antin")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", path, "github.com/antinvn/antin/cmd/antin")
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return path, cmd.Run()
}

// scaled is a size or count after -scale, at least 1.
func (b *bench) scaled(n int) int { return max(1, int(float64(n)*b.scale)) }

// machine says where the figures come from.
func machine() string {
	model := runtime.GOARCH
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(info)) {
			if name, ok := strings.CutPrefix(line, "model name"); ok {
				model = strings.TrimSpace(strings.TrimLeft(name, "\t :"))
				break
			}
		}
	}
	return fmt.Sprintf("%s, %d cores, %s", model, runtime.NumCPU(), runtime.Version())
}
