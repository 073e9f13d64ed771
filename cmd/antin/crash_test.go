//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/antinvn/antin/internal/foundation/config"
	"github.com/antinvn/antin/internal/foundation/seal"
	"github.com/antinvn/antin/internal/foundation/store/storetest"
)

// The crash suite: `antin serve` is killed at moments that nobody chose, while people act in it over HTTP, and started again over the same
// data. crash_act_test.go is what they do, and their journal of what they were answered; crash_hold_test.go is what has to hold afterwards.
//
// ANTIN_KILLS says how often, on each database. ANTIN_CRASH_LOG names a file that gets a line for each kill; a later run does those that it
// lacks, over data of its own. Without either it is killed a few times on SQLite, so that the suite itself is run.

const (
	fewKills = 2
	enough   = 20 // kills to have met something
	// startTime is how soon a house has to be ready again. A killed sequencer's lease, and recovery, are within it; so is a machine that does
	// much else.
	startTime = 15 * time.Second
	// loadTime bounds how long people act before the next kill.
	loadTime = 1200 * time.Millisecond
)

// TestKilledUnderLoadKeepsWhatItAcknowledged: every act that was answered is there after each kill, none is half there, what was not
// answered is done once when it is sent again, and the log verifies.
func TestKilledUnderLoadKeepsWhatItAcknowledged(t *testing.T) {
	if testing.Short() {
		t.Skip("it kills another program, again and again")
	}
	kills, asked := fewKills, os.Getenv("ANTIN_KILLS") != ""
	if asked {
		kills = storetest.Kills(t)
	}
	binary := filepath.Join(t.TempDir(), "antin")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	storetest.Each(t, func(t *testing.T, url string) {
		name := t.Name()[strings.LastIndex(t.Name(), "/")+1:]
		if name != "sqlite" && !asked {
			t.Skip("a few kills on one database are enough here: ANTIN_KILLS asks for more")
		}
		c := newCrash(t, binary, name, url)
		first := c.done(t) + 1
		if first > kills {
			t.Skipf("%s has the %d kills", os.Getenv("ANTIN_CRASH_LOG"), kills)
		}
		c.prepare(t)
		for c.kill = first; c.kill <= kills; c.kill++ {
			c.round(t)
			if t.Failed() {
				break
			}
		}
		c.end(t, first)
	})
}

// crash is one house that is killed.
type crash struct {
	binary, name, url, dir, address string
	kill                            int
	args                            []string
	server                          *exec.Cmd
	said                            *bytes.Buffer // by the server, where something is wrong
	journal                         *journal
	callers                         []caller
	persons                         []*person      // who are signed in once, for all kills
	ready                           time.Duration  // the last start
	lost                            int            // jobs of killed nodes that somebody else did
	met                             map[string]int // how far documents' acts were that were in flight
}

func newCrash(t *testing.T, binary, name, url string) *crash {
	c := &crash{binary: binary, name: name, url: url, dir: t.TempDir(), address: freePort(t), met: map[string]int{}}
	c.args = []string{
		"--data", filepath.Join(c.dir, "data"), "--database", url, "--master-keys", filepath.Join(c.dir, "master.keys"), "--training", "on",
		"--listen", c.address, "--public-address", "http://" + c.address, "--log-level", "warn",
	}
	return c
}

// done is how many kills of this database stand in the log already.
func (c *crash) done(t *testing.T) int {
	t.Helper()
	path := os.Getenv("ANTIN_CRASH_LOG")
	if path == "" {
		return 0
	}
	b, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return bytes.Count(b, []byte("\n"+c.name+" ")) + map[bool]int{true: 1}[bytes.HasPrefix(b, []byte(c.name+" "))]
}

