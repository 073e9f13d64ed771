package interop

import (
	"bytes"
	"cmp"
	"context"
	"crypto"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
)

// The bars: of the files that qpdf calls clean, and of all files, so many in a thousand are signed and valid.
const (
	cleanBar = 995
	allBar   = 930
)

// corpusTime bounds a file: whoever makes a file must not be able to keep a signing server busy.
const corpusTime = 20 * time.Second

// corpusPasswords open the encrypted files of qpdf's test suite, as its own tests spell them.
var corpusPasswords = []string{
	"owner", "master", "view", "owner1", "owner2", "owner3", "owner4", "o", "asdfqwer", "attachment", "wwwww", "19723102477", "623",
	"qwertyuiopasdfghjklzxcvbnmqwertyuiopasdfghjklzxcvbnmqwertyuiopasdfghjklzxcvbnmqwertyuiopasdfghjklzxcvbnmqwertyuiopasdfghjklzxcv",
	"asdf asdf asdf asdf asdf asdf qwer",
}

// corpusFile is a file of the corpus and what became of it.
type corpusFile struct {
	name, path, signed string
	password           string // with which it was signed; "" where none was needed
	before, after      qpdfStatus
	refused            string // without a password: the code of the refusal for permission, DocMDP or password
	locked             bool   // no password that is known opens it or lifts the refusal
	failed             error  // why it is not signed
	doubts             []string
}

// qpdfStatus is what qpdf --check says: 0 clean, 3 warnings, 2 errors, and how many of them.
type qpdfStatus struct{ exit, words int }

func (s qpdfStatus) clean() bool { return s.exit == 0 }

func (s qpdfStatus) worseThan(o qpdfStatus) bool {
	rank := map[int]int{0: 0, 3: 1, 2: 2}
	return cmp.Or(cmp.Compare(rank[s.exit], rank[o.exit]), cmp.Compare(s.words, o.words)) > 0
}

// TestCorpus signs every PDF below ANTIN_CORPUS and asks qpdf, pdfsig and pyHanko about the results. The bars are made for the
// test files of qpdf's source package, most of which are damaged on purpose.
func TestCorpus(t *testing.T) {
	dir := os.Getenv("ANTIN_CORPUS")
	if dir == "" {
		t.Skip("ANTIN_CORPUS names no folder of PDFs")
	}
	for _, peer := range []string{"qpdf", "pdfsig", "pyhanko"} {
		needs(t, peer)
	}
	files := corpusFiles(t, dir)
	p, out := newPKI(t), t.TempDir()
	id := p.identity(t, "P-256")
	o := p.options(id, pades.BB, false)
	o.Field.Name = "Corpus"
	side(files, func(i int, f *corpusFile) {
		f.signed = filepath.Join(out, fmt.Sprintf("%d.pdf", i))
		f.sign(t.Context(), id.key, o)
	})
	jobs, asked := [][]string{}, []*corpusFile{}
	for _, f := range files {
		if f.failed == nil {
			jobs, asked = append(jobs, []string{"validate", f.signed, f.password}), append(asked, f)
		}
	}
	for i, a := range pyhanko(t, p.root, jobs) {
		count("pyhanko")
		asked[i].hear(a)
	}
	report(t, files)
}

func corpusFiles(t *testing.T, dir string) []*corpusFile {
	t.Helper()
	var files []*corpusFile
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".pdf") {
			name, _ := filepath.Rel(dir, path)
			files = append(files, &corpusFile{name: name, path: path})
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("%s holds no PDF: %v", dir, err)
	}
	return files
}

// side works on several files side by side.
func side(files []*corpusFile, work func(int, *corpusFile)) {
	var all sync.WaitGroup
	slots := make(chan struct{}, 4)
	for i, f := range files {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			work(i, f)
		})
	}
	all.Wait()
}

