package httpapi

import (
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// complete finishes the document when all routes are in it: each body that is
// JSON gets an example, and each route the answers that any may give. What has
// no example is listed, as the route and what it lacks.
func (a *api) complete() (missing []string) {
	doc, given := a.huma.OpenAPI(), shown()
	x := exemplar{registry: a.registry, samples: samples()}
	doc.Components.Responses = a.refusals()
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		for _, op := range operations(doc.Paths[path]) {
			for _, p := range op.Parameters { // huma's own word, for messages that are made by now
				if p.Schema != nil {
					p.Schema.PatternDescription = ""
				}
			}
			for status, ref := range everywhere() {
				if op.Responses[status] == nil {
					op.Responses[status] = &huma.Response{Ref: "#/components/responses/" + ref}
				}
			}
			delete(op.Responses, "default") // what huma says of a route that names no errors
			var lacks []string
			if op.RequestBody != nil {
				lacks = append(lacks, x.exemplify(op.OperationID, "request", op.RequestBody.Content, given)...)
			}
			for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
				r := op.Responses[status]
				if status < "300" {
					lacks = append(lacks, x.exemplify(op.OperationID, status, r.Content, given)...)
				}
				if r.Description == "" {
					code, _ := strconv.Atoi(status)
					r.Description = http.StatusText(code)
				}
			}
			missing = append(missing, lacks...)
		}
	}
	return missing
}

// exemplar makes examples.
type exemplar struct {
	registry huma.Registry
	samples  map[reflect.Type]any
}

// exemplify gives each body that has none an example, and says where that
// cannot be done.
func (x exemplar) exemplify(op, where string, bodies map[string]*huma.MediaType, given map[[2]string]any) (lacks []string) {
	for _, kind := range slices.Sorted(maps.Keys(bodies)) {
		m := bodies[kind]
		if v, ok := given[[2]string{op, kind}]; ok {
			m.Example = v
		}
		switch {
		case m.Example != nil || len(m.Examples) > 0 || kind == "application/octet-stream" || strings.HasSuffix(kind, "/*"):
		case m.Schema == nil || !strings.Contains(kind, "json"):
			lacks = append(lacks, fmt.Sprintf("%s: %s: %s has no example: put one into shown of samples.go", op, where, kind))
		default:
			v, want := x.exampleOf(m.Schema, "body", 0)
			if len(want) == 0 {
				m.Example = v
				continue
			}
			lacks = append(lacks, fmt.Sprintf("%s: %s: no example for %s: give these fields an example tag, or put their type into samples of samples.go",
				op, where, strings.Join(want, ", ")))
		}
	}
	return lacks
}

// deepest bounds examples: types may hold themselves.
const deepest = 8

// exampleOf makes a value that follows a schema out of the examples of its
// parts. What is optional and has none is left out; what is needed and has
// none is named.
func (x exemplar) exampleOf(s *huma.Schema, path string, depth int) (v any, want []string) {
	if s.Ref != "" {
		if v, ok := x.samples[x.registry.TypeFromRef(s.Ref)]; ok {
			return v, nil
		}
		s = x.registry.SchemaFromRef(s.Ref)
	}
	switch {
	case s == nil || depth > deepest:
		return nil, []string{path}
	case len(s.Examples) > 0:
		return s.Examples[0], nil
	case s.Default != nil:
		return s.Default, nil
	case len(s.Enum) > 0:
		return s.Enum[0], nil
	case s.Type == huma.TypeString && s.Format == "date-time":
		return exampleTime().Format(time.RFC3339), nil
	case s.Type == huma.TypeBoolean:
		return false, nil
	case s.Type == huma.TypeArray && s.Items != nil:
		if v, want = x.exampleOf(s.Items, path+"[]", depth+1); len(want) > 0 {
			return nil, want
		}
		return []any{v}, nil
	case s.Type == huma.TypeObject:
		return x.exampleObject(s, path, depth)
	}
	return nil, []string{path}
}

func (x exemplar) exampleObject(s *huma.Schema, path string, depth int) (any, []string) {
	object := map[string]any{}
	if of, ok := s.AdditionalProperties.(*huma.Schema); ok && len(s.Properties) == 0 {
		if v, want := x.exampleOf(of, path+".*", depth+1); len(want) == 0 {
			object["key"] = v
		}
		return object, nil
	}
	var want []string
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[name]
		needed := slices.Contains(s.Required, name)
		if !needed && len(p.Examples) == 0 && (p.Type == huma.TypeBoolean || p.Type == huma.TypeString) {
			continue // what is not shown on purpose need not be there
		}
		v, lacks := x.exampleOf(p, path+"."+name, depth+1)
		switch {
		case len(lacks) == 0:
			object[name] = v
		case needed:
			want = append(want, lacks...)
		}
	}
	return object, want
}

// everywhere are the answers that any route may give, by their names in the
// document: those of the guard of a listener, and to a defect.
func everywhere() map[string]string {
	return map[string]string{"401": "TokenRequired", "403": "OriginRefused", "421": "HostRefused", "500": "Internal"}
}

// refusals are these answers in full.
func (a *api) refusals() map[string]*huma.Response {
	refusal := func(doc string) *huma.Response {
		return &huma.Response{Description: doc, Content: content(problemType, schema[Problem](a), nil)}
	}
	return map[string]*huma.Response{
		"TokenRequired": refusal("The server has a token, and this is not it (token_required)"),
		"OriginRefused": refusal("A page of another site has asked (origin_refused)"),
		"HostRefused":   refusal("The Host header names another server (host_refused)"),
		"Internal":      refusal("Something went wrong inside Sluice (internal)"),
	}
}

// operations lists those of a path by their methods.
func operations(p *huma.PathItem) []*huma.Operation {
	all := []*huma.Operation{p.Get, p.Head, p.Post, p.Put, p.Patch, p.Delete}
	return slices.DeleteFunc(all, func(op *huma.Operation) bool { return op == nil })
}
