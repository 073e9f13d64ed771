package xmldsig

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/antinvn/antin/codes"
)

// The largest trusted lists in force have about 5 MB and a depth below 20. What 500,000 nodes cost in memory is below 100 MB.
const (
	maxBytes      = 16 << 20
	maxDepth      = 128
	maxNodes      = 500_000 // attributes and namespace declarations included
	maxAttributes = 256     // of an element, namespace declarations included
	maxName       = 1024
)

// Parse reads an XML 1.0 document with namespaces in UTF-8. Line ends and attribute values are normalised as XML 1.0, 2.11 and 3.3.3 say; it
// refuses document types, and with them every entity but the five of XML.
func Parse(data []byte) (*Document, error) {
	if len(data) > maxBytes {
		return nil, codes.New(ErrLimit, "reading XML", "", "the document is larger than 16 MB")
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	p := &parser{in: data, doc: &Document{ids: map[string][]*Element{}}, scope: map[string]string{"xml": XMLNamespace}}
	if !utf8.Valid(data) {
		return nil, p.fail(ErrForbidden, "it is not UTF-8")
	}
	if err := p.declaration(); err != nil {
		return nil, err
	}
	for p.pos < len(p.in) {
		if err := p.next(); err != nil {
			return nil, err
		}
	}
	if p.open != nil || p.doc.Root == nil {
		return nil, p.fail(ErrMalformed, "it ends within an element, or has none")
	}
	return p.doc, nil
}

type parser struct {
	in    []byte
	pos   int
	doc   *Document
	open  *Element // the innermost open element
	depth int
	nodes int
	scope map[string]string // prefix → namespace in force
	undo  [][]Declaration   // for each open element, what its declarations hid
}

func (p *parser) fail(code codes.Code, detail string) error {
	return codes.New(code, "reading XML", "at byte "+strconv.Itoa(p.pos), detail)
}

func (p *parser) has(prefix string) bool {
	return len(p.in)-p.pos >= len(prefix) && string(p.in[p.pos:p.pos+len(prefix)]) == prefix
}

// until takes what stands before a delimiter, and the delimiter.
func (p *parser) until(delimiter string) (string, bool) {
	i := bytes.Index(p.in[p.pos:], []byte(delimiter))
	if i < 0 {
		return "", false
	}
	s := string(p.in[p.pos : p.pos+i])
	p.pos += i + len(delimiter)
	return s, true
}

func space(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func (p *parser) skipSpace() bool {
	start := p.pos
	for p.pos < len(p.in) && space(p.in[p.pos]) {
		p.pos++
	}
	return p.pos > start
}

// declaration reads "<?xml version='1.0' encoding='UTF-8' standalone='yes'?>" (XML 1.0, 2.8).
func (p *parser) declaration() error {
	if !p.has("<?xml") || len(p.in) < 6 || !space(p.in[5]) {
		return nil
	}
	p.pos += 5
	var seen []string
	for {
		spaced := p.skipSpace()
		if p.has("?>") {
			p.pos += 2
			break
		}
		name, ok := p.name()
		if !ok || !spaced {
			return p.fail(ErrMalformed, "the XML declaration is wrong")
		}
		value, err := p.attributeValue()
		if err != nil {
			return err
		}
		seen = append(seen, name)
		switch {
		case name == "version" && value != "1.0", name == "encoding" && !strings.EqualFold(value, "utf-8") && !strings.EqualFold(value, "us-ascii"):
			return p.fail(ErrForbidden, name+" "+value+" is not supported")
		case name == "standalone" && value != "yes" && value != "no":
			return p.fail(ErrMalformed, "the XML declaration is wrong")
		}
	}
	switch strings.Join(seen, " ") {
	case "version", "version encoding", "version standalone", "version encoding standalone":
		return nil
	}
	return p.fail(ErrMalformed, "the XML declaration is wrong")
}

func (p *parser) next() error {
	switch {
	case p.has("<!--"):
		return p.comment()
	case p.has("<![CDATA["):
		return p.cdata()
	case p.has("<!"):
		return p.fail(ErrForbidden, "there is a document type, or what belongs into one")
	case p.has("<?"):
		return p.procInst()
	case p.has("</"):
		return p.endTag()
	case p.has("<"):
		return p.startTag()
	default:
		return p.text()
	}
}

func (p *parser) add(n Node) error {
	if p.nodes++; p.nodes > maxNodes {
		return p.fail(ErrLimit, "there are too many nodes")
	}
	switch {
	case p.open != nil:
		p.open.Children = append(p.open.Children, n)
	case p.doc.Root == nil:
		p.doc.before = append(p.doc.before, n)
	default:
		p.doc.behind = append(p.doc.behind, n)
	}
	return nil
}

func (p *parser) comment() error {
	p.pos += len("<!--")
	s, ok := p.until("-->")
	if !ok || strings.Contains(s, "--") || strings.HasSuffix(s, "-") || !characters(s) {
		return p.fail(ErrMalformed, "a comment is wrong")
	}
	return p.add(Comment(lines(s)))
}

func (p *parser) cdata() error {
	p.pos += len("<![CDATA[")
	s, ok := p.until("]]>")
	if !ok || p.open == nil || !characters(s) {
		return p.fail(ErrMalformed, "a CDATA section is wrong")
	}
	return p.add(Text(lines(s)))
}

func (p *parser) procInst() error {
	p.pos += len("<?")
	target, ok := p.name()
	if !ok || strings.EqualFold(target, "xml") || strings.Contains(target, ":") {
		return p.fail(ErrMalformed, "a processing instruction is wrong")
	}
	spaced := p.skipSpace()
	data, ok := p.until("?>")
	if !ok || !spaced && data != "" || !characters(data) {
		return p.fail(ErrMalformed, "a processing instruction is wrong")
	}
	return p.add(ProcInst{target, lines(data)})
}

func (p *parser) text() error {
	end := bytes.IndexByte(p.in[p.pos:], '<')
	if end < 0 {
		end = len(p.in) - p.pos
	}
	raw := string(p.in[p.pos : p.pos+end])
	if p.open == nil {
		if strings.Trim(raw, " \t\r\n") != "" {
			return p.fail(ErrMalformed, "there is text outside of the root")
		}
		p.pos += end
		return nil
	}
	if strings.Contains(raw, "]]>") || !characters(raw) {
		return p.fail(ErrMalformed, "a character is not allowed there")
	}
	s, err := p.resolve(lines(raw))
	if err != nil {
		return err
	}
	p.pos += end
	return p.add(Text(s))
}

func (p *parser) endTag() error {
	p.pos += len("</")
	name, ok := p.name()
	p.skipSpace()
	if !ok || !p.has(">") || p.open == nil || p.open.Name() != name {
		return p.fail(ErrMalformed, "an end tag does not fit")
	}
	p.pos++
	p.close()
	return nil
}

// close ends the innermost element and what it declared.
func (p *parser) close() {
	last := len(p.undo) - 1
	for _, d := range p.undo[last] {
		p.scope[d.Prefix] = d.Space
	}
	p.undo = p.undo[:last]
	p.open = p.open.Parent
	p.depth--
}

func (p *parser) startTag() error {
	if p.open == nil && p.doc.Root != nil {
		return p.fail(ErrMalformed, "there is a second root")
	}
	p.pos++
	name, ok := p.name()
	if !ok {
		return p.fail(ErrMalformed, "a start tag is wrong")
	}
	e := &Element{Parent: p.open, doc: p.doc}
	if e.Prefix, e.Local, ok = split(name); !ok {
		return p.fail(ErrMalformed, "a name is not qualified as namespaces ask for")
	}
	empty, err := p.attributes(e)
	if err != nil {
		return err
	}
	if p.open == nil {
		p.doc.Root = e
		p.nodes++
	} else if err := p.add(e); err != nil {
		return err
	}
	p.open = e
	if p.depth++; p.depth > maxDepth {
		return p.fail(ErrLimit, "elements are nested too deeply")
	}
	if err := p.namespaces(e); err != nil {
		return err
	}
	if empty {
		p.close()
	}
	return nil
}

// attributes reads to the end of the start tag and says whether it was an empty-element tag.
func (p *parser) attributes(e *Element) (empty bool, err error) {
	for n := 0; ; n++ {
		spaced := p.skipSpace()
		switch {
		case p.has(">"):
			p.pos++
			return false, nil
		case p.has("/>"):
			p.pos += 2
			return true, nil
		case n >= maxAttributes || p.nodes >= maxNodes:
			return false, p.fail(ErrLimit, "an element, or the document, has too many attributes")
		}
		p.nodes++
		name, ok := p.name()
		if !ok || !spaced {
			return false, p.fail(ErrMalformed, "a start tag is wrong")
		}
		value, err := p.attributeValue()
		if err != nil {
			return false, err
		}
		prefix, local, ok := split(name)
		switch {
		case !ok:
			return false, p.fail(ErrMalformed, "a name is not qualified as namespaces ask for")
		case name == "xmlns":
			e.Declared = append(e.Declared, Declaration{"", value})
		case prefix == "xmlns":
			e.Declared = append(e.Declared, Declaration{local, value})
		default:
			e.Attrs = append(e.Attrs, Attr{Prefix: prefix, Local: local, Value: value})
		}
	}
}

// namespaces brings an element's declarations into force and resolves its own and its attributes' prefixes (Namespaces in XML 1.0).
func (p *parser) namespaces(e *Element) error {
	var hidden []Declaration
	var seen map[string]bool
	if len(e.Declared)+len(e.Attrs) > 0 { // most elements have neither
		seen = map[string]bool{}
	}
	for _, d := range e.Declared {
		reserved := d.Prefix == "xmlns" || (d.Prefix == "xml") != (d.Space == XMLNamespace) || d.Space == "http://www.w3.org/2000/xmlns/"
		if seen[d.Prefix] || reserved || d.Prefix != "" && d.Space == "" {
			return p.fail(ErrMalformed, "a namespace declaration is wrong")
		}
		seen[d.Prefix] = true
		hidden = append(hidden, Declaration{d.Prefix, p.scope[d.Prefix]})
		p.scope[d.Prefix] = d.Space
	}
	p.undo = append(p.undo, hidden)
	e.Space = p.scope[e.Prefix]
	if e.Prefix != "" && e.Space == "" {
		return p.fail(ErrMalformed, "the prefix "+e.Prefix+" is not declared")
	}
	clear(seen)
	for i := range e.Attrs {
		a := &e.Attrs[i]
		if a.Prefix != "" {
			if a.Space = p.scope[a.Prefix]; a.Space == "" {
				return p.fail(ErrMalformed, "the prefix "+a.Prefix+" is not declared")
			}
		}
		key := a.Local + " " + a.Space
		if seen[key] {
			return p.fail(ErrMalformed, "an attribute stands twice")
		}
		seen[key] = true
		if a.isID() {
			p.doc.ids[a.Value] = append(p.doc.ids[a.Value], e)
		}
	}
	return nil
}

func (p *parser) attributeValue() (string, error) {
	p.skipSpace()
	if !p.has("=") {
		return "", p.fail(ErrMalformed, "an attribute has no value")
	}
	p.pos++
	p.skipSpace()
	if !p.has(`"`) && !p.has("'") {
		return "", p.fail(ErrMalformed, "an attribute's value is not quoted")
	}
	quote := string(p.in[p.pos])
	p.pos++
	raw, ok := p.until(quote)
	if !ok || strings.Contains(raw, "<") || !characters(raw) {
		return "", p.fail(ErrMalformed, "an attribute's value is wrong")
	}
	// XML 1.0, 3.3.3: white space that is written becomes a space, what a reference names stays.
	return p.resolve(strings.NewReplacer("\t", " ", "\n", " ").Replace(lines(raw)))
}

// name reads a Name (XML 1.0, 2.3).
func (p *parser) name() (string, bool) {
	start := p.pos
	for p.pos < len(p.in) {
		r, size := utf8.DecodeRune(p.in[p.pos:])
		if !nameStart(r) && (p.pos == start || !nameMore(r)) {
			break
		}
		p.pos += size
	}
	n := p.pos - start
	return string(p.in[start:p.pos]), n > 0 && n <= maxName
}

// split parts a qualified name (Namespaces in XML 1.0, 4).
func split(name string) (prefix, local string, ok bool) {
	prefix, local, found := strings.Cut(name, ":")
	if !found {
		return "", name, true
	}
	first, _ := utf8.DecodeRuneInString(local)
	return prefix, local, prefix != "" && local != "" && !strings.Contains(local, ":") && nameStart(first)
}
