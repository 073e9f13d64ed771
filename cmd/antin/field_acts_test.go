package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/verify"
)

// TestNumberDayMonthAndSealAreReadAsOneAct: a clerk puts them on a document as visible signatures of their own, seconds apart. A reader has
// one line, and four in the detail.
func TestNumberDayMonthAndSealAreReadAsOneAct(t *testing.T) {
	m := newFieldMaker(t)
	b := fieldPage()
	for i := range 4 {
		at := m.now.Add(time.Duration(i*9-40) * time.Second)
		x := 90 * float64(i+1)
		b = m.signed(b, &foreign{claimed: at, stamped: at.Add(2 * time.Second), place: &pades.Place{Page: 1, Rect: pdf.Rect{X0: x, Y0: 300, X1: x + 80, Y1: 360}}})
	}
	args := []string{"verify", m.file("acts.pdf", b), "--trust", m.certificates("root.pem", m.pki.Root), "--allow-host", m.pki.Host()}
	exit, out, errs := call(t, args...)
	if exit != exitDone || strings.Count(out, "\n  1–4. ✓ ") != 1 || !strings.Contains(out, "gồm 4 lần ký") || strings.Contains(out, "\n  2. ") {
		t.Errorf("exit %d: %s%s", exit, out, errs)
	}
	for i := range 4 {
		if !strings.Contains(out, fmt.Sprintf("\n     %d. Chữ ký của “Văn phòng UBND tỉnh Mẫu”", i+1)) {
			t.Errorf("signature %d is not in the detail: %s", i+1, out)
		}
	}
	if _, _, a := answerOf(t, args[1:]...); len(a.Signatures) != 4 {
		t.Errorf("%d signatures", len(a.Signatures))
	}
}

// TestALeafAloneGetsItsAuthorityOnce: what was fetched for one file serves the next.
func TestALeafAloneGetsItsAuthorityOnce(t *testing.T) {
	m := newFieldMaker(t)
	one, two := m.file("one.pdf", m.signed(fieldPage(), &foreign{})), m.file("two.pdf", m.signed(fieldPage("(another)"), &foreign{}))
	exit, out, _ := call(t, "verify", one, two, "--trust", m.certificates("root.pem", m.pki.Root), "--allow-host", m.pki.Host())
	if n := m.pki.Requests("ca"); exit != exitDone || n != 1 || m.pki.Requests("ocsp") != 2 {
		t.Errorf("exit %d, %d and %d requests: %s", exit, n, m.pki.Requests("ocsp"), out)
	}
}

// TestAServerThatDoesNotAnswerLeavesTheAnswerOpen, is named, and asked again the next time.
func TestAServerThatDoesNotAnswerLeavesTheAnswerOpen(t *testing.T) {
	m := newFieldMaker(t)
	args := []string{m.file("one.pdf", m.signed(fieldPage(), &foreign{})), "--trust", m.certificates("root.pem", m.pki.Root), "--allow-host", m.pki.Host()}
	for _, service := range []string{"ocsp", "crl"} {
		m.pki.Faults.Set(service, pkitest.Fault{Status: 503})
	}
	exit, out, a := answerOf(t, args...)
	host, _, _ := strings.Cut(m.pki.Host(), ":")
	if exit != exitUndetermined || a.Document.Indication != verify.Indeterminate || *a.Document.SubIndication != verify.TryLater || !strings.Contains(out, "“"+host) {
		t.Errorf("exit %d: %s", exit, out)
	}
	for _, service := range []string{"ocsp", "crl"} {
		m.pki.Faults.Set(service, pkitest.Fault{})
	}
	if exit, out, _ := answerOf(t, args...); exit != exitDone {
		t.Errorf("exit %d: %s", exit, out)
	}
}
