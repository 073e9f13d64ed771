package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/internal/pki/training/pictures"
	"github.com/antinvn/antin/keys"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pades/appearance"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/pdf/text"
	"github.com/antinvn/antin/revocation"
	"github.com/antinvn/antin/trust"
	"github.com/antinvn/antin/tsp"
	"github.com/antinvn/antin/verify"
)

// The demo's document; assets/README.md says where it comes from.
//
//go:embed assets/decision.pdf assets/titles.txt
var assets embed.FS

const (
	demoNumber = "05"
	sealMM     = 36 // diameter of the training seal

	pointsPerMM = 72 / 25.4
)

func runDemoSign(ctx context.Context, e *env, args []string) int {
	f := newFlags(e, "demo sign", e.say("demo.sign.synopsis"))
	in := f.String("in", "", e.say("demo.flag.in"))
	out := f.String("out", "antin-demo", e.say("demo.flag.out"))
	if rest, exit, done := f.parse(args); done {
		return exit
	} else if len(rest) > 0 {
		return e.fail(f.format, wrong(rest[0], "usage.demo_argument"))
	}
	d := &demo{e: e, dir: *out, in: *in, json: f.format == "json", started: e.clock()}
	if err := d.run(ctx); err != nil {
		r := e.failed(d.in, err)
		e.print(f.format, r)
		return r.exit
	}
	return exitDone
}

func runDemoServe(ctx context.Context, e *env, args []string) int {
	f := newFlags(e, "demo serve", e.say("demo.serve.synopsis"))
	rest, exit, done := f.parse(args)
	if done {
		return exit
	}
	if len(rest) != 1 {
		return e.fail(f.format, wrong("", "usage.demo_folder"))
	}
	p, err := loadTraining(rest[0], e.clock)
	if err != nil {
		return e.fail(f.format, err)
	}
	if err := p.start(ctx); err != nil {
		return e.fail(f.format, err)
	}
	if f.format == "json" {
		e.printJSON(map[string]string{"tsa": p.tsaURL(), "ocsp": p.ocspURL(), "crl": p.crlURL()})
	} else {
		fmt.Fprintf(e.stdout, "TSA %s\nOCSP %s\nCRL %s\n", p.tsaURL(), p.ocspURL(), p.crlURL())
		fmt.Fprintln(e.stdout, e.say("demo.serving"))
	}
	<-ctx.Done()
	p.stop()
	return exitDone
}

// demo is one run: each step fills what the next one needs.
type demo struct {
	e       *env
	dir, in string
	json    bool
	started time.Time

	source   string // the PDF that is signed
	training *school
	leader   pdf.Rect // the leader's picture
	page     int      // its page
	anchored bool
	reserved []pades.Reservation
	filled   map[string]string
	files    []demoFile
	said     []string // the sentences about the sealed file and the spoiled copies
	peers    []demoPeer
}

type demoFile struct {
	Name string        `json:"name"`
	Size int64         `json:"size"`
	Took time.Duration `json:"took_ns"`
	What string        `json:"what"`
}

func (d *demo) path(name string) string { return filepath.Join(d.dir, name) }

// say prints a line in the reader's language.
func (d *demo) say(key string, pairs ...any) { d.line("", d.e.say(key, pairs...)) }

// line prints what is in every language the same, or put into words already.
func (d *demo) line(indent, said string) {
	if !d.json {
		fmt.Fprintln(d.e.stdout, indent+said)
	}
}

// conclude says what a check found, and keeps it for the summary.
func (d *demo) conclude(sentence string) {
	d.line("   ", sentence)
	d.said = append(d.said, sentence)
}

func (d *demo) run(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		d.takeDocument, d.startTraining, d.reserve, d.leaderSigns, d.agencySeals, d.check, d.spoil, d.askPeers,
	} {
		if err := step(ctx); err != nil {
			if d.training != nil {
				d.training.stop()
			}
			return err
		}
	}
	d.summary()
	return nil
}

// write makes a file of the demo, timed.
func (d *demo) write(name, what string, f func(w *os.File) error) error {
	start := time.Now()
	if err := writeFile(d.path(name), f); err != nil {
		return err
	}
	st, err := os.Stat(d.path(name))
	if err != nil {
		return codes.Wrap(errOutput, "writing", name, err)
	}
	d.files = append(d.files, demoFile{Name: name, Size: st.Size(), Took: time.Since(start), What: what})
	return nil
}

// startTraining: step 2.
func (d *demo) startTraining(ctx context.Context) (err error) {
	if d.training, err = openTraining(d.dir, d.e.clock); err != nil {
		return err
	}
	if err := d.training.start(ctx); err != nil {
		return err
	}
	for name, data := range map[string][]byte{"signature.png": pictures.Signature, "seal.png": pictures.Seal} {
		if err := writeFile(d.path(name), func(w *os.File) error { _, err := w.Write(data); return err }); err != nil {
			return err
		}
	}
	servers := fmt.Sprintf("TSA=%s\nHOST=%s\n", d.training.tsaURL(), d.training.pki.Host())
	if err := writeFile(d.path("env.sh"), func(w *os.File) error { _, err := w.WriteString(servers); return err }); err != nil {
		return err
	}
	d.say("demo.keys", "dir", d.dir, "tsa", d.training.tsaURL(), "ocsp", d.training.ocspURL(), "crl", d.training.crlURL())
	return nil
}

