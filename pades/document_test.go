package pades_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/antinvn/antin/pades"
	"github.com/antinvn/antin/pdf"
)

func TestTaggedFilesGetAStructureElement(t *testing.T) {
	s := newSigner(t, "Tagged", p256())
	f := pages(1)
	document := f.add("") // 6
	leaf := f.add("<< /Limits [0 0] /Nums [0 [ " + document + " ]] >>")
	tree := f.add("<< /Type /StructTreeRoot /K " + document + " /ParentTree << /Kids [" + leaf + "] >> /ParentTreeNextKey 1 >>")
	f.objects[5] = "<< /Type /StructElem /S /Document /P " + tree + " /K 0 /Pg 5 0 R >>"
	f.objects[0] = "<< /Type /Catalog /Pages 2 0 R /MarkInfo << /Marked true >> /StructTreeRoot " + tree + " /Lang (vi) >>"
	once, _ := sign(t, f.bytes(), s, s.options())
	clean(t, once)
	v := open(t, once).Latest()
	widget := must(v.Get("AcroForm", "Fields", 0))(t).(pdf.Dict)
	element := must(v.Get("StructTreeRoot", "K", "K", 1))(t).(pdf.Dict)
	if element["S"] != pdf.Name("Form") || widget["StructParent"] != int64(1) {
		t.Fatalf("element %v, widget %v", element, widget)
	}
	if kid := must(v.Dict(element["K"]))(t); kid["Obj"] != must(v.Array(must(v.Get("AcroForm", "Fields"))(t)))(t)[0] {
		t.Errorf("the element refers to %v", kid)
	}
	if nums := must(v.Get("StructTreeRoot", "ParentTree", "Kids", 0))(t).(pdf.Dict); fmt.Sprint(nums["Limits"]) != "[0 1]" {
		t.Errorf("parent tree %v", nums)
	}
	if next, _ := v.Get("StructTreeRoot", "ParentTreeNextKey"); next != int64(2) {
		t.Errorf("next key %v", next)
	}
	t.Run("but nothing changes there after a signature", func(t *testing.T) {
		twice, _ := sign(t, once, s, s.options())
		for _, c := range must(open(t, twice).Latest().Changed())(t) {
			if c.Ref.Number == 8 || c.Ref.Number == 6 {
				t.Errorf("object %v of the structure tree was rewritten", c.Ref)
			}
		}
	})
}

func TestCrossReferenceStreamsAreContinued(t *testing.T) {
	s := newSigner(t, "Streams", p256())
	in, out := store(t, pages(2).bytes()), t.TempDir()+"/streams.pdf"
	peer(t, "qpdf", "--object-streams=generate", in, out)
	base := read(t, out)
	signed, _ := sign(t, base, s, s.options())
	intact(t, signed, 1)
	clean(t, signed)
	d := open(t, signed)
	if last := d.Revisions()[len(d.Revisions())-1]; last.Kind != "stream" {
		t.Errorf("the new revision is written as %s", last.Kind)
	}
	if tail := signed[len(base):]; bytes.Contains(tail, []byte("/ObjStm")) {
		t.Error("something went into an object stream")
	}
	if said := peer(t, "pdfsig", "-nocert", store(t, signed)); !strings.Contains(said, "Signature is Valid") {
		t.Errorf("pdfsig: %s", said)
	}
}

func TestEncryptedFilesAreSignedAtEveryLevel(t *testing.T) {
	s := newSigner(t, "Encrypted", p256())
	a, source := newTSA(t)
	for _, bits := range []string{"40", "128", "256"} {
		t.Run(bits+" bit", func(t *testing.T) {
			in, out := store(t, pages(1).bytes()), t.TempDir()+"/encrypted.pdf"
			args := []string{"--encrypt", "user", "owner", bits, "--", in, out}
			if bits != "256" {
				args = append([]string{"--allow-weak-crypto"}, args...)
			}
			peer(t, "qpdf", args...)
			raw := read(t, out)
			password := &pdf.Options{Password: []byte("user")}
			d := must(pdf.Open(t.Context(), bytes.NewReader(raw), int64(len(raw)), password))(t)
			o := withTSA(s.options(), pades.BLTA, a, source)
			o.Reason = "Phê duyệt"
			var b bytes.Buffer
			must(pades.Sign(t.Context(), &b, d, s.key, o))(t)
			signed := must(pdf.Open(t.Context(), bytes.NewReader(b.Bytes()), int64(b.Len()), password))(t)
			all := must(pades.Signatures(t.Context(), signed))(t)
			if len(all) != 2 || all[0].Reason != o.Reason {
				t.Fatalf("%d signatures", len(all))
			}
			for _, sig := range all {
				if i := sig.Check(t.Context()); i.ByteRange != pades.Valid || i.Digest != pades.Match || i.Signature != pades.Match {
					t.Errorf("%s: %+v", sig.Field, i)
				}
			}
			if e := must(pades.StoredEvidence(signed.Latest(), nil))(t); len(e.Certificates) == 0 {
				t.Error("the security store cannot be read back")
			}
			if said := peer(t, "qpdf", "--password=user", "--check", store(t, b.Bytes())); !strings.Contains(said, "No syntax or stream encoding errors found") {
				t.Errorf("qpdf: %s", said)
			}
		})
	}
}

func TestACancelledContextStopsAtOnce(t *testing.T) {
	s := newSigner(t, "Cancelled", p256())
	base := pages(1).bytes()
	d := open(t, base)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, act := range map[string]func() error{
		"sign":    func() error { _, err := pades.Sign(ctx, io.Discard, d, s.key, s.options()); return err },
		"prepare": func() error { _, err := pades.Prepare(ctx, d, s.options()); return err },
	} {
		start := time.Now()
		if err := act(); !errors.Is(err, context.Canceled) || time.Since(start) > 100*time.Millisecond {
			t.Errorf("%s: %v after %v", name, err, time.Since(start))
		}
	}
}

func TestOneDocumentAndOneSetOfOptionsServeManySigners(t *testing.T) {
	s := newSigner(t, "Parallel", p256())
	base := pages(1).bytes()
	d, o := open(t, base), s.options()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			var out bytes.Buffer
			if _, err := pades.Sign(t.Context(), &out, d, s.key, o); err != nil {
				t.Error(err)
			}
			if i := signatures(t, out.Bytes())[0].Check(t.Context()); i.Signature != pades.Match {
				t.Errorf("%+v", i)
			}
		})
	}
	all.Wait()
}

func TestAFullDiskIsAnError(t *testing.T) {
	s := newSigner(t, "Full", p256())
	for _, room := range []int{10, 5000} {
		_, err := pades.Sign(t.Context(), &narrow{room}, open(t, pages(1).bytes()), s.key, s.options())
		if !errors.Is(err, errFull) {
			t.Errorf("with room for %d bytes: %v", room, err)
		}
	}
}

var errFull = errors.New("no space left on device")

type narrow struct{ room int }

func (n *narrow) Write(p []byte) (int, error) {
	if n.room -= len(p); n.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}
