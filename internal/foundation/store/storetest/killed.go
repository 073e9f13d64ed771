package storetest

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// child is how a test program is told that it is one to be killed, and what it works on.
const child = "ANTIN_TEST_CHILD"

// Child is the first call of a TestMain whose program [Killed] starts again: in such a child it acts until the end, elsewhere it does nothing.
func Child(act func(task string) error) {
	if task, ok := os.LookupEnv(child); ok {
		fmt.Fprintln(os.Stderr, act(task))
		os.Exit(1)
	}
}

// Kills is how often a test kills a program: ANTIN_KILLS, or a few times.
func Kills(t testing.TB) int {
	t.Helper()
	text := os.Getenv("ANTIN_KILLS")
	if text == "" {
		return 5
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Killed starts this test program as a child with a task, kills it at a moment that nobody chose after its first line, and returns the lines
// that it said whole. A child that ends by itself fails the test.
func Killed(t testing.TB, task string) (said []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // this very program
	cmd.Env = append(os.Environ(), child+"="+task)
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	end := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() }) //nolint:errcheck // for a child that never says anything; it may have ended
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			break // a line without its end was not said
		}
		if said = append(said, strings.TrimSuffix(line, "\n")); len(said) == 1 {
			end.Reset(time.Duration(rand.IntN(400)) * time.Millisecond) //nolint:gosec // any moment will do
		}
	}
	end.Stop()
	if err := cmd.Wait(); cmd.ProcessState.Exited() {
		t.Fatalf("it ended by itself: %v: %s", err, &complaint)
	}
	return said
}
