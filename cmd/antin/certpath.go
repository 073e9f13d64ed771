package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/revocation"
	"github.com/antinvn/antin/trust"
)

// certpathSchema names the form of the command's JSON.
const certpathSchema = "antin-certpath/1"

// certpathFlags are the options of antin certpath.
type certpathFlags struct {
	*flagSet
	trust, intermediates, crls, policies list
	at, purpose, algorithms              string
	explicit, noMapping, noAny           bool
	noRevocation, offline                bool
	depth                                int
}

func newCertpathFlags(e *env) *certpathFlags {
	f := &certpathFlags{flagSet: newFlags(e, "certpath", e.say("certpath.synopsis"))}
	f.Var(&f.trust, "trust", e.say("certpath.flag.trust"))
	f.Var(&f.intermediates, "intermediates", e.say("certpath.flag.intermediates"))
	f.Var(&f.crls, "crl", e.say("certpath.flag.crl"))
	f.StringVar(&f.at, "at", "", e.say("certpath.flag.at"))
	f.Var(&f.policies, "policy-oid", e.say("certpath.flag.policy_oid"))
	f.BoolVar(&f.explicit, "require-explicit-policy", false, e.say("certpath.flag.require_explicit_policy"))
	f.BoolVar(&f.noMapping, "inhibit-policy-mapping", false, e.say("certpath.flag.inhibit_policy_mapping"))
	f.BoolVar(&f.noAny, "inhibit-any-policy", false, e.say("certpath.flag.inhibit_any_policy"))
	f.StringVar(&f.purpose, "purpose", "any", e.say("certpath.flag.purpose"))
	f.IntVar(&f.depth, "max-depth", 10, e.say("certpath.flag.max_depth"))
	f.BoolVar(&f.noRevocation, "no-revocation", false, e.say("certpath.flag.no_revocation"))
	f.StringVar(&f.algorithms, "algorithms", "any", e.say("certpath.flag.algorithms"))
	f.BoolVar(&f.offline, "offline", false, e.say("certpath.flag.offline"))
	f.fail = e.failCertpath
	return f
}

// failCertpath ends the command without a verdict.
func (e *env) failCertpath(format string, files []string, err error) int {
	if format != "json" {
		return e.fail(format, err)
	}
	p := explain(err, e.lang)
	var file *string
	if len(files) > 0 {
		file = &files[0]
	}
	e.printJSON(unreadableFile(certpathSchema, file, p))
	return p.exit
}

func runCertpath(ctx context.Context, e *env, args []string) int {
	f := newCertpathFlags(e)
	files, exit, done := f.parse(args)
	if done {
		return exit
	}
	answer, err := f.answer(ctx, e, files)
	if err != nil {
		return max(f.fail(f.format, files, err), exitFailed)
	}
	if f.format == "json" {
		e.printJSON(answer)
	} else {
		fmt.Fprint(e.stdout, answer.text(e))
	}
	return answer.exit
}

func (f *certpathFlags) answer(ctx context.Context, e *env, files []string) (*certpathAnswer, error) {
	o, err := f.options(e)
	if err != nil {
		return nil, err
	}
	if len(files) != 1 {
		return nil, wrong("", "usage.one_certificate")
	}
	if len(f.trust) == 0 {
		return nil, wrong("--trust", "usage.at_least_one")
	}
	store, err := trust.Load(f.trust...)
	if err != nil {
		return nil, err
	}
	o.Anchors = everyAnchor{store}
	chain, err := readCertificates(files[0])
	if err != nil {
		return nil, err
	}
	o.Pool = chain[1:]
	for _, path := range f.intermediates {
		more, err := readCertificates(path)
		if err != nil {
			return nil, err
		}
		o.Pool = append(o.Pool, more...)
	}
	if err := f.sources(e, o); err != nil {
		return nil, err
	}
	r, err := certpath.Validate(ctx, chain[0], o)
	if err != nil {
		return nil, err
	}
	if f.algorithms == "dated" {
		r.Problems = append(r.Problems, weakAlgorithms(r, trust.DefaultAlgorithms(), o.At)...)
	}
	return newCertpathAnswer(e, files[0], f.purpose, store.Snapshot(), o.At, r), nil
}

