package pkitest

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/revocation"
)

// stored is the state file beside the keys.
type stored struct {
	Version int                   `json:"version"`
	Name    string                `json:"name"`
	Address string                `json:"address"`
	Serial  int64                 `json:"serial"`
	Revoked []revocation.CRLEntry `json:"revoked,omitempty"`
}

const storedVersion = 2

func (p *PKI) parts() map[string]struct {
	cert **certpath.Certificate
	key  *crypto.Signer
} {
	return map[string]struct {
		cert **certpath.Certificate
		key  *crypto.Signer
	}{
		"root": {&p.Root, &p.rootKey}, "ca": {&p.CA, &p.caKey}, "tsa": {&p.tsa, &p.tsaKey}, "not-tsa": {&p.notTSA, nil},
		"ocsp": {&p.ocsp, &p.ocspKey}, "root-ocsp": {&p.rootOCSP, &p.rootOCSPKey},
	}
}

// Save writes keys, certificates and the address into a folder that only its owner may read.
func (p *PKI) Save(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("pkitest: saving: %w", err)
	}
	for name, part := range p.parts() {
		out := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: (*part.cert).Raw})
		if part.key != nil {
			der, err := x509.MarshalPKCS8PrivateKey(*part.key)
			if err != nil {
				return fmt.Errorf("pkitest: saving: %w", err)
			}
			out = append(out, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})...)
		}
		if err := os.WriteFile(filepath.Join(dir, name+".pem"), out, 0o600); err != nil {
			return fmt.Errorf("pkitest: saving: %w", err)
		}
	}
	p.mu.Lock()
	s := stored{Version: storedVersion, Name: p.o.Name, Address: p.o.Address, Serial: p.serial.Load()}
	for _, e := range p.revoked {
		s.Revoked = append(s.Revoked, e)
	}
	p.mu.Unlock()
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("pkitest: saving: %w", err)
	}
	return os.WriteFile(filepath.Join(dir, "pki.json"), b, 0o600)
}

// Load reads what Save wrote; Start binds the address of then.
func Load(dir string, clock func() time.Time) (*PKI, error) {
	b, err := os.ReadFile(filepath.Join(dir, "pki.json"))
	if err != nil {
		return nil, fmt.Errorf("pkitest: loading: %w", err)
	}
	var s stored
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("pkitest: loading %s: %w", dir, err)
	}
	if s.Version != storedVersion {
		return nil, fmt.Errorf("pkitest: loading %s: version %d is not known", dir, s.Version)
	}
	if clock == nil {
		clock = time.Now
	}
	p := &PKI{o: Options{Name: s.Name, Address: s.Address, Clock: clock}, revoked: map[string]revocation.CRLEntry{}, requests: map[string]int{}}
	p.serial.Store(max(s.Serial, clock().UnixMicro()))
	for _, e := range s.Revoked {
		p.revoked[e.Serial.String()] = e
	}
	for name, part := range p.parts() {
		data, err := os.ReadFile(filepath.Join(dir, name+".pem"))
		if err != nil {
			return nil, fmt.Errorf("pkitest: loading: %w", err)
		}
		if err := loadPart(data, part.cert, part.key); err != nil {
			return nil, fmt.Errorf("pkitest: loading %s: %w", name, err)
		}
	}
	return p, nil
}

func loadPart(data []byte, cert **certpath.Certificate, key *crypto.Signer) error {
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			return nil
		}
		data = rest
		switch block.Type {
		case "CERTIFICATE":
			c, err := certpath.ParseCertificate(block.Bytes)
			if err != nil {
				return err
			}
			*cert = c
		case "PRIVATE KEY":
			k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err != nil {
				return err
			}
			s, ok := k.(crypto.Signer)
			if !ok || key == nil {
				return fmt.Errorf("a key of type %T", k)
			}
			*key = s
		}
	}
}
