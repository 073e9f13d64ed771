package interop

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/antinvn/antin/cades"
	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/tsp"
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
func (c *cadesCase) store(t *testing.T, p *pki) {
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
		c := &cadesCase{name: name, level: level, algorithm: algorithm, detached: detached, levels: levels, file: file}
		c.store(t, p)
		cases = append(cases, c)
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
	t.Run("dss", func(t *testing.T) {
		needs(t, "dss")
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
