//go:build cgo

package pkcs11

import (
	"context"
	"crypto/subtle"
	"errors"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"github.com/miekg/pkcs11"

	"github.com/antinvn/antin/codes"
)

// token is a token that is logged in, shared by all keys open on it. The login belongs to the process and lasts while
// one session does: the anchor is that session, and never works. Safe for concurrent use.
type token struct {
	identity

	module *module
	refs   int // keys open on it; guarded by module.mu
	login  bool
	// working bounds the calls under way, before cgo: each takes a thread of the operating system.
	working chan struct{}

	mu         sync.Mutex // guards what follows; held while a login is restored, never while something is signed
	slot       uint
	anchor     pkcs11.SessionHandle
	anchored   bool
	generation int // of sessions: those before were lost together
	idle       []session
	pin        []byte
	broken     error // a PIN was refused: nothing more is sent
}

// session is one that works; a new one for each generation.
type session struct {
	handle     pkcs11.SessionHandle
	generation int
}

// acquire returns the token, logged in, for one more key. pin is the token's from here on.
func (m *module) acquire(p *present, pin []byte, o *Options) (*token, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if t := m.tokens[p.identity]; t != nil && t.usable() {
		defer clear(pin)
		if t.login && !t.hasPIN(pin) {
			return nil, codes.New(ErrWrongPIN, "opening the token", t.label, "it is open with another PIN; this one was not sent")
		}
		t.refs++
		return t, nil
	}
	t := &token{identity: p.identity, module: m, refs: 1, pin: pin, login: p.info.Flags&pkcs11.CKF_LOGIN_REQUIRED != 0}
	t.working = make(chan struct{}, poolSize(o.Sessions, p.info.MaxSessionCount))
	if err := t.restore(0); err != nil {
		t.end()
		return nil, explain("opening the token", t.label, err)
	}
	m.tokens[p.identity] = t
	return t, nil
}

// release gives one key's hold up; the last one logs out, by closing every session.
func (t *token) release() {
	t.module.mu.Lock()
	defer t.module.mu.Unlock()
	if t.refs--; t.refs > 0 {
		return
	}
	if t.module.tokens[t.identity] == t {
		delete(t.module.tokens, t.identity)
	}
	t.end()
}

func (t *token) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.idle {
		t.close(s.handle)
	}
	if t.anchored {
		t.close(t.anchor)
	}
	t.idle = nil
	t.broken = codes.New(ErrClosed, "using the token", t.label, "it was closed")
	clear(t.pin)
}

// poolSize is the number of sessions that work at once. The token's own limit counts the anchor too.
func poolSize(want int, limit uint) int {
	if want < 1 {
		want = 2 * runtime.GOMAXPROCS(0)
	}
	// CK_EFFECTIVELY_INFINITE is 0, CK_UNAVAILABLE_INFORMATION all ones.
	if limit > 1 && uint(want) > limit-1 {
		want = int(limit - 1)
	}
	return want
}

// backOff is waited before the second try: a device that resets needs a moment.
const backOff = 20 * time.Millisecond

// do runs f with a session, and once more where the first one, the login or the handle turned out to be lost.
func (t *token) do(ctx context.Context, f func(session) error) error {
	select {
	case t.working <- struct{}{}:
		defer func() { <-t.working }()
	case <-ctx.Done():
		return ctx.Err()
	}
	generation, err := t.try(f)
	if !lost(err) {
		return err
	}
	time.Sleep(backOff)
	if err := t.restore(generation); err != nil {
		return err
	}
	_, err = t.try(f)
	return err
}

func (t *token) try(f func(session) error) (generation int, err error) {
	s, err := t.take()
	if err != nil {
		return s.generation, err
	}
	if err = f(s); err == nil {
		t.give(s)
	} else {
		t.drop(s, err)
	}
	return s.generation, err
}

