//go:build cgo

package pkcs11

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/asn1"
	"sync"
	"testing"

	"github.com/miekg/pkcs11"
)

// fake is a module with one token and one P-256 key, whose every call can be made to fail.
type fake struct {
	mu       sync.Mutex
	calls    map[string]int
	faults   map[string][]error // per call, used up one by one; nil lets the call through
	key      *ecdsa.PrivateKey
	pin      string
	flags    uint
	absent   bool
	sessions map[pkcs11.SessionHandle]bool
	most     int // sessions open at once
	next     pkcs11.SessionHandle
	loggedIn bool
	handle   pkcs11.ObjectHandle // the private key's; another one after each login
	always   bool
	context  int // context-specific logins
	search   map[pkcs11.SessionHandle][]pkcs11.ObjectHandle
	busy     int
	parallel int // signatures at once
	gate     chan struct{}
}

func newFake(t testing.TB) *fake {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &fake{
		calls: map[string]int{}, faults: map[string][]error{}, key: key, pin: "1234",
		flags:    pkcs11.CKF_LOGIN_REQUIRED | pkcs11.CKF_TOKEN_INITIALIZED,
		sessions: map[pkcs11.SessionHandle]bool{}, search: map[pkcs11.SessionHandle][]pkcs11.ObjectHandle{},
		next: 1, handle: 1000,
	}
}

const fakePublic = 1

// call counts and returns the next fault.
func (f *fake) call(name string) error {
	f.calls[name]++
	if q := f.faults[name]; len(q) > 0 {
		f.faults[name] = q[1:]
		return q[0]
	}
	return nil
}

// closeAll is C_CloseAllSessions by somebody else.
func (f *fake) closeAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.sessions)
	f.loggedIn = false
}

func (f *fake) count(name string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[name]
}

func (f *fake) alive(s pkcs11.SessionHandle) error {
	if !f.sessions[s] {
		return pkcs11.Error(pkcs11.CKR_SESSION_HANDLE_INVALID)
	}
	return nil
}

func (f *fake) Initialize(...pkcs11.InitializeOption) error { return f.call("Initialize") }

func (f *fake) GetSlotList(bool) ([]uint, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.call("GetSlotList"); err != nil || f.absent {
		return nil, err
	}
	return []uint{7}, nil
}

func (f *fake) GetTokenInfo(uint) (pkcs11.TokenInfo, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return pkcs11.TokenInfo{Label: "fake", SerialNumber: "01", Flags: f.flags}, f.call("GetTokenInfo")
}

func (f *fake) OpenSession(uint, uint) (pkcs11.SessionHandle, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.call("OpenSession"); err != nil {
		return 0, err
	}
	f.next++
	f.sessions[f.next] = true
	f.most = max(f.most, len(f.sessions))
	return f.next, nil
}

func (f *fake) CloseSession(s pkcs11.SessionHandle) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls["CloseSession"]++
	if err := f.alive(s); err != nil {
		f.calls["CloseSession of a stranger"]++
		return err
	}
	delete(f.sessions, s)
	if len(f.sessions) == 0 {
		f.loggedIn = false
	}
	return nil
}

func (f *fake) GetSessionInfo(s pkcs11.SessionHandle) (pkcs11.SessionInfo, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	state := uint(pkcs11.CKS_RO_PUBLIC_SESSION)
	if f.loggedIn {
		state = pkcs11.CKS_RO_USER_FUNCTIONS
	}
	return pkcs11.SessionInfo{SlotID: 7, State: state}, f.alive(s)
}

func (f *fake) Login(s pkcs11.SessionHandle, user uint, pin string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.call("Login"); err != nil {
		return err
	}
	if err := f.alive(s); err != nil {
		return err
	}
	switch {
	case f.flags&pkcs11.CKF_USER_PIN_LOCKED != 0:
		return pkcs11.Error(pkcs11.CKR_PIN_LOCKED)
	case pin != f.pin:
		f.flags |= pkcs11.CKF_USER_PIN_COUNT_LOW
		return pkcs11.Error(pkcs11.CKR_PIN_INCORRECT)
	case user == pkcs11.CKU_CONTEXT_SPECIFIC:
		f.context++
		return nil
	case f.loggedIn:
		return pkcs11.Error(pkcs11.CKR_USER_ALREADY_LOGGED_IN)
	}
	f.loggedIn = true
	f.handle++
	return nil
}

