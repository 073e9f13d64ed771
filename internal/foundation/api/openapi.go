package api

import (
	"encoding"
	"fmt"
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
		return &web.JSON{Value: document(operations, r.Say)}, nil
	}})
	return m
}

// document is the OpenAPI 3.1 description of operations.
func document(operations []*Operation, say func(web.Text) string) object {
	d := describer{schemas: object{}}
	paths := object{}
	problem := object{"$ref": "#/components/responses/problem"}
	for _, o := range operations {
		one := object{
			"operationId": o.Name, "summary": say(web.T(o.Summary)),
			"responses": object{
				"200":     object{"description": say(web.T("api.done")), "content": object{"application/json": object{"schema": d.schema(o.out, false)}}},
				"default": problem,
			},
		}
		if o.Anyone {
			one["security"] = []object{}
		}
		var parameters []object
		for _, f := range o.fields {
			switch f.in {
			case "path", "query":
				schema := d.schema(f.kind, true)
				if f.enum != nil {
					schema["enum"] = f.enum
				}
				parameters = append(parameters, object{"name": f.name, "in": f.in, "required": f.required, "schema": schema})
			case "json":
				one["requestBody"] = object{"required": true, "content": object{"application/json": object{"schema": d.schema(f.kind, true)}}}
			case "file":
				one["requestBody"] = object{"required": true, "content": object{"application/octet-stream": object{"schema": object{}}}}
			}
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
	return object{
		"openapi": "3.1.0", "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
		"info":     object{"title": say(web.T("api.title")), "description": say(web.T("api.about")), "version": "1"},
		"security": []object{{"session": []string{}}},
		"paths":    paths,
		"components": object{
			"schemas": d.schemas, "responses": object{"problem": problems},
			"securitySchemes": object{"session": object{"type": "apiKey", "in": "cookie", "name": "__Host-antin-session"}},
		},
	}
}

// describer makes schemas of Go types; structs with a name are described once.
type describer struct{ schemas object }

var (
	timeType = reflect.TypeFor[time.Time]()
	dateType = reflect.TypeFor[Date]()
	textType = reflect.TypeFor[encoding.TextMarshaler]()
)

// schema describes a type. in is for what callers send: there a member that is not described is refused.
func (d *describer) schema(t reflect.Type, in bool) object {
	switch {
	case t == timeType:
		return object{"type": "string", "format": "date-time"}
	case t == dateType:
		return object{"type": "string", "format": "date"}
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
		for f := range t.Fields() {
			tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if !f.IsExported() || tag == "-" {
				continue
			}
			if tag == "" {
				panic(fmt.Sprintf("api: %s.%s has no name in JSON", t, f.Name))
			}
			properties[tag] = d.schema(f.Type, in)
			if !strings.Contains(options, "omitempty") && !strings.Contains(options, "omitzero") {
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
