package pades_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pades/appearance"
	"github.com/antinvn/antin/pdf"
)

func TestCertificationIsRecordedAndHeld(t *testing.T) {
	s := newSigner(t, "Certifier", p256())
	for p := pades.DocMDP(1); p <= 3; p++ {
		t.Run(fmt.Sprint("P=", p), func(t *testing.T) {
			o := s.options()
			o.Certify = p
			signed, _ := sign(t, pages(1).bytes(), s, o)
			sig := intact(t, signed, 1)[0]
			v := open(t, signed).Latest()
			if perms := must(v.Get("Perms"))(t).(pdf.Dict); perms["DocMDP"] != sig.Ref || sig.DocMDP != p {
				t.Errorf("/Perms %v, level %d", perms, sig.DocMDP)
			}
			_, err := pades.Sign(t.Context(), new(bytes.Buffer), open(t, signed), s.key, s.options())
			if p == 1 {
				wantCode(t, err, pades.ErrDocMDP)
			} else if err != nil {
				t.Error(err)
			}
			o = s.options()
			o.Certify = 2
			_, err = pades.Sign(t.Context(), new(bytes.Buffer), open(t, signed), s.key, o)
			wantCode(t, err, pades.ErrDocMDP)
		})
	}
}

func TestLockOfAFieldBecomesFieldMDP(t *testing.T) {
	s := newSigner(t, "Locker", p256())
	f := pages(1)
	text := f.add("<< /FT /Tx /T (price) /Type /Annot /Subtype /Widget /F 4 /Rect [72 600 200 620] /P 5 0 R >>")
	lock := f.add("<< /Type /SigFieldLock /Action /Include /Fields [(price)] /P 2 >>")
	first := f.add("<< /FT /Sig /T (first) /Type /Annot /Subtype /Widget /F 132 /Rect [0 0 0 0] /P 5 0 R /Lock " + lock + " >>")
	f.objects[0] = "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [" + text + " " + first + "] >> >>"
	f.objects[firstPage-1] = strings.Replace(f.objects[firstPage-1], "/Contents", "/Annots ["+text+" "+first+"] /Contents", 1)
	o := s.options()
	o.Field.Name = "first"
	signed, _ := sign(t, f.bytes(), s, o)
	sig := intact(t, signed, 1)[0]
	if sig.FieldMDP == nil || sig.FieldMDP.Action != "Include" || sig.FieldMDP.P != 2 || fmt.Sprint(sig.FieldMDP.Fields) != "[price]" {
		t.Fatalf("%+v", sig.FieldMDP)
	}
	reference := must(open(t, signed).Latest().Dict(sig.Dict["Reference"].(pdf.Array)[0]))(t)
	if reference["Data"] != open(t, signed).Latest().CatalogRef() {
		t.Errorf("/Data is %v, not the catalog", reference["Data"])
	}
	t.Run("the locked field is not filled afterwards", func(t *testing.T) {
		o := s.options()
		o.Fill = map[string]string{"price": "1"}
		_, err := pades.Sign(t.Context(), new(bytes.Buffer), open(t, signed), s.key, o)
		wantCode(t, err, pades.ErrFieldLocked)
	})
	t.Run("a lock of one's own beside it is a contradiction", func(t *testing.T) {
		o := s.options()
		o.Field.Name, o.Lock = "first", &pades.Lock{Action: "All"}
		_, err := pades.Sign(t.Context(), new(bytes.Buffer), open(t, f.bytes()), s.key, o)
		wantCode(t, err, pades.ErrOptions)
	})
}

// ISO 32000-2, table 236 puts /P into the field's lock; other producers' signatures do not repeat it.
func TestTheLocksPermissionIsReadWhereItStands(t *testing.T) {
	s := newSigner(t, "Foreign lock", p256())
	var reserved bytes.Buffer
	at := &pades.Place{Page: 1, Rect: pdf.Rect{X0: 100, Y0: 100, X1: 200, Y1: 200}}
	must(pades.Reserve(t.Context(), &reserved, open(t, pages(1).bytes()), pades.Reservation{Name: "seal", Place: at}))(t)
	o := s.options()
	o.Field.Name = "seal"
	signed, _ := sign(t, reserved.Bytes(), s, o)
	tail := signed[reserved.Len():]
	if bytes.Count(tail, []byte("/P 1")) != 1 {
		t.Fatal("the signature does not repeat /P")
	}
	foreign := append(bytes.Clone(reserved.Bytes()), bytes.Replace(tail, []byte("/P 1"), []byte("/Q 1"), 1)...)
	if sig := signatures(t, foreign)[0]; sig.FieldMDP == nil || sig.FieldMDP.P != 1 {
		t.Errorf("%+v", sig.FieldMDP)
	}
	_, err := pades.Sign(t.Context(), new(bytes.Buffer), open(t, foreign), s.key, s.options())
	wantCode(t, err, pades.ErrDocMDP)
}

