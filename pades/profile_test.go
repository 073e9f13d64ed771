package pades_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/fetch"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pades/appearance"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/revocation"
	"github.com/antinvn/antin/tsp"
)

// EN 319 142-1, 5.4.2 and ISO 32000-2, 12.8.4.4: the security store of a file signed at B-LTA and renewed.
func TestTheSecurityStoreIsThatOfPAdES(t *testing.T) {
	p := must(pkitest.New(pkitest.Options{}))(t)
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	cert, key, err := p.Issue(pkitest.Subject{CommonName: "Nguyễn Văn Mẫu"})
	if err != nil {
		t.Fatal(err)
	}
	f := &revocation.Fetcher{Fetch: &fetch.Client{AllowHosts: []string{p.Host()}}}
	source := &tsp.Client{URL: p.URL("tsa"), Fetch: &fetch.Client{Trusted: true}}
	file, _ := sign(t, pages(1).bytes(), signer{key: key}, &pades.Options{
		Level: pades.BLTA, Chain: []*certpath.Certificate{cert}, Pool: p.Chain(), Anchors: p, TSA: source, Status: f, Issuers: f, Time: time.Now(),
	})
	var out bytes.Buffer
	must(pades.Extend(t.Context(), &out, open(t, file), pades.BLTA, &pades.ExtendOptions{TSA: source, Status: f, Issuers: f, Anchors: p}))(t)
	v := open(t, out.Bytes()).Latest()
	dss := must(v.Get("DSS"))(t).(pdf.Dict)
	listed := map[pdf.Object]bool{}
	for _, key := range []pdf.Name{"Certs", "OCSPs", "CRLs"} {
		for _, o := range must(v.Array(dss[key]))(t) {
			if _, indirect := o.(pdf.Ref); !indirect || must(v.Stream(o))(t) == nil {
				t.Errorf("/%s holds %v, not a reference to a stream", key, o)
			}
			listed[o] = true
		}
	}
	t.Run("OCSP responses are whole, not basic ones", func(t *testing.T) {
		all := must(v.Array(dss["OCSPs"]))(t)
		if len(all) == 0 {
			t.Fatal("none is stored")
		}
		for _, o := range all {
			der, _, err := v.Decode(must(v.Stream(o))(t))
			if body := bytes.Index(der, []byte{0x0a, 0x01, 0x00, 0xa0}); err != nil || body < 2 || body > 4 { // responseStatus successful, responseBytes
				t.Errorf("%x…, %v", der[:12], err)
			}
		}
	})
	entries := must(v.Dict(dss["VRI"]))(t)
	var want []string
	for _, s := range intact(t, out.Bytes(), 3)[:2] { // the newest time-stamp has none yet
		sum := sha1.Sum(s.Contents)
		if len(s.Contents) < 16<<10 {
			t.Errorf("%s: the padding is not part of the %d bytes", s.Field, len(s.Contents))
		}
		want = append(want, strings.ToUpper(hex.EncodeToString(sum[:])))
	}
	if len(entries) != len(want) {
		t.Errorf("%d entries in /VRI", len(entries))
	}
	for _, name := range want {
		entry := must(v.Dict(entries[pdf.Name(name)]))(t)
		if entry == nil || len(must(v.Array(entry["Cert"]))(t)) == 0 {
			t.Errorf("/VRI has no /Cert in %s: %v", name, entry)
		}
		for key, o := range entry {
			if !slices.Contains([]pdf.Name{"Type", "Cert", "OCSP", "CRL"}, key) {
				t.Errorf("/VRI has the key /%s", key)
			}
			for _, r := range must(v.Array(o))(t) {
				if !listed[r] {
					t.Errorf("/VRI names %v, which /DSS does not", r)
				}
			}
		}
	}
}

// The token's own digest is by the authority's key; the imprint's is the document's.
func TestADocumentTimestampsImprintIsOfTheByteRange(t *testing.T) {
	a, source := newTSA(t)
	rootKey := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))(t)
	root := certify(t, "TSA Root", rootKey.Public(), nil, rootKey)
	key := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))(t)
	a.chain = []*certpath.Certificate{certify(t, "TSA", key.Public(), root, rootKey), root}
	a.responder.Key, a.responder.Chain = key, a.chain
	var out bytes.Buffer
	report := must(pades.Timestamp(t.Context(), &out, open(t, pages(1).bytes()), "", &pades.ExtendOptions{TSA: source}))(t)
	s := intact(t, out.Bytes(), 1)[0]
	h := crypto.SHA256.New()
	r := report.ByteRange
	h.Write(out.Bytes()[r[0] : r[0]+r[1]])
	h.Write(out.Bytes()[r[2] : r[2]+r[3]])
	if s.Token.ImprintHash != crypto.SHA256 || !bytes.Equal(s.Token.Imprint, h.Sum(nil)) || s.Token.SignedData.Signers()[0].Hash() != crypto.SHA384 {
		t.Errorf("imprint by %v, token by %v", s.Token.ImprintHash, s.Token.SignedData.Signers()[0].Hash())
	}
	if !bytes.HasPrefix(s.Contents, s.Token.Raw) {
		t.Error("/Contents is not the token")
	}
}

