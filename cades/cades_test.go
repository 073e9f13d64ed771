package cades_test

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/antinvn/antin/cades"
	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/tsp"
)

func TestEveryLevelAttachedAndDetached(t *testing.T) {
	w := newWorld(t)
	for _, detached := range []bool{false, true} {
		for _, tt := range []struct {
			level     cades.Level
			algorithm pkitest.Algorithm
			pss       bool
			stamps    int
		}{
			{cades.BB, pkitest.RSA2048, false, 0},
			{cades.BB, pkitest.RSA2048, true, 0},
			{cades.BT, pkitest.P384, false, 1},
			{cades.BLT, pkitest.P256, false, 1},
			{cades.BLTA, pkitest.P256, false, 2},
			{cades.BLTA, pkitest.Ed25519, false, 2},
			{cades.BLTA, pkitest.P521, false, 2},
		} {
			t.Run(fmt.Sprintf("%s %s pss=%t detached=%t", tt.level, tt.algorithm, tt.pss, detached), func(t *testing.T) {
				s := w.signer(t, "Nguyễn Văn Mẫu", tt.algorithm)
				o := w.options(s, tt.level)
				o.PSS, o.MimeType = tt.pss, "text/plain"
				at := w.now.UTC().Truncate(time.Second)
				file := w.sign(t, nil, detached, s, o)
				found := sound(t, file, detached, tt.stamps)
				if !found[0].ClaimedTime.Equal(at) {
					t.Errorf("signing-time %s, not %s", found[0].ClaimedTime, at)
				}
				sd := signedData(t, file)
				if sd.Detached() != detached || !detached && !bytes.Equal(sd.Content(), content) {
					t.Errorf("content %q", sd.Content())
				}
				if evidence := len(sd.OCSPResponses()) + len(sd.CRLs()); (evidence > 0) != (tt.level >= cades.BLT) {
					t.Errorf("%d pieces of revocation data", evidence)
				}
				if tt.algorithm == pkitest.Ed25519 {
					return // OpenSSL 3.0 has no Ed25519 in CMS
				}
				if words, ok := w.opensslVerify(t, file, detached, content); !ok {
					t.Error(words)
				}
			})
		}
	}
}

