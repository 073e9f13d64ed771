package trust

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
)

// ErrDates is a dates.tsv that cannot be read; as a warning, a line of it for a certificate that is not there.
const ErrDates codes.Code = "trust.dates"

// What is wrong with a source without keeping it from being used.
//
//nolint:errname // codes of warnings, no errors
const (
	WarnExpired    codes.Code = "trust.list_expired"    // a newer list should have been published
	WarnSHA1       codes.Code = "trust.list_sha1"       // the list's signature or its identifiers rest on SHA-1
	WarnSuperseded codes.Code = "trust.list_superseded" // another edition of the list is newer; this one is not used
	WarnUnsigned   codes.Code = "trust.list_unsigned"   // the list carries no signature: it is as good as the way it came
	WarnUnread     codes.Code = "trust.list_unread"     // certificates of the list cannot be read
)

// The kinds of sources.
const (
	KindCertificates = "certificates"
	KindTrustedList  = "trusted-list"
	KindListOfLists  = "list-of-lists"
	KindPivot        = "pivot" // an earlier edition of a list of lists
	KindCTL          = "certificate-trust-list"
	KindGCA          = "government-list" // gca.ctl
	KindDates        = "dates"           // only where a line of it dates nothing
)

// Source is a file that a store was loaded from, or a list in one that was left out.
type Source struct {
	Path           string
	Kind           string
	Anchors, Chain int       // how many of each it gave, repetitions of other sources included
	Territory      string    // of a trusted list
	Sequence       string    // a list's sequence number
	Issued         time.Time // a list's
	NextUpdate     time.Time // a list's, zero if it names none
	Signer         string    // subject of the certificate that signed a list
	Warnings       []Warning

	line string // its part of the snapshot
}

// Warning is a stable code about a source, and what it is about.
type Warning struct {
	Code   codes.Code
	Path   string
	Detail string
}

// Sources are the files that the store was loaded from, in the order in which they were read; lists stand behind certificates.
func (s *Store) Sources() []Source {
	if s == nil {
		return nil
	}
	return s.sources
}

// Warnings are those of all sources, and [WarnExpired] for every list that has expired by then. They are codes of the catalogue.
func (s *Store) Warnings(at time.Time) []Warning {
	var out []Warning
	for _, source := range s.Sources() {
		out = append(out, source.WarningsAt(at)...)
	}
	return out
}

// WarningsAt are the source's warnings, and [WarnExpired] if it is a list in use that has expired by then.
func (s *Source) WarningsAt(at time.Time) []Warning {
	if s.NextUpdate.IsZero() || !at.After(s.NextUpdate) || s.Kind == KindPivot {
		return s.Warnings
	}
	return append(slices.Clone(s.Warnings), Warning{WarnExpired, s.Path, s.NextUpdate.Format(time.RFC3339)})
}

func (s *Source) warn(code codes.Code, detail string) {
	s.Warnings = append(s.Warnings, Warning{code, s.Path, detail})
}

// failed is a source that was left out, with the outermost code of why.
func failed(path, kind string, err error) Source {
	s := Source{Path: path, Kind: kind}
	var e *codes.Error
	detail := err.Error()
	if errors.As(err, &e) && e.Detail != "" {
		detail = e.Detail
	}
	s.warn(codes.Code(codes.Of(err)), detail)
	return s
}

// ofFile says which file an error is about.
func ofFile(path string, err error) error {
	return codes.Wrap(codes.Code(codes.Of(err)), "loading trust anchors from", path, err)
}

type listFile struct {
	path string
	data []byte
	header
	err  error
	list *List // once it holds
}

type ctlFile struct {
	path string
	data []byte
	ctl  *CTL
	err  error
}

// store checks the lists and puts everything together.
func (l *loader) store() (*Store, error) {
	var entries []entry
	var pool []*certpath.Certificate
	var sources []Source
	for _, p := range l.plain {
		one := l.sortOut(p.certs)
		one.source.Path, one.source.Kind = p.path, KindCertificates
		entries, pool, sources = append(entries, one.entries...), append(pool, one.pool...), append(sources, one.source)
	}
	sources = append(sources, l.undated()...)
	lists, first := l.checkLists()
	ctls, second := l.checkCTLs(pool)
	gcas, third := l.useGCAs()
	for _, c := range slices.Concat(lists, ctls, gcas) {
		entries = append(entries, c.entries...)
		pool = append(pool, c.pool...)
		sources = append(sources, c.source)
	}
	if err := cmp.Or(first, second, third); err != nil && len(entries) == 0 && len(pool) == 0 {
		return nil, err
	}
	if len(entries)+len(pool) > maxCertificates {
		return nil, codes.New(ErrTooLarge, "loading trust anchors", "", "there are too many certificates")
	}
	return build(entries, pool, sources), nil
}

