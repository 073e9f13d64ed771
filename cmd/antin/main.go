// Command antin is the digital-signature platform of a province: it serves it, and signs, extends, time-stamps, inspects and verifies documents.
//
// Every command answers on standard output as text or, with --format json, as one JSON object a line, and ends with
// 0 done, 1 some failed, 2 undetermined, 3 unreadable input or wrong usage.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/antinvn/antin/keys"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second interrupt ends the program at once
	ignoreFileSizeSignal()
	code := run(ctx, &env{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, clock: time.Now, lang: language(os.Getenv), openKey: keys.Open,
		modules: func() []string { return systemModules(os.Getenv, moduleLists, moduleFolders) }, environ: os.Environ(),
	}, os.Args[1:])
	stop()
	os.Exit(code)
}

// env is everything a command takes from the process around it.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	clock          func() time.Time
	lang           string // "vi" or "en"
	openKey        func(ctx context.Context, uri string, o *keys.Options) (*keys.Key, error)
	terminal       sync.Mutex      // held while a question stands there
	environ        []string        // settings may stand in it
	modules        func() []string // PKCS#11 libraries for addresses that name none; nil: none
}

// The exit codes, for all commands.
const (
	exitDone         = 0
	exitFailed       = 1
	exitUndetermined = 2
	exitUnreadable   = 3
)

// worst is the exit code of several files: 3 > 1 > 2 > 0.
func worst(a, b int) int {
	order := [...]int{exitDone: 0, exitUndetermined: 1, exitFailed: 2, exitUnreadable: 3}
	if order[b] > order[a] {
		return b
	}
	return a
}

type command struct {
	name, summary string
	run           func(ctx context.Context, e *env, args []string) int
}

func commands(e *env) []command {
	return []command{
		{"demo", e.words("chạy thử: ký, điền số và ngày, đóng dấu, kiểm tra", "try it out: sign, number, date, seal, check"), runDemo},
		{"init", e.words("chuẩn bị: cấu hình, khóa chủ, cơ quan và người vận hành đầu tiên", "prepare: settings, master keys, the first agency and operator"), runInit},
		{"serve", e.words("chạy hệ thống: trang, dịch vụ và việc nền", "run the house: pages, services and the work behind them"), runServe},
		{"config", e.words("xem cấu hình đang dùng và từng giá trị lấy từ đâu; in tệp mẫu", "print the settings in use and where each came from; print an example file"), runConfig},
		{"audit", e.words("kiểm tra, xuất nhật ký không thể lặng lẽ sửa", "verify or export the log that cannot be quietly changed"), runAudit},
		{"sign", e.words("ký một hoặc nhiều tệp", "sign one or many files"), runSign},
		{"reserve", e.words("đặt sẵn ô số, ngày, dấu trước chữ ký thứ nhất", "reserve fields for number, date and seal before the first signature"), runReserve},
		{"extend", e.words("nâng mức chữ ký hoặc gia hạn lưu trữ", "raise the level of signatures, or renew their archive time-stamp"), runExtend},
		{"timestamp", e.words("thêm dấu thời gian cho tệp", "time-stamp a file"), runTimestamp},
		{"verify", e.words("kiểm tra chữ ký", "verify signatures"), runVerify},
		{"inspect", e.words("xem trường, phiên bản và chữ ký trong tệp", "list fields, revisions and signatures of a file"), runInspect},
		{"certpath", e.words("kiểm tra đường dẫn chứng thư", "validate a certificate's path"), runCertpath},
		{"trust", e.words("xem --trust nạp được gì: gốc, danh sách tin cậy, cảnh báo", "say what --trust loads: anchors, trusted lists, warnings"), runTrust},
		{"attack", e.words("tạo tệp giả mạo từ tệp đã ký để thử phần mềm kiểm tra", "forge variants of a signed file, to test validators"), runAttack},
		{"version", e.words("phiên bản", "version"), runVersion},
	}
}

func run(ctx context.Context, e *env, args []string) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		w := e.stderr
		if len(args) > 0 {
			w = e.stdout
		}
		usage(e, w)
		if len(args) > 0 {
			return exitDone
		}
		return exitUnreadable
	}
	for _, c := range commands(e) {
		if c.name == args[0] {
			return c.run(ctx, e, args[1:])
		}
	}
	format := wantedFormat(args[1:])
	exit := e.fail(format, wrong(args[0], "there is no such command", "không có lệnh này"))
	if format != "json" {
		usage(e, e.stderr)
	}
	return exit
}

func usage(e *env, w io.Writer) {
	fmt.Fprintln(w, e.words("antin LỆNH [tùy chọn] …   (antin LỆNH --help: mọi tùy chọn)", "antin COMMAND [options] …   (antin COMMAND --help: all options)"))
	for _, c := range commands(e) {
		fmt.Fprintf(w, "  %-10s %s\n", c.name, c.summary)
	}
}

// words are what a command says in the reader's language.
func (e *env) words(vi, en string) string {
	if e.lang == "en" {
		return en
	}
	return vi
}

func language(getenv func(string) string) string {
	if getenv("ANTIN_LANG") == "en" {
		return "en"
	}
	return "vi"
}