// reserve: first half of step 3.
func (d *demo) reserve(ctx context.Context) error {
	doc, file, err := openPDF(ctx, d.source, nil)
	if err != nil {
		return err
	}
	defer file.Close()
	fields, err := d.places(ctx, doc)
	if err != nil {
		return err
	}
	if err := d.write("1-reserved.pdf", d.e.say("demo.file.reserved"), func(w *os.File) error {
		_, err := pades.Reserve(ctx, w, doc, fields...)
		return err
	}); err != nil {
		return err
	}
	d.say("demo.reserved")
	return nil
}

// places finds the gaps and the anchor; a document without them gets its fields at the lower right of the last page.
func (d *demo) places(ctx context.Context, doc *pdf.Document) ([]pades.Reservation, error) {
	v := doc.Latest()
	m, err := text.Find(ctx, v, demoAnchor)
	d.anchored = err == nil
	switch {
	case err == nil:
		d.page = m.Page
		if d.leader, err = text.SpaceBelow(ctx, v, m, text.SignatureWidth, text.SignatureHeight); err != nil {
			return nil, err
		}
	case errors.Is(err, text.ErrNoAnchor), errors.Is(err, text.ErrAmbiguousAnchor):
		if d.page, err = v.PageCount(); err != nil {
			return nil, err
		}
		p, err := v.Page(d.page)
		if err != nil {
			return nil, err
		}
		w, _ := appearance.ShownSize(p)
		right := max(w-40, min(w, text.SignatureWidth)) // a narrow page has no margin left
		d.leader = pdf.Rect{X0: right - text.SignatureWidth, Y0: 60, X1: right, Y1: 60 + text.SignatureHeight}
		d.line("   ", d.e.say("demo.no_line", "line", demoAnchor))
	default:
		return nil, err
	}
	// The seal covers the left third of the person's picture (decree 30/2020, appendix I).
	picture, err := appearance.PictureBox(&appearance.Spec{Kind: appearance.Person, Image: pictures.Signature}, d.leader)
	if err != nil {
		return nil, err
	}
	side := sealMM * pointsPerMM
	right := picture.X0 + (picture.X1-picture.X0)/3
	middle := (picture.Y0 + picture.Y1) / 2
	seal := pdf.Rect{X0: right - side, Y0: middle - side/2, X1: right, Y1: middle + side/2}
	gaps, err := text.Gaps(ctx, v)
	if err != nil {
		return nil, err
	}
	var fields []pades.Reservation
	for i, name := range []string{"number", "day", "month"} {
		r := pades.Reservation{Name: name}
		if !slices.ContainsFunc(gaps, func(g text.Gap) bool { return g.Name == name }) {
			x, y := d.leader.X0+float64(i)*50, max(d.leader.Y1, seal.Y1)+4
			r.Place = &pades.Place{Page: d.page, Rect: pdf.Rect{X0: x, Y0: y, X1: x + 46, Y1: y + 16}}
			d.line("   ", d.e.say("demo.no_gap", "name", name))
		}
		fields = append(fields, r)
	}
	fields = append(fields, pades.Reservation{Name: "seal", Place: &pades.Place{Page: d.page, Rect: seal}})
	d.reserved = fields
	return d.reserved, nil
}

// options are what both signatures share.
func (d *demo) options(key *keys.Key, level pades.Level) (*pades.Options, error) {
	store, err := trust.Load(d.training.trustDir())
	if err != nil {
		return nil, err
	}
	status := d.status()
	return &pades.Options{
		Level: level, Chain: key.Chain, TSA: d.tsa(), Status: status, Issuers: status, Anchors: store, Pool: store.Pool(), Time: d.e.clock(), KeyName: key.Name,
	}, nil
}

func (d *demo) tsa() tsp.Source {
	return &tsp.Client{URL: d.training.tsaURL(), Fetch: &fetch.Client{Trusted: true}}
}

func (d *demo) status() *revocation.Fetcher {
	return &revocation.Fetcher{Fetch: &fetch.Client{AllowHosts: d.training.hosts()}, Clock: d.e.clock}
}

