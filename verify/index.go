package verify

import "slices"

// indexed is facts with a policy, every id looked up once, ready to be decided for any time. It is read-only.
type indexed struct {
	f          *Facts
	p          *Policy
	objects    map[string]int // the place of an id in a decision's proofs
	binds      []int          // by object: the certificate that it names by hash among its signed attributes, -1 none
	certs      map[string]*knownCert
	evidence   []knownEvidence
	signatures []knownSignature
	stamps     []*knownStamp // in the order in which they prove each other
}

// knownCert is a certificate and what is said of it, oldest evidence first.
type knownCert struct {
	*CertificateFacts
	object  int
	answers []answer
}

// answer is what one piece of evidence says of one certificate.
type answer struct {
	*AnswerFacts
	by *knownEvidence
}

// knownPath is a chain with its certificates, leaf first; nil where the facts lack one.
type knownPath struct {
	*ChainFacts
	certs []*knownCert
}

// knownEvidence is a piece of evidence. What it says it may say only beside other lists: a delta, or those of other reasons.
type knownEvidence struct {
	*EvidenceFacts
	object int
	signer *knownCert // nil where the facts lack it
	paths  []knownPath
	parts  []*knownEvidence // itself, and what it is read with
	whole  bool             // the facts lack none of those
}

type knownSignature struct {
	*SignatureFacts
	object int
	paths  []knownPath
	stamps []*knownStamp
}

type knownStamp struct {
	*TimestampFacts
	object int
	place  int // in indexed.stamps
	paths  []knownPath
	covers []int // objects
}

func index(f *Facts, p *Policy) *indexed {
	x := &indexed{f: f, p: p, objects: make(map[string]int, 32), certs: make(map[string]*knownCert, len(f.Certificates))}
	certs := make([]knownCert, len(f.Certificates))
	for i := range f.Certificates {
		c := &f.Certificates[i]
		certs[i] = knownCert{CertificateFacts: c, object: x.object(c.ID)}
		x.certs[c.ID] = &certs[i]
	}
	x.indexEvidence()
	x.signatures = make([]knownSignature, len(f.Signatures))
	for i := range f.Signatures {
		x.indexSignature(&x.signatures[i], &f.Signatures[i])
	}
	slices.SortStableFunc(x.stamps, provingOrder)
	for i, t := range x.stamps {
		t.place = i
	}
	return x
}

func (x *indexed) indexEvidence() {
	x.evidence = make([]knownEvidence, len(x.f.Evidence))
	for i := range x.evidence {
		e := &x.f.Evidence[i]
		x.evidence[i] = knownEvidence{EvidenceFacts: e, object: x.object(e.ID), signer: x.certs[e.Signer], paths: x.paths(e.Chains)}
		for j := range e.Answers {
			if c := x.certs[e.Answers[j].Certificate]; c != nil {
				c.answers = append(c.answers, answer{&e.Answers[j], &x.evidence[i]})
			}
		}
	}
	for i := range x.evidence {
		x.join(&x.evidence[i])
	}
	for _, c := range x.certs {
		slices.SortStableFunc(c.answers, func(a, b answer) int { return a.by.ThisUpdate.Compare(b.by.ThisUpdate) })
	}
}

// join finds the lists that evidence is read with. One that stands for several signers is taken by the same as the evidence.
func (x *indexed) join(e *knownEvidence) {
	e.parts, e.whole = append(e.parts, e), true
	for _, id := range e.Also {
		var found *knownEvidence
		for i := range x.evidence {
			if p := &x.evidence[i]; p.ID == id && len(p.Also) == 0 && (found == nil || p.Signer == e.Signer) {
				found = p
			}
		}
		if e.whole = e.whole && found != nil; found != nil {
			e.parts = append(e.parts, found)
		}
	}
}

func (x *indexed) indexSignature(s *knownSignature, f *SignatureFacts) {
	*s = knownSignature{SignatureFacts: f, object: x.object(f.ID), paths: x.paths(f.Chains)}
	if !unbound(f) {
		x.bind(s.object, f.Signer)
	}
	stamps := make([]knownStamp, len(f.Timestamps))
	for i := range stamps {
		t := &f.Timestamps[i]
		stamps[i] = knownStamp{TimestampFacts: t, object: x.object(t.ID), paths: x.paths(t.Chains), covers: make([]int, len(t.Covers))}
		for j, id := range t.Covers {
			stamps[i].covers[j] = x.object(id)
		}
		x.bind(stamps[i].object, t.Signer) // RFC 3161, 2.4.2: a token always names its certificate
		s.stamps, x.stamps = append(s.stamps, &stamps[i]), append(x.stamps, &stamps[i])
	}
}

// object numbers an id.
func (x *indexed) object(id string) int {
	n, ok := x.objects[id]
	if !ok {
		n = len(x.objects)
		x.objects[id] = n
		x.binds = append(x.binds, -1)
	}
	return n
}

func (x *indexed) bind(object int, certificate string) {
	if certificate != "" {
		x.binds[object] = x.object(certificate)
	}
}

func (x *indexed) paths(chains []ChainFacts) []knownPath {
	out := make([]knownPath, len(chains))
	for i := range chains {
		out[i] = knownPath{&chains[i], make([]*knownCert, len(chains[i].Certificates))}
		for j, id := range chains[i].Certificates {
			out[i].certs[j] = x.certs[id]
		}
	}
	return out
}

// provingOrder puts what covers much before what it covers, then the newest first (EN 319 102-1, 5.6.3.4).
func provingOrder(a, b *knownStamp) int {
	if a.wide() != b.wide() {
		if a.wide() {
			return -1
		}
		return 1
	}
	return b.GenTime.Compare(a.GenTime)
}

// wide says that a time-stamp covers other time-stamps.
func (t *TimestampFacts) wide() bool { return t.Kind == StampArchive || t.Kind == StampDocument }
