package xmldsig_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/antinvn/antin/codes"
	"github.com/antinvn/antin/xmldsig"
)

func TestCanonicalFormIsThatOfTheStandard(t *testing.T) {
	for _, c := range []struct{ name, in, inclusive, exclusive string }{
		{"the declaration and white space outside of the root go", "<?xml version=\"1.0\"?>\n\n<a/>\n\n", "<a></a>", ""},
		{"instructions beside the root stand on their own lines", "<?p  x ?>\n<a/>\n<?q?>", "<?p x ?>\n<a></a>\n<?q?>", ""},
		{"comments go", "<!-- x --><a>b<!-- y -->c</a><!-- z -->", "<a>bc</a>", ""},
		{"line ends are line feeds", "<a>1\r\n2\r3</a>", "<a>1\n2\n3</a>", ""},
		{"a written carriage return stays", "<a b='&#13;&#x9;&#10;'>&#xD;&#x9;</a>", "<a b=\"&#xD;&#x9;&#xA;\">&#xD;\t</a>", ""},
		{"white space in a value is made of spaces", "<a b='1\t2\n3\r\n4'/>", `<a b="1 2 3 4"></a>`, ""},
		{"CDATA is text", "<a><![CDATA[<&]]>]]&gt;</a>", "<a>&lt;&amp;]]&gt;</a>", ""},
		{"quotes", `<a b='"&apos;&quot;<'/>`, "", ""},
		{"quotes and angles", `<a b='"&apos;>&lt;'>"'</a>`, `<a b="&quot;'>&lt;">"'</a>`, ""},
		{"attributes are sorted by namespace, then by name", `<a xmlns:y="urn:1" xmlns:x="urn:2" x:a="1" y:b="2" z="3" c="4"/>`,
			`<a xmlns:x="urn:2" xmlns:y="urn:1" c="4" z="3" y:b="2" x:a="1"></a>`, ""},
		{"declarations that repeat go", `<p:a xmlns:p="urn:p"><p:b xmlns:p="urn:p"/></p:a>`, `<p:a xmlns:p="urn:p"><p:b></p:b></p:a>`, ""},
		{"a default that is taken back", `<a xmlns="urn:a"><b xmlns=""><c xmlns=""/></b></a>`, `<a xmlns="urn:a"><b xmlns=""><c></c></b></a>`, ""},
		{"nothing is taken back where nothing was given", `<a xmlns=""><b/></a>`, `<a><b></b></a>`, ""},
		{"unused declarations", `<a xmlns:p="urn:p"><p:b/><p:b/></a>`, `<a xmlns:p="urn:p"><p:b></p:b><p:b></p:b></a>`,
			`<a><p:b xmlns:p="urn:p"></p:b><p:b xmlns:p="urn:p"></p:b></a>`},
		{"a prefix that means another thing further down", `<p:a xmlns:p="urn:1"><p:b xmlns:p="urn:2"><p:c xmlns:p="urn:1"/></p:b><p:d/></p:a>`,
			`<p:a xmlns:p="urn:1"><p:b xmlns:p="urn:2"><p:c xmlns:p="urn:1"></p:c></p:b><p:d></p:d></p:a>`, ""},
		{"an unused default", `<p:a xmlns:p="urn:p" xmlns="urn:d"><b/><p:c xmlns=""/></p:a>`,
			`<p:a xmlns="urn:d" xmlns:p="urn:p"><b></b><p:c xmlns=""></p:c></p:a>`, `<p:a xmlns:p="urn:p"><b xmlns="urn:d"></b><p:c></p:c></p:a>`},
		{"xml: attributes", `<a xml:lang="vi"><b xml:space="preserve"/></a>`, `<a xml:lang="vi"><b xml:space="preserve"></b></a>`, ""},
		{"letters", "<đỗ ă='ê'>ộ&#x1F600;</đỗ>", "<đỗ ă=\"ê\">ộ😀</đỗ>", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.inclusive == "" {
				if _, err := xmldsig.Parse([]byte(c.in)); err == nil {
					t.Error("read")
				}
				return
			}
			d := parse(t, []byte(c.in))
			if c.exclusive == "" {
				c.exclusive = c.inclusive
			}
			for method, want := range map[string]string{xmldsig.InclusiveC14N: c.inclusive, xmldsig.ExclusiveC14N: c.exclusive} {
				if got, err := d.Canonical(xmldsig.Canonicalization{Method: method}); err != nil || string(got) != want {
					t.Errorf("%s\n got %q, %v\nwant %q", method, got, err, want)
				}
			}
		})
	}
}

