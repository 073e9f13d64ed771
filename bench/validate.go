package main

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/revocation"
	"github.com/antinvn/antin/trust"
	"github.com/antinvn/antin/tsp"
	"github.com/antinvn/antin/verify"
)

// signers makes PAdES B-LT files as a province has them: RSA-2048, a TSA, revocation data inside.
type signers struct {
	pki    *pkitest.PKI
	client *fetch.Client
}

func newSigners(ctx context.Context) (*signers, error) {
	pki, err := pkitest.New(pkitest.Options{Algorithm: pkitest.RSA2048})
	if err != nil {
		return nil, err
	}
	return &signers{pki: pki, client: &fetch.Client{AllowHosts: []string{pki.Host()}}}, pki.Start(ctx)
}

// sign signs once for each of names, one revision after another.
func (s *signers) sign(ctx context.Context, content []byte, names ...string) ([]byte, error) {
	status := &revocation.Fetcher{Fetch: s.client, Cache: revocation.NewMemoryCache(1 << 20)}
	for _, name := range names {
		cert, key, err := s.pki.Issue(pkitest.Subject{CommonName: name, Algorithm: pkitest.RSA2048})
		if err != nil {
			return nil, err
		}
		d, err := pdf.Open(ctx, bytes.NewReader(content), int64(len(content)), nil)
		if err != nil {
			return nil, err
		}
		var out bytes.Buffer
		if _, err := pades.Sign(ctx, &out, d, key, &pades.Options{
			Level: pades.BLT, Chain: []*certpath.Certificate{cert}, TSA: &tsp.Client{URL: s.pki.URL("tsa"), Fetch: s.client},
			Status: status, Issuers: status, Anchors: s.pki, Field: pades.FieldSpec{Name: name},
		}); err != nil {
			return nil, err
		}
		content = out.Bytes()
	}
	return content, nil
}

// validating is one set of signed files, and what validates them.
type validating struct {
	*bench
	root  *trust.Store
	kept  *verify.Memory // certificates, paths and revocation data may be warm
	der   string         // the root as a file, for the peers
	files [][]byte
	dir   string // the same as files
}

func (v *validating) one(ctx context.Context, i int) error {
	now := time.Now()
	facts, err := verify.Collect(ctx, bytes.NewReader(v.files[i]), int64(len(v.files[i])), &verify.CollectOptions{Trust: v.root, Offline: true, At: now, Memory: v.kept})
	if err != nil {
		return err
	}
	if d := verify.Decide(facts, v.policy, now); d.Indication != verify.TotalPassed {
		return fmt.Errorf("file %d: %s %s", i, d.Indication, d.Sub)
	}
	return nil
}

// rate is validations a second on two cores, single the median time of one on one.
func (v *validating) rate(ctx context.Context) (rate float64, single time.Duration, err error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
	var times []time.Duration
	for i := range v.files {
		start := time.Now()
		if err := v.one(ctx, i); err != nil {
			return 0, 0, err
		}
		times = append(times, time.Since(start))
	}
	const again = 5
	spent, err := onCores(again*len(v.files), func(i int, _ *bytes.Buffer) error { return v.one(ctx, i%len(v.files)) })
	return float64(again*len(v.files)) / spent.Seconds(), median(times), err
}

func (b *bench) validating(ctx context.Context, n int, content func(i int) []byte, names ...string) (*validating, error) {
	s, err := newSigners(ctx)
	if err != nil {
		return nil, err
	}
	defer s.pki.Close()
	v := &validating{bench: b, root: trust.New(s.pki.Root), kept: &verify.Memory{}}
	if v.dir, err = os.MkdirTemp(b.dir, "validate-"); err != nil {
		return nil, err
	}
	v.der = filepath.Join(v.dir, "root.der")
	if err := os.WriteFile(v.der, s.pki.Root.Raw, 0o600); err != nil {
		return nil, err
	}
	for i := range n {
		signed, err := s.sign(ctx, content(i), names...)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(v.dir, fmt.Sprintf("%04d.pdf", i)), signed, 0o600); err != nil {
			return nil, err
		}
		v.files = append(v.files, signed)
	}
	return v, nil
}

// validate compares validations of distinct PAdES B-LT files of 100 kB, changes after signing looked for.
func (b *bench) validate(ctx context.Context) error {
	decision, err := os.ReadFile("cmd/antin/assets/decision.pdf")
	if err != nil {
		return err
	}
	v, err := b.validating(ctx, b.scaled(200), func(i int) []byte { return distinct(decision, i) }, "leader")
	if err != nil {
		return err
	}
	return v.compare(ctx, fmt.Sprintf("PAdES B-LT of %d kB", len(v.files[0])/1000), 1500, []float64{50, 15, 200})
}

