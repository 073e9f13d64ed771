package main

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/verify"
)

// fieldCase is one oddity of real signed documents, and the answer to it.
type fieldCase struct {
	name string
	make func(m *fieldMaker) []byte
	args func(m *fieldMaker) []string // instead of the root, online

	of            int // which signature
	exit          int
	integrity     string
	indication    verify.Indication
	sub           verify.SubIndication
	modifications verify.Class
	said          []string // codes among its errors and warnings
	unsaid        []string // codes that are not
	words         string   // Vietnamese, somewhere in the answer
}

func signedBy(f foreign) func(m *fieldMaker) []byte {
	return func(m *fieldMaker) []byte { return m.signed(fieldPage(), &f) }
}

// at is a foreign signature with times on the maker's clock.
func at(change func(m *fieldMaker, f *foreign)) func(m *fieldMaker) []byte {
	return func(m *fieldMaker) []byte {
		f := &foreign{}
		change(m, f)
		return m.signed(fieldPage(), f)
	}
}

func offline(m *fieldMaker) []string {
	return []string{"--trust", m.certificates("root.pem", m.pki.Root), "--offline"}
}

// The answers, from most to least.
const (
	intact       = "intact"
	unverifiable = "unverifiable"
)

// fieldCases are the oddities of 790 signatures of the years 2015 to 2026.
var fieldCases = []fieldCase{
	// What the CMS holds.
	{
		name: "adbe.pkcs7.detached, the leaf alone, nothing that binds it", make: signedBy(foreign{subFilter: "adbe.pkcs7.detached"}),
		integrity: intact, indication: verify.TotalPassed, said: []string{"ess_missing", "algorithm_protection_absent", "no_trusted_time"},
	},
	{
		name: "ETSI.CAdES.detached, the certificate bound by SHA-1", make: signedBy(foreign{ess: crypto.SHA1}),
		integrity: intact, indication: verify.TotalPassed, said: []string{"ess_sha1"}, unsaid: []string{"ess_missing"}, words: "Chữ ký gắn với chứng thư bằng SHA-1",
	},
	{
		name: "no signed attributes", make: signedBy(foreign{bare: true}),
		integrity: intact, indication: verify.TotalPassed, said: []string{"no_signed_attributes"}, words: "Chữ ký không có thuộc tính được ký",
	},
	{
		name: "DigestInfo without NULL", make: signedBy(foreign{withoutNull: true}),
		integrity: intact, indication: verify.TotalPassed, said: []string{"digestinfo_without_null"}, words: "Chữ ký mã hóa theo dạng cũ, vẫn được chấp nhận",
	},
	{
		name: "rsaEncryption with PSS parameters", make: signedBy(foreign{algorithm: el(cbasn1.SEQUENCE, oidOf(1, 2, 840, 113549, 1, 1, 1), el(cbasn1.SEQUENCE))}),
		integrity: intact, indication: verify.TotalPassed, said: []string{"stray_pss_parameters"}, words: "Tham số thuật toán ghi thừa, vẫn được chấp nhận",
	},
	{
		name:      "indefinite lengths, letters for a contentReference, a padded lower-case value",
		make:      signedBy(foreign{indefinite: true, letters: true, lowerCase: true, subFilter: "adbe.pkcs7.detached"}),
		integrity: intact, indication: verify.TotalPassed, unsaid: []string{"data_after_cms"},
	},
	{
		name:      "part of the chain, and the signer is not first",
		make:      at(func(m *fieldMaker, f *foreign) { f.certificates = []*certpath.Certificate{m.pki.CA, m.cert} }),
		integrity: intact, indication: verify.TotalPassed,
	},
	{
		name: "adbe.pkcs7.sha1, whose content is a SHA-1", make: signedBy(foreign{enclosed: true, subFilter: "adbe.pkcs7.sha1    "}),
		exit: exitUndetermined, integrity: intact, indication: verify.Indeterminate, sub: verify.CryptoConstraintsNoPOE, said: []string{"sha1"},
	},
	{
		name: "adbe.x509.rsa_sha1, of the years before CMS", make: signedBy(foreign{pkcs1: true}),
		exit: exitUndetermined, integrity: intact, indication: verify.Indeterminate, sub: verify.CryptoConstraintsNoPOE, said: []string{"sha1", "no_signed_attributes"},
		unsaid: []string{"no_signing_certificate", "no_path"},
	},

	// The chain of a leaf that comes alone, and evidence.
	{
		name: "the leaf alone, its authority by --trust, and no evidence to be had", make: signedBy(foreign{}),
		args: func(m *fieldMaker) []string {
			return []string{"--trust", m.certificates("two.pem", m.pki.Root, m.pki.CA), "--offline"}
		},
		exit: exitUndetermined, integrity: intact, indication: verify.Indeterminate, sub: verify.TryLater, said: []string{"no_revocation_evidence"}, unsaid: []string{"no_path"},
		words: "--offline",
	},
	{
		name: "the leaf alone, its authority nowhere", make: signedBy(foreign{}), args: offline,
		exit: exitUndetermined, integrity: intact, indication: verify.Indeterminate, sub: verify.NoCertificateChain, said: []string{"no_path"}, words: "Còn thiếu chứng thư của",
	},
	{
		name: "a host that has moved", make: at(func(m *fieldMaker, f *foreign) {
			s := fieldSubject()
			s.NoAddresses, s.Extensions = true, append(s.Extensions, governmentAddresses())
			f.by, f.key = m.issue(s)
		}),
		args: func(m *fieldMaker) []string {
			return []string{
				"--trust", m.certificates("root.pem", m.pki.Root), "--rewrite", "ca.gov.vn=" + m.pki.Host(), "--rewrite", "ocsp.ca.gov.vn=" + m.pki.Host(), "--allow-host", m.pki.Host(),
			}
		},
		integrity: intact, indication: verify.TotalPassed,
	},

	// SHA-1.
	{
		name: "SHA-1 after its date, by a service that says its name", make: signedBy(foreign{hash: crypto.SHA1, software: "VGCASignService", ess: crypto.SHA1}),
		exit: exitUndetermined, integrity: intact, indication: verify.Indeterminate, sub: verify.CryptoConstraintsNoPOE, said: []string{"sha1"}, words: "“VGCASignService”",
	},
	{
		name: "SHA-1 after its date, known by its time-stamp", make: at(func(m *fieldMaker, f *foreign) { f.hash, f.stamped = crypto.SHA1, m.now.Add(2*time.Second) }),
		exit: exitUndetermined, integrity: intact, indication: verify.Indeterminate, sub: verify.CryptoConstraintsNoPOE, said: []string{"sha1"}, words: "“TSA Mẫu”",
	},
	{
		name: "a time-stamp over SHA-1", make: at(func(m *fieldMaker, f *foreign) { f.imprint, f.stamped = crypto.SHA1, m.now.Add(2*time.Second) }),
		integrity: intact, indication: verify.TotalPassed, said: []string{"timestamp_untrusted"}, words: "dấu thời gian dùng thuật toán không còn được coi là an toàn",
	},

	// Times.
	{
		name: "local time marked UTC, beside a time-stamp",
		make: at(func(m *fieldMaker, f *foreign) {
			f.claimed, f.stamped = m.now.Add(7*time.Hour), m.now.Add(4*time.Second)
		}),
		integrity: intact, indication: verify.TotalPassed, said: []string{"claimed_time_local_as_utc"}, unsaid: []string{"claimed_time_differs", "timestamp_untrusted"},
		words: "Giờ ký khai báo là giờ Việt Nam nhưng ghi như giờ UTC",
	},
	{
		name: "local time marked UTC, by itself", make: at(func(m *fieldMaker, f *foreign) {
			f.claimed, f.signingTime = m.now.Add(7*time.Hour), m.now.Add(7*time.Hour)
		}),
		integrity: intact, indication: verify.TotalPassed, said: []string{"claimed_time_future"}, words: "Giờ ký khai báo ở tương lai",
	},
	{
		name:      "a time-stamp before the claimed time",
		make:      at(func(m *fieldMaker, f *foreign) { f.claimed, f.stamped = m.now, m.now.Add(-90*time.Second) }),
		integrity: intact, indication: verify.TotalPassed, said: []string{"claimed_time_differs"}, words: "Giờ máy người ký lệch so với dấu thời gian",
	},
	{
		name:      "a time-stamp seconds before the claimed time",
		make:      at(func(m *fieldMaker, f *foreign) { f.claimed, f.stamped = m.now, m.now.Add(-20*time.Second) }),
		integrity: intact, indication: verify.TotalPassed, unsaid: []string{"claimed_time_differs", "claimed_time_local_as_utc"},
	},
	{
		name: "a time-stamp days after the claimed time",
		make: at(func(m *fieldMaker, f *foreign) {
			f.claimed, f.stamped = m.now.Add(-62*time.Hour), m.now.Add(-time.Minute)
		}),
		integrity: intact, indication: verify.TotalPassed, said: []string{"claimed_time_differs"},
	},
	{
		name: "expired by now, without a time-stamp",
		make: at(func(m *fieldMaker, f *foreign) { f.by, f.key = m.expired() }),
		exit: exitUndetermined, integrity: intact, indication: verify.Indeterminate, sub: verify.OutOfBoundsNoPOE, said: []string{"certificate_expired"}, words: "Chứng thư đã hết hạn",
	},
	{
		name: "signed after its expiry, as the time-stamp proves",
		make: at(func(m *fieldMaker, f *foreign) { f.by, f.key = m.expired(); f.stamped = m.now.Add(-time.Minute) }),
		exit: exitUndetermined, integrity: intact, indication: verify.Indeterminate, sub: verify.OutOfBoundsNoPOE, said: []string{"certificate_expired"},
	},

	// Files.
	{
		name: "a gazette copy: written anew, no form, the dictionary lies about",
		make: func(m *fieldMaker) []byte { return fieldPage(m.dictionary(m.signed(fieldPage(), &foreign{}))) },
		exit: exitUndetermined, integrity: unverifiable, indication: verify.Indeterminate, sub: verify.SignedDataNotFound, said: []string{"rewritten_after_signing"},
		words: "Tệp đã bị ghi lại sau khi ký",
	},
	{
		name: "written anew, and signed again by who did that",
		make: func(m *fieldMaker) []byte {
			return m.signed(fieldPage(m.dictionary(m.signed(fieldPage(), &foreign{}))), &foreign{})
		},
		integrity: intact, indication: verify.TotalPassed, said: []string{"dead_signatures"}, words: "Tệp còn dấu vết của chữ ký khác đã mất hiệu lực",
	},
	{
		name: "written anew by an arrival stamp, the field kept",
		make: func(m *fieldMaker) []byte {
			b := fieldPage(m.dictionary(m.signed(fieldPage(), &foreign{})), "<</Type/Annot/Subtype/Widget/FT/Sig/T(seal)/V 8 0 R/Rect[0 0 0 0]/P 3 0 R>>")
			return []byte(strings.Replace(string(b), "/Metadata 6 0 R>>", "/AcroForm<</Fields[9 0 R]>>>>", 1))
		},
		exit: exitFailed, integrity: unverifiable, indication: verify.TotalFailed, sub: verify.FormatFailure, said: []string{"byte_range_invalid"}, unsaid: []string{"no_signing_certificate", "not_verifiable"},
		words: "Văn phòng UBND tỉnh Mẫu",
	},
	{
		name: "21 bytes before %PDF, the byte range counted from there",
		make: func(m *fieldMaker) []byte {
			return append([]byte("twenty-one odd bytes\n"), m.signed(fieldPage(), &foreign{})...)
		},
		integrity: intact, indication: verify.TotalPassed, modifications: verify.ClassNone, said: []string{"byte_range_counted_from_header"}, words: "Vùng được ký đếm từ dòng %PDF",
	},

	// Honest later revisions.
	{
		name: "a reference freed with generation 65535", make: func(m *fieldMaker) []byte { return m.freed(m.signed(fieldPage(), &foreign{}), 7, 65535) },
		integrity: intact, indication: verify.TotalPassed, modifications: verify.ClassNone,
	},
	{
		name: "a reference freed with generation 65534", make: func(m *fieldMaker) []byte { return m.freed(m.signed(fieldPage(), &foreign{}), 7, 65534) },
		integrity: intact, indication: verify.TotalPassed, modifications: verify.ClassNone,
	},
	{
		name: "a reference freed that a page shows", make: func(m *fieldMaker) []byte { return m.freed(m.signed(fieldPage(), &foreign{}), 4, 65535) },
		exit: exitFailed, integrity: intact, indication: verify.TotalFailed, sub: verify.FormatFailure, modifications: verify.ClassForbidden, said: []string{"forbidden_change", "attack.shadow_hide"},
	},
	{
		name: "a number respelled as a 32-bit float", make: func(m *fieldMaker) []byte { return m.resized(595.35) },
		integrity: intact, indication: verify.TotalPassed, modifications: verify.ClassNone,
	},
	{
		name: "a number changed", make: func(m *fieldMaker) []byte { return m.resized(595.4) },
		exit: exitFailed, integrity: intact, indication: verify.TotalFailed, sub: verify.FormatFailure, modifications: verify.ClassForbidden, said: []string{"forbidden_change"},
	},
	{
		name: "metadata emptied", make: func(m *fieldMaker) []byte {
			return m.revised(m.signed(fieldPage(), &foreign{}), func(u *pdf.Update) error {
				return u.Set(pdf.Ref{Number: 6}, pdf.NewStream(pdf.Dict{"Type": pdf.Name("Metadata"), "Subtype": pdf.Name("XML")}, nil, false))
			})
		},
		integrity: intact, indication: verify.TotalPassed, modifications: verify.ClassLTA,
	},
	{
		name: "new visible signatures after certification P=2", make: certifiedThenSealed,
		integrity: intact, indication: verify.TotalPassed, modifications: verify.ClassForm, said: []string{"visible_after_certification"}, words: "Sau khi chứng nhận có thêm ô chữ ký nhìn thấy được",
	},
	{
		name: "the same by the strict policy", make: certifiedThenSealed,
		args: func(m *fieldMaker) []string {
			return []string{"--trust", m.certificates("root.pem", m.pki.Root), "--allow-host", m.pki.Host(), "--policy", "strict"}
		},
		exit: exitFailed, integrity: intact, indication: verify.TotalFailed, sub: verify.FormatFailure, modifications: verify.ClassForbidden, said: []string{"forbidden_change"},
	},
}

