package blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/internal/foundation/seal"
)

// sizes stand around every edge of a chunk, a block of a range and a part of an upload.
var sizes = []int{0, 1, chunkSize - 1, chunkSize, chunkSize + 1, 2 * chunkSize, blockSize, blockSize + 1, partSize, partSize + chunkSize + 7}

func TestWhatIsPutIsGot(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		for _, size := range sizes {
			want := content(size, uint64(size))
			i, err := h.Put(t.Context(), iotest.HalfReader(bytes.NewReader(want)))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := ParseName(string(i.Name)); err != nil || i.Size != int64(size) {
				t.Errorf("%+v, %v", i, err)
			}
			got, err := h.get(t, i.Name)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%d bytes: got %d, %v", size, len(got), err)
			}
			s, err := h.Stat(t.Context(), i.Name)
			if err != nil || s.Size != int64(size) || s.Name != i.Name {
				t.Errorf("%+v, %v", s, err)
			}
			if body := h.raw(t, bodyKey(h.object(t, i.Name))); int64(len(body)) != bodySize(int64(size)) || size > 16 && bytes.Contains(body, want[:16]) {
				t.Errorf("%d bytes: the body has %d, or is not encrypted", size, len(body))
			}
		}
	})
}

func TestRangesAreWhatTheWholeIs(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		want := content(2*blockSize+chunkSize+5, 1)
		i := h.put(t, want)
		b, err := h.Open(t.Context(), i.Name)
		if err != nil {
			t.Fatal(err)
		}
		if err := iotest.TestReader(io.NewSectionReader(b, 0, b.Size()), want); err != nil {
			t.Error(err)
		}
		var wg sync.WaitGroup
		for off := range 40 {
			wg.Go(func() {
				off := off * len(want) / 40
				p := make([]byte, min(len(want)-off, off%(3*chunkSize)+1))
				if _, err := b.ReadAt(p, int64(off)); err != nil || !bytes.Equal(p, want[off:off+len(p)]) {
					t.Errorf("%d bytes at %d: %v", len(p), off, err)
				}
			})
		}
		wg.Wait()
		p := make([]byte, 10)
		if n, err := b.ReadAt(p, b.Size()-3); n != 3 || !errors.Is(err, io.EOF) {
			t.Error(n, err)
		}
		if n, err := b.ReadAt(p, b.Size()+1000); n != 0 || !errors.Is(err, io.EOF) {
			t.Error(n, err)
		}
		if _, err := b.ReadAt(p, -1); err == nil {
			t.Error("a negative offset")
		}
		if empty, err := h.Open(t.Context(), h.put(t, nil).Name); err != nil {
			t.Error(err)
		} else if n, err := empty.ReadAt(p, 0); n != 0 || !errors.Is(err, io.EOF) {
			t.Error(n, err)
		}
	})
}

func TestTheSameContentIsStoredOnce(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		want := content(3*chunkSize, 2)
		first := h.put(t, want)
		before := h.keys(t)
		if second := h.put(t, want); second.Name != first.Name || second.Size != first.Size {
			t.Errorf("%+v, %+v", first, second)
		}
		if after := h.keys(t); len(before) != 2 || strings.Join(after, " ") != strings.Join(before, " ") {
			t.Errorf("%v, then %v", before, after)
		}
		if other := over(t, h.Driver, h.url+"2"); other.put(t, want).Name == first.Name {
			t.Error("another house gives the same name: it can be guessed from the content")
		}
	})
}

func TestEqualContentsPutAtOnceAreStoredOnce(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		want := [][]byte{content(2*chunkSize+1, 3), content(10, 4)}
		var wg sync.WaitGroup
		names := make([]Name, 24)
		for i := range names {
			wg.Go(func() {
				info, err := h.Put(t.Context(), bytes.NewReader(want[i%2]))
				if err != nil {
					t.Error(err)
				}
				names[i] = info.Name
			})
		}
		wg.Wait()
		for i, n := range names {
			if n != names[i%2] {
				t.Fatalf("%d has another name", i)
			}
		}
		for i := range want {
			if got, err := h.get(t, names[i]); err != nil || !bytes.Equal(got, want[i]) {
				t.Error(err)
			}
		}
		if keys := h.keys(t); len(keys) != 4 {
			t.Errorf("%v is left", keys)
		}
	})
}

func TestWhatIsNotThereIsMissing(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		name := Name(strings.Repeat("0", 64))
		_, errGet := h.Get(t.Context(), name)
		_, errStat := h.Stat(t.Context(), name)
		for _, err := range []error{errGet, errStat} {
			if !errors.Is(err, ErrMissing) || !fault.Is(err, fault.NotFound) {
				t.Error(err)
			}
		}
	})
}

