package render

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/antinvn/antin/verify"
)

// The identifiers of ETSI TS 119 102-2 V1.4.1 and of its annexes.
const (
	namespaceReport = "http://uri.etsi.org/19102/v1.4.1#"
	namespaceDSig   = "http://www.w3.org/2000/09/xmldsig#"
	namespaceXAdES  = "http://uri.etsi.org/01903/v1.3.2#"

	etsi       = "urn:etsi:019102:"
	own        = "urn:antin:"
	sha256Name = "http://www.w3.org/2001/04/xmlenc#sha256"
)

// ETSI writes the report as a validation report of ETSI TS 119 102-2 V1.4.1: one SignatureValidationReport for each signature and
// counter-signature; time-stamps, certificates and revocation data are validation objects, named by their digest where it is known.
// It is not signed.
func ETSI(w io.Writer, v *verify.Verdict, r *verify.Report) error {
	e := &etsiWriter{v: v, r: r, ids: map[string]string{}}
	e.name()
	e.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	e.in("ValidationReport", fmt.Sprintf(`xmlns=%q xmlns:ds=%q xmlns:XAdES=%q`, namespaceReport, namespaceDSig, namespaceXAdES), func() {
		reported := 0
		for i := range v.Facts.Signatures {
			if v.Facts.Signatures[i].Type != verify.TypeDocumentTimestamp {
				e.signature(i)
				reported++
			}
		}
		if reported == 0 { // the schema asks for one
			e.nothingSigned()
		}
		e.objects()
	})
	_, err := io.WriteString(w, e.String()+"\n")
	return err
}

type etsiWriter struct {
	xmlWriter
	v   *verify.Verdict
	r   *verify.Report
	ids map[string]string // xs:ID of each object, by its id in the facts
}

// name gives every object an xs:ID.
func (e *etsiWriter) name() {
	f := e.v.Facts
	for i := range f.Signatures {
		if f.Signatures[i].Type != verify.TypeDocumentTimestamp {
			e.ids[f.Signatures[i].ID] = "S-" + strconv.Itoa(i+1)
		}
		for j := range f.Signatures[i].Timestamps {
			if id := f.Signatures[i].Timestamps[j].ID; e.ids[id] == "" {
				e.ids[id] = fmt.Sprintf("T-%d-%d", i+1, j+1)
			}
		}
	}
	for i := range f.Certificates {
		e.ids[f.Certificates[i].ID] = "C-" + strconv.Itoa(i+1)
	}
	for i := range f.Evidence {
		e.ids[f.Evidence[i].ID] = "R-" + strconv.Itoa(i+1)
	}
}

func (e *etsiWriter) nothingSigned() {
	e.in("SignatureValidationReport", "", func() {
		e.policy()
		e.status(e.v.Indication, e.v.Sub, nil)
	})
}

func (e *etsiWriter) policy() {
	e.in("ValidationConstraintsEvaluationReport", "", func() {
		e.in("SignatureValidationPolicy", "", func() {
			e.in("SignaturePolicyIdentifier", "", func() { e.leaf("XAdES:SignaturePolicyImplied", "", "") })
			e.leaf("PolicyName", "", e.v.Policy.Name)
		})
	})
}

func (e *etsiWriter) signature(i int) {
	f, s := &e.v.Facts.Signatures[i], &e.v.Signatures[i]
	e.in("SignatureValidationReport", "", func() {
		id := ""
		if e.ids[f.ID] == "S-"+strconv.Itoa(i+1) { // of two signatures with the same bytes the last has the name
			id = "id=" + strconv.Quote(e.ids[f.ID])
		}
		e.in("SignatureIdentifier", id, func() {
			e.leaf("HashOnly", "", "false")
			e.leaf("DocHashOnly", "", "false")
			e.leaf("DAIdentifier", "", f.ID)
		})
		e.policy()
		e.in("ValidationTimeInfo", "", func() {
			e.leaf("ValidationTime", "", date(e.v.At))
			e.in("BestSignatureTime", "", func() { e.poe(e.existed(f.ID)) })
		})
		if digest, err := hex.DecodeString(f.Covered); err == nil && len(digest) > 0 && digestNames[digestOf(f)] != "" {
			e.in("SignersDocument", "", func() { e.digest(digestNames[digestOf(f)], digest) })
		}
		e.attributes(f)
		if c := certificateOf(e.v.Facts, f.Signer); c != nil {
			e.in("SignerInformation", "", func() {
				e.reference("SignerCertificate", f.Signer)
				e.leaf("Signer", "", clean(c.Subject))
			})
		}
		e.in("SignatureValidationProcess", "", func() {
			e.leaf("SignatureValidationProcessID", "", etsi+"validationprocess:"+processes[s.Process])
		})
		e.status(s.Indication, s.Sub, func() { e.data(i) })
	})
}

