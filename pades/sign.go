package pades

import (
	"context"
	"crypto"
	"crypto/rand"
	"io"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/tsp"
)

// Sign signs with a key at hand: Prepare, sign, Embed and the higher levels' revisions in one call, and in one pass
// over the base, which is hashed while it is copied. What w got before an error is worthless.
func Sign(ctx context.Context, w io.Writer, d *pdf.Document, key crypto.Signer, o *Options) (*Report, error) {
	if err := o.embedding().serves(o.Level); err != nil {
		return nil, err
	}
	p, err := layOut(ctx, d, o)
	if err != nil {
		return nil, err
	}
	out := newOutput(d)
	if err := out.pass(ctx, w, o.Progress, p.hashes()...); err != nil {
		return nil, err
	}
	if err := p.seal(ctx, out); err != nil {
		return nil, err
	}
	signature, err := p.call(key, o)
	if err != nil {
		return nil, err
	}
	signed, err := p.unsigned.CompleteBy(key, signature, p.chain...)
	if err != nil {
		return nil, err
	}
	report, err := p.complete(ctx, out, signed, o.embedding())
	if err != nil {
		return nil, err
	}
	_, err = w.Write(out.tail)
	return report, err
}

// call is the key operation, told to the trace.
func (p *Prepared) call(key crypto.Signer, o *Options) ([]byte, error) {
	random := o.Rand
	if random == nil {
		random = rand.Reader
	}
	start := time.Now()
	signature, err := key.Sign(random, p.unsigned.Digest(), p.unsigned.SignerOpts())
	o.Trace.Report(fetch.Call{
		Kind: "key", Address: o.KeyName, Start: start, Duration: time.Since(start), Bytes: int64(len(signature)), Err: err,
	})
	return signature, err
}

func (o *Options) embedding() *EmbedOptions {
	return &EmbedOptions{
		TSA: o.TSA, Status: o.Status, Issuers: o.Issuers, Anchors: o.Anchors, Pool: o.Pool,
		Time: o.Time, Rand: o.Rand, Progress: o.Progress,
	}
}

// Prepare builds the revision and its signed attributes once. The base is read once, for its digest.
func Prepare(ctx context.Context, d *pdf.Document, o *Options) (*Prepared, error) {
	p, err := layOut(ctx, d, o)
	if err != nil {
		return nil, err
	}
	out := newOutput(d)
	if err := out.pass(ctx, nil, o.Progress, crypto.SHA256, p.hash); err != nil {
		return nil, err
	}
	copy(p.baseSHA256[:], out.hashes[crypto.SHA256].Sum(nil))
	return p, p.seal(ctx, out)
}

// EmbedOptions bring what the higher levels need when the value arrives.
type EmbedOptions struct {
	TSA      tsp.Source
	Status   certpath.StatusSource
	Issuers  certpath.IssuerFetcher
	Anchors  certpath.AnchorSource
	Pool     []*certpath.Certificate
	Time     time.Time // zero: time.Now
	Rand     io.Reader // nil: crypto/rand
	Progress func(done, total int64)
}

func (o *EmbedOptions) time() time.Time {
	if o.Time.IsZero() {
		return time.Now()
	}
	return o.Time
}

// serves checks that everything a level needs is there before anything is written.
func (o *EmbedOptions) serves(level Level) error {
	switch {
	case level >= BT && o.TSA == nil:
		return codes.New(ErrOptions, "reaching the level", level.String(), "a time-stamping authority is needed")
	case level >= BLT && (o.Status == nil || o.Anchors == nil):
		return codes.New(ErrOptions, "reaching the level", level.String(), "anchors and a source of revocation data are needed")
	}
	return nil
}

