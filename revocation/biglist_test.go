package revocation_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/big"
	"runtime"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
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

// hundredMegabytes is a list of that size as a stream, made of a real one's head and end.
func hundredMegabytes(t testing.TB) (list io.Reader, entries int) {
	t.Helper()
	small := bigList(t, running(t), 1)
	c, err := revocation.ParseCRL(small)
	if err != nil {
		t.Fatal(err)
	}
	issuer := bytes.Index(small, c.RawIssuer)
	alg := small[bytes.Index(small, []byte{2, 1, 1})+3 : issuer]
	times := []byte("\x17\x0d260101000000Z\x17\x0d300101000000Z")
	entry := append(append([]byte{0x30, 0x20, 0x02, 0x0f}, bytes.Repeat([]byte{0x55}, 15)...), "\x17\x0d260101000000Z"...)
	entries = 100_000_000 / len(entry)
	head := bytes.Join([][]byte{{2, 1, 1}, alg, c.RawIssuer, times, der(0x30, entries*len(entry))}, nil)
	tbs := append(der(0x30, len(head)+entries*len(entry)), head...)
	end := append(bytes.Clone(alg), 3, 2, 0, 0)
	all := der(0x30, len(tbs)+entries*len(entry)+len(end))
	return io.MultiReader(
		bytes.NewReader(append(all, tbs...)), &endless{entry: entry, serial: 11, left: uint64(entries)}, bytes.NewReader(end),
	), entries
}

func TestAHundredMegabytesAreScannedInSixteen(t *testing.T) {
	if testing.Short() {
		t.Skip("100 MB of entries")
	}
	list, entries := hundredMegabytes(t)
	last := new(big.Int).SetBytes(bytes.Repeat([]byte{0x55}, 7))
	last.Lsh(last, 64).Add(last, big.NewInt(int64(entries-1)))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	_, s, err := revocation.ScanCRL(list, last)
	if err != nil || s.State != certpath.Revoked {
		t.Fatalf("%v %+v", err, s)
	}
	runtime.ReadMemStats(&after)
	took := after.TotalAlloc - before.TotalAlloc // all of it, collected or not
	if took > 16<<20 {
		t.Errorf("%d entries took %d bytes", entries, took)
	}
	t.Logf("%d entries in %v with %d bytes", entries, time.Since(start), took)
}
