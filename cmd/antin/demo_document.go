package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/antinvn/antin/codes"
)

const (
	errOffice    codes.Code = "cmd.office"     // LibreOffice is not installed
	errConverted codes.Code = "cmd.conversion" // LibreOffice made no PDF of it
)

// takeDocument: step 1.
func (d *demo) takeDocument(ctx context.Context) error {
	var content []byte
	var err error
	switch {
	case d.in == "":
		if content, err = assets.ReadFile("assets/decision.pdf"); err != nil {
			return err
		}
		d.say("demo.sample")
	case strings.EqualFold(filepath.Ext(d.in), ".docx"):
		if content, err = convertDOCX(ctx, d.in); err != nil {
			return err
		}
		d.say("demo.converted", "file", d.in)
	default:
		if content, err = os.ReadFile(d.in); err != nil {
			return codes.Wrap(errInput, "reading", d.in, err)
		}
		d.say("demo.document", "file", d.in)
	}
	if _, err := openBytes(ctx, content); err != nil {
		return err
	}
	if err := os.MkdirAll(d.dir, 0o755); err != nil {
		return codes.Wrap(errOutput, "making the folder", d.dir, err)
	}
	d.source = d.path("0-draft.pdf")
	return d.write("0-draft.pdf", d.e.say("demo.file.draft"), func(w *os.File) error { _, err := w.Write(content); return err })
}

// convertDOCX lets LibreOffice make a PDF. What is no ZIP file (ISO/IEC 29500-2, annex B) is refused: LibreOffice would take any
// bytes for a text.
func convertDOCX(ctx context.Context, in string) ([]byte, error) {
	head, err := os.ReadFile(in)
	if err != nil {
		return nil, codes.Wrap(errInput, "reading", in, err)
	}
	if !bytes.HasPrefix(head, []byte("PK")) {
		return nil, codes.New(errConverted, "converting", in, "it is no DOCX")
	}
	office, err := exec.LookPath("soffice")
	if err != nil {
		return nil, codes.New(errOffice, "converting", in, "soffice is not in the PATH")
	}
	dir, err := os.MkdirTemp("", "antin-docx-")
	if err != nil {
		return nil, codes.Wrap(errOutput, "making a folder", "", err)
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, office, "-env:UserInstallation=file://"+filepath.Join(dir, "profile"), "--headless", "--convert-to", "pdf", "--outdir", dir, in)
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, codes.New(errConverted, "converting", in, "soffice: "+err.Error()+" "+strings.TrimSpace(string(out)))
	}
	base := strings.TrimSuffix(filepath.Base(in), filepath.Ext(in))
	content, err := os.ReadFile(filepath.Join(dir, base+".pdf"))
	if err != nil {
		return nil, codes.New(errConverted, "converting", in, "soffice wrote no PDF")
	}
	return content, nil
}
