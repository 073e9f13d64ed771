package config

import (
	"embed"
	"fmt"
	"io"
	"net/url"
	"strings"
	"text/tabwriter"
)

// Texts are this package's sentences, one file a language.
//
//go:embed vi.txt en.txt
var Texts embed.FS

// text finds a sentence. The file is part of the program, and tests hold it complete.
func text(lang, key string) string {
	b, err := Texts.ReadFile(lang + ".txt")
	if err != nil {
		return key
	}
	for line := range strings.Lines(string(b)) {
		if k, v, ok := strings.Cut(strings.TrimRight(line, "\r\n"), " = "); ok && k == key {
			return v
		}
	}
	return key
}

// Print shows each value and where it came from, in a language. Secrets are masked.
func (c *Config) Print(w io.Writer, lang string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, v := range c.values {
		from := v.from
		if from == "" {
			from = text(lang, "config.print.default")
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", v.setting.Name, v.shown(), from)
	}
	for _, name := range c.Strays {
		fmt.Fprintf(t, "%s\t\t%s\n", name, text(lang, "config.print.stray"))
	}
	return t.Flush()
}

// mask stands for a secret, whatever its length.
const mask = "********"

func (v value) shown() string {
	switch {
	case v.text == "":
		return "-"
	case !v.sensitive():
		return v.text
	case v.setting.Secret:
		return mask
	}
	// A database's address says which database; only the password in it is secret.
	u, err := url.Parse(v.text)
	if err != nil {
		return mask
	}
	if q := u.Query(); q.Has("password") {
		q.Set("password", mask)
		u.RawQuery = q.Encode()
	}
	if _, has := u.User.Password(); has {
		u.User = url.UserPassword(u.User.Username(), mask)
	}
	return u.String()
}

// About says what a setting is for, in a language.
func (s Setting) About(lang string) string { return text(lang, "config.setting."+s.Name) }

// Example writes a settings file with every setting in it, each explained and switched off, which is its default.
func Example(w io.Writer) error { return Write(w, nil) }

// Write writes a settings file with every setting in it, each explained; those that have a value are switched on.
func Write(w io.Writer, values map[string]string) error {
	var b strings.Builder
	for _, lang := range []string{"vi", "en"} {
		for line := range strings.SplitSeq(text(lang, "config.example.head"), `\n`) {
			b.WriteString("# " + line + "\n")
		}
	}
	section := ""
	for _, s := range settings {
		name := s.Name
		if in, rest, ok := strings.Cut(name, "."); ok {
			name = rest
			if in != section {
				section = in
				b.WriteString("\n[" + in + "]\n")
			}
		}
		b.WriteString("\n# " + s.About("vi") + "\n# " + s.About("en") + "\n")
		switch {
		case len(s.Choices) > 0:
			b.WriteString("# " + strings.Join(s.Choices, " | ") + "\n")
		case s.Max > 0:
			b.WriteString("# " + formatSize(s.Min) + " … " + formatSize(s.Max) + "\n")
		}
		if v, ok := values[s.Name]; ok {
			b.WriteString(name + " = " + v + "\n")
			continue
		}
		b.WriteString(strings.TrimRight("#"+name+" = "+s.Default, " ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}
