package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
)

// maxUnsettled bounds the files of a batch that are written and wait for the disk: each holds a descriptor, and an
// interruption loses them.
const maxUnsettled = 64

// batch replaces or makes each output from its input: work writes it, in parallel on all cores, while files that are
// written already are made durable together. It prints each result in the order of the inputs and returns the worst exit.
func (e *env) batch(
	ctx context.Context, format string, inputs, outputs []string, work func(ctx context.Context, i int, w *os.File) (result, error),
) int {
	results := make([]result, len(inputs))
	var done atomic.Int64
	progress := e.progress(len(inputs))
	finish := func(i int, r result, err error) {
		if err != nil {
			r = e.failed(inputs[i], err)
		} else {
			r.File, r.Output = inputs[i], outputs[i]
		}
		results[i] = r
		progress(int(done.Add(1)))
	}
	type written struct {
		*replacement
		i int
		r result
	}
	unsettled := make(chan written, maxUnsettled)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(inputs)) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(inputs); i = int(next.Add(1)) - 1 {
				w := written{i: i}
				err := ctx.Err()
				if err == nil {
					w.replacement, err = replace(outputs[i], func(f *os.File) (err error) {
						w.r, err = work(ctx, i, f)
						return err
					})
				}
				if err != nil {
					finish(i, w.r, err)
					continue
				}
				unsettled <- w
			}
		})
	}
	go func() {
		workers.Wait()
		close(unsettled)
	}()
	for first := range unsettled {
		group := []written{first}
		files := []*replacement{first.replacement}
		for range min(len(unsettled), maxUnsettled) {
			w := <-unsettled
			group, files = append(group, w), append(files, w.replacement)
		}
		for k, err := range settle(files) {
			finish(group[k].i, group[k].r, err)
		}
	}
	return e.report(format, results)
}

// report prints the results of a batch.
func (e *env) report(format string, results []result) int {
	exit, failed := exitDone, 0
	for _, r := range results {
		e.print(format, r)
		exit = worst(exit, r.exit)
		if r.Error != nil {
			failed++
		}
	}
	if len(results) > 1 && format == "text" {
		fmt.Fprintln(e.stdout, e.say("batch.done", "n", len(results), "done", len(results)-failed, "failed", failed))
	}
	return exit
}
