package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// The large parts sign files that fit into no memory worth having, and compare memory with the resting program and time
// with the slower of hashing and copying the same file.

func (b *bench) huge(ctx context.Context) error {
	return b.large(ctx, fmt.Sprintf("%.2f GB", 2*b.scale), 0, func(path string) error {
		return hugePDF(path, int64(2e9*b.scale), false)
	})
}

// signed validates a signed file of 2 GB: digest, signature, path, changes after signing.
func (b *bench) signed(ctx context.Context) error {
	rest, err := b.resting(ctx)
	if err != nil {
		return err
	}
	path, out := filepath.Join(b.dir, "large.pdf"), filepath.Join(b.dir, "signed.pdf")
	defer os.Remove(out)
	if err := hugePDF(path, int64(2e9*b.scale), false); err != nil {
		return err
	}
	_, _, err = b.watch(ctx, "sign", path, "-o", out, "--key", "pem:"+b.p256.keyPEM)
	if err := errors.Join(err, os.Remove(path)); err != nil {
		return err
	}
	hash, err := hashFile(out)
	if err != nil {
		return err
	}
	var times []time.Duration
	var most int64
	for range b.rounds {
		spent, peak, err := b.watch(ctx, "verify", out, "--offline", "--trust", b.p256.chain)
		if err != nil {
			return err
		}
		times, most = append(times, spent), max(most, peak)
	}
	what := fmt.Sprintf("%.2f GB, signed", 2*b.scale)
	above := most - rest
	b.table.add(row{
		What: what + ": memory of antin verify (VmHWM)", Measured: mb(most), Peer: "antin version: " + mb(rest), Result: "+" + mb(above), Goal: "≤ 32.0 MB above",
	}, above <= 32e6)
	b.table.add(row{
		What: what + ": time of antin verify", Measured: seconds(median(times)), Peer: "SHA-256: " + seconds(hash),
		Result: fmt.Sprintf("%.2f ×", float64(median(times))/float64(hash)), Goal: "reported",
	}, true)
	return nil
}

func (b *bench) sparse(ctx context.Context) error {
	return b.large(ctx, fmt.Sprintf("%.2f GiB, sparse", 4.25*b.scale), 0, func(path string) error {
		return hugePDF(path, int64(4.25*b.scale*(1<<30)), true)
	})
}

func (b *bench) objects(ctx context.Context) error {
	n := b.scaled(5_000_000)
	return b.large(ctx, fmt.Sprintf("%d objects", n), 16*int64(n), func(path string) error { return manyPDF(path, n) })
}

// large measures one file; more is the memory allowed on top for what the file holds.
func (b *bench) large(ctx context.Context, what string, more int64, generate func(path string) error) error {
	rest, err := b.resting(ctx)
	if err != nil {
		return err
	}
	path := filepath.Join(b.dir, "large.pdf")
	if err := generate(path); err != nil {
		return err
	}
	if err := b.largeFile(ctx, what, path, rest, 32e6+more); err != nil {
		b.table.skip(what, "memory and time", err.Error())
	}
	return os.Remove(path)
}

func (b *bench) largeFile(ctx context.Context, what, path string, rest, allowed int64) error {
	var most int64
	var ours, hashes, copies, synced []time.Duration
	if _, err := hashFile(path); err != nil { // fills the page cache: everybody reads warm
		return err
	}
	for range b.rounds {
		hash, err := hashFile(path)
		if err != nil {
			return err
		}
		copied, durable, err := b.copyFile(ctx, path)
		if err != nil {
			return err
		}
		spent, peak, err := b.signFile(ctx, path)
		if err != nil {
			return err
		}
		hashes, copies, synced = append(hashes, hash), append(copies, copied), append(synced, durable)
		ours, most = append(ours, spent), max(most, peak)
	}
	above := most - rest
	b.table.add(row{
		What: what + ": memory of antin sign (VmHWM)", Measured: mb(most), Peer: "antin version: " + mb(rest),
		Result: "+" + mb(above), Goal: "≤ " + mb(allowed) + " above",
	}, above <= allowed)
	hash, copied, spent := median(hashes), median(copies), median(ours)
	ratio := float64(spent) / float64(max(hash, copied))
	b.table.add(row{
		What: what + ": time of antin sign", Measured: seconds(spent),
		Peer:   "SHA-256: " + seconds(hash) + ", cp: " + seconds(copied) + " (with fsync: " + seconds(median(synced)) + ")",
		Result: fmt.Sprintf("%.2f ×", ratio), Goal: "≤ 1.3 × the slower",
	}, ratio <= 1.3)
	return nil
}

func hashFile(path string) (time.Duration, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	start := time.Now()
	_, err = io.CopyBuffer(onlyWriter{sha256.New()}, f, make([]byte, 1<<20))
	return time.Since(start), err
}

// onlyWriter keeps io.CopyBuffer to its buffer.
type onlyWriter struct{ io.Writer }

// copyFile is cp, which must not share blocks or skip holes: a signed copy can do neither. durable is its time with the
// fsync that antin ends with and cp does not.
func (b *bench) copyFile(ctx context.Context, path string) (copied, durable time.Duration, err error) {
	out := filepath.Join(b.dir, "copy.pdf")
	defer os.Remove(out)
	settle()
	start := time.Now()
	if err := exec.CommandContext(ctx, "cp", "--reflink=never", "--sparse=never", path, out).Run(); err != nil {
		return 0, 0, fmt.Errorf("cp: %w", err)
	}
	copied = time.Since(start)
	f, err := os.Open(out)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	err = f.Sync()
	return copied, time.Since(start), err
}

func (b *bench) signFile(ctx context.Context, path string) (time.Duration, int64, error) {
	out := filepath.Join(b.dir, "signed.pdf")
	defer os.Remove(out)
	settle()
	return b.watch(ctx, "sign", path, "-o", out, "--key", "pem:"+b.p256.keyPEM)
}
