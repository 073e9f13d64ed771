package main

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTextsOfTheDecree: decree 30/2020, appendix I: an attachment in a file of its own carries number, symbol and time; a copy its
// form, the copying agency and the time; neither shows a picture.
func TestTextsOfTheDecree(t *testing.T) {
	for _, program := range []string{"pdftotext", "pdffonts", "pdfimages"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	dir, in := workplace(t)
	const at = `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+07:00`
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"attachment": {[]string{"--appearance", "attachment", "--text", "05/2026/QĐ-UBND"}, "05/2026/QĐ-UBND\n" + at},
		"copy":       {[]string{"--appearance", "copy", "--text", "SAO Y", "--text", "Ủy ban nhân dân xã Ấm Thượng"}, "SAO Y\nỦy ban nhân dân xã Ấm Thượng\n" + at},
		"copy of the signer's agency": {[]string{
			"--appearance", "copy", "--text", "TRÍCH SAO", "--key", "p12:" + filepath.Join(dir, "agency.p12"),
		}, "TRÍCH SAO\nỦy ban nhân dân tỉnh Huấn Luyện\n" + at},
	} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out.pdf")
			if exit, stdout, stderr := call(t, signArgs(dir, append(c.args, in, "-o", out)...)...); exit != exitDone {
				t.Fatalf("exit %d %s %s", exit, stdout, stderr)
			}
			say := func(program string, args ...string) string {
				b, err := exec.CommandContext(t.Context(), program, args...).Output()
				if err != nil {
					t.Fatal(err)
				}
				return string(b)
			}
			if said := strings.TrimSpace(say("pdftotext", out, "-")); !regexp.MustCompile("^" + strings.ReplaceAll(c.want, "\n", `\s+`) + "$").MatchString(said) {
				t.Errorf("pdftotext reads %q", said)
			}
			if said := say("pdffonts", out); strings.Count(said, "\n") != 3 || !strings.Contains(said, "+LiberationSerif ") || !strings.Contains(said, "yes yes yes") {
				t.Errorf("pdffonts: %s", said)
			}
			if said := say("pdfimages", "-list", out); strings.Count(said, "\n") != 2 {
				t.Errorf("a picture is shown: %s", said)
			}
		})
	}
}
