package trust

import (
	"cmp"
	"crypto"
	"crypto/dsa" //nolint:staticcheck // named, never used: old certificates have such keys
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
)

// ErrAlgorithms is a table of algorithms that cannot be read.
const ErrAlgorithms codes.Code = "trust.algorithms"

const maxAlgorithmLines = 10_000

//go:embed algorithms/ts119312.tsv
var ts119312 []byte

// Algorithms is a dated table of cryptographic algorithms: until when each may be relied upon (the cryptographic constraints of
// EN 319 102-1, 5.1.4.4). It is a value: reading it never fails, and asks nobody. The zero value accepts nothing.
type Algorithms struct {
	name, edition string
	digests       map[string]span
	signatures    map[string][]span // sorted by size
	snapshot      string
}

type span struct {
	bits  int
	until time.Time // zero: no end is known
}

// DefaultAlgorithms is the table that the program carries: ETSI TS 119 312 V1.5.1, see algorithms/ts119312.tsv.
func DefaultAlgorithms() Algorithms {
	a, err := ParseAlgorithms(ts119312)
	if err != nil {
		panic(err) // a test reads the table
	}
	return a
}

// LoadAlgorithms reads an operator's table from a file in the form of algorithms/ts119312.tsv.
func LoadAlgorithms(path string) (Algorithms, error) {
	data, err := read(path)
	if err != nil {
		return Algorithms{}, err
	}
	a, err := ParseAlgorithms(data)
	if err != nil {
		return Algorithms{}, codes.Wrap(ErrAlgorithms, "reading the table of algorithms", path, err)
	}
	return a, nil
}

// ParseAlgorithms reads a table: lines of columns parted by tabs, "#" begins a comment. The kinds of lines are "suite" (name, edition),
// "digest" (name, "-", day, source) and "signature" (name, bits, day, source); the day is the first on which the algorithm is no longer
// acceptable, as 2029-01-01, or "-" where no end is known. A line stands once, and the source is never empty.
func ParseAlgorithms(data []byte) (Algorithms, error) {
	a := Algorithms{digests: map[string]span{}, signatures: map[string][]span{}}
	var lines []string
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if lines = append(lines, line); len(lines) > maxAlgorithmLines {
			return Algorithms{}, codes.New(ErrTooLarge, "reading the table of algorithms", "", "there are too many lines")
		}
		if err := addLine(&a, strings.Split(line, "\t")); err != nil {
			return Algorithms{}, codes.Wrap(ErrAlgorithms, "reading the table of algorithms", line, err)
		}
	}
	if a.name == "" {
		return Algorithms{}, codes.New(ErrAlgorithms, "reading the table of algorithms", "", "there is no suite line")
	}
	for _, s := range a.signatures {
		slices.SortFunc(s, func(x, y span) int { return cmp.Compare(x.bits, y.bits) })
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	a.snapshot = "sha256:" + hex.EncodeToString(sum[:])
	return a, nil
}

func addLine(a *Algorithms, f []string) error {
	if f[0] == "suite" {
		if len(f) != 3 || f[1] == "" || a.name != "" {
			return fmt.Errorf("one suite line with a name and an edition is wanted")
		}
		a.name, a.edition = f[1], f[2]
		return nil
	}
	if len(f) != 5 || f[1] == "" || f[4] == "" {
		return fmt.Errorf("five columns are wanted, none of them empty")
	}
	var s span
	if f[3] != "-" {
		day, err := time.Parse(time.DateOnly, f[3])
		if err != nil {
			return fmt.Errorf("the day: %w", err)
		}
		s.until = day
	}
	switch f[0] {
	case "digest":
		if _, twice := a.digests[f[1]]; twice || f[2] != "-" {
			return fmt.Errorf("a digest stands once, with - for its size")
		}
		a.digests[f[1]] = s
	case "signature":
		bits, err := strconv.Atoi(f[2])
		if err != nil || bits <= 0 {
			return fmt.Errorf("the size is no number of bits")
		}
		s.bits = bits
		if slices.ContainsFunc(a.signatures[f[1]], func(o span) bool { return o.bits == bits }) {
			return fmt.Errorf("a size stands once for an algorithm")
		}
		a.signatures[f[1]] = append(a.signatures[f[1]], s)
	default:
		return fmt.Errorf("a line is suite, digest or signature")
	}
	return nil
}

// Acceptable says whether an algorithm may be relied upon at a time, and from when on it no longer may be; until is zero where no end is
// known. The algorithm is a digest ("md5", "ripemd160", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3-256", "sha3-384", "sha3-512";
// bits is not looked at) or a signature algorithm ("rsa" for PKCS#1 v1.5, "rsa-pss", "dsa", "ecdsa", "ed25519", "ed448") with the size of its
// key: of the modulus, of DSA's p, of the curve's order. What the table does not name is not acceptable, and has no until.
func (a Algorithms) Acceptable(alg string, bits int, at time.Time) (until time.Time, ok bool) {
	s, ok := a.digests[alg]
	for _, line := range a.signatures[alg] {
		if line.bits <= bits {
			s, ok = line, true
		}
	}
	return s.until, ok && (s.until.IsZero() || at.Before(s.until))
}

// Name is the short name of the suite, "ts119312-1.5.1".
func (a Algorithms) Name() string { return a.name }

// Edition says in words which edition of which standard the table follows.
func (a Algorithms) Edition() string { return a.edition }

// Snapshot names the content of the table, whatever it is called: "sha256:" and the hash over its lines, sorted, without comments.
func (a Algorithms) Snapshot() string { return a.snapshot }

// DigestName is the name of a hash in a table of algorithms, "" if it has none.
func DigestName(h crypto.Hash) string {
	switch h {
	case crypto.MD5:
		return "md5"
	case crypto.RIPEMD160:
		return "ripemd160"
	case crypto.SHA1:
		return "sha1"
	case crypto.SHA224:
		return "sha224"
	case crypto.SHA256:
		return "sha256"
	case crypto.SHA384:
		return "sha384"
	case crypto.SHA512:
		return "sha512"
	case crypto.SHA3_256:
		return "sha3-256"
	case crypto.SHA3_384:
		return "sha3-384"
	case crypto.SHA3_512:
		return "sha3-512"
	}
	return ""
}

// SignatureName is the name of a signature algorithm in a table of algorithms and the size of the key in bits. The algorithm tells RSASSA-PSS
// from PKCS#1 v1.5, all else is told by the key; "" and 0 for a key of another kind.
func SignatureName(alg certpath.AlgorithmIdentifier, pub crypto.PublicKey) (name string, bits int) {
	switch k := pub.(type) {
	case *rsa.PublicKey:
		if alg.Algorithm.Equal(certpath.OID{1, 2, 840, 113549, 1, 1, 10}) {
			return "rsa-pss", k.N.BitLen()
		}
		return "rsa", k.N.BitLen()
	case *ecdsa.PublicKey:
		return "ecdsa", k.Params().N.BitLen()
	case *dsa.PublicKey:
		if k.P == nil { // its issuer's parameters, which are not known here
			return "dsa", 0
		}
		return "dsa", k.P.BitLen()
	case ed25519.PublicKey:
		return "ed25519", 255
	}
	return "", 0
}
