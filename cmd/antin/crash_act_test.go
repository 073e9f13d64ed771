//go:build linux

package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// journal is what was answered, as those remember it who got the answers.
type journal struct {
	mu       sync.Mutex
	acts     int
	answered []*post // the last ones that led somewhere
	papers   []*sheet
	made     map[string][]string // names by kind: unit, person, account
	open     []*person           // who was let in and not out
	closed   []*person           // who was let out
	problems []string
	all      []*flight
}

// flight is what one caller waits for.
type flight struct {
	*post

	took func(answer)
}

// sheet is a document as its people know it.
type sheet struct {
	title, id string
	steps     []string // that were answered
	hash      [sha256.Size]byte
	hashed    int // after so many steps
}

// caller acts until nobody answers.
type caller interface{ act(j *journal) }

const answeredKept = 60

// do sends a form: it is in flight until it is answered, and then one act more, unless the answer is another than a redirect (or a page,
// where that is wanted).
func (j *journal) do(f *flight, p *post, page bool, took func(answer)) error {
	j.mu.Lock()
	f.post, f.took = p, func(a answer) {
		j.mu.Lock()
		defer j.mu.Unlock()
		f.post = nil
		if a.status != http.StatusSeeOther && (!page || a.status != http.StatusOK) {
			j.problems = append(j.problems, fmt.Sprintf("%s %s: %d %s", p.what, p.path, a.status, mainText(a.page)))
			return
		}
		j.acts++
		took(a)
		if p.first = a.location; p.first != "" {
			if j.answered = append(j.answered, p); len(j.answered) > answeredKept {
				j.answered = slices.Delete(j.answered, 0, 1)
			}
		}
	}
	j.mu.Unlock()
	a, err := p.send()
	if err != nil {
		return err
	}
	if f.took(a); p.first == "" && a.status != http.StatusOK {
		return errKilled // what is wrong is noted; nobody goes on from it
	}
	return nil
}

// note keeps an error that a kill does not explain.
func (j *journal) note(err error) {
	if err == nil || errors.Is(err, errKilled) {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.problems = append(j.problems, err.Error())
}

func (j *journal) wrongs() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := j.problems
	j.problems = nil
	return out
}

func (j *journal) count() int { return j.acts }

func (j *journal) inFlight() string {
	n := map[string]int{}
	for _, f := range j.all {
		if f.post != nil {
			n[f.what]++
		}
	}
	return counted(n)
}

func counted(n map[string]int) string {
	var out []string
	for what, k := range n {
		out = append(out, fmt.Sprintf("%d %s", k, what))
	}
	slices.Sort(out)
	if len(out) == 0 {
		return "nothing"
	}
	return strings.Join(out, ", ")
}

func (j *journal) newFlight() *flight {
	f := &flight{}
	j.all = append(j.all, f)
	return f
}

func (j *journal) closeIdle() { http.DefaultTransport.(*http.Transport).CloseIdleConnections() }

// desk carries one document after the other from the draft to its issue: a drafter, a leader, a clerk.
type desk struct {
	n                      int
	drafter, leader, clerk *person
	files                  [][]byte
	flight                 *flight
	sheet                  *sheet
	made                   int
}

func (d *desk) act(j *journal) {
	for {
		if err := d.step(j); err != nil {
			j.note(err)
			return
		}
	}
}

var aRecipient = regexp.MustCompile(`name="to" value="(agy_\w+)"`)

// step does what the document needs next; one of ten is returned first.
func (d *desk) step(j *journal) error {
	if d.sheet == nil {
		return d.write(j)
	}
	s := d.sheet
	at := "/van-ban/" + s.id
	var p *post
	var err error
	var steps []string
	var what string
	switch last := s.steps[len(s.steps)-1]; {
	case last == "sealed":
		d.sheet = nil
		return nil
	case last == "signed":
		what, steps = "seal", []string{"numbered", "sealed"}
		p, err = d.clerk.form(at+"/phat-hanh", at+"/phat-hanh", nil)
	case last == "returned":
		what, steps = "replace", []string{"replaced"}
		if p, err = d.drafter.form(at+"/tep-moi", at+"/tep-moi", nil); err == nil {
			err = p.attach("sua.pdf", d.files[rand.N(len(d.files))])
		}
	case last == "written" && rand.N(10) == 0:
		what, steps = "return", []string{"returned"}
		p, err = d.leader.form(at+"/tra-lai", at+"/tra-lai", map[string]string{"reason": "Bổ sung căn cứ pháp lý."})
	default:
		what, steps = "sign", []string{"signed"}
		p, err = d.leader.form(at+"/ky", at+"/ky", nil)
	}
	if err != nil {
		return err
	}
	p.what, p.steps = what, steps
	if err := j.do(d.flight, p, false, func(answer) { s.steps = append(s.steps, steps...) }); err != nil || s.steps[len(s.steps)-1] == "returned" {
		return err
	}
	return s.read(j, d.drafter)
}

func (d *desk) write(j *journal) error {
	d.made++
	s := &sheet{title: fmt.Sprintf("Về việc thử máy dừng, bàn %d, văn bản %d", d.n, d.made)}
	p, err := d.drafter.form("/van-ban/moi", "/van-ban/moi", map[string]string{"title": s.title, "kind": []string{"quyet-dinh", "ke-hoach"}[rand.N(2)]})
	if err != nil {
		return err
	}
	for _, to := range aRecipient.FindAllStringSubmatch(p.page, 3) {
		p.values.Add("to", to[1])
	}
	if err := p.attach("du-thao.pdf", d.files[rand.N(len(d.files))]); err != nil {
		return err
	}
	p.what, p.steps = "write", []string{"written"}
	d.sheet = s
	j.mu.Lock()
	j.papers = append(j.papers, s)
	j.mu.Unlock()
	return j.do(d.flight, p, false, func(a answer) {
		s.id, s.steps = strings.TrimPrefix(a.location, "/van-ban/"), p.steps
	})
}

