package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/internal/foundation/seal"
)

// freePort is one that nobody has now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestServeAnswersAndStops(t *testing.T) {
	dir := t.TempDir()
	keys := filepath.Join(dir, "master.keys")
	if _, err := seal.Create(keys); err != nil {
		t.Fatal(err)
	}
	address := freePort(t)
	var out, errs bytes.Buffer
	e := &env{stdout: &out, stderr: &errs, clock: time.Now, lang: "vi"}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, e, []string{"serve", "--listen", address, "--public-address", "http://" + address, "--data", filepath.Join(dir, "data"), "--master-keys", keys})
	}()
	var page string
	for range 200 {
		time.Sleep(20 * time.Millisecond)
		r, err := http.Get("http://" + address + "/")
		if err != nil {
			continue
		}
		b, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		page = string(b)
		break
	}
	if !strings.Contains(page, "Ấn tín") {
		t.Errorf("no first page: %q %s", page, errs.String())
	}
	if said := checkAt(t, "http://"+address, "../../testdata/vectors/pades-sealed.pdf"); !strings.Contains(said, "Chưa kết luận được về chữ ký của") || !strings.Contains(said, `name="answer"`) {
		t.Errorf("a stranger who checks a file hears %s", said)
	}
	if r, err := http.Get("http://" + address + "/api/openapi.json"); err != nil {
		t.Error(err)
	} else {
		var doc struct{ Paths map[string]any }
		if err := json.NewDecoder(r.Body).Decode(&doc); err != nil || doc.Paths["/api/checks"] == nil || doc.Paths["/api/registers/numbers"] == nil {
			t.Errorf("%v: the calls are %v", err, doc.Paths)
		}
		r.Body.Close()
	}
	stop()
	if code := <-ended; code != exitDone {
		t.Errorf("ended with %d: %s", code, errs.String())
	}
	if !strings.Contains(out.String(), "http://"+address) {
		t.Errorf("it does not say where it runs: %s", out.String())
	}
	if _, err := os.Stat(filepath.Join(dir, "data", "antin.db")); err != nil {
		t.Error(err)
	}
}

// checkAt sends a file to be checked, as anybody does, and returns the page: a child of the house reads the file.
func checkAt(t *testing.T, address, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", filepath.Base(file))
	if err == nil {
		_, err = part.Write(content)
	}
	if err = errors.Join(err, form.Close()); err != nil {
		t.Fatal(err)
	}
	r, err := http.Post(address+"/kiem-tra", form.FormDataContentType(), &body)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestServeSaysWhatIsMissing(t *testing.T) {
	dir := t.TempDir()
	keys := filepath.Join(dir, "master.keys")
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, c := range map[string]struct {
		args []string
		keys bool
		exit int
		want []string
	}{
		"no master keys":     {[]string{"--data", filepath.Join(dir, "a"), "--master-keys", keys}, false, exitFailed, []string{"seal.keys", "khóa chủ"}},
		"two wrong settings": {[]string{"--listen", "nowhere", "--upload-limit", "1"}, true, exitUnreadable, []string{"config.listen", "config.size"}},
		"the port is taken": {
			[]string{"--listen", taken.Addr().String(), "--data", filepath.Join(dir, "b"), "--master-keys", keys}, true, exitFailed, []string{"cmd.listen", taken.Addr().String()},
		},
		"an argument": {[]string{"x"}, true, exitUnreadable, []string{"cmd.usage"}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := os.Stat(keys); c.keys && err != nil {
				if _, err := seal.Create(keys); err != nil {
					t.Fatal(err)
				}
			} else if !c.keys {
				os.Remove(keys)
			}
			var out, errs bytes.Buffer
			e := &env{stdout: &out, stderr: &errs, clock: time.Now, lang: "vi"}
			if code := run(t.Context(), e, append([]string{"serve"}, c.args...)); code != c.exit {
				t.Errorf("exit %d", code)
			}
			for _, w := range c.want {
				if !strings.Contains(errs.String(), w) {
					t.Errorf("no %q in %s", w, errs.String())
				}
			}
		})
	}
}

