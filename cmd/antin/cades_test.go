package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// office is a folder with a letter to sign, and the arguments that reach the training servers.
type office struct {
	dir, letter string
	network     []string
}

func newOffice(t *testing.T) *office {
	t.Helper()
	p, dir, _ := servedWorkplace(t)
	o := &office{dir: dir, letter: filepath.Join(dir, "letter.txt")}
	o.network = []string{"--trust", filepath.Join(dir, "trust"), "--allow-host", p.Host()}
	if err := os.WriteFile(o.letter, []byte("Kính gửi: Ủy ban nhân dân các xã\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *office) tsa(t *testing.T) []string {
	t.Helper()
	served, err := loadTraining(o.dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer served.stop()
	return []string{"--tsa", served.tsaURL()}
}

func (o *office) path(name string) string { return filepath.Join(o.dir, name) }

// run calls a command that must end with that exit code.
func (o *office) run(t *testing.T, want int, args ...string) string {
	t.Helper()
	exit, out, errs := call(t, args...)
	if exit != want {
		t.Fatalf("antin %s: exit %d, not %d: %s%s", strings.Join(args, " "), exit, want, out, errs)
	}
	return out + errs
}

func (o *office) verify(t *testing.T, want int, args ...string) string {
	t.Helper()
	return o.run(t, want, append(append([]string{"verify", "--format", "json"}, o.network...), args...)...)
}

func TestAnyFileIsSignedAsCAdES(t *testing.T) {
	o := newOffice(t)
	online := append(o.tsa(t), o.network...)
	sign := func(args ...string) []string { return append(signArgs(o.dir, online...), args...) }

	attached, detached := o.path("out/letter.txt.p7m"), o.path("letter.txt.p7s")
	o.run(t, exitDone, sign(o.letter, "-o", o.path("out")+"/", "--as", "cades", "--level", "B-LTA")...)
	o.run(t, exitDone, sign(o.letter, "-o", o.dir, "--as", "cades-detached", "--level", "B-LTA")...)
	for _, file := range []string{attached, detached} {
		if out := o.verify(t, exitDone, file); !strings.Contains(out, `"level":"B-LTA"`) || !strings.Contains(out, `"format":"CAdES"`) {
			t.Errorf("%s: %s", file, out)
		}
	}
	spoiled := o.path("spoiled.txt")
	letter, err := os.ReadFile(o.letter)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := os.ReadFile(attached)
	if err != nil {
		t.Fatal(err)
	}
	lonely, err := os.ReadFile(detached)
	if err != nil {
		t.Fatal(err)
	}
	twin := bytes.Replace(signed, letter, bytes.Replace(letter, []byte("xã"), []byte("xá"), 1), 1)
	for name, b := range map[string][]byte{spoiled: append([]byte("!"), letter[1:]...), o.path("twin.p7m"): twin, o.path("lonely.p7s"): lonely} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{o.path("twin.p7m")}, {detached, "--detached", spoiled}} {
		if out := o.verify(t, exitFailed, args...); !strings.Contains(out, "HASH_FAILURE") {
			t.Errorf("%v: %s", args, out)
		}
	}
	if out := o.verify(t, exitUndetermined, o.path("lonely.p7s")); !strings.Contains(out, "SIGNED_DATA_NOT_FOUND") {
		t.Errorf("without the content: %s", out)
	}
	o.verify(t, exitDone, o.path("lonely.p7s"), "--detached", o.letter)
	if out := o.verify(t, exitUnreadable, attached, "--detached", o.letter); !strings.Contains(out, "cades.content") {
		t.Errorf("a content beside the one inside: %s", out)
	}
	if _, err := exec.LookPath("openssl"); err == nil {
		words, err := exec.Command("openssl", "cms", "-verify", "-binary", "-purpose", "any", "-inform", "DER", "-in", detached,
			"-content", o.letter, "-CAfile", o.path("trust/root.crt"), "-out", os.DevNull).CombinedOutput()
		if err != nil {
			t.Errorf("openssl: %s", words)
		}
	}
}

func TestCMSFilesAreExtendedStampedAndInspected(t *testing.T) {
	o := newOffice(t)
	online := append(o.tsa(t), o.network...)
	file := o.path("letter.txt.p7s")
	o.run(t, exitDone, append(signArgs(o.dir, o.letter, "-o", file, "--as", "cades-detached"), o.network...)...)
	o.run(t, exitDone, append([]string{"timestamp", file, "--in-place"}, online...)...)
	o.run(t, exitDone, append([]string{"extend", file, "--in-place", "--level", "B-LT"}, online...)...)
	o.run(t, exitDone, append([]string{"extend", file, "--in-place", "--level", "B-LTA"}, online...)...)
	o.run(t, exitDone, append(signArgs(o.dir, file, "--in-place", "--as", "cades-detached", "--countersign", "1", "--level", "B-T"), online...)...)
	agency := []string{"sign", "--key", "p12:" + o.path("agency.p12"), "--pin-file", o.path("pin.txt"), file, "-o", o.path("two.p7s"), "--as", "cades-detached", "--detached", o.letter}
	o.run(t, exitDone, append(agency, online...)...)
	out := o.verify(t, exitDone, o.path("two.p7s"), "--detached", o.letter)
	if strings.Count(out, `"type":"signature"`) != 2 || strings.Count(out, `"type":"counter-signature"`) != 1 || !strings.Contains(out, `"level":"B-LTA"`) || !strings.Contains(out, `"level":"B-B"`) {
		t.Error(out)
	}

	var i cmsInspection
	if err := json.Unmarshal([]byte(o.run(t, exitDone, "inspect", "--format", "json", file)), &i); err != nil {
		t.Fatal(err)
	}
	if !i.Detached || i.OCSP == 0 || len(i.Signatures) != 1 || len(i.Signatures[0].Timestamps) != 2 || len(i.Signatures[0].Counter) != 1 || i.Signatures[0].Error != "" {
		t.Errorf("%+v", i)
	}
	for _, want := range []string{"nội dung ở tệp khác", "giờ dấu thời gian lưu trữ", "chữ ký xác nhận 1: ", "OCSP"} {
		if words := o.run(t, exitDone, "inspect", file); !strings.Contains(words, want) {
			t.Errorf("%q is not in %s", want, words)
		}
	}
}

func TestWrongUsageOfCAdES(t *testing.T) {
	o := newOffice(t)
	attached := o.path("letter.txt.p7m")
	o.run(t, exitDone, signArgs(o.dir, o.letter, "-o", attached, "--as", "cades")...)
	for name, args := range map[string][]string{
		"a form that does not exist":       {o.letter, "-o", o.path("x"), "--as", "xades"},
		"a picture on any file":            {o.letter, "-o", o.path("x"), "--as", "cades", "--appearance", "text"},
		"a counter-signature in a PDF":     {o.letter, "-o", o.path("x"), "--countersign", "1"},
		"a negative signature":             {o.letter, "-o", o.path("x"), "--as", "cades", "--countersign", "-1"},
		"a content replaced by its own":    {o.letter, "--in-place", "--as", "cades"},
		"detached beside what is attached": {attached, "-o", o.path("x"), "--as", "cades-detached"},
	} {
		if out := o.run(t, exitUnreadable, signArgs(o.dir, args...)...); !strings.Contains(out, "cmd.usage") {
			t.Errorf("%s: %s", name, out)
		}
	}
	if out := o.run(t, exitUnreadable, signArgs(o.dir, attached, "-o", o.path("x"), "--as", "cades", "--countersign", "2")...); !strings.Contains(out, "cades.signer") {
		t.Errorf("a signature that is not there: %s", out)
	}
}
