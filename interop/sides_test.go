package interop

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/cades"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/trust"
	"github.com/antinvn/antin/verify"
)

// The states in which a signed file is judged.
const (
	asIs          = "as it is"
	byteChanged   = "a byte changed"
	revokedBefore = "revoked before it was signed"
	revokedAfter  = "revoked after it was signed"
	expired       = "certificate expired at the time of validation"
	otherAnchor   = "no trust anchor"
	offline       = "no revocation data to be had"
	withSHA1      = "SHA-1"
)

var states = []string{asIs, byteChanged, revokedBefore, revokedAfter, expired, otherAnchor, offline, withSHA1}

const (
	inPDF    = "PAdES"
	attached = "CAdES attached"
	detached = "CAdES detached"
)

// later is how far the time of validation is moved where the certificates, of two years, shall have expired.
const later = 3 * 365 * 24 * time.Hour

// judged is a signed file in one state, and what each validator says of it.
type judged struct {
	producer, format string
	level            string
	state            string
	algorithm        string
	path, content    string // content: of what is detached

	said map[string]opinion // by validator
}

func (s *judged) String() string {
	return strings.Join([]string{s.format, s.level, s.producer, s.state}, ", ")
}

// opinion is what a validator says of the signatures of a file, in their order.
type opinion struct {
	words  []string // "TOTAL_PASSED", "INDETERMINATE/NO_POE"
	levels []string // nil where it gives none
}

// sides makes, changes and judges the files of the table.
type sides struct {
	*pki
	t        *testing.T
	dir      string
	dss, pyh *conversation
	letter   string // the content of what is detached
	other    string // a root under which nothing was issued
	all      []*judged
	n        int
}

// signing is one file to be signed.
type signing struct {
	producer, format string
	level            pades.Level
	algorithm        string
	id               *identity
	sha1             bool
	in, out          string
}

func newSides(t *testing.T) *sides {
	t.Helper()
	p := newPKI(t)
	stranger, err := pkitest.New(pkitest.Options{Name: "Stranger"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stranger.Close() })
	s := &sides{pki: p, t: t, dir: t.TempDir()}
	s.letter, s.other = s.file(letter), s.file(stranger.Root.Raw)
	s.dss, s.pyh = converse(t, "java", dssArguments(p.root)...), converse(t, python(), "pyhanko_peer.py", p.root)
	return s
}

// name is a path that is still free.
func (s *sides) name() string {
	s.n++
	return filepath.Join(s.dir, fmt.Sprintf("%d", s.n))
}

func (s *sides) file(b []byte) string {
	path := s.name()
	write(s.t, path, b)
	return path
}

// sign has the file made by its producer.
func (s *sides) sign(g *signing) {
	s.t.Helper()
	g.out = s.name()
	if g.in == "" {
		g.in = absolute(s.t, "testdata/libreoffice.pdf")
		if g.format != inPDF {
			g.in = s.letter
		}
	}
	name, digest := peerAlgorithms[g.algorithm][0], peerAlgorithms[g.algorithm][1]
	if g.sha1 {
		digest = "sha1"
	}
	switch g.producer {
	case "antin":
		s.signOurselves(g)
	case "pyHanko":
		s.must(answersOf[pyhankoAnswer](s.t, s.pyh, [][]string{
			{"sign", g.level.String(), name, digest, g.id.p12, password, s.URL("tsa"), g.in, g.out},
		})[0].Error)
	case "DSS":
		kind, packaging := "PAdES", "ENVELOPED"
		if g.format != inPDF {
			kind, packaging = "CAdES", map[string]string{attached: "ENVELOPING", detached: "DETACHED"}[g.format]
		}
		s.must(answersOf[dssAnswer](s.t, s.dss, [][]string{{
			"sign", kind + "-BASELINE-" + dssLevel(g.level), packaging, strings.ToUpper(digest), name, g.id.p12, password, s.URL("tsa"), g.in, g.out,
		}})[0].Error)
	}
}

func (s *sides) must(failure string) {
	s.t.Helper()
	if failure != "" {
		s.t.Fatal(failure)
	}
}

func (s *sides) signOurselves(g *signing) {
	s.t.Helper()
	pss := g.algorithm == "RSA-PSS"
	if g.format == inPDF {
		o := s.options(g.id, g.level, pss)
		write(s.t, g.out, s.signed(s.t, read(s.t, g.in), g.id, o))
		return
	}
	level := []cades.Level{cades.BB, cades.BT, cades.BLT, cades.BLTA}[slices.Index(levels, g.level)]
	var before []byte
	if g.in != s.letter {
		before = read(s.t, g.in)
	}
	write(s.t, g.out, s.cadesSign(s.t, before, g.format == detached, g.id, s.cadesOptions(g.id, level, pss)))
}

