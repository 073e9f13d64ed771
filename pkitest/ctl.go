package pkitest

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/cms"
	"github.com/antinvn/antin/trust"
)

// CertificateTrustList writes a certificate trust list as PKCS#7 has it, without OCTET STRING around the content, and signs it. Of c it takes the
// identifier, the sequence number, the times, the usage and the hash; its subjects are the certificates listed, which are put inside, as is each of extra.
func CertificateTrustList(c *trust.CTL, listed, extra []*certpath.Certificate, key crypto.Signer, signer *certpath.Certificate) ([]byte, error) {
	oidCTL := certpath.OID{1, 3, 6, 1, 4, 1, 311, 10, 1}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, oid := range c.Usage {
			b.AddASN1ObjectIdentifier(oid)
		}
	})
	b.AddASN1OctetString(c.Identifier)
	if c.Sequence != nil {
		b.AddASN1BigInt(c.Sequence)
	}
	for _, t := range []time.Time{c.ThisUpdate, c.NextUpdate} {
		if !t.IsZero() {
			b.AddASN1UTCTime(t)
		}
	}
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(certpath.OIDByHash(c.Hash))
		b.AddASN1NULL()
	})
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, cert := range listed {
			h := c.Hash.New()
			h.Write(cert.Raw)
			b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1OctetString(h.Sum(nil)) })
		}
	})
	body, err := b.Bytes()
	if err != nil {
		return nil, err
	}
	h := crypto.SHA256.New()
	h.Write(body)
	u, err := cms.Prepare(signer, h.Sum(nil), &cms.PrepareOptions{ContentType: oidCTL})
	if err != nil {
		return nil, err
	}
	sd, err := u.Sign(rand.Reader, key)
	if err != nil {
		return nil, err
	}
	sd.AddCertificates(append(append([]*certpath.Certificate{}, listed...), extra...)...)
	sd.Attach(bytes.NewReader(body), int64(len(body)))
	der, err := sd.MarshalDER()
	if err != nil {
		return nil, err
	}
	// PKCS#7 has the CertificateTrustList itself where CMS has an OCTET STRING of the same length: only the tag differs.
	at := bytes.Index(der, body)
	head := bytes.LastIndexByte(der[:max(at, 0)], byte(cbasn1.OCTET_STRING))
	if head < 0 {
		return nil, fmt.Errorf("the content was not found")
	}
	der[head] = byte(cbasn1.SEQUENCE)
	return der, nil
}
