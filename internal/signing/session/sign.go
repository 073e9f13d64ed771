package session

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"time"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/internal/foundation/blob"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
)

// What is done outside of transactions: preparing, the key, embedding.

// maxPrepared bounds what is prepared: pictures, fonts and the room of the signature.
const maxPrepared = 32 << 20

// within bounds what reads the thing's file in this process, and what waits for the network there.
func within[T any](ctx context.Context, limit time.Duration, f func(context.Context) (T, error)) (T, error) {
	limit = cmp.Or(limit, time.Minute)
	limited, stop := context.WithTimeout(ctx, limit)
	defer stop()
	out, err := f(limited)
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		err = fault.New(fault.Unavailable, ErrTime, "").With("limit", limit.String()).Because(err)
	}
	return out, err
}

// prepare builds the signed revision over the thing's file and stores it.
func (s *Service) prepare(ctx context.Context, p Paper, a *asked) (blob.Name, error) {
	d, err := s.document(ctx, a.Base)
	if err != nil {
		return "", err
	}
	o, err := p.Layout(ctx, d)
	if err != nil {
		return "", err
	}
	o.Level, o.Chain, o.Time = pades.BLT, a.key.Chain, s.Clock.Now()
	o.TSA, o.Status, o.Issuers, o.Anchors, o.Pool = s.TSA, s.Evidence, s.Evidence, s.Trust.Store(), s.Trust.Store().Pool()
	prepared, err := pades.Prepare(ctx, d, o)
	if err != nil {
		return "", failed(err)
	}
	stored, err := prepared.MarshalBinary()
	if err != nil {
		return "", err
	}
	info, err := s.Blobs.Put(ctx, bytes.NewReader(stored))
	return info.Name, err
}

// sign asks the key, embeds what it says and stores the signed file.
func (s *Service) sign(ctx context.Context, a *asked) (info blob.Info, err error) {
	prepared, err := s.prepared(ctx, a.prepared)
	if err != nil {
		return info, err
	}
	key, err := s.Credentials.Unseal(a.key)
	if err != nil {
		return info, err
	}
	u := prepared.Unsigned()
	signature, err := key.Sign(rand.Reader, u.Digest(), u.SignerOpts())
	if err != nil {
		return info, err
	}
	d, err := s.document(ctx, a.Base)
	if err != nil {
		return info, err
	}
	o := &pades.EmbedOptions{
		TSA: s.TSA, Status: s.Evidence, Issuers: s.Evidence, Anchors: s.Trust.Store(), Pool: s.Trust.Store().Pool(), Time: s.Clock.Now(),
	}
	r, w := io.Pipe()
	go func() {
		_, err := prepared.Embed(ctx, w, d, signature, o)
		_ = w.CloseWithError(failed(err)) // it never fails
	}()
	info, err = s.Blobs.Put(ctx, r)
	_ = r.CloseWithError(err) // lets go of Embed where storing failed
	return info, err
}

func (s *Service) prepared(ctx context.Context, name blob.Name) (*pades.Prepared, error) {
	r, err := s.Blobs.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	stored, err := io.ReadAll(io.LimitReader(r, maxPrepared+1))
	if err != nil {
		return nil, err
	}
	if len(stored) > maxPrepared {
		return nil, fault.New(fault.Internal, ErrSigning, "").Because(fmt.Errorf("session: %d bytes are prepared", len(stored)))
	}
	var p pades.Prepared
	return &p, p.UnmarshalBinary(stored)
}

func (s *Service) document(ctx context.Context, name blob.Name) (*pdf.Document, error) {
	b, err := s.Blobs.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	d, err := pdf.Open(ctx, b, b.Size(), nil)
	return d, failed(err)
}

// failed puts the engine's failures into the platform's: what cannot be signed is a conflict, with the engine's code as the thing that it is
// about; faults stay what they are.
func failed(err error) error {
	if err == nil || fault.Of(err).Class != fault.Internal {
		return err
	}
	code := codes.Of(err)
	if code == "" {
		return err
	}
	return fault.New(fault.Conflict, ErrSigning, code).Because(err)
}
