package audit

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/antinvn/antin/internal/foundation/fault"
)

// The kinds of keys (c2sp.org/signed-note, "Signatures"; c2sp.org/tlog-cosignature, "Format").
const (
	kindLog     = 0x01 // Ed25519
	kindWitness = 0x04 // timestamped Ed25519 cosignature
)

const (
	maxCheckpoint = 64 << 10 // bytes
	maxOrigin     = 255
	stampSize     = 8
)

// key signs or verifies for one name; without private it only verifies.
type key struct {
	name    string
	kind    byte
	public  ed25519.PublicKey
	private ed25519.PrivateKey
	now     func() time.Time // of a witness that signs
}

// parseKey reads a verifier key, "name+hash+key" (c2sp.org/signed-note, "Verifier keys").
func parseKey(text string, kind byte) (*key, error) {
	wrong := func(why string) error { return fault.New(fault.Invalid, ErrKey, text).Because(errors.New(why)) }
	text = strings.TrimSpace(text)
	name, rest, _ := strings.Cut(text, "+")
	hash, encoded, _ := strings.Cut(rest, "+")
	b, err := base64.StdEncoding.Strict().DecodeString(encoded)
	switch {
	case name == "" || len(name) > maxOrigin || strings.ContainsAny(name, " \t\r\n"):
		return nil, wrong("no name")
	case err != nil || len(b) != 1+ed25519.PublicKeySize || b[0] != kind:
		return nil, wrong("no key of the kind that is expected here")
	}
	k := &key{name: name, kind: kind, public: ed25519.PublicKey(b[1:])}
	if k.String() != text || hash == "" {
		return nil, wrong("its hash is another")
	}
	return k, nil
}

func (k *key) encoded() []byte { return append([]byte{k.kind}, k.public...) }

// String is the verifier key.
func (k *key) String() string {
	return fmt.Sprintf("%s+%08x+%s", k.name, k.KeyHash(), base64.StdEncoding.EncodeToString(k.encoded()))
}

// Name implements [note.Verifier].
func (k *key) Name() string { return k.name }

// KeyHash implements [note.Verifier].
func (k *key) KeyHash() uint32 {
	h := sha256.Sum256(append([]byte(k.name+"\n"), k.encoded()...))
	return binary.BigEndian.Uint32(h[:])
}

// Verify implements [note.Verifier].
func (k *key) Verify(msg, sig []byte) bool {
	if k.kind == kindLog {
		return ed25519.Verify(k.public, msg, sig)
	}
	if len(sig) != stampSize+ed25519.SignatureSize {
		return false
	}
	at := binary.BigEndian.Uint64(sig)
	return at < 1<<63 && ed25519.Verify(k.public, cosigned(at, msg), sig[stampSize:])
}

// Sign implements [note.Signer].
func (k *key) Sign(msg []byte) ([]byte, error) {
	if k.kind == kindLog {
		return ed25519.Sign(k.private, msg), nil
	}
	at := uint64(k.now().Unix())
	return append(binary.BigEndian.AppendUint64(nil, at), ed25519.Sign(k.private, cosigned(at, msg))...), nil
}

// cosigned is what a witness signs (c2sp.org/tlog-cosignature, "Ed25519 signed message").
func cosigned(at uint64, msg []byte) []byte {
	return append(fmt.Appendf(nil, "cosignature/v1\ntime %d\n", at), msg...)
}

// checkpoint is a signed tree head (c2sp.org/tlog-checkpoint).
type checkpoint struct {
	origin string
	size   int64
	root   tlog.Hash
	note   []byte
}

// head is the text that is signed.
func head(origin string, size int64, root tlog.Hash) string {
	return fmt.Sprintf("%s\n%d\n%s\n", origin, size, root)
}

func signCheckpoint(k note.Signer, origin string, size int64, root tlog.Hash) (*checkpoint, error) {
	b, err := note.Sign(&note.Note{Text: head(origin, size, root)}, k)
	return &checkpoint{origin, size, root, b}, err
}

// parseCheckpoint reads a checkpoint without looking at its signatures. Extension lines are kept in the note and not looked at.
func parseCheckpoint(b []byte) (*checkpoint, error) {
	if len(b) > maxCheckpoint {
		return nil, errors.New("too long")
	}
	text, _, ok := bytes.Cut(b, []byte("\n\n"))
	lines := strings.Split(string(text), "\n")
	if !ok || len(lines) < 3 || lines[0] == "" || len(lines[0]) > maxOrigin {
		return nil, errors.New("no checkpoint")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || size > maxSize || strconv.FormatInt(size, 10) != lines[1] {
		return nil, errors.New("no size")
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return nil, errors.New("no root")
	}
	c := &checkpoint{lines[0], size, tlog.Hash(root), b}
	if c.root.String() != lines[2] { // the decoder passes over "\r"
		return nil, errors.New("no root")
	}
	return c, nil
}

// openCheckpoint reads a checkpoint that must be of this log and signed by its key.
func openCheckpoint(b []byte, log *key) (*checkpoint, *Finding) {
	c, err := parseCheckpoint(b)
	if err != nil {
		return nil, &Finding{Kind: CheckpointUnread, At: err.Error()}
	}
	if c.origin != log.name {
		return nil, &Finding{Kind: CheckpointOtherLog, At: c.origin}
	}
	switch _, err := note.Open(b, note.VerifierList(log)); {
	case err == nil:
		return c, nil
	case isUnsigned(err):
		return nil, &Finding{Kind: CheckpointOtherKey, At: strconv.FormatInt(c.size, 10)}
	}
	return nil, &Finding{Kind: CheckpointUnread, At: "signatures"}
}

func isUnsigned(err error) bool {
	if _, ok := errors.AsType[*note.UnverifiedNoteError](err); ok {
		return true
	}
	_, ok := errors.AsType[*note.InvalidSignatureError](err)
	return ok
}

// Cosignature is a witness's word on a checkpoint.
type Cosignature struct {
	Witness string    `json:"witness"`
	At      time.Time `json:"at"`
	Size    int64     `json:"size"`
}

// cosignature looks for a witness's word; ok is false where there is none.
func (c *checkpoint) cosignature(w *key) (s Cosignature, ok bool, f *Finding) {
	n, err := note.Open(c.note, note.VerifierList(w))
	if _, unsigned := errors.AsType[*note.UnverifiedNoteError](err); unsigned {
		return s, false, nil
	}
	if err != nil {
		return s, false, &Finding{Kind: CosignatureForged, At: w.name}
	}
	b, err := base64.StdEncoding.DecodeString(n.Sigs[0].Base64)
	if err != nil || len(b) < 4+stampSize {
		return s, false, &Finding{Kind: CosignatureForged, At: w.name}
	}
	at := int64(binary.BigEndian.Uint64(b[4:]))
	return Cosignature{w.name, time.Unix(at, 0).UTC(), c.size}, true, nil
}