func TestASubtreeInheritsWhatItsMethodSays(t *testing.T) {
	d := parse(t, []byte(`<a xmlns="urn:d" xmlns:p="urn:p" xmlns:q="urn:q" xml:lang="vi" xml:space="preserve"><b xml:lang="en"><c p:x="1"/></b></a>`))
	c := d.Root.Element("urn:d", "b").Element("urn:d", "c")
	for _, m := range []struct {
		c    xmldsig.Canonicalization
		want string
	}{
		{xmldsig.Canonicalization{Method: xmldsig.InclusiveC14N},
			`<c xmlns="urn:d" xmlns:p="urn:p" xmlns:q="urn:q" xml:lang="en" xml:space="preserve" p:x="1"></c>`},
		{xmldsig.Canonicalization{Method: xmldsig.ExclusiveC14N}, `<c xmlns="urn:d" xmlns:p="urn:p" p:x="1"></c>`},
		{xmldsig.Canonicalization{Method: xmldsig.ExclusiveC14N, Prefixes: []string{"q"}}, `<c xmlns="urn:d" xmlns:p="urn:p" xmlns:q="urn:q" p:x="1"></c>`},
	} {
		if got, err := c.Canonical(m.c); err != nil || string(got) != m.want {
			t.Errorf("%v\n got %s, %v\nwant %s", m.c, got, err, m.want)
		}
	}
	if _, err := c.Canonical(xmldsig.Canonicalization{Method: "http://www.w3.org/2006/12/xml-c14n11"}); err == nil {
		t.Error("an unknown method is taken")
	}
	relative := parse(t, []byte(`<a xmlns="somewhere"/>`))
	_, err := relative.Canonical(xmldsig.Canonicalization{Method: xmldsig.ExclusiveC14N})
	wants(t, err, xmldsig.ErrMalformed)
}

