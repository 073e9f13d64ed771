package check

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/antinvn/antin/internal/foundation/auth"
	"github.com/antinvn/antin/internal/foundation/fault"
	"github.com/antinvn/antin/verify"
	"github.com/antinvn/antin/verify/render"
)

// carried is an answer on its way through a reader's page: what was found, and by which policy and for which time it is decided.
type carried struct {
	Version int           `json:"v"`
	Name    string        `json:"name"`
	Policy  string        `json:"policy"`
	At      time.Time     `json:"at"`
	Facts   *verify.Facts `json:"facts"`
}

const (
	carriedVersion = 1
	maxCarried     = 700 << 10 // bytes of its text: a form of ours takes 1 MB
	maxUnpacked    = 32 << 20
	label          = "antin-check-answer/1\n" // what the key is used for here
)

var errCarried = errors.New("check: an answer that was not given here")

// carry writes an answer as a text that [Service.Report] reads again. It is "" where the answer is too large for a page.
func (s *Service) carry(a *Answer) (string, error) {
	var b bytes.Buffer
	b.Write(make([]byte, sha256.Size))
	z := gzip.NewWriter(&b)
	v := a.Verdict
	if err := json.NewEncoder(z).Encode(carried{carriedVersion, a.Name, v.Policy.Name, v.At, v.Facts}); err != nil {
		return "", err
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	out := b.Bytes()
	copy(out, s.mac(out[sha256.Size:]))
	if base64.RawURLEncoding.EncodedLen(len(out)) > maxCarried {
		return "", nil
	}
	return base64.RawURLEncoding.EncodeToString(out), nil
}

func (s *Service) mac(body []byte) []byte {
	h := hmac.New(sha256.New, s.config.Key)
	h.Write([]byte(label))
	h.Write(body)
	return h.Sum(nil)
}

// open reads what [Service.carry] wrote. Nothing of it is looked at before the key says that it is ours.
func (s *Service) open(text string) (*Answer, error) {
	refused := fault.New(fault.Invalid, ErrAnswer, "")
	if len(text) > maxCarried {
		return nil, refused
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) < sha256.Size || !hmac.Equal(b[:sha256.Size], s.mac(b[sha256.Size:])) {
		return nil, refused.Because(errCarried)
	}
	z, err := gzip.NewReader(bytes.NewReader(b[sha256.Size:]))
	if err != nil {
		return nil, refused.Because(err)
	}
	var c carried
	if err := json.NewDecoder(io.LimitReader(z, maxUnpacked)).Decode(&c); err != nil || c.Version != carriedVersion || c.Facts == nil || c.Facts.Version != verify.FactsVersion {
		return nil, refused.Because(errors.Join(errCarried, err)) // of another version of this program
	}
	p := s.config.Policy
	if c.Policy != p.Name {
		if p, err = verify.NamedPolicy(c.Policy); err != nil {
			return nil, refused.Because(err)
		}
	}
	return &Answer{Name: c.Name, Verdict: verify.Decide(c.Facts, p, c.At)}, nil
}

// Form is a form of a report.
type Form string

// The forms.
const (
	HTML Form = "html"
	PDF  Form = "pdf"
	JSON Form = "json"
)

// Document is a report as a file.
type Document struct {
	Name, Type string
	Content    []byte
}

// Report makes a report of an answer that a page carried: the same facts, decided again for the same time. Its failures are
// [ErrAnswer] and the context's.
func (s *Service) Report(ctx context.Context, who auth.Actor, answer string, form Form, lang string) (*Document, error) {
	if _, err := s.config.Auth.Warrant(ctx, who, "records/check.Report"); err != nil {
		return nil, err
	}
	a, err := s.open(answer)
	if err != nil {
		return nil, err
	}
	d, r := &Document{Name: a.Name + "." + string(form)}, a.Report(lang)
	var b bytes.Buffer
	switch form {
	case HTML:
		d.Type = "text/html; charset=utf-8"
		err = render.HTML(&b, a.Verdict, r)
	case PDF:
		d.Type = "application/pdf"
		err = render.PDF(ctx, &b, a.Verdict, r, &render.PDFOptions{Time: s.config.Clock.Now()})
	case JSON:
		d.Type = "application/json"
		var j []byte
		j, err = r.JSON()
		b.Write(j)
	default:
		return nil, fault.New(fault.Invalid, ErrAnswer, string(form)).Because(fmt.Errorf("no form %q", form))
	}
	d.Content = b.Bytes()
	return d, err
}