// options are those that the command line gives by itself.
func (f *certpathFlags) options(e *env) (*certpath.Options, error) {
	o := &certpath.Options{At: e.clock(), Limits: certpath.Limits{Depth: f.depth}}
	purposes := map[string]certpath.Purpose{"any": certpath.AnyPurpose, "sign": certpath.Sign, "tsa": certpath.TimeStamp, "ocsp": certpath.OCSPSign}
	var ok bool
	if o.Purpose, ok = purposes[f.purpose]; !ok {
		return nil, wrong("--purpose "+f.purpose, "usage.purpose")
	}
	if f.algorithms != "any" && f.algorithms != "dated" {
		return nil, wrong("--algorithms "+f.algorithms, "usage.algorithms")
	}
	if f.depth < 1 || f.depth > 100 {
		return nil, wrong("--max-depth "+strconv.Itoa(f.depth), "usage.depth")
	}
	if f.at != "" {
		var err error
		if o.At, err = time.Parse(time.RFC3339, f.at); err != nil {
			return nil, wrong("--at "+f.at, "usage.certpath_time")
		}
	}
	for _, p := range f.policies {
		id, ok := parseOID(p)
		if !ok {
			return nil, wrong("--policy-oid "+p, "usage.oid")
		}
		o.Policies = append(o.Policies, id)
	}
	for flag, set := range map[certpath.Inhibit]bool{
		certpath.RequireExplicitPolicy: f.explicit, certpath.InhibitPolicyMapping: f.noMapping, certpath.InhibitAnyPolicy: f.noAny,
	} {
		if set {
			o.Inhibit |= flag
		}
	}
	return o, nil
}

func parseOID(s string) (certpath.OID, bool) {
	var id certpath.OID
	for arc := range strings.SplitSeq(s, ".") {
		n, err := strconv.ParseUint(arc, 10, 31)
		if err != nil {
			return nil, false
		}
		id = append(id, int(n))
	}
	return id, len(id) > 1 && id[0] <= 2 && (id[0] == 2 || id[1] < 40)
}

// sources are where the state of certificates, and missing issuers, are asked for: what is given first, then the network.
func (f *certpathFlags) sources(e *env, o *certpath.Options) error {
	pool := slices.Clone(o.Pool)
	for _, a := range o.Anchors.Anchors(o.At) {
		pool = append(pool, a.Certificate)
	}
	var online *revocation.Fetcher
	if !f.offline {
		online = &revocation.Fetcher{Fetch: &fetch.Client{}, Clock: e.clock, Cache: revocation.NewMemoryCache(0), Pool: pool}
		o.Fetch = online
	}
	stored := &revocation.Stored{Pool: pool}
	for _, path := range f.crls {
		if err := addList(stored, path); err != nil {
			return err
		}
	}
	if !f.noRevocation {
		o.Status = givenFirst{stored, online, o.At}
	}
	return nil
}

// everyAnchor takes each certificate of a store for an anchor.
type everyAnchor struct{ *trust.Store }

func (s everyAnchor) Anchors(at time.Time) []certpath.Anchor {
	return s.AnchorsFor(certpath.AnyPurpose, at)
}

// AnchorsFor implements certpath.PurposeAnchorSource.
func (s everyAnchor) AnchorsFor(p certpath.Purpose, at time.Time) []certpath.Anchor {
	out := slices.Clone(s.Store.AnchorsFor(p, at))
	for _, c := range s.Pool() {
		out = append(out, certpath.Anchor{Certificate: c, Name: c.Subject.String()})
	}
	return out
}

// givenFirst asks the network only where the lists given do not tell.
type givenFirst struct {
	given  *revocation.Stored
	online *revocation.Fetcher // nil: there is no network
	at     time.Time
}

// Status implements certpath.StatusSource.
func (s givenFirst) Status(ctx context.Context, cert, issuer *certpath.Certificate) ([]certpath.Status, error) {
	known, err := s.given.Status(ctx, cert, issuer)
	tells := slices.ContainsFunc(known, func(st certpath.Status) bool {
		return st.State == certpath.Revoked || st.State == certpath.Good && st.SpeaksFor(cert) && certpath.Freshness{}.Accepts(st, s.at)
	})
	if tells || s.online == nil || ctx.Err() != nil {
		return known, err
	}
	more, err := s.online.Status(ctx, cert, issuer)
	return append(known, more...), err
}

// maxCertificateFile bounds a file of certificates.
const maxCertificateFile = 16 << 20

func readCertificates(path string) ([]*certpath.Certificate, error) {
	b, err := readBounded(path, maxCertificateFile)
	if err != nil {
		return nil, err
	}
	certs, err := certpath.ParseCertificates(b)
	if err != nil {
		return nil, codes.Wrap(certpath.ErrCertificate, "reading", path, err)
	}
	return certs, nil
}

func readBounded(path string, limit int64) ([]byte, error) {
	f, size, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size > limit {
		return nil, codes.New(certpath.ErrTooLarge, "reading", path, "it is above "+strconv.FormatInt(limit>>20, 10)+" MB")
	}
	b, err := io.ReadAll(io.LimitReader(f, limit))
	if err != nil {
		return nil, codes.Wrap(errInput, "reading", path, err)
	}
	return b, nil
}

