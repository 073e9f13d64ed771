package interop

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/cades"
	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/trust"
	"github.com/antinvn/antin/tsp"
	"github.com/antinvn/antin/verify"
)

// letter is what the CAdES cases sign.
var letter = []byte("Kính gửi: Ủy ban nhân dân các xã, phường\r\n")

// cadesCase is a CMS file, its content where that is outside, and the same with one byte of the content changed.
type cadesCase struct {
	name      string
	level     cades.Level
	algorithm string
	detached  bool
	levels    []string // that DSS gives to each signer, sorted
	file      []byte

	path, content     string // content "": inside
	twin, twinContent string
}

func (c *cadesCase) String() string {
	return fmt.Sprintf("%s %s detached=%t %s", c.level, c.algorithm, c.detached, c.name)
}

// store writes the case and its twin.
func (c *cadesCase) store(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	at := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		write(t, path, b)
		return path
	}
	spoiled := bytes.Clone(letter)
	spoiled[0] ^= 1
	c.path = at("signed.p7m", c.file)
	if c.detached {
		c.twin, c.content, c.twinContent = c.path, at("letter.txt", letter), at("spoiled.txt", spoiled)
		return
	}
	if bytes.Count(c.file, letter) != 1 {
		t.Fatalf("%s: the content is not inside", c)
	}
	c.twin = at("twin.p7m", bytes.Replace(c.file, letter, spoiled, 1))
}

func section(b []byte) *io.SectionReader {
	return io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))
}

func (p *pki) cadesOptions(id *identity, level cades.Level, pss bool) *cades.Options {
	return &cades.Options{
		Level: level, PSS: pss, Chain: append([]*certpath.Certificate{id.cert}, p.Chain()...), Anchors: p.PKI, Status: p.Fetcher, Issuers: p.Fetcher,
		TSA: &tsp.Client{URL: p.URL("tsa"), Fetch: &fetch.Client{Trusted: true}},
	}
}

