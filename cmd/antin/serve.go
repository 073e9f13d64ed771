package main

import (
	"context"
	"fmt"
	"net"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/seal"
)

func runServe(ctx context.Context, e *env, args []string) int {
	f := newFlags(e, "serve", "")
	var s settings
	s.register(f)
	if rest, exit, done := f.parse(args); done {
		return exit
	} else if len(rest) > 0 {
		return e.fail(f.format, wrong(rest[0], "usage.no_argument"))
	}
	if err := e.serve(ctx, &s); err != nil {
		return e.failHouse(f.format, err)
	}
	return exitDone
}

// serve runs one node until ctx ends.
func (e *env) serve(ctx context.Context, s *settings) (err error) {
	c, err := s.load()
	if err != nil {
		return err
	}
	ring, err := seal.Load(c.MasterKeys)
	if err != nil {
		return err
	}
	h, err := openHouse(ctx, c, ring, clock.System{}, e.newLog(c), extra{})
	if err != nil {
		return err
	}
	defer func() {
		if closing := h.close(); err == nil {
			err = closing
		}
	}()
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return codes.Wrap(errListen, "listening", c.Listen, err)
	}
	fmt.Fprintln(e.stdout, e.say("serve.runs", "address", c.PublicAddress))
	return h.serve(ctx, l)
}
