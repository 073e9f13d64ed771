package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
)

// documentSize is a decision of a few pages with its fonts.
const documentSize = 137_000

// sign is the whole act in memory: open, lay out, hash, sign, write. The caller keeps out for the next one.
func sign(ctx context.Context, id *identity, input []byte, out *bytes.Buffer) error {
	d, err := pdf.Open(ctx, bytes.NewReader(input), int64(len(input)), nil)
	if err != nil {
		return err
	}
	out.Reset()
	_, err = pades.Sign(ctx, out, d, id.key, &pades.Options{Chain: []*certpath.Certificate{id.cert}})
	return err
}

// raw is the key operation alone, over a digest of its own.
func raw(id *identity, digest [32]byte) error {
	_, err := id.key.Sign(rand.Reader, digest[:], crypto.SHA256)
	return err
}

// documents are n distinct inputs.
func documents(n int) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		out[i] = smallPDF(documentSize, uint64(i))
	}
	return out
}

// single compares one signature after the other on one goroutine; ours and the raw operation take turns, so that
// whatever else the machine does meets both.
func (b *bench) single(ctx context.Context) error {
	inputs := documents(b.scaled(300))
	ours, key, err := takeTurns(ctx, b.rsa, inputs)
	if err != nil {
		return err
	}
	above := ours - key
	b.table.add(row{
		What:     "PAdES B-B of a 137 kB PDF, RSA-2048, in memory",
		Measured: ms(ours), Peer: "raw RSA-2048: " + ms(key),
		Result: "+" + ms(above), Goal: "≤ 1 ms above",
	}, above <= time.Millisecond)

	const goal = "≥ 40 ×"
	what := "the same against pyHanko, one warm process"
	if peer, version, err := b.pyHanko(ctx, inputs); err != nil {
		b.table.skip(what, goal, err.Error())
	} else {
		ratio := float64(peer) / float64(ours)
		b.table.add(row{
			What: what, Measured: ms(ours), Peer: version + ": " + ms(peer),
			Result: fmt.Sprintf("%.0f ×", ratio), Goal: goal,
		}, ratio >= 40)
	}

	ours, key, err = takeTurns(ctx, b.p256, inputs)
	if err != nil {
		return err
	}
	key += hashTime(inputs)
	ratio := float64(ours) / float64(key)
	b.table.add(row{
		What:     "PAdES B-B of a 137 kB PDF, P-256, in memory",
		Measured: ms(ours), Peer: "SHA-256 of the file + raw P-256: " + ms(key),
		Result: fmt.Sprintf("%.2f ×", ratio), Goal: "reported",
	}, true)
	return nil
}

// takeTurns returns the medians of one signature of ours and of the raw operation.
func takeTurns(ctx context.Context, id *identity, inputs [][]byte) (ours, key time.Duration, err error) {
	var signing, raws []time.Duration
	var out bytes.Buffer
	for i, input := range inputs {
		digest := sha256.Sum256(input)
		start := time.Now()
		if err := raw(id, digest); err != nil {
			return 0, 0, err
		}
		middle := time.Now()
		if err := sign(ctx, id, input, &out); err != nil {
			return 0, 0, err
		}
		end := time.Now()
		if i >= len(inputs)/10 { // the first ones warm caches
			raws, signing = append(raws, middle.Sub(start)), append(signing, end.Sub(middle))
		}
	}
	return median(signing), median(raws), nil
}

func hashTime(inputs [][]byte) time.Duration {
	var times []time.Duration
	for _, input := range inputs {
		start := time.Now()
		sha256.Sum256(input)
		times = append(times, time.Since(start))
	}
	return median(times)
}

//go:embed pyhanko_peer.py
var pyHankoPeer string

// pyHanko signs the same inputs in one Python process that has signed before.
func (b *bench) pyHanko(ctx context.Context, inputs [][]byte) (time.Duration, string, error) {
	dir, err := os.MkdirTemp(b.dir, "pyhanko-")
	if err != nil {
		return 0, "", err
	}
	defer os.RemoveAll(dir)
	for i, input := range inputs[:min(len(inputs), 60)] {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.pdf", i)), input, 0o600); err != nil {
			return 0, "", err
		}
	}
	return b.askPyHanko(ctx, pyHankoPeer, b.rsa.keyPEM, b.rsa.chain, dir)
}

// askPyHanko runs a script that prints the median time of one act.
func (b *bench) askPyHanko(ctx context.Context, script string, args ...string) (time.Duration, string, error) {
	cmd := exec.CommandContext(ctx, b.python, append([]string{"-"}, args...)...)
	cmd.Stdin = strings.NewReader(script)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, "", fmt.Errorf("%s: %w: %s", b.python, err, lastLine(stderr.String()))
	}
	var answer struct {
		Median  float64 `json:"median_ms"`
		Version string  `json:"version"`
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		return 0, "", err
	}
	return time.Duration(answer.Median * 1e6), "pyHanko " + answer.Version, nil
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}
