package auth

import (
	"context"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/i18n"
)

// Cost is what a password's hash costs: Argon2id (RFC 9106).
type Cost struct {
	MemoryKB uint32
	Passes   uint32
	Lanes    uint8
}

// the second recommended option of RFC 9106, 4
var defaultCost = Cost{64 << 10, 3, 4}

const (
	saltSize, hashSize = 16, 32
	// maxMemory bounds what a stored hash may ask for, in kB.
	maxMemory, maxPasses = 1 << 20, 64
	// maxHashing and maxWaiting bound how many passwords are hashed, and wait for it, at once.
	maxHashing, maxWaiting = 4, 200
)

// hasher makes and checks hashes of passwords, a few at once: each takes memory.
type hasher struct {
	cost    Cost
	random  io.Reader
	running chan struct{}
	waiting chan struct{}
	decoy   string // checked where there is no such account, so that it takes as long
}

func newHasher(c Cost, random io.Reader) (*hasher, error) {
	h := &hasher{cost: c, random: random, running: make(chan struct{}, maxHashing), waiting: make(chan struct{}, maxWaiting)}
	salt := make([]byte, saltSize)
	if _, err := io.ReadFull(random, salt); err != nil {
		return nil, err
	}
	h.decoy = encodeHash(c, salt, make([]byte, hashSize))
	return h, nil
}

// enter waits for a place to hash in.
func (h *hasher) enter(ctx context.Context) (leave func(), err error) {
	select {
	case h.waiting <- struct{}{}:
		defer func() { <-h.waiting }()
	default:
		return nil, fault.New(fault.Unavailable, ErrCrowded, "")
	}
	select {
	case h.running <- struct{}{}:
		return func() { <-h.running }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// hash is the PHC text of a password: "$argon2id$v=19$m=65536,t=3,p=4$salt$hash".
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	salt := make([]byte, saltSize)
	if _, err := io.ReadFull(h.random, salt); err != nil {
		return "", err
	}
	return encodeHash(h.cost, salt, h.cost.key(password, salt)), nil
}

// check reports whether a password is the one of a hash, and whether the hash was made at another cost than today's.
func (h *hasher) check(ctx context.Context, password, stored string) (right, outdated bool, err error) {
	cost, salt, sum, err := decodeHash(stored)
	if err != nil {
		return false, false, err
	}
	leave, err := h.enter(ctx)
	if err != nil {
		return false, false, err
	}
	defer leave()
	return subtle.ConstantTimeCompare(cost.key(password, salt), sum) == 1, cost != h.cost, nil
}

func (c Cost) key(password string, salt []byte) []byte {
	return argon2.IDKey([]byte(norm.NFKC.String(password)), salt, c.Passes, c.MemoryKB, c.Lanes, hashSize)
}

func encodeHash(c Cost, salt, sum []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.MemoryKB, c.Passes, c.Lanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum))
}

var errHash = errors.New("auth: a stored hash cannot be read")

func decodeHash(s string) (c Cost, salt, sum []byte, err error) {
	p := strings.Split(s, "$")
	if len(p) != 6 || p[1] != "argon2id" || p[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, errHash
	}
	if _, err = fmt.Sscanf(p[3], "m=%d,t=%d,p=%d", &c.MemoryKB, &c.Passes, &c.Lanes); err != nil || c.MemoryKB > maxMemory || c.Passes > maxPasses || c.Passes == 0 || c.Lanes == 0 {
		return c, nil, nil, errHash
	}
	salt, err = base64.RawStdEncoding.DecodeString(p[4])
	if err == nil {
		sum, err = base64.RawStdEncoding.DecodeString(p[5])
	}
	if err != nil || len(salt) != saltSize || len(sum) != hashSize {
		return c, nil, nil, errHash
	}
	return c, salt, sum, nil
}

// What a chosen password must be: NIST SP 800-63B-4, 3.1.1.2. Length counts, composition does not; nothing expires.
const (
	minPassword = 15
	maxPassword = 200
	// ownPart is how many characters must be left when common words, names and runs are taken out.
	ownPart = 6
)

//go:embed common.txt
var commonText string

// common are the commonest passwords and what officials make of their work, the longest first.
var common = func() []string {
	words := strings.Fields(commonText)
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) })
	return words
}()

// judge says what is wrong with a chosen password; "" is nothing. About are the words around the account, which everybody can guess.
func judge(password string, about ...string) *fault.Error {
	n := utf8.RuneCountInString(norm.NFKC.String(password))
	switch {
	case n < minPassword:
		return fault.New(fault.Invalid, ErrShort, "").Field("password", ErrShort)
	case n > maxPassword, !utf8.ValidString(password):
		return fault.New(fault.Invalid, ErrLong, "").Field("password", ErrLong)
	case guessable(password, about...):
		return fault.New(fault.Invalid, ErrGuessable, "").Field("password", ErrGuessable)
	}
	return nil
}

// guessable takes out what everybody tries first and looks whether something is left.
func guessable(password string, about ...string) bool {
	rest := strings.ReplaceAll(i18n.Fold(password), " ", "")
	words := slices.Clone(common)
	for _, a := range about {
		for _, w := range strings.FieldsFunc(i18n.Fold(a), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			if len(w) >= 3 {
				words = append(words, w)
			}
		}
	}
	for _, w := range words {
		rest = strings.ReplaceAll(rest, w, "")
	}
	own, last := map[rune]bool{}, rune(0)
	count := 0
	for _, r := range rest {
		if step := r - last; step < -1 || step > 1 { // no run: aaaa, 4567, dcba
			own[r] = true
			count++
		}
		last = r
	}
	return count < ownPart || len(own) < ownPart-1
}

// oneTime makes a password to be printed: 16 characters in fours.
func oneTime(random io.Reader) (string, error) {
	s, err := typeable(random, 16)
	if err != nil {
		return "", err
	}
	return s[:4] + "-" + s[4:8] + "-" + s[8:12] + "-" + s[12:], nil
}

// plain is what was typed of a printed password, however it was written.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || unicode.IsSpace(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

const printed = "23456789abcdefghjkmnpqrstuvwxyz"

// typeable makes n characters of 31 that cannot be taken for one another, each as likely as the others.
func typeable(random io.Reader, n int) (string, error) {
	out := make([]byte, 0, n)
	var b [1]byte
	for len(out) < n {
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return "", err
		}
		if int(b[0]) < 256/len(printed)*len(printed) {
			out = append(out, printed[int(b[0])%len(printed)])
		}
	}
	return string(out), nil
}