// governmentAddresses is authority information access as the government's certificates have it.
func governmentAddresses() pkix.Extension {
	one := func(method int, uri string) []byte {
		return el(cbasn1.SEQUENCE, oidOf(1, 3, 6, 1, 5, 5, 7, 48, method), el(cbasn1.Tag(6).ContextSpecific(), []byte(uri)))
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 1}, Value: el(cbasn1.SEQUENCE, one(1, "http://ocsp.ca.gov.vn/ocsp/ca"), one(2, "http://ca.gov.vn/ca.crt"))}
}

// resized is a signed file whose page a later revision gives another width.
func (m *fieldMaker) resized(width float64) []byte {
	return m.revised(m.signed(fieldPage(), &foreign{}), func(u *pdf.Update) error {
		o, err := u.Load(pdf.Ref{Number: 3})
		if err != nil {
			return err
		}
		d := maps.Clone(o.(pdf.Dict))
		d["MediaBox"] = pdf.Array{int64(0), int64(0), width, int64(842)}
		return u.Set(pdf.Ref{Number: 3}, d)
	})
}

// certifiedThenSealed is a certification with P=2, and a seal in a new place after it.
func certifiedThenSealed(m *fieldMaker) []byte {
	b := m.signed(fieldPage(), &foreign{certify: 2, ess: crypto.SHA256, stamped: m.now.Add(time.Second)})
	return m.signed(b, &foreign{place: &pades.Place{Page: 1, Rect: pdf.Rect{X0: 300, Y0: 300, X1: 390, Y1: 360}}})
}

