package cades

import (
	"crypto"
	"fmt"
	"io"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/tsp"
)

// The failures of this package.
const (
	ErrOptions     codes.Code = "cades.options"         // options that contradict each other or miss something
	ErrContent     codes.Code = "cades.content"         // the content is missing, or not the one that was prepared
	ErrPrepared    codes.Code = "cades.prepared_unread" // a stored Prepared is damaged or of an unknown version
	ErrSigner      codes.Code = "cades.signer"          // no such signer to counter-sign
	ErrUnsigned    codes.Code = "cades.unsigned"        // there is no signature to extend
	ErrCertificate codes.Code = "cades.certificate"     // missing, not valid at the time, or not the key's
	ErrRevoked     codes.Code = "cades.revoked"         // a certificate that a signature rests on is revoked
	ErrEvidence    codes.Code = "cades.evidence"        // the level needs certificates or revocation data that could not be had
	ErrTimestamp   codes.Code = "cades.timestamp"       // no time-stamp, although the level needs one
	ErrIndex       codes.Code = "cades.hash_index"      // an archive time-stamp's index does not cover what it must
	ErrUnsupported codes.Code = "cades.unsupported"     // an attribute this package only recognises

	// ErrSignatureMismatch says that a signature value is not the certificate's key's over these attributes.
	ErrSignatureMismatch = cms.ErrSignatureMismatch
)

// Level is a baseline level of EN 319 122-1, 6.
type Level int

// The levels.
const (
	BB Level = iota
	BT
	BLT
	BLTA
)

var levelNames = [...]string{"B-B", "B-T", "B-LT", "B-LTA"}

// String is "B-B", "B-T", "B-LT" or "B-LTA".
func (l Level) String() string {
	if l < BB || l > BLTA {
		return fmt.Sprintf("Level(%d)", int(l))
	}
	return levelNames[l]
}

// ParseLevel reads what String writes.
func ParseLevel(s string) (Level, error) {
	for i, name := range levelNames {
		if s == name {
			return Level(i), nil
		}
	}
	return 0, codes.New(ErrOptions, "reading a level", s, "the levels are B-B, B-T, B-LT and B-LTA")
}

// Options steer signing. Chain[0] is the signing certificate.
type Options struct {
	Level  Level
	Digest crypto.Hash // 0: by key
	PSS    bool        // RSA keys: RSASSA-PSS
	Chain  []*certpath.Certificate

	MimeType    string // of the content, as a signed attribute; "": not written
	Countersign int    // n: the value of the document's signer n, from 1, is signed instead of the content; 0: the content

	TSA     tsp.Source            // for B-T and above
	Status  certpath.StatusSource // for B-LT and above
	Issuers certpath.IssuerFetcher
	Anchors certpath.AnchorSource
	Pool    []*certpath.Certificate

	Time    time.Time // signing-time; zero: time.Now
	Rand    io.Reader // nil: crypto/rand
	KeyName string    // for Trace
	Trace   *fetch.Trace
}

// CompleteOptions bring what the higher levels need when the value arrives.
type CompleteOptions struct {
	TSA     tsp.Source
	Status  certpath.StatusSource
	Issuers certpath.IssuerFetcher
	Anchors certpath.AnchorSource
	Pool    []*certpath.Certificate
	Time    time.Time // zero: time.Now
}

// ExtendOptions steer Extend.
type ExtendOptions = CompleteOptions

// Report says what was written.
type Report struct {
	Level   Level
	Signers int // of the content
	Size    int64
}

func timeOr(t time.Time) time.Time {
	if t.IsZero() {
		return time.Now()
	}
	return t
}

// serves checks that everything a level needs is there before anything is written.
func (o *CompleteOptions) serves(level Level) error {
	switch {
	case level < BB || level > BLTA:
		return codes.New(ErrOptions, "reaching the level", level.String(), "there is no such level")
	case level >= BT && o.TSA == nil:
		return codes.New(ErrOptions, "reaching the level", level.String(), "a time-stamping authority is needed")
	case level >= BLT && (o.Status == nil || o.Anchors == nil):
		return codes.New(ErrOptions, "reaching the level", level.String(), "anchors and a source of revocation data are needed")
	}
	return nil
}
