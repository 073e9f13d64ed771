package tsp

import (
	"context"
	"crypto"
	"crypto/rand"
	"encoding/asn1"
	"errors"
	"io"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/fetch"
)

// maxResponse bounds an authority's answer.
const maxResponse = 1 << 20

// Client asks one TSA over HTTP (RFC 3161, 3.4). Safe for concurrent use.
type Client struct {
	URL    string
	Fetch  *fetch.Client // nil: a Trusted client with a time-out of 180 s
	Policy certpath.OID  // nil: the TSA's default
	Rand   io.Reader     // of the nonce; nil: crypto/rand
}

// Timestamp implements [Source]; it verifies the answer: status, nonce, policy, imprint, signature, ESS, EKU. Errors name the
// authority's address.
func (c *Client) Timestamp(ctx context.Context, h crypto.Hash, digest []byte) (*Token, error) {
	random := c.Rand
	if random == nil {
		random = rand.Reader
	}
	var n [8]byte
	if _, err := io.ReadFull(random, n[:]); err != nil {
		return nil, codes.Wrap(ErrToken, "making", "a nonce", err)
	}
	nonce := new(big.Int).SetBytes(n[:])
	request, err := Request(h, digest, nonce, c.Policy)
	if err != nil {
		return nil, err
	}
	f := c.Fetch
	if f == nil {
		f = &fetch.Client{Trusted: true, Timeout: 180 * time.Second}
	}
	resp, err := f.Do(ctx, fetch.Request{
		Kind: "tsa", URL: c.URL, Body: request, ContentType: "application/timestamp-query", Accept: "application/timestamp-reply", MaxBytes: maxResponse,
	})
	if err != nil {
		return nil, err
	}
	t, err := c.verify(resp.Body, nonce, h, digest)
	if err != nil {
		return nil, codes.Wrap(codes.Code(codes.Of(err)), "asking", resp.Address, err)
	}
	return t, nil
}

// verify is RFC 3161, 2.4.2: what a client has to check.
func (c *Client) verify(der []byte, nonce *big.Int, h crypto.Hash, digest []byte) (*Token, error) {
	const act = "verifying the answer"
	t, err := ParseResponse(der)
	if err != nil {
		return nil, err
	}
	if t.Nonce == nil || t.Nonce.Cmp(nonce) != 0 {
		return nil, codes.New(ErrMismatch, act, "nonce", "it is not ours")
	}
	if c.Policy != nil && !t.Policy.Equal(c.Policy) {
		return nil, codes.New(ErrMismatch, act, "policy "+t.Policy.String(), "another was asked for")
	}
	notes, err := t.Verify(h, digest)
	if err != nil {
		return nil, err
	}
	if slices.Contains(notes, "ess_missing") {
		return nil, codes.New(ErrToken, act, "signing-certificate", "the token does not name its authority's certificate")
	}
	return t, nil
}

// Request builds a TimeStampReq with certReq (RFC 3161, 2.4.1); nonce and policy may be nil.
func Request(h crypto.Hash, digest []byte, nonce *big.Int, policy certpath.OID) ([]byte, error) {
	oid := certpath.OIDByHash(h)
	if oid == nil || len(digest) != h.Size() {
		return nil, codes.New(ErrToken, "making a time-stamp request", h.String(), "hash and digest do not fit")
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(certpath.AlgorithmIdentifier{Algorithm: oid, Parameters: []byte{5, 0}}.Marshal())
			b.AddASN1OctetString(digest)
		})
		if policy != nil {
			b.AddASN1ObjectIdentifier(policy)
		}
		if nonce != nil {
			b.AddASN1BigInt(nonce)
		}
		b.AddASN1Boolean(true)
	})
	return b.Bytes()
}

// ParseResponse reads a TimeStampResp; a status other than granted is ErrRejected with the authority's words.
func ParseResponse(der []byte) (*Token, error) {
	in := cryptobyte.String(der)
	var resp, status cryptobyte.String
	var code int
	if !in.ReadASN1(&resp, cbasn1.SEQUENCE) || !resp.ReadASN1(&status, cbasn1.SEQUENCE) || !status.ReadASN1Integer(&code) {
		return nil, bad("TimeStampResp")
	}
	if code != 0 && code != 1 {
		return nil, codes.New(ErrRejected, "asking for a time-stamp", "status "+strconv.Itoa(code), statusText(status))
	}
	if resp.Empty() {
		return nil, bad("TimeStampResp: the token is missing")
	}
	return ParseToken(resp)
}

// failureInfo names the bits of PKIFailureInfo (RFC 3161, 2.4.2).
var failureInfo = []struct {
	bit  int
	name string
}{
	{failBadAlg, "badAlg"}, {failBadRequest, "badRequest"}, {failBadDataFormat, "badDataFormat"}, {failTimeNotAvailable, "timeNotAvailable"},
	{failUnacceptedPolicy, "unacceptedPolicy"}, {failUnacceptedExt, "unacceptedExtension"}, {17, "addInfoNotAvailable"}, {failSystem, "systemFailure"},
}

func statusText(s cryptobyte.String) string {
	var list, v cryptobyte.String
	var words []string
	if s.PeekASN1Tag(cbasn1.SEQUENCE) && s.ReadASN1(&list, cbasn1.SEQUENCE) {
		for n := 0; n < 10 && list.ReadASN1(&v, cbasn1.UTF8String); n++ {
			words = append(words, printable(string(v)))
		}
	}
	var info asn1.BitString
	if s.ReadASN1BitString(&info) {
		for _, f := range failureInfo {
			if info.At(f.bit) != 0 {
				words = append(words, f.name)
			}
		}
	}
	if len(words) == 0 {
		return "the authority gave no reason"
	}
	return strings.Join(words, ", ")
}

// printable is a stranger's sentence as it may stand in an error: bounded, and without what moves a terminal's cursor.
func printable(s string) string {
	const longest = 200
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s[:min(len(s), longest)], ""))
}

// timeout turns a pool's own deadline into ErrTimeout.
func timeout(ctx, inner context.Context, err error) error {
	if ctx.Err() == nil && errors.Is(inner.Err(), context.DeadlineExceeded) {
		return codes.Wrap(ErrTimeout, "asking for", "a time-stamp", err)
	}
	return err
}
