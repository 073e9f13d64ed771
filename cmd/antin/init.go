package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/directory/org"
	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/config"
	"github.com/antinvn/antin/internal/foundation/durable"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/seal"
	"github.com/antinvn/antin/internal/foundation/store"
)

// begun is what a new installation tells once.
type begun struct {
	Settings   string    `json:"settings"`
	MasterKeys string    `json:"master_keys"`
	Address    string    `json:"address"`
	Login      string    `json:"login"`
	Password   string    `json:"password"`
	Until      time.Time `json:"until"`
}

// beginning is what antin init has to know beyond the settings.
type beginning struct {
	agency, name, login, since string

	from time.Time // since, read
}

// reorganised is the day on which the provinces of today began, without districts: what is put below their first agency may be as old.
const reorganised = "01/07/2025"

func runInit(ctx context.Context, e *env, args []string) int {
	f := newFlags(e, "init", "")
	var s settings
	var b beginning
	s.register(f)
	f.StringVar(&b.agency, "agency", "", e.say("init.flag.agency"))
	f.StringVar(&b.name, "operator", "", e.say("init.flag.operator"))
	f.StringVar(&b.login, "login", "vanhanh", e.say("init.flag.login"))
	f.StringVar(&b.since, "since", reorganised, e.say("init.flag.since"))
	if rest, exit, done := f.parse(args); done {
		return exit
	} else if len(rest) > 0 {
		return e.fail(f.format, wrong(rest[0], "usage.no_argument"))
	}
	var err error
	if b.from, err = i18n.ParseDate(b.since); err != nil || b.from.After(e.clock()) {
		return e.fail(f.format, wrong("--since", "usage.day_gone"))
	}
	done, err := e.begin(ctx, &s, &b)
	if err != nil {
		return e.failHouse(f.format, err)
	}
	if f.format == "json" {
		e.printJSON(done)
		return exitDone
	}
	writef(e.stdout, "%s\n%s\n\n", e.say("init.wrote", "settings", done.Settings, "keys", done.MasterKeys), e.say("init.safe"))
	writef(e.stdout, "  %s\n  %s\n  %s\n\n", e.say("init.address", "address", done.Address), e.say("init.login", "name", done.Login), e.say("init.password", "password", done.Password))
	writef(e.stdout, "%s\n", e.say("init.next"))
	return exitDone
}

// begin writes settings and master keys where there are none, and makes the first agency and its operator. Run again after it was
// interrupted, it goes on from there.
func (e *env) begin(ctx context.Context, s *settings, b *beginning) (done begun, err error) {
	if s.file == "" {
		s.file = settingsFile
	}
	_, err = os.Stat(s.file)
	fresh := errors.Is(err, fs.ErrNotExist)
	if err != nil && !fresh {
		return done, codes.Wrap(errInput, "reading the settings", s.file, err)
	}
	if err := e.askBeginning(ctx, s, b, fresh); err != nil {
		return done, err
	}
	if fresh {
		if err := writeSettings(s); err != nil {
			return done, err
		}
	}
	c, err := s.load()
	if err != nil {
		if fresh {
			err = errors.Join(err, os.Remove(s.file)) // what was asked and is wrong must not stand in the way of the next try
		}
		return done, err
	}
	ring, err := seal.Create(c.MasterKeys)
	if errors.Is(err, seal.ErrExists) {
		ring, err = seal.Load(c.MasterKeys)
	}
	if err != nil {
		return done, err
	}
	h, err := openHouse(ctx, c, ring, clock.System{}, e.newLog(c), extra{})
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	letter, err := h.found(ctx, b)
	done = begun{s.file, c.MasterKeys, c.PublicAddress.String(), letter.Login, letter.Password, letter.Until}
	return done, err
}

// askBeginning asks for what is missing, where somebody is there to answer.
func (e *env) askBeginning(ctx context.Context, s *settings, b *beginning, fresh bool) error {
	in, ok := e.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		switch {
		case b.agency == "":
			return wrong("--agency", "usage.agency_needed")
		case b.name == "":
			return wrong("--operator", "usage.operator_needed")
		}
		return nil
	}
	lines := bufio.NewReader(in)
	ask := func(into *string, prompt, otherwise string) error {
		if *into != "" {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		writef(e.stderr, "%s", prompt)
		if otherwise != "" {
			writef(e.stderr, " [%s]", otherwise)
		}
		fmt.Fprint(e.stderr, ": ")
		line, err := lines.ReadString('\n')
		if err != nil && (!errors.Is(err, io.EOF) || line == "") {
			return codes.Wrap(errInput, "asking for", prompt, err)
		}
		if *into = strings.TrimSpace(line); *into == "" {
			*into = otherwise
		}
		return nil
	}
	if fresh {
		address := s.given["public_address"]
		if err := ask(&address, e.say("ask.address"), "http://localhost:8480"); err != nil {
			return err
		}
		s.given["public_address"] = address
	}
	if err := ask(&b.agency, e.say("ask.agency"), ""); err != nil {
		return err
	}
	return ask(&b.name, e.say("ask.operator"), "")
}

// writeSettings writes the file with what was given; all else is explained in it and keeps its default.
func writeSettings(s *settings) error {
	var b bytes.Buffer
	if err := config.Write(&b, s.given); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(s.file), 0o755); err != nil {
		return codes.Wrap(errOutput, "making the folder", filepath.Dir(s.file), err)
	}
	err := durable.Write(s.file, filepath.Dir(s.file), os.Link, func(w io.Writer) error {
		_, err := b.WriteTo(w)
		return err
	})
	if err != nil {
		return codes.Wrap(errOutput, "writing the settings", s.file, err)
	}
	clear(s.given) // they stand in the file now
	return nil
}

// found makes the first agency, where there is none, and the first operator at it.
func (h *house) found(ctx context.Context, b *beginning) (auth.Letter, error) {
	var top store.ID
	err := h.db.Do(ctx, h.auth.System("cmd/antin.init", org.Tables...), func(tx *store.Tx) error {
		there, err := store.One[store.ID](tx, `SELECT id FROM v_org_agency WHERE parent IS NULL AND since <= ? AND until > ? ORDER BY id LIMIT 1`, tx.Now(), tx.Now())
		if ok, err := store.Found(err); ok || err != nil {
			top = there
			return err
		}
		made, err := org.MakeTx(tx, org.NewNode{
			Facts: org.Facts{Kind: org.Committee, Level: org.Province, Name: b.agency, Notation: "UBND", OwnSeal: true}, From: b.from,
		})
		top = made.ID
		return err
	})
	if err != nil {
		return auth.Letter{}, err
	}
	return h.auth.CreateFirst(ctx, auth.NewAccount{Login: b.login, Name: b.name, Agency: top})
}
