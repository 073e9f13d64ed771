// Package config reads how the program is set up: one commented file, environment, flags. A flag wins over the environment, that over the
// file, that over the default.
//
//	c, err := config.Load(config.Sources{File: "/etc/antin/antin.conf", Env: os.Environ(), Flags: given})
//
// The file holds lines "name = value", sections "[s3]" and comments; [Example] writes one with every setting in it. Whatever is wrong is
// told at once, each with its file and line ([Problems]). [Config.Print] shows where each value came from, and no secret.
package config

import (
	"log/slog"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/antinvn/antin/internal/foundation/fault"
)

// Config is a checked set of values. It does not change.
type Config struct {
	// PublicAddress is how everybody reaches the program: scheme, host and port, without path. Certificates, links, QR codes and passkeys
	// are made of it.
	PublicAddress *url.URL
	Listen        string // host:port
	Data          string // the data folder
	Database      string // "postgres://…", or the path of an SQLite file
	BlobFolder    string // where files are kept when S3 is nil
	S3            *S3
	MasterKeys    string // the file of master keys, outside the data folder
	UploadLimit   int64  // bytes
	// TrustedProxies may say who the client is.
	TrustedProxies []netip.Prefix
	// MetricsFrom may read the figures.
	MetricsFrom []netip.Prefix
	LogLevel    slog.Level
	LogFormat   string // "text" or "json"
	Language    string // "vi" or "en": for whom nothing else says
	Training    bool   // training keys may be made and used

	// AuditCheckpoint is the file that keeps the audit log's last checkpoint outside the store; unless set it lies beside the data folder.
	AuditCheckpoint string
	// AuditWitness is the submission prefix of a witness of the audit log, AuditWitnessKey its verifier key; both empty for none.
	AuditWitness, AuditWitnessKey string

	// Strays are variables ANTIN_… that name no setting. They are no error: a container platform makes such names by itself.
	Strays []string

	values []value
}

// S3 is a bucket for files.
type S3 struct {
	Endpoint *url.URL
	Bucket   string
	Region   string
	KeyID    string
	Secret   string
}

// Sources is where values come from.
type Sources struct {
	// File is the path of the settings file; "" for none. It must be there.
	File string
	// Env is the environment as "NAME=value".
	Env []string
	// Flags are the flags that were given, by the names of their settings.
	Flags map[string]string
}

// value is what one setting got.
type value struct {
	setting Setting
	text    string
	from    string // "antin.conf:12", "ANTIN_LISTEN", "--listen"; "" for the default
	file    bool
}