func TestSeedValuesAreObeyed(t *testing.T) {
	s := newSigner(t, "Seed", p256())
	for name, c := range map[string]struct {
		seed string
		o    func(*pades.Options)
		code codes.Code // "" for success
	}{
		"another handler wished":       {"/Filter /Other", nil, ""},
		"another handler demanded":     {"/Ff 1 /Filter /Other", nil, pades.ErrSeedValue},
		"our format among others":      {"/Ff 2 /SubFilter [/adbe.pkcs7.detached /ETSI.CAdES.detached]", nil, ""},
		"only an old format":           {"/Ff 2 /SubFilter [/adbe.pkcs7.detached]", nil, pades.ErrSeedValue},
		"a digest taken":               {"/Ff 64 /DigestMethod [(SHA512)]", nil, ""},
		"an old digest demanded":       {"/Ff 64 /DigestMethod [(SHA1)]", nil, pades.ErrSeedValue},
		"a reason of the list":         {"/Ff 8 /Reasons [(Approved) (Read)]", func(o *pades.Options) { o.Reason = "Read" }, ""},
		"a reason outside the list":    {"/Ff 8 /Reasons [(Approved)]", func(o *pades.Options) { o.Reason = "Other" }, pades.ErrSeedValue},
		"a reason forbidden":           {"/Ff 8 /Reasons [(.)]", func(o *pades.Options) { o.Reason = "Any" }, pades.ErrSeedValue},
		"certification demanded":       {"/MDP << /P 2 >>", nil, pades.ErrSeedValue},
		"certification given":          {"/MDP << /P 2 >>", func(o *pades.Options) { o.Certify = 2 }, ""},
		"approval demanded":            {"/MDP << /P 0 >>", func(o *pades.Options) { o.Certify = 2 }, pades.ErrSeedValue},
		"a time-stamp demanded":        {"/TimeStamp << /URL (http://tsa.example/) /Ff 1 >>", nil, pades.ErrSeedValue},
		"a time-stamp wished":          {"/TimeStamp << /URL (http://tsa.example/) /Ff 0 >>", nil, ""},
		"certificates demanded":        {"/Cert << /Ff 2 /Issuer [(x)] >>", nil, pades.ErrSeedValue},
		"certificates wished":          {"/Cert << /Ff 0 /Issuer [(x)] >>", nil, ""},
		"something unknown demanded":   {"/Ff 4096", nil, pades.ErrSeedValue},
		"a legal attestation demanded": {"/Ff 16 /LegalAttestation [(x)]", nil, pades.ErrSeedValue},
	} {
		t.Run(name, func(t *testing.T) {
			f := pages(1)
			field := f.add("<< /FT /Sig /T (f) /Type /Annot /Subtype /Widget /F 132 /Rect [0 0 0 0] /P 5 0 R /SV << /Type /SV " + c.seed + " >> >>")
			f.objects[0] = "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [" + field + "] >> >>"
			o := s.options()
			o.Field.Name = "f"
			if c.o != nil {
				c.o(o)
			}
			var out bytes.Buffer
			_, err := pades.Sign(t.Context(), &out, open(t, f.bytes()), s.key, o)
			if c.code != "" {
				wantCode(t, err, c.code)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			sig := intact(t, out.Bytes(), 1)[0]
			if strings.Contains(c.seed, "SHA512") && sig.CMS.Signers()[0].Hash().Size() != 64 {
				t.Error("the digest is not the one demanded")
			}
		})
	}
}

func TestPermissionBitsAreRespected(t *testing.T) {
	s := newSigner(t, "Permissions", p256())
	clear := store(t, pages(1).bytes())
	locked := t.TempDir() + "/locked.pdf"
	peer(t, "qpdf", "--encrypt", "", "owner", "256", "--modify=none", "--", clear, locked)
	raw := must(os.ReadFile(locked))(t)

	_, err := pades.Sign(t.Context(), new(bytes.Buffer), open(t, raw), s.key, s.options())
	wantCode(t, err, pades.ErrPermission)

	t.Run("the owner's password opens", func(t *testing.T) {
		d := must(pdf.Open(t.Context(), bytes.NewReader(raw), int64(len(raw)), &pdf.Options{Password: []byte("owner")}))(t)
		var out bytes.Buffer
		must(pades.Sign(t.Context(), &out, d, s.key, s.options()))(t)
		intact(t, out.Bytes(), 1)
		if said := peer(t, "qpdf", "--check", store(t, out.Bytes())); !strings.Contains(said, "No syntax or stream encoding errors found") {
			t.Errorf("qpdf: %s", said)
		}
		t.Run("the value stays in clear", func(t *testing.T) {
			if !bytes.Contains(out.Bytes(), []byte("/Contents <30")) {
				t.Error("/Contents does not begin with a SEQUENCE")
			}
		})
	})
}

func TestDamagedAndSignedIsRefused(t *testing.T) {
	s := newSigner(t, "Damaged", p256())
	signed, _ := sign(t, pages(1).bytes(), s, s.options())
	a, source := newTSA(t)
	for name, damaged := range map[string][]byte{
		"no startxref":            bytes.ReplaceAll(signed, []byte("\nstartxref\n"), []byte("\nstartxxxx\n")),
		"the last offset is away": signed[:bytes.LastIndex(signed, []byte("startxref"))],
		"a table of other words":  bytes.ReplaceAll(signed, []byte("\nxref\n"), []byte("\nxxxx\n")),
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t, damaged)
			if !d.Rebuilt() {
				t.Fatal("the reader did not have to rebuild")
			}
			_, err := pades.Sign(t.Context(), new(bytes.Buffer), d, s.key, s.options())
			wantCode(t, err, pades.ErrDamagedSigned)
			at := &pades.Place{Page: 1, Rect: pdf.Rect{X1: 9, Y1: 9}}
			_, err = pades.Reserve(t.Context(), new(bytes.Buffer), d, pades.Reservation{Name: "seal", Place: at})
			wantCode(t, err, pades.ErrDamagedSigned)
			o := extension(withTSA(s.options(), pades.BLTA, a, source))
			_, err = pades.Extend(t.Context(), new(bytes.Buffer), d, pades.BLTA, o)
			wantCode(t, err, pades.ErrDamagedSigned)
			_, err = pades.Timestamp(t.Context(), new(bytes.Buffer), d, "", o)
			wantCode(t, err, pades.ErrDamagedSigned)
		})
	}
}

