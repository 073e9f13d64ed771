package xmldsig

import (
	"strings"

	"github.com/antinvn/antin/codes"
)

// The failures of this package.
const (
	ErrMalformed codes.Code = "xmldsig.malformed" // not well-formed XML with namespaces
	ErrForbidden codes.Code = "xmldsig.forbidden" // a document type, another entity, another encoding
	ErrLimit     codes.Code = "xmldsig.limit"     // above a limit
	ErrStructure codes.Code = "xmldsig.structure" // the signature element is not built as the standard says
	ErrAlgorithm codes.Code = "xmldsig.algorithm" // an algorithm or key that is not supported
	ErrTransform codes.Code = "xmldsig.transform" // a transform that is not supported
	ErrReference codes.Code = "xmldsig.reference" // a reference that leads outside, nowhere, or to several elements
	ErrDigest    codes.Code = "xmldsig.digest"    // what a reference names was changed
	ErrSignature codes.Code = "xmldsig.signature" // the signature value does not match key and SignedInfo
)

// XMLNamespace is the namespace that the prefix xml is bound to.
const XMLNamespace = "http://www.w3.org/XML/1998/namespace"

// Document is a parsed document. It is read-only and safe for concurrent use.
type Document struct {
	Root           *Element
	before, behind []Node // comments and processing instructions beside the root
	ids            map[string][]*Element
}

// Node is a child of an element: an [*Element], a [Text], a [Comment] or a [ProcInst].
type Node interface{ node() }

// Text is character data with its references resolved; a CDATA section is text.
type Text string

// Comment is the text between "<!--" and "-->".
type Comment string

// ProcInst is a processing instruction.
type ProcInst struct{ Target, Data string }

// Element is an element with its namespace.
type Element struct {
	Prefix, Local string
	Space         string // namespace, "" for none
	Attrs         []Attr // without namespace declarations, in the order of the document
	Children      []Node
	Parent        *Element // nil for the root
	Declared      []Declaration

	doc *Document
}

// Attr is an attribute with its namespace; one without a prefix has none.
type Attr struct {
	Prefix, Local string
	Space         string
	Value         string // normalised (XML 1.0, 3.3.3)
}

// Declaration is a namespace declaration; Prefix is "" for the default namespace.
type Declaration struct{ Prefix, Space string }

func (*Element) node() {}
func (Text) node()     {}
func (Comment) node()  {}
func (ProcInst) node() {}

// Is says whether the element has this namespace and local name.
func (e *Element) Is(space, local string) bool { return e.Space == space && e.Local == local }

// Elements are the children with this namespace and local name; "" as local name means any.
func (e *Element) Elements(space, local string) []*Element {
	if e == nil {
		return nil
	}
	var out []*Element
	for _, n := range e.Children {
		if c, ok := n.(*Element); ok && c.Space == space && (local == "" || c.Local == local) {
			out = append(out, c)
		}
	}
	return out
}

// Element is the first child with this namespace and local name, nil if there is none. It may be called on nil, so that a way
// down a tree is one expression.
func (e *Element) Element(space, local string) *Element {
	if e == nil {
		return nil
	}
	for _, n := range e.Children {
		if c, ok := n.(*Element); ok && c.Is(space, local) {
			return c
		}
	}
	return nil
}

// Attr is the value of an attribute without namespace, "" if there is none.
func (e *Element) Attr(local string) string {
	if e == nil {
		return ""
	}
	for _, a := range e.Attrs {
		if a.Space == "" && a.Local == local {
			return a.Value
		}
	}
	return ""
}

// Text is the element's own character data, without that of its children, white space around it cut off. "" for nil.
func (e *Element) Text() string {
	if e == nil {
		return ""
	}
	var b strings.Builder
	for _, n := range e.Children {
		if t, ok := n.(Text); ok {
			b.WriteString(string(t))
		}
	}
	return strings.Trim(b.String(), " \t\r\n")
}

// Name is the element's qualified name as it was written.
func (e *Element) Name() string { return qualified(e.Prefix, e.Local) }

func qualified(prefix, local string) string {
	if prefix == "" {
		return local
	}
	return prefix + ":" + local
}

// isID says which attributes identify an element where no document type tells: Id of XML Signature and XAdES, ID of SAML, id, xml:id.
func (a *Attr) isID() bool {
	switch a.Space {
	case "":
		return a.Local == "Id" || a.Local == "ID" || a.Local == "id"
	case XMLNamespace:
		return a.Local == "id"
	}
	return false
}
