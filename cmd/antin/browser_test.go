package main

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// browser goes through the house as one without JavaScript does: it follows links and sends forms as they stand on the page.
type browser struct {
	t    *testing.T
	base string
	http *http.Client
	page string // the last one
}

func browserAt(t *testing.T, base string) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, base: base, http: &http.Client{Jar: jar, Timeout: 30 * time.Second}}
}

// until waits for the house to answer.
func (b *browser) until(path string) {
	b.t.Helper()
	for range 400 {
		if r, err := b.http.Get(b.base + path); err == nil {
			r.Body.Close()
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	b.t.Fatal("the house does not answer")
}

// get opens a page.
func (b *browser) get(path string) string {
	b.t.Helper()
	r, err := b.http.Get(b.base + path)
	return b.read(r, err)
}

var (
	aForm   = regexp.MustCompile(`(?s)<form[^>]*method="post"[^>]*action="([^"]*)"[^>]*>(.*?)</form>`)
	aHidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)
	aField  = regexp.MustCompile(`name="([^"]*)"`)
)

// send opens a page and sends the form in it that has all of these fields.
func (b *browser) send(path string, fields map[string]string) string {
	b.t.Helper()
	return b.sendHere(b.get(path), fields)
}

func (b *browser) sendHere(page string, fields map[string]string) string {
	b.t.Helper()
	for _, f := range formsOf(page) {
		if f.fill(fields) {
			r, err := b.http.PostForm(b.base+f.action, f.values)
			return b.read(r, err)
		}
	}
	b.t.Fatalf("no form with %v in: %s", fields, page)
	return ""
}

// pageForm is a form as it stands on a page.
type pageForm struct {
	action string
	values url.Values        // of its hidden fields
	wire   map[string]string // the names of its fields as they are sent: a secret's carries a mark
}

func formsOf(page string) (out []pageForm) {
	for _, f := range aForm.FindAllStringSubmatch(page, -1) {
		x := pageForm{html.UnescapeString(f[1]), url.Values{}, map[string]string{}}
		for _, n := range aField.FindAllStringSubmatch(f[2], -1) {
			x.wire[strings.TrimPrefix(n[1], "~")] = n[1]
		}
		for _, h := range aHidden.FindAllStringSubmatch(f[2], -1) {
			x.values.Set(html.UnescapeString(h[1]), html.UnescapeString(h[2]))
		}
		out = append(out, x)
	}
	return out
}

// fill writes into its fields, and reports whether it has all of them.
func (f *pageForm) fill(fields map[string]string) bool {
	for name, value := range fields {
		at, ok := f.wire[name]
		if !ok {
			return false
		}
		f.values.Set(at, value)
	}
	return true
}

func (b *browser) read(r *http.Response, err error) string {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer r.Body.Close()
	page, err := io.ReadAll(r.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	b.page = string(page)
	return b.page
}
