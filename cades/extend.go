package cades

import (
	"bytes"
	"cmp"
	"context"
	"crypto"
	"io"
	"slices"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/revocation"
	"github.com/antinvn/antin/tsp"
)

// Extend raises every signer to a level, or renews B-LTA with one more archive time-stamp for each. What is there stays
// as it is. What w got before an error is worthless.
func Extend(ctx context.Context, w io.Writer, d *Document, to Level, o *ExtendOptions) (*Report, error) {
	if to == BB {
		return nil, codes.New(ErrOptions, "extending", to.String(), "the levels to reach are B-T, B-LT and B-LTA")
	}
	return extend(ctx, w, d, to, o, (*raising).raise)
}

// Timestamp adds a signature-time-stamp to every signer, also to one that has some. What w got before an error is
// worthless.
func Timestamp(ctx context.Context, w io.Writer, d *Document, o *ExtendOptions) (*Report, error) {
	return extend(ctx, w, d, BT, o, func(r *raising, ctx context.Context, _ Level, signers ...*cms.SignerInfo) error {
		for _, si := range signers {
			if err := r.timestamp(ctx, si); err != nil {
				return err
			}
		}
		return nil
	})
}

func extend(
	ctx context.Context, w io.Writer, d *Document, to Level, o *ExtendOptions,
	add func(*raising, context.Context, Level, ...*cms.SignerInfo) error,
) (*Report, error) {
	if o == nil {
		o = &ExtendOptions{}
	}
	if err := o.serves(to); err != nil {
		return nil, err
	}
	e, err := d.edit(ctx)
	if err != nil {
		return nil, err
	}
	if e.sd == nil || len(e.sd.Signers()) == 0 {
		return nil, codes.New(ErrUnsigned, "extending", to.String(), "the file holds no signature")
	}
	if err := add(&raising{e: e, o: o}, ctx, to, e.sd.Signers()...); err != nil {
		return nil, err
	}
	return e.write(ctx, w, to)
}

// raising adds to an edition what the levels above B-B need.
type raising struct {
	e *edition
	o *CompleteOptions
}

// raise brings signers to a level: all time-stamps first, then all evidence, so that every archive time-stamp covers it.
func (r *raising) raise(ctx context.Context, to Level, signers ...*cms.SignerInfo) error {
	if to >= BT {
		for _, si := range signers {
			if len(unsignedValues(si, oidSignatureTimeStamp)) > 0 {
				continue
			}
			if err := r.timestamp(ctx, si); err != nil {
				return err
			}
		}
	}
	if to >= BLT {
		if err := r.secure(ctx, signers); err != nil {
			return err
		}
	}
	if to >= BLTA {
		for _, si := range signers {
			if err := r.archive(ctx, si); err != nil {
				return err
			}
		}
	}
	return nil
}

// stampHash is the imprint's: the signer's own, so that the content is hashed once, unless that is weak.
func stampHash(si *cms.SignerInfo) crypto.Hash {
	switch h := si.Hash(); h {
	case crypto.SHA256, crypto.SHA384, crypto.SHA512:
		return h
	}
	return crypto.SHA256
}

// timestamp adds a signature-time-stamp: over the octets of the signature value (EN 319 122-1, 5.3).
func (r *raising) timestamp(ctx context.Context, si *cms.SignerInfo) error {
	h := stampHash(si)
	token, err := r.o.TSA.Timestamp(ctx, h, sum(h, si.Signature()))
	if err != nil {
		return codes.Wrap(ErrTimestamp, "time-stamping", "the signature", err)
	}
	si.AddUnsigned(cms.Attribute{Type: oidSignatureTimeStamp, Values: [][]byte{token.Raw}})
	return nil
}

// countersign puts a counter-signature at the signer whose value it is over.
func (r *raising) countersign(ctx context.Context, p *Prepared, signed *cms.SignedData) error {
	h := p.unsigned.Hash()
	if r.e.sd == nil {
		return codes.New(ErrSigner, "counter-signing", "", "nobody signed")
	}
	i := slices.IndexFunc(r.e.sd.Signers(), func(si *cms.SignerInfo) bool { return bytes.Equal(sum(h, si.Signature()), p.digest) })
	if i < 0 {
		return codes.New(ErrSigner, "counter-signing", "", "the signature that was prepared for is not in the file")
	}
	signer, counter := r.e.sd.Signers()[i], signed.Signers()[0]
	if p.level >= BT {
		if err := r.timestamp(ctx, counter); err != nil {
			return err
		}
	}
	r.e.sd.AddCertificates(signed.Certificates()...)
	signer.AddUnsigned(cms.Attribute{Type: oidCountersignature, Values: [][]byte{counter.Raw()}})
	return r.raise(ctx, p.level, signer)
}

