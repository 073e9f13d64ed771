package store

import (
	"database/sql/driver"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/antinvn/antin/internal/foundation/fault"
)

// ID names a row: 41 bits of milliseconds since 2024, 10 of the node that made it, 12 that count. Ids of one node grow; over
// nodes they are ordered by time to the millisecond. 0 is none, and NULL in a column.
type ID int64 //nolint:recvcheck // database/sql asks for both

var epoch = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

const (
	nodeBits, countBits = 10, 12
	maxNodes            = 1 << nodeBits
)

// Time is when the id was made, to the millisecond.
func (i ID) Time() time.Time {
	return epoch.Add(time.Duration(i>>(nodeBits+countBits)) * time.Millisecond)
}

// FirstAt is the smallest id that can be made at t.
func FirstAt(t time.Time) ID { return ID(t.Sub(epoch).Milliseconds() << (nodeBits + countBits)) }

var alphabet = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

const textLength = 13

// Text is the id outside the program: in addresses and the API, never a number: "doc_01h3x…".
func (i ID) Text(kind string) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(i))
	return kind + "_" + alphabet.EncodeToString(b[:])
}

// ParseID reads what [ID.Text] wrote for a kind. Anything else is not found.
func ParseID(kind, s string) (ID, error) {
	if text, ok := strings.CutPrefix(s, kind+"_"); ok && len(text) == textLength {
		if b, err := alphabet.DecodeString(text); err == nil {
			if id := ID(binary.BigEndian.Uint64(b)); id > 0 && id.Text(kind) == s {
				return id, nil
			}
		}
	}
	return 0, fault.New(fault.NotFound, ErrNotFound, kind)
}

// Value is NULL for 0.
func (i ID) Value() (driver.Value, error) {
	if i == 0 {
		return nil, nil
	}
	return int64(i), nil
}

// Scan reads a column; NULL is 0.
func (i *ID) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*i = 0
	case int64:
		*i = ID(v)
	default:
		return fmt.Errorf("store: %T is no id", v)
	}
	return nil
}

// generator makes one node's ids.
type generator struct {
	mu   sync.Mutex
	node ID
	last ID // milliseconds and count, without the node
}

// next is an id at or after t: when a millisecond is used up, or the clock goes back, it borrows from the time to come.
func (g *generator) next(t time.Time) ID {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.last = max(g.last+1, ID(t.Sub(epoch).Milliseconds())<<countBits)
	return g.last>>countBits<<(nodeBits+countBits) | g.node<<countBits | g.last&(1<<countBits-1)
}