// sortOut makes anchors of the certificates that are self-signed or dated, and chain certificates of the others.
func (l *loader) sortOut(certs []*certpath.Certificate) (out checked) {
	for _, c := range certs {
		d, given := l.dates[fmt.Sprintf("%x", c.Fingerprint())]
		if !given && !c.SelfSigned() {
			out.pool = append(out.pool, c)
			continue
		}
		out.entries = append(out.entries, entry{certpath.Anchor{Certificate: c, From: d.from, Until: d.until, Name: c.Subject.String()}, useAny})
	}
	out.source.Anchors, out.source.Chain = len(out.entries), len(out.pool)
	return out
}

// undated tells of dates for certificates that are not there, by file.
func (l *loader) undated() []Source {
	var out []Source
	seen := map[string]bool{}
	all := slices.Clone(l.plain)
	for _, g := range l.gcas {
		if g.err == nil {
			all = append(all, plain{certs: g.list.Certificates})
		}
	}
	for _, p := range all {
		for _, c := range p.certs {
			seen[fmt.Sprintf("%x", c.Fingerprint())] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(l.dates)) {
		if !seen[key] {
			s := Source{Path: l.dates[key].path, Kind: KindDates}
			s.warn(ErrDates, key)
			out = append(out, s)
		}
	}
	return out
}

// checked is a list with what it gives.
type checked struct {
	source  Source
	entries []entry
	pool    []*certpath.Certificate
}

// signersFor are the certificates that may sign a list: those beside it, and those that lists of lists give; where there is none of either, all
// that were loaded.
func (l *loader) signersFor(path string, given []*certpath.Certificate) []*certpath.Certificate {
	out := append(slices.Clone(l.signers[withoutEnding(path)]), given...)
	if len(out) == 0 {
		for _, p := range l.plain {
			out = append(out, p.certs...)
		}
	}
	return out
}

// checkLists checks lists of lists first, each from its oldest edition to its newest, then the others with what those say. The error is that of
// the first list that does not hold.
func (l *loader) checkLists() (out []checked, first error) {
	slices.SortStableFunc(l.lists, func(a, b *listFile) int {
		x, y := 1, 1
		if isListOfLists(a.kind) {
			x = 0
		}
		if isListOfLists(b.kind) {
			y = 0
		}
		return cmp.Or(cmp.Compare(x, y), strings.Compare(a.kind+" "+a.territory, b.kind+" "+b.territory), cmp.Compare(a.sequence, b.sequence))
	})
	announced := map[string][]*certpath.Certificate{} // by a list of lists for its next edition
	var lotls []*List
	newest := map[string]*listFile{}
	for _, f := range l.lists {
		key := f.kind + " " + f.territory
		given := announced[key]
		for _, lotl := range lotls {
			if !isListOfLists(f.kind) {
				given = append(given, lotl.signersOf(f.header)...)
			}
		}
		signers := l.signersFor(f.path, given)
		if f.err == nil {
			f.list, f.err = ParseList(f.data, signers)
		}
		if f.err != nil {
			first = cmp.Or(first, ofFile(f.path, f.err))
			continue
		}
		newest[key] = f
		if f.list.IsListOfLists() {
			lotls = slices.DeleteFunc(lotls, func(o *List) bool { return o.Type == f.list.Type && o.Territory == f.list.Territory })
			lotls = append(lotls, f.list)
			if own := f.list.own(); len(own) > 0 {
				announced[key] = own
			}
		}
	}
	for _, f := range l.lists {
		out = append(out, f.result(newest[f.kind+" "+f.territory] == f))
	}
	return out, first
}

func (f *listFile) result(used bool) checked {
	kind := KindTrustedList
	if isListOfLists(f.kind) {
		if kind = KindListOfLists; f.list != nil && !used {
			kind = KindPivot
		}
	}
	if f.err != nil {
		return checked{source: failed(f.path, kind, f.err)}
	}
	l := f.list
	out := checked{source: Source{
		Path: f.path, Kind: kind, Territory: l.Territory, Sequence: fmt.Sprint(l.Sequence), Issued: l.Issued, NextUpdate: l.NextUpdate,
		Signer: l.Signer.Subject.String(),
	}}
	if l.SHA1 {
		out.source.warn(WarnSHA1, "")
	}
	if !used {
		if kind == KindTrustedList {
			out.source.warn(WarnSuperseded, fmt.Sprint(l.Sequence))
			out.source.NextUpdate = time.Time{}
		}
		return out
	}
	if l.Unread > 0 {
		out.source.warn(WarnUnread, fmt.Sprint(l.Unread))
	}
	out.entries = l.anchors()
	for _, e := range out.entries {
		if e.use != useNone {
			out.source.Anchors++
		}
	}
	out.source.line = fmt.Sprintf("list %s %s %d %s %x\n", l.Territory, l.Type, l.Sequence, day(l.Issued), l.Digest)
	return out
}

func (l *loader) checkCTLs(pool []*certpath.Certificate) (out []checked, first error) {
	for _, f := range l.ctls {
		if f.ctl, f.err = ParseCTL(f.data, l.signersFor(f.path, nil)); f.err != nil {
			first = cmp.Or(first, ofFile(f.path, f.err))
		}
	}
	for _, f := range l.ctls {
		if f.err != nil {
			out = append(out, checked{source: failed(f.path, KindCTL, f.err)})
			continue
		}
		c := f.ctl
		one := checked{source: Source{
			Path: f.path, Kind: KindCTL, Issued: c.ThisUpdate, NextUpdate: c.NextUpdate, Signer: c.Signer.Subject.String(),
		}}
		if c.Sequence != nil {
			one.source.Sequence = c.Sequence.String()
		}
		if c.SHA1 {
			one.source.warn(WarnSHA1, "")
		}
		newer := func(o *ctlFile) bool {
			return o.err == nil && o != f && string(o.ctl.Identifier) == string(c.Identifier) && o.ctl.ThisUpdate.After(c.ThisUpdate)
		}
		if slices.ContainsFunc(l.ctls, newer) {
			one.source.warn(WarnSuperseded, one.source.Sequence)
			one.source.NextUpdate = time.Time{}
			out = append(out, one)
			continue
		}
		listed := slices.Clone(c.Certificates)
		for _, cert := range pool {
			if c.Lists(cert) {
				listed = append(listed, cert)
			}
		}
		for _, cert := range listed {
			one.entries = append(one.entries, entry{certpath.Anchor{Certificate: cert, Name: cert.Subject.String()}, useAny})
		}
		one.source.Anchors = len(one.entries)
		one.source.line = fmt.Sprintf("ctl %x %s %s %x\n", c.Identifier, one.source.Sequence, day(c.ThisUpdate), c.Digest)
		out = append(out, one)
	}
	return out, first
}

// dates are the first and the last instant of an anchor.
type dates struct {
	from, until time.Time
	path        string
}

// readDates reads dates.tsv: fingerprint, first day, last day (both included, in UTC, "-" for none), and what else the operator wrote behind.
func (l *loader) readDates(path string, data []byte) error {
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) < 3 {
			return codes.New(ErrDates, "dating anchors by", path, "a fingerprint and two days are wanted in "+line)
		}
		key := strings.ToLower(strings.NewReplacer(":", "", " ", "").Replace(f[0]))
		if b, err := hex.DecodeString(key); err != nil || len(b) != 32 {
			return codes.New(ErrDates, "dating anchors by", path, "this is no SHA-256 fingerprint: "+f[0])
		}
		d := dates{path: path}
		var err error
		if f[1] != "-" {
			if d.from, err = time.Parse(time.DateOnly, f[1]); err != nil {
				return codes.Wrap(ErrDates, "dating anchors by", path, err)
			}
		}
		if f[2] != "-" {
			if d.until, err = time.Parse(time.DateOnly, f[2]); err != nil {
				return codes.Wrap(ErrDates, "dating anchors by", path, err)
			}
			d.until = d.until.AddDate(0, 0, 1).Add(-1)
		}
		l.dates[key] = d
	}
	return nil
}

