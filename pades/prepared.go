package pades

import (
	"bytes"
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/json"
	"slices"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/codes"
)

// Prepared is a signature waiting for its value: it can be stored, and embedded days later by another process.
// It is not changed by Embed and safe for concurrent use.
type Prepared struct {
	revision
	baseSHA256 [sha256.Size]byte
	unsigned   *cms.Unsigned
	level      Level
	hash       crypto.Hash
	pss        bool
	chain      []*certpath.Certificate
	report     Report
}

// seal makes the digest of the byte range and the signed attributes over it.
func (p *Prepared) seal(ctx context.Context, out *output) error {
	digest, err := out.digest(ctx, p.hash, &p.revision)
	if err != nil {
		return err
	}
	p.unsigned, err = cms.Prepare(p.chain[0], digest, &cms.PrepareOptions{Hash: p.hash, PSS: p.pss})
	return err
}

// hashes are those that signing and the levels above need of the base.
func (p *Prepared) hashes() []crypto.Hash {
	if p.level >= BT {
		return []crypto.Hash{p.hash, documentTokenHash}
	}
	return []crypto.Hash{p.hash}
}

// copyOf is a Prepared whose tail may be filled in.
func (p *Prepared) copyOf() *Prepared {
	c := *p
	c.tail = bytes.Clone(p.tail)
	c.report.Notes = slices.Clone(p.report.Notes)
	return &c
}

// Unsigned is the CMS signature waiting: ToBeSigned, Digest, SignerOpts.
func (p *Prepared) Unsigned() *cms.Unsigned { return p.unsigned }

// ToBeSigned is the DER of the signed attributes.
func (p *Prepared) ToBeSigned() []byte { return p.unsigned.ToBeSigned() }

// preparedVersion is that of the stored form.
const preparedVersion = 1

// storedPrepared is the stored form: JSON, so that whoever keeps it for days can look inside.
type storedPrepared struct {
	Version    int      `json:"version"`
	Base       int64    `json:"base_size"`
	BaseSHA256 []byte   `json:"base_sha256"`
	Tail       []byte   `json:"tail"`
	Contents   int64    `json:"contents"`
	Room       int      `json:"room"`
	Unsigned   []byte   `json:"unsigned"`
	Level      string   `json:"level"`
	Hash       string   `json:"hash"` // OID
	Chain      [][]byte `json:"chain"`
	Field      string   `json:"field"`
	Reserved   []string `json:"reserved,omitempty"`
	Notes      []string `json:"notes,omitempty"`
}

// MarshalBinary stores; the format carries a version.
func (p *Prepared) MarshalBinary() ([]byte, error) {
	if p.unsigned == nil {
		return nil, codes.New(ErrPrepared, "storing a prepared signature", "", "nothing is prepared")
	}
	unsigned, err := p.unsigned.MarshalBinary()
	if err != nil {
		return nil, err
	}
	s := storedPrepared{
		Version: preparedVersion, Base: p.base, BaseSHA256: p.baseSHA256[:], Tail: p.tail, Contents: p.contents, Room: p.room,
		Unsigned: unsigned, Level: p.level.String(), Hash: certpath.OIDByHash(p.hash).String(),
		Field: p.report.Field, Reserved: p.report.Reserved, Notes: p.report.Notes,
	}
	for _, c := range p.chain {
		s.Chain = append(s.Chain, c.Raw)
	}
	return json.Marshal(s)
}

// UnmarshalBinary reads what MarshalBinary wrote.
func (p *Prepared) UnmarshalBinary(b []byte) error {
	var s storedPrepared
	const act = "reading a prepared signature"
	if err := json.Unmarshal(b, &s); err != nil {
		return codes.Wrap(ErrPrepared, act, "", err)
	}
	if s.Version != preparedVersion {
		return codes.New(ErrPrepared, act, "", "its version is unknown")
	}
	read := Prepared{
		revision: revision{base: s.Base, tail: s.Tail, contents: s.Contents, room: s.Room},
		unsigned: new(cms.Unsigned),
		report:   Report{Field: s.Field, Reserved: s.Reserved, Notes: s.Notes},
	}
	if copy(read.baseSHA256[:], s.BaseSHA256) != sha256.Size || len(s.BaseSHA256) != sha256.Size || !read.placed() {
		return codes.New(ErrPrepared, act, "", "its places lie outside its bytes")
	}
	if err := read.unsigned.UnmarshalBinary(s.Unsigned); err != nil {
		return codes.Wrap(ErrPrepared, act, "", err)
	}
	var err error
	if read.level, err = ParseLevel(s.Level); err != nil {
		return codes.Wrap(ErrPrepared, act, "", err)
	}
	if read.hash = hashByText(s.Hash); read.hash == 0 || len(s.Chain) == 0 {
		return codes.New(ErrPrepared, act, "", "it names no digest or no certificate")
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

// placed checks that the place left open lies inside the tail, between its brackets, and is empty.
func (p *Prepared) placed() bool {
	end := int64(len(p.tail)) - 1
	first := p.contents - p.base
	if p.base < 0 || p.contents < 0 || p.room <= 0 || p.room > maxRoom || first < 1 || first > end || first+2*int64(p.room) > end {
		return false
	}
	place := p.tail[first : first+2*int64(p.room)]
	return p.tail[first-1] == '<' && p.tail[first+int64(len(place))] == '>' && bytes.Count(place, []byte("0")) == len(place)
}

func hashByText(oid string) crypto.Hash {
	for _, h := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		if certpath.OIDByHash(h).String() == oid {
			return h
		}
	}
	return 0
}
