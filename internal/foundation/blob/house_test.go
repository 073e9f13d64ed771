package blob

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"maps"
	mrand "math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	minio "github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/config"
	"github.com/antinvn/antin/internal/foundation/seal"
	"github.com/antinvn/antin/internal/foundation/store"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
)

// house is a store of blobs with all that it stands on.
type house struct {
	*Store

	clock  *clock.Fake
	issuer *store.Issuer
	url    string
}

// over opens a house over a driver and a database.
func over(t testing.TB, d Driver, url string) house {
	t.Helper()
	steps, err := store.Migrations(Files)
	if err != nil {
		t.Fatal(err)
	}
	c := clock.NewFake(time.Now())
	db, issuer := storetest.Open(t, store.Config{URL: url, Migrations: steps, Clock: c})
	ring, err := seal.New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{Driver: d, DB: db, Warrant: issuer.System("test", append([]string{"blob_ref"}, Tables...)...), Ring: ring, Clock: c, Grace: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return house{s, c, issuer, url}
}

// each runs a test over every driver.
func each(t *testing.T, test func(t *testing.T, h house)) {
	t.Helper()
	t.Run("folder", func(t *testing.T) { test(t, over(t, folder(t), storetest.SQLite(t))) })
	t.Run("s3", func(t *testing.T) { test(t, over(t, bucket(t), storetest.SQLite(t))) })
}

func folder(t testing.TB) *Folder {
	t.Helper()
	f, err := NewFolder(filepath.Join(t.TempDir(), "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// gateway is a real S3 server over a folder.
type gateway struct {
	config config.S3
	root   string
}

var (
	once    sync.Once
	shared  gateway
	failure error
	buckets atomic.Int64
)

func bucket(t testing.TB) *S3 {
	t.Helper()
	needGateway(t)
	once.Do(func() {
		var root string
		if root, failure = os.MkdirTemp("", "antin-s3"); failure == nil { //nolint:usetesting // it outlives the test that asks first
			shared, failure = serve(root)
		}
	})
	if failure != nil {
		t.Fatal(failure)
	}
	return shared.bucket(t)
}

// needGateway skips a test where the server is not installed; in CI that fails.
func needGateway(t testing.TB) {
	t.Helper()
	if _, err := program(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("versitygw is not here: ", err)
		}
		t.Skip("versitygw is not here (.ci/run installs it): ", err)
	}
}

func program() (string, error) {
	if p, err := exec.LookPath("versitygw"); err == nil {
		return p, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return exec.LookPath(filepath.Join(cache, "antin-ci", "bin", "versitygw"))
}

// serve starts a server that lives as long as this program: a shell that holds its standard input open waits for its end, then stops the
// server and removes its folder.
func serve(root string) (gateway, error) {
	bin, err := program()
	if err != nil {
		return gateway{}, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return gateway{}, err
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		return gateway{}, err
	}
	for _, d := range []string{"data", "meta"} {
		if err := os.Mkdir(filepath.Join(root, d), 0o700); err != nil {
			return gateway{}, err
		}
	}
	g := gateway{config.S3{Endpoint: &url.URL{Scheme: "http", Host: address}, Region: "us-east-1", KeyID: "antin", Secret: "sesame-open"}, root}
	cmd := exec.Command("sh", "-c", `"$0" --quiet --port "$1" --access "$2" --secret "$3" posix --sidecar "$4/meta" "$4/data" >"$4/log" 2>&1 & cat >/dev/null; kill $!; wait; rm -rf "$4"`,
		bin, address, g.config.KeyID, g.config.Secret, root)
	alive, err := cmd.StdinPipe()
	if err != nil {
		return gateway{}, err
	}
	if err := cmd.Start(); err != nil {
		return gateway{}, err
	}
	kept = append(kept, alive)
	for range 100 {
		var c net.Conn
		if c, err = net.Dial("tcp", address); err == nil {
			return g, c.Close()
		}
		time.Sleep(100 * time.Millisecond)
	}
	return gateway{}, err
}

// kept keeps pipes open: they are closed when this program ends, however it does.
var kept []io.Closer

func (g gateway) client(t testing.TB) *minio.Client {
	t.Helper()
	c, err := minio.New(g.config.Endpoint.Host, &minio.Options{Creds: credentials.NewStaticV4(g.config.KeyID, g.config.Secret, ""), Region: g.config.Region})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// bucket makes an empty one.
func (g gateway) bucket(t testing.TB) *S3 {
	t.Helper()
	g.config.Bucket = "antin-" + strconv.FormatInt(buckets.Add(1), 10)
	if err := g.client(t).MakeBucket(t.Context(), g.config.Bucket, minio.MakeBucketOptions{}); err != nil {
		t.Fatal(err)
	}
	s, err := NewS3(t.Context(), g.config, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// content makes n bytes that differ by seed.
func content(n int, seed uint64) []byte {
	b := make([]byte, n)
	c := mrand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16)})
	if _, err := c.Read(b); err != nil {
		panic(err)
	}
	return b
}

func (h house) put(t testing.TB, b []byte) Info {
	t.Helper()
	i, err := h.Put(t.Context(), bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func (h house) get(t testing.TB, name Name) ([]byte, error) {
	t.Helper()
	r, err := h.Get(t.Context(), name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func (h house) do(ctx context.Context, f func(*store.Tx) error) error {
	return h.DB.Do(ctx, h.issuer.System("test", "blob", "blob_ref"), f)
}

func (h house) keep(t testing.TB, name Name, owner store.ID) {
	t.Helper()
	if err := h.do(t.Context(), func(tx *store.Tx) error { return KeepTx(tx, name, owner) }); err != nil {
		t.Fatal(err)
	}
}

func (h house) drop(t testing.TB, name Name, owner store.ID) {
	t.Helper()
	if err := h.do(t.Context(), func(tx *store.Tx) error { return DropTx(tx, name, owner) }); err != nil {
		t.Fatal(err)
	}
}

// collect lets d go by, then collects.
func (h house) collect(t testing.TB, d time.Duration) Collected {
	t.Helper()
	h.clock.Advance(d)
	c, err := h.Collect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// keys lists what is stored; what is unfinished reads "unfinished".
func (h house) keys(t testing.TB) []string {
	t.Helper()
	keys := map[string]bool{}
	for i, err := range h.Driver.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if i.Unfinished != "" {
			i.Key = "unfinished"
		}
		keys[i.Key] = true
	}
	return slices.Sorted(maps.Keys(keys))
}

// object is the id of a blob's object.
func (h house) object(t testing.TB, name Name) string {
	t.Helper()
	r, ok, err := h.find(t.Context(), name)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	return r.object
}

func (h house) raw(t testing.TB, key string) []byte {
	t.Helper()
	r, err := h.Driver.Read(t.Context(), key, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (h house) overwrite(t testing.TB, key string, b []byte) {
	t.Helper()
	if err := h.Driver.Write(t.Context(), key, bytes.NewReader(b)); err != nil {
		t.Fatal(err)
	}
}