// renew has a B-LTA file's archive renewed.
func (s *sides) renew(by, format, in string) (out string) {
	s.t.Helper()
	out = s.name()
	content := ""
	if format == detached {
		content = s.letter
	}
	switch {
	case by == "pyHanko":
		s.must(answersOf[pyhankoAnswer](s.t, s.pyh, [][]string{{"extend", s.URL("tsa"), in, out}})[0].Error)
	case by == "DSS":
		kind, _, _ := strings.Cut(format, " ")
		s.must(answersOf[dssAnswer](s.t, s.dss, [][]string{{"extend", kind + "-BASELINE-LTA", s.URL("tsa"), in, out, content}})[0].Error)
	case format == inPDF:
		o := s.options(s.identity(s.t, "P-256"), pades.BLTA, false)
		b := read(s.t, in)
		var w bytes.Buffer
		if _, err := pades.Extend(s.t.Context(), &w, open(s.t, b, ""), pades.BLTA, &pades.ExtendOptions{
			TSA: o.TSA, Status: o.Status, Issuers: o.Issuers, Anchors: o.Anchors,
		}); err != nil {
			s.t.Fatal(err)
		}
		write(s.t, out, w.Bytes())
	default:
		write(s.t, out, s.cadesExtend(s.t, read(s.t, in), format == detached, cades.BLTA))
	}
	return out
}

// add puts a file into the table, in a state.
func (s *sides) add(g *signing, producer, state, path string) {
	f := &judged{producer: producer, format: g.format, level: g.level.String(), state: state, algorithm: g.algorithm, path: path, said: map[string]opinion{}}
	if g.format == detached {
		f.content = s.letter
	}
	if state == byteChanged {
		s.spoil(f)
	}
	s.all = append(s.all, f)
}

func (s *sides) spoil(f *judged) {
	s.t.Helper()
	if f.format == inPDF {
		f.path = s.file(spoil(s.t, read(s.t, f.path)))
		return
	}
	spoiled := bytes.Clone(letter)
	spoiled[0] ^= 1
	if f.format == detached {
		f.content = s.file(spoiled)
		return
	}
	f.path = s.file(bytes.Replace(read(s.t, f.path), letter, spoiled, 1))
}

// make signs every kind of file, in every state that is made by signing.
func (s *sides) make() {
	s.t.Helper()
	kinds := []signing{
		{producer: "antin", format: inPDF}, {producer: "DSS", format: inPDF}, {producer: "pyHanko", format: inPDF},
		{producer: "antin", format: attached}, {producer: "DSS", format: attached},
		{producer: "antin", format: detached}, {producer: "DSS", format: detached},
	}
	using := []string{"P-256", "RSA-2048", "P-384", "RSA-PSS"}
	var revoked []*identity
	for i := range kinds {
		for j, level := range levels {
			if !all() && (i+j)%3 != 0 {
				continue
			}
			g := kinds[i]
			g.level, g.algorithm = level, using[(i+j)%len(using)]
			state := func(state, person string, sha1 bool, also ...string) {
				h := g
				h.id, h.sha1 = s.person(s.t, person, g.algorithm), sha1
				s.sign(&h)
				for _, state := range append([]string{state}, also...) {
					s.add(&h, h.producer, state, h.out)
				}
				if person != "" && !slices.Contains(revoked, h.id) {
					revoked = append(revoked, h.id)
				}
			}
			state(asIs, "", false, byteChanged, expired, otherAnchor, offline)
			state(revokedBefore, "b", false)
			state(revokedAfter, "a", false)
			// We do not sign with SHA-1; pyHanko would ask the authority for a time-stamp over SHA-1 too, which it refuses.
			if g.producer == "DSS" || g.producer == "pyHanko" && level == pades.BB {
				state(withSHA1, "", true)
			}
		}
	}
	s.makeOnTop()
	// Times of revocation are whole seconds: the one after everything must not fall into the second of a time-stamp.
	time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second + 10*time.Millisecond)))
	for _, id := range revoked {
		at := time.Now()
		if strings.HasSuffix(id.cert.Subject.CommonName(), " b") {
			at = at.Add(-30 * time.Minute)
		}
		s.Revoke(id.cert, at, 1)
	}
}

// makeOnTop signs B-LTA files once more by another producer, and renews their archives.
func (s *sides) makeOnTop() {
	s.t.Helper()
	for i, format := range []string{inPDF, attached, detached} {
		for j, first := range []string{"antin", "DSS", "pyHanko"} {
			for k, second := range []string{"antin", "DSS", "pyHanko"} {
				pyHanko := first == "pyHanko" || second == "pyHanko"
				if format != inPDF && pyHanko || !all() && (i+j+k)%2 != 0 {
					continue
				}
				g := &signing{producer: first, format: format, level: pades.BLTA, algorithm: "P-256", id: s.identity(s.t, "P-256")}
				s.sign(g)
				s.add(g, first+", renewed by "+second, asIs, s.renew(second, format, g.out))
				if first == second || format == detached && second == "DSS" { // DSS signs a detached file's content, beside it
					continue
				}
				h := &signing{producer: second, format: format, level: pades.BLTA, algorithm: "RSA-2048", id: s.identity(s.t, "RSA-2048"), in: g.out}
				s.sign(h)
				s.add(h, first+", signed again by "+second, asIs, h.out)
			}
		}
	}
}

