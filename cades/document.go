package cades

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"hash"
	"io"

	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/codes"
)

// Document is a content with the signatures over it. It is read-only and safe for concurrent use; what it was made from
// must not change.
type Document struct {
	file     *io.SectionReader // the CMS file; nil: nothing is signed yet
	sd       *cms.SignedData   // of file
	content  *io.SectionReader // outside the file; nil: inside, or unknown
	detached bool
}

// New is a content that nobody signed yet. A detached signature leaves it outside the file that is written.
func New(content *io.SectionReader, detached bool) *Document {
	return &Document{content: content, detached: detached}
}

// Open reads a CMS file. content is what a detached signature is over: nil where it is inside, or not at hand.
func Open(ctx context.Context, file, content *io.SectionReader) (*Document, error) {
	sd, err := cms.Open(ctx, file, file.Size())
	if err != nil {
		return nil, err
	}
	if !sd.Detached() && content != nil {
		return nil, codes.New(ErrContent, "opening", "a signed file", "its content is inside, and another is given")
	}
	return &Document{file: file, sd: sd, content: content, detached: sd.Detached()}, nil
}

// Detect reports whether a file begins as CMS SignedData does (RFC 5652, 3).
func Detect(r io.ReaderAt) bool {
	const longest = 32 // identifier and length of ContentInfo, and its contentType
	head := make([]byte, longest)
	n, err := r.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) || n == 0 {
		return false
	}
	return head[0] == 0x30 && bytes.Contains(head[:n], objectIdentifier(oidSignedData))
}

// SignedData is the file as read; nil for a new document. It must not be changed.
func (d *Document) SignedData() *cms.SignedData { return d.sd }

// Detached reports that the content is outside the file.
func (d *Document) Detached() bool { return d.detached }

// digests hashes the content once for all of hashes; the map is nil where the content is not at hand.
func (d *Document) digests(ctx context.Context, hashes ...crypto.Hash) (map[crypto.Hash][]byte, error) {
	if d.detached && d.content == nil {
		return nil, nil
	}
	sums := map[crypto.Hash]hash.Hash{}
	var all []io.Writer
	for _, h := range hashes {
		if h.Available() && sums[h] == nil {
			sums[h] = h.New()
			all = append(all, sums[h])
		}
	}
	source := d.sd
	if d.content != nil {
		source = &cms.SignedData{}
		source.Attach(d.content, d.content.Size())
	}
	if err := source.WriteContent(ctx, io.MultiWriter(all...)); err != nil {
		return nil, err
	}
	found := map[crypto.Hash][]byte{}
	for h, sum := range sums {
		found[h] = sum.Sum(nil)
	}
	return found, nil
}

// edition is a document being changed: its own copy of what is signed, and the digests known so far.
type edition struct {
	d       *Document
	sd      *cms.SignedData // nil until somebody signed
	digests map[crypto.Hash][]byte
}

func (d *Document) edit(ctx context.Context) (*edition, error) {
	e := &edition{d: d, digests: map[crypto.Hash][]byte{}}
	if d.file == nil {
		return e, nil
	}
	var err error
	e.sd, err = cms.Open(ctx, d.file, d.file.Size())
	return e, err
}

// digest is the content's; it is read once for each hash.
func (e *edition) digest(ctx context.Context, h crypto.Hash) ([]byte, error) {
	if known := e.digests[h]; known != nil {
		return known, nil
	}
	found, err := e.d.digests(ctx, h)
	if err != nil {
		return nil, err
	}
	if found[h] == nil {
		return nil, codes.New(ErrContent, "hashing", "the content", "it is outside the file and was not given, or its hash is not supported")
	}
	e.digests[h] = found[h]
	return found[h], nil
}

// add joins a new signer, and returns it in its place.
func (e *edition) add(signed *cms.SignedData) (*cms.SignerInfo, error) {
	if e.sd == nil {
		e.sd = signed
		if !e.d.detached {
			signed.Attach(e.d.content, e.d.content.Size())
		}
	} else if err := e.sd.Merge(signed); err != nil {
		return nil, err
	}
	signers := e.sd.Signers()
	return signers[len(signers)-1], nil
}

// write writes the document as it is now.
func (e *edition) write(ctx context.Context, w io.Writer, level Level) (*Report, error) {
	counted := &counter{w: w}
	if err := e.sd.Write(ctx, counted); err != nil {
		return nil, err
	}
	return &Report{Level: level, Signers: len(e.sd.Signers()), Size: counted.n}, nil
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}
