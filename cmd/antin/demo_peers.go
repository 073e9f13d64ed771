package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"github.com/antinvn/antin/pades"
)

// peerTimeout bounds another program's run.
const peerTimeout = 60 * time.Second

// askPeers: step 7. What other programs say is quoted, never judged here.
func (d *demo) askPeers(ctx context.Context) error {
	d.say("demo.others")
	if err := d.writeCMS(ctx); err != nil {
		return err
	}
	sealed := d.path("3-sealed.pdf")
	root := filepath.Join(d.training.trustDir(), "root.crt")
	for _, p := range []struct {
		name string
		argv []string
		keep func(line string) bool
	}{
		{"pdfsig", []string{"pdfsig", sealed}, contains("Signer Certificate Common Name", "Signature Validation", "Signature Type", "Total document")},
		{"qpdf", []string{"qpdf", "--check", sealed}, contains("No syntax", "error", "WARNING")},
		{"openssl", []string{
			"openssl", "cms", "-verify", "-inform", "DER", "-in", d.path("leader.p7s"), "-content", d.path("leader.signed"),
			"-binary", "-purpose", "any", "-CAfile", root, "-out", os.DevNull,
		}, all},
		{"pyHanko", []string{"pyhanko", "sign", "validate", "--pretty-print", "--trust", root, "--trust-replace", "--no-revocation-check", sealed}, contains("The signer's certificate", "signature is", "judged", "bottom line", "TIMESTAMP", "modif")},
	} {
		d.line("   ", p.name+":")
		said := quote(ctx, p.argv, p.keep)
		if said == nil {
			said = []string{d.e.say("demo.not_installed")}
		}
		for _, line := range said {
			d.line("     ", line)
		}
		d.peers = append(d.peers, demoPeer{Name: p.name, Said: said})
	}
	return nil
}

func all(string) bool { return true }

func contains(words ...string) func(string) bool {
	return func(line string) bool {
		for _, w := range words {
			if strings.Contains(strings.ToLower(line), strings.ToLower(w)) {
				return true
			}
		}
		return false
	}
}

// demoPeer is what another program said, line by line.
type demoPeer struct {
	Name string   `json:"name"`
	Said []string `json:"said"`
}

// quote runs a program and keeps its lines that say something; nil if it is not installed.
func quote(ctx context.Context, argv []string, keep func(string) bool) []string {
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, peerTimeout)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, argv[1:]...).CombinedOutput()
	lines := []string{}
	for l := range strings.Lines(string(out)) {
		if l = strings.TrimSpace(l); l != "" && keep(l) {
			lines = append(lines, l)
		}
	}
	if err != nil && len(lines) == 0 {
		lines = append(lines, err.Error()+": "+strings.TrimSpace(string(out)))
	}
	return lines
}

// writeCMS takes the leader's signature and what it signs out of the PDF, for openssl.
func (d *demo) writeCMS(ctx context.Context) error {
	doc, file, err := openPDF(ctx, d.path("3-sealed.pdf"), nil)
	if err != nil {
		return err
	}
	defer file.Close()
	sigs, err := pades.Signatures(ctx, doc)
	if err != nil {
		return err
	}
	for _, s := range sigs {
		if s.Field != "leader" || s.CMS == nil {
			continue
		}
		der, err := s.CMS.MarshalDER()
		if err != nil {
			return err
		}
		if err := writeFile(d.path("leader.p7s"), func(w *os.File) error { _, err := w.Write(der); return err }); err != nil {
			return err
		}
		return writeFile(d.path("leader.signed"), func(w *os.File) error {
			_, err := w.ReadFrom(signedBytes(file, s.ByteRange))
			return err
		})
	}
	return nil
}

// summary: step 8.
func (d *demo) summary() {
	if d.json {
		d.e.printJSON(map[string]any{"dir": d.dir, "files": d.files, "verdicts": d.said, "peers": d.peers, "commands": d.commands(), "took_ms": time.Since(d.started).Milliseconds()})
		return
	}
	d.say("demo.results", "dir", d.dir)
	for _, f := range d.files {
		d.line("   ", fmt.Sprintf("%-22s %9d byte %7.1f ms  %s", f.Name, f.Size, float64(f.Took.Microseconds())/1000, f.What))
	}
	d.line("   ", d.e.say("demo.again", "file", d.source))
	d.line("   ", d.e.say("demo.install"))
	for _, c := range d.commands() {
		d.line("   ", c)
	}
}

// commands repeat every step; a test runs them as they are printed.
func (d *demo) commands() []string {
	p := func(name string) string { return shellQuote(d.path(name)) }
	trustDir, hosts := shellQuote(d.training.trustDir()), ""
	for _, h := range d.training.hosts() {
		hosts += " --allow-host " + h
	}
	var fill strings.Builder
	for _, n := range []string{"number", "day", "month"} {
		fmt.Fprintf(&fill, " --fill %s=%s", n, d.filled[n])
	}
	place := fmt.Sprintf("--page %d --rect %.2f,%.2f,%.2f,%.2f", d.page, d.leader.X0, d.leader.Y0, d.leader.X1-d.leader.X0, d.leader.Y1-d.leader.Y0)
	if d.anchored {
		place = "--anchor " + shellQuote(demoAnchor)
	}
	return []string{
		"antin demo serve " + shellQuote(d.dir),
		"antin reserve " + p("0-draft.pdf") + d.reservations() + " -o " + p("my-1.pdf"),
		"antin sign " + p("my-1.pdf") + " -o " + p("my-2.pdf") + " --key p12:" + p("leader.p12") + " --pin-file " + p("pin.txt") +
			" --level B-LT --tsa " + d.training.tsaURL() + " --trust " + trustDir + hosts + " --certify 2 --field leader --appearance person --image " + p("signature.png") + " " + place,
		"antin sign " + p("my-2.pdf") + " -o " + p("my-3.pdf") + " --key p12:" + p("agency.p12") + " --pin-file " + p("pin.txt") +
			" --level B-LTA --tsa " + d.training.tsaURL() + " --trust " + trustDir + hosts + " --field seal --appearance agency --image " + p("seal.png") + fill.String(),
		"antin verify " + p("my-3.pdf") + " --trust " + trustDir + " --offline",
		"antin inspect " + p("my-3.pdf"),
		"antin verify " + p(spoiledByte) + " " + p(spoiledNumber) + " " + p(spoiledCMS) + " --trust " + trustDir + " --offline",
	}
}

// reservations are the arguments that reserve the same fields again.
func (d *demo) reservations() string {
	var b strings.Builder
	for _, r := range d.reserved {
		b.WriteString(" " + r.Name)
		if r.Place != nil {
			q := r.Place.Rect
			fmt.Fprintf(&b, "=%d:%.2f,%.2f,%.2f,%.2f", r.Place.Page, q.X0, q.Y0, q.X1-q.X0, q.Y1-q.Y0)
		}
	}
	return b.String()
}

// signedBytes reads the two parts of a byte range, one after the other.
func signedBytes(r io.ReaderAt, byteRange []int64) io.Reader {
	return io.MultiReader(io.NewSectionReader(r, byteRange[0], byteRange[1]), io.NewSectionReader(r, byteRange[2], byteRange[3]))
}

func shellQuote(s string) string {
	safe := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) || strings.ContainsRune("/._-:=,+@%", r)
	}
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return !safe(r) }) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
