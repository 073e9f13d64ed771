package trust

import (
	"encoding/json"
	"time"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/codes"
)

// packed is a store on its way to another process of the same program.
type packed struct {
	Anchors  []packedAnchor `json:"anchors"`
	Pool     [][]byte       `json:"pool"`
	Snapshot string         `json:"snapshot"`
}

type packedAnchor struct {
	Certificate []byte    `json:"certificate"`
	From        time.Time `json:"from,omitzero"`
	Until       time.Time `json:"until,omitzero"`
	Name        string    `json:"name"`
	Training    bool      `json:"training,omitempty"`
	Use         use       `json:"use"`
}

// Pack writes a store down for [Unpack] in another process of the same program: it is no form to be kept. Where things came from is left behind.
func (s *Store) Pack() []byte {
	var p packed
	if s != nil {
		for _, e := range s.entries {
			p.Anchors = append(p.Anchors, packedAnchor{e.Certificate.Raw, e.From, e.Until, e.Name, e.Training, e.use})
		}
		for _, c := range s.pool {
			p.Pool = append(p.Pool, c.Raw)
		}
	}
	p.Snapshot = s.Snapshot()
	b, err := json.Marshal(p)
	if err != nil {
		panic("trust: " + err.Error()) // only dates after the year 9999 do that, and no certificate or list can hold one
	}
	return b
}

// Unpack is the store that was packed, with the same anchors, paths and snapshot. ErrFile for what [Store.Pack] did not write.
func Unpack(b []byte) (*Store, error) {
	var p packed
	if err := json.Unmarshal(b, &p); err != nil {
		return nil, codes.Wrap(ErrFile, "unpacking", "", err)
	}
	entries := make([]entry, len(p.Anchors))
	for i, a := range p.Anchors {
		c, err := certpath.ParseCertificate(a.Certificate)
		if err != nil {
			return nil, codes.Wrap(ErrFile, "unpacking", "", err)
		}
		entries[i] = entry{certpath.Anchor{Certificate: c, From: a.From, Until: a.Until, Name: a.Name, Training: a.Training}, a.Use}
	}
	pool := make([]*certpath.Certificate, len(p.Pool))
	for i, der := range p.Pool {
		var err error
		if pool[i], err = certpath.ParseCertificate(der); err != nil {
			return nil, codes.Wrap(ErrFile, "unpacking", "", err)
		}
	}
	s := build(entries, pool, nil)
	s.snapshot = p.Snapshot
	return s, nil
}
