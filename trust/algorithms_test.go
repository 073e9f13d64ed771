package trust_test

import (
	"crypto"
	"crypto/dsa" //nolint:staticcheck // to name it
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/trust"
)

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

// What the table of TS 119 312 V1.5.1 says, each line on its last second and on the first one after it.
func TestAlgorithmsEndOnTheirDay(t *testing.T) {
	a := trust.DefaultAlgorithms()
	for _, c := range []struct {
		alg   string
		bits  int
		until string // "": no end; "never": at no time
	}{
		{"md5", 0, "2004-08-01"},
		{"ripemd160", 0, "2014-08-01"},
		{"sha1", 0, "2012-08-01"},
		{"sha224", 0, "2029-01-01"},
		{"sha256", 0, ""},
		{"sha384", 0, ""},
		{"sha512", 0, ""},
		{"sha3-256", 0, ""},
		{"sha3-384", 0, ""},
		{"sha3-512", 0, ""},
		{"sha3-224", 0, "never"},
		{"rsa", 512, "never"},
		{"rsa", 786, "2010-08-01"},
		{"rsa", 1024, "2019-10-01"},
		{"rsa", 1899, "2019-10-01"},
		{"rsa", 2048, "2029-01-01"},
		{"rsa", 4096, "2029-01-01"}, // PKCS#1 v1.5 of any size is legacy
		{"rsa-pss", 1024, "2019-10-01"},
		{"rsa-pss", 2048, "2029-01-01"},
		{"rsa-pss", 3072, ""},
		{"dsa", 512, "never"},
		{"dsa", 1024, "2015-12-01"},
		{"dsa", 2048, "2029-01-01"},
		{"dsa", 3072, ""},
		{"ecdsa", 192, "2012-08-01"},
		{"ecdsa", 224, "2021-10-01"},
		{"ecdsa", 256, ""},
		{"ecdsa", 384, ""},
		{"ecdsa", 521, ""},
		{"ed25519", 255, ""},
		{"ed448", 448, ""},
		{"gost", 256, "never"},
		{"", 0, "never"},
	} {
		t.Run(fmt.Sprint(c.alg, " ", c.bits), func(t *testing.T) {
			if c.until == "" || c.until == "never" {
				until, ok := a.Acceptable(c.alg, c.bits, day("2100-01-01"))
				if !until.IsZero() || ok != (c.until == "") {
					t.Errorf("until %v, %v", until, ok)
				}
				return
			}
			end := day(c.until)
			if until, ok := a.Acceptable(c.alg, c.bits, end.Add(-time.Second)); !ok || !until.Equal(end) {
				t.Errorf("on the last second: until %v, %v", until, ok)
			}
			if until, ok := a.Acceptable(c.alg, c.bits, end); ok || !until.Equal(end) {
				t.Errorf("on the day: until %v, %v", until, ok)
			}
		})
	}
	if a.Name() != "ts119312-1.5.1" || !strings.Contains(a.Edition(), "2024-12") {
		t.Errorf("%q, %q", a.Name(), a.Edition())
	}
	if _, ok := (trust.Algorithms{}).Acceptable("sha256", 0, year2020); ok {
		t.Error("the zero table accepts something")
	}
}

const table = "suite\tministry\tcircular of 2027\n# a comment\ndigest\tsha1\t-\t2016-01-01\tcircular, 3\nsignature\trsa\t4096\t-\tcircular, 4\nsignature\trsa\t2048\t2026-07-01\tcircular, 4\n"

func TestAnOperatorsTableIsRead(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "table.tsv"), []byte(table))
	a, err := trust.LoadAlgorithms(path)
	if err != nil {
		t.Fatal(err)
	}
	if until, ok := a.Acceptable("rsa", 3072, day("2026-06-30")); !ok || !until.Equal(day("2026-07-01")) {
		t.Errorf("%v, %v", until, ok)
	}
	if until, ok := a.Acceptable("rsa", 4096, day("2036-06-30")); !ok || !until.IsZero() {
		t.Errorf("%v, %v", until, ok)
	}
	if _, ok := a.Acceptable("sha256", 0, year2020); ok {
		t.Error("what the operator left out is acceptable")
	}
	again, err := trust.ParseAlgorithms([]byte(strings.ReplaceAll(table, "# a comment", "\n# another")))
	if err != nil || again.Snapshot() != a.Snapshot() {
		t.Errorf("a comment changes the snapshot: %v", err)
	}
	other, err := trust.ParseAlgorithms([]byte(strings.ReplaceAll(table, "2016", "2017")))
	if err != nil || other.Snapshot() == a.Snapshot() {
		t.Errorf("a day does not change the snapshot: %v", err)
	}
}

func TestAWrongTableIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":               "",
		"no suite":              "digest\tsha1\t-\t-\tx\n",
		"two suites":            table + "suite\ta\tb\n",
		"an unknown kind":       table + "cipher\taes\t128\t-\tx\n",
		"a missing source":      table + "digest\tsha256\t-\t-\t\n",
		"a missing column":      table + "digest\tsha256\t-\t-\n",
		"a day that is not":     table + "digest\tsha256\t-\t2029-02-30\tx\n",
		"a digest twice":        table + "digest\tsha1\t-\t-\tx\n",
		"a digest with a size":  table + "digest\tsha256\t256\t-\tx\n",
		"a size twice":          table + "signature\trsa\t2048\t-\tx\n",
		"a size that is not":    table + "signature\trsa\tbig\t-\tx\n",
		"a size below one":      table + "signature\trsa\t0\t-\tx\n",
		"spaces instead of tab": "suite a b\n",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := trust.ParseAlgorithms([]byte(text)); !errors.Is(err, trust.ErrAlgorithms) {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := trust.LoadAlgorithms(filepath.Join(t.TempDir(), "absent")); !errors.Is(err, trust.ErrFile) {
		t.Errorf("got %v", err)
	}
}

func TestKeysAndHashesHaveTheirNames(t *testing.T) {
	pss := certpath.AlgorithmIdentifier{Algorithm: certpath.OID{1, 2, 840, 113549, 1, 1, 10}}
	modulus := new(big.Int).Lsh(big.NewInt(1), 2047)
	for _, c := range []struct {
		alg  certpath.AlgorithmIdentifier
		key  crypto.PublicKey
		name string
		bits int
	}{
		{certpath.AlgorithmIdentifier{}, &rsa.PublicKey{N: modulus}, "rsa", 2048},
		{pss, &rsa.PublicKey{N: modulus}, "rsa-pss", 2048},
		{certpath.AlgorithmIdentifier{}, &ecdsa.PublicKey{Curve: elliptic.P384()}, "ecdsa", 384},
		{certpath.AlgorithmIdentifier{}, &dsa.PublicKey{Parameters: dsa.Parameters{P: modulus}}, "dsa", 2048},
		{certpath.AlgorithmIdentifier{}, ed25519.PublicKey{}, "ed25519", 255},
		{certpath.AlgorithmIdentifier{}, nil, "", 0},
	} {
		if name, bits := trust.SignatureName(c.alg, c.key); name != c.name || bits != c.bits {
			t.Errorf("%T: %q, %d", c.key, name, bits)
		}
	}
	a := trust.DefaultAlgorithms()
	for h := crypto.MD5; h <= crypto.SHA3_512; h++ {
		name := trust.DigestName(h)
		if until, ok := a.Acceptable(name, 0, day("2000-01-01")); name != "" && !ok {
			t.Errorf("the table lacks %s: %v", name, until)
		}
	}
	if trust.DigestName(crypto.BLAKE2b_256) != "" {
		t.Error("an unknown hash has a name")
	}
}

// The file in the repository is the one that the program carries.
func TestTheEmbeddedTableSaysItsSource(t *testing.T) {
	data, err := os.ReadFile("algorithms/ts119312.tsv")
	if err != nil {
		t.Fatal(err)
	}
	a, err := trust.ParseAlgorithms(data)
	if err != nil || a.Snapshot() != trust.DefaultAlgorithms().Snapshot() {
		t.Errorf("%v", err)
	}
}

func ExampleAlgorithms_Acceptable() {
	table := trust.DefaultAlgorithms()
	at := time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC)
	_, ok := table.Acceptable("sha1", 0, at)
	fmt.Println("sha1", ok)
	until, ok := table.Acceptable("rsa", 2048, at)
	fmt.Println("rsa 2048", ok, until.Format(time.DateOnly))
	// Output:
	// sha1 false
	// rsa 2048 true 2029-01-01
}
