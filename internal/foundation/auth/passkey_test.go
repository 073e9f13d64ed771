package auth_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/auth/authtest"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
)

// device is an authenticator with its browser, as far as they are seen here. What it says can be spoilt.
type device struct {
	key     crypto.Signer
	id      []byte
	counter uint32

	rp, origin, act string // "" is the right one
	challenge       []byte
	flags           byte // taken away
	cross           bool
}

func newKey(t testing.TB) *device {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	d := &device{key: k, id: make([]byte, 32)}
	if _, err := rand.Read(d.id); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *device) says(act string, challenge []byte, flags byte) (client, data []byte) {
	pick := func(v, otherwise string) string {
		if v != "" {
			return v
		}
		return otherwise
	}
	if d.challenge != nil {
		challenge = d.challenge
	}
	client = fmt.Appendf(nil, `{"type":%q,"challenge":%q,"origin":%q,"crossOrigin":%t}`,
		pick(d.act, act), base64.RawURLEncoding.EncodeToString(challenge), pick(d.origin, "https://antin.example"), d.cross)
	h := sha256.Sum256([]byte(pick(d.rp, "antin.example")))
	data = binary.BigEndian.AppendUint32(append(h[:], flags&^d.flags), d.counter)
	return client, data
}

func (d *device) made(c auth.Challenge) auth.Attestation {
	client, data := d.says("webauthn.create", c.Bytes, 0x45)
	data = append(data, make([]byte, 16)...) // no AAGUID
	data = append(binary.BigEndian.AppendUint16(data, uint16(len(d.id))), d.id...)
	public, _ := x509.MarshalPKIXPublicKey(d.key.Public())
	return auth.Attestation{Client: client, Auth: append(data, 0xa5), Public: public} // the key in COSE follows, and is not read
}

func (d *device) answers(t testing.TB, c auth.Challenge) auth.Assertion {
	t.Helper()
	client, data := d.says("webauthn.get", c.Bytes, 0x05)
	h := sha256.Sum256(client)
	signed := append(append([]byte{}, data...), h[:]...)
	var hash crypto.Hash
	if _, ok := d.key.(ed25519.PrivateKey); !ok {
		digest := sha256.Sum256(signed)
		signed, hash = digest[:], crypto.SHA256
	}
	sig, err := d.key.Sign(rand.Reader, signed, hash)
	if err != nil {
		t.Fatal(err)
	}
	return auth.Assertion{Credential: d.id, Client: client, Auth: data, Signature: sig}
}

// add makes a passkey of somebody and returns its id.
func (d *device) add(ctx context.Context, h *authtest.House, who auth.Actor) (store.ID, error) {
	c, err := h.Auth.BeginPasskey(ctx, who)
	if err == nil {
		err = h.Auth.AddPasskey(ctx, who, c.Ticket, "Điện thoại", d.made(c))
	}
	if err != nil {
		return 0, err
	}
	held, err := h.Auth.MyAccount(ctx, who)
	if err != nil {
		return 0, err
	}
	return held.Passkeys[len(held.Passkeys)-1].ID, nil
}

func TestAPasskeySignsInAlone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		h := authtest.New(t, url, nil)
		me := first(t, h, h.Agency(t, 0, false))
		_, ed, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		rs, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		enter := func(d *device, c auth.Challenge) (auth.Entry, error) {
			h.Clock.Advance(time.Second)
			return h.Auth.SignInByPasskey(t.Context(), auth.Actor{}, c.Ticket, d.answers(t, c), here)
		}
		challenge := func() auth.Challenge {
			c, err := h.Auth.Challenge()
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		for name, key := range map[string]crypto.Signer{"ES256": newKey(t).key, "EdDSA": ed, "RS256": rs} {
			d := newKey(t)
			d.key = key
			if _, err := d.add(t.Context(), h, me); err != nil {
				t.Fatal(name, err)
			}
			e, err := enter(d, challenge())
			if err != nil || session(t, h, e.Secret).Account != me.Account {
				t.Errorf("%s: %+v %v", name, e, err)
			}
		}

		d := newKey(t)
		c, err := h.Auth.BeginPasskey(t.Context(), me)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Auth.AddPasskey(t.Context(), h.Actor(me.Agency), c.Ticket, "x", d.made(c)); kind(err) != "store.not_found" {
			t.Error("with another's challenge:", err)
		}
		spoilt := map[string]device{
			"another house": {rp: "evil.example"}, "another origin": {origin: "https://evil.example"}, "another act": {act: "payment.get"},
			"another challenge": {challenge: make([]byte, 32)}, "nobody present": {flags: 1}, "not verified": {flags: 4}, "in a frame": {cross: true},
		}
		for name, x := range spoilt {
			x.key, x.id = d.key, d.id
			if err := h.Auth.AddPasskey(t.Context(), me, c.Ticket, "x", x.made(c)); kind(err) != "auth.device" {
				t.Errorf("made with %s: %v", name, err)
			}
		}
		weak, err := rsa.GenerateKey(rand.Reader, 1024)
		if err == nil {
			x := device{key: weak, id: d.id}
			if err := h.Auth.AddPasskey(t.Context(), me, c.Ticket, "x", x.made(c)); kind(err) != "auth.device" {
				t.Error("a short key:", err)
			}
		}
		if err := h.Auth.AddPasskey(t.Context(), me, c.Ticket, "Máy tính", d.made(c)); err != nil {
			t.Fatal(err)
		}
		if err := h.Auth.AddPasskey(t.Context(), me, c.Ticket, "Máy tính", newKey(t).made(c)); kind(err) != "auth.ticket" {
			t.Error("a challenge is taken twice:", err)
		}
		for name, x := range spoilt {
			x.key, x.id = d.key, d.id
			if _, err := enter(&x, challenge()); kind(err) != "auth.device" {
				t.Errorf("%s: %v", name, err)
			}
		}
		stranger := newKey(t)
		if _, err := enter(stranger, challenge()); kind(err) != "auth.device" {
			t.Error("a key that nobody has:", err)
		}
		stranger.id = d.id
		if _, err := enter(stranger, challenge()); kind(err) != "auth.device" {
			t.Error("another's key under its id:", err)
		}
		c = challenge()
		d.counter = 7
		if _, err := enter(d, c); err != nil {
			t.Error(err)
		}
		d.counter = 8
		if _, err := enter(d, c); kind(err) != "auth.ticket" {
			t.Error("an answer is taken twice:", err)
		}
		d.counter = 7
		if _, err := enter(d, challenge()); kind(err) != "auth.device" {
			t.Error("a copied key:", err)
		}
		c = challenge()
		h.Clock.Advance(11 * time.Minute)
		d.counter = 9
		if _, err := enter(d, c); kind(err) != "auth.ticket" {
			t.Error("a challenge lives for ever:", err)
		}
		held, err := h.Auth.MyAccount(t.Context(), me)
		if err != nil || len(held.Passkeys) != 4 || held.Passkeys[3].Name != "Máy tính" {
			t.Fatalf("%+v %v", held, err)
		}
		if err := h.Auth.RemovePasskey(t.Context(), me, held.Passkeys[3].ID); err != nil {
			t.Fatal(err)
		}
		if _, err := enter(d, challenge()); kind(err) != "auth.device" {
			t.Error("a removed key:", err)
		}
	})
}
