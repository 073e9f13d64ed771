package trust

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/xmldsig"
)

// The failures of lists of either format.
const (
	ErrList          codes.Code = "trust.list"           // not a trusted list that can be read
	ErrListSigner    codes.Code = "trust.list_signer"    // signed by nobody whom the caller believes
	ErrListSignature codes.Code = "trust.list_signature" // the signature does not hold, or does not cover the list
)

const (
	listNamespace = "http://uri.etsi.org/02231/v2#"
	serviceTypes  = "http://uri.etsi.org/TrstSvc/Svctype/"

	maxServices  = 50_000
	maxPointers  = 1000
	maxHistory   = 1000 // status changes of one service
	maxIdentity  = 100  // certificates of one service or pointer
	maxOperators = 1000
)

// List is a trusted list (ETSI TS 119 612, versions 5 and 6) whose signature holds.
type List struct {
	Version    int
	Sequence   int
	Type       string // URI of the TSLType
	Territory  string // "VN", "EU", …
	Operator   string // name of the scheme operator
	Issued     time.Time
	NextUpdate time.Time // zero: the scheme is closed
	Services   []Service
	Pointers   []Pointer
	Signer     *certpath.Certificate // the one of the given certificates that signed
	SHA1       bool                  // the signature rests on SHA-1
	Digest     [32]byte              // SHA-256 of what was signed
	// Unread counts certificates of services and pointers that cannot be read, and services with none.
	Unread int
}

// Service is one service of a provider with its history.
type Service struct {
	Provider, Name string
	Certificates   []*certpath.Certificate
	Periods        []Period // oldest first; the last one lasts
}

// Period is a span in which a service had one type and status.
type Period struct {
	Type, Status string    // URIs
	From         time.Time // the status's starting time
	Until        time.Time // the last instant before the next status; zero: still
}

// Pointer leads to another list, and says who signs it.
type Pointer struct {
	Location, Type, Territory string
	Signers                   []*certpath.Certificate
}

// IsListOfLists says whether the list points to the lists of others.
func (l *List) IsListOfLists() bool { return isListOfLists(l.Type) }

func isListOfLists(uri string) bool { return strings.HasSuffix(uri, "listofthelists") }

// Expired says whether a newer list should have been published by then.
func (l *List) Expired(at time.Time) bool { return !l.NextUpdate.IsZero() && at.After(l.NextUpdate) }

// Granted says whether a service may be relied upon under a status (TS 119 612, 5.5.4, and the statuses before 2016 that its annex D.5
// keeps): granted, recognised at national level, under supervision, in cessation, accredited, in accord.
func Granted(status string) bool {
	switch status[strings.LastIndexByte(status, '/')+1:] {
	case "granted", "recognisedatnationallevel", "setbynationallaw", "undersupervision", "supervisionincessation", "accredited", "inaccord":
		return strings.HasPrefix(status, "http://uri.etsi.org/TrstSvc/")
	}
	return false
}

// use is what a service's certificates may be anchors for.
type use int

const (
	useNone use = iota
	useAny      // a CA, or a certificate that was given as such: for whatever it issued
	useTimeStamp
	useOCSP
)

func useOf(serviceType string) use {
	kind, ok := strings.CutPrefix(serviceType, serviceTypes)
	switch {
	case !ok:
		return useNone
	case kind == "CA/QC", kind == "CA/PKC", kind == "NationalRootCA-QC":
		return useAny
	case kind == "TSA" || strings.HasPrefix(kind, "TSA/"):
		return useTimeStamp
	case strings.HasPrefix(kind, "Certstatus/OCSP"), strings.HasPrefix(kind, "Certstatus/CRL"):
		return useOCSP
	}
	return useNone
}

// anchors are the certificates of all services in the spans in which they are granted.
func (l *List) anchors() []entry {
	var out []entry
	for i := range l.Services {
		s := &l.Services[i]
		for _, p := range granted(s.Periods) {
			for _, c := range s.Certificates {
				out = append(out, entry{certpath.Anchor{Certificate: c, From: p.From, Until: p.Until, Name: s.Provider + ": " + s.Name}, useOf(p.Type)})
			}
		}
	}
	return out
}

// granted are the periods that count, those that follow each other with one use joined.
func granted(periods []Period) []Period {
	var out []Period
	for _, p := range periods {
		if !Granted(p.Status) || useOf(p.Type) == useNone {
			continue
		}
		if last := len(out) - 1; last >= 0 && useOf(out[last].Type) == useOf(p.Type) && out[last].Until.Add(1).Equal(p.From) {
			out[last].Until = p.Until
			continue
		}
		out = append(out, p)
	}
	return out
}