type gcaFile struct {
	path   string
	digest [32]byte
	list   *GCAList
	err    error
}

func readGCA(path string, data []byte) *gcaFile {
	list, err := ParseGCA(data)
	return &gcaFile{path, sha256.Sum256(data), list, err}
}

// useGCAs takes the certificates of the government's lists; of several editions the last counts.
func (l *loader) useGCAs() (out []checked, first error) {
	for _, f := range l.gcas {
		if f.err != nil {
			first = cmp.Or(first, ofFile(f.path, f.err))
			out = append(out, checked{source: failed(f.path, KindGCA, f.err)})
			continue
		}
		g := f.list
		var one checked
		newer := func(o *gcaFile) bool {
			return o.err == nil && o.list.Identifier == g.Identifier && o.list.Sequence > g.Sequence
		}
		superseded := slices.ContainsFunc(l.gcas, newer)
		if !superseded {
			one = l.sortOut(g.Certificates)
			one.source.NextUpdate = g.NextUpdate
			one.source.line = fmt.Sprintf("gca %q %d %s %x\n", g.Identifier, g.Sequence, day(g.ThisUpdate), f.digest)
		}
		one.source.Path, one.source.Kind, one.source.Sequence, one.source.Issued = f.path, KindGCA, fmt.Sprint(g.Sequence), g.ThisUpdate
		if superseded {
			one.source.warn(WarnSuperseded, one.source.Sequence)
		} else {
			one.source.warn(WarnUnsigned, "")
		}
		if g.Unread > 0 {
			one.source.warn(WarnUnread, fmt.Sprint(g.Unread))
		}
		out = append(out, one)
	}
	return out, first
}
