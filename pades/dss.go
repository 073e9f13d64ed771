package pades

import (
	"context"
	"crypto/sha1" //nolint:gosec // ISO 32000-2, 12.8.4.4 names the entries of /VRI by SHA-1; nothing rests on it
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/pdf"
	"github.com/antinvn/antin/revocation"
)

// Evidence is the document security store of a view.
type Evidence struct {
	Certificates []*certpath.Certificate
	OCSP, CRLs   [][]byte
	VRI          map[string]pdf.Dict
}

// storeLimit bounds the entries of each kind that are read from a document security store.
const storeLimit = 10_000

// StoredEvidence reads /DSS, its certificates by parse, or by [certpath.ParseCertificate] if that is nil. Certificates that cannot be
// parsed are left out; without a store everything is empty.
func StoredEvidence(v *pdf.View, parse func(der []byte) (*certpath.Certificate, error)) (*Evidence, error) {
	if parse == nil {
		parse = certpath.ParseCertificate
	}
	root, err := v.Catalog()
	if err != nil {
		return nil, err
	}
	e := &Evidence{VRI: map[string]pdf.Dict{}}
	dss, err := dictOf(v, root["DSS"])
	if err != nil || dss == nil {
		return e, err
	}
	certs, err := storedStreams(v, dss["Certs"])
	if err != nil {
		return nil, err
	}
	for _, der := range certs {
		if c, err := parse(der); err == nil {
			e.Certificates = append(e.Certificates, c)
		}
	}
	if e.OCSP, err = storedStreams(v, dss["OCSPs"]); err != nil {
		return nil, err
	}
	if e.CRLs, err = storedStreams(v, dss["CRLs"]); err != nil {
		return nil, err
	}
	vri, err := dictOf(v, dss["VRI"])
	if err != nil {
		return nil, err
	}
	for key, o := range vri {
		if d, err := dictOf(v, o); err != nil {
			return nil, err
		} else if d != nil {
			e.VRI[string(key)] = d
		}
	}
	return e, nil
}

func storedStreams(v *pdf.View, o pdf.Object) ([][]byte, error) {
	a, err := v.Array(o)
	if err != nil {
		return nil, err
	}
	var all [][]byte
	for _, o := range a[:min(len(a), storeLimit)] {
		s, err := v.Stream(o)
		if err != nil || s == nil {
			continue // one unreadable entry does not hide the others
		}
		if data, _, err := v.Decode(s); err == nil {
			all = append(all, data)
		}
	}
	return all, nil
}

// vriKey names a signature in /VRI: the SHA-1 of the whole decoded /Contents, padding included.
func vriKey(contents []byte) pdf.Name {
	sum := sha1.Sum(contents) //nolint:gosec // as above
	return pdf.Name(strings.ToUpper(hex.EncodeToString(sum[:])))
}

// store is the document security store of a revision being made. It only grows: what an older revision put there
// stays in its place, and an older /VRI entry is never touched.
type store struct {
	u       *pdf.Update
	dss     holder
	shelves map[pdf.Name]*shelf
	grown   bool
}

// shelf is one of /Certs, /OCSPs and /CRLs.
type shelf struct {
	known map[[sha256.Size]byte]pdf.Ref
	added pdf.Array
}

