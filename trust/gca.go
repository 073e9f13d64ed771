package trust

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
)

// ErrGCA is a list of the government's authorities that cannot be read.
const ErrGCA codes.Code = "trust.gca"

// GCAList is the list of authorities that Vietnam's government publishes at ca.gov.vn/pki/pub/ctl/gca.ctl: a JSON object with certificates in base64,
// without a signature. Its form is known from the published source of a signing plug-in that reads it, and is unverified: no sample of it was at
// hand. The plug-in builds chains with it and has its roots elsewhere.
type GCAList struct {
	Version      int
	Identifier   string
	Sequence     int64
	ThisUpdate   time.Time // zero if not given
	NextUpdate   time.Time // zero if not given
	Certificates []*certpath.Certificate
	Unread       int // certificates that cannot be read
}

// ParseGCA reads a list of the government's authorities. The name of the certificates' key is read in the plug-in's spelling, "Cerificates", and in the
// right one; a time as JavaScriptSerializer writes it, "/Date(1767225600000)/", or as RFC 3339 has it. Error: [ErrGCA].
func ParseGCA(data []byte) (*GCAList, error) {
	const op = "reading a list of authorities"
	var raw struct {
		Version        int
		ListIdentifier string
		SequenceNumber int64
		ThisUpdate     string
		NextUpdate     string
		Cerificates    []string
		Certificates   []string
	}
	if err := json.Unmarshal(trimmed(data), &raw); err != nil {
		return nil, codes.Wrap(ErrGCA, op, "", err)
	}
	all := slices.Concat(raw.Cerificates, raw.Certificates)
	if len(all) == 0 || len(all) > maxSubjects {
		return nil, codes.New(ErrGCA, op, "", "it holds no certificates, or too many")
	}
	l := &GCAList{Version: raw.Version, Identifier: raw.ListIdentifier, Sequence: raw.SequenceNumber}
	for _, t := range []struct {
		text string
		to   *time.Time
	}{{raw.ThisUpdate, &l.ThisUpdate}, {raw.NextUpdate, &l.NextUpdate}} {
		var ok bool
		if *t.to, ok = scriptTime(t.text); !ok {
			return nil, codes.New(ErrGCA, op, t.text, "this is no time")
		}
	}
	for _, text := range all {
		der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
		if err != nil {
			l.Unread++
			continue
		}
		c, err := certpath.ParseCertificate(der)
		if err != nil {
			l.Unread++
			continue
		}
		l.Certificates = append(l.Certificates, c)
	}
	return l, nil
}

// isGCA says whether a file is a JSON object that names certificates.
func isGCA(data []byte) bool {
	data = trimmed(data)
	return bytes.HasPrefix(data, []byte("{")) && (bytes.Contains(data, []byte(`"Cerificates"`)) || bytes.Contains(data, []byte(`"Certificates"`)))
}

func trimmed(data []byte) []byte {
	return bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
}

// scriptTime reads "/Date(milliseconds)/", RFC 3339, or the latter without a zone, which is taken as UTC. Nothing is the zero time.
func scriptTime(s string) (time.Time, bool) {
	if s == "" {
		return time.Time{}, true
	}
	if digits, ok := strings.CutPrefix(s, "/Date("); ok {
		digits, ok = strings.CutSuffix(digits, ")/")
		if at := strings.LastIndexAny(digits, "+-"); at > 0 {
			digits = digits[:at] // a zone that says nothing of the instant
		}
		ms, err := strconv.ParseInt(digits, 10, 64)
		const end = 253402300800000 // the year 10000
		return time.UnixMilli(ms).UTC(), ok && err == nil && ms > -end && ms < end
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}