func openCades(t *testing.T, file []byte, detached bool) *cades.Document {
	t.Helper()
	var outside *io.SectionReader
	if detached {
		outside = section(letter)
	}
	d, err := cades.Open(t.Context(), section(file), outside)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// cadesSign adds a signer; file nil: the first.
func (p *pki) cadesSign(t *testing.T, file []byte, detached bool, id *identity, o *cades.Options) []byte {
	t.Helper()
	d := cades.New(section(letter), detached)
	if file != nil {
		d = openCades(t, file, detached)
	}
	var out bytes.Buffer
	if _, err := cades.Sign(t.Context(), &out, d, id.key, o); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (p *pki) cadesExtend(t *testing.T, file []byte, detached bool, to cades.Level) []byte {
	t.Helper()
	o := p.cadesOptions(p.identity(t, "P-256"), to, false)
	var out bytes.Buffer
	_, err := cades.Extend(t.Context(), &out, openCades(t, file, detached), to, &cades.ExtendOptions{
		TSA: o.TSA, Status: o.Status, Issuers: o.Issuers, Anchors: o.Anchors,
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// withCertificate is the file with one more certificate inside.
func withCertificate(t *testing.T, file []byte, c *certpath.Certificate) []byte {
	t.Helper()
	sd, err := cms.ParseBytes(file)
	if err != nil {
		t.Fatal(err)
	}
	sd.AddCertificates(c)
	der, err := sd.MarshalDER()
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// cadesCases are every level with every algorithm, and what may become of a B-LTA file.
func cadesCases(t *testing.T, p *pki) []*cadesCase {
	t.Helper()
	var cases []*cadesCase
	add := func(name string, level cades.Level, algorithm string, detached bool, file []byte, levels ...string) {
		cases = append(cases, &cadesCase{name: name, level: level, algorithm: algorithm, detached: detached, levels: levels, file: file})
	}
	for i, level := range []cades.Level{cades.BB, cades.BT, cades.BLT, cades.BLTA} {
		for j, algorithm := range algorithms {
			for k, detached := range []bool{false, true} {
				if !all() && (i+j+k)%3 != 0 {
					continue
				}
				id := p.identity(t, algorithm)
				file := p.cadesSign(t, nil, detached, id, p.cadesOptions(id, level, algorithm == "RSA-PSS"))
				add("signed", level, algorithm, detached, file, dssLevel(level))
			}
		}
	}
	first, second := p.identity(t, "P-256"), p.identity(t, "RSA-2048")
	stranger, _, err := p.Issue(pkitest.Subject{CommonName: "Người lạ"})
	if err != nil {
		t.Fatal(err)
	}
	for _, detached := range []bool{false, true} {
		one := p.cadesSign(t, nil, detached, first, p.cadesOptions(first, cades.BLTA, false))
		two := p.cadesSign(t, one, detached, second, p.cadesOptions(second, cades.BLTA, false))
		countersign := p.cadesOptions(second, cades.BLTA, false)
		countersign.Countersign = 1
		archive := func(file []byte) []byte { return p.cadesExtend(t, file, detached, cades.BLTA) }
		oneLater, twoLater := withCertificate(t, one, stranger), withCertificate(t, two, stranger)
		bare := p.cadesSign(t, nil, detached, first, p.cadesOptions(first, cades.BB, false))
		for name, file := range map[string][]byte{
			"raised from B-B": archive(bare), "archived again": archive(one), "a certificate added later": oneLater,
			"a certificate added later, archived again": archive(oneLater),
		} {
			add(name, cades.BLTA, "P-256", detached, file, "LTA")
		}
		for name, file := range map[string][]byte{
			"two signers": two, "two signers, archived again": archive(two), "two signers, a certificate added later": twoLater,
		} {
			add(name, cades.BLTA, "P-256", detached, file, "LTA", "LTA")
		}
		// A counter-signature has no archive time-stamp of its own: its signer's covers it (EN 319 122-1, 5.5.2).
		add("counter-signed", cades.BLTA, "P-256", detached, p.cadesSign(t, one, detached, second, countersign), "LT", "LTA")
	}
	return cases
}

// TestCAdES asks DSS and OpenSSL about our CAdES files and their twins.
func TestCAdES(t *testing.T) {
	p := newPKI(t)
	cases := cadesCases(t, p)
	for _, c := range cases {
		c.store(t)
	}
	t.Run("antin", func(t *testing.T) {
		for _, c := range cases {
			c.antin(t, p)
		}
	})
	t.Run("dss", func(t *testing.T) {
		needs(t, "dss")
		askDSSAbout(t, p, cases)
	})
	t.Run("openssl", func(t *testing.T) {
		needs(t, "openssl")
		for _, c := range cases {
			if c.algorithm == "Ed25519" {
				continue // TestWhatPeersCannotDo
			}
			if words := c.openssl(t, p, c.path, c.content); !strings.Contains(words, "CMS Verification successful") {
				t.Errorf("%s: %s", c, words)
			}
			if words := c.openssl(t, p, c.twin, c.twinContent); strings.Contains(words, "CMS Verification successful") {
				t.Errorf("%s: the spoiled twin is accepted: %s", c, words)
			}
			count("openssl")
			count("openssl")
		}
	})
}

// askDSSAbout gives the cases and their twins to DSS in one run.
func askDSSAbout(t *testing.T, p *pki, cases []*cadesCase) {
	t.Helper()
	var jobs [][]string
	for _, c := range cases {
		jobs = append(jobs, []string{"validate", c.path, c.content}, []string{"validate", c.twin, c.twinContent})
	}
	said := dss(t, p.root, jobs)
	for i, c := range cases {
		if words := c.dssRefusal(&said[2*i]); words != "" {
			t.Errorf("%s: %s", c, words)
		}
		if words := c.dssRefusal(&said[2*i+1]); words == "" {
			t.Errorf("%s: the spoiled twin is accepted", c)
		}
		count("dss")
		count("dss")
	}
}

func (c *cadesCase) openssl(t *testing.T, p *pki, file, content string) string {
	args := []string{"cms", "-verify", "-binary", "-purpose", "any", "-inform", "DER", "-in", file, "-out", filepath.Join(t.TempDir(), "out"), "-CAfile", p.rootPEM}
	if content != "" {
		args = append(args, "-content", content)
	}
	return say(t.Context(), "openssl", args...)
}

// dssRefusal is "" where DSS says that every signer reached the level and nothing is to be remarked. EdDSA it cannot accept
// (TestWhatPeersCannotDo): all else must be right.
func (c *cadesCase) dssRefusal(a *dssAnswer) string {
	if a.Error != "" {
		return a.Error
	}
	var levels []string
	for i := range a.Signatures {
		f := &a.Signatures[i]
		passed := f.Indication == "TOTAL_PASSED" && len(f.Errors)+len(f.Warnings) == 0
		cannot := c.algorithm == "Ed25519" && strings.Contains(f.String(), "ASCCM_CAA_ANS: The algorithm EdDSA with SHA512 is not authorised")
		if !f.Intact || !passed && !cannot {
			return f.String()
		}
		levels = append(levels, strings.TrimPrefix(f.Level, "CAdES-BASELINE-"))
	}
	slices.Sort(levels)
	if !slices.Equal(levels, c.levels) {
		return fmt.Sprintf("the levels are %v", levels)
	}
	for _, ts := range a.Timestamps {
		if ts.Indication != "PASSED" {
			return "a time-stamp is " + ts.Indication
		}
	}
	return ""
}

// verdict is Antin's own on the file, or on its twin.
func (c *cadesCase) verdict(t *testing.T, p *pki, file, content string) *verify.Verdict {
	t.Helper()
	now := time.Now()
	o := &verify.CollectOptions{Trust: trust.New(p.Root), Fetch: p.Fetch, At: now}
	if content != "" {
		o.Content = section(read(t, content))
	}
	b := read(t, file)
	facts, err := verify.Collect(t.Context(), bytes.NewReader(b), int64(len(b)), o)
	if err != nil {
		t.Fatalf("%s: %v", c, err)
	}
	return verify.Decide(facts, verify.DefaultPolicy(), now)
}

// antin holds our own validation: every signer at its level, and the twin's digest another.
func (c *cadesCase) antin(t *testing.T, p *pki) {
	t.Helper()
	good := c.verdict(t, p, c.path, c.content)
	var levels []string
	for i := range good.Signatures {
		if good.Facts.Signatures[i].Type == "counter-signature" {
			levels = append(levels, "LT") // where DSS counts its archive time-stamp, its signer's, as none
			continue
		}
		levels = append(levels, strings.TrimPrefix(good.Signatures[i].Level, "B-"))
	}
	slices.Sort(levels)
	if good.Indication != verify.TotalPassed || !slices.Equal(levels, c.levels) {
		t.Errorf("%s: levels %v: %s", c, levels, good.Report("en").Text())
	}
	if twin := c.verdict(t, p, c.twin, c.twinContent); twin.Indication != verify.TotalFailed || twin.Sub != verify.HashFailure {
		t.Errorf("%s: the spoiled twin: %s/%s", c, twin.Indication, twin.Sub)
	}
	count("antin")
	count("antin")
}

// TestForeignCAdES reads what DSS signed, raised and archived, alone and in turn with us, at the level that DSS gave it; and what we
// add to DSS's files is right for DSS.
func TestForeignCAdES(t *testing.T) {
	needs(t, "dss")
	p := newPKI(t)
	dir := t.TempDir()
	plain := filepath.Join(dir, "letter.txt")
	write(t, plain, letter)
	id := p.identity(t, "P-256")
	var cases []*cadesCase
	var jobs [][]string
	add := func(name string, level cades.Level, algorithm string, detached bool, job func(out string) []string, levels ...string) {
		c := &cadesCase{name: name, level: level, algorithm: algorithm, detached: detached, levels: levels}
		c.path = filepath.Join(dir, fmt.Sprintf("%d", len(cases)))
		cases, jobs = append(cases, c), append(jobs, job(c.path))
	}
	signs := func(level cades.Level, packaging, algorithm, in string) func(string) []string {
		name, digest := peerAlgorithms[algorithm][0], strings.ToUpper(peerAlgorithms[algorithm][1])
		return func(out string) []string {
			return []string{"sign", "CAdES-BASELINE-" + dssLevel(level), packaging, digest, name, p.identity(t, algorithm).p12, password, p.URL("tsa"), in, out}
		}
	}
	for i, level := range levels {
		for j, algorithm := range algorithms {
			if all() || (i+j)%len(levels) == 0 || level == cades.BLTA && algorithm == "P-256" {
				add("by DSS", level, algorithm, false, signs(level, "ENVELOPING", algorithm, plain), dssLevel(level))
				add("by DSS", level, algorithm, true, signs(level, "DETACHED", algorithm, plain), dssLevel(level))
			}
		}
	}
	for _, detached := range []bool{false, true} {
		content := ""
		if detached {
			content = plain
		}
		raises := func(file []byte) func(string) []string {
			in := filepath.Join(dir, fmt.Sprintf("ours%d", len(cases)))
			write(t, in, file)
			return func(out string) []string {
				return []string{"extend", "CAdES-BASELINE-LTA", p.URL("tsa"), in, out, content}
			}
		}
		archived := p.cadesSign(t, nil, detached, id, p.cadesOptions(id, cades.BLTA, false))
		add("ours, raised by DSS", cades.BLTA, "P-256", detached, raises(p.cadesSign(t, nil, detached, id, p.cadesOptions(id, cades.BB, false))), "LTA")
		add("ours, archived again by DSS", cades.BLTA, "P-256", detached, raises(archived), "LTA")
		if !detached {
			in := filepath.Join(dir, "archived")
			write(t, in, archived)
			add("ours, signed again by DSS", cades.BLTA, "P-256", detached, signs(cades.BLTA, "ENVELOPING", "RSA-2048", in), "LTA", "LTA")
		}
	}
	made := cases
	for i, a := range dss(t, p.root, jobs) {
		if a.Error != "" {
			t.Fatalf("%s: %s", cases[i], a.Error)
		}
		c := cases[i]
		c.file = read(t, c.path)
		c.store(t)
		count("dss")
	}
	for _, c := range made {
		c.antin(t, p)
	}

	var ours []*cadesCase
	second := p.identity(t, "RSA-2048")
	for _, c := range made {
		if c.level != cades.BLTA || c.algorithm == "Ed25519" || !all() && c.algorithm != "P-256" {
			continue
		}
		again := &cadesCase{name: c.name + ", archived again by us", level: c.level, algorithm: c.algorithm, detached: c.detached, levels: c.levels}
		again.file = p.cadesExtend(t, c.file, c.detached, cades.BLTA)
		signed := &cadesCase{name: c.name + ", signed again by us", level: c.level, algorithm: c.algorithm, detached: c.detached, levels: append([]string{"LTA"}, c.levels...)}
		signed.file = p.cadesSign(t, c.file, c.detached, second, p.cadesOptions(second, cades.BLTA, false))
		ours = append(ours, again, signed)
	}
	for _, c := range ours {
		c.store(t)
	}
	askDSSAbout(t, p, ours)
	for _, c := range ours {
		c.antin(t, p)
	}
}
