package render

import (
	"bytes"
	"encoding/hex"
	"encoding/xml"
	"strconv"
	"strings"

	"github.com/antinvn/antin/verify"
)

// objects are TS 119 102-2, 4.4: what the validation used.
func (e *etsiWriter) objects() {
	f := e.v.Facts
	if len(e.ids) == 0 || len(f.Certificates)+len(f.Evidence) == 0 {
		return
	}
	e.in("SignatureValidationObjects", "", func() {
		for i := range f.Certificates {
			c := &f.Certificates[i]
			e.object(c.ID, "certificate", c.SHA256, "", nil)
		}
		for i := range f.Evidence {
			x := &f.Evidence[i]
			kind := "CRL"
			if x.Kind == "ocsp" {
				kind = "OCSPResponse"
			}
			e.object(x.ID, kind, "", x.Source, nil)
		}
		for i := range f.Signatures {
			for j := range f.Signatures[i].Timestamps {
				if t := &f.Signatures[i].Timestamps[j]; e.ids[t.ID] == "T-"+strconv.Itoa(i+1)+"-"+strconv.Itoa(j+1) {
					e.object(t.ID, "timestamp", "", "", func() { e.timestamp(t, e.v.Signatures[i].Timestamps[j]) })
				}
			}
		}
	})
}

// object is named by its digest, else by where it came from, else by its id in the facts.
func (e *etsiWriter) object(id, kind, digest, source string, more func()) {
	e.in("ValidationObject", "id="+strconv.Quote(e.ids[id]), func() {
		e.leaf("ObjectType", "", etsi+"validationObject:"+kind)
		e.in("ValidationObjectRepresentation", "", func() {
			switch sum, err := hex.DecodeString(digest); {
			case err == nil && len(sum) == 32:
				e.digest(sha256Name, sum)
			case strings.HasPrefix(source, "http://") || strings.HasPrefix(source, "https://"):
				e.leaf("URI", "", source)
			default:
				e.leaf("URI", "", own+"object:"+id)
			}
		})
		e.in("POE", "", func() { e.poe(e.existed(id)) })
		if more != nil {
			more()
		}
	})
}

// timestamp says what a time-stamp proves, and what became of it.
func (e *etsiWriter) timestamp(t *verify.TimestampFacts, v verify.TimestampVerdict) {
	if v.Indication == verify.TotalPassed {
		e.in("POEProvisioning", "", func() {
			e.leaf("POETime", "", date(t.GenTime))
			var signatures []*verify.SignatureFacts
			for _, id := range t.Covers {
				if s := e.signatureOf(id); s != nil {
					signatures = append(signatures, s)
				} else {
					e.reference("ValidationObject", id)
				}
			}
			for _, s := range signatures {
				e.signatureReference(s)
			}
		})
	}
	// The building block of EN 319 102-1, 5.4 ends with PASSED, FAILED or INDETERMINATE.
	main := map[verify.Indication]string{verify.TotalPassed: "passed", verify.TotalFailed: "failed", verify.Indeterminate: "indeterminate"}[v.Indication]
	e.in("ValidationReport", "", func() {
		if c := certificateOf(e.v.Facts, t.Signer); c != nil {
			e.in("SignerInformation", "", func() {
				e.reference("SignerCertificate", t.Signer)
				e.leaf("Signer", "", clean(c.Subject))
			})
		}
		e.in("SignatureValidationStatus", "", func() {
			e.leaf("MainIndication", "", etsi+"mainindication:"+main)
			e.sub(v.Sub)
		})
	})
}

func (e *etsiWriter) signatureReference(s *verify.SignatureFacts) {
	value, err := hex.DecodeString(s.ID)
	switch {
	case s.Field != "":
		e.in("SignatureReference", "", func() { e.leaf("PAdESFieldName", "", clean(s.Field)) })
	case err == nil:
		e.in("SignatureReference", "", func() {
			e.leaf("DigestMethod", "", sha256Name)
			e.leaf("DigestValue", "", base64Of(value))
		})
	}
}

func (e *etsiWriter) signatureOf(id string) *verify.SignatureFacts {
	for i := range e.v.Facts.Signatures {
		if e.v.Facts.Signatures[i].ID == id {
			return &e.v.Facts.Signatures[i]
		}
	}
	return nil
}

func escaped(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) //nolint:errcheck // a buffer takes everything
	return b.String()
}