// TestEveryChangedByteIsFound changes each byte of the head, and bytes of every region of the body, and cuts and lengthens both.
func TestEveryChangedByteIsFound(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		size := blockSize + chunkSize/2
		want := content(size, 5)
		i := h.put(t, want)
		object := h.object(t, i.Name)
		head, body := h.raw(t, headKey(object)), h.raw(t, bodyKey(object))
		other := h.raw(t, bodyKey(h.object(t, h.put(t, content(size, 6)).Name)))
		spoil := func(what, key string, good, bad []byte, ranged bool) {
			h.overwrite(t, key, bad)
			got, err := h.get(t, i.Name)
			otherKey := errors.Is(err, seal.ErrKey) // the number of the master key was changed
			if !errors.Is(err, ErrDamaged) && !otherKey || !bytes.HasPrefix(want, got) || len(got) == size {
				t.Errorf("%s: %d bytes, %v", what, len(got), err)
			}
			b, err := h.Open(t.Context(), i.Name)
			if err == nil {
				p := make([]byte, size)
				_, err = b.ReadAt(p, 0)
			}
			if ranged && !errors.Is(err, ErrDamaged) && !otherKey || !ranged && err != nil {
				t.Errorf("%s, by range: %v", what, err)
			}
			h.overwrite(t, key, good)
		}
		step := 1
		if _, isFolder := h.Driver.(*Folder); !isFolder {
			step = 23 // each takes three requests
		}
		for at := 0; at < len(head); at += step {
			bad := bytes.Clone(head)
			bad[at] ^= 1
			spoil(fmt.Sprint("head byte ", at), headKey(object), head, bad, true)
		}
		for _, at := range []int{0, 1, 11, chunkSize - 1, chunkSize, chunkSize + tagSize - 1, wireSize, 3*wireSize + 5, 4*wireSize - 1, 4 * wireSize, len(body) - tagSize - 1, len(body) - tagSize, len(body) - 1} {
			bad := bytes.Clone(body)
			bad[at] ^= 0x80
			spoil(fmt.Sprint("body byte ", at), bodyKey(object), body, bad, true)
		}
		for _, n := range []int{0, 1, tagSize, wireSize - 1, wireSize, 4 * wireSize, len(body) - tagSize, len(body) - 1} {
			spoil(fmt.Sprint("cut at ", n), bodyKey(object), body, body[:n], true)
		}
		swapped := bytes.Clone(body)
		copy(swapped, body[wireSize:2*wireSize])
		copy(swapped[wireSize:], body[:wireSize])
		spoil("two chunks swapped", bodyKey(object), body, swapped, true)
		spoil("the body of another", bodyKey(object), body, other, true)
		spoil("a byte more", bodyKey(object), body, append(bytes.Clone(body), 0), false) // which no range reaches
		spoil("a head cut", headKey(object), head, head[:len(head)-1], true)
		spoil("a head with a line more", headKey(object), head, append(bytes.Clone(head), "x\n"...), true)
		for what, bad := range map[string]string{
			"another size":         strings.Replace(string(head), fmt.Sprint("size ", size), fmt.Sprint("size ", size-1), 1),
			"a smaller chunk more": strings.Replace(string(head), fmt.Sprint("size ", size), fmt.Sprint("size ", 4*chunkSize), 1),
			"another version":      strings.Replace(string(head), "blob/1", "blob/2", 1),
		} {
			spoil(what, headKey(object), head, []byte(bad), true)
		}
		if got, err := h.get(t, i.Name); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("the test spoilt what it did not mean to: %v", err)
		}
		// Content that is stored again while its object is lost or cut gets a new one.
		for _, place := range []func(string) string{headKey, bodyKey} {
			key := place(h.object(t, i.Name))
			if err := h.Driver.Remove(t.Context(), Item{Key: key}); err != nil {
				t.Fatal(err)
			}
			if _, err := h.get(t, i.Name); !errors.Is(err, ErrDamaged) {
				t.Errorf("%s is lost: %v", key, err)
			}
			h.put(t, want)
			if got, err := h.get(t, i.Name); err != nil || !bytes.Equal(got, want) {
				t.Errorf("not healed: %v", err)
			}
		}
	})
}

// TestAHeadOfAnotherIsNotTaken puts a whole, genuine object in another's place.
func TestAHeadOfAnotherIsNotTaken(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		a, b := h.put(t, content(100, 7)), h.put(t, content(100, 8))
		from, to := h.object(t, a.Name), h.object(t, b.Name)
		h.overwrite(t, headKey(to), h.raw(t, headKey(from)))
		h.overwrite(t, bodyKey(to), h.raw(t, bodyKey(from)))
		if _, err := h.get(t, b.Name); !errors.Is(err, ErrDamaged) {
			t.Error(err)
		}
	})
}

