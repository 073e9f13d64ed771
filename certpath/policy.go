package certpath

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Inhibit are the initial indicators of RFC 5280, 6.1.1 (e) to (g).
type Inhibit uint

// The indicators, to be joined with |.
const (
	// RequireExplicitPolicy wants the path valid for at least one of the policies asked for.
	RequireExplicitPolicy Inhibit = 1 << iota
	// InhibitPolicyMapping forbids authorities to say that a policy of theirs equals another.
	InhibitPolicyMapping
	// InhibitAnyPolicy takes anyPolicy for no policy.
	InhibitAnyPolicy
)

// AnyPolicy is the identifier of anyPolicy (RFC 5280, 4.2.1.4).
var AnyPolicy = OID{2, 5, 29, 32, 0}

var anyPolicy = AnyPolicy.String()

// policies is the state of RFC 5280, 6.1.2 (a) and (d) to (f). The valid policies are kept as a graph (RFC 9618), whose
// size grows with the number of policies named, where the tree of RFC 5280 could double with each certificate.
type policies struct {
	level    map[string]*policyNode // the current depth, by policy; empty: no policy is valid
	explicit int
	mapping  int
	any      int
}

// policyNode is one policy at one depth.
type policyNode struct {
	expected map[string]bool
	parents  map[string]*policyNode // at the depth above, by policy
}

func newPolicies(certificates int, initial Inhibit) *policies {
	count := func(flag Inhibit) int {
		if initial&flag != 0 {
			return 0
		}
		return certificates + 1
	}
	return &policies{
		level:    map[string]*policyNode{anyPolicy: {expected: map[string]bool{anyPolicy: true}}},
		explicit: count(RequireExplicitPolicy), mapping: count(InhibitPolicyMapping), any: count(InhibitAnyPolicy),
	}
}

// take is RFC 5280, 6.1.3 (d) to (f); false if a policy is required and none is left.
func (p *policies) take(c *Certificate, final bool) bool {
	if c.Extension(oidPolicies) == nil || len(p.level) == 0 {
		p.level = nil
		return p.explicit > 0
	}
	next := map[string]*policyNode{}
	hasAny := false
	expectedBy := p.byExpected()
	for _, id := range c.PolicyOIDs {
		policy := id.String()
		if policy == anyPolicy {
			hasAny = true
			continue
		}
		parents := expectedBy[policy]
		if top := p.level[anyPolicy]; parents == nil && top != nil {
			parents = map[string]*policyNode{anyPolicy: top}
		}
		if parents != nil {
			next[policy] = &policyNode{map[string]bool{policy: true}, parents}
		}
	}
	if hasAny && (p.any > 0 || !final && c.SelfIssued()) {
		for policy, parents := range expectedBy {
			if next[policy] == nil {
				next[policy] = &policyNode{map[string]bool{policy: true}, parents}
			}
		}
	}
	p.level = next
	return p.explicit > 0 || len(p.level) > 0
}

// byExpected gives for each policy the nodes that expect it.
func (p *policies) byExpected() map[string]map[string]*policyNode {
	out := map[string]map[string]*policyNode{}
	for policy, n := range p.level {
		for e := range n.expected {
			if out[e] == nil {
				out[e] = map[string]*policyNode{}
			}
			out[e][policy] = n
		}
	}
	return out
}

// prepare is RFC 5280, 6.1.4 (a), (b) and (h) to (j): what the next certificate finds.
func (p *policies) prepare(c *Certificate) (ok bool) {
	mappings, ok := policyMappings(c)
	if !ok {
		return false
	}
	p.remap(mappings)
	if !c.SelfIssued() {
		p.explicit, p.mapping, p.any = max(p.explicit-1, 0), max(p.mapping-1, 0), max(p.any-1, 0)
	}
	explicit, mapping, ok := policyConstraints(c)
	if !ok {
		return false
	}
	p.explicit, p.mapping = lower(p.explicit, explicit), lower(p.mapping, mapping)
	skip, ok := inhibitAny(c)
	p.any = lower(p.any, skip)
	return ok
}

func lower(have, given int) int {
	if given >= 0 {
		return min(have, given)
	}
	return have
}

func (p *policies) remap(mappings map[string]map[string]bool) {
	top := p.level[anyPolicy]
	for policy, subjects := range mappings {
		n := p.level[policy]
		switch {
		case p.mapping == 0:
			delete(p.level, policy)
		case n != nil:
			n.expected = subjects
		case top != nil:
			p.level[policy] = &policyNode{subjects, top.parents}
		}
	}
}

