package i18n_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/antinvn/antin/internal/foundation/i18n"
)

func pair(vi, en string) fstest.MapFS {
	return fstest.MapFS{"vi.txt": {Data: []byte(vi)}, "en.txt": {Data: []byte(en)}}
}

func TestATextIsFilledIn(t *testing.T) {
	c, err := i18n.New(pair("a.n = Có {n} văn bản từ {at}.\n", "a.n = {n} {n|document|documents} since {at}.\n"))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 12, 31, 17, 5, 0, 0, time.UTC) // already the next day in Vietnam
	for _, x := range []struct {
		lang i18n.Lang
		n    any
		want string
	}{
		{i18n.Vietnamese, 1234567, "Có 1.234.567 văn bản từ 01/01/2027 00:05."},
		{i18n.English, int64(1000), "1,000 documents since 01/01/2027 00:05."},
		{i18n.English, 1, "1 document since 01/01/2027 00:05."},
		{"fr", 2, "Có 2 văn bản từ 01/01/2027 00:05."},
	} {
		if got := c.Text(x.lang, "a.n", "n", x.n, "at", at); got != x.want {
			t.Errorf("%s: %q, want %q", x.lang, got, x.want)
		}
	}
	if c.Has("a.m") || c.Text(i18n.English, "a.m") != "a.m" {
		t.Error("an unknown key has a text")
	}
	if !c.Has("fault.pdf.password.what") {
		t.Error("the engine's texts are not in it")
	}
}

func TestAWrongPairIsRefused(t *testing.T) {
	if _, err := i18n.New(pair("a.b = Một\n", "a.b = One\n"), pair("a.b = Hai\n", "a.b = Two\n")); err == nil {
		t.Error("a key of two modules is taken")
	}
}

func TestPeopleSortByGivenName(t *testing.T) {
	want := []string{
		"An", "Lê An", "Nguyễn An", "Nguyễn Văn An", "Trần Ánh", "Phạm Văn Ân", "Võ Bình", "Nguyễn Thị Dung", "Lê Dũng", "Lê Thị Dương",
		"Đặng Đào", "Hồ Đạt", "Nguyễn Em", "Lê Hoa", "Lê Hoà", "Lê Hoàng", "Lê Ơn", "Trần Uyên", "Trần Ưng", "Trần Yến",
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, func(a, b string) int { return bytes.Compare(i18n.PersonKey(a), i18n.PersonKey(b)) })
	if !slices.Equal(got, want) {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
	if !bytes.Equal(i18n.PersonKey(norm.NFD.String(" Lê  Hoà ")), i18n.PersonKey("Lê Hoà")) || i18n.PersonKey(" ") != nil {
		t.Error("one name has two keys")
	}
}

// TestTheKeyComparesGivenNamesFirst holds the joined key to the comparison of the two halves one after the other.
func TestTheKeyComparesGivenNamesFirst(t *testing.T) {
	given := strings.Fields("An án Án ÁN ân Ang Ánh anh Anh a ă Ăn Dư Dưa Đ d D đa Đà E ê Ê y Ý")
	family := []string{"", "Lê", "Le", "Đỗ Văn", "Đỗ", "Nguyễn"}
	var names [][2]string
	for _, g := range given {
		for _, f := range family {
			names = append(names, [2]string{f, g})
		}
	}
	for _, a := range names {
		for _, b := range names {
			want := bytes.Compare(i18n.SortKey(a[1]), i18n.SortKey(b[1]))
			if want == 0 {
				want = bytes.Compare(i18n.SortKey(a[0]), i18n.SortKey(b[0]))
			}
			if got := bytes.Compare(i18n.PersonKey(a[0]+" "+a[1]), i18n.PersonKey(b[0]+" "+b[1])); got != want {
				t.Fatalf("%q, %q: %d, want %d", a, b, got, want)
			}
		}
	}
}

func FuzzInput(f *testing.F) {
	f.Add("Đặng\u0301\u202e\xff\r\n 31/12/2026")
	f.Fuzz(func(t *testing.T, s string) {
		if once := i18n.Line(s); i18n.Line(once) != once || !norm.NFC.IsNormalString(once) || strings.ContainsAny(once, "\r\n\x00") {
			t.Errorf("%q", once)
		}
		if once := i18n.Paragraphs(s); i18n.Paragraphs(once) != once || strings.Contains(once, "\r") {
			t.Errorf("%q", once)
		}
		if len(i18n.SortKey(s)) > 4000 || i18n.Fold(i18n.Fold(s)) != i18n.Fold(s) {
			t.Errorf("%q", s)
		}
		if d, err := i18n.ParseDate(s); err == nil && i18n.Date(d) == "" {
			t.Error(s)
		}
	})
}

func TestSearchFolds(t *testing.T) {
	for in, want := range map[string]string{
		"  Đặng Thị  ÁNH ":            "dang thi anh",
		norm.NFD.String("Ủy ban Ước"): "uy ban uoc",
		"05/QĐ-UBND":                  "05/qd-ubnd",
	} {
		if got := i18n.Fold(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestInputIsKeptInOneSpelling(t *testing.T) {
	if got := i18n.Line(" " + norm.NFD.String("Hoà\u00a0bình") + "\x00\u202e\r\n x "); got != "Hoà bình x" {
		t.Errorf("%q", got)
	}
	if got := i18n.Paragraphs("\r\nMột\u200b  \r\nHai\rBa\n\n"); got != "Một\nHai\nBa" {
		t.Errorf("%q", got)
	}
	if got := i18n.Line("a\xffb"); got != "a\ufffdb" {
		t.Errorf("%q", got)
	}
}

func TestDatesAreVietnams(t *testing.T) {
	for in, want := range map[string]string{"31/12/2026": "31/12/2026", "1/2/2026": "01/02/2026", "2026-02-01": "01/02/2026"} {
		d, err := i18n.ParseDate(in)
		if err != nil || i18n.Date(d) != want || i18n.Clock(d) != "00:00" {
			t.Errorf("%s: %v %v", in, d, err)
		}
	}
	for _, in := range []string{"", "29/2/2026", "1/1/0001", "12/31/2026", "hôm nay"} {
		if _, err := i18n.ParseDate(in); err == nil {
			t.Errorf("%q is a date", in)
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1.000", -1000: "-1.000", -999: "-999", 12345678: "12.345.678"} {
		if got := i18n.Number(i18n.Vietnamese, n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}