func TestConfigTellsWhereValuesComeFrom(t *testing.T) {
	var out, errs bytes.Buffer
	e := &env{stdout: &out, stderr: &errs, clock: time.Now, lang: "en", environ: []string{"ANTIN_LISTEN=localhost:9999", "ANTIN_S3_SECRET=hidden"}}
	args := []string{"config", "print", "--data", "here", "--s3-endpoint", "https://s3.example", "--s3-bucket", "b", "--s3-key-id", "k"}
	if code := run(t.Context(), e, args); code != exitDone {
		t.Fatal(code, errs.String())
	}
	for _, want := range []string{"ANTIN_LISTEN", "--data", "********", "default"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "hidden") {
		t.Error("a secret is shown")
	}
	out.Reset()
	if code := run(t.Context(), e, []string{"config", "example"}); code != exitDone || !strings.Contains(out.String(), "#listen = localhost:8480") {
		t.Error(code, out.String())
	}
	if code := run(t.Context(), e, []string{"config"}); code != exitUnreadable {
		t.Error(code)
	}
}

func TestInitPreparesAHouseThatItsOperatorEnters(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	address := freePort(t)
	var out, errs bytes.Buffer
	e := &env{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, clock: time.Now, lang: "vi"}
	args := []string{"init", "--format", "json", "--agency", "Ủy ban nhân dân tỉnh Mẫu", "--operator", "Lò Văn Vận", "--listen", address, "--public-address", "http://" + address}
	if code := run(t.Context(), e, args); code != exitDone {
		t.Fatal(code, out.String(), errs.String())
	}
	var done begun
	if err := json.Unmarshal(out.Bytes(), &done); err != nil || done.Login != "vanhanh" || len(done.Password) < 12 {
		t.Fatal(err, out.String())
	}
	for _, name := range []string{done.Settings, done.MasterKeys} {
		if st, err := os.Stat(name); err != nil || st.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v %v", name, st, err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, e, []string{"serve"}) }()
	defer func() { stop(); <-ended }()
	b := browserAt(t, "http://"+address)
	b.until("/dang-nhap")
	page := b.send("/dang-nhap", map[string]string{"login": "vanhanh", "password": done.Password})
	if !strings.Contains(page, "mật khẩu mới") && !strings.Contains(page, "Mật khẩu mới") {
		t.Errorf("no new password is asked for: %s", page)
	}
	// A new house is empty; its first pages say what can be done, to a visitor and to the operator.
	if visitor := browserAt(t, "http://"+address).get("/"); !strings.Contains(visitor, `href="/kiem-tra"`) || !strings.Contains(visitor, "Cán bộ, công chức") {
		t.Errorf("a visitor is told nothing: %s", visitor)
	}
	const own = "bốn từ không liên quan"
	page = b.sendHere(page, map[string]string{"password": own, "again": own})
	for _, want := range []string{"Bắt đầu: cơ quan và người", `href="/nguoi/moi"`, "Bắt đầu: tài khoản", `href="/tai-khoan/moi"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the operator is not told to begin with %s: %s", want, page)
		}
	}
	// A second time nothing is written over, and nobody gets a second operator.
	out.Reset()
	errs.Reset()
	before, err := os.ReadFile(done.MasterKeys)
	if err != nil {
		t.Fatal(err)
	}
	stop()
	<-ended
	ended <- 0
	if code := run(t.Context(), e, args[:7]); code != exitFailed || !strings.Contains(out.String(), "auth.first") {
		t.Error(code, out.String(), errs.String())
	}
	if after, err := os.ReadFile(done.MasterKeys); err != nil || !bytes.Equal(before, after) {
		t.Error("the master keys were written over", err)
	}
}

func TestInitNeedsNames(t *testing.T) {
	t.Chdir(t.TempDir())
	var out bytes.Buffer
	e := &env{stdin: strings.NewReader(""), stdout: &out, stderr: &out, clock: time.Now, lang: "vi"}
	if code := run(t.Context(), e, []string{"init"}); code != exitUnreadable || !strings.Contains(out.String(), "--agency") {
		t.Error(code, out.String())
	}
	for _, day := range []string{"01/01/2199", "hôm qua"} {
		out.Reset()
		if code := run(t.Context(), e, []string{"init", "--agency", "A", "--operator", "B", "--since", day}); code != exitUnreadable || !strings.Contains(out.String(), "01/07/2025") {
			t.Error(day, code, out.String())
		}
	}
	if entries, err := os.ReadDir("."); err != nil || len(entries) > 0 {
		t.Error("something was written", entries, err)
	}
}
