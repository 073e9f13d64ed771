//go:build !cgo

package pkcs11

import (
	"errors"
	"testing"
)

func TestWithoutCgoOpenSaysSo(t *testing.T) {
	if _, err := Open(t.Context(), "pkcs11:token=t;object=seal", nil); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if _, err := Open(t.Context(), "pkcs11:token=t;slot-id=1", nil); !errors.Is(err, ErrURI) {
		t.Errorf("a wrong address: %v", err)
	}
}
