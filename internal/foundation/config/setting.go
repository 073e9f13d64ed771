package config

import (
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/antinvn/antin/internal/foundation/fault"
)

// Kind is how a setting's text is read.
type Kind uint8

// The kinds.
const (
	Text     Kind = iota // letters, digits and signs, without spaces
	Path                 // of a file or folder
	Address              // scheme, host and port of a web server
	Listen               // host:port
	Database             // a path, or postgres://…
	Size                 // "100 MB": units of 1,024
	Networks             // "10.0.0.0/8, 192.0.2.7"
	Choice               // one of Choices
)

// Setting is one thing that can be set. What it is for stands in the catalogue under "config.setting.NAME".
type Setting struct {
	Name     string // "listen", or "s3.bucket" for bucket in section [s3]
	Kind     Kind
	Default  string
	Choices  []string // of a Choice
	Min, Max int64    // of a Size
	Secret   bool     // is never shown, and has no flag: others on the machine see those
	Optional bool     // may be empty

	set func(*Config, string)
}

// settings is the one list, in the order of the file; sections last.
var settings = []Setting{
	{Name: "public_address", Kind: Address, Default: "http://localhost:8480", set: func(c *Config, s string) { c.PublicAddress = parseAddress(s) }},
	{Name: "listen", Kind: Listen, Default: "localhost:8480", set: func(c *Config, s string) { c.Listen = s }},
	{Name: "data", Kind: Path, Default: "antin-data", set: func(c *Config, s string) { c.Data = s }},
	{Name: "database", Kind: Database, Default: "antin.db", set: func(c *Config, s string) { c.Database = s }},
	{Name: "master_keys", Kind: Path, Default: "antin-master.keys", set: func(c *Config, s string) { c.MasterKeys = s }},
	{Name: "upload_limit", Kind: Size, Default: "100 MB", Min: 1 << 20, Max: 2 << 30, set: func(c *Config, s string) { c.UploadLimit, _ = parseSize(s) }},
	{Name: "trusted_proxies", Kind: Networks, Optional: true, set: func(c *Config, s string) { c.TrustedProxies, _ = parseNetworks(s) }},
	{Name: "metrics_from", Kind: Networks, Default: "127.0.0.0/8, ::1", Optional: true, set: func(c *Config, s string) { c.MetricsFrom, _ = parseNetworks(s) }},
	{Name: "language", Kind: Choice, Default: "vi", Choices: []string{"vi", "en"}, set: func(c *Config, s string) { c.Language = s }},
	{Name: "training", Kind: Choice, Default: "off", Choices: []string{"on", "off"}, set: func(c *Config, s string) { c.Training = s == "on" }},
	{Name: "audit.checkpoint", Kind: Path, Optional: true, set: func(c *Config, s string) { c.AuditCheckpoint = s }},
	{Name: "audit.witness", Kind: Text, Optional: true, set: func(c *Config, s string) { c.AuditWitness = s }},
	{Name: "audit.witness_key", Kind: Text, Optional: true, set: func(c *Config, s string) { c.AuditWitnessKey = s }},
	{Name: "blob.folder", Kind: Path, Default: "blobs", set: func(c *Config, s string) { c.BlobFolder = s }},
	{Name: "s3.endpoint", Kind: Address, Optional: true, set: func(c *Config, s string) { c.s3().Endpoint = parseAddress(s) }},
	{Name: "s3.bucket", Kind: Text, Optional: true, set: func(c *Config, s string) { c.s3().Bucket = s }},
	{Name: "s3.region", Kind: Text, Default: "us-east-1", Optional: true, set: func(c *Config, s string) { c.s3().Region = s }},
	{Name: "s3.key_id", Kind: Text, Optional: true, set: func(c *Config, s string) { c.s3().KeyID = s }},
	{Name: "s3.secret", Kind: Text, Optional: true, Secret: true, set: func(c *Config, s string) { c.s3().Secret = s }},
	{Name: "log.level", Kind: Choice, Default: "info", Choices: []string{"debug", "info", "warn", "error"}, set: func(c *Config, s string) { c.LogLevel = level(s) }},
	{Name: "log.format", Kind: Choice, Default: "text", Choices: []string{"text", "json"}, set: func(c *Config, s string) { c.LogFormat = s }},
}

// Settings lists all settings in the order of the file.
func Settings() []Setting { return slices.Clone(settings) }

// Env is the variable that sets it.
func (s Setting) Env() string {
	return "ANTIN_" + strings.ToUpper(strings.ReplaceAll(s.Name, ".", "_"))
}

// Flag is the flag that sets it.
func (s Setting) Flag() string { return "--" + strings.NewReplacer(".", "-", "_", "-").Replace(s.Name) }

func byName(name string) (Setting, bool) { return find(func(s Setting) bool { return s.Name == name }) }

func byEnv(name string) (Setting, bool) { return find(func(s Setting) bool { return s.Env() == name }) }

func find(wanted func(Setting) bool) (Setting, bool) {
	i := slices.IndexFunc(settings, wanted)
	if i < 0 {
		return Setting{}, false
	}
	return settings[i], true
}

