package api

import (
	"encoding"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"time"

	"github.com/antinvn/antin/internal/foundation/web"
)

// object is a JSON object of the document. Its keys come out in order of the alphabet, so that the document is always the same.
type object map[string]any

// DocumentPath is where the description is answered, to everybody.
const DocumentPath = "/api/openapi.json"

// Module is all operations as one module of package web, with the document that describes them.
func Module(operations ...*Operation) web.Module {
	m := web.Module{Name: "foundation/api"}
	for _, o := range operations {
		m.Routes = append(m.Routes, o.route())
	}
	m.Routes = append(m.Routes, web.Route{Pattern: "GET " + DocumentPath, Anyone: true, Handler: func(r *web.Request) (web.Answer, error) {
		return &web.JSON{Value: document(operations, r.SessionCookie(), r.Say)}, nil
	}})
	return m
}

// document is the OpenAPI 3.1 description of operations.
func document(operations []*Operation, cookie string, say func(web.Text) string) object {
	d := describer{schemas: object{}}
	paths := object{}
	problem := object{"$ref": "#/components/responses/problem"}
	for _, o := range operations {
		one := object{
			"operationId": o.Name, "summary": say(web.T(o.Summary)),
			"responses": object{
				"200":     object{"description": say(web.T("api.done")), "content": object{o.Media: d.answer(o)}},
				"default": problem,
			},
		}
		if o.Anyone {
			one["security"] = []object{}
		}
		if o.Methods != nil {
			one[methodsKey] = o.Methods
		}
		var parameters []object
		for _, f := range o.fields {
			switch f.in {
			case "path", "query":
				parameters = append(parameters, object{"name": f.name, "in": f.in, "required": f.required, "schema": tagged(d.schema(f.kind, true), f.tag)})
			case "json":
				one["requestBody"] = object{"required": true, "content": object{"application/json": object{"schema": d.schema(f.kind, true)}}}
			case "form":
				one["requestBody"] = object{"required": true, "description": say(web.T("api.form")), "content": object{"multipart/form-data": object{"schema": d.schema(f.kind, true)}}}
			case "file":
				one["requestBody"] = object{"required": true, "content": object{"application/octet-stream": object{"schema": object{}}}}
			}
		}
		if o.keyed() {
			parameters = append(parameters, object{"$ref": "#/components/parameters/key"})
		}
		if parameters != nil {
			one["parameters"] = parameters
		}
		path, _ := paths[o.Path].(object)
		if path == nil {
			path = object{}
			paths[o.Path] = path
		}
		path[strings.ToLower(o.Method)] = one
	}
	problems := object{"description": say(web.T("api.problem")), "content": object{"application/problem+json": object{"schema": d.schema(reflect.TypeFor[web.Problem](), false)}}}
	key := object{
		"name": IdempotencyKey, "in": "header", "required": false, "description": say(web.T("api.key")),
		"schema": object{"type": "string", "minLength": 16, "maxLength": 64},
	}
	return object{
		"openapi": "3.1.0", "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
		"info":     object{"title": say(web.T("api.title")), "description": say(web.T("api.about")), "version": "1"},
		"security": []object{{"session": []string{}}},
		"paths":    paths,
		"components": object{
			"schemas": d.schemas, "responses": object{"problem": problems}, "parameters": object{"key": key},
			"securitySchemes": object{"session": object{"type": "apiKey", "in": "cookie", "name": cookie}},
		},
	}
}

// methodsKey is where an operation names the methods of services that it calls, as /quyen shows them.
const methodsKey = "x-antin-methods"

// answer describes what an operation answers where it does what it is asked for.
func (d *describer) answer(o *Operation) object {
	if o.out == downloadType {
		return object{}
	}
	return object{"schema": d.schema(o.out, false)}
}

// idPattern is what ids look like, after the prefix of their kind.
const idPattern = "_[0-9a-hjkmnp-tv-z]{13}$"

// tagged is a schema with what a field's tags add: the kinds of an id, a pattern, the values that there are.
func tagged(s object, tag reflect.StructTag) object {
	more := object{}
	if kinds := tag.Get("id"); kinds != "" {
		more["pattern"] = "^(" + strings.ReplaceAll(kinds, ",", "|") + ")" + idPattern
	}
	if p := tag.Get("pattern"); p != "" {
		more["pattern"] = p
	}
	if values := choices(tag); values != nil {
		more["enum"] = values
	}
	to := s
	if items, ok := s["items"].(object); ok {
		to = items
	}
	maps.Copy(to, more)
	return s
}

// describer makes schemas of Go types; structs with a name are described once.
type describer struct{ schemas object }

var (
	timeType     = reflect.TypeFor[time.Time]()
	dateType     = reflect.TypeFor[Date]()
	textType     = reflect.TypeFor[encoding.TextMarshaler]()
	bytesType    = reflect.TypeFor[[]byte]()
	downloadType = reflect.TypeFor[*web.Download]()
)

// schema describes a type. in is for what callers send: there a member that is not described is refused.
func (d *describer) schema(t reflect.Type, in bool) object {
	switch {
	case t == timeType:
		return object{"type": "string", "format": "date-time"}
	case t == dateType:
		return object{"type": "string", "format": "date"}
	case t == bytesType:
		return object{"type": "string", "contentEncoding": "base64"}
	case t == uploadType:
		return object{"type": "string", "contentMediaType": "application/octet-stream"}
	case t.Kind() == reflect.Pointer:
		return object{"anyOf": []object{d.schema(t.Elem(), in), {"type": "null"}}}
	case t.Implements(textType):
		return object{"type": "string"}
	}
	switch t.Kind() {
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Slice:
		return object{"type": "array", "items": d.schema(t.Elem(), in)}
	case reflect.Struct:
		return d.object(t, in)
	default:
		panic(fmt.Sprintf("api: no schema for %s", t))
	}
}

// object describes a struct by its json tags, under its own name.
func (d *describer) object(t reflect.Type, in bool) object {
	name := nameOf(t)
	if in {
		name += "Input"
	}
	if _, known := d.schemas[name]; !known {
		s := object{"type": "object"}
		d.schemas[name] = s
		properties, required := object{}, []string{}
		for _, f := range reflect.VisibleFields(t) {
			tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if f.Anonymous || !f.IsExported() || tag == "-" {
				continue
			}
			if tag == "" {
				panic(fmt.Sprintf("api: %s.%s has no name in JSON", t, f.Name))
			}
			properties[tag] = tagged(d.schema(f.Type, in), f.Tag)
			if !optional(options) {
				required = append(required, tag)
			}
		}
		s["properties"], s["required"] = properties, required
		if in {
			s["additionalProperties"] = false
		}
	}
	return object{"$ref": "#/components/schemas/" + name}
}

// nameOf is a type's name in the document: its package's and its own.
func nameOf(t reflect.Type) string {
	name := t.String()
	if t.Name() == "" {
		panic("api: a struct without a name: " + name)
	}
	if outer, inner, ok := strings.Cut(name, "["); ok { // List[…/register.number]
		inner = strings.TrimSuffix(inner, "]")
		name = outer + "." + inner[strings.LastIndexByte(inner, '/')+1:]
	}
	return strings.ReplaceAll(name, ".", "_")
}
