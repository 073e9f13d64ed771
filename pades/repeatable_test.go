package pades_test

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pades/appearance"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/tsp"
)

// rfc6979 is an ECDSA key without randomness: crypto/ecdsa then follows RFC 6979.
type rfc6979 struct{ crypto.Signer }

func (k rfc6979) Sign(_ io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	return k.Signer.Sign(nil, digest, o)
}

// drawn are bytes that are the same in every run.
func drawn() io.Reader { return rand.NewChaCha8([32]byte{1}) }

// With a fixed clock, fixed randomness and a key that adds none, the same input gives the same bytes.
func TestTheSameInputGivesTheSameBytes(t *testing.T) {
	s := newSigner(t, "Again", p256())
	plain := pages(3).bytes()
	inputs := map[string]func(t testing.TB) []byte{
		"plain": func(testing.TB) []byte { return plain },
		"encrypted": func(t testing.TB) []byte {
			out := filepath.Join(t.TempDir(), "encrypted.pdf")
			peer(t, "qpdf", "--encrypt", "", "owner", "256", "--", store(t, plain), out)
			return read(t, out)
		},
	}
	box := func(x float64) *pades.Place {
		return &pades.Place{Page: 1, Rect: pdf.Rect{X0: x, Y0: 100, X1: x + 100, Y1: 150}}
	}
	kinds := map[string]func(o *pades.Options){
		"invisible": func(*pades.Options) {},
		"shown and reserved": func(o *pades.Options) {
			o.Field.Place, o.Reason, o.Location, o.Name = box(100), "vì", "tại", "ai"
			o.Appearance = &appearance.Spec{Kind: appearance.Text, Lines: []string{"Nguyễn Văn Mẫu"}}
			o.AlsoOn = []pades.Place{{Page: 2, Rect: box(100).Rect}}
			o.Reserve = []pades.Reservation{{Name: "number", Place: box(220)}, {Name: "day", Place: box(330)}, {Name: "seal", Place: box(440)}}
		},
	}
	authority, source := newTSA(t)
	authority.responder.Key = rfc6979{authority.responder.Key}
	for name, input := range inputs {
		for kind, change := range kinds {
			for _, level := range []pades.Level{pades.BB, pades.BT, pades.BLT, pades.BLTA} {
				t.Run(fmt.Sprintf("%s %s %s", name, kind, level), func(t *testing.T) {
					base := input(t)
					once := func() []byte {
						authority.serial = 0
						client := *source.(*tsp.Client)
						client.Rand = drawn()
						o := withTSA(s.options(), level, authority, &client)
						o.Rand = drawn()
						change(o)
						var out bytes.Buffer
						must(pades.Sign(t.Context(), &out, open(t, base), rfc6979{s.key}, o))(t)
						return out.Bytes()
					}
					a, b := once(), once()
					if !bytes.Equal(a, b) {
						at := 0
						for at < min(len(a), len(b)) && a[at] == b[at] {
							at++
						}
						t.Errorf("%d and %d bytes, which differ from %d on: %q", len(a), len(b), at, a[at:min(len(a), at+40)])
					}
				})
			}
		}
	}
}

// hollow is a file of one page and a hole of that many bytes in a stream.
func hollow(t testing.TB, size int64) *os.File {
	t.Helper()
	f := must(os.Create(filepath.Join(t.TempDir(), "hollow.pdf")))(t)
	t.Cleanup(func() { f.Close() })
	base := pages(1)
	text := base.bytes()
	table := bytes.LastIndex(text, []byte("xref\n0 "))
	table = bytes.LastIndex(text[:table], []byte("endobj\n")) + len("endobj\n")
	head := append(bytes.Clone(text[:table]), fmt.Sprintf("%d 0 obj\n<< /Length %d >>\nstream\n", len(base.objects)+1, size)...)
	end := "\nendstream\nendobj\n"
	start := int64(len(head)) + size + int64(len(end))
	tail := append([]byte(end), text[table:]...)
	tail = append(tail[:bytes.LastIndex(tail, []byte("startxref"))], fmt.Sprintf("startxref\n%d\n%%%%EOF\n", start)...)
	must(f.WriteAt(head, 0))(t)
	must(f.WriteAt(tail, int64(len(head))+size))(t)
	return f
}

// Hashing and copying two hundred megabytes takes longer than a tenth of a second: a cancelled context ends it at once,
// wherever it stands.
func TestWorkOnALargeFileEndsWhenItIsCancelled(t *testing.T) {
	f := hollow(t, 200<<20)
	s := newSigner(t, "Cancelled", p256())
	out := must(os.Create(filepath.Join(t.TempDir(), "out.pdf")))(t)
	defer out.Close()
	d := openFile(t, f)
	prepared := must(pades.Prepare(t.Context(), d, s.options()))(t)
	signature := must(s.key.Sign(nil, prepared.Unsigned().Digest(), prepared.Unsigned().SignerOpts()))(t)
	for name, act := range map[string]func(ctx context.Context, progress func(done, total int64)) error{
		"sign from file to file": func(ctx context.Context, progress func(done, total int64)) error {
			o := s.options()
			o.Progress = progress
			_, err := pades.Sign(ctx, out, d, s.key, o)
			return err
		},
		"sign into a stream": func(ctx context.Context, progress func(done, total int64)) error {
			o := s.options()
			o.Progress = progress
			_, err := pades.Sign(ctx, io.Discard, d, s.key, o)
			return err
		},
		"prepare": func(ctx context.Context, progress func(done, total int64)) error {
			o := s.options()
			o.Progress = progress
			_, err := pades.Prepare(ctx, d, o)
			return err
		},
		"embed": func(ctx context.Context, progress func(done, total int64)) error {
			_, err := prepared.Embed(ctx, out, d, signature, &pades.EmbedOptions{Progress: progress})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var at time.Time
			err := act(ctx, func(done, total int64) {
				if at.IsZero() && done > total/10 {
					at = time.Now()
					cancel()
				}
			})
			if !errors.Is(err, context.Canceled) || time.Since(at) > 100*time.Millisecond {
				t.Errorf("%v after %v", err, time.Since(at))
			}
		})
	}
}

// A file whose cross-reference is lost is scanned from its first byte to its last.
func TestScanningALargeFileEndsWhenItIsCancelled(t *testing.T) {
	f := hollow(t, 200<<20)
	size := must(f.Stat())(t).Size()
	must(f.WriteAt([]byte("startxref\n7\n%%EOF\n      "), size-24))(t)
	ctx, cancel := context.WithCancel(t.Context())
	at := make(chan time.Time, 1)
	time.AfterFunc(20*time.Millisecond, func() { at <- time.Now(); cancel() })
	_, err := pdf.Open(ctx, f, size, nil)
	ended := time.Now()
	if !errors.Is(err, context.Canceled) || ended.Sub(<-at) > 100*time.Millisecond {
		t.Errorf("%v", err)
	}
}