// read opens the content, and remembers what it is.
func (s *sheet) read(j *journal, who *person) error {
	page, err := who.get("/van-ban/" + s.id + "/tep")
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	s.hash, s.hashed = sha256.Sum256([]byte(page)), len(s.steps)
	return nil
}

// keeper is the operator at work: units, people, accounts.
type keeper struct {
	operator *person
	flight   *flight
	agency   string
	n        int
}

func (o *keeper) act(j *journal) {
	for {
		if err := o.step(j); err != nil {
			j.note(err)
			return
		}
	}
}

func (o *keeper) step(j *journal) error {
	o.n++
	today := time.Now().Format("02/01/2006")
	what, at, fields := "unit", "/co-quan/"+o.agency+"/them-don-vi", map[string]string{"kind": "division", "from": today}
	switch o.n % 3 {
	case 1:
		what, at, fields = "person", "/nguoi/moi", map[string]string{"agency": "mine", "from": today}
	case 2:
		what, at, fields = "account", "/tai-khoan/moi", map[string]string{"agency": "mine", "kind": "service", "login": fmt.Sprintf("dich-vu-%d", o.n)}
	}
	name := fmt.Sprintf("Thử Máy Dừng %s", letters(o.n))
	fields["name"] = name
	p, err := o.operator.form(at, at, fields)
	if err != nil {
		return err
	}
	p.what = what
	return j.do(o.flight, p, what == "account", func(answer) { j.made[what] = append(j.made[what], name) })
}

// letters writes a number as names are written.
func letters(n int) string {
	var b strings.Builder
	for _, d := range fmt.Sprint(n) {
		b.WriteByte("abcdefghij"[d-'0'])
	}
	return strings.ToUpper(b.String()[:1]) + b.String()[1:]
}

// gate lets people in and out.
type gate struct {
	base   string
	login  string
	flight *flight
}

const gateKept = 4

func (g *gate) act(j *journal) {
	for {
		p := newPerson(g.login, g.base)
		if err := p.enter(); err != nil {
			if strings.Contains(err.Error(), "quá nhiều lần") { // what was killed in mid-try counts as a wrong one
				time.Sleep(loadTime / 4)
				continue
			}
			j.note(err)
			return
		}
		j.mu.Lock()
		j.acts++
		j.open = append(j.open, p)
		var leaves *person
		if len(j.open) > gateKept {
			leaves = j.open[0]
		}
		j.mu.Unlock()
		if leaves == nil {
			continue
		}
		out, err := leaves.form("/tai-khoan-cua-toi", "/dang-xuat", nil)
		if err != nil {
			j.note(err)
			return
		}
		j.mu.Lock()
		j.open = slices.DeleteFunc(j.open, func(p *person) bool { return p == leaves })
		j.mu.Unlock()
		out.what = "sign out"
		err = j.do(g.flight, out, false, func(answer) {
			if j.closed = append(j.closed, leaves); len(j.closed) > gateKept {
				j.closed = j.closed[1:]
			}
		})
		if err != nil {
			return
		}
	}
}

// visitor has signatures checked, in children of the house, and looks around.
type visitor struct {
	reader *person
	file   []byte
}

func (v *visitor) act(j *journal) {
	for {
		p, err := v.reader.form("/kiem-tra", "/kiem-tra", nil)
		if err == nil {
			err = p.attach("x.pdf", v.file)
		}
		if err == nil {
			_, err = p.send()
		}
		for _, page := range []string{"/", "/van-ban", "/so-van-ban", "/co-quan"} {
			if err == nil {
				_, err = v.reader.get(page)
			}
		}
		if err != nil {
			j.note(err)
			return
		}
	}
}

// people makes who acts, and what they write on.
func (c *crash) people(t *testing.T, p *past) {
	t.Helper()
	topics, err := demoTopics()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(p.accounts, func(a demoAccount) bool { return a.Login == "soanthao" })
	k := slices.IndexFunc(p.bodies, func(b *demoBody) bool { return i >= 0 && b.ShortName == p.accounts[i].Agency })
	if k < 0 {
		t.Fatalf("nobody writes: %+v", p.accounts)
	}
	p.clock.Set(time.Now())
	var files [][]byte
	for _, topic := range topics {
		b, err := p.paper(t.Context(), p.bodies[k], topic)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, b)
	}
	base := "http://" + c.address
	c.journal = &journal{made: map[string][]string{}}
	somebody := func(login string) *person {
		x := newPerson(login, base)
		c.persons = append(c.persons, x)
		return x
	}
	var drafter, leader, clerk []*person
	for range 2 {
		drafter, leader, clerk = append(drafter, somebody("soanthao")), append(leader, somebody("lanhdao")), append(clerk, somebody("vanthu"))
	}
	for n := range 6 {
		c.callers = append(c.callers, &desk{n: n, drafter: drafter[n%2], leader: leader[n%2], clerk: clerk[n%2], files: files, flight: c.journal.newFlight()})
	}
	c.callers = append(c.callers,
		&keeper{operator: somebody("vanhanh"), agency: p.top.Text("agy"), flight: c.journal.newFlight()},
		&gate{base: base, login: "kiemtra", flight: c.journal.newFlight()},
		&visitor{reader: somebody("vanthu.snv"), file: files[0]},
	)
}