// take pops the session used last, which is the most likely to live, or opens one.
func (t *token) take() (session, error) {
	t.mu.Lock()
	s, slot := session{generation: t.generation}, t.slot
	if t.broken != nil {
		t.mu.Unlock()
		return s, t.broken
	}
	if n := len(t.idle); n > 0 {
		s = t.idle[n-1]
		t.idle = t.idle[:n-1]
		t.mu.Unlock()
		return s, nil
	}
	t.mu.Unlock()
	var err error
	s.handle, err = t.module.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION)
	return s, err
}

// close ends a session. Where that fails the token has lost it already.
func (t *token) close(s pkcs11.SessionHandle) {
	_ = t.module.CloseSession(s) //nolint:errcheck // as above
}

func (t *token) give(s session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.generation != t.generation || t.broken != nil {
		t.close(s.handle)
		return
	}
	t.idle = append(t.idle, s)
}

// drop ends a session in which something failed: an operation may still be active in it.
func (t *token) drop(s session, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !gone(err) {
		t.close(s.handle)
	}
	if isRefusal(err) {
		t.broken = err
	}
}

// restore makes sure of anchor and login after something failed in a session of that generation. Whoever comes first
// does the work.
func (t *token) restore(generation int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.broken != nil {
		return t.broken
	}
	if t.generation != generation {
		return nil
	}
	if t.anchored {
		if info, err := t.module.GetSessionInfo(t.anchor); err == nil {
			if !t.login || loggedIn(info.State) {
				return nil
			}
			return t.logIn()
		}
		t.anchored, t.idle = false, nil
	}
	p, err := t.module.find(func(i identity) bool { return i == t.identity }, t.label)
	if err != nil {
		return err
	}
	anchor, err := t.module.OpenSession(p.slot, pkcs11.CKF_SERIAL_SESSION)
	if err != nil {
		return err
	}
	t.slot, t.anchor, t.anchored = p.slot, anchor, true
	t.generation++
	if !t.login {
		return nil
	}
	return t.logIn()
}

// logIn sends the PIN once; mu is held. A refusal is final for this token: every further try would bring it nearer to
// locking.
func (t *token) logIn() error {
	err := t.module.Login(t.anchor, pkcs11.CKU_USER, borrow(t.pin))
	if err == nil || is(err, pkcs11.CKR_USER_ALREADY_LOGGED_IN) {
		return nil
	}
	err = t.loginFailure(t.slot, err)
	if isRefusal(err) {
		t.broken = err
	}
	return err
}

// loginAgain sends the PIN for the one operation that is active in the session (CKA_ALWAYS_AUTHENTICATE).
func (t *token) loginAgain(s session) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.broken != nil {
		return t.broken
	}
	err := t.module.Login(s.handle, pkcs11.CKU_CONTEXT_SPECIFIC, borrow(t.pin))
	if err == nil {
		return nil
	}
	return t.loginFailure(t.slot, err)
}

func (t *token) loginFailure(slot uint, err error) error {
	var flags uint
	if info, err := t.module.GetTokenInfo(slot); err == nil {
		flags = info.Flags
	}
	return explainLogin(t.label, flags, err)
}

// isRefusal reports whether a PIN was refused.
func isRefusal(err error) bool { return errors.Is(err, ErrWrongPIN) || errors.Is(err, ErrPINLocked) }

func loggedIn(state uint) bool {
	return state == pkcs11.CKS_RO_USER_FUNCTIONS || state == pkcs11.CKS_RW_USER_FUNCTIONS
}

func (t *token) usable() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.broken == nil
}

func (t *token) hasPIN(pin []byte) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return subtle.ConstantTimeCompare(pin, t.pin) == 1
}

// borrow lends the PIN as a string without a copy that could not be cleared. It must not be kept.
func borrow(pin []byte) string { return unsafe.String(unsafe.SliceData(pin), len(pin)) } //nolint:gosec // read before the slice is cleared
