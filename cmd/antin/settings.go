package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"github.com/antinvn/antin/internal/foundation/config"
)

// settingsFile is read where none is named and it lies in the working folder.
const settingsFile = "antin.conf"

// settings are the flags of every command that works on an installation: the file, and each setting by its own name.
type settings struct {
	e     *env
	file  string
	given map[string]string
}

func (s *settings) register(f *flagSet) {
	s.e, s.given = f.e, map[string]string{}
	f.StringVar(&s.file, "config", "", f.e.say("flag.config", "file", settingsFile))
	for _, x := range config.Settings() {
		if x.Secret {
			continue
		}
		f.Func(strings.TrimPrefix(x.Flag(), "--"), "`"+f.e.say("flag.value")+"`: "+x.About(f.e.lang), func(value string) error {
			s.given[x.Name] = value
			return nil
		})
	}
}

// load reads all sources.
func (s *settings) load() (*config.Config, error) {
	file := s.file
	if file == "" {
		if _, err := os.Stat(settingsFile); err == nil {
			file = settingsFile
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return config.Load(config.Sources{File: file, Env: s.e.environ, Flags: s.given})
}

// newLog writes for operators: standard error, as lines or JSON.
func (e *env) newLog(c *config.Config) *slog.Logger {
	o := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(e.stderr, o))
	}
	return slog.New(slog.NewTextHandler(e.stderr, o))
}

// failHouse reports what ends a command on an installation: every problem of the settings on a line of its own, anything else as one.
func (e *env) failHouse(format string, err error) int {
	problems, ok := errors.AsType[config.Problems](err)
	if !ok || format == "json" {
		return e.fail(format, err)
	}
	exit := exitDone
	for _, p := range problems {
		exit = worst(exit, e.fail(format, p))
	}
	return exit
}

func runConfig(_ context.Context, e *env, args []string) int {
	what := ""
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		what, args = args[0], args[1:]
	}
	f := newFlags(e, "config print|example", "")
	var s settings
	s.register(f)
	rest, exit, done := f.parse(args)
	switch {
	case done:
		return exit
	case len(rest) > 0:
		return e.fail(f.format, wrong(rest[0], "usage.no_argument"))
	case what == "example":
		if err := config.Example(e.stdout); err != nil {
			return e.fail(f.format, err)
		}
		return exitDone
	case what != "print":
		return e.fail(f.format, wrong(what, "usage.config_what"))
	}
	c, err := s.load()
	if err == nil {
		err = c.Print(e.stdout, e.lang)
	}
	if err != nil {
		return e.failHouse(f.format, err)
	}
	return exitDone
}
