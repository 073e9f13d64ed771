//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// person is somebody's browser.
type person struct {
	login, base string
	http        *http.Client
}

func newPerson(login, base string) *person {
	jar, _ := cookiejar.New(nil) // without options it never fails
	return &person{login: login, base: base, http: &http.Client{
		Jar: jar, Timeout: 5 * time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is what came back whole: for a redirect where it leads, else the page.
type answer struct {
	status         int
	location, page string
}

var errKilled = errors.New("no answer")

func (p *person) do(r *http.Request, err error) (a answer, _ error) {
	if err != nil {
		return a, err
	}
	got, err := p.http.Do(r)
	if err != nil {
		return a, errKilled
	}
	defer got.Body.Close()
	if a.status = got.StatusCode; a.status == http.StatusSeeOther {
		a.location = got.Header.Get("Location")
		return a, nil
	}
	b, err := io.ReadAll(got.Body)
	if err != nil {
		return a, errKilled
	}
	a.page = string(b)
	return a, nil
}

// get opens a page. What is no page is an error that says so.
func (p *person) get(path string) (string, error) {
	a, err := p.do(http.NewRequest(http.MethodGet, p.base+path, nil)) // the client has its time
	if err == nil && a.status != http.StatusOK {
		err = fmt.Errorf("%s: GET %s: %d %s %s", p.login, path, a.status, a.location, mainText(a.page))
	}
	return a.page, err
}

// form opens a page and fills the form in it that is sent to an address.
func (p *person) form(page, action string, fields map[string]string) (*post, error) {
	text, err := p.get(page)
	if err != nil {
		return nil, err
	}
	for _, f := range formsOf(text) {
		if f.action == action {
			if fields["agency"] == "mine" {
				fields["agency"] = f.values.Get("_agency")
			}
			if !f.fill(fields) {
				break
			}
			return &post{who: p, path: action, kind: "application/x-www-form-urlencoded", values: f.values, body: []byte(f.values.Encode()), page: text}, nil
		}
	}
	return nil, fmt.Errorf("%s: no form for %s with %v at %s: %s", p.login, action, fields, page, mainText(text))
}

// enter signs in.
func (p *person) enter() error {
	f, err := p.form("/dang-nhap", "/dang-nhap", map[string]string{"login": p.login, "password": demoPassword})
	if err != nil {
		return err
	}
	a, err := f.send()
	if err == nil && a.status != http.StatusSeeOther {
		err = fmt.Errorf("%s does not get in: %d %s", p.login, a.status, mainText(a.page))
	}
	return err
}

var aProblem = regexp.MustCompile(`(?s)<main.*?</main>`)

// mainText is what a page says to its reader.
func mainText(page string) string {
	text := regexp.MustCompile(`(?s)<[^>]*>|\s+`).ReplaceAllString(aProblem.FindString(page), " ")
	return strings.Join(strings.Fields(html.UnescapeString(text)), " ")
}

// post is a form that is sent, once or again and again.
type post struct {
	who        *person
	path, kind string
	values     url.Values
	body       []byte
	page       string // on which it stood

	what  string // it does
	steps []string
	first string // where the first sending led
}

func (p *post) send() (answer, error) {
	r, err := http.NewRequest(http.MethodPost, p.who.base+p.path, bytes.NewReader(p.body)) // the client has its time
	if err == nil {
		r.Header.Set("Content-Type", p.kind)
	}
	return p.who.do(r, err)
}

// attach makes a form with a file of it.
func (p *post) attach(name string, content []byte) error {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for key, all := range p.values {
		for _, v := range all {
			if err := w.WriteField(key, v); err != nil {
				return err
			}
		}
	}
	part, err := w.CreateFormFile("file", name)
	if err == nil {
		_, err = part.Write(content)
	}
	p.kind = w.FormDataContentType()
	err = errors.Join(err, w.Close())
	p.body = b.Bytes()
	return err
}