// distinct is a real document of two pages that no other is like: a comment behind its end says which one it is.
func distinct(document []byte, i int) []byte {
	return fmt.Appendf(slices.Clone(document), "%% %d\n", i)
}

// many is the same for a file of 10 MB with 40,000 objects and two signatures.
func (b *bench) many(ctx context.Context) error {
	v, err := b.validating(ctx, 3, func(i int) []byte { return crowdedPDF(b.scaled(40_000), uint64(i)) }, "leader", "seal")
	if err != nil {
		return err
	}
	what := fmt.Sprintf("%d objects, %.1f MB, two signatures", b.scaled(40_000), float64(len(v.files[0]))/1e6)
	return v.compare(ctx, what, 50, []float64{50, 15, 200})
}

// compare measures ours, then each peer on the same files in one warm process of its own.
func (v *validating) compare(ctx context.Context, what string, goal float64, ratios []float64) error {
	defer os.RemoveAll(v.dir)
	rate, single, err := v.rate(ctx)
	if err != nil {
		return err
	}
	v.table.add(row{
		What: "validation of " + what, Measured: fmt.Sprintf("%.0f/s on %d cores", rate, cores), Peer: "-", Result: ms(single) + " on one",
		Goal: fmt.Sprintf("≥ %.0f/s", goal),
	}, rate >= goal)
	for i, peer := range []struct {
		name string
		ask  func(context.Context) (time.Duration, string, error)
	}{
		{"pyHanko", v.pyHankoValidates},
		{"DSS without its comparison of revisions", func(ctx context.Context) (time.Duration, string, error) { return v.dss(ctx, "no") }},
		{"DSS with it", func(ctx context.Context) (time.Duration, string, error) { return v.dss(ctx, "yes") }},
	} {
		goal := fmt.Sprintf("≥ %.0f ×", ratios[i])
		took, version, err := peer.ask(ctx)
		if err != nil {
			v.table.skip("the same against "+peer.name, goal, err.Error())
			continue
		}
		ratio := float64(took) / float64(single)
		v.table.add(row{
			What: "the same against " + peer.name + ", one warm process", Measured: ms(single), Peer: version + ": " + ms(took),
			Result: fmt.Sprintf("%.0f ×", ratio), Goal: goal,
		}, ratio >= ratios[i])
	}
	return nil
}

//go:embed pyhanko_validate.py
var pyHankoValidate string

func (v *validating) pyHankoValidates(ctx context.Context) (time.Duration, string, error) {
	return v.askPyHanko(ctx, pyHankoValidate, v.der, v.dir)
}

// dssJobs bounds what is asked of DSS: with its comparison one file takes half a second.
const dssJobs = 40

// dss asks the peer of interop/java, which has to be compiled before.
func (v *validating) dss(ctx context.Context, comparison string) (time.Duration, string, error) {
	const java = "interop/java/target"
	if _, err := os.Stat(filepath.Join(java, "classes")); err != nil {
		return 0, "", errors.New("interop/java is not compiled: mvn -f interop/java/pom.xml compile")
	}
	var jobs strings.Builder
	files, err := filepath.Glob(filepath.Join(v.dir, "*.pdf"))
	if err != nil {
		return 0, "", err
	}
	n := 0
	for ; n < dssJobs && (n < len(files) || n < 4); n++ {
		fmt.Fprintf(&jobs, "time\t%s\t%s\n", files[n%len(files)], comparison)
	}
	cmd := exec.CommandContext(ctx, "java", "-Djava.awt.headless=true", "-cp", filepath.Join(java, "classes")+":"+filepath.Join(java, "lib", "*"), "vn.antin.interop.Dss", v.der)
	cmd.Stdin = strings.NewReader(jobs.String())
	out, err := cmd.Output()
	if err != nil {
		return 0, "", err
	}
	var times []time.Duration
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var a struct {
			MS         float64 `json:"ms"`
			Indication string  `json:"indication"`
			Error      string  `json:"error"`
		}
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil || a.Error != "" || a.Indication == "" {
			return 0, "", fmt.Errorf("DSS: %s", lines.Text())
		}
		times = append(times, time.Duration(a.MS*1e6))
	}
	if len(times) != n {
		return 0, "", fmt.Errorf("DSS answered %d of %d jobs", len(times), n)
	}
	return median(times[n/4:]), "EU DSS 6.4", nil // the first ones warm it
}