// Embed writes base, revision and signature, then the revisions of the level. d is the file that was prepared.
// Errors: ErrBaseChanged, ErrSignatureMismatch, ErrNoRoom. What w got before an error is worthless.
func (p *Prepared) Embed(ctx context.Context, w io.Writer, d *pdf.Document, signature []byte, o *EmbedOptions) (*Report, error) {
	if o == nil {
		o = &EmbedOptions{}
	}
	if p.unsigned == nil {
		return nil, codes.New(ErrPrepared, "embedding a signature", "", "nothing is prepared")
	}
	if err := o.serves(p.level); err != nil {
		return nil, err
	}
	if d.Size() != p.base {
		return nil, codes.New(ErrBaseChanged, "embedding a signature", p.report.Field, "the file has another size than when it was prepared")
	}
	if err := p.stillFree(d); err != nil {
		return nil, err
	}
	signed, err := p.unsigned.Complete(signature, p.chain...)
	if err != nil {
		return nil, err
	}
	out := newOutput(d)
	if err := out.pass(ctx, w, o.Progress, crypto.SHA256); err != nil {
		return nil, err
	}
	if string(out.hashes[crypto.SHA256].Sum(nil)) != string(p.baseSHA256[:]) {
		return nil, codes.New(ErrBaseChanged, "embedding a signature", p.report.Field, "the file is not the one that was prepared")
	}
	report, err := p.copyOf().complete(ctx, out, signed, o)
	if err != nil {
		return nil, err
	}
	_, err = w.Write(out.tail)
	return report, err
}

// stillFree checks that the field prepared for holds no signature by now.
func (p *Prepared) stillFree(d *pdf.Document) error {
	root, err := d.Latest().Catalog()
	if err != nil {
		return err
	}
	fields, err := formFields(d.Latest(), root)
	if err != nil {
		return err
	}
	for _, f := range fields {
		if f.name == p.report.Field && f.value != nil {
			return codes.New(ErrFieldSigned, "embedding a signature", f.name, "the field was signed after it was prepared")
		}
	}
	return nil
}

// complete puts the signature into the revision, with its time-stamp from B-T on, and appends the revisions of the
// levels above to out.
func (p *Prepared) complete(ctx context.Context, out *output, signed *cms.SignedData, o *EmbedOptions) (*Report, error) {
	report := p.report
	der, err := signed.MarshalDER()
	if err != nil {
		return nil, err
	}
	late := false
	if p.level >= BT {
		planned := *o
		planned.TSA = planner(o.TSA)
		o = &planned
		stamped, err := p.timestamped(ctx, signed, o.TSA)
		if err != nil {
			return nil, err
		}
		if late = len(stamped) > p.room; !late {
			der = stamped
		}
	}
	if err := p.put(der, report.Field); err != nil {
		return nil, err
	}
	report.Level, report.ByteRange = p.level, p.byteRange()
	out.tail = p.tail // not needed any more by p: Embed works on a copy
	if err := p.raise(ctx, out, late, o, &report); err != nil {
		return nil, err
	}
	report.Size = out.size()
	return &report, nil
}

// raise appends the revisions of the levels above B-T, and a document time-stamp where the signature's came too late
// for its room.
func (p *Prepared) raise(ctx context.Context, out *output, late bool, o *EmbedOptions, report *Report) error {
	wanted := map[string]bool{report.Field: true}
	var token Report
	if late {
		report.Notes = append(report.Notes, NoteLateToken)
		if err := out.timestamp(ctx, "", o, &token); err != nil {
			return err
		}
		wanted[token.Field] = true
	}
	if p.level >= BLT {
		if err := out.secure(ctx, o, func(s *Signature, _ *Evidence) bool { return wanted[s.Field] }); err != nil {
			return err
		}
	}
	if p.level >= BLTA {
		return out.timestamp(ctx, "", o, &token)
	}
	return nil
}

// timestamped is the CMS with a signature-time-stamp: its imprint is over the octets of the signature value
// (EN 319 122-1, 5.3).
func (p *Prepared) timestamped(ctx context.Context, signed *cms.SignedData, tsa tsp.Source) ([]byte, error) {
	si := signed.Signers()[0]
	h := p.hash.New()
	h.Write(si.Signature())
	token, err := tsa.Timestamp(ctx, p.hash, h.Sum(nil))
	if err != nil {
		return nil, codes.Wrap(ErrTimestamp, "time-stamping the signature", p.report.Field, err)
	}
	si.AddUnsigned(cms.Attribute{Type: oidSignatureTimeStamp, Values: [][]byte{token.Raw}})
	return signed.MarshalDER()
}

// oidSignatureTimeStamp is id-aa-signatureTimeStampToken.
var oidSignatureTimeStamp = certpath.OID{1, 2, 840, 113549, 1, 9, 16, 2, 14}