// ParseList reads a trusted list and checks its signature, which must be by one of the operators' certificates, cover the whole list,
// and is not asked for a path: the operator is believed for himself (TS 119 612, 5.7.1). What is returned is read from the bytes that
// were digested. Errors: [ErrList], [ErrListSigner], [ErrListSignature], and those of package xmldsig behind them. A list that has expired
// is read: see [List.Expired].
func ParseList(data []byte, operators []*certpath.Certificate) (*List, error) {
	doc, err := xmldsig.Parse(data)
	if err != nil {
		return nil, codes.Wrap(ErrList, "reading a trusted list", "", err)
	}
	if !doc.Root.Is(listNamespace, "TrustServiceStatusList") {
		return nil, bad("the root is " + doc.Root.Name())
	}
	signer, seen, result, err := checkList(doc, operators)
	if err != nil {
		return nil, err
	}
	if doc, err = xmldsig.Parse(seen.Octets); err != nil {
		return nil, codes.Wrap(ErrList, "reading a trusted list", "", err)
	}
	l := &List{Signer: signer, SHA1: slices.Contains(result.Notes, "sha1"), Digest: sha256.Sum256(seen.Octets)}
	if err := l.scheme(doc.Root.Element(listNamespace, "SchemeInformation")); err != nil {
		return nil, err
	}
	if err := l.services(doc.Root); err != nil {
		return nil, err
	}
	return l, nil
}

func bad(detail string) error { return codes.New(ErrList, "reading a trusted list", "", detail) }

// checkList finds the operator who signed and the reference to the whole list.
func checkList(doc *xmldsig.Document, operators []*certpath.Certificate) (*certpath.Certificate, *xmldsig.Reference, *xmldsig.Result, error) {
	const op = "checking the signature of a trusted list"
	signatures := doc.Root.Elements(xmldsig.Namespace, "Signature")
	if len(signatures) != 1 {
		return nil, nil, nil, codes.New(ErrListSignature, op, "", "there is not exactly one signature in the list")
	}
	candidates := signedBy(operators, xmldsig.Certificates(signatures[0]))
	if len(candidates) == 0 {
		return nil, nil, nil, codes.New(ErrListSigner, op, "", "the certificate that signed is none of the operator's")
	}
	var first error
	for _, c := range candidates {
		r, err := xmldsig.Verify(signatures[0], c.PublicKey)
		if err == nil {
			if seen := r.Covers(doc.Root); seen != nil {
				return c, seen, r, nil
			}
			err = codes.New(ErrListSignature, op, "", "it does not cover the list")
		}
		if first == nil {
			first = err
		}
	}
	return nil, nil, nil, codes.Wrap(ErrListSignature, op, candidates[0].Subject.String(), first)
}

// signedBy are the operators' certificates whose key may have signed: those of a key that the signature names, all if it names none.
func signedBy(operators, named []*certpath.Certificate) []*certpath.Certificate {
	var out []*certpath.Certificate
	for _, o := range operators {
		fits := func(n *certpath.Certificate) bool {
			return bytes.Equal(n.RawSubjectPublicKeyInfo, o.RawSubjectPublicKeyInfo)
		}
		if (len(named) == 0 || slices.ContainsFunc(named, fits)) && len(out) < maxOperators {
			out = append(out, o)
		}
	}
	return out
}

// scheme reads SchemeInformation (TS 119 612, 5.3).
func (l *List) scheme(s *xmldsig.Element) (err error) {
	number := func(name string) int {
		n, e := strconv.Atoi(s.Element(listNamespace, name).Text())
		if (e != nil || n < 0) && err == nil {
			err = bad(name + " is no number")
		}
		return n
	}
	if l.Version = number("TSLVersionIdentifier"); err == nil && l.Version != 5 && l.Version != 6 {
		return bad("version " + strconv.Itoa(l.Version) + " is not supported")
	}
	l.Sequence = number("TSLSequenceNumber")
	l.Type = s.Element(listNamespace, "TSLType").Text()
	l.Territory = s.Element(listNamespace, "SchemeTerritory").Text()
	l.Operator = name(s.Element(listNamespace, "SchemeOperatorName"))
	if l.Issued = moment(s.Element(listNamespace, "ListIssueDateTime")); l.Issued.IsZero() && err == nil {
		err = bad("ListIssueDateTime is no time")
	}
	next := s.Element(listNamespace, "NextUpdate")
	if next == nil && err == nil {
		err = bad("NextUpdate is missing")
	}
	if end := next.Element(listNamespace, "dateTime"); end != nil {
		if l.NextUpdate = moment(end); l.NextUpdate.IsZero() && err == nil {
			err = bad("NextUpdate is no time")
		}
	}
	if l.Type == "" && err == nil {
		err = bad("TSLType is missing")
	}
	if err != nil {
		return err
	}
	for _, p := range s.Element(listNamespace, "PointersToOtherTSL").Elements(listNamespace, "OtherTSLPointer") {
		if len(l.Pointers) == maxPointers {
			return codes.New(ErrTooLarge, "reading a trusted list", "", "there are too many pointers")
		}
		l.Pointers = append(l.Pointers, l.pointer(p))
	}
	return nil
}