// ISO 32000-2, 12.5.6.19 and 12.7.5.5: field and widget may be one dictionary or two.
func TestAFieldApartFromItsWidgetKeepsItsShape(t *testing.T) {
	s := newSigner(t, "Split", p256())
	f := pages(1)
	widget := f.add("<< /Type /Annot /Subtype /Widget /F 132 /Rect [72 100 200 150] /P 5 0 R /Parent 7 0 R >>")
	field := f.add("<< /FT /Sig /T (leader) /Kids [" + widget + "] >>")
	f.objects[0] = "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [" + field + "] >> >>"
	f.objects[firstPage-1] = strings.Replace(f.objects[firstPage-1], "/Contents", "/Rotate 90 /Annots ["+widget+"] /Contents", 1)
	o := s.options()
	o.Field.Name = "leader"
	o.Appearance = &appearance.Spec{Kind: appearance.Text, Lines: []string{"Nguyễn Văn An"}}
	signed, _ := sign(t, f.bytes(), s, o)
	if sig := intact(t, signed, 1)[0]; sig.Field != "leader" || sig.Page != 1 {
		t.Errorf("%s on page %d", sig.Field, sig.Page)
	}
	v := open(t, signed).Latest()
	above, below := must(v.Get("AcroForm", "Fields", 0))(t).(pdf.Dict), must(v.Get("AcroForm", "Fields", 0, "Kids", 0))(t).(pdf.Dict)
	if above["V"] == nil || above["AP"] != nil || below["V"] != nil || below["AP"] == nil || below["FT"] != nil {
		t.Errorf("field %v, widget %v", above, below)
	}
	clean(t, signed)
}

// Print is on, Hidden, Invisible, NoView and ToggleNoView are off (ISO 19005-2, 6.3.2); a widget of a turned page says so; one form
// draws all, without the layers n0 to n4 of old viewers.
func TestAWidgetIsThatOfTheArchive(t *testing.T) {
	s := newSigner(t, "Widget", p256())
	box := pdf.Rect{X0: 100, Y0: 100, X1: 300, Y1: 150}
	o := s.options()
	o.Field.Place = &pades.Place{Page: 1, Rect: box}
	o.Appearance = &appearance.Spec{Kind: appearance.Text, Lines: []string{"Nguyễn Văn An"}}
	o.Reserve = []pades.Reservation{{Name: "number", Place: &pades.Place{Page: 1, Rect: box}}, {Name: "seal", Place: &pades.Place{Page: 1, Rect: box}}}
	o.AlsoOn = []pades.Place{{Page: 1, Rect: box}}
	signed, _ := sign(t, paper("/MediaBox [0 0 400 500] /Rotate 270"), s, o)
	v := open(t, signed).Latest()
	page := must(v.Page(1))(t)
	annots := must(v.Array(page.Dict["Annots"]))(t)
	if len(annots) != 4 {
		t.Fatalf("%d annotations", len(annots))
	}
	for _, a := range annots {
		d := must(v.Dict(a))(t)
		if flags, _ := d["F"].(int64); flags&4 == 0 || flags&(1|2|32|256) != 0 {
			t.Errorf("%v has the flags %v", d["T"], d["F"])
		}
		if d["Subtype"] == pdf.Name("Widget") && fmt.Sprint(must(v.Dict(d["MK"]))(t)["R"]) != "270" {
			t.Errorf("%v is turned by %v", d["T"], d["MK"])
		}
		ap := must(v.Dict(d["AP"]))(t)
		form := must(v.Stream(ap["N"]))(t)
		if len(ap) != 1 || form == nil {
			t.Fatalf("%v has the appearance %v", d["T"], ap)
		}
		if inner := must(v.Dict(must(v.Dict(form.Dict["Resources"]))(t)["XObject"]))(t); inner["n0"] != nil || inner["n2"] != nil || inner["FRM"] != nil {
			t.Errorf("%v draws layers: %v", d["T"], inner)
		}
	}
}

// The claim and the output intent are of the document, not of its signatures; PDF/A-1 knows neither cross-reference nor object streams.
func TestMetadataAndOutputIntentStayAsTheyWere(t *testing.T) {
	s := newSigner(t, "Archive", p256())
	a, source := newTSA(t)
	f := pages(1)
	xmp := `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" pdfaid:part="1" pdfaid:conformance="B"/></rdf:RDF></x:xmpmeta>`
	metadata := f.add(fmt.Sprintf("<< /Type /Metadata /Subtype /XML /Length %d >>\nstream\n%s\nendstream", len(xmp), xmp))
	intent := f.add("<< /Type /OutputIntent /S /GTS_PDFA1 /OutputConditionIdentifier (x) >>")
	f.objects[0] = "<< /Type /Catalog /Pages 2 0 R /Metadata " + metadata + " /OutputIntents [" + intent + "] >>"
	f.version = "1.4"
	base := f.bytes()
	signed, _ := sign(t, base, s, withTSA(s.options(), pades.BLTA, a, source))
	tail := signed[len(base):]
	for _, forbidden := range []string{"/XRef", "/ObjStm", "/Metadata\n", "pdfaid"} {
		if bytes.Contains(tail, []byte(forbidden)) {
			t.Errorf("the new revisions hold %q", forbidden)
		}
	}
	v := open(t, signed).Latest()
	root := must(v.Catalog())(t)
	if root["Metadata"] != (pdf.Ref{Number: 6}) || fmt.Sprint(root["OutputIntents"]) != fmt.Sprint(pdf.Array{pdf.Ref{Number: 7}}) {
		t.Errorf("%v %v", root["Metadata"], root["OutputIntents"])
	}
	for _, n := range []string{"\n6 0 obj", "\n7 0 obj"} {
		if bytes.Contains(tail, []byte(n)) {
			t.Errorf("%s is written again", n[1:])
		}
	}
}
