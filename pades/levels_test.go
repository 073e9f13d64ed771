package pades_test

import (
	"bytes"
	"context"
	"crypto"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/tsp"
)

func TestLevelsAreReached(t *testing.T) {
	s := newSigner(t, "Levels", p256())
	for _, level := range []pades.Level{pades.BT, pades.BLT, pades.BLTA} {
		t.Run(level.String(), func(t *testing.T) {
			a, source := newTSA(t)
			signed, report := sign(t, pages(1).bytes(), s, withTSA(s.options(), level, a, source))
			if report.Level != level || report.Size != int64(len(signed)) || len(report.Notes) != 0 {
				t.Errorf("%+v", report)
			}
			count := 1
			if level == pades.BLTA {
				count = 2
			}
			all := intact(t, signed, count)
			if n := len(all[0].CMS.Signers()[0].UnsignedAttributes()); n != 1 {
				t.Errorf("%d unsigned attributes, want the time-stamp", n)
			}
			clean(t, signed)
			evidence := must(pades.StoredEvidence(open(t, signed).Latest(), nil))(t)
			if level >= pades.BLT {
				if len(evidence.Certificates) != 4 || len(evidence.OCSP) != 2 || len(evidence.VRI) != 1 {
					t.Errorf("%d certificates, %d OCSP, %d VRI", len(evidence.Certificates), len(evidence.OCSP), len(evidence.VRI))
				}
			}
			if level == pades.BLTA {
				stamp := all[1]
				if stamp.Type != pades.TypeDocumentTimestamp || stamp.SubFilter != "ETSI.RFC3161" || stamp.Dict["Type"] != pdf.Name("DocTimeStamp") || stamp.Dict["M"] != nil {
					t.Errorf("%v", stamp.Dict)
				}
			}
			said := pyhanko(t, signed)
			if strings.Count(said, "intact=True valid=True") != count || !strings.Contains(said, "timestamp=True") {
				t.Errorf("pyHanko: %s", said)
			}
			if level >= pades.BLT && !strings.Contains(said, "level=LTA_UPDATES") {
				t.Errorf("pyHanko: %s", said)
			}
		})
	}
}

func TestRenewalForManyYearsOnlyAdds(t *testing.T) {
	s := newSigner(t, "Renewal", p256())
	a, source := newTSA(t)
	o := withTSA(s.options(), pades.BLTA, a, source)
	o.Certify = 1
	file, _ := sign(t, pages(1).bytes(), s, o)
	for year := 1; year <= 3; year++ {
		var out bytes.Buffer
		must(pades.Extend(t.Context(), &out, open(t, file), pades.BLTA, extension(o)))(t)
		if !bytes.HasPrefix(out.Bytes(), file) {
			t.Fatal("a renewal changed earlier bytes")
		}
		file = out.Bytes()
		intact(t, file, 2+year)
		if n := len(must(pades.StoredEvidence(open(t, file).Latest(), nil))(t).VRI); n != 1+year {
			t.Errorf("year %d: %d VRI entries, want one more for the last document time-stamp", year, n)
		}
	}
	clean(t, file)
	if said := pyhanko(t, file); strings.Count(said, "intact=True valid=True") != 5 || !strings.Contains(said, "docmdp_ok=True level=LTA_UPDATES") {
		t.Errorf("pyHanko: %s", said)
	}
}

// dated answers at a time of its own.
type dated struct{ at time.Time }

func (d dated) Status(ctx context.Context, cert, issuer *certpath.Certificate) ([]certpath.Status, error) {
	s, err := register{}.Status(ctx, cert, issuer)
	for i := range s {
		s[i].ThisUpdate, s[i].ProducedAt, s[i].NextUpdate = d.at, d.at, d.at.AddDate(0, 0, 7)
		s[i].Evidence = append(s[i].Evidence, d.at.Format(" 2006")...)
	}
	return s, err
}