func (f *fake) FindObjectsInit(s pkcs11.SessionHandle, template []*pkcs11.Attribute) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.call("FindObjectsInit"); err != nil {
		return err
	}
	if err := f.alive(s); err != nil {
		return err
	}
	f.search[s] = nil
	switch class := number(template[0].Value); {
	case class == pkcs11.CKO_PUBLIC_KEY:
		f.search[s] = []pkcs11.ObjectHandle{fakePublic}
	case class == pkcs11.CKO_PRIVATE_KEY && f.loggedIn:
		f.search[s] = []pkcs11.ObjectHandle{f.handle}
	}
	for _, a := range template[1:] {
		if a.Type == pkcs11.CKA_LABEL && !bytes.Equal(a.Value, []byte("seal")) {
			f.search[s] = nil
		}
	}
	return nil
}

func (f *fake) FindObjects(s pkcs11.SessionHandle, limit int) ([]pkcs11.ObjectHandle, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	found := f.search[s]
	n := min(limit, len(found))
	f.search[s] = found[n:]
	return found[:n], false, f.call("FindObjects")
}

func (f *fake) FindObjectsFinal(pkcs11.SessionHandle) error { return nil }

func (f *fake) GetAttributeValue(s pkcs11.SessionHandle, o pkcs11.ObjectHandle, a []*pkcs11.Attribute) ([]*pkcs11.Attribute, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.alive(s); err != nil {
		return nil, err
	}
	if o != fakePublic && o != f.handle {
		return nil, pkcs11.Error(pkcs11.CKR_OBJECT_HANDLE_INVALID)
	}
	point, _ := f.key.PublicKey.Bytes()
	wrapped, _ := asn1.Marshal(point)
	params, _ := asn1.Marshal(asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7})
	switch a[0].Type {
	case pkcs11.CKA_KEY_TYPE:
		return []*pkcs11.Attribute{pkcs11.NewAttribute(a[0].Type, pkcs11.CKK_EC)}, nil
	case pkcs11.CKA_ID:
		return []*pkcs11.Attribute{pkcs11.NewAttribute(a[0].Type, []byte{1})}, nil
	case pkcs11.CKA_LABEL:
		return []*pkcs11.Attribute{pkcs11.NewAttribute(a[0].Type, "seal")}, nil
	case pkcs11.CKA_ALWAYS_AUTHENTICATE:
		return []*pkcs11.Attribute{pkcs11.NewAttribute(a[0].Type, f.always)}, nil
	case pkcs11.CKA_EC_POINT:
		return []*pkcs11.Attribute{pkcs11.NewAttribute(a[0].Type, wrapped)}, nil
	case pkcs11.CKA_EC_PARAMS:
		return []*pkcs11.Attribute{pkcs11.NewAttribute(a[0].Type, params)}, nil
	}
	return nil, pkcs11.Error(pkcs11.CKR_ATTRIBUTE_TYPE_INVALID)
}

func (f *fake) SignInit(s pkcs11.SessionHandle, _ []*pkcs11.Mechanism, o pkcs11.ObjectHandle) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.call("SignInit"); err != nil {
		if gone(err) {
			delete(f.sessions, s)
		}
		return err
	}
	if err := f.alive(s); err != nil {
		return err
	}
	if !f.loggedIn {
		return pkcs11.Error(pkcs11.CKR_USER_NOT_LOGGED_IN)
	}
	if o != f.handle {
		return pkcs11.Error(pkcs11.CKR_KEY_HANDLE_INVALID)
	}
	return nil
}

func (f *fake) Sign(s pkcs11.SessionHandle, digest []byte) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gate != nil {
		f.busy++
		f.parallel = max(f.parallel, f.busy)
		f.mu.Unlock()
		<-f.gate
		f.mu.Lock()
		f.busy--
	}
	if err := f.call("Sign"); err != nil {
		return nil, err
	}
	if err := f.alive(s); err != nil {
		return nil, err
	}
	der, err := ecdsa.SignASN1(rand.Reader, f.key, digest)
	if err != nil {
		return nil, err
	}
	raw := make([]byte, 64)
	r, sv := parseDER(der)
	r.FillBytes(raw[:32])
	sv.FillBytes(raw[32:])
	return raw, nil
}
