//go:build !linux

package main

import (
	"context"
	"errors"
	"time"
)

var errLinux = errors.New("the high-water mark of memory is read from /proc, on Linux only")

func (b *bench) watch(context.Context, ...string) (time.Duration, int64, error) {
	return 0, 0, errLinux
}

func (b *bench) resting(context.Context) (int64, error) { return 0, errLinux }

func settle() {}
