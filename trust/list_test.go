package trust_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/trust"
	"github.com/antinvn/antin/xmldsig"
)

const (
	caQC      = "http://uri.etsi.org/TrstSvc/Svctype/CA/QC"
	qtst      = "http://uri.etsi.org/TrstSvc/Svctype/TSA/QTST"
	ocspQC    = "http://uri.etsi.org/TrstSvc/Svctype/Certstatus/OCSP/QC"
	idv       = "http://uri.etsi.org/TrstSvc/Svctype/IdV"
	statuses  = "http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/"
	granted   = statuses + "granted"
	withdrawn = statuses + "withdrawn"
	oldStatus = "http://uri.etsi.org/TrstSvc/Svcstatus/eSigDir-1999-93-EC-TrustedList/Svcstatus/"
	national  = "http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUgeneric"
	listOf    = "http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUlistofthelists"
)

// people are the certificates of a scheme: its operator, an authority with a history, services.
type people struct {
	operator, other, ca, young, tsa, ocsp, idv *issued
}

func newPeople(t testing.TB) *people {
	t.Helper()
	return &people{
		operator: issue(t, "operator", nil), other: issue(t, "other operator", nil), ca: issue(t, "ca", nil), young: issue(t, "young ca", nil),
		tsa: issue(t, "tsa", nil), ocsp: issue(t, "ocsp", nil), idv: issue(t, "idv", nil),
	}
}

func (p *people) list() *trust.List {
	at := func(s string) time.Time { return day(s) }
	service := func(name string, c *issued, periods ...trust.Period) trust.Service {
		return trust.Service{Provider: "Provider & Sons", Name: name, Certificates: []*certpath.Certificate{c.Certificate}, Periods: periods}
	}
	return &trust.List{
		Version: 5, Sequence: 7, Type: national, Territory: "VN", Operator: "Test operator", Issued: at("2026-01-01"), NextUpdate: at("2026-07-01"),
		Services: []trust.Service{
			service("old", p.ca,
				trust.Period{Type: caQC, Status: oldStatus + "undersupervision", From: at("2014-01-01")},
				trust.Period{Type: caQC, Status: granted, From: at("2016-07-01")},
				trust.Period{Type: caQC, Status: withdrawn, From: at("2020-01-01")},
				trust.Period{Type: caQC, Status: granted, From: at("2021-01-01")},
				trust.Period{Type: caQC, Status: withdrawn, From: at("2024-01-01")}),
			service("young", p.young, trust.Period{Type: caQC, Status: granted, From: at("2022-01-01")}),
			service("stamps", p.tsa, trust.Period{Type: qtst, Status: granted, From: at("2022-01-01")}),
			service("status", p.ocsp, trust.Period{Type: ocspQC, Status: granted, From: at("2022-01-01")}),
			service("faces", p.idv, trust.Period{Type: idv, Status: granted, From: at("2022-01-01")}),
		},
	}
}

