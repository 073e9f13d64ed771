package trust_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/antinvn/antin/trust"
)

// gca is a list in the form that the plug-in reads.
func gca(sequence int, key, next string, certs ...*issued) []byte {
	var texts []string
	for _, c := range certs {
		texts = append(texts, `"`+base64.StdEncoding.EncodeToString(c.Raw)+`"`)
	}
	return fmt.Appendf(nil, `{"Version":1,"ListIdentifier":"GCA","SequenceNumber":%d,"ThisUpdate":"\/Date(1767225600000)\/","NextUpdate":%q,%q:[%s]}`,
		sequence, next, key, strings.Join(texts, ","))
}

func TestTheGovernmentsListIsRead(t *testing.T) {
	root := issue(t, "root", nil)
	middle := issue(t, "middle", root)
	for name, data := range map[string][]byte{
		"the plug-in's spelling": gca(7, "Cerificates", "/Date(1782864000000+0700)/", root, middle),
		"the right one":          gca(7, "Certificates", "2026-07-01T00:00:00Z", root, middle),
		"no zone":                gca(7, "Certificates", "2026-07-01T00:00:00", root, middle),
		"a byte order mark":      append([]byte("\xef\xbb\xbf\r\n"), gca(7, "Cerificates", "2026-07-01T07:00:00+07:00", root, middle)...),
	} {
		l, err := trust.ParseGCA(data)
		if err != nil {
			t.Fatal(name, err)
		}
		if l.Version != 1 || l.Identifier != "GCA" || l.Sequence != 7 || !l.ThisUpdate.Equal(day("2026-01-01")) || !l.NextUpdate.Equal(day("2026-07-01")) ||
			len(l.Certificates) != 2 || l.Unread != 0 {
			t.Errorf("%s: %+v", name, l)
		}
	}
	if l, err := trust.ParseGCA([]byte(`{"Cerificates":["x","QQ=="]}`)); err != nil || l.Unread != 2 || !l.NextUpdate.IsZero() {
		t.Errorf("%+v, %v", l, err)
	}
	for name, text := range map[string]string{
		"nothing": "", "no JSON": "{", "no certificates": `{"Version":1}`, "an empty list": `{"Cerificates":[]}`, "another kind": `{"Cerificates":"x"}`,
		"no time": `{"Cerificates":["x"],"NextUpdate":"soon"}`, "a time without end": `{"Cerificates":["x"],"NextUpdate":"/Date(1"}`,
		"a time beyond all": `{"Cerificates":["x"],"NextUpdate":"/Date(9223372036854775807)/"}`,
	} {
		if l, err := trust.ParseGCA([]byte(text)); !errors.Is(err, trust.ErrGCA) {
			t.Errorf("%s: %+v, %v", name, l, err)
		}
	}
}

// It is unsigned: what it holds counts as certificates of a file do, and that is said.
func TestTheGovernmentsListIsLoaded(t *testing.T) {
	root := issue(t, "root", nil)
	middle := issue(t, "middle", root)
	dir := t.TempDir()
	path := write(t, filepath.Join(dir, "gca.ctl"), gca(7, "Cerificates", "2026-07-01T00:00:00Z", root, middle))
	for _, from := range []string{dir, path} {
		s := load(t, from)
		if got := told(s, day("2026-08-01")); got != "gca.ctl government-list 1+1\n! gca.ctl trust.list_unsigned\n! gca.ctl trust.list_expired\n" {
			t.Error(got)
		}
		if got := names(s); got != "anchor root, chain middle" {
			t.Error(got)
		}
		if s.Snapshot() == trust.New(root.Certificate, middle.Certificate).Snapshot() {
			t.Error("the snapshot does not name the list")
		}
	}
	write(t, filepath.Join(dir, "newer.ctl"), gca(8, "Cerificates", "2027-07-01T00:00:00Z", root))
	write(t, filepath.Join(dir, "broken.ctl"), []byte(`{"Cerificates":`))
	write(t, filepath.Join(dir, "other.json"), []byte(`{"a":1}`))
	write(t, filepath.Join(dir, "dates.tsv"), fmt.Appendf(nil, "%x\t-\t2026-12-31\n", root.Fingerprint()))
	s := load(t, dir)
	want := "broken.ctl government-list 0+0\ngca.ctl government-list 0+0\nnewer.ctl government-list 1+0\n" +
		"! broken.ctl trust.gca\n! gca.ctl trust.list_superseded\n! newer.ctl trust.list_unsigned\n"
	if got := told(s, day("2026-08-01")); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if len(s.Anchors(day("2026-12-31"))) != 1 || len(s.Anchors(day("2027-01-01"))) != 0 {
		t.Error("dates.tsv does not date what the list gives")
	}
	if _, err := trust.Load(filepath.Join(dir, "broken.ctl")); !errors.Is(err, trust.ErrGCA) {
		t.Errorf("%v", err)
	}
}