var processes = map[verify.Process]string{"": "Basic", verify.Basic: "Basic", verify.WithTime: "LTVM", verify.LongTerm: "LTA"}

func digestOf(f *verify.SignatureFacts) string {
	if f.ContentDigest != "" {
		return f.ContentDigest
	}
	return f.Algorithm.Digest
}

// existed is the earliest time for which a time-stamp that passed proves an object, and that time-stamp; without one it is the time of
// validation and "".
func (e *etsiWriter) existed(id string) (at time.Time, stamp string) {
	at = e.v.At
	for i := range e.v.Facts.Signatures {
		for j := range e.v.Facts.Signatures[i].Timestamps {
			t := &e.v.Facts.Signatures[i].Timestamps[j]
			if e.v.Signatures[i].Timestamps[j].Indication == verify.TotalPassed && t.GenTime.Before(at) && slices.Contains(t.Covers, id) {
				at, stamp = t.GenTime, t.ID
			}
		}
	}
	return at, stamp
}

// attributes are TS 119 102-2, annex A, as far as the facts have them.
func (e *etsiWriter) attributes(f *verify.SignatureFacts) {
	names := map[string]string{
		verify.StampContent: "AllDataObjectsTimeStamp", verify.StampSignature: "SignatureTimeStamp", verify.StampArchive: "ArchiveTimeStamp",
	}
	if f.ClaimedTime == nil && f.Reason == "" && f.Location == "" && len(f.Timestamps) == 0 {
		return
	}
	e.in("SignatureAttributes", "", func() {
		if f.ClaimedTime != nil {
			e.in("SigningTime", "", func() { e.leaf("Time", "", date(*f.ClaimedTime)) })
		}
		if f.Location != "" {
			e.in("SignatureProductionPlace", `Signed="true"`, func() { e.leaf("AddressString", "", clean(f.Location)) })
		}
		if f.Reason != "" {
			e.in("Reason", `Signed="true"`, func() { e.leaf("ReasonElement", "", clean(f.Reason)) })
		}
		for i := range f.Timestamps {
			t := &f.Timestamps[i]
			if name := names[t.Kind]; name != "" {
				e.in(name, fmt.Sprintf("Signed=%q", strconv.FormatBool(t.Kind == verify.StampContent)), func() {
					e.reference("AttributeObject", t.ID)
					e.leaf("TimeStampValue", "", date(t.GenTime))
				})
			}
		}
	})
}

func (e *etsiWriter) status(i verify.Indication, sub verify.SubIndication, data func()) {
	main := map[verify.Indication]string{verify.TotalPassed: "total-passed", verify.TotalFailed: "total-failed", verify.Indeterminate: "indeterminate"}[i]
	e.in("SignatureValidationStatus", "", func() {
		e.leaf("MainIndication", "", etsi+"mainindication:"+main)
		e.sub(sub)
		if data != nil {
			data()
		}
	})
}

func (e *etsiWriter) sub(sub verify.SubIndication) {
	switch sub {
	case "":
	case verify.NoSignature: // of our own
		e.leaf("SubIndication", "", own+"subindication:"+string(sub))
	default:
		e.leaf("SubIndication", "", etsi+"subindication:"+string(sub))
	}
}

// data is what led to the answer: the path, revocation, algorithm, and the findings in words.
func (e *etsiWriter) data(i int) {
	f, s, r := &e.v.Facts.Signatures[i], &e.v.Signatures[i], &e.r.Signatures[i]
	e.in("AssociatedValidationReportData", "", func() {
		if c := s.Chain; c != nil && len(c.Certificates) > 0 {
			last := len(c.Certificates) - 1
			if c.Anchor != nil {
				e.reference("TrustAnchor", c.Certificates[last])
			}
			e.in("CertificateChain", "", func() {
				e.reference("SigningCertificate", c.Certificates[0])
				for k, id := range c.Certificates[1:] {
					if k+1 != last || c.Anchor == nil {
						e.reference("IntermediateCertificate", id)
					}
				}
				if c.Anchor != nil && last > 0 {
					e.reference("TrustAnchor", c.Certificates[last])
				}
			})
			e.revocation(c)
		}
		e.algorithm(f, s)
		if len(r.Errors)+len(r.Warnings)+len(r.Changes) == 0 {
			return
		}
		e.in("AdditionalValidationReportData", "", func() {
			for _, x := range r.Errors {
				e.finding("error:"+x.Code, x.Text)
			}
			for _, x := range r.Warnings {
				e.finding("warning:"+x.Code, x.Text)
			}
			for _, x := range r.Changes {
				e.finding("change:"+x.Code, x.Text)
			}
		})
	})
}

