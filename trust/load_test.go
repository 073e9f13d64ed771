package trust_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/trust"
	"github.com/antinvn/antin/xmldsig"
)

func load(t testing.TB, paths ...string) *trust.Store {
	t.Helper()
	s, err := trust.Load(paths...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// told is what a store says of its sources, one a line.
func told(s *trust.Store, at time.Time) string {
	var b strings.Builder
	for _, src := range s.Sources() {
		fmt.Fprintf(&b, "%s %s %d+%d\n", filepath.Base(src.Path), src.Kind, src.Anchors, src.Chain)
	}
	for _, w := range s.Warnings(at) {
		fmt.Fprintf(&b, "! %s %s\n", filepath.Base(w.Path), w.Code)
	}
	return b.String()
}

func TestOneBadListDoesNotBlockTheRest(t *testing.T) {
	p := newPeople(t)
	dir := t.TempDir()
	good := p.list()
	write(t, filepath.Join(dir, "good.xml"), marshal(t, good, p.operator))
	write(t, filepath.Join(dir, "good.signer.pem"), p.operator.pem())
	other := p.list()
	other.Territory = "LA"
	write(t, filepath.Join(dir, "tampered.xml"), changed(t, marshal(t, other, p.operator), withdrawn, granted))
	write(t, filepath.Join(dir, "tampered.signer.pem"), p.operator.pem())
	other.Territory = "KH"
	write(t, filepath.Join(dir, "stranger.xml"), marshal(t, other, p.other))
	write(t, filepath.Join(dir, "broken.xml"), []byte("<TrustServiceStatusList"))
	write(t, filepath.Join(dir, "another.xml"), []byte("<feed/>"))
	root := issue(t, "root", nil)
	write(t, filepath.Join(dir, "root.pem"), root.pem())
	s := load(t, dir)
	want := "root.pem certificates 1+0\nbroken.xml trusted-list 0+0\nstranger.xml trusted-list 0+0\ntampered.xml trusted-list 0+0\ngood.xml trusted-list 5+0\n" +
		"! broken.xml xmldsig.malformed\n! stranger.xml trust.list_signer\n! tampered.xml trust.list_signature\n"
	if got := told(s, day("2026-02-01")); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got := told(s, day("2026-08-01")); got != want+"! good.xml trust.list_expired\n" {
		t.Errorf("later\n%s", got)
	}
	for _, w := range s.Warnings(day("2026-08-01")) {
		if _, ok := codes.Find(w.Code); !ok {
			t.Errorf("%s has no text", w.Code)
		}
	}
	// The operator signs lists, and nothing else.
	for _, a := range s.Anchors(time.Time{}) {
		if a.Certificate.Subject.CommonName() == "operator" {
			t.Error("the operator became an anchor")
		}
	}
	// Where nothing at all is left, the failure is the list's.
	for name, want := range map[string]codes.Code{"tampered.xml": xmldsig.ErrDigest, "stranger.xml": trust.ErrListSigner, "broken.xml": xmldsig.ErrMalformed, "another.xml": trust.ErrNoCertificate} {
		if s, err := trust.Load(filepath.Join(dir, name)); !errors.Is(err, want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
	if s, err := trust.Load(filepath.Join(dir, "tampered.xml"), filepath.Join(dir, "root.pem")); err != nil || len(s.Anchors(year2020)) != 1 {
		t.Errorf("%v", err)
	}
}

func TestAListIsSignedByACertificateGivenBesideIt(t *testing.T) {
	p := newPeople(t)
	dir := t.TempDir()
	list := write(t, filepath.Join(dir, "list.xml"), marshal(t, p.list(), p.operator))
	operator := write(t, filepath.Join(dir, "operator.pem"), p.operator.pem())
	other := write(t, filepath.Join(t.TempDir(), "other.pem"), p.other.pem())
	if got := told(load(t, list, operator), day("2026-02-01")); got != "operator.pem certificates 1+0\nlist.xml trusted-list 5+0\n" {
		t.Error(got)
	}
	if got := told(load(t, list, other), day("2026-02-01")); got != "other.pem certificates 1+0\nlist.xml trusted-list 0+0\n! list.xml trust.list_signer\n" {
		t.Error(got)
	}
	// The file beside the list decides alone.
	write(t, filepath.Join(dir, "list.signer.pem"), p.other.pem())
	if got := told(load(t, list, operator), day("2026-02-01")); !strings.Contains(got, trust.ErrListSigner.Error()) {
		t.Error(got)
	}
}

func TestAListOfListsSaysWhoSignsTheOthers(t *testing.T) {
	p, second := newPeople(t), issue(t, "second", nil)
	dir := t.TempDir()
	pointers := []trust.Pointer{
		{Location: "https://example.test/lotl.xml", Type: listOf, Territory: "EU", Signers: []*certpath.Certificate{second.Certificate}},
		{Location: "https://example.test/vn.xml", Type: national, Territory: "VN", Signers: []*certpath.Certificate{p.operator.Certificate}},
	}
	lotl := func(sequence int, by *issued) []byte {
		return marshal(t, &trust.List{Version: 6, Sequence: sequence, Type: listOf, Territory: "EU", Operator: "EU", Issued: day("2026-01-01"), NextUpdate: day("2026-07-01"), Pointers: pointers}, by)
	}
	write(t, filepath.Join(dir, "a-lotl.xml"), lotl(12, second))
	write(t, filepath.Join(dir, "pivot-11.xml"), lotl(11, p.other))
	write(t, filepath.Join(dir, "pivot-11.signer.pem"), p.other.pem())
	newer := p.list()
	newer.Sequence = 8
	write(t, filepath.Join(dir, "vn.xml"), marshal(t, newer, p.operator))
	write(t, filepath.Join(dir, "vn-old.xml"), marshal(t, p.list(), p.operator))
	other := p.list()
	other.Territory = "LA"
	write(t, filepath.Join(dir, "la.xml"), marshal(t, other, p.operator)) // the list of lists does not name it
	want := "pivot-11.xml pivot 0+0\na-lotl.xml list-of-lists 0+0\nla.xml trusted-list 0+0\nvn-old.xml trusted-list 0+0\nvn.xml trusted-list 5+0\n" +
		"! la.xml trust.list_signer\n! vn-old.xml trust.list_superseded\n"
	s := load(t, dir)
	if got := told(s, day("2026-02-01")); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	// Without the pivot nobody says who signs the list of lists.
	if err := os.Remove(filepath.Join(dir, "pivot-11.xml")); err != nil {
		t.Fatal(err)
	}
	if _, err := trust.Load(dir); !errors.Is(err, trust.ErrListSigner) {
		t.Errorf("%v", err)
	}
}

func TestSnapshotNamesListsAndDates(t *testing.T) {
	p := newPeople(t)
	snapshot := func(change func(*trust.List)) string {
		l := p.list()
		change(l)
		dir := t.TempDir()
		write(t, filepath.Join(dir, "vn.xml"), marshal(t, l, p.operator))
		write(t, filepath.Join(dir, "vn.signer.pem"), p.operator.pem())
		return load(t, dir).Snapshot()
	}
	same := snapshot(func(*trust.List) {})
	if again := snapshot(func(*trust.List) {}); again != same {
		t.Error("equal content has two names")
	}
	seen := map[string]string{same: "nothing"}
	for name, change := range map[string]func(*trust.List){
		"the sequence number": func(l *trust.List) { l.Sequence++ },
		"the issue":           func(l *trust.List) { l.Issued = l.Issued.Add(time.Hour) },
		"a date":              func(l *trust.List) { l.Services[1].Periods[0].From = day("2022-01-02") },
		"a service":           func(l *trust.List) { l.Services = l.Services[:4] },
		"the use of one":      func(l *trust.List) { l.Services[2].Periods[0].Type = ocspQC },
	} {
		if other, ok := seen[snapshot(change)]; ok {
			t.Errorf("%s does not change the snapshot that %s gives", name, other)
		}
		seen[snapshot(change)] = name
	}
}

func fingerprint(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found, err := certpath.ParseCertificates(data)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%X", found[0].Fingerprint())
}

// The government's first and second generation and the national root, as they stand in one folder, each with its sunset.
func TestGenerationsStandSideBySide(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"g1-root", "g1-nha-nuoc-cp", "g1-bo-tai-chinh", "g2-root", "g2-nha-nuoc-cp", "public-vn-national-root", "public-mic-national-root-2008", "public-vnpt-smartca-rs"} {
		data, err := os.ReadFile("testdata/ca-vn/" + name + ".pem")
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name+".pem"), data)
	}
	write(t, filepath.Join(dir, "dates.tsv"), []byte("# fingerprint, first day, last day, remark\n"+
		fingerprint(t, "testdata/ca-vn/g1-root.pem")+"\t2010-01-01\t2029-12-31\tG1\n"+
		strings.ToLower(fingerprint(t, "testdata/ca-vn/public-mic-national-root-2008.pem"))+"\t-\t2014-12-31\n"))
	s := load(t, dir)
	anchors := func(at string) string {
		var names []string
		for _, a := range s.Anchors(day(at)) {
			names = append(names, a.Certificate.Subject.CommonName())
		}
		slices.Sort(names)
		return strings.Join(names, ", ")
	}
	const g1, g2, mic, national = "Co quan chung thuc so chuyen dung Chinh phu (RootCA)", "RootCA chuyên dùng Chính phủ G2", "MIC National Root CA", "Vietnam National Root CA"
	for at, want := range map[string]string{
		"2009-06-01": mic + ", " + g2 + ", " + national, "2012-06-01": g1 + ", " + mic + ", " + g2 + ", " + national,
		"2026-06-01": g1 + ", " + g2 + ", " + national, "2029-12-31": g1 + ", " + g2 + ", " + national, "2030-01-01": g2 + ", " + national,
	} {
		if got := anchors(at); got != want {
			t.Errorf("%s: %s", at, got)
		}
	}
	for _, c := range []struct {
		leaf, at, root string
		valid          bool
	}{
		{"g1-nha-nuoc-cp", "2026-06-01", g1, true},
		{"g1-bo-tai-chinh", "2026-06-01", g1, true},
		{"g1-nha-nuoc-cp", "2030-01-01", "", false},
		{"g2-nha-nuoc-cp", "2026-06-01", g2, true},
		{"public-vnpt-smartca-rs", "2024-06-01", national, true},
	} {
		data, err := os.ReadFile("testdata/ca-vn/" + c.leaf + ".pem")
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := certpath.ParseCertificates(data)
		if err != nil {
			t.Fatal(err)
		}
		r, err := certpath.Validate(context.Background(), leaf[0], &certpath.Options{Anchors: s, Pool: s.Pool(), At: day(c.at)})
		if err != nil || r.Valid != c.valid || c.valid && r.Path[len(r.Path)-1].Subject.CommonName() != c.root {
			t.Errorf("%s at %s: %+v, %v", c.leaf, c.at, r.Problems, err)
		}
	}
}

func TestDatesAreRefusedWhereTheyAreWrong(t *testing.T) {
	root := issue(t, "root", nil)
	key := fmt.Sprintf("%x", root.Fingerprint())
	for name, c := range map[string]struct {
		line string
		want error
	}{
		"good":                {key + "\t-\t2026-01-01\n", nil},
		"colons":              {strings.ToUpper(key[:2]) + ":" + key[2:] + "\t-\t-\n", nil},
		"a missing day":       {key + "\t-\n", trust.ErrDates},
		"no fingerprint":      {"root\t-\t-\n", trust.ErrDates},
		"a short fingerprint": {key[2:] + "\t-\t-\n", trust.ErrDates},
		"no first day":        {key + "\tsoon\t-\n", trust.ErrDates},
		"no last day":         {key + "\t-\t2026-13-01\n", trust.ErrDates},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "root.pem"), root.pem())
			write(t, filepath.Join(dir, "dates.tsv"), []byte(c.line))
			if _, err := trust.Load(dir); !errors.Is(err, c.want) {
				t.Errorf("got %v", err)
			}
			if _, err := trust.Load(filepath.Join(dir, "root.pem"), filepath.Join(dir, "dates.tsv")); !errors.Is(err, c.want) {
				t.Errorf("named: got %v", err)
			}
		})
	}
	dir := t.TempDir()
	middle := issue(t, "middle", root)
	write(t, filepath.Join(dir, "middle.pem"), middle.pem())
	write(t, filepath.Join(dir, "dates.tsv"), []byte(fmt.Sprintf("%x\t-\t-\n%s\t-\t-\n", middle.Fingerprint(), key)))
	s := load(t, dir)
	if got := told(s, year2020); got != "middle.pem certificates 1+0\ndates.tsv dates 0+0\n! dates.tsv trust.dates\n" {
		t.Errorf("a dated certificate is an anchor, and one that is not there is told of; got\n%s", got)
	}
}

func TestListsAreBoundedTogether(t *testing.T) {
	dir := t.TempDir()
	big := write(t, filepath.Join(dir, "00.xml"), append([]byte("<TrustServiceStatusList "), make([]byte, 15<<20)...)) // no XML, and kept until all are read
	for i := range 18 {
		if err := os.Link(big, filepath.Join(dir, fmt.Sprintf("%02d.xml", i+1))); err != nil {
			t.Skip(err)
		}
	}
	if _, err := trust.Load(dir); !errors.Is(err, trust.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "18.xml")); err != nil {
		t.Fatal(err)
	}
	if _, err := trust.Load(dir); !errors.Is(err, xmldsig.ErrMalformed) {
		t.Errorf("below: got %v", err)
	}
}
