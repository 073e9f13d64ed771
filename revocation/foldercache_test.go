package revocation_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/revocation"
)

func folder(t testing.TB, dir string, limit int64) *revocation.FolderCache {
	t.Helper()
	c, err := revocation.NewFolderCache(dir, limit)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// held is the size of everything below a folder.
func held(t testing.TB, dir string) (size int64, files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		st, err := e.Info()
		size += st.Size()
		files = append(files, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return size, files
}

var until = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

func TestAFolderCacheOutlivesItsProcess(t *testing.T) {
	dir := t.TempDir()
	folder(t, dir, 0).Put("crl http://a/", []byte("list"), until)
	der, got, ok := folder(t, dir, 0).Get("crl http://a/")
	if !ok || string(der) != "list" || !got.Equal(until) {
		t.Errorf("%q %v %v", der, got, ok)
	}
	if _, _, ok := folder(t, dir, 0).Get("crl http://b/"); ok {
		t.Error("another key is answered")
	}
}

func TestOneAnswerForManyKeysIsStoredOnce(t *testing.T) {
	dir := t.TempDir()
	c := folder(t, dir, 0)
	for i := range 10 {
		c.Put(fmt.Sprint("ocsp ", i), bytes.Repeat([]byte("x"), 100_000), until)
	}
	if size, _ := held(t, dir); size > 110_000 {
		t.Errorf("%d bytes", size)
	}
}

func TestWhatWasChangedOrCutShortIsNotFound(t *testing.T) {
	for name, spoil := range map[string]func([]byte) []byte{
		"changed":   func(b []byte) []byte { return append([]byte("X"), b[1:]...) },
		"cut short": func(b []byte) []byte { return b[:len(b)/2] },
		"emptied":   func([]byte) []byte { return nil },
	} {
		dir := t.TempDir()
		folder(t, dir, 0).Put("k", []byte("an answer"), until)
		_, files := held(t, dir)
		for _, path := range files {
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, spoil(b), 0o600); err != nil {
				t.Fatal(err)
			}
			c := folder(t, dir, 0)
			if der, _, ok := c.Get("k"); ok {
				t.Errorf("%s %s: got %q", filepath.Base(filepath.Dir(path)), name, der)
			}
			if c.Put("k", []byte("an answer"), until); !found(c, "k") {
				t.Errorf("%s %s: it cannot be put again", filepath.Base(filepath.Dir(path)), name)
			}
		}
	}
}

func found(c *revocation.FolderCache, key string) bool {
	_, _, ok := c.Get(key)
	return ok
}

// What expires first goes first; what a killed process left behind goes too.
func TestAFolderCacheStaysWithinItsSize(t *testing.T) {
	dir := t.TempDir()
	const limit = 100_000
	c := folder(t, dir, limit)
	for i := range 100 {
		c.Put(fmt.Sprint(i), bytes.Repeat([]byte{byte(i)}, 10_000), until.Add(time.Duration(i)*time.Hour))
	}
	if size, _ := held(t, dir); size > limit+limit/8+20_000+100*300 {
		t.Errorf("%d bytes", size)
	}
	if !found(c, "99") || found(c, "0") {
		t.Error("the wrong ones went")
	}
	c.Put("larger than all", make([]byte, limit+1), until)
	if found(c, "larger than all") || !found(c, "99") {
		t.Error("one answer drove out the others")
	}
	left := filepath.Join(dir, "v1", "content", "new-123")
	if err := os.WriteFile(left, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	folder(t, dir, limit)
	if _, err := os.Stat(left); err == nil {
		t.Error("a file left behind stays")
	}
}

func TestSeveralProcessesShareAFolderCache(t *testing.T) {
	dir := t.TempDir()
	var group sync.WaitGroup
	for range 4 {
		c := folder(t, dir, 200_000) // each has its own state, as another process has
		group.Go(func() {
			for i := range 100 {
				key, want := fmt.Sprint(i%20), bytes.Repeat([]byte{byte(i % 20)}, 20_000)
				c.Put(key, want, until)
				if der, _, ok := c.Get(key); ok && !bytes.Equal(der, want) {
					t.Errorf("key %s: %d wrong bytes", key, len(der))
				}
			}
		})
	}
	group.Wait()
}

func TestAFolderThatCannotBeMadeIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := revocation.NewFolderCache(path, 0); codes.Of(err) != string(revocation.ErrCache) {
		t.Errorf("got %v", err)
	}
}

func TestTheNextProcessIsSparedTheQuestion(t *testing.T) {
	p := running(t)
	c, dir := issued(t, p), t.TempDir()
	now := time.Now()
	for i, at := range []time.Time{now, now.Add(time.Minute), now.Add(365 * 24 * time.Hour)} {
		f := &revocation.Fetcher{Fetch: &fetch.Client{AllowHosts: []string{p.Host()}}, Cache: folder(t, dir, 0), Clock: func() time.Time { return at }}
		if _, err := f.Status(t.Context(), c, p.CA); err != nil && i < 2 {
			t.Fatal(err)
		}
		if asked, want := p.Requests("ocsp"), []int{1, 1, 2}[i]; asked != want { // the third comes after nextUpdate
			t.Errorf("after question %d the responder was asked %d times", i+1, asked)
		}
	}
}

func TestCertificatesOfOneIssuerShareARequest(t *testing.T) {
	p := running(t)
	var certs []*certpath.Certificate
	for range 5 {
		certs = append(certs, issued(t, p))
	}
	p.Revoke(certs[3], time.Now(), 1)
	f := &revocation.Fetcher{Fetch: &fetch.Client{AllowHosts: []string{p.Host()}}, Cache: revocation.NewMemoryCache(0)}
	all, err := f.StatusAll(t.Context(), p.CA, certs...)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range all {
		want := certpath.Good
		if i == 3 {
			want = certpath.Revoked
		}
		if len(s) != 1 || s[0].State != want || s[0].Kind != "ocsp" {
			t.Errorf("certificate %d: %+v", i, s)
		}
	}
	if n := p.Requests("ocsp"); n != 1 {
		t.Errorf("the responder was asked %d times", n)
	}
	if _, err := f.Status(t.Context(), certs[2], p.CA); err != nil || p.Requests("ocsp") != 1 {
		t.Errorf("the answer was not kept for each: %v", err)
	}
}
