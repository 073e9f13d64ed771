package cades

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"encoding/json"
	"io"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/fetch"
)

// Sign signs with a key at hand and writes the document with its new signer: Prepare, sign and Complete in one call.
// What w got before an error is worthless.
func Sign(ctx context.Context, w io.Writer, d *Document, key crypto.Signer, o *Options) (*Report, error) {
	c := o.completion()
	if err := c.serves(o.Level); err != nil {
		return nil, err
	}
	e, err := d.edit(ctx)
	if err != nil {
		return nil, err
	}
	p, err := e.prepare(ctx, o)
	if err != nil {
		return nil, err
	}
	signature, err := p.call(key, o)
	if err != nil {
		return nil, err
	}
	return p.complete(ctx, w, e, signature, c)
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

func (o *Options) completion() *CompleteOptions {
	return &CompleteOptions{TSA: o.TSA, Status: o.Status, Issuers: o.Issuers, Anchors: o.Anchors, Pool: o.Pool, Time: o.Time}
}

// Prepare builds the signed attributes once. The content is read once, for its digest.
func Prepare(ctx context.Context, d *Document, o *Options) (*Prepared, error) {
	e, err := d.edit(ctx)
	if err != nil {
		return nil, err
	}
	return e.prepare(ctx, o)
}

// Prepared is a signature waiting for its value: it can be stored, and completed days later by another process. It does
// not depend on the document's other signers, who may come and go meanwhile. It is safe for concurrent use.
type Prepared struct {
	unsigned *cms.Unsigned
	chain    []*certpath.Certificate
	level    Level
	digest   []byte // of the content, or of the value that is counter-signed
	counter  bool
}

func (e *edition) prepare(ctx context.Context, o *Options) (*Prepared, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	p := &Prepared{chain: o.Chain, level: o.Level, counter: o.Countersign > 0}
	h := o.Digest
	if h == 0 {
		h = cms.HashFor(o.Chain[0])
	}
	var err error
	if p.digest, err = e.signedDigest(ctx, h, o.Countersign); err != nil {
		return nil, err
	}
	attributes, err := o.attributes()
	if err != nil {
		return nil, err
	}
	po := &cms.PrepareOptions{Hash: h, PSS: o.PSS, Attributes: attributes, Countersignature: p.counter}
	if e.sd != nil {
		po.ContentType = e.sd.ContentType()
	}
	p.unsigned, err = cms.Prepare(o.Chain[0], p.digest, po)
	return p, err
}

func (o *Options) check() error {
	if len(o.Chain) == 0 || o.Chain[0] == nil {
		return codes.New(ErrCertificate, "signing", "", "no signing certificate is given")
	}
	if o.Level < BB || o.Level > BLTA {
		return codes.New(ErrOptions, "signing", o.Level.String(), "there is no such level")
	}
	at, cert := timeOr(o.Time), o.Chain[0]
	if at.Before(cert.NotBefore) || at.After(cert.NotAfter) {
		return codes.New(ErrCertificate, "signing", cert.Subject.CommonName(),
			"the certificate is valid from "+cert.NotBefore.UTC().Format(time.RFC3339)+" to "+cert.NotAfter.UTC().Format(time.RFC3339))
	}
	return nil
}

// signedDigest is what message-digest will hold.
func (e *edition) signedDigest(ctx context.Context, h crypto.Hash, countersign int) ([]byte, error) {
	if !h.Available() {
		return nil, codes.New(ErrOptions, "signing", h.String(), "the digest algorithm is not supported")
	}
	if countersign == 0 {
		return e.digest(ctx, h)
	}
	if e.sd == nil || countersign < 0 || countersign > len(e.sd.Signers()) {
		return nil, codes.New(ErrSigner, "counter-signing", "", "the document has no such signer")
	}
	return sum(h, e.sd.Signers()[countersign-1].Signature()), nil
}

func sum(h crypto.Hash, b []byte) []byte {
	s := h.New()
	s.Write(b)
	return s.Sum(nil)
}

// ToBeSigned is the DER of the signed attributes.
func (p *Prepared) ToBeSigned() []byte { return p.unsigned.ToBeSigned() }

// Unsigned is the CMS signature waiting: ToBeSigned, Digest, SignerOpts.
func (p *Prepared) Unsigned() *cms.Unsigned { return p.unsigned }

// Complete writes the document with its new signer, raised to the level that was prepared for. d holds the content that
// was prepared; its other signers may have changed. Errors: ErrContent, ErrSignatureMismatch. What w got before an error
// is worthless.
func (p *Prepared) Complete(ctx context.Context, w io.Writer, d *Document, signature []byte, o *CompleteOptions) (*Report, error) {
	if o == nil {
		o = &CompleteOptions{}
	}
	if p.unsigned == nil {
		return nil, codes.New(ErrPrepared, "completing a signature", "", "nothing is prepared")
	}
	if err := o.serves(p.level); err != nil {
		return nil, err
	}
	e, err := d.edit(ctx)
	if err != nil {
		return nil, err
	}
	if !p.counter {
		digest, err := e.digest(ctx, p.unsigned.Hash())
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(digest, p.digest) {
			return nil, codes.New(ErrContent, "completing a signature", "", "the content is not the one that was prepared")
		}
	}
	return p.complete(ctx, w, e, signature, o)
}

func (p *Prepared) complete(ctx context.Context, w io.Writer, e *edition, signature []byte, o *CompleteOptions) (*Report, error) {
	signed, err := p.unsigned.Complete(signature, p.chain...)
	if err != nil {
		return nil, err
	}
	r := &raising{e: e, o: o}
	if p.counter {
		err = r.countersign(ctx, p, signed)
	} else {
		var si *cms.SignerInfo
		if si, err = e.add(signed); err == nil {
			err = r.raise(ctx, p.level, si)
		}
	}
	if err != nil {
		return nil, err
	}
	return e.write(ctx, w, p.level)
}

// preparedVersion is that of the stored form.
const preparedVersion = 1

// storedPrepared is the stored form: JSON, so that whoever keeps it for days can look inside.
type storedPrepared struct {
	Version     int      `json:"version"`
	Unsigned    []byte   `json:"unsigned"`
	Chain       [][]byte `json:"chain"`
	Level       string   `json:"level"`
	Digest      []byte   `json:"digest"`
	Countersign bool     `json:"countersign,omitempty"`
}

// MarshalBinary stores; the format carries a version. The content is not part of it.
func (p *Prepared) MarshalBinary() ([]byte, error) {
	if p.unsigned == nil {
		return nil, codes.New(ErrPrepared, "storing a prepared signature", "", "nothing is prepared")
	}
	unsigned, err := p.unsigned.MarshalBinary()
	if err != nil {
		return nil, err
	}
	s := storedPrepared{Version: preparedVersion, Unsigned: unsigned, Level: p.level.String(), Digest: p.digest, Countersign: p.counter}
	for _, c := range p.chain {
		s.Chain = append(s.Chain, c.Raw)
	}
	return json.Marshal(s)
}

// UnmarshalBinary reads what MarshalBinary wrote.
func (p *Prepared) UnmarshalBinary(b []byte) error {
	const act = "reading a prepared signature"
	var s storedPrepared
	if err := json.Unmarshal(b, &s); err != nil {
		return codes.Wrap(ErrPrepared, act, "", err)
	}
	if s.Version != preparedVersion {
		return codes.New(ErrPrepared, act, "", "its version is unknown")
	}
	read := Prepared{unsigned: new(cms.Unsigned), digest: s.Digest, counter: s.Countersign}
	if err := read.unsigned.UnmarshalBinary(s.Unsigned); err != nil {
		return codes.Wrap(ErrPrepared, act, "", err)
	}
	if len(s.Digest) != read.unsigned.Hash().Size() {
		return codes.New(ErrPrepared, act, "", "its digest has another length")
	}
	var err error
	if read.level, err = ParseLevel(s.Level); err != nil {
		return codes.Wrap(ErrPrepared, act, "", err)
	}
	for _, der := range s.Chain {
		c, err := certpath.ParseCertificate(der)
		if err != nil {
			return codes.Wrap(ErrPrepared, act, "", err)
		}
		read.chain = append(read.chain, c)
	}
	*p = read
	return nil
}
