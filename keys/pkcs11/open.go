//go:build cgo

package pkcs11

import (
	"context"

	"github.com/miekg/pkcs11"

	"github.com/antinvn/antin/codes"
)

// Open finds the token, logs in, and finds the key and what is known of it. The context is asked between the calls
// to the module, which cannot be interrupted.
func Open(ctx context.Context, uri string, o *Options) (*Key, error) {
	u, err := ParseURI(uri)
	if err != nil {
		return nil, err
	}
	if o == nil {
		o = &Options{}
	}
	path := u.Module
	if o.Module != "" {
		path = o.Module
	}
	m, err := openModule(path)
	if err != nil {
		return nil, err
	}
	return m.open(ctx, u, o)
}

func (m *module) open(ctx context.Context, u *URI, o *Options) (*Key, error) {
	p, err := m.find(u.matches, u.name())
	if err != nil {
		return nil, err
	}
	pin, err := askPIN(ctx, p, o)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		clear(pin)
		return nil, err
	}
	t, err := m.acquire(p, pin, o)
	if err != nil {
		return nil, err
	}
	k := &Key{token: t}
	if err := k.find(ctx, u, o.Certificates); err != nil {
		t.release()
		return nil, explain("opening the key", t.label+"/"+u.Object, err)
	}
	return k, nil
}

// askPIN asks for the PIN where the token wants one. A reader with its own keypad asks by itself.
func askPIN(ctx context.Context, p *present, o *Options) ([]byte, error) {
	const op = "opening the token"
	flags := p.info.Flags
	switch {
	case flags&pkcs11.CKF_LOGIN_REQUIRED == 0:
		return nil, nil
	case flags&pkcs11.CKF_USER_PIN_LOCKED != 0:
		return nil, codes.New(ErrPINLocked, op, p.label, "the PIN is locked")
	case flags&pkcs11.CKF_PROTECTED_AUTHENTICATION_PATH != 0:
		return nil, nil
	case o.PIN == nil:
		return nil, codes.New(ErrPINMissing, op, p.label, "a PIN is needed")
	}
	prompt := "PIN of token " + p.label
	if flags&pkcs11.CKF_USER_PIN_FINAL_TRY != 0 {
		prompt += " (last try before it locks)"
	}
	pin, err := o.PIN(ctx, prompt)
	if err != nil {
		return nil, err
	}
	if len(pin) == 0 { // sent, it would count as a wrong one
		return nil, codes.New(ErrPINMissing, op, p.label, "a PIN is needed")
	}
	return pin, nil
}

// name is what the address calls the token.
func (u *URI) name() string {
	if u.Token != "" {
		return u.Token
	}
	return "serial " + u.Serial
}