// The signer's certificate ends after four years and every authority's with it; each renewal comes before that of the last document
// time-stamp, from an authority with a key and a root of its own.
func TestRenewalOutlivesTheSignerAndItsAuthorities(t *testing.T) {
	s := newSigner(t, "Long gone", p256())
	a, source := newTSA(t)
	o := withTSA(s.options(), pades.BLTA, a, source)
	file, _ := sign(t, pages(1).bytes(), s, o)
	anchors := slices.Clone(o.Anchors.(roots))
	for year := 3; year <= 15; year += 3 {
		at := now.AddDate(year, 0, 0)
		next, source := newTSA(t)
		next.renew(t, at)
		anchors = append(anchors, next.chain[1])
		var out bytes.Buffer
		report := must(pades.Extend(t.Context(), &out, open(t, file), pades.BLTA, &pades.ExtendOptions{
			TSA: source, Status: dated{at}, Anchors: anchors, Time: at,
		}))(t)
		if len(report.Notes) != 0 {
			t.Errorf("year %d: %v", year, report.Notes)
		}
		if !bytes.HasPrefix(out.Bytes(), file) {
			t.Fatal("a renewal changed earlier bytes")
		}
		file = out.Bytes()
		all := intact(t, file, 2+year/3)
		if last := all[len(all)-1]; !last.Token.GenTime.Equal(at) {
			t.Errorf("year %d: the last document time-stamp is of %v", year, last.Token.GenTime)
		}
	}
	clean(t, file)
	if said := pyhanko(t, file); strings.Count(said, "intact=True valid=True") != 7 || !strings.Contains(said, "level=LTA_UPDATES") {
		t.Errorf("pyHanko: %s", said)
	}
	// It is renewed nevertheless, for whoever trusts the file's way until now; but it is said.
	t.Run("too late for the last authority", func(t *testing.T) {
		at := now.AddDate(30, 0, 0)
		next, source := newTSA(t)
		next.renew(t, at)
		report := must(pades.Extend(t.Context(), new(bytes.Buffer), open(t, file), pades.BLTA, &pades.ExtendOptions{
			TSA: source, Status: dated{at}, Anchors: append(anchors, next.chain[1]), Time: at,
		}))(t)
		if !slices.Contains(report.Notes, pades.NoteTooLate) {
			t.Errorf("%v", report.Notes)
		}
	})
}

func TestARenewalAsksOnlyForTheLastDocumentTimestamp(t *testing.T) {
	s := newSigner(t, "Once", p256())
	a, source := newTSA(t)
	o := withTSA(s.options(), pades.BLTA, a, source)
	file, _ := sign(t, pages(1).bytes(), s, o)
	asked := &counting{StatusSource: o.Status}
	o.Status = asked
	must(pades.Extend(t.Context(), new(bytes.Buffer), open(t, file), pades.BLTA, extension(o)))(t)
	if asked.calls != 1 {
		t.Errorf("%d questions, want one, for the authority of the document time-stamp", asked.calls)
	}
}

type counting struct {
	certpath.StatusSource
	calls int
}

func (c *counting) Status(ctx context.Context, cert, issuer *certpath.Certificate) ([]certpath.Status, error) {
	c.calls++
	return c.StatusSource.Status(ctx, cert, issuer)
}

func TestTheSecurityStoreOnlyGrows(t *testing.T) {
	s := newSigner(t, "Store", p256())
	a, source := newTSA(t)
	o := withTSA(s.options(), pades.BLT, a, source)
	file, _ := sign(t, pages(1).bytes(), s, o)
	var out bytes.Buffer
	must(pades.Extend(t.Context(), &out, open(t, file), pades.BLT, extension(o)))(t)
	if !bytes.Equal(out.Bytes(), file) {
		t.Error("the same evidence was stored twice")
	}
	before := must(open(t, file).Latest().Get("DSS", "VRI"))(t).(pdf.Dict)
	twice, _ := sign(t, file, s, withTSA(s.options(), pades.BLT, a, source))
	after := must(open(t, twice).Latest().Get("DSS", "VRI"))(t).(pdf.Dict)
	if len(before) != 1 || len(after) != 2 {
		t.Fatalf("/VRI has %d and %d entries", len(before), len(after))
	}
	for key, entry := range before {
		if after[key] != entry {
			t.Errorf("entry %s was %v and is %v", key, entry, after[key])
		}
	}
}

func extension(o *pades.Options) *pades.ExtendOptions {
	return &pades.ExtendOptions{TSA: o.TSA, Status: o.Status, Anchors: o.Anchors, Pool: o.Pool, Time: o.Time}
}

func TestExtendingASignatureWithoutTimestamp(t *testing.T) {
	s := newSigner(t, "Extended", p256())
	a, source := newTSA(t)
	file, _ := sign(t, pages(1).bytes(), s, s.options())
	o := extension(withTSA(s.options(), pades.BLTA, a, source))
	for level, count := range map[pades.Level]int{pades.BT: 2, pades.BLT: 2, pades.BLTA: 3} {
		t.Run(level.String(), func(t *testing.T) {
			var out bytes.Buffer
			report := must(pades.Extend(t.Context(), &out, open(t, file), level, o))(t)
			if !slices.Contains(report.Notes, pades.NoteDocumentTST) || report.Level != level {
				t.Errorf("%+v", report)
			}
			intact(t, out.Bytes(), count)
			clean(t, out.Bytes())
		})
	}
	t.Run("an unsigned file is not extended", func(t *testing.T) {
		_, err := pades.Extend(t.Context(), new(bytes.Buffer), open(t, pages(1).bytes()), pades.BLT, o)
		wantCode(t, err, pades.ErrUnsigned)
	})
}