// leaderSigns: second half of step 3, in the three stages that a token or a phone needs.
func (d *demo) leaderSigns(ctx context.Context) error {
	key, err := d.training.leader(ctx)
	if err != nil {
		return err
	}
	defer key.Close()
	o, err := d.options(key, pades.BLT)
	if err != nil {
		return err
	}
	o.Certify = 2
	o.Field = pades.FieldSpec{Name: "leader", Place: &pades.Place{Page: d.page, Rect: d.leader}}
	o.Appearance = &appearance.Spec{Kind: appearance.Person, Image: pictures.Signature}
	if err := d.prepare(ctx, o); err != nil {
		return err
	}
	if err := d.write("2-leader.pdf", d.e.say("demo.file.leader"), func(w *os.File) error { return d.embed(ctx, w, key, o) }); err != nil {
		return err
	}
	d.line("   ", d.e.say("demo.leader"))
	return nil
}

func (d *demo) prepare(ctx context.Context, o *pades.Options) error {
	doc, file, err := openPDF(ctx, d.path("1-reserved.pdf"), nil)
	if err != nil {
		return err
	}
	defer file.Close()
	prepared, err := pades.Prepare(ctx, doc, o)
	if err != nil {
		return err
	}
	stored, err := prepared.MarshalBinary()
	if err != nil {
		return err
	}
	return writeFile(d.path("2-leader.prepared"), func(w *os.File) error { _, err := w.Write(stored); return err })
}

// embed works from the two files alone, as another process would.
func (d *demo) embed(ctx context.Context, w io.Writer, key *keys.Key, o *pades.Options) error {
	stored, err := os.ReadFile(d.path("2-leader.prepared"))
	if err != nil {
		return codes.Wrap(errInput, "reading", "2-leader.prepared", err)
	}
	var prepared pades.Prepared
	if err := prepared.UnmarshalBinary(stored); err != nil {
		return err
	}
	u := prepared.Unsigned()
	signature, err := key.Sign(rand.Reader, u.Digest(), u.SignerOpts())
	if err != nil {
		return codes.Wrap(errInput, "signing with", key.Name, err)
	}
	doc, file, err := openPDF(ctx, d.path("1-reserved.pdf"), nil)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = prepared.Embed(ctx, w, doc, signature, &pades.EmbedOptions{
		TSA: o.TSA, Status: o.Status, Issuers: o.Issuers, Anchors: o.Anchors, Pool: o.Pool, Time: o.Time,
	})
	return err
}

// agencySeals: step 4.
func (d *demo) agencySeals(ctx context.Context) error {
	key, err := d.training.agency(ctx)
	if err != nil {
		return err
	}
	defer key.Close()
	o, err := d.options(key, pades.BLTA)
	if err != nil {
		return err
	}
	now := o.Time.In(time.FixedZone("+07", 7*60*60))
	d.filled = map[string]string{"number": demoNumber, "day": now.Format("02"), "month": decreeMonth(now.Month())}
	o.Fill = d.filled
	o.Field = pades.FieldSpec{Name: "seal"}
	o.Appearance = &appearance.Spec{Kind: appearance.Agency, Image: pictures.Seal, WidthMM: sealMM, HeightMM: sealMM}
	doc, file, err := openPDF(ctx, d.path("2-leader.pdf"), nil)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := d.write("3-sealed.pdf", d.e.say("demo.file.sealed"), func(w *os.File) error {
		_, err := pades.Sign(ctx, w, doc, key, o)
		return err
	}); err != nil {
		return err
	}
	d.say("demo.sealed", "number", d.filled["number"], "day", d.filled["day"], "month", d.filled["month"])
	return nil
}

// decreeMonth pads January and February only (decree 30/2020, appendix I).
func decreeMonth(m time.Month) string {
	if m <= time.February {
		return fmt.Sprintf("%02d", int(m))
	}
	return fmt.Sprint(int(m))
}

// check: step 5, with the servers stopped.
func (d *demo) check(ctx context.Context) error {
	d.training.stop()
	report, err := d.verify(ctx, d.path("3-sealed.pdf"))
	if err != nil {
		return err
	}
	d.say("demo.check")
	signatures := 0
	for _, s := range report.Signatures {
		if s.Type == "signature" {
			d.conclude(s.Sentence)
			signatures++
		}
	}
	d.conclude("⇒ " + report.Document.Sentence)
	if report.Document.Indication != verify.TotalPassed || signatures != 2 {
		return codes.New(errDemo, "checking", "3-sealed.pdf", string(report.Document.Indication)+": "+report.Text())
	}
	return nil
}

const (
	errDemo    codes.Code = "cmd.demo"    // a step did not come out as it must
	errServers codes.Code = "cmd.servers" // the training servers' address is taken
)

func (d *demo) verify(ctx context.Context, path string) (*verify.Report, error) {
	store, err := trust.Load(d.training.trustDir())
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, codes.Wrap(errInput, "reading", path, err)
	}
	facts, err := verify.Collect(ctx, bytes.NewReader(data), int64(len(data)), &verify.CollectOptions{Trust: store, Offline: true, At: d.e.clock()})
	if err != nil {
		return nil, err
	}
	r := verify.Decide(facts, verify.DefaultPolicy(), d.e.clock()).Report(d.e.lang)
	r.File = path
	return r, nil
}