// answered is what of the JSON is looked at.
type answered struct {
	Document struct {
		Indication    verify.Indication     `json:"indication"`
		SubIndication *verify.SubIndication `json:"sub_indication"`
		Sentence      string                `json:"sentence"`
	} `json:"document"`
	Signatures []struct {
		Field         *string                           `json:"field"`
		Format        string                            `json:"format"`
		Indication    verify.Indication                 `json:"indication"`
		SubIndication *verify.SubIndication             `json:"sub_indication"`
		Integrity     string                            `json:"integrity"`
		Modifications verify.Class                      `json:"modifications"`
		Signer        *struct{ Subject, Agency string } `json:"signer"`
		Changes       []struct{ Code, Object string }   `json:"changes"`
		Errors        []struct{ Code, Text string }     `json:"errors"`
		Warnings      []struct{ Code, Text string }     `json:"warnings"`
	} `json:"signatures"`
}

func answerOf(t *testing.T, args ...string) (exit int, out string, a answered) {
	t.Helper()
	exit, out, errs := call(t, append([]string{"verify", "--format", "json"}, args...)...)
	if err := json.Unmarshal([]byte(out), &a); err != nil {
		t.Fatalf("%v: %s %s", err, out, errs)
	}
	return exit, out, a
}

// TestFieldReality makes each oddity and holds the answer to it.
func TestFieldReality(t *testing.T) {
	m := newFieldMaker(t)
	online := func(m *fieldMaker) []string {
		return []string{"--trust", m.certificates("root.pem", m.pki.Root), "--allow-host", m.pki.Host()}
	}
	for _, tt := range fieldCases {
		t.Run(tt.name, func(t *testing.T) {
			m.t = t
			args := online
			if tt.args != nil {
				args = tt.args
			}
			exit, out, a := answerOf(t, append(args(m), m.file("field.pdf", tt.make(m)))...)
			if len(a.Signatures) <= tt.of {
				t.Fatalf("exit %d: %s", exit, out)
			}
			if want := map[verify.Indication]int{verify.TotalPassed: exitDone, verify.TotalFailed: exitFailed, verify.Indeterminate: exitUndetermined}[a.Document.Indication]; exit != want {
				t.Errorf("exit %d for %s", exit, a.Document.Indication)
			}
			s := a.Signatures[tt.of]
			sub := verify.SubIndication("")
			if s.SubIndication != nil {
				sub = *s.SubIndication
			}
			if exit != tt.exit || s.Integrity != tt.integrity || s.Indication != tt.indication || sub != tt.sub || tt.modifications != "" && s.Modifications != tt.modifications {
				t.Errorf("exit %d, %s, %s/%s, modifications %s", exit, s.Integrity, s.Indication, sub, s.Modifications)
			}
			var codes []string
			for _, e := range slices.Concat(s.Errors, s.Warnings) {
				codes = append(codes, e.Code)
			}
			for _, c := range tt.said {
				if !slices.Contains(codes, c) {
					t.Errorf("%v lacks %s", codes, c)
				}
			}
			for _, c := range tt.unsaid {
				if slices.Contains(codes, c) {
					t.Errorf("%v has %s", codes, c)
				}
			}
			if !strings.Contains(out, tt.words) || s.Signer == nil || tt.indication == verify.TotalPassed && s.Signer.Agency != "Ủy ban nhân dân tỉnh Mẫu" {
				t.Errorf("%q is not in %s", tt.words, out)
			}
			if tt.sub == verify.SignedDataNotFound && (s.Field != nil || len(s.Changes) > 0) {
				t.Errorf("a dead signature has a field or changes: %+v", s)
			}
			if t.Failed() {
				t.Log(out)
			}
		})
	}
}

// expired is a certificate that ended a day ago, and its key.
func (m *fieldMaker) expired() (*certpath.Certificate, *rsa.PrivateKey) {
	s := fieldSubject()
	s.NotBefore, s.NotAfter = m.now.Add(-90*24*time.Hour), m.now.Add(-24*time.Hour)
	return m.issue(s)
}