// secure adds the certificates and revocation data that the signers rest on to SignedData (EN 319 122-1, 6.3: not to
// certificate-values and revocation-values).
func (r *raising) secure(ctx context.Context, signers []*cms.SignerInfo) error {
	sd := r.e.sd
	n := needs{pool: slices.Concat(sd.Certificates(), r.o.Pool)}
	for _, si := range signers {
		n.signer(si)
	}
	if n.missing {
		return codes.New(ErrEvidence, "securing", "a signer", "a signing certificate is nowhere to be found")
	}
	now := timeOr(r.o.Time)
	stored := &revocation.Stored{OCSP: sd.OCSPResponses(), CRLs: sd.CRLs(), Pool: n.pool}
	found, err := revocation.Gather(ctx, &revocation.GatherOptions{
		Anchors: r.o.Anchors, Issuers: r.o.Issuers, Pool: n.pool, At: now,
		Status: revocation.Remember(&kept{stored: stored, next: r.o.Status, since: n.newest, until: now}),
	}, n.leaves...)
	switch codes.Code(codes.Of(err)) {
	case revocation.ErrRevoked:
		return codes.Wrap(ErrRevoked, "securing", "a signer", err)
	case revocation.ErrPath, revocation.ErrUnavailable:
		return codes.Wrap(ErrEvidence, "securing", "a signer", err)
	}
	if err != nil {
		return err
	}
	sd.AddCertificates(found.Certificates...)
	sd.AddOCSPResponses(found.OCSP...)
	sd.AddCRLs(found.CRLs...)
	return nil
}

// needs collects the certificates whose paths a signer rests on and which no archive time-stamp keeps yet.
type needs struct {
	pool    []*certpath.Certificate
	leaves  []*certpath.Certificate
	newest  time.Time // of the time-stamps among them
	missing bool
}

func (n *needs) signer(si *cms.SignerInfo) {
	archives := tokens(si, oidArchiveV3)
	if len(archives) == 0 {
		n.signature(si)
		for _, c := range countersigners(si) {
			n.signature(c)
		}
		return
	}
	// The newest archive time-stamp keeps all that its index names: only itself and what came later has nobody yet.
	newest := slices.MaxFunc(archives, func(a, b *tsp.Token) int { return cmp.Compare(a.GenTime.UnixNano(), b.GenTime.UnixNano()) })
	n.token(newest)
	index, _, err := indexIn(newest)
	for _, c := range countersigners(si) {
		if err != nil || !index.covers(oidCountersignature, c.Raw()) {
			n.signature(c)
		}
	}
}

// signature is a signer or counter-signer with its signature-time-stamps.
func (n *needs) signature(si *cms.SignerInfo) {
	n.leaf(si.Certificate(n.pool))
	for _, t := range tokens(si, oidSignatureTimeStamp) {
		n.token(t)
	}
}

func (n *needs) token(t *tsp.Token) {
	if t.GenTime.After(n.newest) {
		n.newest = t.GenTime
	}
	n.pool = append(n.pool, t.SignedData.Certificates()...)
	n.leaf(t.Certificate(n.pool))
}

func (n *needs) leaf(c *certpath.Certificate) {
	if c == nil {
		n.missing = true
		return
	}
	n.leaves = append(n.leaves, c)
}

// kept answers from what the file carries, where that was made after the newest time-stamp and is in force, and asks for
// the rest. It is safe for concurrent use if next is.
type kept struct {
	stored       *revocation.Stored
	next         certpath.StatusSource
	since, until time.Time
}

// Status implements [certpath.StatusSource].
func (k *kept) Status(ctx context.Context, cert, issuer *certpath.Certificate) ([]certpath.Status, error) {
	known, err := k.stored.Status(ctx, cert, issuer)
	if err != nil {
		return nil, err
	}
	known = slices.DeleteFunc(known, func(s certpath.Status) bool {
		return s.ThisUpdate.Before(k.since) || !certpath.Freshness{}.Accepts(s, k.until)
	})
	if len(known) > 0 {
		return known, nil
	}
	return k.next.Status(ctx, cert, issuer)
}