func (e *etsiWriter) finding(code, said string) {
	e.in("ReportData", "", func() {
		e.leaf("Type", "", own+code)
		e.leaf("Value", "", clean(said))
	})
}

// revocation names the first certificate of a path that was revoked.
func (e *etsiWriter) revocation(c *verify.ChainFacts) {
	for i := range e.v.Facts.Evidence {
		by := &e.v.Facts.Evidence[i]
		for _, a := range by.Answers {
			if a.State == verify.StateRevoked && a.RevokedAt != nil && slices.Contains(c.Certificates, a.Certificate) {
				e.in("RevocationStatusInformation", "", func() {
					e.reference("ValidationObjectId", a.Certificate)
					e.leaf("RevocationTime", "", date(*a.RevokedAt))
					e.reference("RevocationObject", by.ID)
				})
				return
			}
		}
	}
}

func (e *etsiWriter) algorithm(f *verify.SignatureFacts, s *verify.SignatureVerdict) {
	name := signatureNames[f.Algorithm.Signature+"-"+f.Algorithm.Digest]
	if name == "" || e.v.Policy.Algorithms != "dated" {
		return
	}
	weak := slices.IndexFunc(s.Errors, func(x verify.Finding) bool { return x.Code == "sha1" || x.Code == "weak_algorithm" })
	e.in("CryptoInformation", "", func() {
		e.reference("ValidationObjectId", f.ID)
		e.leaf("Algorithm", "", name)
		e.leaf("SecureAlgorithm", "", strconv.FormatBool(weak < 0))
		if weak >= 0 && s.Errors[weak].When != nil {
			e.leaf("NotAfter", "", date(*s.Errors[weak].When))
		}
	})
}

// signatureNames are the identifiers of RFC 9231.
var signatureNames = map[string]string{
	"rsa-sha1": "http://www.w3.org/2000/09/xmldsig#rsa-sha1", "rsa-sha256": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
	"rsa-sha384": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384", "rsa-sha512": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
	"rsa-pss-sha256": "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1", "rsa-pss-sha384": "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1",
	"rsa-pss-sha512": "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1", "rsa-pss-sha1": "http://www.w3.org/2007/05/xmldsig-more#sha1-rsa-MGF1",
	"ecdsa-sha1": "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1", "ecdsa-sha256": "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
	"ecdsa-sha384": "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384", "ecdsa-sha512": "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",
	"ed25519-sha512": "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519", "dsa-sha1": "http://www.w3.org/2000/09/xmldsig#dsa-sha1",
	"dsa-sha256": "http://www.w3.org/2009/xmldsig11#dsa-sha256",
}

var digestNames = map[string]string{
	"sha1": "http://www.w3.org/2000/09/xmldsig#sha1", "sha256": sha256Name, "sha384": "http://www.w3.org/2001/04/xmldsig-more#sha384",
	"sha512": "http://www.w3.org/2001/04/xmlenc#sha512",
}

func base64Of(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func date(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (e *etsiWriter) digest(method string, value []byte) {
	e.in("DigestAlgAndValue", "", func() {
		e.leaf("ds:DigestMethod", "Algorithm="+strconv.Quote(method), "")
		e.leaf("ds:DigestValue", "", base64Of(value))
	})
}

func (e *etsiWriter) poe(at time.Time, stamp string) {
	e.leaf("POETime", "", date(at))
	e.leaf("TypeOfProof", "", etsi+"poetype:validation")
	e.reference("POEObject", stamp)
}

// reference is a VOReferenceType; one to what is not in the report is left out where the schema lets it.
func (e *etsiWriter) reference(name, id string) {
	if x := e.ids[id]; x != "" {
		e.leaf(name, "VOReference="+strconv.Quote(x), "")
	}
}

// xmlWriter writes elements.
type xmlWriter struct{ strings.Builder }

func (w *xmlWriter) in(name, attributes string, inside func()) {
	w.WriteString("<" + strings.TrimSpace(name+" "+attributes) + ">")
	inside()
	w.WriteString("</" + name + ">")
}

func (w *xmlWriter) leaf(name, attributes, text string) {
	w.in(name, attributes, func() { w.WriteString(escaped(text)) })
}