// A permission of the file's table 22 (ISO 32000-2) is one of filling in, of making fields, or none; the owner has all.
func TestEachPermissionAllowsWhatItNames(t *testing.T) {
	s := newSigner(t, "Permissions", p256())
	at := &pades.Place{Page: 1, Rect: pdf.Rect{X0: 100, Y0: 100, X1: 200, Y1: 200}}
	var reserved bytes.Buffer
	must(pades.Reserve(t.Context(), &reserved, open(t, pages(1).bytes()), pades.Reservation{Name: "number", Place: at}, pades.Reservation{Name: "seal", Place: at}))(t)
	clear := store(t, reserved.Bytes())
	acts := []struct {
		name string
		do   func(d *pdf.Document) error
	}{
		{"a new field", func(d *pdf.Document) error {
			_, err := pades.Sign(t.Context(), new(bytes.Buffer), d, s.key, s.options())
			return err
		}},
		{"the field that is there", func(d *pdf.Document) error {
			o := s.options()
			o.Field.Name = "seal"
			_, err := pades.Sign(t.Context(), new(bytes.Buffer), d, s.key, o)
			return err
		}},
		{"filling in", func(d *pdf.Document) error {
			o := s.options()
			o.Field.Name, o.Fill = "seal", map[string]string{"number": "05"}
			_, err := pades.Sign(t.Context(), new(bytes.Buffer), d, s.key, o)
			return err
		}},
		{"reserving", func(d *pdf.Document) error {
			_, err := pades.Reserve(t.Context(), new(bytes.Buffer), d, pades.Reservation{Name: "day", Place: at})
			return err
		}},
		{"a stamp", func(d *pdf.Document) error {
			o := s.options()
			o.Field.Name, o.AlsoOn = "seal", []pades.Place{*at}
			o.Appearance = &appearance.Spec{Kind: appearance.Text, Lines: []string{"x"}}
			_, err := pades.Sign(t.Context(), new(bytes.Buffer), d, s.key, o)
			return err
		}},
	}
	for modify, allowed := range map[string]string{
		"none": "", "assembly": "", "form": "the field that is there, filling in", "annotate": "the field that is there, filling in, a stamp",
		"all": "a new field, the field that is there, filling in, reserving, a stamp",
	} {
		for _, bits := range []string{"128", "256"} {
			t.Run(modify+" "+bits, func(t *testing.T) {
				locked := t.TempDir() + "/locked.pdf"
				args := []string{"--allow-weak-crypto", "--encrypt", "", "owner", bits, "--modify=" + modify, "--", clear, locked}
				peer(t, "qpdf", args...)
				raw := read(t, locked)
				for _, password := range []string{"", "owner"} {
					d := must(pdf.Open(t.Context(), bytes.NewReader(raw), int64(len(raw)), &pdf.Options{Password: []byte(password)}))(t)
					for _, act := range acts {
						err := act.do(d)
						if password == "owner" || strings.Contains(allowed+",", act.name+",") {
							if err != nil {
								t.Errorf("%q: %s: %v", password, act.name, err)
							}
						} else {
							wantCode(t, err, pades.ErrPermission)
						}
					}
				}
			})
		}
	}
}
