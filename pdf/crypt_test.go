package pdf_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
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

func TestPasswordsOpenEncryptedFiles(t *testing.T) {
	for name, o := range map[string][]string{
		"RC4 of 40 bits":  {"user", "owner", "40"},
		"RC4 of 128 bits": {"user", "owner", "128", "--use-aes=n"},
		"AES-128":         {"user", "owner", "128", "--use-aes=y"},
		"AES-256":         {"user", "owner", "256"},
	} {
		t.Run(name, func(t *testing.T) {
			b := encrypted(t, o...)
			for password, owner := range map[string]bool{"user": false, "owner": true} {
				d, err := opened(t, b, password)
				if err != nil {
					t.Fatalf("%s: %v", password, err)
				}
				if d.Permissions().Owner != owner {
					t.Errorf("%s: owner %v", password, d.Permissions().Owner)
				}
				page, err := d.Latest().Page(1)
				if err != nil {
					t.Fatal(err)
				}
				if note := page.Dict["Note"]; note != pdf.String("Quyet dinh") {
					t.Errorf("%s: the page's note is %q", password, note)
				}
			}
			for _, password := range []string{"", "wrong"} {
				if _, err := opened(t, b, password); !errors.Is(err, pdf.ErrPassword) {
					t.Errorf("%q: %v", password, err)
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
