package pdf_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/antinvn/antin/pdf"
)

const plain = `%PDF-1.4
1 0 obj
<< /Type /Catalog /Pages 2 0 R >>
endobj
2 0 obj
<< /Type /Pages /Kids [3 0 R] /Count 1 >>
endobj
3 0 obj
<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents 4 0 R /Note (Quyet dinh) >>
endobj
4 0 obj
<< /Length 9 >>
stream
0 0 m 9 w
endstream
endobj
trailer
<< /Root 1 0 R /Size 5 >>
`

// encrypted is a one-page file as qpdf encrypts it.
func encrypted(t *testing.T, options ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath("qpdf"); err != nil {
		t.Skip("qpdf is not installed")
	}
	in, out := filepath.Join(t.TempDir(), "in.pdf"), filepath.Join(t.TempDir(), "out.pdf")
	if err := os.WriteFile(in, []byte(plain), 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"--allow-weak-crypto", "--static-id", "--encrypt"}, options...)
	words, err := exec.CommandContext(t.Context(), "qpdf", append(args, "--", in, out)...).CombinedOutput()
	b, missing := os.ReadFile(out)
	if missing != nil {
		t.Fatalf("%v: %s", err, words)
	}
	return b
}

func opened(t *testing.T, b []byte, password string) (*pdf.Document, error) {
	t.Helper()
	return pdf.Open(t.Context(), bytes.NewReader(b), int64(len(b)), &pdf.Options{Password: []byte(password)})
}