// Load reads all sources and checks the whole. Its error is [Problems].
func Load(s Sources) (*Config, error) {
	c := &Config{}
	var problems Problems
	given := map[string]value{}
	if s.File != "" {
		lines, bad := readFile(s.File)
		problems = append(problems, bad...)
		for _, v := range lines {
			given[v.setting.Name] = v
		}
	}
	for _, e := range s.Env {
		name, text, _ := strings.Cut(e, "=")
		if !strings.HasPrefix(name, "ANTIN_") {
			continue
		}
		setting, ok := byEnv(name)
		if !ok {
			c.Strays = append(c.Strays, name)
			continue
		}
		given[setting.Name] = value{setting: setting, text: text, from: name}
	}
	for name, text := range s.Flags {
		setting, ok := byName(name)
		if !ok || setting.Secret {
			problems = append(problems, fault.New(fault.Invalid, ErrUnknown, "--"+name).With("setting", name))
			continue
		}
		given[name] = value{setting: setting, text: text, from: setting.Flag()}
	}
	for _, setting := range settings {
		v, ok := given[setting.Name]
		if !ok {
			v = value{setting: setting, text: setting.Default}
		}
		v.text = strings.TrimSpace(v.text)
		c.values = append(c.values, v)
		if p := v.check(); p != nil {
			problems = append(problems, p)
			continue
		}
		setting.set(c, v.text)
	}
	c.place(filepath.Dir(s.File))
	if len(problems) == 0 {
		problems = append(problems, c.whole(s.File)...)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return c, nil
}

// place gives relative paths their folder: what stands in the file, and defaults, lie beside the file; what a flag or variable says lies
// in the working folder; database and files lie in the data folder.
func (c *Config) place(beside string) {
	at := func(name, path string) string {
		v := c.value(name)
		if path == "" || filepath.IsAbs(path) || v.from != "" && !v.file {
			return path
		}
		return filepath.Join(beside, path)
	}
	c.Data = at("data", c.Data)
	c.MasterKeys = at("master_keys", c.MasterKeys)
	if c.AuditCheckpoint = at("audit.checkpoint", c.AuditCheckpoint); c.AuditCheckpoint == "" {
		c.AuditCheckpoint = filepath.Clean(c.Data) + ".checkpoint"
	}
	inside := func(path string) string {
		if path == "" || filepath.IsAbs(path) || strings.Contains(path, "://") {
			return path
		}
		return filepath.Join(c.Data, path)
	}
	c.Database, c.BlobFolder = inside(c.Database), inside(c.BlobFolder)
}

func (c *Config) value(name string) value {
	for _, v := range c.values {
		if v.setting.Name == name {
			return v
		}
	}
	return value{}
}

// whole checks what several settings say together.
func (c *Config) whole(file string) Problems {
	var problems Problems
	blame := func(v value, p *fault.Error) {
		p.Object = v.where()
		problems = append(problems, p.With("setting", v.setting.Name))
	}
	if c.PublicAddress.Scheme == "http" && !Local(c.PublicAddress.Hostname()) {
		blame(c.value("public_address"), fault.New(fault.Invalid, ErrPlain, "")) // cookies named __Host- and passkeys need https
	}
	if c.S3.Endpoint == nil {
		for _, name := range []string{"s3.bucket", "s3.key_id", "s3.secret"} {
			if c.value(name).text != "" {
				blame(c.value("s3.endpoint"), fault.New(fault.Invalid, ErrMissing, "").With("because", name))
				break
			}
		}
		c.S3 = nil
	} else {
		for _, v := range c.values {
			if strings.HasPrefix(v.setting.Name, "s3.") && v.text == "" {
				blame(v, fault.New(fault.Invalid, ErrMissing, "").With("because", "s3.endpoint"))
			}
		}
		c.BlobFolder = ""
	}
	for given, missing := range map[string]string{"audit.witness": "audit.witness_key", "audit.witness_key": "audit.witness"} {
		if c.value(given).text != "" && c.value(missing).text == "" {
			blame(c.value(missing), fault.New(fault.Invalid, ErrMissing, "").With("because", given))
		}
	}
	for _, folder := range []string{c.Data, c.BlobFolder} {
		if folder != "" && within(folder, c.MasterKeys) {
			// A copy of the data folder would carry the key to it.
			blame(c.value("master_keys"), fault.New(fault.Invalid, ErrKeysInside, "").With("folder", folder))
			break
		}
	}
	for _, v := range c.values {
		if v.file && v.sensitive() && exposed(file) {
			blame(v, fault.New(fault.Denied, ErrExposed, ""))
		}
	}
	return problems
}

func within(folder, path string) bool {
	f, err := filepath.Abs(folder)
	if err != nil {
		return true
	}
	p, err := filepath.Abs(path)
	if err != nil {
		return true
	}
	rel, err := filepath.Rel(f, p)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// Problems are all the things that are wrong, in the order of the file.
type Problems []*fault.Error //nolint:errname // it is a list, and named for what it lists

func (p Problems) Error() string {
	lines := make([]string, 0, len(p))
	for _, e := range p {
		lines = append(lines, e.Error())
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets [errors.Is] and [fault.Of] see each of them.
func (p Problems) Unwrap() []error {
	out := make([]error, 0, len(p))
	for _, e := range p {
		out = append(out, e)
	}
	return out
}