func openStore(u *pdf.Update) (*store, error) {
	root, err := catalog(u)
	if err != nil {
		return nil, err
	}
	have, err := dictOf(u, root.dict["DSS"])
	if err != nil {
		return nil, err
	}
	if have == nil {
		root.dict["DSS"] = u.Add(pdf.Dict{"Type": pdf.Name("DSS")})
		if err := root.save(); err != nil {
			return nil, err
		}
	}
	s := &store{u: u, shelves: map[pdf.Name]*shelf{}}
	if s.dss, err = root.child("DSS"); err != nil {
		return nil, err
	}
	for _, key := range []pdf.Name{"Certs", "OCSPs", "CRLs"} {
		if s.shelves[key], err = openShelf(u, have[key]); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func openShelf(u *pdf.Update, o pdf.Object) (*shelf, error) {
	sh := &shelf{known: map[[sha256.Size]byte]pdf.Ref{}}
	a, err := arrayOf(u, o)
	if err != nil {
		return nil, err
	}
	for _, o := range a[:min(len(a), storeLimit)] {
		ref, ok := o.(pdf.Ref)
		s, err := u.Base().Stream(o)
		if !ok || err != nil || s == nil {
			continue
		}
		if data, _, err := u.Base().Decode(s); err == nil {
			sh.known[sha256.Sum256(data)] = ref
		}
	}
	return sh, nil
}

// put stores DER once, whatever shelf entry it already has, and returns its reference.
func (s *store) put(key pdf.Name, der []byte) pdf.Ref {
	sh, sum := s.shelves[key], sha256.Sum256(der)
	if ref, ok := sh.known[sum]; ok {
		return ref
	}
	ref := s.u.Add(pdf.NewStream(pdf.Dict{}, der, key == "CRLs")) // lists shrink to half, the others hardly
	s.grown = true
	sh.known[sum] = ref
	sh.added = append(sh.added, ref)
	return ref
}

// add stores evidence and names it for the signature, unless the signature has an entry already.
func (s *store) add(contents []byte, p *revocation.Evidence) error {
	entry := pdf.Dict{"Type": pdf.Name("VRI")}
	list := func(key pdf.Name, refs pdf.Array) {
		if len(refs) > 0 {
			entry[key] = refs
		}
	}
	var certs pdf.Array
	for _, c := range p.Certificates {
		certs = append(certs, s.put("Certs", c.Raw))
	}
	list("Cert", certs)
	list("OCSP", s.putAll("OCSPs", p.OCSP))
	list("CRL", s.putAll("CRLs", p.CRLs))
	vri, err := s.dss.child("VRI")
	if err != nil {
		return err
	}
	key := vriKey(contents)
	if _, ok := vri.dict[key]; ok {
		return nil
	}
	s.grown = true
	vri.dict[key] = s.u.Add(entry)
	return vri.save()
}

func (s *store) putAll(key pdf.Name, ders [][]byte) pdf.Array {
	var refs pdf.Array
	for _, der := range ders {
		refs = append(refs, s.put(key, der))
	}
	return refs
}

// close writes the shelves.
func (s *store) close() error {
	for _, key := range []pdf.Name{"Certs", "OCSPs", "CRLs"} {
		if added := s.shelves[key].added; len(added) > 0 {
			if err := s.dss.append(key, added...); err != nil {
				return err
			}
		}
	}
	return s.dss.save()
}

// secure appends a revision whose security store holds what the signatures wanted need; none where it holds that already.
func (o *output) secure(ctx context.Context, eo *EmbedOptions, wanted func(*Signature, *Evidence) bool) error {
	d, err := o.reopen(ctx)
	if err != nil {
		return err
	}
	signatures, err := Signatures(ctx, d)
	if err != nil {
		return err
	}
	stored, err := StoredEvidence(d.Latest(), nil)
	if err != nil {
		return err
	}
	signatures = slices.DeleteFunc(signatures, func(s *Signature) bool { return !wanted(s, stored) })
	if len(signatures) == 0 {
		return nil
	}
	dr, err := newDraft(ctx, d, &Options{})
	if err != nil {
		return err
	}
	s, err := openStore(dr.u)
	if err != nil {
		return err
	}
	asked := *eo
	asked.Status = revocation.Remember(eo.Status)
	for _, sig := range signatures {
		p, err := prove(ctx, sig, stored, &asked)
		if err != nil {
			return err
		}
		if err := s.add(sig.Contents, p); err != nil {
			return err
		}
	}
	if !s.grown {
		return nil
	}
	if err := s.close(); err != nil {
		return err
	}
	if err := declare(dr.u, esicStore); err != nil {
		return err
	}
	dr.u.Rand = eo.Rand
	tail, err := dr.u.Tail(nil)
	if err != nil {
		return err
	}
	o.tail = append(o.tail, tail...)
	return nil
}
