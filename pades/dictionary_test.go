package pades_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
)

func TestSignatureDictionaryIsThatOfPAdES(t *testing.T) {
	s := newSigner(t, "Dictionary", p256())
	o := s.options()
	o.Reason, o.Location, o.Name, o.ContactInfo = "Phê duyệt", "Hà Nội", "Nguyễn Văn An", "an@example.vn"
	signed, report := sign(t, pages(1).bytes(), s, o)
	sig := intact(t, signed, 1)[0]

	for key, want := range map[pdf.Name]pdf.Object{
		"Type": pdf.Name("Sig"), "Filter": pdf.Name("Adobe.PPKLite"), "SubFilter": pdf.Name("ETSI.CAdES.detached"),
		"M": pdf.String("D:20261124093000+07'00'"), "Cert": nil, "Reference": nil, "Prop_AuthTime": nil,
	} {
		if got := sig.Dict[key]; got != want {
			t.Errorf("/%s is %v, want %v", key, got, want)
		}
	}
	if sig.Reason != o.Reason || sig.Location != o.Location || sig.Name != o.Name {
		t.Errorf("%q, %q, %q", sig.Reason, sig.Location, sig.Name)
	}
	t.Run("contents is direct hexadecimal, in the open", func(t *testing.T) {
		m := regexp.MustCompile(`/Contents ?<[0-9A-Fa-f]*>`).Find(signed)
		if len(m) < 32768 {
			t.Errorf("no hexadecimal /Contents of 16 kB or more, but %d digits", len(m))
		}
	})
	t.Run("the byte range leaves room for ten digits each", func(t *testing.T) {
		m := regexp.MustCompile(`/ByteRange ?\[[0-9 ]{43,}\]`).Find(signed)
		if m == nil {
			t.Errorf("no such /ByteRange in the file")
		}
	})
	t.Run("the byte range is all but the value with its brackets", func(t *testing.T) {
		r := report.ByteRange
		if r[0] != 0 || signed[r[1]] != '<' || signed[r[2]-1] != '>' || r[2]+r[3] != int64(len(signed)) {
			t.Errorf("%v of %d", r, len(signed))
		}
	})
	t.Run("the CMS has one signer, no content and no signing-time", func(t *testing.T) {
		signers := sig.CMS.Signers()
		if len(signers) != 1 || sig.CMS.Content() != nil || sig.CMS.ContentType().String() != "1.2.840.113549.1.7.1" {
			t.Errorf("%d signers, content type %v", len(signers), sig.CMS.ContentType())
		}
		for _, a := range signers[0].SignedAttributes() {
			if a.Type.String() == "1.2.840.113549.1.9.5" {
				t.Error("signing-time is there")
			}
		}
		if len(signers[0].SignedAttribute([]int{1, 2, 840, 113549, 1, 9, 16, 2, 47})) != 1 {
			t.Error("signing-certificate-v2 is not there")
		}
		if n := len(sig.CMS.Certificates()); n != 2 {
			t.Errorf("%d certificates, want the whole chain", n)
		}
	})
}

func TestSigningTimeIsUTCWithZ(t *testing.T) {
	s := newSigner(t, "UTC", p256())
	o := s.options()
	o.Time = now.UTC()
	signed, _ := sign(t, pages(1).bytes(), s, o)
	if sig := signatures(t, signed)[0]; sig.Dict["M"] != pdf.String("D:20261124023000Z") || !sig.ClaimedTime.Equal(now) {
		t.Errorf("%v, %v", sig.Dict["M"], sig.ClaimedTime)
	}
}

func TestFormKeepsWhatItHad(t *testing.T) {
	s := newSigner(t, "Form", p256())
	f := pages(1)
	text := f.add("<< /FT /Tx /T (name) /Type /Annot /Subtype /Widget /Rect [72 600 200 620] /P 5 0 R >>")
	acro := f.add("<< /Fields [" + text + "] /NeedAppearances true /DA (/Helv 0 Tf 0 g) /DR << /Font << /Helv 3 0 R >> >> /CO [" + text + "] /XFA (xfa) >>")
	annots := f.add("[" + text + "]")
	f.objects[0] = "<< /Type /Catalog /Pages 2 0 R /AcroForm " + acro + " >>"
	f.objects[firstPage-1] = strings.Replace(f.objects[firstPage-1], "/Contents", "/Annots "+annots+" /Contents", 1)
	signed, _ := sign(t, f.bytes(), s, s.options())
	intact(t, signed, 1)
	clean(t, signed)

	v := open(t, signed).Latest()
	form := must(v.Get("AcroForm"))(t).(pdf.Dict)
	for _, key := range []pdf.Name{"DA", "DR", "CO", "XFA"} {
		if form[key] == nil {
			t.Errorf("/%s is gone", key)
		}
	}
	if _, ok := form["NeedAppearances"]; ok || form["SigFlags"] != int64(3) {
		t.Errorf("form %v", form)
	}
	if fields := must(v.Array(form["Fields"]))(t); len(fields) != 2 {
		t.Errorf("fields %v", fields)
	}
	page := must(v.Page(1))(t)
	if _, indirect := page.Dict["Annots"].(pdf.Ref); !indirect {
		t.Error("the page's /Annots is no longer a reference")
	}
	if list := must(v.Array(page.Dict["Annots"]))(t); len(list) != 2 {
		t.Errorf("/Annots %v", list)
	}
	widget := must(v.Get("AcroForm", "Fields", 1))(t).(pdf.Dict)
	if widget["F"] != int64(132) || widget["P"] != page.Ref || widget["FT"] != pdf.Name("Sig") {
		t.Errorf("widget %v", widget)
	}
	for _, n := range widget["Rect"].(pdf.Array) {
		if n != int64(0) {
			t.Errorf("an invisible signature has the box %v", widget["Rect"])
		}
	}
}

