package certpath_test

import (
	"bytes"
	"crypto"
	"crypto/dsa" //nolint:staticcheck // to verify only
	"crypto/rsa"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
)

// A certificate may hold any key: one of a megabyte would keep a processor busy for minutes, and no context ends that.
func TestKeysTooLargeToWorkWithAreRefused(t *testing.T) {
	large := func(bits uint) *big.Int {
		return new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), bits-1), big.NewInt(1))
	}
	sha256WithRSA := certpath.AlgorithmIdentifier{Algorithm: certpath.OID{1, 2, 840, 113549, 1, 1, 11}}
	dsaWithSHA256 := certpath.AlgorithmIdentifier{Algorithm: certpath.OID{2, 16, 840, 1, 101, 3, 4, 3, 2}}
	pair, err := asn1.Marshal([]*big.Int{big.NewInt(5), big.NewInt(7)})
	if err != nil {
		t.Fatal(err)
	}
	key := func(p, q, g, y uint) *dsa.PublicKey {
		return &dsa.PublicKey{Parameters: dsa.Parameters{P: large(p), Q: large(q), G: large(g)}, Y: large(y)}
	}
	for name, tt := range map[string]struct {
		alg  certpath.AlgorithmIdentifier
		pub  crypto.PublicKey
		sig  []byte
		want codes.Code
	}{
		"RSA of 16384 bits":           {sha256WithRSA, &rsa.PublicKey{N: large(16384), E: 65537}, bytes.Repeat([]byte{0x55}, 2048), certpath.ErrSignature},
		"RSA of 16385 bits":           {sha256WithRSA, &rsa.PublicKey{N: large(16385), E: 65537}, bytes.Repeat([]byte{0x55}, 2049), certpath.ErrTooLarge},
		"RSA of a million bits":       {sha256WithRSA, &rsa.PublicKey{N: large(1_000_000), E: 65537}, bytes.Repeat([]byte{0x55}, 125_000), certpath.ErrTooLarge},
		"DSA of a million bits":       {dsaWithSHA256, key(1_000_000, 256, 2000, 2000), pair, certpath.ErrSignature},
		"DSA with a large subgroup":   {dsaWithSHA256, key(3072, 4_000_000, 3000, 3000), pair, certpath.ErrSignature},
		"DSA with a large public key": {dsaWithSHA256, key(3072, 256, 3000, 4_000_000), pair, certpath.ErrSignature},
		"DSA with a large generator":  {dsaWithSHA256, key(3072, 256, 4_000_000, 3000), pair, certpath.ErrSignature},
		"DSA of an ordinary size":     {dsaWithSHA256, key(3072, 256, 3000, 3000), pair, certpath.ErrSignature},
	} {
		start := time.Now()
		if _, err := certpath.VerifyDigest(tt.alg, tt.pub, crypto.SHA256, bytes.Repeat([]byte{0x11}, 32), tt.sig); codes.Of(err) != string(tt.want) {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}