// sign signs a file, with its owner's password where it is refused without, and asks the peers that take one file a call.
func (f *corpusFile) sign(ctx context.Context, key crypto.Signer, o *pades.Options) {
	for _, password := range slices.Concat([]string{""}, corpusPasswords) {
		f.failed = signWith(ctx, f.path, f.signed, password, key, o)
		switch codes.Of(f.failed) {
		case string(pdf.ErrPassword), string(pades.ErrPermission), string(pades.ErrDocMDP):
			f.refused = cmp.Or(f.refused, codes.Of(f.failed))
			continue
		}
		f.password = password
		break
	}
	switch codes.Of(f.failed) {
	case string(pdf.ErrPassword), string(pades.ErrPermission), string(pades.ErrDocMDP):
		f.locked = true
	}
	f.before = checked(ctx, f.path, f.password)
	count("qpdf")
	if f.failed != nil {
		return
	}
	f.after = checked(ctx, f.signed, f.password)
	count("pdfsig")
	words := say(ctx, "pdfsig", "-nocert", "-opw", f.password, "-upw", f.password, f.signed)
	if parts := strings.Split(words, "Signature #"); len(parts) < 2 || !strings.Contains(parts[len(parts)-1], "Signature Validation: Signature is Valid.") {
		f.doubts = append(f.doubts, "pdfsig: "+words)
	}
}

func signWith(ctx context.Context, from, to, password string, key crypto.Signer, o *pades.Options) error {
	ctx, cancel := context.WithTimeout(ctx, corpusTime)
	defer cancel()
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	d, err := pdf.Open(ctx, bytes.NewReader(b), int64(len(b)), &pdf.Options{Password: []byte(password)})
	if err != nil {
		return err
	}
	var out bytes.Buffer
	own := *o
	if _, err := pades.Sign(ctx, &out, d, key, &own); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return os.WriteFile(to, out.Bytes(), 0o600)
}

func checked(ctx context.Context, path, password string) qpdfStatus {
	words := say(ctx, "qpdf", "--password="+password, "--check", path)
	s := qpdfStatus{words: strings.Count(words, "WARNING")}
	switch {
	case strings.Contains(words, "No syntax or stream encoding errors found"):
		if s.words > 0 {
			s.exit = 3
		}
	case strings.Contains(words, "operation succeeded with warnings"):
		s.exit = 3
	default:
		s.exit = 2
	}
	return s
}

// hear takes what pyHanko says of our signature, the last one.
func (f *corpusFile) hear(a pyhankoAnswer) {
	i := slices.IndexFunc(a.Signatures, func(s pyhankoSignature) bool { return s.Field == "Corpus" })
	if i < 0 || !a.Signatures[i].Intact || !a.Signatures[i].Valid || !a.Signatures[i].Trusted {
		f.doubts = append(f.doubts, "pyhanko: "+a.String())
	}
}

// report counts, names what failed, and holds the bars.
func report(t *testing.T, files []*corpusFile) {
	var clean, all struct{ files, valid int }
	var refused, locked, worse, soiled int
	for _, f := range files {
		if f.refused != "" {
			refused++
			t.Logf("refused without the owner's password (%s), with it: %v: %s", f.refused, cmp.Or(f.failed, errors.New("signed")), f.name)
		}
		if f.locked { // counted apart
			locked++
			continue
		}
		valid := f.failed == nil && len(f.doubts) == 0
		all.files++
		if valid {
			all.valid++
		}
		if f.before.clean() && f.password == "" {
			clean.files++
			if valid {
				clean.valid++
			}
		}
		switch {
		case f.failed != nil && codes.Of(f.failed) == "":
			t.Errorf("%s: no clear error: %v", f.name, f.failed)
		case f.failed != nil:
			t.Logf("not signed: %s (qpdf %d): %v", f.name, f.before.exit, f.failed)
		case !valid:
			t.Logf("not valid: %s (qpdf %d): %s", f.name, f.before.exit, strings.Join(f.doubts, "; "))
		}
		if f.failed == nil && f.after.worseThan(f.before) {
			worse++
			t.Errorf("%s: qpdf said %v, and says %v once it is signed", f.name, f.before, f.after)
			if f.before.clean() {
				soiled++
			}
		}
	}
	t.Logf("signed and valid: %d of %d clean, %d of all %d; apart: %d that the owner's permission keeps shut; with the owner's password: %d; worse: %d, of them clean before: %d",
		clean.valid, clean.files, all.valid, all.files, locked, refused-locked, worse, soiled)
	if clean.valid*1000 < cleanBar*clean.files {
		t.Errorf("of %d clean files %d are signed and valid", clean.files, clean.valid)
	}
	if all.valid*1000 < allBar*all.files {
		t.Errorf("of all %d files %d are signed and valid", all.files, all.valid)
	}
}
