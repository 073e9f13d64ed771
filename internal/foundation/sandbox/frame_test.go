package sandbox

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

func TestFramesGoThrough(t *testing.T) {
	var b bytes.Buffer
	if err := errors.Join(writeFrame(&b, frameHello, nil), writeFrame(&b, frameAnswer, bytes.Repeat([]byte("x"), 1<<17))); err != nil {
		t.Fatal(err)
	}
	whole := b.Bytes()
	if body, err := want(&b, frameHello); err != nil || len(body) != 0 {
		t.Error(err)
	}
	if body, err := want(&b, frameAnswer); err != nil || len(body) != 1<<17 {
		t.Error(err)
	}
	if _, _, err := readFrame(&b); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	if _, _, err := readFrame(bytes.NewReader(whole[5 : len(whole)-1])); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error(err)
	}
	if _, err := want(bytes.NewReader(whole), frameAnswer); !errors.Is(err, errFrame) {
		t.Error(err)
	}
	if err := writeFrame(io.Discard, frameAnswer, make([]byte, maxFrame+1)); !errors.Is(err, errFrame) {
		t.Error(err)
	}
}

func TestARangeLiesInItsFile(t *testing.T) {
	sizes := []int64{10, 1 << 40}
	for _, c := range []struct {
		file   byte
		offset int64
		n      int
		ok     bool
	}{
		{0, 0, 10, true}, {0, 10, 0, true}, {1, 1<<40 - 1, 1, true}, {0, 0, 11, false}, {0, 11, 0, false}, {0, -1, 1, false}, {2, 0, 0, false},
		{1, 0, maxRange, true}, {1, 0, maxRange + 1, false},
	} {
		if _, _, _, err := parseRange(rangeFrame(c.file, c.offset, c.n), sizes); (err == nil) != c.ok {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// FuzzFrames reads what a child that was taken over may write: nothing but whole frames comes out, and what they say lies within bounds.
func FuzzFrames(f *testing.F) {
	var b bytes.Buffer
	for kind, body := range map[byte][]byte{
		frameHello: nil, frameRead: rangeFrame(0, 5, 5), frameFetch: []byte(`{"Method":"GET","URL":"http://a.example/"}`),
		frameFailure: []byte(`{"kind":"sandbox.memory"}`), frameAnswer: []byte(`{"pages":[{"width":1,"height":2,"rotation":90}]}`),
	} {
		b.Reset()
		if err := writeFrame(&b, kind, body); err != nil {
			f.Fatal(err)
		}
		f.Add(bytes.Clone(b.Bytes()))
	}
	f.Add([]byte{frameAnswer, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, in []byte) {
		r := bytes.NewReader(in)
		for {
			before := r.Len()
			kind, body, err := readFrame(r)
			if err != nil {
				return
			}
			if before-r.Len() != frameOverhead+len(body) {
				t.Fatalf("%d bytes taken for a frame of %d", before-r.Len(), len(body))
			}
			var again bytes.Buffer
			if err := writeFrame(&again, kind, body); err != nil || !bytes.Equal(again.Bytes(), in[len(in)-before:len(in)-r.Len()]) {
				t.Fatal("written again it is another", err)
			}
			sizes := []int64{100, 7}
			if file, offset, n, err := parseRange(body, sizes); err == nil && (offset < 0 || n < 0 || offset+int64(n) > sizes[file]) {
				t.Fatal(file, offset, n)
			}
			var failed childError
			var asked request
			var info Info
			_, _, _ = decode(body, &failed), decode(body, &asked), decode(body, &info) // they must not panic
		}
	})
}
