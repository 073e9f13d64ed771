package trust_test

import (
	"errors"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/trust"
)

func TestAPackedStoreIsTheSameElsewhere(t *testing.T) {
	p := newPeople(t)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "vn.xml"), marshal(t, p.list(), p.operator))
	write(t, filepath.Join(dir, "vn.signer.pem"), p.operator.pem())
	list, err := trust.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if n := reflect.TypeFor[certpath.Anchor]().NumField(); n != 5 {
		t.Errorf("an anchor has %d fields: pack them all, and compare them here", n)
	}
	a, b := issue(t, "a", nil), issue(t, "b", nil)
	for name, s := range map[string]*trust.Store{
		"nothing": nil, "a trusted list": list, "dated": trust.NewDated([]certpath.Anchor{{Certificate: a.Certificate, From: year2020, Name: "mốc", Training: true}}, b.Certificate),
	} {
		t.Run(name, func(t *testing.T) {
			other, err := trust.Unpack(s.Pack())
			if err != nil {
				t.Fatal(err)
			}
			if other.Snapshot() != s.Snapshot() {
				t.Error("another snapshot")
			}
			if x, y := ders(other.Pool()), ders(s.Pool()); !reflect.DeepEqual(x, y) {
				t.Error("another pool")
			}
			for _, purpose := range []certpath.Purpose{certpath.AnyPurpose, certpath.Sign, certpath.TimeStamp, certpath.OCSPSign} {
				for _, at := range []time.Time{{}, year2020.Add(-1), year2020, day("2024-01-01")} {
					x, y := other.AnchorsFor(purpose, at), s.AnchorsFor(purpose, at)
					if len(x) != len(y) {
						t.Fatalf("%d anchors, not %d", len(x), len(y))
					}
					for i := range x {
						if x[i].Name != y[i].Name || x[i].Training != y[i].Training || !x[i].From.Equal(y[i].From) || !x[i].Until.Equal(y[i].Until) || x[i].Certificate.Fingerprint() != y[i].Certificate.Fingerprint() {
							t.Errorf("%+v, not %+v", x[i], y[i])
						}
					}
				}
			}
		})
	}
}

func ders(certs []*certpath.Certificate) (out []string) {
	for _, c := range certs {
		out = append(out, string(c.Raw))
	}
	return out
}

func TestWhatIsNoPackIsRefused(t *testing.T) {
	for _, text := range []string{"", "[]", `{"anchors":[{"certificate":"AAAA","name":"","use":1}]}`, `{"pool":["AAAA"]}`} {
		if _, err := trust.Unpack([]byte(text)); !errors.Is(err, trust.ErrFile) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
