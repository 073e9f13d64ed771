package trust

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/antinvn/antin/certpath"
	"github.com/antinvn/antin/xmldsig"
)

// header is what an unchecked list says of itself; it only puts lists in order.
type header struct {
	kind, territory string
	sequence        int
}

// peek reads the header of an XML file; ok is false where it is no trusted list. Nothing in it is believed.
func peek(data []byte) (h header, ok bool, err error) {
	doc, err := xmldsig.Parse(data)
	if err != nil {
		return h, false, err
	}
	if !doc.Root.Is(listNamespace, "TrustServiceStatusList") {
		return h, false, nil
	}
	s := doc.Root.Element(listNamespace, "SchemeInformation")
	h.kind, h.territory = s.Element(listNamespace, "TSLType").Text(), s.Element(listNamespace, "SchemeTerritory").Text()
	h.sequence, err = strconv.Atoi(s.Element(listNamespace, "TSLSequenceNumber").Text())
	if err != nil {
		return h, true, bad("TSLSequenceNumber is no number")
	}
	return h, true, nil
}

// ParsePivoted reads a list of lists that is signed by certificates which its operator announced in earlier editions of it, the pivots,
// instead of in public: each pivot, oldest first, is checked with the certificates that the one before gives for the list itself, and the
// current one with those of the last pivot. The pivots may be given in any order. Errors are those of [ParseList], for the first edition
// that does not hold.
func ParsePivoted(current []byte, pivots [][]byte, operators []*certpath.Certificate) (*List, error) {
	type edition struct {
		data     []byte
		sequence int
	}
	var order []edition
	for _, p := range pivots {
		h, _, err := peek(p)
		if err != nil {
			return nil, err
		}
		order = append(order, edition{p, h.sequence})
	}
	slices.SortStableFunc(order, func(a, b edition) int { return cmp.Compare(a.sequence, b.sequence) })
	for _, e := range order {
		l, err := ParseList(e.data, operators)
		if err != nil {
			return nil, err
		}
		if own := l.own(); len(own) > 0 {
			operators = own
		}
	}
	return ParseList(current, operators)
}

// own are the certificates that a list of lists gives for itself.
func (l *List) own() []*certpath.Certificate {
	var out []*certpath.Certificate
	for _, p := range l.Pointers {
		if isListOfLists(p.Type) && p.Territory == l.Territory {
			out = append(out, p.Signers...)
		}
	}
	return out
}

// signersOf are the certificates that a list of lists gives for another list.
func (l *List) signersOf(h header) []*certpath.Certificate {
	var out []*certpath.Certificate
	for _, p := range l.Pointers {
		if p.Type == h.kind && p.Territory == h.territory {
			out = append(out, p.Signers...)
		}
	}
	return out
}
