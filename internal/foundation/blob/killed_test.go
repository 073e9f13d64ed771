package blob

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/config"
	"github.com/antinvn/antin/internal/foundation/seal"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
)

// putter is what a child program stores into.
type putter struct {
	Folder, Endpoint string
	S3               config.S3
	Database, Keys   string
}

func TestMain(m *testing.M) {
	storetest.Child(putForever)
	os.Exit(m.Run())
}

func (p putter) open(ctx context.Context, c clock.Clock) (*Store, *store.DB, *store.Issuer, error) {
	var d Driver
	var err error
	if p.Folder != "" {
		d, err = NewFolder(p.Folder)
	} else {
		p.S3.Endpoint, err = url.Parse(p.Endpoint)
		if err == nil {
			d, err = NewS3(ctx, p.S3, nil)
		}
	}
	if err != nil {
		return nil, nil, nil, err
	}
	ring, err := seal.Load(p.Keys)
	if err != nil {
		return nil, nil, nil, err
	}
	steps, err := store.Migrations(Files)
	if err != nil {
		return nil, nil, nil, err
	}
	db, issuer, err := store.Open(ctx, store.Config{URL: p.Database, Migrations: steps, Clock: c})
	if err != nil {
		return nil, nil, nil, err
	}
	s, err := New(Config{Driver: d, DB: db, Warrant: issuer.System("test", Tables...), Ring: ring, Clock: c, Grace: time.Hour})
	return s, db, issuer, err
}

// putForever stores one content after the other and says the name of each.
func putForever(text string) error {
	var p putter
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return err
	}
	s, _, _, err := p.open(context.Background(), clock.System{})
	if err != nil {
		return err
	}
	for {
		b := append(content(rand.IntN(3)*rand.IntN(partSize), 1), strconv.FormatUint(rand.Uint64(), 10)...)
		i, err := s.Put(context.Background(), bytes.NewReader(b))
		if err != nil {
			return err
		}
		fmt.Println(i.Name)
	}
}

// TestAKilledPutLeavesNothingHalfDone kills a program that stores, at random moments: what it said is stored can be read, what it left behind
// is never read as a blob, and collection removes it.
func TestAKilledPutLeavesNothingHalfDone(t *testing.T) {
	t.Run("folder", func(t *testing.T) { killed(t, putter{Folder: filepath.Join(t.TempDir(), "blobs")}) })
	t.Run("s3", func(t *testing.T) {
		bucket(t)
		c := shared.bucket(t)
		p := putter{S3: shared.config, Endpoint: shared.config.Endpoint.String()}
		p.S3.Bucket, p.S3.Endpoint = c.bucket, nil
		killed(t, p)
	})
}

func killed(t *testing.T, p putter) {
	t.Helper()
	p.Database, p.Keys = storetest.SQLite(t), filepath.Join(t.TempDir(), "keys")
	if _, err := seal.Create(p.Keys); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var said []Name
	for range storetest.Kills(t) {
		for _, line := range storetest.Killed(t, string(text)) {
			name, err := ParseName(line)
			if err != nil {
				t.Fatal(err)
			}
			said = append(said, name)
		}
	}
	c := clock.NewFake(time.Now())
	s, db, issuer, err := p.open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	h := house{Store: s, clock: c, issuer: issuer}
	for i, name := range said {
		if b, err := h.get(t, name); err != nil {
			t.Errorf("of %d bytes: %v", len(b), err)
		}
		h.keep(t, name, store.ID(i+1))
	}
	left := len(h.keys(t))
	h.collect(t, 3*time.Hour)
	h.collect(t, 3*time.Hour)
	rows, err := h.page(t.Context(), ` ORDER BY name`)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if _, err := h.get(t, r.name); err != nil {
			t.Error(err)
		}
	}
	if keys := h.keys(t); len(keys) != 2*len(rows) || len(rows) != len(said) {
		t.Errorf("%d are said to be stored, %d are, in %d objects", len(said), len(rows), len(keys))
	}
	t.Logf("%d stored, %d left behind", len(said), left-2*len(said))
	if len(said) == 0 {
		t.Error("nothing was stored before the end")
	}
}