// valid is RFC 5280, 6.1.5 (a), (b) and (g): the policies, in the anchor's words, for which the path is valid; ok is false
// if one is required and there is none.
func (p *policies) valid(leaf *Certificate, asked []OID) (list []OID, ok bool) {
	explicit, _, ok := policyConstraints(leaf)
	if !ok {
		return nil, false
	}
	if p.explicit = max(p.explicit-1, 0); explicit == 0 {
		p.explicit = 0
	}
	found := p.byAnchor()
	if len(asked) > 0 && !slices.ContainsFunc(asked, AnyPolicy.Equal) {
		for policy := range found {
			if policy != anyPolicy && !slices.ContainsFunc(asked, func(o OID) bool { return o.String() == policy }) {
				delete(found, policy)
			}
		}
		if found[anyPolicy] != nil { // any of those asked for
			delete(found, anyPolicy)
			for _, o := range asked {
				found[o.String()] = o
			}
		}
	}
	for _, policy := range slices.Sorted(maps.Keys(found)) {
		list = append(list, found[policy])
	}
	return list, p.explicit > 0 || len(list) > 0
}

// byAnchor follows each valid policy up to where it stands below anyPolicy alone: that is its name for the anchor.
func (p *policies) byAnchor() map[string]OID {
	found := map[string]OID{}
	seen := map[*policyNode]bool{}
	type step struct {
		policy string
		node   *policyNode
	}
	var todo []step
	for policy, n := range p.level {
		todo = append(todo, step{policy, n})
	}
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[s.node] {
			continue
		}
		seen[s.node] = true
		if s.policy == anyPolicy {
			found[anyPolicy] = AnyPolicy
			continue
		}
		for policy, n := range s.node.parents {
			if policy == anyPolicy {
				found[s.policy] = parseOID(s.policy)
			} else {
				todo = append(todo, step{policy, n})
			}
		}
	}
	return found
}

func parseOID(s string) OID {
	var out OID
	for arc := range strings.SplitSeq(s, ".") {
		n, err := strconv.Atoi(arc)
		if err != nil {
			return nil
		}
		out = append(out, n)
	}
	return out
}

func policyMappings(c *Certificate) (mappings map[string]map[string]bool, ok bool) {
	e := c.Extension(oidPolicyMappings)
	if e == nil {
		return nil, true
	}
	in := cryptobyte.String(e.Value)
	var list cryptobyte.String
	if !in.ReadASN1(&list, cbasn1.SEQUENCE) {
		return nil, false
	}
	mappings = map[string]map[string]bool{}
	for n := 0; !list.Empty(); n++ {
		var one cryptobyte.String
		var issuer, subject OID
		if n >= maxListed || !list.ReadASN1(&one, cbasn1.SEQUENCE) || !one.ReadASN1ObjectIdentifier(&issuer) || !one.ReadASN1ObjectIdentifier(&subject) ||
			issuer.Equal(AnyPolicy) || subject.Equal(AnyPolicy) { // RFC 5280, 6.1.4 (a)
			return nil, false
		}
		i := issuer.String()
		if mappings[i] == nil {
			mappings[i] = map[string]bool{}
		}
		mappings[i][subject.String()] = true
	}
	return mappings, true
}

// policyConstraints reads the two counts, -1 where not given.
func policyConstraints(c *Certificate) (explicit, mapping int, ok bool) {
	e := c.Extension(oidPolicyConstraint)
	if e == nil {
		return -1, -1, true
	}
	in := cryptobyte.String(e.Value)
	var body cryptobyte.String
	if !in.ReadASN1(&body, cbasn1.SEQUENCE) {
		return 0, 0, false
	}
	if explicit, ok = skipCerts(&body, 0); !ok {
		return 0, 0, false
	}
	mapping, ok = skipCerts(&body, 1)
	return explicit, mapping, ok && body.Empty()
}

// skipCerts reads SkipCerts under an implicit tag; a number above any path is as good as the length of the longest.
func skipCerts(s *cryptobyte.String, tag uint8) (int, bool) {
	var v cryptobyte.String
	var has bool
	if !s.ReadOptionalASN1(&v, &has, cbasn1.Tag(tag).ContextSpecific()) {
		return 0, false
	}
	if !has {
		return -1, true
	}
	return count(v)
}

func count(v []byte) (int, bool) {
	if len(v) == 0 || v[0] >= 0x80 {
		return 0, false
	}
	n := 0
	for _, b := range v {
		n = min(n<<8|int(b), far)
	}
	return n, true
}

func inhibitAny(c *Certificate) (int, bool) {
	e := c.Extension(oidInhibitAny)
	if e == nil {
		return -1, true
	}
	in := cryptobyte.String(e.Value)
	var v cryptobyte.String
	if !in.ReadASN1(&v, cbasn1.INTEGER) {
		return 0, false
	}
	return count(v)
}