func TestWhatBreaksOffLeavesNothing(t *testing.T) {
	broken := errors.New("the line broke")
	each(t, func(t *testing.T, h house) {
		for _, size := range []int{10, chunkSize, partSize + 3*chunkSize} {
			cases := map[string]struct {
				r    func(cancel context.CancelFunc) io.Reader
				want error
			}{
				"an error": {func(context.CancelFunc) io.Reader {
					return io.MultiReader(bytes.NewReader(content(size, 9)), iotest.ErrReader(broken))
				}, broken},
				"an end too early": {func(context.CancelFunc) io.Reader {
					return io.MultiReader(bytes.NewReader(content(size, 9)), iotest.ErrReader(io.ErrUnexpectedEOF))
				}, io.ErrUnexpectedEOF},
				"a connection that ended": {func(context.CancelFunc) io.Reader {
					return io.MultiReader(bytes.NewReader(content(size, 9)), iotest.ErrReader(&net.OpError{Op: "read", Err: io.EOF}))
				}, io.EOF},
				"a reader that gives nothing": {func(context.CancelFunc) io.Reader {
					return io.MultiReader(bytes.NewReader(content(size, 9)), idle{})
				}, io.ErrNoProgress},
				"a caller who gives up": {func(cancel context.CancelFunc) io.Reader {
					return io.MultiReader(bytes.NewReader(content(size, 9)), ender(cancel), bytes.NewReader(content(8*chunkSize, 1)))
				}, context.Canceled},
			}
			for name, c := range cases {
				ctx, cancel := context.WithCancel(t.Context())
				if i, err := h.Put(ctx, c.r(cancel)); !errors.Is(err, c.want) {
					t.Errorf("%s after %d bytes: %+v, %v", name, size, i, err)
				}
				cancel()
				if left := h.keys(t); len(left) > 0 {
					t.Errorf("%s after %d bytes: %v is left", name, size, left)
				}
			}
		}
	})
}

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

type ender context.CancelFunc

func (e ender) Read([]byte) (int, error) { e(); return 0, io.EOF }

func TestPutNeverHoldsTheWhole(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		i, err := h.Put(t.Context(), io.LimitReader(zeros{t}, 40<<20))
		if err != nil || i.Size != 40<<20 {
			t.Fatal(i, err)
		}
	})
}

// zeros fails when it is asked for more at once than a chunk.
type zeros struct{ t *testing.T }

func (z zeros) Read(p []byte) (int, error) {
	if len(p) > chunkSize {
		z.t.Errorf("asked for %d bytes at once", len(p))
	}
	clear(p)
	return len(p), nil
}

func TestRotationRewrapsHeadsAndLeavesBodies(t *testing.T) {
	each(t, func(t *testing.T, h house) {
		want := content(chunkSize+1, 10)
		old := h.put(t, want)
		object := h.object(t, old.Name)
		head, body := h.raw(t, headKey(object)), h.raw(t, bodyKey(object))
		before := h.Ring
		next, err := before.Next()
		if err != nil {
			t.Fatal(err)
		}
		c := h.Config
		c.Ring = next
		if h.Store, err = New(c); err != nil {
			t.Fatal(err)
		}
		if again := h.put(t, want); again.Name != old.Name {
			t.Error("a name changed with the master key")
		}
		young := h.put(t, content(5, 11))
		if got, err := h.get(t, old.Name); err != nil || !bytes.Equal(got, want) {
			t.Error(err)
		}
		c.Ring = before
		outdated, err := New(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := outdated.Get(t.Context(), young.Name); !fault.Is(err, fault.Unavailable) || errors.Is(err, ErrDamaged) {
			t.Errorf("a program with the old keys: %v", err)
		}
		done, err := h.Rewrap(t.Context())
		if err != nil || done != (Rewrapped{2, 1}) {
			t.Errorf("%+v, %v", done, err)
		}
		if done, err := h.Rewrap(t.Context()); err != nil || done != (Rewrapped{2, 0}) {
			t.Errorf("a second time: %+v, %v", done, err)
		}
		if bytes.Equal(h.raw(t, headKey(object)), head) || !bytes.Equal(h.raw(t, bodyKey(object)), body) {
			t.Error("the head is the same, or the body is not")
		}
		if got, err := h.get(t, old.Name); err != nil || !bytes.Equal(got, want) {
			t.Error(err)
		}
		if _, err := outdated.Get(t.Context(), old.Name); !fault.Is(err, fault.Unavailable) {
			t.Errorf("it still opens with the old key: %v", err)
		}
		h.overwrite(t, headKey(object), head[:20])
		if done, err := h.Rewrap(t.Context()); !errors.Is(err, ErrDamaged) || done.Seen != 2 {
			t.Errorf("a damaged head: %+v, %v", done, err)
		}
	})
}
