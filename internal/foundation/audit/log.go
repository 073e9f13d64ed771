package audit

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/store"
)

// Referrers say which column of which table names the event that last wrote a row: what reconciliation holds the events to. The store's own
// table of forms belongs to every set.
type Referrers map[string]string

// Log reads the log of a running installation. It may be used concurrently.
type Log struct {
	db    *store.DB
	w     *store.Warrant
	refer Referrers
}

var aName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// Open returns the log of a store. Its referrers are names in our own schema: others panic.
func Open(db *store.DB, issuer *store.Issuer, refer Referrers) *Log {
	all := Referrers{"once": "event"}
	maps.Copy(all, refer)
	for table, column := range all {
		if !aName.MatchString(table) || !aName.MatchString(column) {
			panic("audit: no names: " + table + "." + column)
		}
	}
	return &Log{db: db, w: issuer.System("audit.read"), refer: all}
}

// Age is how long the oldest event has been waiting for its place; 0 when none waits.
func (l *Log) Age(ctx context.Context) (age time.Duration, err error) {
	err = l.db.View(ctx, l.w, func(tx *store.Tx) error {
		waiting, err := tx.Unsequenced(1)
		if len(waiting) > 0 {
			age = max(0, tx.Now().Sub(waiting[0].At))
		}
		return err
	})
	return age, err
}

// VerifierKey is the log's public key as c2sp.org/signed-note writes it: what a verifier is given by another way than the log itself.
func (l *Log) VerifierKey(ctx context.Context) (text string, err error) {
	err = l.db.View(ctx, l.w, func(tx *store.Tx) error {
		st, err := load(tx)
		if err == nil {
			text = st.verifier
		}
		return err
	})
	return text, err
}

// File returns a file of the log by its path below the log's prefix at c2sp.org/tlog-tiles: "checkpoint", "tile/0/000", "tile/entries/000.p/5". What is
// not there is [fs.ErrNotExist].
func (l *Log) File(ctx context.Context, path string) (b []byte, err error) {
	err = l.View(ctx, func(s Source) error {
		b, err = s.File(path)
		return err
	})
	return b, err
}

// View gives f one state of the log, as what [Verify] and [Export] read.
func (l *Log) View(ctx context.Context, f func(Source) error) error {
	return l.db.View(ctx, l.w, func(tx *store.Tx) error {
		st, err := load(tx)
		if err != nil {
			return err
		}
		return f(&stored{tx, st, l.refer})
	})
}

// state is the log's row.
type state struct {
	origin, verifier string
	sealed           []byte
	size             int64
	checkpoint       []byte
	cosignedSize     int64
	cosigned         []byte
	owner            int64
	until            time.Time
}

func load(tx *store.Tx) (*state, error) {
	st, err := store.First(tx, func(s store.Scanner) (st state, err error) {
		return st, s.Scan(&st.origin, &st.verifier, &st.sealed, &st.size, &st.checkpoint, &st.cosignedSize, &st.cosigned, &st.owner, store.At(&st.until))
	}, `SELECT origin, verifier, sealed, size, checkpoint, cosigned_size, cosigned, owner, until FROM audit_log WHERE id = 1`)
	if ok, err := store.Found(err); err != nil || !ok {
		return nil, orNone(err)
	}
	return &st, nil
}

func orNone(err error) error {
	if err == nil {
		err = fault.New(fault.NotFound, ErrNone, "")
	}
	return err
}

// readTile reads the beginning of a hash tile.
func readTile(tx *store.Tx, p place, width int) ([]byte, error) {
	b, err := store.One[[]byte](tx, `SELECT hashes FROM audit_tile WHERE level = ? AND n = ?`, p.level, p.n)
	if ok, err := store.Found(err); err != nil {
		return nil, err
	} else if !ok {
		return nil, fmt.Errorf("tile %d/%d: %w", p.level, p.n, fs.ErrNotExist)
	}
	return b[:min(len(b), width*hashSize)], nil
}

// stored is the running store as a source.
type stored struct {
	tx    *store.Tx
	st    *state
	refer Referrers
}

// File implements [Source].
func (s *stored) File(path string) ([]byte, error) {
	switch path {
	case checkpointFile:
		if s.st.cosignedSize == s.st.size && s.st.cosigned != nil {
			return s.st.cosigned, nil
		}
		return s.st.checkpoint, nil
	case cosignedFile:
		if s.st.cosigned != nil {
			return s.st.cosigned, nil
		}
		return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
	p, width, ok := parsePath(path)
	if !ok || p.widthAt(s.st.size) < width {
		return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
	if p.level != entries {
		return readTile(s.tx, p, width)
	}
	from := p.n << tileHeight
	events, err := s.tx.Sequenced(from, width)
	if err != nil {
		return nil, err
	}
	var b []byte
	for i := range events {
		if events[i].Seq < from+int64(width) { // where rows are gone the next bundle's follow
			b = appendEntry(b, events[i].Leaf)
		}
	}
	return b, nil
}

// Rows implements [Source].
func (s *stored) Rows(f func(Row) error) error {
	give := func(e *store.Recorded) error {
		r := Row{
			ID: decimal(e.ID), Seq: e.Seq, At: e.At.UTC().Format(stampForm), Kind: e.Kind, Actor: decimal(e.Actor), Agency: decimal(e.Agency),
			Method: e.Method, Object: decimal(e.Object), unfaithful: !e.Faithful(),
		}
		return f(r)
	}
	for from := int64(0); ; {
		events, err := s.tx.Sequenced(from, rowPage)
		if err != nil {
			return err
		}
		for i := range events {
			if err := give(&events[i]); err != nil {
				return err
			}
		}
		if len(events) < rowPage {
			break
		}
		from = events[len(events)-1].Seq + 1
	}
	waiting, err := s.tx.Unsequenced(maxWaiting)
	for i := range waiting {
		if err == nil {
			err = give(&waiting[i])
		}
	}
	return err
}

const (
	rowPage    = 1024
	maxWaiting = 1 << 20 // a sequencer that stood still for long
	stampForm  = "2006-01-02T15:04:05.000000Z"
)

// References implements [Source].
func (s *stored) References(f func(Reference) error) error {
	for _, table := range slices.Sorted(maps.Keys(s.refer)) {
		column := s.refer[table]
		err := s.tx.Each(func(row store.Scanner) error {
			var id store.ID
			if err := row.Scan(&id); err != nil {
				return err
			}
			return f(Reference{table, decimal(id)})
		}, `SELECT DISTINCT `+column+` FROM `+table+` WHERE `+column+` IS NOT NULL ORDER BY `+column)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", table, column, err)
		}
	}
	return nil
}

func decimal(id store.ID) string { return strconv.FormatInt(int64(id), 10) }
