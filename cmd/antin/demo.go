package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/config"
	"github.com/antinvn/antin/internal/foundation/seal"
	"github.com/antinvn/antin/internal/foundation/web"
)

// demoAccount is somebody to try the house as.
type demoAccount struct {
	Role     string `json:"role"`
	Name     string `json:"name"`
	Agency   string `json:"agency"`
	Login    string `json:"login"`
	Password string `json:"password"`
}

// demoStarted and demoFilled are what a script is told: where the house answers, and when its history is whole.
type demoStarted struct {
	Address  string        `json:"address"`
	Accounts []demoAccount `json:"accounts"`
}

type demoFilled struct {
	Documents int     `json:"documents"`
	Done      bool    `json:"done"`
	Seconds   float64 `json:"seconds"`
}

const demoListen = "localhost:8480"

func runDemo(ctx context.Context, e *env, args []string) int {
	if len(args) > 0 {
		switch args[0] {
		case "sign":
			return runDemoSign(ctx, e, args[1:])
		case "serve":
			return runDemoServe(ctx, e, args[1:])
		}
	}
	f := newFlags(e, "demo", e.say("demo.house.synopsis"))
	data := f.String("data", "", e.say("demo.house.data"))
	listen := f.String("listen", demoListen, e.say("demo.house.listen"))
	if rest, exit, done := f.parse(args); done {
		return exit
	} else if len(rest) > 0 {
		return e.fail(f.format, wrong(rest[0], "usage.demo_house"))
	}
	if err := e.demo(ctx, f.format == "json", *data, *listen); err != nil {
		return e.failHouse(f.format, err)
	}
	return exitDone
}

// demo serves an example province until ctx ends. Its people are there before the first page; two years of documents are filled in behind it.
func (e *env) demo(ctx context.Context, asJSON bool, folder, listen string) (err error) {
	x := extra{cost: demoCost, volatile: folder == ""}
	if folder == "" {
		if folder, err = os.MkdirTemp("", "antin-demo-"); err != nil {
			return codes.Wrap(errOutput, "making a folder", os.TempDir(), err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil && listen == demoListen {
		l, err = (&net.ListenConfig{}).Listen(ctx, "tcp", "localhost:0")
	}
	if err != nil {
		return codes.Wrap(errListen, "listening", listen, err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return err
	}
	c, err := config.Load(config.Sources{Flags: map[string]string{
		"data": filepath.Join(folder, "data"), "master_keys": filepath.Join(folder, "master.keys"), "training": "on",
		"listen": "localhost:" + port, "public_address": "http://localhost:" + port,
	}})
	if err != nil {
		return err
	}
	ring, err := seal.Load(c.MasterKeys)
	if errors.Is(err, fs.ErrNotExist) {
		ring, err = seal.Create(c.MasterKeys)
	}
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(e.stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	past, err := openPast(ctx, c, ring, log, e.clock(), x)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, past.h.close()) }()
	if err := past.settle(ctx); err != nil {
		return err
	}
	x.modules = []web.Module{past.pages()}
	h, err := openHouse(ctx, c, ring, clock.System{}, log, x)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	filled := make(chan error, 1)
	go func() {
		began := e.clock()
		err := past.fill(ctx)
		if err == nil {
			e.tellFilled(asJSON, past, e.clock().Sub(began))
		} else {
			stop()
		}
		filled <- err
	}()
	e.tellStarted(asJSON, past, c)
	err = h.serve(ctx, l)
	stop()
	if f := <-filled; !errors.Is(f, context.Canceled) {
		err = errors.Join(err, f)
	}
	return err
}

func (e *env) tellStarted(asJSON bool, p *past, c *config.Config) {
	if asJSON {
		e.printJSON(demoStarted{c.PublicAddress.String(), p.accounts})
		return
	}
	fmt.Fprintf(e.stdout, "\n  %s\n\n", e.say("demo.house.runs", "address", c.PublicAddress))
	for _, a := range p.accounts {
		writef(e.stdout, "  %-12s %-14s %s, %s\n", a.Login, a.Password, a.Name, a.Agency)
	}
	fmt.Fprintf(e.stdout, "\n  %s\n", e.say("demo.house.made_up"))
}

func (e *env) tellFilled(asJSON bool, p *past, took time.Duration) {
	if asJSON {
		e.printJSON(demoFilled{int(p.made.Load()), true, took.Seconds()})
		return
	}
	fmt.Fprintf(e.stdout, "  %s\n", e.say("demo.house.filled", "n", p.made.Load(), "seconds", int64(took.Seconds()+0.5)))
}

// pages put onto the first page who one can be, and how far the history is.
func (p *past) pages() web.Module {
	return web.Module{Name: "demo", Panels: []web.Panel{{Order: -100, Show: func(r *web.Request) (*web.PanelView, error) {
		if r.Actor.SignedIn() && p.whole.Load() {
			return nil, nil //nolint:nilnil // no panel
		}
		v := &web.PanelView{Title: web.T("demo.house.accounts")}
		if !p.whole.Load() {
			v.Rows = append(v.Rows, web.PanelRow{Text: web.T("demo.house.filling", "n", p.made.Load(), "total", int64(demoDocuments)), Href: "/", Badge: &web.Badge{Kind: web.Info, Text: web.T("demo.house.badge")}})
		}
		if r.Actor.SignedIn() {
			v.Title = web.T("demo.house.badge")
			return v, nil
		}
		for _, a := range p.accounts {
			v.Rows = append(v.Rows, web.PanelRow{
				Text: web.Plain(a.Login), Href: "/dang-nhap",
				Note: web.T("demo.house.account", "name", a.Name, "agency", a.Agency, "role", web.T("auth.role."+a.Role), "password", a.Password),
			})
		}
		return v, nil
	}}}}
}