func (c *Config) s3() *S3 {
	if c.S3 == nil {
		c.S3 = &S3{}
	}
	return c.S3
}

var (
	plainText = regexp.MustCompile(`^[!-~]{1,1000}$`)
	aPath     = regexp.MustCompile(`^[^\x00-\x1f]{1,1000}$`)
	aHost     = regexp.MustCompile(`^[0-9A-Za-z_.:-]{1,253}$`)
)

// check says what is wrong with a value.
func (v value) check() *fault.Error {
	s, text := v.setting, v.text
	wrong := func(p *fault.Error) *fault.Error {
		p.Object = v.where()
		p = p.With("setting", s.Name)
		if !v.sensitive() {
			p = p.With("value", text)
		}
		return p
	}
	if text == "" && s.Optional {
		return nil
	}
	switch s.Kind {
	case Text:
		if !plainText.MatchString(text) {
			return wrong(fault.New(fault.Invalid, ErrText, ""))
		}
	case Path:
		if !aPath.MatchString(text) {
			return wrong(fault.New(fault.Invalid, ErrPath, ""))
		}
	case Address:
		if parseAddress(text) == nil {
			return wrong(fault.New(fault.Invalid, ErrAddress, ""))
		}
	case Listen:
		if !isListen(text) {
			return wrong(fault.New(fault.Invalid, ErrListen, ""))
		}
	case Database:
		if !isDatabase(text) {
			return wrong(fault.New(fault.Invalid, ErrDatabase, ""))
		}
	case Size:
		n, ok := parseSize(text)
		if !ok {
			return wrong(fault.New(fault.Invalid, ErrSize, ""))
		}
		if n < s.Min || n > s.Max {
			return wrong(fault.New(fault.Invalid, ErrBounds, "").With("min", formatSize(s.Min)).With("max", formatSize(s.Max)))
		}
	case Networks:
		if _, ok := parseNetworks(text); !ok {
			return wrong(fault.New(fault.Invalid, ErrNetworks, ""))
		}
	case Choice:
		if !slices.Contains(s.Choices, text) {
			return wrong(fault.New(fault.Invalid, ErrChoice, "").With("choices", strings.Join(s.Choices, ", ")))
		}
	}
	return nil
}

// where names the place of a value.
func (v value) where() string {
	if v.from == "" {
		return v.setting.Name
	}
	return v.from
}

// sensitive reports whether the value is a secret or holds one.
func (v value) sensitive() bool {
	if v.setting.Secret {
		return v.text != ""
	}
	if v.setting.Kind != Database || !strings.Contains(v.text, "://") {
		return false
	}
	u, err := url.Parse(v.text)
	if err != nil {
		return true
	}
	_, has := u.User.Password()
	return has || u.Query().Has("password")
}

// parseAddress returns nil for what is not a scheme, a host and perhaps a port.
func parseAddress(text string) *url.URL {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || !aHost.MatchString(u.Hostname()) || u.User != nil ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.ForceQuery || strings.Contains(text, "#") {
		return nil
	}
	if p := u.Port(); p != "" && !isPort(p, 1) || strings.HasSuffix(u.Host, ":") {
		return nil
	}
	return &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}
}

// Local reports whether a host is this machine alone: only there an address may be plain http. A name below localhost is none: a resolver
// may still ask others for it (RFC 6761, 6.3).
func Local(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

func isListen(text string) bool {
	host, port, err := net.SplitHostPort(text)
	return err == nil && (host == "" || aHost.MatchString(host)) && isPort(port, 0)
}

func isPort(text string, least uint64) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n >= least
}

func isDatabase(text string) bool {
	if !strings.Contains(text, "://") {
		return aPath.MatchString(text)
	}
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql")
}

var units = []struct {
	name  string
	bytes int64
}{{"GB", 1 << 30}, {"MB", 1 << 20}, {"kB", 1 << 10}, {"B", 1}}

func parseSize(text string) (int64, bool) {
	for _, u := range units {
		if number, ok := strings.CutSuffix(text, u.name); ok {
			n, err := strconv.ParseUint(strings.TrimSpace(number), 10, 31)
			return int64(n) * u.bytes, err == nil
		}
	}
	return 0, false
}

func formatSize(n int64) string {
	for _, u := range units {
		if n%u.bytes == 0 && n > 0 {
			return strconv.FormatInt(n/u.bytes, 10) + " " + u.name
		}
	}
	return "0 B"
}

const maxNetworks = 64

func parseNetworks(text string) (out []netip.Prefix, ok bool) {
	if text == "" {
		return nil, true
	}
	for one := range strings.SplitSeq(text, ",") {
		one = strings.TrimSpace(one)
		p, err := netip.ParsePrefix(one)
		if err != nil {
			a, err := netip.ParseAddr(one)
			if err != nil || a.Zone() != "" {
				return nil, false
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		if len(out) == maxNetworks {
			return nil, false
		}
		out = append(out, p.Masked())
	}
	return out, true
}

func level(text string) slog.Level {
	var l slog.Level
	if err := l.UnmarshalText([]byte(text)); err != nil {
		return slog.LevelInfo
	}
	return l
}
