package xmldsig

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/antinvn/antin/codes"
)

// maxCanonical bounds what canonicalization writes: a long namespace declared once may be repeated for each element.
const maxCanonical = 2 * maxBytes

// The identifiers of canonicalization methods.
const (
	InclusiveC14N             = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
	InclusiveC14NWithComments = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"
	ExclusiveC14N             = "http://www.w3.org/2001/10/xml-exc-c14n#"
	ExclusiveC14NWithComments = "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"
)

// Canonicalization is how a subtree becomes bytes.
type Canonicalization struct {
	// Method is one of the four identifiers above.
	Method string
	// Prefixes are the InclusiveNamespaces of exclusive canonicalization; "#default" is the default namespace.
	Prefixes []string
	// Omit is an element that is left out with all that it holds; nil for none.
	Omit *Element
}

// Canonical writes a subtree in canonical form (Canonical XML 1.0; Exclusive XML Canonicalization 1.0). Errors: [ErrAlgorithm] for another
// method, [ErrLimit] above 32 MB, [ErrMalformed] for a relative namespace (Canonical XML 1.0, 1.3).
func (e *Element) Canonical(c Canonicalization) ([]byte, error) {
	w, err := newWriter(c)
	if err != nil {
		return nil, err
	}
	w.inherit(e)
	w.element(e, true)
	return w.out, w.err
}

// Canonical writes the whole document in canonical form, see [Element.Canonical].
func (d *Document) Canonical(c Canonicalization) ([]byte, error) {
	w, err := newWriter(c)
	if err != nil {
		return nil, err
	}
	for _, n := range d.before {
		if w.other(n) {
			w.text("\n")
		}
	}
	w.element(d.Root, true)
	for _, n := range d.behind {
		if length := len(w.out); w.other(n) {
			w.out = slices.Insert(w.out, length, '\n')
		}
	}
	return w.out, w.err
}

type writer struct {
	out       []byte
	err       error
	exclusive bool
	comments  bool
	listed    map[string]bool // InclusiveNamespaces, "" for #default
	omit      *Element
	scope     map[string]string // in force in the document
	rendered  map[string]string // in force in the output
	xml       []Attr            // attributes that the apex inherits
}

func newWriter(c Canonicalization) (*writer, error) {
	w := &writer{omit: c.Omit, scope: map[string]string{}, rendered: map[string]string{}, listed: map[string]bool{}}
	switch c.Method {
	case InclusiveC14N:
	case InclusiveC14NWithComments:
		w.comments = true
	case ExclusiveC14N:
		w.exclusive = true
	case ExclusiveC14NWithComments:
		w.exclusive, w.comments = true, true
	default:
		return nil, codes.New(ErrAlgorithm, "canonicalizing", c.Method, "the method is not supported")
	}
	for _, p := range c.Prefixes {
		if p == "#default" {
			p = ""
		}
		w.listed[p] = true
	}
	return w, nil
}

// inherit collects what the ancestors of an apex say: namespaces, and for inclusive canonicalization xml: attributes (Canonical XML 1.0, 2.4).
func (w *writer) inherit(apex *Element) {
	var above []*Element
	for e := apex.Parent; e != nil; e = e.Parent {
		above = append(above, e)
	}
	for _, e := range above {
		for _, a := range e.Attrs {
			same := func(o Attr) bool { return o.Space == XMLNamespace && o.Local == a.Local }
			if !w.exclusive && a.Space == XMLNamespace && !slices.ContainsFunc(w.xml, same) && !slices.ContainsFunc(apex.Attrs, same) {
				w.xml = append(w.xml, a)
			}
		}
	}
	for _, e := range slices.Backward(above) {
		for _, d := range e.Declared {
			w.scope[d.Prefix] = d.Space
		}
	}
}

var absolute = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)

