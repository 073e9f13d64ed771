package main

import (
	"context"
	"encoding/hex"
	"flag"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/antinvn/antin/cades"
	"github.com/antinvn/antin/pades"
)

// What --as takes.
const (
	asPAdES         = "pades"
	asCAdES         = "cades"
	asCAdESDetached = "cades-detached"
)

// The endings of CMS files (RFC 8551, 3.2.1).
const (
	endingAttached = ".p7m"
	endingDetached = ".p7s"
)

func registerDetached(f *flagSet) *string {
	return f.String("detached", "", f.e.say("flag.detached"))
}

// cmsFile is an input that holds CMS, or is to be signed as such, with the content beside it.
type cmsFile struct {
	file, content *os.File
	size          int64
	contentSize   int64
}

// openCMSFile opens an input and, for a detached signature, its content: the one named, else the file of the same name
// without .p7s, else none.
func openCMSFile(ctx context.Context, path, detached string) (*cmsFile, error) {
	c := &cmsFile{}
	var err error
	if c.file, c.size, err = openRegular(path); err != nil {
		return nil, err
	}
	if detached == "" {
		detached = c.beside(ctx, path)
	}
	if detached == "" {
		return c, nil
	}
	if c.content, c.contentSize, err = openRegular(detached); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// beside is the content's name by custom, "" if nothing stands there or the content is inside.
func (c *cmsFile) beside(ctx context.Context, path string) string {
	name, ok := strings.CutSuffix(path, endingDetached)
	if st, err := os.Stat(name); !ok || err != nil || !st.Mode().IsRegular() {
		return ""
	}
	if d, err := c.document(ctx); err != nil || !d.Detached() {
		return ""
	}
	return name
}

func (c *cmsFile) close() {
	c.file.Close()
	if c.content != nil {
		c.content.Close()
	}
}

func (c *cmsFile) isCMS() bool { return cades.Detect(c.file) }

func (c *cmsFile) section() *io.SectionReader { return io.NewSectionReader(c.file, 0, c.size) }

// outside is the detached content, nil if there is none.
func (c *cmsFile) outside() *io.SectionReader {
	if c.content == nil {
		return nil
	}
	return io.NewSectionReader(c.content, 0, c.contentSize)
}

// document reads the CMS file.
func (c *cmsFile) document(ctx context.Context) (*cades.Document, error) {
	return cades.Open(ctx, c.section(), c.outside())
}

// forPDF are the options of sign that say something about a page or a form.
var forPDF = []string{
	"field", "certify", "appearance", "image", "page", "rect", "anchor", "text", "qr", "also-on", "reason", "location", "reserve", "fill", "password-file",
}

// checkAs refuses options that the chosen form of signature does not have, and names the outputs.
func (f *signFlags) checkAs() error {
	var err error
	f.Visit(func(g *flag.Flag) {
		if f.as != asPAdES && slices.Contains(forPDF, g.Name) || f.as == asPAdES && (g.Name == "detached" || g.Name == "countersign") {
			err = wrong("--"+g.Name, "usage.not_with_as", "form", f.as)
		}
	})
	if err != nil {
		return err
	}
	switch f.as {
	case asPAdES:
	case asCAdES:
		f.output.ending = endingAttached
	case asCAdESDetached:
		f.output.ending = endingDetached
	default:
		return wrong("--as "+f.as, "usage.as")
	}
	if f.countersign < 0 {
		return wrong("--countersign", "usage.countersign")
	}
	return nil
}

// signCMS signs one input as CAdES, or adds a signature to one that is CMS already.
func (s *signer) signCMS(ctx context.Context, i int, w *os.File) (result, error) {
	c, err := openCMSFile(ctx, s.inputs[i], s.flags.detached)
	if err != nil {
		return result{}, err
	}
	defer c.close()
	d, err := s.cmsDocument(ctx, c, s.inputs[i])
	if err != nil {
		return result{}, err
	}
	o := s.options
	report, err := cades.Sign(ctx, w, d, s.key, &cades.Options{
		Level: s.level, PSS: o.PSS, Chain: o.Chain, Countersign: s.flags.countersign, TSA: o.TSA, Status: o.Status, Issuers: o.Issuers,
		Anchors: o.Anchors, Pool: o.Pool, Time: s.e.clock(), KeyName: o.KeyName,
	})
	if err != nil {
		return result{}, err
	}
	return result{Level: report.Level.String(), Size: report.Size}, nil
}

// cmsDocument is a content that nobody signed yet, or the signatures that another is added to.
func (s *signer) cmsDocument(ctx context.Context, c *cmsFile, path string) (*cades.Document, error) {
	detached := s.flags.as == asCAdESDetached
	if !c.isCMS() {
		if s.flags.output.inPlace {
			return nil, wrong(path, "usage.not_over_content")
		}
		return cades.New(c.section(), detached), nil
	}
	d, err := c.document(ctx)
	if err == nil && d.Detached() != detached {
		return nil, wrong(path, "usage.as_is_another")
	}
	return d, err
}

// rewriteCMS is what extend and timestamp do with a CMS file; ok is false for any other.
func (r *rewriting) rewriteCMS(ctx context.Context, w *os.File, path string) (out result, ok bool, err error) {
	c, err := openCMSFile(ctx, path, *r.detached)
	if err != nil {
		return out, false, err
	}
	defer c.close()
	if !c.isCMS() {
		return out, false, nil
	}
	d, err := c.document(ctx)
	if err != nil {
		return out, true, err
	}
	report, err := r.cms(ctx, w, d)
	if err != nil {
		return out, true, err
	}
	return result{Level: r.level, Size: report.Size}, true, nil
}

// cmsOptions are the same for CMS files.
func cmsOptions(o *pades.ExtendOptions) *cades.ExtendOptions {
	return &cades.ExtendOptions{TSA: o.TSA, Status: o.Status, Issuers: o.Issuers, Anchors: o.Anchors, Pool: o.Pool, Time: o.Time}
}

// cmsInspection is what inspect says of a CMS file.
type cmsInspection struct {
	File         string          `json:"file"`
	Size         int64           `json:"size"`
	Detached     bool            `json:"detached"`
	ContentType  string          `json:"content_type"`
	ContentSize  int64           `json:"content_size"`
	Certificates []string        `json:"certificates"`
	OCSP         int             `json:"ocsp"`
	CRLs         int             `json:"crls"`
	Signatures   []cmsInspectOne `json:"signatures"`
}

type cmsInspectOne struct {
	Signer      string            `json:"signer,omitempty"`
	Digest      string            `json:"digest_algorithm,omitempty"`
	ClaimedTime time.Time         `json:"claimed_time,omitzero"`
	Timestamps  []cmsInspectStamp `json:"timestamps,omitempty"`
	Unsigned    []string          `json:"unsigned_attributes,omitempty"`
	Counter     []cmsInspectOne   `json:"countersignatures,omitempty"`
	Error       string            `json:"error,omitempty"`
}

type cmsInspectStamp struct {
	Time    time.Time `json:"time,omitzero"`
	Archive bool      `json:"archive"`
	Error   string    `json:"error,omitempty"`
}

// inspectCMS lists what is in a CMS file; nil if the input is none.
func inspectCMS(ctx context.Context, path string) (*cmsInspection, error) {
	c, err := openCMSFile(ctx, path, "")
	if err != nil {
		return nil, err
	}
	defer c.close()
	if !c.isCMS() {
		return nil, nil //nolint:nilnil // another kind of file
	}
	d, err := c.document(ctx)
	if err != nil {
		return nil, err
	}
	signatures, err := cades.Check(ctx, d)
	if err != nil {
		return nil, err
	}
	sd := d.SignedData()
	i := &cmsInspection{
		File: path, Size: c.size, Detached: d.Detached(), ContentType: sd.ContentType().String(), ContentSize: sd.ContentSize(),
		OCSP: len(sd.OCSPResponses()), CRLs: len(sd.CRLs()), Certificates: []string{}, Signatures: []cmsInspectOne{},
	}
	for _, cert := range sd.Certificates() {
		sum := cert.Fingerprint()
		i.Certificates = append(i.Certificates, cert.Subject.String()+" "+hex.EncodeToString(sum[:4]))
	}
	for _, s := range signatures {
		i.Signatures = append(i.Signatures, inspectCMSOne(s))
	}
	return i, nil
}

func inspectCMSOne(s *cades.Signature) cmsInspectOne {
	out := cmsInspectOne{ClaimedTime: s.ClaimedTime}
	if s.Err != nil {
		out.Error = s.Err.Error()
	}
	if s.Certificate != nil {
		out.Signer = s.Certificate.Subject.String()
	}
	if s.Info != nil {
		out.Digest = s.Info.Hash().String()
		for _, a := range s.Info.UnsignedAttributes() {
			out.Unsigned = append(out.Unsigned, a.Type.String())
		}
	}
	for _, t := range s.Timestamps {
		one := cmsInspectStamp{Archive: t.Archive}
		if t.Token != nil {
			one.Time = t.Token.GenTime
		}
		if t.Err != nil {
			one.Error = t.Err.Error()
		}
		out.Timestamps = append(out.Timestamps, one)
	}
	for _, counter := range s.Countersignatures {
		out.Counter = append(out.Counter, inspectCMSOne(counter))
	}
	return out
}

func (i *cmsInspection) text(e *env) string {
	var b strings.Builder
	where := e.say("inspect.cms.inside", "n", i.ContentSize)
	if i.Detached {
		where = e.say("inspect.cms.elsewhere")
	}
	writef(&b, "%s\n  %s\n", i.File, e.say("inspect.cms.file", "n", i.Size, "where", where))
	for _, c := range i.Certificates {
		writef(&b, "  %s\n", e.say("inspect.certificate", "name", c))
	}
	if i.OCSP+i.CRLs > 0 {
		writef(&b, "  %s\n", e.say("inspect.cms.revocation", "ocsp", i.OCSP, "crl", i.CRLs))
	}
	for n := range i.Signatures {
		i.Signatures[n].text(e, &b, "  ", e.say("inspect.cms.signature", "n", n+1))
	}
	return b.String()
}

func (s *cmsInspectOne) text(e *env, b *strings.Builder, indent, name string) {
	writef(b, "%s%s: %s\n", indent, name, s.Signer)
	if !s.ClaimedTime.IsZero() {
		writef(b, "%s  %s\n", indent, e.say("inspect.claimed", "time", localTime(s.ClaimedTime)))
	}
	for _, t := range s.Timestamps {
		kind := "inspect.stamped"
		if t.Archive {
			kind = "inspect.archived"
		}
		writef(b, "%s  %s %s\n", indent, e.say(kind, "time", localTime(t.Time)), t.Error)
	}
	if s.Error != "" {
		writef(b, "%s  %s\n", indent, s.Error)
	}
	for n := range s.Counter {
		s.Counter[n].text(e, b, indent+"  ", e.say("inspect.cms.counter", "n", n+1))
	}
}