// judge asks every validator about every file.
func (s *sides) judge() {
	s.t.Helper()
	var now, then []*judged
	for _, f := range s.all {
		if f.state == expired {
			then = append(then, f)
		} else {
			now = append(now, f)
		}
	}
	s.ask(now, time.Time{})
	// The responder's clock goes with the time of validation; of the lists, which are of today, there are none.
	s.Faults.Set("ocsp", pkitest.Fault{ClockSkew: later})
	s.Faults.Set("crl", pkitest.Fault{Status: 404})
	s.ask(then, time.Now().Add(later+time.Hour).Truncate(time.Second)) // an hour after all that it answers
	s.Faults.Set("ocsp", pkitest.Fault{})
	s.Faults.Set("crl", pkitest.Fault{})
}

func (s *sides) ask(files []*judged, at time.Time) {
	s.t.Helper()
	moment := ""
	if !at.IsZero() {
		moment = at.UTC().Format(time.RFC3339)
	}
	var jobs [][]string
	for _, f := range files {
		root, online := s.root, "yes"
		switch f.state {
		case otherAnchor:
			root = s.other
		case offline:
			online = "no"
		}
		jobs = append(jobs, []string{"judge", f.path, f.content, root, online, moment})
		f.said["antin"] = s.ourOpinion(f, at)
	}
	for i, a := range answersOf[dssAnswer](s.t, s.dss, jobs) {
		files[i].said["DSS"] = a.opinion()
	}
	for i, a := range answersOf[pyhankoAnswer](s.t, s.pyh, jobs) {
		files[i].said["pyHanko"] = a.opinion()
	}
	for range files {
		count("antin")
		count("dss")
		count("pyhanko")
	}
}

// ourOpinion is our own, with the root as only anchor.
func (s *sides) ourOpinion(f *judged, at time.Time) opinion {
	s.t.Helper()
	if at.IsZero() {
		at = time.Now()
	}
	o := &verify.CollectOptions{Trust: trust.New(s.Root), Fetch: s.Fetch, At: at, Offline: f.state == offline}
	if f.state == otherAnchor {
		o.Trust = trust.New()
	}
	if f.content != "" {
		o.Content = section(read(s.t, f.content))
	}
	b := read(s.t, f.path)
	facts, err := verify.Collect(s.t.Context(), bytes.NewReader(b), int64(len(b)), o)
	if err != nil {
		s.t.Fatalf("%s: %v", f, err)
	}
	v := verify.Decide(facts, verify.DefaultPolicy(), at)
	var said opinion
	for i := range v.Signatures {
		if facts.Signatures[i].Type != verify.TypeSignature {
			continue
		}
		w := &v.Signatures[i]
		said.words, said.levels = append(said.words, slashed(string(w.Indication), string(w.Sub))), append(said.levels, w.Level)
	}
	return said
}

func slashed(indication, sub string) string {
	if sub == "" {
		return indication
	}
	return indication + "/" + sub
}

func (a dssAnswer) opinion() opinion {
	if a.Error != "" {
		return opinion{words: []string{a.Error}}
	}
	var said opinion
	for i := range a.Signatures {
		f := &a.Signatures[i]
		_, level, _ := strings.Cut(f.Level, "BASELINE-")
		said.words, said.levels = append(said.words, slashed(f.Indication, f.SubIndication)), append(said.levels, "B-"+level)
	}
	return said
}

// opinion puts pyHanko's names of the indications, which are those of the building blocks, into those of the processes.
func (a pyhankoAnswer) opinion() opinion {
	if a.Error != "" {
		return opinion{words: []string{a.Error}}
	}
	var said opinion
	for _, j := range a.Judged {
		main, sub, _ := strings.Cut(j, "/")
		switch main {
		case "PASSED":
			main, sub = string(verify.TotalPassed), ""
		case "FAILED":
			main = string(verify.TotalFailed)
		}
		said.words = append(said.words, slashed(main, sub))
	}
	return said
}

// TestSideBySide signs with every producer, puts the files into every state, and holds what antin, DSS and pyHanko say of them side
// by side: whatever differs has to stand in the list of differences, with the clause that explains it.
func TestSideBySide(t *testing.T) {
	needs(t, "dss")
	needs(t, "pyhanko")
	s := newSides(t)
	// Responders answer with what they computed a little earlier: what is stored is then older than the time-stamp, never sometimes.
	s.Faults.Set("ocsp", pkitest.Fault{ClockSkew: -5 * time.Minute})
	s.make()
	s.Faults.Set("ocsp", pkitest.Fault{})
	s.judge()
	s.compare()
}
