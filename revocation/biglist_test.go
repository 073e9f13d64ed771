package revocation_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"io"
	"math/big"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/revocation"
)

// endless repeats an entry with another serial number each time, so that no test holds a list of a hundred megabytes.
type endless struct {
	entry   []byte
	serial  int // offset of the serial number's last eight bytes
	left, n uint64
	rest    []byte
}

func (e *endless) Read(p []byte) (int, error) {
	if len(e.rest) == 0 {
		if e.left == 0 {
			return 0, io.EOF
		}
		e.left--
		binary.BigEndian.PutUint64(e.entry[e.serial:], e.n)
		e.n++
		e.rest = e.entry
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

func der(tag byte, length int) []byte {
	return append([]byte{tag, 0x84}, binary.BigEndian.AppendUint32(nil, uint32(length))...)
}

// hundredMegabytes is a list of that size, signed, that can be read again and again; it is never whole in memory.
func hundredMegabytes(t testing.TB) (open func() (io.ReadCloser, error), issuer *certpath.Certificate, entries int) {
	t.Helper()
	key, err := pkitest.NewKey(pkitest.P256)
	if err != nil {
		t.Fatal(err)
	}
	issuer, err = running(t).IssueFor(pkitest.Subject{CommonName: "long", Usage: x509.KeyUsageCRLSign}, key.Public())
	if err != nil {
		t.Fatal(err)
	}
	alg := []byte("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02") // ecdsa-with-SHA256
	times := []byte("\x17\x0d260101000000Z\x17\x0d300101000000Z")
	entry := append(append([]byte{0x30, 0x2e, 0x02, 0x0f}, bytes.Repeat([]byte{0x55}, 15)...), "\x17\x0d260101000000Z"...)
	entry = append(entry, "\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01\x04"...) // superseded
	entries = 100_000_000 / len(entry)
	head := bytes.Join([][]byte{{2, 1, 1}, alg, issuer.RawSubject, times, der(0x30, entries*len(entry))}, nil)
	head = append(der(0x30, len(head)+entries*len(entry)), head...)
	tbs := func() io.Reader {
		return io.MultiReader(bytes.NewReader(head), &endless{entry: bytes.Clone(entry), serial: 11, left: uint64(entries)})
	}
	digest := sha256.New()
	if _, err := io.Copy(digest, tbs()); err != nil {
		t.Fatal(err)
	}
	sig, err := key.Sign(rand.Reader, digest.Sum(nil), crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	end := slices.Concat(alg, []byte{3, byte(len(sig) + 1), 0}, sig)
	start := der(0x30, len(head)+entries*len(entry)+len(end))
	return func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(bytes.NewReader(start), tbs(), bytes.NewReader(end))), nil
	}, issuer, entries
}

// TestAHundredMegabytesAreCheckedInSixteen: signature and all, for the last serial number of the list and for one that is
// not in it. What counts is all that is allocated meanwhile, collected or not.
func TestAHundredMegabytesAreCheckedInSixteen(t *testing.T) {
	if testing.Short() {
		t.Skip("100 MB of entries")
	}
	open, issuer, entries := hundredMegabytes(t)
	last := new(big.Int).SetBytes(bytes.Repeat([]byte{0x55}, 7))
	last.Lsh(last, 64).Add(last, big.NewInt(int64(entries-1)))
	stored := &revocation.Stored{Long: []revocation.LongList{{Name: "long", Open: open}}}
	for serial, want := range map[*big.Int]certpath.State{last: certpath.Revoked, new(big.Int).Add(last, big.NewInt(1)): certpath.Good} {
		cert := &certpath.Certificate{SerialNumber: serial, Issuer: issuer.Subject, RawIssuer: issuer.RawSubject}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		s, err := stored.Status(t.Context(), cert, issuer)
		runtime.ReadMemStats(&after)
		if err != nil || len(s) != 1 || s[0].State != want || s[0].Source != "long" || want == certpath.Revoked && s[0].Reason != 4 {
			t.Fatalf("%v %+v, want state %d", err, s, want)
		}
		took := after.TotalAlloc - before.TotalAlloc
		if took > 16<<20 {
			t.Errorf("%d entries took %d bytes", entries, took)
		}
		t.Logf("%d entries in %v with %d bytes", entries, time.Since(start), took)
	}
	broken := func() (io.ReadCloser, error) {
		f, err := open()
		return io.NopCloser(io.LimitReader(f, 50_000_000)), err
	}
	cert := &certpath.Certificate{SerialNumber: last, Issuer: issuer.Subject, RawIssuer: issuer.RawSubject}
	if s, err := (&revocation.Stored{Long: []revocation.LongList{{Open: broken}}}).Status(t.Context(), cert, issuer); err == nil || len(s) > 0 {
		t.Errorf("half a list tells %+v, %v", s, err)
	}
}
