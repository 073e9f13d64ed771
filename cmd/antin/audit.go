package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/foundation/audit"
	"github.com/antinvn/antin/internal/foundation/clock"
	"github.com/antinvn/antin/internal/foundation/i18n"
	"github.com/antinvn/antin/internal/foundation/store"
)

func runAudit(ctx context.Context, e *env, args []string) int {
	what := ""
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		what, args = args[0], args[1:]
	}
	switch what {
	case "verify":
		return runAuditVerify(ctx, e, args)
	case "export", "key":
		return runAuditRead(ctx, e, what, args)
	}
	f := newFlags(e, "audit verify|export|key", e.words("(antin audit verify --help: mọi tùy chọn)", "(antin audit verify --help: all options)"))
	if _, exit, done := f.parse(args); done {
		return exit
	}
	return e.fail(f.format, wrong(what, "verify, export or key is expected", "cần verify (kiểm tra), export (xuất) hoặc key (in khóa)"))
}

// runAuditRead does what only reads the installation: its log into a folder, or its key.
func runAuditRead(ctx context.Context, e *env, what string, args []string) int {
	synopsis := ""
	if what == "export" {
		synopsis = e.words("THƯ_MỤC", "DIR")
	}
	f := newFlags(e, "audit "+what, synopsis)
	var s settings
	s.register(f)
	rest, exit, done := f.parse(args)
	switch {
	case done:
		return exit
	case what == "key" && len(rest) > 0:
		return e.fail(f.format, wrong(rest[0], "no argument is expected", "lệnh này không nhận tham số"))
	case what == "export" && len(rest) != 1:
		return e.fail(f.format, wrong("", "a folder to write to is expected", "cần một thư mục để ghi vào"))
	}
	var key string
	err := e.withLog(ctx, &s, func(l *audit.Log) (err error) {
		if key, err = l.VerifierKey(ctx); err != nil || what == "key" {
			return err
		}
		return l.View(ctx, func(src audit.Source) error { return audit.Export(src, rest[0]) })
	})
	switch {
	case err != nil:
		return e.failHouse(f.format, err)
	case what == "export":
		e.print(f.format, result{File: key, Output: rest[0]})
	case f.format == "json":
		e.printJSON(struct {
			Key string `json:"key"`
		}{key})
	default:
		fmt.Fprintln(e.stdout, key)
	}
	return exitDone
}

// withLog opens the log of the installation that the settings name. A database that is not there is not made.
func (e *env) withLog(ctx context.Context, s *settings, f func(*audit.Log) error) (err error) {
	c, err := s.load()
	if err != nil {
		return err
	}
	if !strings.Contains(c.Database, "://") {
		if _, err := os.Stat(c.Database); err != nil {
			return codes.Wrap(errInput, "opening", c.Database, err)
		}
	}
	steps, err := allSteps()
	if err != nil {
		return err
	}
	db, issuer, err := store.Open(ctx, store.Config{URL: c.Database, Migrations: steps, Clock: clock.System{}})
	if err != nil {
		return err
	}
	return errors.Join(f(audit.Open(db, issuer, referrers)), db.Close())
}

// auditReport is what verification says, each finding with its sentences.
type auditReport struct {
	*audit.Report

	Key      string         `json:"key"`
	Findings []auditFinding `json:"findings"`
}

type auditFinding struct {
	audit.Finding

	Text string `json:"text"`
}

func runAuditVerify(ctx context.Context, e *env, args []string) int {
	f := newFlags(e, "audit verify", e.words("[THƯ_MỤC đã xuất]", "[exported DIR]"))
	key := f.String("key", "", e.words("`KHÓA|TỆP` kiểm tra của nhật ký; không ghi: khóa mà chính bản cài đặt đang giữ", "`KEY|FILE` that verifies the log; default: the one that the installation itself holds"))
	event := f.String("event", "", e.words("`MÃ` sự kiện cần chứng minh là có trong nhật ký", "`ID` of an event whose place is to be proved"))
	var known, witnesses list
	f.Var(&known, "known", e.words("`TỆP` checkpoint đã giữ ở nơi khác (lặp lại được)", "`FILE` with a checkpoint that was kept elsewhere (repeatable)"))
	f.Var(&witnesses, "witness", e.words("`KHÓA|TỆP` của bên làm chứng phải có chữ ký (lặp lại được)", "`KEY|FILE` of a witness whose co-signature is wanted (repeatable)"))
	var s settings
	s.register(f)
	rest, exit, done := f.parse(args)
	switch {
	case done:
		return exit
	case len(rest) > 1:
		return e.fail(f.format, wrong(rest[1], "one folder is expected", "cần một thư mục"))
	case len(rest) == 1 && *key == "":
		return e.fail(f.format, wrong("--key", "an exported log is verified with a key that comes from elsewhere", "kiểm tra bản xuất cần khóa lấy từ nơi khác"))
	}
	o, err := auditOptions(*key, *event, known, witnesses)
	if err != nil {
		return e.failHouse(f.format, err)
	}
	var r *audit.Report
	if len(rest) == 1 {
		r, err = audit.Verify(audit.Folder(rest[0]), o)
	} else {
		err = e.withLog(ctx, &s, func(l *audit.Log) (err error) {
			if o.Key == "" {
				if o.Key, err = l.VerifierKey(ctx); err != nil {
					return err
				}
			}
			return l.View(ctx, func(src audit.Source) error {
				r, err = audit.Verify(src, o)
				return err
			})
		})
	}
	if err != nil {
		return e.failHouse(f.format, err)
	}
	out := auditReport{Report: r, Key: o.Key, Findings: []auditFinding{}}
	for _, x := range r.Findings {
		out.Findings = append(out.Findings, auditFinding{x, e.found(x)})
	}
	if f.format == "json" {
		e.printJSON(out)
	} else {
		out.print(e, *event)
	}
	switch {
	case !r.Holds():
		return exitFailed
	case len(r.Uncosigned) > 0 || r.EventWaits:
		return exitUndetermined
	}
	return exitDone
}

