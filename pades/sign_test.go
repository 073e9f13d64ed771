package pades_test

import (
	"bytes"
	"crypto"
	"errors"
	"os"
	"os/exec"
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

// embedVariable names the folder in which another process of this test finds its work.
const embedVariable = "ANTIN_TEST_EMBED"

// embedElsewhere embeds in another process, which has nothing but the folder: base.pdf, prepared and value; it returns what that
// process says.
func embedElsewhere(t *testing.T, dir string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), must(os.Executable())(t), "-test.run=^TestEmbedInThisProcess$", "-test.v")
	c.Env = append(os.Environ(), embedVariable+"="+dir)
	out, _ := c.CombinedOutput() // its words count
	return string(out)
}

// TestEmbedInThisProcess is the other process of [TestPreparedAndEmbeddedInTwoProcesses].
func TestEmbedInThisProcess(t *testing.T) {
	dir := os.Getenv(embedVariable)
	if dir == "" {
		t.Skip("this is the other process of another test")
	}
	var p pades.Prepared
	if err := p.UnmarshalBinary(read(t, dir+"/prepared")); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := p.Embed(t.Context(), &out, open(t, read(t, dir+"/base.pdf")), read(t, dir+"/value"), nil); err != nil {
		t.Fatal(err)
	}
	keep(t, dir+"/signed.pdf", out.Bytes())
}

func keep(t testing.TB, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestPreparedAndEmbeddedInTwoProcesses(t *testing.T) {
	s := newSigner(t, "Remote", p256())
	base := pages(1).bytes()
	dirs := []string{t.TempDir(), t.TempDir()}
	for _, dir := range dirs { // two prepared on one revision
		p := must(pades.Prepare(t.Context(), open(t, base), s.options()))(t)
		keep(t, dir+"/base.pdf", base)
		keep(t, dir+"/prepared", must(p.MarshalBinary())(t))
		keep(t, dir+"/value", must(s.key.Sign(nil, p.Unsigned().Digest(), p.Unsigned().SignerOpts()))(t))
	}
	said := embedElsewhere(t, dirs[0])
	if !strings.Contains(said, "--- PASS: TestEmbedInThisProcess") {
		t.Fatal(said)
	}
	signed := read(t, dirs[0]+"/signed.pdf")
	intact(t, signed, 1)
	keep(t, dirs[1]+"/base.pdf", signed)
	said = embedElsewhere(t, dirs[1])
	if _, err := os.Stat(dirs[1] + "/signed.pdf"); err == nil || !strings.Contains(said, string(pades.ErrBaseChanged)) {
		t.Errorf("the second of two: %s", said)
	}
}

func TestEmbedChecksWhatItIsGiven(t *testing.T) {
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

	t.Run("a field that was signed meanwhile is refused", func(t *testing.T) {
		f := pages(1)
		field := f.add("<< /FT /Sig /T (seal) /Type /Annot /Subtype /Widget /F 132 /Rect [0 0 0 0] /P 5 0 R /V null >>")
		f.objects[0] = "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [" + field + "] >> >>"
		free := f.bytes()
		o := s.options()
		o.Field.Name = "seal"
		p := must(pades.Prepare(t.Context(), open(t, free), o))(t)
		taken := bytes.Replace(free, []byte("/V null"), []byte("/V <<>>"), 1) // of the same size
		_, err := p.Embed(t.Context(), new(bytes.Buffer), open(t, taken), value, nil)
		wantCode(t, err, pades.ErrFieldSigned)
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