// prepare kills the very first starts, over data that is not there yet, and then fills it with the example province.
func (c *crash) prepare(t *testing.T) {
	t.Helper()
	keys := filepath.Join(c.dir, "master.keys")
	ring, err := seal.Create(keys)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		c.start(t)
		time.Sleep(rand.N(400 * time.Millisecond))
		c.murder(t)
	}
	cfg, err := config.Load(config.Sources{Flags: map[string]string{
		"data": filepath.Join(c.dir, "data"), "database": c.url, "master_keys": keys, "training": "on", "listen": c.address, "public_address": "http://" + c.address,
	}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := openPast(t.Context(), cfg, ring, slog.New(slog.DiscardHandler), time.Now(), extra{cost: demoCost})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(p.settle(t.Context()), p.h.sequencer.Drain(t.Context()), p.h.close()); err != nil {
		t.Fatal(err)
	}
	c.people(t, p)
	c.again(t)
	for _, x := range c.persons {
		if err := x.enter(); err != nil {
			t.Fatal(err)
		}
	}
	// A draft, and the page on which it is signed: pdfium is compiled before the first page is drawn, which takes longer than a kill does.
	d := c.callers[0].(*desk)
	err = d.step(c.journal)
	if err == nil {
		_, err = d.leader.get("/van-ban/" + d.sheet.id + "/ky")
	}
	if err != nil {
		t.Fatal(err)
	}
	c.murder(t)
}

// start begins a server without waiting for it.
func (c *crash) start(t *testing.T) {
	t.Helper()
	c.server = exec.CommandContext(context.WithoutCancel(t.Context()), c.binary, append([]string{"serve"}, c.args...)...)
	c.said = &bytes.Buffer{}
	c.server.Stderr = c.said
	if err := c.server.Start(); err != nil {
		t.Fatal(err)
	}
}

// murder kills the server, and holds it to leave no child of its own behind.
func (c *crash) murder(t *testing.T) {
	t.Helper()
	if err := c.server.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.server.Wait() // it was killed
	if c.server.ProcessState.Exited() {
		t.Errorf("kill %d: it had ended by itself: %s", c.kill, c.said)
	}
	for line := range strings.Lines(c.said.String()) {
		if strings.Contains(line, "level=ERROR") || strings.Contains(line, "panic") {
			t.Errorf("kill %d: the server said %s", c.kill, line)
		}
	}
	c.orphaned(t)
}

// orphaned waits for the children that read documents to end with their parent.
func (c *crash) orphaned(t *testing.T) {
	t.Helper()
	until := time.Now().Add(5 * time.Second)
	for {
		left := 0
		names, err := filepath.Glob("/proc/[0-9]*/exe")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if to, err := os.Readlink(name); err == nil && to == c.binary {
				left++
			}
		}
		if left == 0 {
			return
		}
		if time.Now().After(until) {
			t.Errorf("kill %d: %d children of the killed server go on", c.kill, left)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// again starts the server and waits until it says that it is ready.
func (c *crash) again(t *testing.T) {
	t.Helper()
	began := time.Now()
	c.start(t)
	for {
		r, err := http.Get("http://" + c.address + "/readyz")
		if err == nil {
			_, err = io.Copy(io.Discard, r.Body)
			r.Body.Close()
			if err == nil && r.StatusCode == http.StatusOK {
				break
			}
		}
		if time.Since(began) > startTime {
			_ = c.server.Process.Signal(syscall.SIGQUIT) // where does it stand?
			_ = c.server.Wait()
			t.Fatalf("kill %d: it is not ready after %v: %s", c.kill, startTime, c.said)
		}
		time.Sleep(5 * time.Millisecond)
	}
	c.ready = time.Since(began)
}

// round is one kill: start, see what holds, send again what was not answered, act, kill.
func (c *crash) round(t *testing.T) {
	t.Helper()
	if rand.N(6) == 0 { // a start is killed, too
		c.start(t)
		time.Sleep(rand.N(max(c.ready, 200*time.Millisecond)))
		c.murder(t)
	}
	c.again(t)
	found := c.hold(t)
	c.repeat(t)
	var acting sync.WaitGroup
	for _, x := range c.callers {
		acting.Go(func() { x.act(c.journal) })
	}
	due := c.jobsDue(t)
	time.Sleep(rand.N(loadTime))
	c.murder(t)
	due()
	acting.Wait()
	c.journal.closeIdle()
	for _, wrong := range c.journal.wrongs() {
		t.Errorf("kill %d: %s", c.kill, wrong)
	}
	state := "0 findings"
	if t.Failed() {
		state = "FINDINGS"
	}
	c.tell(t, fmt.Sprintf("%s kill %d: %d acts acknowledged so far; in flight: %s; before: %s; ready after %d ms; %s",
		c.name, c.kill, c.journal.count(), c.journal.inFlight(), found, c.ready.Milliseconds(), state))
}

// end looks once more, at everything.
func (c *crash) end(t *testing.T, first int) {
	t.Helper()
	if t.Failed() {
		return
	}
	c.again(t)
	found := c.hold(t)
	c.repeat(t)
	c.whole(t)
	c.murder(t)
	if n := c.kill - first; n >= enough && (c.journal.count() < 2*n || c.met["done"]+c.met[halfWay] == 0) {
		t.Errorf("%d kills met too little: %d acts, %v", n, c.journal.count(), c.met)
	}
	t.Logf("%s: %d kills, %d acts acknowledged, %d jobs taken over; at the last: %s", c.name, c.kill-1, c.journal.count(), c.lost, found)
}

func (c *crash) tell(t *testing.T, line string) {
	t.Helper()
	t.Log(line)
	path := os.Getenv("ANTIN_CRASH_LOG")
	if path == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err == nil {
		_, err = f.WriteString(line + "\n")
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
