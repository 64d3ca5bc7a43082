// Package apitest holds what a server says against the OpenAPI document that
// it says it follows. It is for tests: of the document itself, and of servers.
// It makes no requests.
package apitest

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"mime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// ErrUnknown is an answer that the document says nothing of.
var ErrUnknown = errors.New("not in the document")

// Document is a parsed OpenAPI document. It may be used by many at once.
type Document struct {
	root       map[string]any
	operations []Operation

	mu       sync.Mutex
	compiler *jsonschema.Compiler
}

const home = "openapi.json" // what the compiler knows the document by

// Parse reads a document.
func Parse(text []byte) (*Document, error) {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("read document: %w", err)
	}
	root, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("read document: it is no object")
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource(home, root); err != nil {
		return nil, fmt.Errorf("read document: %w", err)
	}
	return &Document{root: root, operations: operations(root), compiler: c}, nil
}

// Operation is one route of the document.
type Operation struct {
	Method string // in capitals
	Path   string // with names in braces
	at     []string
	value  map[string]any
}

// ID is its operationId.
func (o Operation) ID() string { return text(o.value["operationId"]) }

// Operations lists all of them, by path and method.
func (d *Document) Operations() []Operation { return d.operations }

func operations(root map[string]any) (all []Operation) {
	paths := object(root["paths"])
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item := object(paths[path])
		for _, method := range slices.Sorted(maps.Keys(item)) {
			if op := object(item[method]); op["responses"] != nil {
				all = append(all, Operation{strings.ToUpper(method), path, []string{"paths", path, method}, op})
			}
		}
	}
	return all
}

// Knows says whether a request has a route.
func (d *Document) Knows(method, path string) bool {
	_, ok := d.find(method, path)
	return ok
}

// Answer says what is wrong with the answer to a request: a status, a media
// type or a body that the document does not have. Bodies that are no JSON are
// taken as they are.
func (d *Document) Answer(method, path string, status int, contentType string, body []byte) error {
	op, ok := d.find(method, path)
	if !ok {
		return fmt.Errorf("%s %s: %w", method, path, ErrUnknown)
	}
	at := append(slices.Clone(op.at), "responses", strconv.Itoa(status))
	response, at := d.follow(at)
	if response == nil {
		return fmt.Errorf("%s answered %d: %w", op.ID(), status, ErrUnknown)
	}
	content := object(response["content"])
	if len(content) == 0 {
		if len(body) > 0 {
			return fmt.Errorf("%s answered %d with a body that the document knows nothing of", op.ID(), status)
		}
		return nil
	}
	kind := match(content, contentType)
	switch {
	case kind == "":
		return fmt.Errorf("%s answered %d as %q: %w", op.ID(), status, contentType, ErrUnknown)
	case !strings.Contains(kind, "json") || method == "HEAD":
		return nil
	}
	if err := d.check(append(at, "content", kind, "schema"), body); err != nil {
		return fmt.Errorf("%s answered %d: %w", op.ID(), status, err)
	}
	return nil
}

// Examples says what is wrong with the examples of the requests and the good
// answers: those that are missing, and those that do not follow their schema.
// A file to send or to get needs none.
func (d *Document) Examples() (wrong []error) {
	for _, op := range d.Operations() {
		bodies := [][]string{append(slices.Clone(op.at), "requestBody")}
		for status := range object(op.value["responses"]) {
			if status < "300" {
				bodies = append(bodies, append(slices.Clone(op.at), "responses", status))
			}
		}
		slices.SortFunc(bodies, slices.Compare)
		for _, at := range bodies {
			for _, err := range d.examplesOf(at) {
				wrong = append(wrong, fmt.Errorf("%s: %s: %w", op.ID(), strings.Join(at[len(op.at):], " "), err))
			}
		}
	}
	return wrong
}

// examplesOf looks at the bodies of a request or an answer.
func (d *Document) examplesOf(at []string) (wrong []error) {
	body, at := d.follow(at)
	content := object(body["content"])
	for _, kind := range slices.Sorted(maps.Keys(content)) {
		if kind == "application/octet-stream" || strings.HasSuffix(kind, "/*") {
			continue
		}
		m := object(content[kind])
		examples := []any{}
		if v, ok := m["example"]; ok {
			examples = append(examples, v)
		}
		for _, e := range object(m["examples"]) {
			examples = append(examples, object(e)["value"])
		}
		if len(examples) == 0 {
			wrong = append(wrong, fmt.Errorf("%s has no example", kind))
		}
		for _, v := range examples {
			s, err := d.compile(append(slices.Clone(at), "content", kind, "schema"))
			if err == nil {
				err = s.Validate(v)
			}
			if err != nil {
				wrong = append(wrong, fmt.Errorf("%s: %w", kind, err))
			}
		}
	}
	return wrong
}

// check holds a body against the schema at a place.
func (d *Document) check(at []string, body []byte) error {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("no JSON: %w", err)
	}
	s, err := d.compile(at)
	if err != nil {
		return err
	}
	return s.Validate(v)
}

func (d *Document) compile(at []string) (*jsonschema.Schema, error) {
	escape := strings.NewReplacer("~", "~0", "/", "~1", "%", "%25", "{", "%7B", "}", "%7D", " ", "%20", ";", "%3B")
	var b strings.Builder
	for _, part := range at {
		b.WriteString("/" + escape.Replace(part))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	s, err := d.compiler.Compile(home + "#" + b.String())
	if err != nil {
		return nil, fmt.Errorf("schema %s: %w", b.String(), err)
	}
	return s, nil
}

// follow finds what stands at a place, also where that only names another.
func (d *Document) follow(at []string) (map[string]any, []string) {
	v := d.root
	for _, part := range at {
		v = object(v[part])
	}
	if ref := text(v["$ref"]); ref != "" {
		return d.follow(strings.Split(strings.TrimPrefix(ref, "#/"), "/"))
	}
	return v, at
}

// find is the route of a request. Words go before names in braces.
func (d *Document) find(method, path string) (best Operation, ok bool) {
	parts := strings.Split(path, "/")
	fewest := len(parts) + 1
	for _, op := range d.Operations() {
		if op.Method != method && (method != "HEAD" || op.Method != "GET") {
			continue
		}
		pattern := strings.Split(op.Path, "/")
		if len(pattern) != len(parts) {
			continue
		}
		names, fits := 0, true
		for i, p := range pattern {
			switch {
			case strings.HasPrefix(p, "{"):
				names++
			case p != parts[i]:
				fits = false
			}
		}
		if fits && names < fewest {
			best, ok, fewest = op, true, names
		}
	}
	return best, ok
}

// match is the media type of a document that an answer's is.
func match(content map[string]any, contentType string) string {
	if _, ok := content[contentType]; ok {
		return contentType
	}
	got, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return ""
	}
	family, _, _ := strings.Cut(got, "/")
	for _, kind := range slices.Sorted(maps.Keys(content)) {
		if plain, _, err := mime.ParseMediaType(kind); err == nil && (plain == got || plain == family+"/*") {
			return kind
		}
	}
	return ""
}

func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
