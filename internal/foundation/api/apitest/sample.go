package apitest

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// schema is a schema of the document, as far as samples are made of it.
type schema struct {
	Ref        string            `json:"$ref"`
	Type       string            `json:"type"`
	Format     string            `json:"format"`
	Pattern    string            `json:"pattern"`
	Enum       []string          `json:"enum"`
	Media      string            `json:"contentMediaType"`
	Items      *schema           `json:"items"`
	Properties map[string]schema `json:"properties"`
	Required   []string          `json:"required"`
}

// parameter is what stands in an address or a header.
type parameter struct {
	Name     string `json:"name"`
	In       string `json:"in"`
	Required bool   `json:"required"`
	Schema   schema `json:"schema"`
}

// Sample is a request that an operation takes: everything that it needs, of the right types, about things that are not there.
func (d *OpenAPI) Sample(t testing.TB, method, path string) (target, kind string, body []byte) {
	t.Helper()
	var all struct {
		Paths map[string]map[string]struct {
			Parameters  []parameter `json:"parameters"`
			RequestBody struct {
				Content map[string]struct {
					Schema schema `json:"schema"`
				} `json:"content"`
			} `json:"requestBody"`
		} `json:"paths"`
		Components struct {
			Schemas map[string]schema `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(d.raw, &all); err != nil {
		t.Fatal(err)
	}
	s := sampler{t, all.Components.Schemas}
	operation, ok := all.Paths[path][strings.ToLower(method)]
	if !ok {
		t.Fatalf("%s %s is no operation of the document", method, path)
	}
	query := url.Values{}
	for _, p := range operation.Parameters {
		switch {
		case p.In == "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", s.text(p.Schema))
		case p.In == "query" && p.Required:
			query.Set(p.Name, s.text(p.Schema))
		}
	}
	if target = path; len(query) > 0 {
		target += "?" + query.Encode()
	}
	for kind, content := range operation.RequestBody.Content {
		switch kind {
		case "application/json":
			b, err := json.Marshal(s.value(content.Schema))
			if err != nil {
				t.Fatal(err)
			}
			return target, kind, b
		case "multipart/form-data":
			kind, body := s.form(content.Schema)
			return target, kind, body
		}
		return target, kind, []byte("x")
	}
	return target, "", nil
}

type sampler struct {
	t       testing.TB
	schemas map[string]schema
}

func (s *sampler) resolve(x schema) schema {
	for x.Ref != "" {
		x = s.schemas[strings.TrimPrefix(x.Ref, "#/components/schemas/")]
	}
	return x
}

var prefix = regexp.MustCompile(`^\^\((\w+)`)

// text is a value that is written as text.
func (s *sampler) text(x schema) string {
	switch m := prefix.FindStringSubmatch(x.Pattern); {
	case m != nil:
		return m[1] + "_0000000000002"
	case strings.HasPrefix(x.Pattern, "^[0-9a-f]"): // a number
		return "1"
	case x.Enum != nil:
		return x.Enum[0]
	case x.Type == "integer":
		return "1"
	case x.Type == "boolean":
		return "true"
	case x.Format == "date":
		return "2026-03-02"
	case x.Format == "date-time":
		return "2026-03-02T01:00:00Z"
	}
	return "mau"
}

func (s *sampler) value(x schema) any {
	switch x = s.resolve(x); x.Type {
	case "object":
		out := map[string]any{}
		for _, name := range x.Required {
			out[name] = s.value(x.Properties[name])
		}
		return out
	case "array":
		return []any{s.value(*x.Items)}
	case "integer":
		return 1
	case "boolean":
		return true
	}
	return s.text(x)
}

func (s *sampler) form(x schema) (kind string, body []byte) {
	x = s.resolve(x)
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for _, name := range x.Required {
		p := x.Properties[name]
		if p.Media != "" {
			continue
		}
		if p.Items != nil {
			p = *p.Items
		}
		if err := m.WriteField(name, s.text(p)); err != nil {
			s.t.Fatal(err)
		}
	}
	for name, p := range x.Properties {
		if p.Media == "" {
			continue
		}
		w, err := m.CreateFormFile(name, "mau.pdf")
		if err == nil {
			_, err = w.Write([]byte("x"))
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		s.t.Fatal(err)
	}
	return m.FormDataContentType(), b.Bytes()
}
