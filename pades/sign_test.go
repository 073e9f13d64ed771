package pades_test

import (
	"bytes"
	"crypto"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/antinvn/antin/pades"
)

func TestSignedFileIsWholeAndReadByPeers(t *testing.T) {
	for name, key := range map[string]crypto.Signer{"ECDSA P-256": p256(), "RSA-2048": rsa2048(), "Ed25519": ed25519Key(t)} {
		t.Run(name, func(t *testing.T) {
			s := newSigner(t, "Nguyễn Văn An", key)
			signed, report := sign(t, pages(2).bytes(), s, s.options())
			all := intact(t, signed, 1)
			if all[0].Field != "Signature1" || report.Field != "Signature1" || report.Size != int64(len(signed)) {
				t.Errorf("field %q, report %+v", all[0].Field, report)
			}
			if !all[0].ClaimedTime.Equal(now) {
				t.Errorf("claimed time %v", all[0].ClaimedTime)
			}
			clean(t, signed)
			if name == "Ed25519" {
				return // pdfsig calls every Ed25519 signature corrupted
			}
			if said := peer(t, "pdfsig", "-nocert", store(t, signed)); !strings.Contains(said, "Signature is Valid") ||
				!strings.Contains(said, "Total document signed") {
				t.Errorf("pdfsig: %s", said)
			}
		})
	}
}

func TestASecondSignatureLeavesTheFirstValid(t *testing.T) {
	s := newSigner(t, "First", p256())
	once, _ := sign(t, pages(1).bytes(), s, s.options())
	twice, report := sign(t, once, s, s.options())
	if report.Field != "Signature2" {
		t.Errorf("field %s", report.Field)
	}
	all := intact(t, twice, 2)
	if all[0].Revision+1 != all[1].Revision {
		t.Errorf("revisions %d and %d", all[0].Revision, all[1].Revision)
	}
	clean(t, twice)
	if said := peer(t, "pdfsig", "-nocert", store(t, twice)); strings.Count(said, "Signature is Valid") != 2 {
		t.Errorf("pdfsig: %s", said)
	}
}

func TestPreparedAndEmbeddedInTwoProcesses(t *testing.T) {
	s := newSigner(t, "Remote", p256())
	base := pages(1).bytes()
	p := must(pades.Prepare(t.Context(), open(t, base), s.options()))(t)
	stored := must(p.MarshalBinary())(t)

	var later pades.Prepared
	if err := later.UnmarshalBinary(stored); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(later.ToBeSigned(), p.ToBeSigned()) {
		t.Fatal("the signed attributes were not carried as bytes")
	}
	u := later.Unsigned()
	value := must(s.key.Sign(nil, u.Digest(), u.SignerOpts()))(t)
	var out bytes.Buffer
	report := must(later.Embed(t.Context(), &out, open(t, base), value, nil))(t)
	intact(t, out.Bytes(), 1)
	if report.Level != pades.BB || report.Size != int64(out.Len()) {
		t.Errorf("report %+v", report)
	}

	t.Run("the second of two prepared on one revision is refused", func(t *testing.T) {
		_, err := later.Embed(t.Context(), new(bytes.Buffer), open(t, out.Bytes()), value, nil)
		if !errors.Is(err, pades.ErrBaseChanged) {
			t.Errorf("%v", err)
		}
	})
	t.Run("another file of the same size is refused", func(t *testing.T) {
		other := bytes.Replace(base, []byte("(Page 1)"), []byte("(Page 2)"), 1)
		_, err := later.Embed(t.Context(), new(bytes.Buffer), open(t, other), value, nil)
		if !errors.Is(err, pades.ErrBaseChanged) {
			t.Errorf("%v", err)
		}
	})
	t.Run("another signature is refused", func(t *testing.T) {
		wrong := must(s.key.Sign(nil, make([]byte, 32), u.SignerOpts()))(t)
		_, err := later.Embed(t.Context(), new(bytes.Buffer), open(t, base), wrong, nil)
		if !errors.Is(err, pades.ErrSignatureMismatch) {
			t.Errorf("%v", err)
		}
	})
	t.Run("too little room says how much is needed", func(t *testing.T) {
		o := s.options()
		o.PlaceholderBytes = 100
		_, err := pades.Sign(t.Context(), new(bytes.Buffer), open(t, base), s.key, o)
		var room *pades.RoomError
		if !errors.As(err, &room) || !errors.Is(err, pades.ErrNoRoom) || room.Reserved != 100 || room.Needed <= 100 {
			t.Fatalf("%v", err)
		}
		o.PlaceholderBytes = room.Needed + 16 // an ECDSA value varies by a few bytes
		sign(t, base, s, o)
	})
}

func TestFilesAreCopiedWhileTheyAreHashed(t *testing.T) {
	s := newSigner(t, "Files", p256())
	base := pages(1)
	base.add("<< /Length 3000000 >>\nstream\n" + strings.Repeat("0123456789", 300_000) + "\nendstream")
	in := must(os.Open(store(t, base.bytes())))(t)
	defer in.Close()
	out := must(os.Create(t.TempDir() + "/out.pdf"))(t)
	defer out.Close()
	var calls, last int64
	o := s.options()
	o.Progress = func(done, total int64) { calls++; last = total - done }
	report := must(pades.Sign(t.Context(), out, openFile(t, in), s.key, o))(t)
	written := must(os.ReadFile(out.Name()))(t)
	if int64(len(written)) != report.Size || calls == 0 || last != 0 {
		t.Errorf("%d bytes, report %d, progress %d calls, %d left", len(written), report.Size, calls, last)
	}
	intact(t, written, 1)
}
