package certpath

import (
	"errors"
	"sync"
	"testing"
)

// TestOnlySuccessIsRemembered, of the key that verified, and of no other.
func TestOnlySuccessIsRemembered(t *testing.T) {
	var v Verified
	a, b := &Certificate{RawSubjectPublicKeyInfo: []byte("a")}, &Certificate{RawSubjectPublicKeyInfo: []byte("b")}
	calls := 0
	no, yes := func() error { calls++; return errors.New("no") }, func() error { calls++; return nil }
	for i, step := range []struct {
		signer *Certificate
		verify func() error
		ok     bool
		calls  int
	}{
		{a, no, false, 1}, {a, no, false, 2}, {a, yes, true, 3}, {a, no, true, 3}, {b, no, false, 4}, {b, yes, true, 5}, {b, no, true, 5},
		{&Certificate{}, yes, true, 6}, {&Certificate{}, yes, true, 7}, // a key that is not there is no key
	} {
		if err := v.By(step.signer, step.verify); (err == nil) != step.ok || calls != step.calls {
			t.Fatalf("step %d: %v after %d calls", i, err, calls)
		}
	}
	if (*Verified)(nil).By(a, no) == nil {
		t.Error("nothing remembers something")
	}
}

// TestOneValueForEachContent: many callers get the same value, and what is full begins anew.
func TestOneValueForEachContent(t *testing.T) {
	in := Interned[string]{Limit: 2}
	parse := func(b []byte) (*string, error) {
		if len(b) == 0 {
			return nil, errors.New("empty")
		}
		s := string(b)
		return &s, nil
	}
	first, err := in.Of([]byte("one"), parse)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if again, err := in.Of([]byte("one"), parse); err != nil || again != first {
				t.Error("another value for the same content")
			}
		})
	}
	wg.Wait()
	if _, err := in.Of(nil, parse); err == nil {
		t.Error("what cannot be read is kept")
	}
	for _, s := range []string{"two", "three"} {
		if v, err := in.Of([]byte(s), parse); err != nil || *v != s {
			t.Error(v, err)
		}
	}
	if len(in.values) > 2 {
		t.Errorf("%d values are kept", len(in.values))
	}
}

// TestAHashIsNoContent: what stands under the hash of another content is not taken for its value.
func TestAHashIsNoContent(t *testing.T) {
	in, parsed := Interned[string]{}, 0
	of := func(s string) string {
		v, err := in.Of([]byte(s), func(b []byte) (*string, error) {
			parsed++
			s := string(b)
			return &s, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return *v
	}
	if first, again := of("one"), of("one"); first != "one" || again != "one" || parsed != 1 {
		t.Fatalf("parsed %d times", parsed)
	}
	for key, v := range in.values {
		in.values[key] = interned[string]{[]byte("two"), v.value}
	}
	if got := of("one"); got != "one" || parsed != 2 {
		t.Errorf("%q, parsed %d times", got, parsed)
	}
}