// pointer reads OtherTSLPointer (TS 119 612, 5.3.13).
func (l *List) pointer(e *xmldsig.Element) Pointer {
	p := Pointer{Location: e.Element(listNamespace, "TSLLocation").Text()}
	for _, i := range e.Element(listNamespace, "ServiceDigitalIdentities").Elements(listNamespace, "ServiceDigitalIdentity") {
		p.Signers = append(p.Signers, l.identity(i, len(p.Signers))...)
	}
	for _, info := range e.Element(listNamespace, "AdditionalInformation").Elements(listNamespace, "OtherInformation") {
		if t := info.Element(listNamespace, "TSLType"); t != nil {
			p.Type = t.Text()
		}
		if t := info.Element(listNamespace, "SchemeTerritory"); t != nil {
			p.Territory = t.Text()
		}
	}
	return p
}

// identity reads the certificates of a ServiceDigitalIdentity; another kind of identity names a key that its certificate has too.
func (l *List) identity(e *xmldsig.Element, have int) []*certpath.Certificate {
	var out []*certpath.Certificate
	for _, id := range e.Elements(listNamespace, "DigitalId") {
		x := id.Element(listNamespace, "X509Certificate")
		if x == nil {
			continue
		}
		der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(x.Text()), ""))
		if err != nil || have+len(out) >= maxIdentity {
			l.Unread++
			continue
		}
		c, err := certpath.ParseCertificate(der)
		if err != nil {
			l.Unread++
			continue
		}
		out = append(out, c)
	}
	return out
}

// services reads the providers and their services (TS 119 612, 5.4 to 5.6).
func (l *List) services(root *xmldsig.Element) error {
	for _, p := range root.Element(listNamespace, "TrustServiceProviderList").Elements(listNamespace, "TrustServiceProvider") {
		provider := name(p.Element(listNamespace, "TSPInformation").Element(listNamespace, "TSPName"))
		for _, e := range p.Element(listNamespace, "TSPServices").Elements(listNamespace, "TSPService") {
			if len(l.Services) == maxServices {
				return codes.New(ErrTooLarge, "reading a trusted list", "", "there are too many services")
			}
			info := e.Element(listNamespace, "ServiceInformation")
			s := Service{Provider: provider, Name: name(info.Element(listNamespace, "ServiceName"))}
			s.Certificates = l.identity(info.Element(listNamespace, "ServiceDigitalIdentity"), 0)
			if len(s.Certificates) == 0 {
				l.Unread++
			}
			var err error
			history := e.Element(listNamespace, "ServiceHistory").Elements(listNamespace, "ServiceHistoryInstance")
			if s.Periods, err = periods(info, history); err != nil {
				return err
			}
			l.Services = append(l.Services, s)
		}
	}
	return nil
}

// periods makes spans of the current status and the history. A former status that begins with or after the current one never counted.
func periods(current *xmldsig.Element, history []*xmldsig.Element) ([]Period, error) {
	if len(history) > maxHistory {
		return nil, codes.New(ErrTooLarge, "reading a trusted list", "", "a service has too many statuses")
	}
	read := func(e *xmldsig.Element) (Period, error) {
		p := Period{
			Type: e.Element(listNamespace, "ServiceTypeIdentifier").Text(), Status: e.Element(listNamespace, "ServiceStatus").Text(),
			From: moment(e.Element(listNamespace, "StatusStartingTime")),
		}
		if p.From.IsZero() || p.Status == "" || p.Type == "" {
			return p, bad("a service lacks its type, its status, or the status's starting time")
		}
		return p, nil
	}
	last, err := read(current)
	if err != nil {
		return nil, err
	}
	var out []Period
	for _, h := range history {
		p, err := read(h)
		if err != nil {
			return nil, err
		}
		if p.From.Before(last.From) {
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(a, b Period) int { return cmp.Compare(a.From.UnixNano(), b.From.UnixNano()) })
	out = append(out, last)
	for i := range out[:len(out)-1] {
		out[i].Until = out[i+1].From.Add(-1)
	}
	return out, nil
}

// name is a multilingual name's English form, else its first.
func name(e *xmldsig.Element) string {
	names := e.Elements(listNamespace, "Name")
	for _, n := range names {
		for _, a := range n.Attrs {
			if a.Space == xmldsig.XMLNamespace && a.Local == "lang" && strings.HasPrefix(a.Value, "en") {
				return n.Text()
			}
		}
	}
	if len(names) == 0 {
		return ""
	}
	return names[0].Text()
}

// moment reads a dateTime with its zone; zero if it is none.
func moment(e *xmldsig.Element) time.Time {
	t, err := time.Parse(time.RFC3339, e.Text())
	if err != nil || t.Year() < 1950 {
		return time.Time{}
	}
	return t.UTC()
}
