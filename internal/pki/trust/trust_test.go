package trust_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/antinvn/antin/cades"
	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/internal/pki/trust"
	"github.com/antinvn/antin/pkitest"
	"github.com/antinvn/antin/verify"
)

func TestASnapshotIsNamedByWhatItHoldsAndWhatFor(t *testing.T) {
	p, err := pkitest.New(pkitest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	practice := trust.New(trust.Training("practice", p.Root))
	if again := trust.New(trust.Training("another name", p.Root)); again.Name() != practice.Name() {
		t.Error("the same anchors have two names")
	}
	if unsaid := trust.New(trust.Anchor{Certificate: p.Root}); unsaid.Name() != practice.Name() || unsaid.Anchors()[0].Use != trust.ForTraining {
		t.Error("an anchor of which nobody said what it is for is relied upon")
	}
	others := []*trust.Snapshot{
		trust.New(),
		trust.New(trust.Anchor{Certificate: p.Root, Use: trust.ForSignatures}),
		trust.New(trust.Anchor{Certificate: p.Root, Use: trust.ForTraining, Until: time.Unix(1e9, 0)}),
	}
	for _, o := range others {
		if o.Name() == practice.Name() {
			t.Errorf("%+v has the name of another", o.Anchors())
		}
	}
}

func TestVerifyNamesTheSnapshotAndTheTraining(t *testing.T) {
	p, err := pkitest.New(pkitest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	cert, key, err := p.Issue(pkitest.Subject{CommonName: "Nguyễn Thị An"})
	if err != nil {
		t.Fatal(err)
	}
	content := strings.NewReader("văn bản")
	var out bytes.Buffer
	_, err = cades.Sign(t.Context(), &out, cades.New(io.NewSectionReader(content, 0, content.Size()), false), key, &cades.Options{
		Chain: append([]*certpath.Certificate{cert}, p.Chain()...),
	})
	if err != nil {
		t.Fatal(err)
	}
	signed := out.Bytes()
	for use, training := range map[trust.Use]bool{trust.ForTraining: true, trust.ForSignatures: false} {
		s := trust.New(trust.Anchor{Name: "root", Certificate: p.Root, Use: use})
		f, err := verify.Collect(t.Context(), bytes.NewReader(signed), int64(len(signed)), &verify.CollectOptions{Trust: s.Store(), Offline: true, At: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		v := verify.Decide(f, verify.DefaultPolicy(), time.Now())
		if r := v.Report("vi"); r.TrustSnapshot == nil || *r.TrustSnapshot != s.Name() || f.Signatures[0].Chains[0].Anchor.Training != training {
			t.Errorf("%s: snapshot %v, %+v", use, r.TrustSnapshot, f.Signatures[0].Chains[0].Anchor)
		}
	}
}