// addList adds a file of CRLs; a long one is read as a stream each time.
func addList(s *revocation.Stored, path string) error {
	f, size, err := openRegular(path)
	if err != nil {
		return err
	}
	f.Close()
	if size > maxInMemory {
		l := revocation.LongList{Name: path, Open: func() (io.ReadCloser, error) { return openList(path) }}
		if err := isList(l); err != nil {
			return codes.Wrap(errInput, "reading", path, err)
		}
		s.Long = append(s.Long, l)
		return nil
	}
	b, err := readBounded(path, maxInMemory)
	if err != nil {
		return err
	}
	lists := [][]byte{b}
	if bytes.Contains(b, []byte(beginList)) {
		lists = nil
		for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
			if block.Type == "X509 CRL" {
				lists = append(lists, block.Bytes)
			}
		}
	}
	for _, der := range lists {
		if _, err := revocation.ParseCRL(der); err != nil {
			return codes.Wrap(errInput, "reading", path, err)
		}
	}
	if len(lists) == 0 {
		return codes.Wrap(errInput, "reading", path, codes.New(revocation.ErrCRL, "reading a CRL", "", "none is in the file"))
	}
	s.CRLs = append(s.CRLs, lists...)
	return nil
}

const beginList = "-----BEGIN X509 CRL-----"

// isList looks at the beginning of a long list.
func isList(l revocation.LongList) error {
	f, err := l.Open()
	if err != nil {
		return err
	}
	defer f.Close()
	head := make([]byte, 1)
	if _, err := io.ReadFull(f, head); err != nil || head[0] != 0x30 {
		return codes.New(revocation.ErrCRL, "reading a CRL", "", "it is neither DER nor PEM of one")
	}
	return nil
}

// openList opens a list as a stream of DER.
func openList(path string) (io.ReadCloser, error) {
	f, _, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	r := bufio.NewReader(f)
	head, err := r.Peek(len(beginList)) // a long list is longer
	if err == nil && string(head) == beginList {
		_, err = r.Discard(len(beginList))
	} else if err == nil {
		return &openedList{r, f}, nil
	}
	if err != nil {
		f.Close()
		return nil, codes.Wrap(errInput, "reading", path, err)
	}
	return &openedList{base64.NewDecoder(base64.StdEncoding, &untilDash{r: r}), f}, nil
}

type openedList struct {
	io.Reader
	io.Closer
}

// untilDash ends before the last line of a PEM block.
type untilDash struct {
	r     io.Reader
	ended bool
}

func (u *untilDash) Read(b []byte) (int, error) {
	if u.ended {
		return 0, io.EOF
	}
	n, err := u.r.Read(b)
	if i := bytes.IndexByte(b[:n], '-'); i >= 0 {
		u.ended = true
		return i, nil
	}
	return n, err
}

// weakAlgorithms are the signatures of a path, and of what is known of its certificates, that the table no longer takes.
func weakAlgorithms(r *certpath.Result, table trust.Algorithms, at time.Time) []certpath.Problem {
	var out []certpath.Problem
	weak := func(alg certpath.AlgorithmIdentifier, by *certpath.Certificate) (detail string, until time.Time) {
		if h := certpath.HashOf(alg); h != 0 {
			if until, ok := table.Acceptable(trust.DigestName(h), 0, at); !ok {
				return trust.DigestName(h), until
			}
		}
		name, bits := trust.SignatureName(alg, by.PublicKey)
		if until, ok := table.Acceptable(name, bits, at); !ok {
			return fmt.Sprintf("%s %d", name, bits), until
		}
		return "", time.Time{}
	}
	for i := range len(r.Path) - 1 {
		c, issuer := r.Path[i], r.Path[i+1]
		if detail, until := weak(c.SignatureAlgorithm, issuer); detail != "" {
			out = append(out, certpath.Problem{Code: "weak_certificate_algorithm", Certificate: c, Detail: detail, At: until})
		}
		if i >= len(r.Status) {
			continue
		}
		var worst *certpath.Problem
		strong := len(r.Status[i]) == 0
		for _, s := range r.Status[i] {
			by := issuer
			if len(s.Signer) > 0 {
				by = s.Signer[0]
			}
			detail, until := weak(s.SignatureAlgorithm, by)
			strong = strong || detail == ""
			worst = &certpath.Problem{Code: "weak_revocation_algorithm", Certificate: c, Detail: detail, At: until}
		}
		if !strong {
			out = append(out, *worst)
		}
	}
	return out
}
