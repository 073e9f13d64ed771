package pkcs11

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestParseURI(t *testing.T) {
	for text, want := range map[string]URI{
		"pkcs11:token=van-thu;object=seal":                          {Token: "van-thu", Object: "seal"},
		"pkcs11:token=V%C4%83n%20th%C6%B0;object=con%20d%E1%BA%A5u": {Token: "Văn thư", Object: "con dấu"},
		"pkcs11:serial=0a1b;id=%00%ff%10;type=private":              {Serial: "0a1b", ID: []byte{0, 0xff, 0x10}},
		"pkcs11:model=m;manufacturer=x;token=t?module-path=/a/b.so": {Token: "t", Model: "m", Manufacturer: "x", Module: "/a/b.so"},
		"pkcs11:token=a+b":                 {Token: "a+b"}, // a plus is a plus (RFC 3986), not a blank
		"pkcs11:token=t?x-vendor=thing":    {Token: "t"},
		"pkcs11:token=t;library-version=3": {Token: "t"},
	} {
		got, err := ParseURI(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if !reflect.DeepEqual(*got, want) {
			t.Errorf("%s: %+v, want %+v", text, *got, want)
		}
	}
}

func TestParseURIRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"another scheme":                 "p12:file",
		"no token":                       "pkcs11:object=seal",
		"a slot, whose number changes":   "pkcs11:token=t;slot-id=3",
		"a PIN in the address":           "pkcs11:token=t?pin-value=secret",
		"a PIN's file in the address":    "pkcs11:token=t?pin-source=file:/secret",
		"a module by name":               "pkcs11:token=t?module-name=softhsm2",
		"an attribute nobody knows":      "pkcs11:token=t;colour=red",
		"an attribute twice":             "pkcs11:token=t;token=u",
		"an attribute without value":     "pkcs11:token",
		"broken percent-encoding":        "pkcs11:token=%zz",
		"a secret key":                   "pkcs11:token=t;type=secret-key",
		"an address above the limit":     "pkcs11:token=" + strings.Repeat("a", maxURI),
		"more attributes than the limit": "pkcs11:token=t?" + manyAttributes(),
	} {
		_, err := ParseURI(text)
		if !errors.Is(err, ErrURI) {
			t.Errorf("%s: %v, want %s", name, err, ErrURI)
			continue
		}
		if strings.Contains(err.Error(), "secret") && name != "a secret key" {
			t.Errorf("%s: the error tells the secret: %v", name, err)
		}
	}
}

func manyAttributes() string {
	var b strings.Builder
	for i := range maxAttributes + 1 {
		b.WriteString("&" + string(rune('a'+i%26)) + strings.Repeat("x", i) + "=1")
	}
	return b.String()[1:]
}

func FuzzParseURI(f *testing.F) {
	f.Add("pkcs11:token=van-thu;object=seal?module-path=/usr/lib/p11.so")
	f.Add("pkcs11:serial=0a1b;id=%00%ff")
	f.Add("pkcs11:?")
	f.Fuzz(func(t *testing.T, text string) {
		u, err := ParseURI(text)
		if (u == nil) == (err == nil) {
			t.Fatalf("%v, %v", u, err)
		}
		if err == nil && u.Token == "" && u.Serial == "" {
			t.Fatal("it names no token")
		}
	})
}