func TestAChangedContentIsSeen(t *testing.T) {
	w := newWorld(t)
	s := w.signer(t, "Nguyễn Văn Mẫu", pkitest.P256)
	other := bytes.Replace(content, []byte("văn bản"), []byte("bản khác"), 1)
	for _, detached := range []bool{false, true} {
		file := w.sign(t, nil, detached, s, w.options(s, cades.BLTA))
		outside := section(other)
		if !detached {
			file, outside = bytes.Replace(file, []byte("N\xe1\xbb\x99i"), []byte("N\xe1\xbb\x8di"), 1), nil
		}
		d, err := cades.Open(t.Context(), section(file), outside)
		if err != nil {
			t.Fatal(err)
		}
		found, err := cades.Check(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		one := found[0]
		if one.Digest != cades.Mismatch || one.Signature != cades.Match || one.Err == nil || one.Timestamps[1].Err == nil {
			t.Errorf("detached=%t: digest %s, signature %s: %v; archive: %v", detached, one.Digest, one.Signature, one.Err, one.Timestamps[1].Err)
		}
		if one.Timestamps[0].Err != nil {
			t.Errorf("the signature's time-stamp does not concern the content: %v", one.Timestamps[0].Err)
		}
		if words, ok := w.opensslVerify(t, file, detached, other); ok && words != "" {
			t.Errorf("OpenSSL accepts it: %s", words)
		}
	}
}

func TestAMissingContentIsNoVerdict(t *testing.T) {
	w := newWorld(t)
	s := w.signer(t, "Nguyễn Văn Mẫu", pkitest.P256)
	file := w.sign(t, nil, true, s, w.options(s, cades.BLTA))
	d, err := cades.Open(t.Context(), section(file), nil)
	if err != nil {
		t.Fatal(err)
	}
	found, err := cades.Check(t.Context(), d)
	if err != nil || found[0].Digest != cades.Unverifiable || codes.Of(found[0].Err) != string(cades.ErrContent) {
		t.Errorf("digest %s: %v (%v)", found[0].Digest, found[0].Err, err)
	}
	if _, err := cades.Extend(t.Context(), &bytes.Buffer{}, d, cades.BLTA, w.extension()); codes.Of(err) != string(cades.ErrContent) {
		t.Errorf("extending without the content: %v", err)
	}
	if _, err := cades.Open(t.Context(), section(w.sign(t, nil, false, s, w.options(s, cades.BB))), section(content)); codes.Of(err) != string(cades.ErrContent) {
		t.Errorf("a content beside the one inside: %v", err)
	}
}

func TestSignersAreAddedWithoutHarmToOthers(t *testing.T) {
	w := newWorld(t)
	for _, detached := range []bool{false, true} {
		a, b := w.signer(t, "Nguyễn Văn Mẫu", pkitest.P256), w.signer(t, "Trần Thị Mẫu", pkitest.P384)
		one := w.sign(t, nil, detached, a, w.options(a, cades.BLTA))
		two := w.sign(t, one, detached, b, w.options(b, cades.BLTA))
		sound(t, two, detached, 2, 2)
		renewed := w.extend(t, two, detached, cades.BLTA)
		sound(t, renewed, detached, 3, 3)
		mixed := w.sign(t, one, detached, b, w.options(b, cades.BB))
		found := sound(t, mixed, detached, signerOrder(t, mixed, a, 2, 0)...)
		if len(found) != 2 {
			t.Fatal("two signers are expected")
		}
		sound(t, w.extend(t, mixed, detached, cades.BLTA), detached, signerOrder(t, mixed, a, 3, 2)...)
		if words, ok := w.opensslVerify(t, renewed, detached, content); !ok {
			t.Error(words)
		}
	}
}

// signerOrder is of, others in the order of the file: a SET OF has its own.
func signerOrder(t *testing.T, file []byte, first signer, of, others int) []int {
	t.Helper()
	sd := signedData(t, file)
	if c := sd.Signers()[0].Certificate(sd.Certificates()); c != nil && c.Equal(first.chain[0]) {
		return []int{of, others}
	}
	return []int{others, of}
}

func TestArchiveTimestampsAreRenewed(t *testing.T) {
	w := newWorld(t)
	s := w.signer(t, "Nguyễn Văn Mẫu", pkitest.P256)
	file := w.sign(t, nil, false, s, w.options(s, cades.BLTA))
	evidence := len(signedData(t, file).RawRevocationInfos())
	renewed := w.extend(t, file, false, cades.BLTA)
	found := sound(t, renewed, false, 3)
	if found[0].Timestamps[0].Archive || !found[0].Timestamps[1].Archive || !found[0].Timestamps[2].Archive {
		t.Error("signature time-stamps come first")
	}
	if now := len(signedData(t, renewed).RawRevocationInfos()); now > evidence+2 {
		t.Errorf("%d pieces of revocation data became %d: only the archive's own authority is asked about", evidence, now)
	}

	sd := signedData(t, renewed)
	stranger := w.signer(t, "Người lạ", pkitest.P256)
	sd.AddCertificates(stranger.chain[0])
	later := marshal(t, sd)
	sound(t, later, false, 3)
	sound(t, w.extend(t, later, false, cades.BLTA), false, 4)
}

func TestRaisingALevelKeepsWhatIsThere(t *testing.T) {
	w := newWorld(t)
	s := w.signer(t, "Nguyễn Văn Mẫu", pkitest.RSA2048)
	file := w.sign(t, nil, true, s, w.options(s, cades.BB))
	value := signedData(t, file).Signers()[0].RawFields()
	for _, step := range []struct {
		to     cades.Level
		stamps int
	}{{cades.BT, 1}, {cades.BT, 1}, {cades.BLT, 1}, {cades.BLTA, 2}, {cades.BLTA, 3}} {
		file = w.extend(t, file, true, step.to)
		sound(t, file, true, step.stamps)
		if !bytes.Equal(signedData(t, file).Signers()[0].RawFields(), value) {
			t.Fatalf("%s: what was signed is written otherwise", step.to)
		}
	}
	asked := w.Requests("ocsp")
	again := w.extend(t, file, true, cades.BLT)
	sound(t, again, true, 3)
	if n := w.Requests("ocsp") - asked; n > 2 {
		t.Errorf("%d questions for what is archived already", n)
	}
}

// TestEvidenceIsAskedForAgainWhenItIsNoLongerFresh, and not before.
func TestEvidenceIsAskedForAgainWhenItIsNoLongerFresh(t *testing.T) {
	w := newWorld(t)
	s := w.signer(t, "Nguyễn Văn Mẫu", pkitest.P256)
	file := w.sign(t, nil, true, s, w.options(s, cades.BLT))
	for _, tt := range []struct {
		later time.Duration
		asks  bool
	}{{time.Hour, false}, {25 * time.Hour, true}} {
		w.later(tt.later)
		asked := w.Requests("ocsp")
		file = w.extend(t, file, true, cades.BLT)
		if n := w.Requests("ocsp") - asked; (n > 0) != tt.asks {
			t.Errorf("after %s: %d questions", tt.later, n)
		}
	}
}

func TestCountersignatures(t *testing.T) {
	w := newWorld(t)
	a, b := w.signer(t, "Nguyễn Văn Mẫu", pkitest.P256), w.signer(t, "Trần Thị Mẫu", pkitest.P384)
	for _, level := range []cades.Level{cades.BB, cades.BT, cades.BLTA} {
		file := w.sign(t, nil, true, a, w.options(a, cades.BLTA))
		o := w.options(b, level)
		o.Countersign, o.MimeType = 1, "text/plain"
		file = w.sign(t, file, true, b, o)
		stamps := 2
		if level == cades.BLTA {
			stamps++
		}
		counters := sound(t, file, true, stamps)[0].Countersignatures
		own := map[cades.Level]int{cades.BT: 1, cades.BLTA: 2}[level] // with the archive time-stamp made after it
		if len(counters) != 1 || !counters[0].Certificate.Equal(b.chain[0]) || len(counters[0].Timestamps) != own {
			t.Fatalf("%s: counter-signatures %+v", level, counters)
		}
		for _, attribute := range counters[0].Info.SignedAttributes() {
			if n := attribute.Type.String(); n == "1.2.840.113549.1.9.3" || n == "0.4.0.1733.2.1" {
				t.Errorf("%s: a counter-signature has no %s", level, n)
			}
		}
		sound(t, w.extend(t, file, true, cades.BLTA), true, stamps+1)
		value := counters[0].Info.Signature()
		twin := bytes.Replace(file, value, append(bytes.Clone(value[:len(value)-1]), value[len(value)-1]^1), 1)
		if found := check(t, twin, true)[0]; found.Err != nil || found.Countersignatures[0].Err == nil {
			t.Errorf("%s: a spoiled counter-signature: %v, the signature: %v", level, found.Countersignatures[0].Err, found.Err)
		}
	}
	o := w.options(b, cades.BB)
	o.Countersign = 2
	if _, err := cades.Prepare(t.Context(), read(t, w.sign(t, nil, true, a, w.options(a, cades.BB)), true), o); codes.Of(err) != string(cades.ErrSigner) {
		t.Errorf("a signer that is not there: %v", err)
	}
}

func TestPreparedTravels(t *testing.T) {
	w := newWorld(t)
	s := w.signer(t, "Nguyễn Văn Mẫu", pkitest.P256)
	d := cades.New(section(content), false)
	p, err := cades.Prepare(t.Context(), d, w.options(s, cades.BLTA))
	if err != nil {
		t.Fatal(err)
	}
	stored, err := p.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var again cades.Prepared
	if err := again.UnmarshalBinary(stored); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.ToBeSigned(), p.ToBeSigned()) {
		t.Error("what is to be signed is another")
	}
	value, err := s.key.Sign(nil, again.Unsigned().Digest(), again.Unsigned().SignerOpts())
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := again.Complete(t.Context(), &out, d, value, w.extension()); err != nil {
		t.Fatal(err)
	}
	sound(t, out.Bytes(), false, 2)

	for name, tt := range map[string]struct {
		d     *cades.Document
		value []byte
		o     *cades.CompleteOptions
		want  codes.Code
	}{
		"another content": {cades.New(section([]byte("khác")), false), value, w.extension(), cades.ErrContent},
		"another value":   {d, value[:len(value)-2], w.extension(), cades.ErrSignatureMismatch},
		"no time-stamps":  {d, value, nil, cades.ErrOptions},
	} {
		if _, err := again.Complete(t.Context(), &out, tt.d, tt.value, tt.o); codes.Of(err) != string(tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := again.UnmarshalBinary(bytes.Replace(stored, []byte(`"version":1`), []byte(`"version":9`), 1)); codes.Of(err) != string(cades.ErrPrepared) {
		t.Errorf("an unknown version: %v", err)
	}
	if _, err := new(cades.Prepared).MarshalBinary(); codes.Of(err) != string(cades.ErrPrepared) {
		t.Errorf("nothing prepared: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	w := newWorld(t)
	s := w.signer(t, "Nguyễn Văn Mẫu", pkitest.P256)
	revoked := w.signer(t, "Lê Văn Thu Hồi", pkitest.P256)
	w.Revoke(revoked.chain[0], w.now.Add(-time.Hour), 1)
	with := func(s signer, change func(*cades.Options)) *cades.Options {
		o := w.options(s, cades.BLTA)
		change(o)
		return o
	}
	for name, tt := range map[string]struct {
		s    signer
		o    *cades.Options
		want codes.Code
	}{
		"no certificate":     {s, with(s, func(o *cades.Options) { o.Chain = nil }), cades.ErrCertificate},
		"expired":            {s, with(s, func(o *cades.Options) { o.Time = w.now.AddDate(9, 0, 0) }), cades.ErrCertificate},
		"no authority":       {s, with(s, func(o *cades.Options) { o.TSA = nil }), cades.ErrOptions},
		"no anchors":         {s, with(s, func(o *cades.Options) { o.Anchors = nil }), cades.ErrOptions},
		"no such level":      {s, with(s, func(o *cades.Options) { o.Level = 7 }), cades.ErrOptions},
		"an unknown digest":  {s, with(s, func(o *cades.Options) { o.Digest = crypto.Hash(99) }), cades.ErrOptions},
		"SHA-1":              {s, with(s, func(o *cades.Options) { o.Digest = crypto.SHA1 }), cms.ErrAlgorithm},
		"nobody to counter":  {s, with(s, func(o *cades.Options) { o.Countersign = 1 }), cades.ErrSigner},
		"revoked":            {revoked, w.options(revoked, cades.BLT), cades.ErrRevoked},
		"another's anchors":  {s, with(s, func(o *cades.Options) { o.Anchors = nobody{} }), cades.ErrEvidence},
		"another's key":      {signer{revoked.key, s.chain}, w.options(s, cades.BB), cades.ErrSignatureMismatch},
		"a silent authority": {s, with(s, func(o *cades.Options) { o.TSA = silent{} }), cades.ErrTimestamp},
	} {
		var out bytes.Buffer
		if _, err := cades.Sign(t.Context(), &out, cades.New(section(content), false), tt.s.key, tt.o); codes.Of(err) != string(tt.want) || out.Len() > 0 {
			t.Errorf("%s: %v, and %d bytes written", name, err, out.Len())
		}
	}
	if _, err := cades.Extend(t.Context(), &bytes.Buffer{}, cades.New(section(content), false), cades.BT, w.extension()); codes.Of(err) != string(cades.ErrUnsigned) {
		t.Errorf("extending nothing: %v", err)
	}
	if _, err := cades.Extend(t.Context(), &bytes.Buffer{}, cades.New(section(content), false), cades.BB, nil); codes.Of(err) != string(cades.ErrOptions) {
		t.Errorf("extending to B-B: %v", err)
	}
	if _, err := cades.ParseLevel("B-X"); codes.Of(err) != string(cades.ErrOptions) {
		t.Errorf("a level: %v", err)
	}
}

type nobody struct{}

func (nobody) Anchors(time.Time) []certpath.Anchor { return nil }

type silent struct{}

func (silent) Timestamp(context.Context, crypto.Hash, []byte) (*tsp.Token, error) {
	return nil, errors.New("no answer")
}