func TestFieldsAreFoundAndMadeByFullName(t *testing.T) {
	s := newSigner(t, "Names", p256())
	f := pages(1)
	leaf := f.add("<< /FT /Sig /T (leader) /Parent 8 0 R /Type /Annot /Subtype /Widget /F 132 /Rect [72 100 200 150] /P 5 0 R >>")
	f.add("") // 7
	parent := f.add("<< /T (office) /Kids [" + leaf + "] >>")
	f.objects[6] = "null"
	f.objects[0] = "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [" + parent + "] >> >>"
	f.objects[firstPage-1] = strings.Replace(f.objects[firstPage-1], "/Contents", "/Annots ["+leaf+"] /Contents", 1)
	base := f.bytes()

	t.Run("an existing one is signed where it is", func(t *testing.T) {
		o := s.options()
		o.Field.Name = "office.leader"
		signed, _ := sign(t, base, s, o)
		sig := intact(t, signed, 1)[0]
		if sig.Field != "office.leader" || sig.Page != 1 || sig.Rect != (pdf.Rect{X0: 72, Y0: 100, X1: 200, Y1: 150}) {
			t.Errorf("%s on page %d at %v", sig.Field, sig.Page, sig.Rect)
		}
		t.Run("once", func(t *testing.T) {
			_, err := pades.Sign(t.Context(), new(bytes.Buffer), open(t, signed), s.key, o)
			wantCode(t, err, pades.ErrFieldSigned)
		})
	})
	t.Run("a new one is hung below its parents", func(t *testing.T) {
		o := s.options()
		o.Field = pades.FieldSpec{Parent: "office", Name: "clerk.seal"}
		signed, _ := sign(t, base, s, o)
		if sig := intact(t, signed, 1)[0]; sig.Field != "office.clerk.seal" {
			t.Error(sig.Field)
		}
		clean(t, signed)
		for _, name := range must(open(t, signed).Latest().Get("AcroForm", "Fields"))(t).(pdf.Array) {
			if d := must(open(t, signed).Latest().Dict(name))(t); strings.Contains(pdf.TextString(d["T"].(pdf.String)), ".") {
				t.Errorf("a partial name with a full stop: %v", d["T"])
			}
		}
	})
	t.Run("a text field is none", func(t *testing.T) {
		o := s.options()
		o.Field.Name = "office"
		_, err := pades.Sign(t.Context(), new(bytes.Buffer), open(t, base), s.key, o)
		wantCode(t, err, pades.ErrField)
	})
}

func TestExtensionsAreDeclaredWhereTheyMeanSomething(t *testing.T) {
	for _, c := range []struct {
		version string
		key     string
		esic    any
		iso     bool
		becomes string
	}{
		{"1.4", "ecdsa", nil, false, "1.4"},
		{"1.7", "ecdsa", int64(2), false, "1.7"},
		{"2.0", "ecdsa", nil, true, "2.0"},
		{"2.0", "rsa", nil, false, "2.0"},
		{"1.7", "ed25519", nil, true, "2.0"},
	} {
		t.Run(c.version+" "+c.key, func(t *testing.T) {
			s := newSigner(t, "Extensions", p256())
			switch c.key {
			case "rsa":
				s = newSigner(t, "Extensions", rsa2048())
			case "ed25519":
				s = newSigner(t, "Extensions", ed25519Key(t))
			}
			f := pages(1)
			f.version = c.version
			signed, _ := sign(t, f.bytes(), s, s.options())
			d := open(t, signed)
			if got, _ := d.Latest().Get("Extensions", "ESIC", "ExtensionLevel"); got != c.esic {
				t.Errorf("ESIC level %v", got)
			}
			if got, _ := d.Latest().Get("Extensions", "ISO_", 0, "ExtensionLevel"); (got == int64(32002)) != c.iso {
				t.Errorf("ISO_ level %v", got)
			}
			if d.Version() != c.becomes {
				t.Errorf("version %s", d.Version())
			}
		})
	}
}

func TestCertificateMustBeValidAtTheTime(t *testing.T) {
	s := newSigner(t, "Expired", p256())
	for name, at := range map[string]time.Time{"expired": now.AddDate(10, 0, 0), "not yet valid": now.AddDate(-10, 0, 0)} {
		t.Run(name, func(t *testing.T) {
			o := s.options()
			o.Time = at
			_, err := pades.Sign(t.Context(), new(bytes.Buffer), open(t, pages(1).bytes()), s.key, o)
			wantCode(t, err, pades.ErrCertificate)
		})
	}
}

func TestWhatIsNotProducedIsRefused(t *testing.T) {
	s := newSigner(t, "Refused", p256())
	protected := pages(1)
	protected.trailer = "/AuthCode << /MACLocation /Standalone >>"
	_, err := pades.Sign(t.Context(), &bytes.Buffer{}, open(t, protected.bytes()), s.key, s.options())
	wantCode(t, err, pades.ErrUnsupported) // ISO/TS 32004: the MAC would have to be renewed with the signature
}
