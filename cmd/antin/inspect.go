package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/antinvn/antin/pades"
)

type inspection struct {
	File       string             `json:"file"`
	Size       int64              `json:"size"`
	Version    string             `json:"version"`
	Pages      int                `json:"pages"`
	Encrypted  bool               `json:"encrypted"`
	Rebuilt    bool               `json:"rebuilt"`
	Revisions  []inspectRevision  `json:"revisions"`
	Fields     []pades.FieldInfo  `json:"fields"`
	Signatures []inspectSignature `json:"signatures"`
}

type inspectRevision struct {
	End        int64  `json:"end"`
	Kind       string `json:"kind"`
	Linearized bool   `json:"linearized,omitempty"`
	Objects    int    `json:"objects"`
}

type inspectSignature struct {
	Field        string    `json:"field"`
	Type         string    `json:"type"`
	SubFilter    string    `json:"sub_filter"`
	ByteRange    []int64   `json:"byte_range"`
	Revision     int       `json:"revision"`
	Page         int       `json:"page,omitempty"`
	ClaimedTime  time.Time `json:"claimed_time,omitzero"`
	TokenTime    time.Time `json:"token_time,omitzero"`
	Signer       string    `json:"signer,omitempty"`
	Certificates []string  `json:"certificates"`
	Digest       string    `json:"digest_algorithm,omitempty"`
	Unsigned     []string  `json:"unsigned_attributes,omitempty"`
	Error        string    `json:"error,omitempty"`
}

func runInspect(ctx context.Context, e *env, args []string) int {
	f := newFlags(e, "inspect", e.say("inspect.synopsis"))
	passwordFile := f.String("password-file", "", e.say("flag.password_file"))
	inputs, exit, done := f.parse(args)
	if done {
		return exit
	}
	if len(inputs) == 0 {
		return e.fail(f.format, wrong("", "usage.no_input"))
	}
	password, err := e.passwordFrom(ctx, *passwordFile)
	if err != nil {
		return e.fail(f.format, err)
	}
	exit = exitDone
	for _, in := range inputs {
		i, err := inspectAny(ctx, in, password)
		switch {
		case err != nil:
			r := e.failed(in, err)
			e.print(f.format, r)
			exit = worst(exit, exitUnreadable)
		case f.format == "json":
			e.printJSON(i)
		default:
			fmt.Fprint(e.stdout, i.text(e))
		}
	}
	return exit
}

// inspectAny lists what is in a CMS file or a PDF.
func inspectAny(ctx context.Context, path string, password []byte) (interface{ text(e *env) string }, error) {
	if i, err := inspectCMS(ctx, path); i != nil || err != nil {
		return i, err
	}
	return inspect(ctx, path, password)
}

func inspect(ctx context.Context, path string, password []byte) (*inspection, error) {
	d, file, err := openPDF(ctx, path, password)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	i := &inspection{
		File: path, Size: d.Size(), Version: d.Version(), Encrypted: d.Encrypted(), Rebuilt: d.Rebuilt(),
		Revisions: []inspectRevision{}, Signatures: []inspectSignature{},
	}
	if i.Pages, err = d.Latest().PageCount(); err != nil {
		return nil, err
	}
	for n, r := range d.Revisions() {
		changed, err := d.At(n).Changed()
		if err != nil {
			return nil, err
		}
		i.Revisions = append(i.Revisions, inspectRevision{End: r.End, Kind: r.Kind, Linearized: r.Linearized, Objects: len(changed)})
	}
	fields, err := pades.Fields(d.Latest())
	if err != nil {
		return nil, err
	}
	i.Fields = append([]pades.FieldInfo{}, fields...) // [] in JSON where there is none
	sigs, err := pades.Signatures(ctx, d)
	if err != nil {
		return nil, err
	}
	for _, s := range sigs {
		i.Signatures = append(i.Signatures, inspectOne(s))
	}
	return i, nil
}

func inspectOne(s *pades.Signature) inspectSignature {
	out := inspectSignature{
		Field: s.Field, Type: s.Type, SubFilter: s.SubFilter, ByteRange: s.ByteRange, Revision: s.Revision, Page: s.Page, ClaimedTime: s.ClaimedTime,
		Certificates: []string{},
	}
	if s.ParseError != nil {
		out.Error = s.ParseError.Error()
	}
	sd := s.CMS
	if s.Token != nil {
		out.TokenTime, sd = s.Token.GenTime, s.Token.SignedData
	}
	if sd == nil {
		return out
	}
	for _, c := range sd.Certificates() {
		sum := c.Fingerprint()
		out.Certificates = append(out.Certificates, c.Subject.String()+" "+hex.EncodeToString(sum[:4]))
	}
	if len(sd.Signers()) > 0 {
		si := sd.Signers()[0]
		out.Digest = si.Hash().String()
		if c := si.Certificate(sd.Certificates()); c != nil {
			out.Signer = c.Subject.String()
		}
		for _, a := range si.UnsignedAttributes() {
			out.Unsigned = append(out.Unsigned, a.Type.String())
		}
	}
	return out
}

func (i *inspection) text(e *env) string {
	var b strings.Builder
	writef(&b, "%s\n  %s", i.File, e.say("inspect.pdf", "version", i.Version, "pages", i.Pages, "n", i.Size))
	if i.Encrypted {
		b.WriteString(", " + e.say("inspect.encrypted"))
	}
	if i.Rebuilt {
		b.WriteString(", " + e.say("inspect.rebuilt"))
	}
	b.WriteByte('\n')
	for n, r := range i.Revisions {
		writef(&b, "  %s\n", e.say("inspect.revision", "number", n+1, "end", r.End, "kind", r.Kind, "n", r.Objects))
	}
	for _, f := range i.Fields {
		writef(&b, "  %s", e.say("inspect.field", "name", f.Name, "type", f.Type))
		if f.Page != 0 {
			writef(&b, " %s", e.say("inspect.page", "n", f.Page))
		}
		if f.Value != "" {
			writef(&b, " = %q", f.Value)
		}
		b.WriteByte('\n')
	}
	for _, s := range i.Signatures {
		writef(&b, "  %s\n", e.say("inspect.signature", "field", s.Field, "form", s.SubFilter, "number", s.Revision+1, "signer", s.Signer))
		if !s.ClaimedTime.IsZero() {
			writef(&b, "    %s\n", e.say("inspect.claimed", "time", localTime(s.ClaimedTime)))
		}
		if !s.TokenTime.IsZero() {
			writef(&b, "    %s\n", e.say("inspect.stamped", "time", localTime(s.TokenTime)))
		}
		for _, c := range s.Certificates {
			writef(&b, "    %s\n", e.say("inspect.certificate", "name", c))
		}
		for _, u := range s.Unsigned {
			writef(&b, "    %s\n", e.say("inspect.unsigned", "oid", u))
		}
		if s.Error != "" {
			writef(&b, "    %s\n", s.Error)
		}
	}
	return b.String()
}