func marshal(t testing.TB, l *trust.List, by *issued) []byte {
	t.Helper()
	data, err := pkitest.TrustedList(l, by.key, by.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func changed(t testing.TB, data []byte, old, by string) []byte {
	t.Helper()
	if !bytes.Contains(data, []byte(old)) {
		t.Fatalf("%q is not there", old)
	}
	return bytes.Replace(data, []byte(old), []byte(by), 1)
}

func TestATrustedListIsReadWithItsHistory(t *testing.T) {
	p := newPeople(t)
	for _, version := range []int{5, 6} {
		want := p.list()
		want.Version = version
		l, err := trust.ParseList(marshal(t, want, p.operator), []*certpath.Certificate{p.other.Certificate, p.operator.Certificate})
		if err != nil {
			t.Fatal(err)
		}
		if l.Version != version || l.Sequence != 7 || l.Territory != "VN" || l.Operator != "Test operator" || !l.Issued.Equal(want.Issued) ||
			!l.NextUpdate.Equal(want.NextUpdate) || l.Signer != p.operator.Certificate || l.SHA1 || l.Unread != 0 || l.IsListOfLists() {
			t.Errorf("%+v", l)
		}
		if len(l.Services) != 5 || l.Services[0].Provider != "Provider & Sons" || len(l.Services[0].Periods) != 5 {
			t.Fatalf("%+v", l.Services)
		}
		for i, got := range l.Services[0].Periods {
			w := want.Services[0].Periods[i]
			if got.Status != w.Status || !got.From.Equal(w.From) {
				t.Errorf("period %d: %+v", i, got)
			}
		}
		if !l.Expired(day("2026-07-02")) || l.Expired(day("2026-07-01")) {
			t.Error("NextUpdate is not the end")
		}
	}
}

func TestATamperedOrForeignListIsRefused(t *testing.T) {
	p := newPeople(t)
	data := marshal(t, p.list(), p.operator)
	operators := []*certpath.Certificate{p.operator.Certificate}
	start, end := bytes.Index(data, []byte("<ds:Signature ")), bytes.Index(data, []byte("</ds:Signature>"))+len("</ds:Signature>")
	signature := string(data[start:end])
	unsigned := string(data[:start]) + string(data[end:])
	for name, c := range map[string]struct {
		data      []byte
		operators []*certpath.Certificate
		want      codes.Code
	}{
		"a status changed":     {changed(t, data, withdrawn, granted), operators, xmldsig.ErrDigest},
		"a certificate added":  {changed(t, data, "<DigitalId>", "<DigitalId><X509Certificate>"+base64.StdEncoding.EncodeToString(p.idv.Raw)+"</X509Certificate></DigitalId><DigitalId>"), operators, xmldsig.ErrDigest},
		"the sequence changed": {changed(t, data, ">7<", ">8<"), operators, xmldsig.ErrDigest},
		"no signature":         {[]byte(unsigned), operators, trust.ErrListSignature},
		"two signatures":       {changed(t, data, signature, signature+signature), operators, trust.ErrListSignature},
		"another operator":     {data, []*certpath.Certificate{p.other.Certificate}, trust.ErrListSigner},
		"nobody":               {data, nil, trust.ErrListSigner},
		"signed by a stranger": {marshal(t, p.list(), p.other), operators, trust.ErrListSigner},
		"the operator's name on a stranger's signature": {changed(t, marshal(t, p.list(), p.other), base64.StdEncoding.EncodeToString(p.other.Raw),
			base64.StdEncoding.EncodeToString(p.operator.Raw)), operators, xmldsig.ErrSignature},
		"another version":          {marshalAs(t, p, func(l *trust.List) { l.Version = 4 }), operators, trust.ErrList},
		"no type":                  {marshalAs(t, p, func(l *trust.List) { l.Type = "" }), operators, trust.ErrList},
		"no list":                  {[]byte("<a/>"), operators, trust.ErrList},
		"no XML":                   {[]byte("a"), operators, trust.ErrList},
		"a service without status": {marshalAs(t, p, func(l *trust.List) { l.Services[1].Periods[0].Status = "" }), operators, trust.ErrList},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := trust.ParseList(c.data, c.operators)
			if !errors.Is(err, c.want) || l != nil {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func marshalAs(t testing.TB, p *people, change func(*trust.List)) []byte {
	t.Helper()
	l := p.list()
	change(l)
	return marshal(t, l, p.operator)
}

// The signed list is put into another root, whose services are the attacker's: what was signed is not the whole.
func TestAListWrappedInAnotherIsRefused(t *testing.T) {
	p := newPeople(t)
	inner, err := pkitest.SignXML(pkitestBody(t, p), p.operator.key, pkitest.XMLSignature{URI: "#list", Certificates: []*certpath.Certificate{p.operator.Certificate}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trust.ParseList(inner, []*certpath.Certificate{p.operator.Certificate}); err != nil {
		t.Fatal(err) // by its Id is as good as whole
	}
	start, end := bytes.Index(inner, []byte("<ds:Signature ")), bytes.Index(inner, []byte("</ds:Signature>"))+len("</ds:Signature>")
	signature, body := string(inner[start:end]), string(inner[:start])+string(inner[end:])
	body = body[strings.Index(body, "<TrustServiceStatusList"):]
	forged := strings.Replace(strings.Replace(body, `Id="list"`, `Id="forged"`, 1), "Test operator", "Forger", 1)
	object := strings.Replace(signature, "</ds:Signature>", "<ds:Object>"+body+"</ds:Object></ds:Signature>", 1)
	wrapped := strings.Replace(forged, "</TrustServiceStatusList>", object+"</TrustServiceStatusList>", 1)
	l, err := trust.ParseList([]byte(wrapped), []*certpath.Certificate{p.operator.Certificate})
	if !errors.Is(err, trust.ErrListSignature) || l != nil {
		t.Errorf("got %v, %+v", err, l)
	}
}

// The operator once signed something else, an object within its own signature; that signature is put into a list of the attacker.
func TestASignatureOfSomethingElseIsRefused(t *testing.T) {
	p := newPeople(t)
	template := `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>` +
		`<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"/><ds:Reference URI="#note"><ds:Transforms>` +
		`<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>` +
		`<ds:DigestValue>DIGEST</ds:DigestValue></ds:Reference></ds:SignedInfo><ds:SignatureValue>VALUE</ds:SignatureValue><ds:Object Id="note">a note</ds:Object></ds:Signature>`
	octets := func(text string, way ...string) []byte {
		d, err := xmldsig.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		e := d.Root
		for _, local := range way {
			e = e.Element(xmldsig.Namespace, local)
		}
		out, err := e.Canonical(xmldsig.Canonicalization{Method: xmldsig.ExclusiveC14N})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	digest := sha256.Sum256(octets(template, "Object"))
	template = strings.Replace(template, "DIGEST", base64.StdEncoding.EncodeToString(digest[:]), 1)
	digest = sha256.Sum256(octets(template, "SignedInfo"))
	r, s, err := ecdsa.Sign(rand.Reader, p.operator.key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	value := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	signature := strings.Replace(template, "VALUE", base64.StdEncoding.EncodeToString(value), 1)
	d, err := xmldsig.Parse([]byte(signature))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := xmldsig.Verify(d.Root, p.operator.PublicKey); err != nil {
		t.Fatal(err) // by itself it is good
	}
	forged := changed(t, pkitestBody(t, p), "</TrustServiceStatusList>", signature+"</TrustServiceStatusList>")
	l, err := trust.ParseList(forged, []*certpath.Certificate{p.operator.Certificate})
	if !errors.Is(err, trust.ErrListSignature) || l != nil || !strings.Contains(err.Error(), "does not cover the list") {
		t.Errorf("got %v, %+v", err, l)
	}
	both := changed(t, marshal(t, p.list(), p.operator), "</TrustServiceStatusList>", signature+"</TrustServiceStatusList>")
	if _, err := trust.ParseList(both, []*certpath.Certificate{p.operator.Certificate}); err == nil || !strings.Contains(err.Error(), "exactly one") {
		t.Errorf("got %v", err)
	}
}

// pkitestBody is a list without its signature.
func pkitestBody(t testing.TB, p *people) []byte {
	t.Helper()
	data := marshal(t, p.list(), p.operator)
	start, end := bytes.Index(data, []byte("<ds:Signature ")), bytes.Index(data, []byte("</ds:Signature>"))+len("</ds:Signature>")
	return append(bytes.Clone(data[:start]), data[end:]...)
}

func TestAServiceIsAnAnchorWhileItIsGranted(t *testing.T) {
	p := newPeople(t)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "vn.xml"), marshal(t, p.list(), p.operator))
	write(t, filepath.Join(dir, "vn.signer.pem"), p.operator.pem())
	s, err := trust.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at      string
		purpose certpath.Purpose
		want    string
	}{
		{"2013-12-31", certpath.Sign, ""},
		{"2014-01-01", certpath.Sign, "ca"},
		{"2016-07-01", certpath.Sign, "ca"}, // under supervision, then granted: one span
		{"2020-01-01", certpath.Sign, ""},
		{"2021-06-01", certpath.Sign, "ca"},
		{"2023-12-31", certpath.Sign, "ca, young ca"},
		{"2024-01-01", certpath.Sign, "young ca"},
		{"2024-01-01", certpath.AnyPurpose, "young ca"},
		{"2024-01-01", certpath.TimeStamp, "tsa, young ca"},
		{"2024-01-01", certpath.OCSPSign, "ocsp, young ca"},
	} {
		t.Run(c.at+" "+c.want, func(t *testing.T) {
			var names []string
			for _, a := range s.AnchorsFor(c.purpose, day(c.at)) {
				names = append(names, a.Certificate.Subject.CommonName())
			}
			slices.Sort(names)
			if got := strings.Join(names, ", "); got != c.want {
				t.Errorf("got %q", got)
			}
		})
	}
	last := s.AnchorsFor(certpath.Sign, day("2019-01-01"))[0]
	if !last.Until.Equal(day("2020-01-01").Add(-1)) || !last.From.Equal(day("2014-01-01")) {
		t.Errorf("%v to %v", last.From, last.Until)
	}
	leaf := issue(t, "leaf", p.young)
	for purpose, want := range map[certpath.Purpose]bool{certpath.AnyPurpose: true, certpath.TimeStamp: false} {
		r, err := certpath.Validate(context.Background(), leaf.Certificate, &certpath.Options{Anchors: s, At: day("2024-06-01"), Purpose: purpose})
		if err != nil || r.Valid != want {
			t.Errorf("purpose %d: %+v, %v", purpose, r, err)
		}
	}
	stranger := issue(t, "stranger", p.tsa)
	r, err := certpath.Validate(context.Background(), stranger.Certificate, &certpath.Options{Anchors: s, At: day("2024-06-01"), Purpose: certpath.Sign})
	if err != nil || r.Valid {
		t.Errorf("a certificate that a time-stamping service issued is believed: %+v, %v", r, err)
	}
}

func TestPivotsHandTheKeyOn(t *testing.T) {
	first, second, third := issue(t, "first", nil), issue(t, "second", nil), issue(t, "third", nil)
	stranger := issue(t, "stranger", nil)
	edition := func(sequence int, announces, by *issued) []byte {
		return marshal(t, &trust.List{
			Version: 5, Sequence: sequence, Type: listOf, Territory: "EU", Operator: "EU", Issued: day("2026-01-01"), NextUpdate: day("2026-07-01"),
			Pointers: []trust.Pointer{{Location: "https://example.test/lotl.xml", Type: listOf, Territory: "EU", Signers: []*certpath.Certificate{announces.Certificate}}},
		}, by)
	}
	one, two, now := edition(1, second, first), edition(2, third, second), edition(3, third, third)
	given := []*certpath.Certificate{first.Certificate}
	if l, err := trust.ParsePivoted(now, [][]byte{two, one}, given); err != nil || l.Sequence != 3 || l.Signer.Subject.CommonName() != "third" {
		t.Errorf("%v, %v", l, err)
	}
	for name, c := range map[string]struct {
		now    []byte
		pivots [][]byte
		want   codes.Code
	}{
		"no pivot":                {now, nil, trust.ErrListSigner},
		"one pivot is missing":    {now, [][]byte{two}, trust.ErrListSigner},
		"a key that was given up": {edition(3, first, first), [][]byte{one, two}, trust.ErrListSigner},
		"a pivot changed":         {now, [][]byte{changed(t, one, ">1<", ">0<"), two}, xmldsig.ErrDigest},
		"a pivot of a stranger":   {now, [][]byte{edition(1, second, stranger), two}, trust.ErrListSigner},
		"the current one changed": {changed(t, now, ">3<", ">4<"), [][]byte{one, two}, xmldsig.ErrDigest},
		"a pivot that is no list": {now, [][]byte{[]byte("<a")}, xmldsig.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			if l, err := trust.ParsePivoted(c.now, c.pivots, given); !errors.Is(err, c.want) {
				t.Errorf("got %v, %v", l, err)
			}
		})
	}
}

// A peer's word on our lists: xmlsec1 checks the signature, xmllint the schema of TS 119 612 where it is at hand.
func TestOurListsHoldForXmlsec(t *testing.T) {
	xmlsec, err := exec.LookPath("xmlsec1")
	if err != nil && os.Getenv("ANTIN_INTEROP") == "all" {
		t.Fatal(err)
	} else if err != nil {
		t.Skip("xmlsec1 is not installed")
	}
	p := newPeople(t)
	dir := t.TempDir()
	good := marshal(t, p.list(), p.operator)
	ca := write(t, filepath.Join(dir, "operator.pem"), p.operator.pem())
	verify := func(data []byte) (string, error) {
		in := write(t, filepath.Join(dir, "list.xml"), data)
		out, err := exec.Command(xmlsec, "--verify", "--trusted-pem", ca, "--verification-gmt-time", "2026-01-01+00:00:00", in).CombinedOutput()
		return string(out), err
	}
	if out, err := verify(good); err != nil {
		t.Error(out)
	}
	if out, err := verify(changed(t, good, withdrawn, granted)); err == nil {
		t.Error(out)
	}
}

func ExampleParseList() {
	key, err := pkitest.New(pkitest.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	operator, signer, err := key.Issue(pkitest.Subject{CommonName: "Scheme operator"})
	if err != nil {
		fmt.Println(err)
		return
	}
	data, err := pkitest.TrustedList(&trust.List{
		Version: 5, Sequence: 3, Type: "http://uri.etsi.org/TrstSvc/TrustedList/TSLType/EUgeneric", Territory: "VN", Issued: day("2026-01-01"), NextUpdate: day("2026-07-01"),
		Services: []trust.Service{{
			Provider: "A province", Name: "Issuing CA", Certificates: key.Chain(),
			Periods: []trust.Period{{Type: caQC, Status: granted, From: day("2025-01-01")}},
		}},
	}, signer, operator)
	if err != nil {
		fmt.Println(err)
		return
	}
	list, err := trust.ParseList(data, []*certpath.Certificate{operator})
	if err != nil {
		fmt.Println(err)
		return
	}
	s := list.Services[0]
	fmt.Println(list.Territory, list.Sequence, s.Provider, trust.Granted(s.Periods[0].Status), list.Expired(day("2026-08-01")))
	// Output: VN 3 A province true true
}

// The sample is our list signed by EU DSS 6.4 (version 6, XAdES properties), so that a machine without it has one too; its keys are gone.
func TestTheSampleOfDSSHolds(t *testing.T) {
	s, err := trust.Load("testdata/dss")
	if err != nil {
		t.Fatal(err)
	}
	if got := told(s, day("2026-06-01")); got != "list.xml trusted-list 1+0\n" {
		t.Error(got)
	}
	if len(s.Anchors(day("2022-01-01"))) != 1 || len(s.Anchors(day("2025-01-01"))) != 0 {
		t.Error("the service is not granted from 2020 to 2023")
	}
	data, err := os.ReadFile("testdata/dss/list.xml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	signer, err := os.ReadFile("testdata/dss/list.signer.pem")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "list.signer.pem"), signer)
	for name, other := range map[string][]byte{
		"a status": changed(t, data, withdrawn, granted), "a property": changed(t, data, "SigningTime>2026", "SigningTime>2025"),
	} {
		if _, err := trust.Load(write(t, filepath.Join(dir, "list.xml"), other)); !errors.Is(err, xmldsig.ErrDigest) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
