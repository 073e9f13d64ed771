package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/foundation/config"
	"github.com/antinvn/antin/internal/foundation/fault"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "antin.conf")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDefaultsAreComplete(t *testing.T) {
	c, err := config.Load(config.Sources{})
	if err != nil {
		t.Fatal(err)
	}
	if c.PublicAddress.String() != "http://localhost:8480" || c.Listen != "localhost:8480" || c.Database != filepath.Join("antin-data", "antin.db") ||
		c.BlobFolder != filepath.Join("antin-data", "blobs") || c.MasterKeys != "antin-master.keys" || c.S3 != nil || c.UploadLimit != 100<<20 ||
		c.Language != "vi" || c.Training || c.LogFormat != "text" || c.LogLevel != 0 || len(c.TrustedProxies) != 0 {
		t.Errorf("%+v", c)
	}
}

func TestAFlagWinsOverTheEnvironmentOverTheFile(t *testing.T) {
	file := write(t, "listen = :1\nlanguage = en\ntraining = on\ndata = here\n")
	c, err := config.Load(config.Sources{
		File:  file,
		Env:   []string{"ANTIN_LISTEN=:2", "ANTIN_LANGUAGE=vi", "OTHER=1", "ANTIN_PORT_8480_TCP=tcp://10.0.0.1:8480"},
		Flags: map[string]string{"listen": ":3"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != ":3" || c.Language != "vi" || !c.Training || !slices.Equal(c.Strays, []string{"ANTIN_PORT_8480_TCP"}) {
		t.Errorf("%+v", c)
	}
	var b strings.Builder
	if err := c.Print(&b, "en"); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{`listen +:3 +--listen`, `language +vi +ANTIN_LANGUAGE`, `training +on +antin\.conf:3`, `upload_limit +100 MB +default`, `s3\.secret +- +default`, `ANTIN_PORT_8480_TCP +names no setting`} {
		if !regexp.MustCompile(`(?m)^` + line + `$`).MatchString(b.String()) {
			t.Errorf("no line %s in\n%s", line, &b)
		}
	}
}

func TestRelativePathsLieBesideTheFile(t *testing.T) {
	file := write(t, "data = here\ndatabase = rows/x.db\n")
	dir := filepath.Dir(file)
	c, err := config.Load(config.Sources{File: file, Env: []string{"ANTIN_MASTER_KEYS=there.keys"}})
	if err != nil {
		t.Fatal(err)
	}
	if c.Data != filepath.Join(dir, "here") || c.Database != filepath.Join(dir, "here", "rows", "x.db") || c.BlobFolder != filepath.Join(dir, "here", "blobs") || c.MasterKeys != "there.keys" {
		t.Errorf("%+v", c)
	}
	c, err = config.Load(config.Sources{File: file, Flags: map[string]string{"data": "elsewhere", "database": "postgres://u@h/d"}})
	if err != nil {
		t.Fatal(err)
	}
	if c.Data != "elsewhere" || c.Database != "postgres://u@h/d" || c.MasterKeys != filepath.Join(dir, "antin-master.keys") {
		t.Errorf("%+v", c)
	}
}

const bucket = "[s3]\nendpoint = https://s3.example.vn:7070\nbucket = antin\nkey_id = me\nsecret = a#b \"c\n"

func TestSecretsAreMaskedAndKept(t *testing.T) {
	file := write(t, "database = postgres://antin:sesame@db/antin?sslmode=disable\n"+bucket)
	_, err := config.Load(config.Sources{File: file})
	if err == nil || !errors.Is(err, config.ErrText) {
		t.Fatalf("a secret with a space: %v", err)
	}
	if strings.Contains(err.Error(), "a#b") {
		t.Error("the error shows the secret")
	}
	c, err := config.Load(config.Sources{File: file, Env: []string{"ANTIN_S3_SECRET=a#b'c"}})
	if err != nil {
		t.Fatal(err)
	}
	if c.S3.Secret != "a#b'c" || c.S3.Bucket != "antin" || c.S3.Endpoint.Host != "s3.example.vn:7070" || c.S3.Region != "us-east-1" || c.BlobFolder != "" {
		t.Errorf("%+v", c.S3)
	}
	var b strings.Builder
	if err := c.Print(&b, "vi"); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"sesame", "a#b"} {
		if strings.Contains(b.String(), secret) {
			t.Errorf("%s is shown in\n%s", secret, &b)
		}
	}
	if !strings.Contains(b.String(), "antin:********@db/antin") && !strings.Contains(b.String(), "antin:%2A") {
		t.Error(b.String())
	}
}

func TestWhatIsWrongIsToldWithItsPlace(t *testing.T) {
	cases := map[string]struct {
		file   string
		kind   codes.Code
		object string
	}{
		"unknown":                  {"\n\nlisen = :1\n", config.ErrUnknown, "antin.conf:3"},
		"unknown section":          {"[s4]\nbucket = x\n", config.ErrUnknown, "antin.conf:2"},
		"known, in no section":     {"bucket = x\n", config.ErrUnknown, "antin.conf:1"},
		"twice":                    {"listen = :1\n# \nlisten = :1\n", config.ErrTwice, "antin.conf:3"},
		"no value":                 {"listen\n", config.ErrSyntax, "antin.conf:1"},
		"quotes":                   {"listen = \":1\"\n", config.ErrSyntax, "antin.conf:1"},
		"comment behind":           {"data = x # the folder\n", config.ErrSyntax, "antin.conf:1"},
		"wrong section":            {"[s3\n", config.ErrSyntax, "antin.conf:1"},
		"a byte that is no text":   {"data = \xff\n", config.ErrSyntax, "antin.conf:1"},
		"a name in capitals":       {"Listen = :1\n", config.ErrSyntax, "antin.conf:1"},
		"no port":                  {"listen = localhost\n", config.ErrListen, "antin.conf:1"},
		"port too high":            {"listen = :65536\n", config.ErrListen, "antin.conf:1"},
		"no scheme":                {"public_address = ky.example.vn\n", config.ErrAddress, "antin.conf:1"},
		"a path":                   {"public_address = https://ky.example.vn/antin\n", config.ErrAddress, "antin.conf:1"},
		"a user":                   {"public_address = https://a@ky.example.vn\n", config.ErrAddress, "antin.conf:1"},
		"a query":                  {"public_address = https://ky.example.vn?\n", config.ErrAddress, "antin.conf:1"},
		"an open port":             {"public_address = https://ky.example.vn:\n", config.ErrAddress, "antin.conf:1"},
		"plain http for others":    {"public_address = http://ky.example.vn\n", config.ErrPlain, "antin.conf:1"},
		"plain http by its name":   {"public_address = http://ky.localhost\n", config.ErrPlain, "antin.conf:1"},
		"no unit":                  {"upload_limit = 100\n", config.ErrSize, "antin.conf:1"},
		"below":                    {"upload_limit = 1023 kB\n", config.ErrBounds, "antin.conf:1"},
		"above":                    {"upload_limit = 3 GB\n", config.ErrBounds, "antin.conf:1"},
		"so large that it wraps":   {"upload_limit = 99999999999999 GB\n", config.ErrSize, "antin.conf:1"},
		"no network":               {"trusted_proxies = 10.0.0.0/8, proxy\n", config.ErrNetworks, "antin.conf:1"},
		"no choice":                {"language = fr\n", config.ErrChoice, "antin.conf:1"},
		"no database":              {"database = mysql://x/y\n", config.ErrDatabase, "antin.conf:1"},
		"an empty path":            {"data =\n", config.ErrPath, "antin.conf:1"},
		"keys in the data folder":  {"data = d\nmaster_keys = d/keys/master\n", config.ErrKeysInside, "antin.conf:2"},
		"witness without key":      {"[audit]\nwitness = https://w.example\n", config.ErrMissing, "audit.witness_key"},
		"keys in the blob folder":  {"master_keys = /b/master\n[blob]\nfolder = /b\n", config.ErrKeysInside, "antin.conf:1"},
		"a bucket without secret":  {"[s3]\nendpoint = http://h\nbucket = b\nkey_id = k\n", config.ErrMissing, "s3.secret"},
		"a bucket without address": {"[s3]\nbucket = b\n", config.ErrMissing, "s3.endpoint"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := config.Load(config.Sources{File: write(t, c.file)})
			var p config.Problems
			if !errors.As(err, &p) || len(p) != 1 || p[0].Kind != c.kind || p[0].Object != c.object {
				t.Errorf("%v, want %s %s", err, c.kind, c.object)
			}
			if !fault.Is(err, fault.Invalid) || codes.Of(err) == "" {
				t.Errorf("%v has no class or code", err)
			}
		})
	}
}

func TestEverythingWrongIsToldAtOnce(t *testing.T) {
	_, err := config.Load(config.Sources{File: write(t, "a = 1\nb\nlisten = x\n"), Env: []string{"ANTIN_TRAINING=yes"}, Flags: map[string]string{"s3.secret": "x", "upload_limit": "1"}})
	want := "config.unknown antin.conf:1\nconfig.syntax antin.conf:2\nconfig.unknown --s3.secret\nconfig.listen antin.conf:3\nconfig.size --upload-limit\nconfig.choice ANTIN_TRAINING"
	if err == nil || err.Error() != want {
		t.Errorf("%v, want\n%s", err, want)
	}
	if _, err := config.Load(config.Sources{File: write(t, strings.Repeat("b\n", 1000))}); strings.Count(err.Error(), "\n") > 60 {
		t.Error("there is no end to the list")
	}
}

func TestAFileThatCannotBeReadIsNamed(t *testing.T) {
	if _, err := config.Load(config.Sources{File: "/nowhere/antin.conf"}); !errors.Is(err, config.ErrFile) || !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	if _, err := config.Load(config.Sources{File: write(t, strings.Repeat("#\n", 40000))}); !errors.Is(err, config.ErrFile) {
		t.Error(err)
	}
}

func TestASecretInAFileThatEverybodyReadsIsRefused(t *testing.T) {
	for name, text := range map[string]string{"secret": strings.Replace(bucket, "a#b \"c", "x", 1), "password": "database = postgres://a:b@h/d\n"} {
		file := write(t, text)
		if _, err := config.Load(config.Sources{File: file}); err != nil {
			t.Fatal(name, err)
		}
		if err := os.Chmod(file, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := config.Load(config.Sources{File: file}); !errors.Is(err, config.ErrExposed) || !fault.Is(err, fault.Denied) {
			t.Errorf("%s: %v", name, err)
		}
	}
	open := write(t, "listen = :1\n")
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(config.Sources{File: open, Env: []string{"ANTIN_DATABASE=postgres://a:b@h/d"}}); err != nil {
		t.Errorf("a file without secret: %v", err)
	}
}

// TestTheExampleIsWhatHolds reads the example with every line switched on: it sets what is the default anyway.
func TestTheExampleIsWhatHolds(t *testing.T) {
	var b strings.Builder
	if err := config.Example(&b); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(config.Sources{File: write(t, b.String())}); err != nil {
		t.Errorf("as written: %v", err)
	}
	on := regexp.MustCompile(`(?m)^#([a-z0-9_]+ =)`).ReplaceAllString(b.String(), "$1")
	c, err := config.Load(config.Sources{File: write(t, on)})
	if err != nil {
		t.Fatalf("switched on: %v", err)
	}
	var p strings.Builder
	if err := c.Print(&p, "en"); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(p.String(), "default") || strings.Count(p.String(), "antin.conf:") != len(config.Settings()) {
		t.Errorf("a setting is missing in the example:\n%s", &p)
	}
	if strings.Contains(b.String(), "config.") {
		t.Error("a sentence is missing in the example")
	}
}

func TestEverySettingAndCodeHasItsTexts(t *testing.T) {
	wanted := map[string]bool{"config.example.head": true, "config.print.default": true, "config.print.stray": true}
	for _, s := range config.Settings() {
		wanted["config.setting."+s.Name] = true
	}
	source, err := os.ReadFile("codes.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`= "(config\.[a-z_]+)"`).FindAllStringSubmatch(string(source), -1) {
		wanted["fault."+m[1]+".what"], wanted["fault."+m[1]+".next"] = true, true
	}
	for _, lang := range []string{"vi", "en"} {
		b, err := config.Texts.ReadFile(lang + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]bool{}
		for line := range strings.Lines(string(b)) {
			if k, v, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " = "); ok {
				if found[k] || !wanted[k] || v == "" {
					t.Errorf("%s: %s is empty, stands twice, or nobody asks for it", lang, k)
				}
				found[k] = true
			}
		}
		for k := range wanted {
			if !found[k] {
				t.Errorf("%s has no %s", lang, k)
			}
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("listen = :1\n[s3]\nbucket = x\n")
	f.Add(bucket)
	f.Add("\ufeffpublic_address = https://[::1]:443\r\nupload_limit = 5 MB\ntrusted_proxies = ::1, 10.0.0.1/8")
	dir := f.TempDir()
	path := filepath.Join(dir, "antin.conf")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(config.Sources{File: path})
		if (c == nil) == (err == nil) {
			t.Fatal("neither settings nor an error, or both")
		}
		if err == nil && (c.PublicAddress == nil || c.UploadLimit < 1<<20 || c.UploadLimit > 2<<30) {
			t.Errorf("%+v", c)
		}
	})
}
