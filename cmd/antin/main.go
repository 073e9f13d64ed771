// Command antin is the digital-signature platform of a province: it serves it, and signs, extends, time-stamps, inspects and verifies documents.
//
// Every command answers on standard output as text or, with --format json, as one JSON object a line, and ends with
// 0 done, 1 some failed, 2 undetermined, 3 unreadable input or wrong usage.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/antinvn/antin/internal/foundation/sandbox"
	"github.com/antinvn/antin/keys"
)

func main() {
	sandbox.Child() // a child does its work and ends here
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second interrupt ends the program at once
	ignoreFileSizeSignal()
	code := run(ctx, &env{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, clock: time.Now, lang: language(os.Getenv), openKey: keys.Open,
		modules: func() []string { return systemModules(os.Getenv, moduleLists, moduleFolders) }, environ: os.Environ(),
	}, os.Args[1:])
	stop()
	os.Exit(code)
}

// env is everything a command takes from the process around it.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	clock          func() time.Time
	lang           string // "vi" or "en"
	openKey        func(ctx context.Context, uri string, o *keys.Options) (*keys.Key, error)
	terminal       sync.Mutex      // held while a question stands there
	environ        []string        // settings may stand in it
	modules        func() []string // PKCS#11 libraries for addresses that name none; nil: none
}

// The exit codes, for all commands.
const (
	exitDone         = 0
	exitFailed       = 1
	exitUndetermined = 2
	exitUnreadable   = 3
)

// worst is the exit code of several files: 3 > 1 > 2 > 0.
func worst(a, b int) int {
	order := [...]int{exitDone: 0, exitUndetermined: 1, exitFailed: 2, exitUnreadable: 3}
	if order[b] > order[a] {
		return b
	}
	return a
}

type command struct {
	name, summary string
	run           func(ctx context.Context, e *env, args []string) int
}

func commands(e *env) []command {
	return []command{
		{"demo", e.say("demo.summary"), runDemo},
		{"init", e.say("init.summary"), runInit},
		{"serve", e.say("serve.summary"), runServe},
		{"config", e.say("config.summary"), runConfig},
		{"audit", e.say("audit.summary"), runAudit},
		{"sign", e.say("sign.summary"), runSign},
		{"reserve", e.say("reserve.summary"), runReserve},
		{"extend", e.say("extend.summary"), runExtend},
		{"timestamp", e.say("timestamp.summary"), runTimestamp},
		{"verify", e.say("verify.summary"), runVerify},
		{"inspect", e.say("inspect.summary"), runInspect},
		{"certpath", e.say("certpath.summary"), runCertpath},
		{"trust", e.say("trust.summary"), runTrust},
		{"attack", e.say("attack.summary"), runAttack},
		{"version", e.say("version.summary"), runVersion},
	}
}

func run(ctx context.Context, e *env, args []string) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		w := e.stderr
		if len(args) > 0 {
			w = e.stdout
		}
		usage(e, w)
		if len(args) > 0 {
			return exitDone
		}
		return exitUnreadable
	}
	for _, c := range commands(e) {
		if c.name == args[0] {
			return c.run(ctx, e, args[1:])
		}
	}
	format := wantedFormat(args[1:])
	exit := e.fail(format, wrong(args[0], "usage.no_such_command"))
	if format != "json" {
		usage(e, e.stderr)
	}
	return exit
}

func usage(e *env, w io.Writer) {
	fmt.Fprintln(w, e.say("help.usage"))
	for _, c := range commands(e) {
		fmt.Fprintf(w, "  %-10s %s\n", c.name, c.summary)
	}
}

func language(getenv func(string) string) string {
	if getenv("ANTIN_LANG") == "en" {
		return "en"
	}
	return "vi"
}
