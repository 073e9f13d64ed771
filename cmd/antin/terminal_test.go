//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/antinvn/antin/keys"
)

// openTerminal gives both ends of a pseudo-terminal: the program's, and that of the person before it.
func openTerminal(t *testing.T) (program, person *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { person.Close() })
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Skip(err)
	}
	n, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Skip(err)
	}
	if program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { program.Close() })
	return program, person
}

func echoes(t *testing.T, f *os.File) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

// shown is everything that stands on the terminal, once the program has left it.
func shown(program, person *os.File) string {
	program.Close()
	b, _ := io.ReadAll(person) // the end of a terminal is an error
	return string(b)
}

// asking starts a command that asks for a password, and returns when the terminal waits for it.
func asking(ctx context.Context, t *testing.T, program *os.File, args ...string) (exit chan int, said *bytes.Buffer) {
	t.Helper()
	said, exit = &bytes.Buffer{}, make(chan int, 1)
	e := &env{stdin: program, stdout: said, stderr: said, clock: time.Now, lang: "vi", openKey: keys.Open}
	go func() { exit <- run(ctx, e, args) }()
	for deadline := time.Now().Add(10 * time.Second); echoes(t, program); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing was asked")
		}
	}
	return exit, said
}

func TestAPasswordIsAskedForAtTheTerminalWithoutEcho(t *testing.T) {
	dir, in := workplace(t)
	pin, err := os.ReadFile(filepath.Join(dir, "pin.txt"))
	if err != nil {
		t.Fatal(err)
	}
	program, person := openTerminal(t)
	exit, said := asking(t.Context(), t, program, "sign", in, "-o", filepath.Join(dir, "out.pdf"), "--key", "p12:"+filepath.Join(dir, "leader.p12"))
	if _, err := person.Write(pin); err != nil {
		t.Fatal(err)
	}
	if code := <-exit; code != exitDone || !strings.Contains(said.String(), "Mật khẩu của ") {
		t.Errorf("exit %d %s", code, said)
	}
	if !echoes(t, program) {
		t.Error("the terminal got no echo back")
	}
	if screen := shown(program, person); strings.Contains(screen, strings.TrimSpace(string(pin))) {
		t.Errorf("the password stands on the terminal: %q", screen)
	}
}

func TestAnInterruptEndsTheQuestionAndGivesTheEchoBack(t *testing.T) {
	dir, in := workplace(t)
	program, _ := openTerminal(t)
	ctx, interrupt := context.WithCancel(t.Context())
	exit, said := asking(ctx, t, program, "sign", in, "-o", filepath.Join(dir, "out.pdf"), "--key", "p12:"+filepath.Join(dir, "leader.p12"))
	interrupt()
	if code := <-exit; code != exitFailed || !strings.Contains(said.String(), "cmd.cancelled") || !echoes(t, program) {
		t.Errorf("exit %d, echo %t: %s", code, echoes(t, program), said)
	}
}

// TestABatchDrawsItsProgressOnATerminal, on one line, and wipes it before the report.
func TestABatchDrawsItsProgressOnATerminal(t *testing.T) {
	dir, in := workplace(t)
	files := []string{in}
	for _, name := range []string{"b.pdf", "c.pdf"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, blankPDF(), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	program, person := openTerminal(t)
	var out bytes.Buffer
	e := &env{stdin: strings.NewReader(""), stdout: &out, stderr: program, clock: time.Now, lang: "vi", openKey: keys.Open}
	if exit := run(t.Context(), e, signArgs(dir, append(files, "-o", filepath.Join(dir, "out"))...)); exit != exitDone {
		t.Fatalf("exit %d %s", exit, out.String())
	}
	screen := shown(program, person)
	if !strings.Contains(screen, "\r1/3") || !strings.HasSuffix(screen, "\r3/3\r\x1b[K") || strings.Contains(screen, "\n") {
		t.Errorf("%q", screen)
	}
}

// TestAPipeIsNoInput: a command does not wait for a writer that never comes.
func TestAPipeIsNoInput(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe.pdf")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	answered := make(chan string, 1)
	go func() {
		_, out, _ := callWith(t.Context(), keys.Open, "verify", pipe, "--format", "json")
		answered <- out
	}()
	select {
	case out := <-answered:
		if !strings.Contains(out, "cmd.not_a_file") {
			t.Error(out)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("it waits")
	}
}
