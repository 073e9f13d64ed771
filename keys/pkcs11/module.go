//go:build cgo

package pkcs11

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/miekg/pkcs11"

	"github.com/antinvn/antin/codes"
)

// library is what this package calls of a module; *[pkcs11.Ctx] is one, and tests bring one with faults.
type library interface { //nolint:interfacebloat // PKCS#11 is as wide as this
	Initialize(opts ...pkcs11.InitializeOption) error
	GetSlotList(tokenPresent bool) ([]uint, error)
	GetTokenInfo(slot uint) (pkcs11.TokenInfo, error)
	OpenSession(slot, flags uint) (pkcs11.SessionHandle, error)
	CloseSession(pkcs11.SessionHandle) error
	GetSessionInfo(pkcs11.SessionHandle) (pkcs11.SessionInfo, error)
	Login(s pkcs11.SessionHandle, user uint, pin string) error
	FindObjectsInit(pkcs11.SessionHandle, []*pkcs11.Attribute) error
	FindObjects(s pkcs11.SessionHandle, limit int) ([]pkcs11.ObjectHandle, bool, error)
	FindObjectsFinal(pkcs11.SessionHandle) error
	GetAttributeValue(pkcs11.SessionHandle, pkcs11.ObjectHandle, []*pkcs11.Attribute) ([]*pkcs11.Attribute, error)
	SignInit(pkcs11.SessionHandle, []*pkcs11.Mechanism, pkcs11.ObjectHandle) error
	Sign(s pkcs11.SessionHandle, message []byte) ([]byte, error)
}

// module is a library that was started, with the tokens in use.
type module struct {
	library

	path   string
	mu     sync.Mutex
	tokens map[identity]*token
}

// modules are those started in this process. A module is never finalised: other parts of the program may use it,
// and C_Finalize would end their sessions too.
var modules = struct {
	sync.Mutex
	byPath map[string]*module
}{byPath: map[string]*module{}}

func openModule(path string) (*module, error) {
	if path == "" {
		return nil, codes.New(ErrModule, "loading a PKCS#11 module", "", "none is named: give module-path")
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // one library, one module
	} else if strings.ContainsRune(path, filepath.Separator) && errors.Is(err, os.ErrNotExist) {
		return nil, codes.Wrap(ErrModule, "loading the PKCS#11 module", path, err)
	}
	modules.Lock()
	defer modules.Unlock()
	if m := modules.byPath[path]; m != nil {
		return m, nil
	}
	ctx := pkcs11.New(path)
	if ctx == nil {
		return nil, codes.New(ErrModule, "loading the PKCS#11 module", path, "it is no library that can be loaded here")
	}
	m, err := newModule(path, ctx)
	if err != nil {
		ctx.Destroy()
		return nil, err
	}
	modules.byPath[path] = m
	return m, nil
}

func newModule(path string, l library) (*module, error) {
	m := &module{library: l, path: path, tokens: map[identity]*token{}}
	return m, m.start()
}

// start initialises the library for use by several threads (CKF_OS_LOCKING_OK is the binding's default).
func (m *module) start() error {
	err := m.Initialize()
	if err != nil && !is(err, pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED) {
		return codes.Wrap(ErrModule, "starting the PKCS#11 module", m.path, err)
	}
	return nil
}

// identity is what makes a token the same token when it comes back in another slot.
type identity struct{ label, manufacturer, model, serial string }

func (u *URI) matches(i identity) bool {
	return (u.Token == "" || u.Token == i.label) && (u.Serial == "" || u.Serial == i.serial) &&
		(u.Manufacturer == "" || u.Manufacturer == i.manufacturer) && (u.Model == "" || u.Model == i.model)
}

// present is a token as it lies in a slot now.
type present struct {
	identity

	slot uint
	info pkcs11.TokenInfo
}

const maxSlots = 4096 // slots of a module that are looked at

// find returns the one token that matches.
func (m *module) find(matches func(identity) bool, name string) (*present, error) {
	const op = "looking for the token"
	slots, err := m.GetSlotList(true)
	if is(err, pkcs11.CKR_CRYPTOKI_NOT_INITIALIZED) { // someone else finalised it
		if err := m.start(); err != nil {
			return nil, err
		}
		slots, err = m.GetSlotList(true)
	}
	if err != nil {
		return nil, codes.Wrap(ErrModule, "listing the slots of", m.path, err)
	}
	var found *present
	var labels []string
	for _, slot := range slots[:min(len(slots), maxSlots)] {
		info, err := m.GetTokenInfo(slot)
		if err != nil || info.Flags&pkcs11.CKF_TOKEN_INITIALIZED == 0 {
			continue // an empty or blank one beside ours
		}
		id := identity{info.Label, info.ManufacturerID, info.Model, info.SerialNumber}
		labels = append(labels, id.label)
		if !matches(id) {
			continue
		}
		if found != nil {
			return nil, codes.New(ErrAmbiguous, op, name, "several tokens match: name it by its serial number, as "+
				found.serial+" or "+id.serial)
		}
		found = &present{id, slot, info}
	}
	if found == nil {
		detail := "no token is present"
		if len(labels) > 0 {
			detail = "present are only: " + list(labels)
		}
		return nil, codes.New(ErrTokenMissing, op, name, detail)
	}
	return found, nil
}

// list names the first few of many.
func list(names []string) string {
	const most = 20
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}
