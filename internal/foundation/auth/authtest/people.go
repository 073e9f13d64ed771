package authtest

import (
	"context"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/web"
)

// People are those who send requests, by their sessions: a session's secret is a name.
type People map[string]auth.Actor

// Actor implements [web.Sessions].
func (p People) Actor(_ context.Context, secret string) (web.Actor, error) {
	return web.Actor{ID: secret, Name: secret, Identity: p[secret]}, nil
}

// Choose implements [web.Sessions]: nobody works for several agencies.
func (People) Choose(context.Context, string, string) error { return nil }