func TestWhatIsNoXMLIsRefusedByItsCode(t *testing.T) {
	deep := strings.Repeat("<a>", 200) + strings.Repeat("</a>", 200)
	var attributes strings.Builder
	for i := range 300 {
		fmt.Fprintf(&attributes, " a%d=''", i)
	}
	for name, c := range map[string]struct {
		in   string
		want codes.Code
	}{
		"nothing":                        {"", xmldsig.ErrMalformed},
		"no root":                        {"<!-- x -->", xmldsig.ErrMalformed},
		"two roots":                      {"<a/><b/>", xmldsig.ErrMalformed},
		"text outside":                   {"<a/>x", xmldsig.ErrMalformed},
		"CDATA outside":                  {"<a/><![CDATA[x]]>", xmldsig.ErrMalformed},
		"an open element":                {"<a>", xmldsig.ErrMalformed},
		"another end tag":                {"<a></b>", xmldsig.ErrMalformed},
		"an end tag alone":               {"</a>", xmldsig.ErrMalformed},
		"an attribute twice":             {`<a b="" b=""/>`, xmldsig.ErrMalformed},
		"an attribute twice, by prefix":  {`<a xmlns:p="u:1" xmlns:q="u:1" p:b="" q:b=""/>`, xmldsig.ErrMalformed},
		"an attribute without value":     {`<a b/>`, xmldsig.ErrMalformed},
		"attributes without space":       {`<a b=""c=""/>`, xmldsig.ErrMalformed},
		"an unquoted value":              {`<a b=c/>`, xmldsig.ErrMalformed},
		"an undeclared prefix":           {"<p:a/>", xmldsig.ErrMalformed},
		"an undeclared attribute prefix": {"<a p:b=''/>", xmldsig.ErrMalformed},
		"a prefix out of its scope":      {"<a><p:b xmlns:p='u:1'/><p:c/></a>", xmldsig.ErrMalformed},
		"a prefix taken back":            {"<a xmlns:p='u:1'><b xmlns:p=''/></a>", xmldsig.ErrMalformed},
		"xml bound to another":           {"<a xmlns:xml='u:1'/>", xmldsig.ErrMalformed},
		"another bound to xml":           {"<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>", xmldsig.ErrMalformed},
		"xmlns declared":                 {"<a xmlns:xmlns='u:1'/>", xmldsig.ErrMalformed},
		"two colons":                     {"<a:b:c xmlns:a='u:1'/>", xmldsig.ErrMalformed},
		"a digit first":                  {"<1a/>", xmldsig.ErrMalformed},
		"two hyphens in a comment":       {"<a><!-- -- --></a>", xmldsig.ErrMalformed},
		"a CDATA end in text":            {"<a>]]></a>", xmldsig.ErrMalformed},
		"a control character":            {"<a>\x01</a>", xmldsig.ErrMalformed},
		"a reference to nothing":         {"<a>&#0;</a>", xmldsig.ErrMalformed},
		"a reference to half a pair":     {"<a>&#xD800;</a>", xmldsig.ErrMalformed},
		"a reference that does not end":  {"<a>&lt</a>", xmldsig.ErrMalformed},
		"a late declaration":             {" <?xml version='1.0'?><a/>", xmldsig.ErrMalformed},
		"a declaration without version":  {"<?xml encoding='UTF-8'?><a/>", xmldsig.ErrMalformed},
		"a document type":                {"<!DOCTYPE a><a/>", xmldsig.ErrForbidden},
		"entities that grow":             {`<!DOCTYPE a [<!ENTITY x "xx">]><a>&x;</a>`, xmldsig.ErrForbidden},
		"an entity":                      {"<a>&nbsp;</a>", xmldsig.ErrForbidden},
		"an entity in a value":           {"<a b='&x;'/>", xmldsig.ErrForbidden},
		"XML 1.1":                        {"<?xml version='1.1'?><a/>", xmldsig.ErrForbidden},
		"another encoding":               {"<?xml version='1.0' encoding='iso-8859-1'?><a/>", xmldsig.ErrForbidden},
		"UTF-16":                         {"\xfe\xff\x00<\x00a\x00/\x00>", xmldsig.ErrForbidden},
		"broken UTF-8":                   {"<a>\xff</a>", xmldsig.ErrForbidden},
		"depth":                          {deep, xmldsig.ErrLimit},
		"attributes":                     {"<a" + attributes.String() + "/>", xmldsig.ErrLimit},
		"nodes":                          {"<a>" + strings.Repeat("<b/>", 500_000) + "</a>", xmldsig.ErrLimit},
		"nodes that are attributes":      {"<a>" + strings.Repeat("<b c='' d=''/>", 170_000) + "</a>", xmldsig.ErrLimit},
		"size":                           {"<a>" + strings.Repeat(" ", 16<<20) + "</a>", xmldsig.ErrLimit},
		"a long name":                    {"<" + strings.Repeat("a", 2000) + "/>", xmldsig.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := xmldsig.Parse([]byte(c.in))
			wants(t, err, c.want)
		})
	}
}

// A namespace of a megabyte, declared once and used by each child, would make a canonical form of a terabyte.
func TestCanonicalFormIsBounded(t *testing.T) {
	d := parse(t, []byte(`<a xmlns:p="urn:`+strings.Repeat("x", 1<<20)+`">`+strings.Repeat("<p:b/>", 100_000)+"</a>"))
	_, err := d.Canonical(xmldsig.Canonicalization{Method: xmldsig.ExclusiveC14N})
	wants(t, err, xmldsig.ErrLimit)
}

func TestWhatIsJustBelowTheBoundsIsRead(t *testing.T) {
	for name, in := range map[string]string{
		"nodes": "<a>" + strings.Repeat("<b/>", 499_999) + "</a>", "depth": strings.Repeat("<a>", 128) + strings.Repeat("</a>", 128),
		"size": "<a>" + strings.Repeat(" ", 16<<20-7) + "</a>",
	} {
		if _, err := xmldsig.Parse([]byte(in)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