func (w *writer) element(e *Element, apex bool) {
	if e == w.omit || w.err != nil {
		return
	}
	hiddenScope := make([]Declaration, 0, len(e.Declared))
	for _, d := range e.Declared {
		if d.Prefix == "xml" {
			continue // Canonical XML 1.0, 2.3: the declaration of xml is never written
		}
		if d.Space != "" && !absolute.MatchString(d.Space) {
			w.err = codes.New(ErrMalformed, "canonicalizing", d.Space, "a namespace is relative")
		}
		hiddenScope = append(hiddenScope, Declaration{d.Prefix, w.scope[d.Prefix]})
		w.scope[d.Prefix] = d.Space
	}
	write := w.declarations(e, apex)
	hiddenRendered := make([]Declaration, 0, len(write))
	name := e.Name()
	w.text("<" + name)
	for _, d := range write {
		hiddenRendered = append(hiddenRendered, Declaration{d.Prefix, w.rendered[d.Prefix]})
		w.rendered[d.Prefix] = d.Space
		if d.Prefix == "" {
			w.attribute("xmlns", d.Space)
		} else {
			w.attribute("xmlns:"+d.Prefix, d.Space)
		}
	}
	for _, a := range w.attributes(e, apex) {
		w.attribute(qualified(a.Prefix, a.Local), a.Value)
	}
	w.text(">")
	for _, n := range e.Children {
		switch n := n.(type) {
		case *Element:
			w.element(n, false)
		case Text:
			w.text(textEscapes.Replace(string(n)))
		default:
			w.other(n)
		}
	}
	w.text("</" + name + ">")
	for _, d := range hiddenRendered {
		w.rendered[d.Prefix] = d.Space
	}
	for _, d := range hiddenScope {
		w.scope[d.Prefix] = d.Space
	}
}

// declarations are the namespace declarations that an element's start tag gets, sorted by prefix.
func (w *writer) declarations(e *Element, apex bool) []Declaration {
	var write []Declaration
	consider := func(prefix, space string) {
		listed := func(d Declaration) bool { return d.Prefix == prefix }
		if prefix != "xml" && w.rendered[prefix] != space && !slices.ContainsFunc(write, listed) {
			write = append(write, Declaration{prefix, space})
		}
	}
	if w.exclusive { // Exclusive XML Canonicalization 1.0, 3: only what is visibly utilised
		consider(e.Prefix, e.Space)
		for _, a := range e.Attrs {
			if a.Prefix != "" {
				consider(a.Prefix, a.Space)
			}
		}
	}
	all := func(prefix string) bool { return !w.exclusive || w.listed[prefix] }
	if apex {
		for prefix, space := range w.scope {
			if all(prefix) {
				consider(prefix, space)
			}
		}
	}
	for _, d := range e.Declared {
		if all(d.Prefix) {
			consider(d.Prefix, d.Space)
		}
	}
	slices.SortFunc(write, func(a, b Declaration) int { return cmp.Compare(a.Prefix, b.Prefix) })
	return write
}

// attributes are sorted by namespace and local name, those without namespace first.
func (w *writer) attributes(e *Element, apex bool) []Attr {
	sorted := slices.Clone(e.Attrs)
	if apex {
		sorted = append(sorted, w.xml...)
	}
	slices.SortFunc(sorted, func(a, b Attr) int { return cmp.Or(cmp.Compare(a.Space, b.Space), cmp.Compare(a.Local, b.Local)) })
	return sorted
}

// other writes a comment or processing instruction and says whether it did.
func (w *writer) other(n Node) bool {
	switch n := n.(type) {
	case Comment:
		if w.comments {
			w.text("<!--" + string(n) + "-->")
		}
		return w.comments
	case ProcInst:
		s := "<?" + n.Target
		if n.Data != "" {
			s += " " + n.Data
		}
		w.text(s + "?>")
		return true
	}
	return false
}

// Canonical XML 1.0, 2.3.
var (
	textEscapes      = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;")
	attributeEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;", "\t", "&#x9;", "\n", "&#xA;", "\r", "&#xD;")
)

func (w *writer) attribute(name, value string) {
	w.text(" " + name + `="` + attributeEscapes.Replace(value) + `"`)
}

func (w *writer) text(s string) {
	if w.err != nil {
		return
	}
	if len(w.out)+len(s) > maxCanonical {
		w.err = codes.New(ErrLimit, "canonicalizing", "", "the canonical form is larger than 32 MB")
		return
	}
	w.out = append(w.out, s...)
}