// auditOptions reads what the flags name: a key is written out, or stands in a file.
func auditOptions(key, event string, known, witnesses []string) (o audit.Options, err error) {
	if o.Key, err = keyText(key); err != nil {
		return o, err
	}
	for _, w := range witnesses {
		text, err := keyText(w)
		if err != nil {
			return o, err
		}
		o.Witnesses = append(o.Witnesses, text)
	}
	for _, path := range known {
		b, err := smallFile(path)
		if err != nil {
			return o, err
		}
		o.Known = append(o.Known, b)
	}
	if event == "" {
		return o, nil
	}
	if n, err := strconv.ParseInt(event, 10, 64); err == nil && n > 0 {
		o.Event = store.ID(n)
		return o, nil
	}
	if o.Event, err = store.ParseID("evt", event); err != nil {
		err = wrong("--event "+event, "an event's id is expected", "cần mã của một sự kiện")
	}
	return o, err
}

func keyText(s string) (string, error) {
	if s == "" || strings.Count(s, "+") >= 2 {
		return s, nil
	}
	b, err := smallFile(s)
	return strings.TrimSpace(string(b)), err
}

const maxSmallFile = 64 << 10

func smallFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, codes.Wrap(errInput, "reading", path, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSmallFile))
	if err != nil {
		return nil, codes.Wrap(errInput, "reading", path, err)
	}
	return b, nil
}

// found says a finding in the reader's language.
func (e *env) found(x audit.Finding) string {
	c, err := catalogue()
	if err != nil {
		return string(x.Kind)
	}
	said := func(which string) string {
		return c.Fault(i18n.Lang(e.lang), string(x.Kind), which, oneLine(x.At), nil)
	}
	return said("what") + " " + said("next")
}

func (r *auditReport) print(e *env, event string) {
	w := e.stdout
	if r.Origin != "" {
		writef(w, e.words("%s: %d sự kiện, gốc %s\n", "%s: %d events, root %s\n"), r.Origin, r.Size, r.Root)
	}
	switch {
	case r.Rows >= 0:
		writef(w, e.words("đã so %d dòng với nhật ký, %d đang chờ vị trí\n", "%d rows compared with the log, %d wait for their place\n"), r.Rows, r.Waiting)
	case r.Holds():
		writef(w, "%s\n", e.words("không có dòng nào để so", "there are no rows to compare"))
	}
	for _, c := range r.Cosigned {
		writef(w, e.words("%s làm chứng lúc %s, ở cỡ %d\n", "%s co-signed at %s, at size %d\n"), c.Witness, c.At.Format(time.RFC3339), c.Size)
	}
	for _, name := range r.Uncosigned {
		writef(w, e.words("%s chưa làm chứng\n", "%s has not co-signed\n"), name)
	}
	if r.EventWaits {
		writef(w, e.words("sự kiện %s đang chờ vị trí\n", "the event %s waits for its place\n"), event)
	}
	if r.Proof != nil {
		writef(w, e.words("sự kiện %s ở vị trí %d:\n%s\n\n%s", "the event %s is at place %d:\n%s\n\n%s"), event, r.Proof.Index, r.Proof.Leaf, r.Proof.Text)
	}
	for _, x := range r.Findings {
		writef(w, "  ! %s [%s]\n", x.Text, x.Kind)
	}
	if r.More {
		writef(w, "%s\n", e.words("  … và còn nữa", "  … and more"))
	}
	if r.Holds() {
		writef(w, "%s\n", e.words("Không có gì bị sửa, bỏ, thêm hay đổi chỗ.", "Nothing was changed, removed, added or re-ordered."))
	}
}
