package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"github.com/antinvn/antin/certpath"
)

// identity is a key with a self-signed certificate, in memory and as files.
type identity struct {
	key           crypto.Signer
	cert          *certpath.Certificate
	keyPEM, chain string // paths: PKCS#8 key with its certificate, and the certificate alone
}

func newIdentities(dir string) (onRSA, onP256 *identity, err error) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, nil, err
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	if onRSA, err = newIdentity(filepath.Join(dir, "rsa"), rsaKey); err != nil {
		return nil, nil, err
	}
	onP256, err = newIdentity(filepath.Join(dir, "p256"), ecKey)
	return onRSA, onP256, err
}

func newIdentity(stem string, key crypto.Signer) (*identity, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Antin bench"}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	id := &identity{key: key, keyPEM: stem + "-key.pem", chain: stem + "-cert.pem"}
	if id.cert, err = certpath.ParseCertificate(der); err != nil {
		return nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(id.chain, cert, 0o600); err != nil {
		return nil, err
	}
	both := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), cert...)
	return id, os.WriteFile(id.keyPEM, both, 0o600)
}