func TestDocumentTimestampAlone(t *testing.T) {
	a, source := newTSA(t)
	_ = a
	var out bytes.Buffer
	report := must(pades.Timestamp(t.Context(), &out, open(t, pages(1).bytes()), "", &pades.ExtendOptions{TSA: source}))(t)
	if all := intact(t, out.Bytes(), 1); all[0].Field != "Timestamp1" || report.Field != "Timestamp1" || !all[0].Token.GenTime.Equal(now.Add(1e9)) {
		t.Errorf("%s, %v", all[0].Field, all[0].Token.GenTime)
	}
	clean(t, out.Bytes())
}

func TestRevokedCertificateStopsLongTermLevels(t *testing.T) {
	s := newSigner(t, "Thief", p256())
	a, source := newTSA(t)
	o := withTSA(s.options(), pades.BLT, a, source)
	o.Status = register{revoked: "Thief"}
	_, err := pades.Sign(t.Context(), new(bytes.Buffer), open(t, pages(1).bytes()), s.key, o)
	wantCode(t, err, pades.ErrRevoked)
}

// padded is a TSA whose later tokens are larger than its sample: the pool behind the address changed.
type padded struct {
	tsp.Source
	calls int
}

func (p *padded) Timestamp(ctx context.Context, h crypto.Hash, digest []byte) (*tsp.Token, error) {
	token, err := p.Source.Timestamp(ctx, h, digest)
	p.calls++
	if err == nil && p.calls == 2 {
		token.Raw = append(bytes.Clone(token.Raw), make([]byte, 20_000)...)
	}
	return token, err
}

func TestATokenTooLargeForItsRoomBecomesADocumentTimestamp(t *testing.T) {
	s := newSigner(t, "Late", p256())
	a, source := newTSA(t)
	o := withTSA(s.options(), pades.BLT, a, &padded{Source: source})
	signed, report := sign(t, pages(1).bytes(), s, o)
	if !slices.Contains(report.Notes, pades.NoteLateToken) {
		t.Errorf("%+v", report)
	}
	all := intact(t, signed, 2)
	if len(all[0].CMS.Signers()[0].UnsignedAttributes()) != 0 || all[1].Type != pades.TypeDocumentTimestamp {
		t.Error("the signature should be B-B with a document time-stamp after it")
	}
	if n := len(must(pades.StoredEvidence(open(t, signed).Latest(), nil))(t).VRI); n != 2 {
		t.Errorf("%d VRI entries, want one for each", n)
	}
}

func TestThePlannerAsksForOneSample(t *testing.T) {
	s := newSigner(t, "Planner", p256())
	a, source := newTSA(t)
	planner := pades.NewPlanner(source)
	for range 3 {
		sign(t, pages(1).bytes(), s, withTSA(s.options(), pades.BT, a, planner))
	}
	if a.calls != 4 {
		t.Errorf("%d calls for three signatures, want one more", a.calls)
	}
}

func TestLevelsNeedTheirHelpers(t *testing.T) {
	s := newSigner(t, "Alone", p256())
	for _, level := range []pades.Level{pades.BT, pades.BLT} {
		o := s.options()
		o.Level = level
		_, err := pades.Sign(t.Context(), new(bytes.Buffer), open(t, pages(1).bytes()), s.key, o)
		wantCode(t, err, pades.ErrOptions)
	}
}

// EN 319 142-1, 5.4: evidence and document time-stamps are no changes to a document, whatever its certification allows.
func TestACertificationWithoutChangesStillAllowsATimestamp(t *testing.T) {
	s := newSigner(t, "Final", p256())
	a, source := newTSA(t)
	o := withTSA(s.options(), pades.BLTA, a, source)
	o.Certify = 1
	signed, _ := sign(t, pages(1).bytes(), s, o)
	all := intact(t, signed, 2)
	if all[0].DocMDP != 1 || all[1].Token == nil {
		t.Errorf("level %d, token %v", all[0].DocMDP, all[1].Token)
	}
	clean(t, signed)
	dict := must(open(t, signed).Latest().Dict(all[1].Ref))(t)
	if dict["Type"] != pdf.Name("DocTimeStamp") || dict["SubFilter"] != pdf.Name("ETSI.RFC3161") || dict["M"] != nil {
		t.Errorf("%v", dict)
	}
}