// kept are small files that qpdf encrypted, user's password "user", owner's "owner".
func kept(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/encrypted/" + name + ".pdf")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var keptFiles = []string{"rc4-40", "rc4-128", "aes-128", "aes-256-r5", "aes-256-r6"}

func TestPasswordsOpenEncryptedFiles(t *testing.T) {
	for _, name := range keptFiles {
		t.Run(name, func(t *testing.T) {
			b := kept(t, name)
			for password, owner := range map[string]bool{"user": false, "owner": true} {
				d, err := opened(t, b, password)
				if err != nil {
					t.Fatalf("%s: %v", password, err)
				}
				if !d.Encrypted() || d.Permissions().Owner != owner {
					t.Errorf("%s: owner %v", password, d.Permissions().Owner)
				}
				page, err := d.Latest().Page(1)
				if err != nil {
					t.Fatal(err)
				}
				if note := page.Dict["Note"]; note != pdf.String("Quyet dinh") {
					t.Errorf("%s: the page's note is %q", password, note)
				}
				content(t, d, page.Dict["Contents"], "0 0 m 9 w\n")
				catalog, err := d.Latest().Catalog()
				if err != nil {
					t.Fatal(err)
				}
				content(t, d, catalog["Metadata"], "<x:xmpmeta/>\n")
			}
			for _, password := range []string{"", "wrong", strings.Repeat("x", 200)} {
				if _, err := opened(t, b, password); !errors.Is(err, pdf.ErrPassword) {
					t.Errorf("%q: %v", password, err)
				}
			}
		})
	}
}

// content holds what a stream decodes to.
func content(t *testing.T, d *pdf.Document, o pdf.Object, want string) {
	t.Helper()
	s, err := d.Latest().Stream(o)
	if err != nil || s == nil {
		t.Fatalf("%v is %v, %v", o, s, err)
	}
	if data, _, err := d.Latest().Decode(s); err != nil || strings.TrimSpace(string(data)) != strings.TrimSpace(want) {
		t.Errorf("%v is %q, %v; want %q", o, data, err, want)
	}
}

func TestAnUpdateOfAnEncryptedFileIsReadByQPDF(t *testing.T) {
	for _, name := range keptFiles {
		t.Run(name, func(t *testing.T) {
			b := kept(t, name)
			d, err := opened(t, b, "user")
			if err != nil {
				t.Fatal(err)
			}
			u, err := d.NewUpdate()
			if err != nil {
				t.Fatal(err)
			}
			page, err := d.Latest().Page(1)
			if err != nil {
				t.Fatal(err)
			}
			before, err := d.Latest().Stream(page.Dict["Contents"])
			if err != nil {
				t.Fatal(err)
			}
			added := u.Add(pdf.NewStream(pdf.Dict{}, []byte("1 1 m"), true))
			page.Dict["Contents"] = pdf.Array{u.Add(before), added} // the old stream under a new number: another key
			page.Dict["Secret"], page.Dict["Open"] = pdf.String("hidden words"), pdf.String("seen by all")
			if err := u.Set(page.Ref, page.Dict); err != nil {
				t.Fatal(err)
			}
			u.NoEncrypt(page.Ref, "Open")
			var out bytes.Buffer
			if _, err := u.WriteTo(t.Context(), &out); err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(out.Bytes(), []byte("hidden words")) || !bytes.Contains(out.Bytes(), []byte("(seen by all)")) {
				t.Error("the secret is open, or what is open is hidden")
			}
			after, err := opened(t, out.Bytes(), "owner")
			if err != nil {
				t.Fatal(err)
			}
			content(t, after, added, "1 1 m")
			content(t, after, pdf.Ref{Number: added.Number + 1}, "0 0 m 9 w")
			if o, err := after.Latest().Get("Pages", "Kids", 0, "Secret"); err != nil || o != pdf.String("hidden words") {
				t.Errorf("%v, %v", o, err)
			}
			checkedByQPDF(t, out.Bytes(), "--password=user")
		})
	}
}

// ISO 32000-2, 7.6.6: a stream's own Crypt filter takes it out of the document's encryption.
func TestAStreamMayStayInClear(t *testing.T) {
	b := kept(t, "aes-128")
	trailer := string(regexp.MustCompile(`/ID .*/Encrypt \d+ 0 R`).Find(b))
	all := appended(b, "", "/Size 90 "+trailer,
		"80 0 << /Filter /Crypt /Length 5 >>\nstream\n0 0 m\nendstream",
		"81 0 << /Filter [/Crypt /ASCIIHexDecode] /DecodeParms [<< /Name /Identity >> null] /Length 7 >>\nstream\n30 206D\nendstream")
	all = bytes.Replace(all, []byte("/Root 1 0 R /Prev"), []byte("/Prev"), 1)
	d, err := opened(t, all, "user")
	if err != nil {
		t.Fatal(err)
	}
	content(t, d, pdf.Ref{Number: 80}, "0 0 m")
	content(t, d, pdf.Ref{Number: 81}, "0 m")
	t.Run("also when an update takes it over", func(t *testing.T) {
		u, err := d.NewUpdate()
		if err != nil {
			t.Fatal(err)
		}
		s, err := d.Latest().Stream(pdf.Ref{Number: 80})
		if err != nil {
			t.Fatal(err)
		}
		again := u.Add(s)
		var out bytes.Buffer
		if _, err := u.WriteTo(t.Context(), &out); err != nil {
			t.Fatal(err)
		}
		after, err := opened(t, out.Bytes(), "user")
		if err != nil {
			t.Fatal(err)
		}
		content(t, after, again, "0 0 m")
	})
	t.Run("a filter that is the document's is no exception", func(t *testing.T) {
		at := bytes.Index(b, []byte("/StmF /StdCF"))
		other := bytes.Clone(b)
		copy(other[at:], "/StmF /Other") // no such filter: streams are in clear, but for those that ask
		d, err := opened(t, other, "user")
		if err != nil {
			t.Fatal(err)
		}
		page, err := d.Latest().Page(1)
		if err != nil {
			t.Fatal(err)
		}
		s, err := d.Latest().Stream(page.Dict["Contents"])
		if err != nil {
			t.Fatal(err)
		}
		if data, _, err := d.Latest().Decode(s); err != nil || len(data)%16 != 0 {
			t.Errorf("%q, %v", data, err)
		}
		s.Dict["Filter"], s.Dict["DecodeParms"] = pdf.Name("Crypt"), pdf.Dict{"Name": pdf.Name("StdCF")}
		content(t, d, page.Dict["Contents"], "0 0 m 9 w")
	})
}

func TestPermissionsAreThoseThatTheKeyProtects(t *testing.T) {
	b := kept(t, "aes-256-r6")
	for p, modify := range map[string]bool{"/P -12": false, "/P -4 ": false} {
		changed := bytes.Replace(b, []byte("/P -12"), []byte(p), 1)
		d, err := opened(t, changed, "user")
		if err != nil || d.Permissions().Modify != modify {
			t.Errorf("%s: %+v, %v", p, d.Permissions(), err)
		}
		if d, err := opened(t, changed, "owner"); err != nil || !d.Permissions().Modify {
			t.Errorf("%s: the owner has %+v, %v", p, d.Permissions(), err)
		}
	}
	t.Run("in RC4 they are part of the key", func(t *testing.T) {
		changed := bytes.Replace(kept(t, "rc4-128"), []byte("/P -1324"), []byte("/P -1316"), 1)
		if _, err := opened(t, changed, "user"); !errors.Is(err, pdf.ErrPassword) {
			t.Error(err)
		}
	})
}

// /AuthEvent (ISO 32000-2, table 25) says when a viewer asks; whoever signs needs the key for what is written, and so the password.
func TestAPasswordIsAskedForOnOpeningWhateverTheEvent(t *testing.T) {
	b := kept(t, "aes-128")
	for _, event := range []string{"DocOpen", "EFOpen "} {
		changed := bytes.Replace(b, []byte("/AuthEvent /DocOpen"), []byte("/AuthEvent /"+event), 1)
		if !bytes.Contains(changed, []byte("/AuthEvent /"+event)) {
			t.Fatal("the file names no event")
		}
		if _, err := opened(t, changed, ""); !errors.Is(err, pdf.ErrPassword) {
			t.Errorf("%s, no password: %v", event, err)
		}
		if _, err := opened(t, changed, "user"); err != nil {
			t.Errorf("%s: %v", event, err)
		}
	}
}

func TestEncryptionThatIsNotSupportedHasItsCode(t *testing.T) {
	for name, c := range map[string]struct {
		file, from, to string
		code           error
	}{
		"another handler":      {"rc4-128", "/Filter /Standard", "/Filter /Secret11", pdf.ErrUnsupported},
		"another version":      {"rc4-128", "/V 2", "/V 9", pdf.ErrUnsupported},
		"another revision":     {"aes-256-r6", "/R 6", "/R 7", pdf.ErrUnsupported},
		"another crypt filter": {"aes-256-r6", "/CFM /AESV3", "/CFM /AESV4", pdf.ErrUnsupported},
		"no dictionary":        {"rc4-128", "/Encrypt 6 0 R", "/Encrypt 66 0 R", pdf.ErrDamaged},
		"entries too short":    {"rc4-128", "/O <", "/X <", pdf.ErrDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			b := kept(t, c.file)
			changed := bytes.Replace(b, []byte(c.from), []byte(c.to), 1)
			if bytes.Equal(b, changed) {
				t.Fatal("nothing was changed")
			}
			for _, password := range []string{"user", "owner"} {
				if _, err := opened(t, changed, password); !errors.Is(err, c.code) {
					t.Errorf("%s: %v", password, err)
				}
			}
		})
	}
}

// ISO 32000-1, algorithm 7: without an owner's password the owner has the user's, and nothing is restricted for them.
func TestTheEmptyPasswordIsTheOwnersWhereNoneWasSet(t *testing.T) {
	for bits, restriction := range map[string]string{"40": "--modify=n", "128": "--modify=none"} {
		d, err := opened(t, encrypted(t, "", "", bits, restriction), "")
		if err != nil {
			t.Fatal(err)
		}
		if !d.Permissions().Owner {
			t.Errorf("%s bits: the owner is not known", bits)
		}
	}
	d, err := opened(t, encrypted(t, "", "owner", "128", "--modify=none", "--annotate=n"), "")
	if err != nil {
		t.Fatal(err)
	}
	if p := d.Permissions(); p.Owner || p.Modify || p.Annotate {
		t.Errorf("the user may do %+v", p)
	}
}

// Writers that leave /Length out mean 128 bits as well as the 40 of ISO 32000-1, table 20.
func TestAKeyLengthThatIsMissing(t *testing.T) {
	b := encrypted(t, "", "owner", "128", "--use-aes=n")
	missing := bytes.Replace(b, []byte("/Length 128"), []byte("/Wength 128"), 1)
	if bytes.Equal(b, missing) {
		t.Fatal("there is no /Length")
	}
	if _, err := opened(t, missing, ""); err != nil {
		t.Error(err)
	}
}
