package passporthttp_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// description is the document at /openapi.json, with its schemas compiled.
type description struct {
	Paths map[string]map[string]json.RawMessage
	whole any
	c     *jsonschema.Compiler
}

// operation is one method of one path.
type operation struct {
	Responses map[string]json.RawMessage
}

const documentURL = "https://example.org/openapi.json"

func readDescription(t *testing.T, text string) *description {
	t.Helper()
	d := &description{c: jsonschema.NewCompiler()}
	d.c.DefaultDraft(jsonschema.Draft2020)
	d.c.AssertFormat()
	require.NoError(t, json.Unmarshal([]byte(text), d))
	whole, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	require.NoError(t, err)
	d.whole = whole
	require.NoError(t, d.c.AddResource(documentURL, whole))
	return d
}

// answers returns every answer that is described, as "GET /path 200".
func (d *description) answers(t *testing.T) []string {
	t.Helper()
	var all []string
	for path, methods := range d.Paths {
		for method, text := range methods {
			if method == "parameters" {
				continue
			}
			var o operation
			require.NoError(t, json.Unmarshal(text, &o))
			for status := range o.Responses {
				all = append(all, strings.ToUpper(method)+" "+path+" "+status)
			}
		}
	}
	return all
}

// holds demands that the body and each header of the answer have the described
// schemas.
func (d *description) holds(t *testing.T, method, route, status string, got response) {
	t.Helper()
	place := []string{"paths", route, strings.ToLower(method), "responses", status}
	pointer, described := d.follow(t, place)
	content, _ := described["content"].(map[string]any)
	require.Contains(t, content, "application/json")
	assert.Equal(t, "application/json", got.header.Get("Content-Type"))
	body, err := jsonschema.UnmarshalJSON(strings.NewReader(got.body))
	require.NoError(t, err, got.body)
	schema, err := d.c.Compile(documentURL + "#" + pointer + "/content/application~1json/schema")
	require.NoError(t, err)
	assert.NoError(t, schema.Validate(body), got.body)

	headers, _ := described["headers"].(map[string]any)
	for name := range headers {
		at, header := d.follow(t, append(pointed(pointer), "headers", name))
		value := got.header.Get(name)
		if value == "" {
			assert.NotEqual(t, true, header["required"], "%s %s %s lacks %s", method, route, status, name)
			continue
		}
		schema, err := d.c.Compile(documentURL + "#" + at + "/schema")
		require.NoError(t, err)
		assert.NoError(t, schema.Validate(typed(header, value)), "%s: %s", name, value)
	}
}

// typed reads a header as the type of its schema.
func typed(header map[string]any, value string) any {
	schema, _ := header["schema"].(map[string]any)
	if schema["type"] == "integer" {
		return json.Number(value)
	}
	return value
}

// follow returns the value at the place, or the one that it refers to, and the
// pointer to it.
func (d *description) follow(t *testing.T, place []string) (pointer string, found map[string]any) {
	t.Helper()
	at := d.whole
	var path strings.Builder
	for _, name := range place {
		object, isObject := at.(map[string]any)
		require.True(t, isObject, "%v", place)
		require.Contains(t, object, name, "%v is not described", place)
		at = object[name]
		path.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(name))
	}
	found, isObject := at.(map[string]any)
	require.True(t, isObject)
	if reference, is := found["$ref"].(string); is {
		return d.follow(t, pointed(strings.TrimPrefix(reference, "#")))
	}
	return path.String(), found
}

func pointed(pointer string) []string {
	parts := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i := range parts {
		parts[i] = strings.NewReplacer("~1", "/", "~0", "~", "%7B", "{", "%7D", "}").Replace(parts[i])
	}
	return parts
}

// The document is a valid OpenAPI 3.1 document: every reference can be
// followed, every schema is valid, and every operation has its own name.
func TestOpenAPI(t *testing.T) {
	s := newSite(t)
	text := s.do(request{path: "/openapi.json"}).body
	d := readDescription(t, text)
	assert.Contains(t, text, `"openapi": "3.1.0"`)

	names := map[string]bool{}
	var walk func(pointer string, at any)
	walk = func(pointer string, at any) {
		switch at := at.(type) {
		case []any:
			for _, element := range at {
				walk(pointer, element)
			}
		case map[string]any:
			if reference, is := at["$ref"].(string); is {
				d.follow(t, pointed(strings.TrimPrefix(reference, "#")))
			}
			if name, is := at["operationId"].(string); is {
				assert.False(t, names[name], name)
				names[name] = true
			}
			for name, element := range at {
				walk(pointer+"/"+name, element)
			}
		}
	}
	walk("", d.whole)
	assert.Len(t, names, 8)

	whole := d.whole.(map[string]any)
	for name := range whole["components"].(map[string]any)["schemas"].(map[string]any) {
		_, err := d.c.Compile(documentURL + "#/components/schemas/" + name)
		assert.NoError(t, err, name)
	}
}

// Without ingestion the route does not exist and is not described.
func TestWithIngestion_Off(t *testing.T) {
	s := newBareSite(t)
	got := s.do(request{method: http.MethodPost, path: "/v2/stamps/" + alice, key: s.submitter, body: `{}`})
	assert.Equal(t, http.StatusMethodNotAllowed, got.status)
	assert.Equal(t, "GET, HEAD, OPTIONS", got.header.Get("Allow"))

	text := s.do(request{path: "/openapi.json"}).body
	d := readDescription(t, text)
	assert.NotContains(t, d.Paths["/v2/stamps/{address}"], "post")
	assert.Contains(t, d.Paths["/v2/stamps/{address}"], "get")
	assert.Len(t, d.Paths, 6)
	var compact bytes.Buffer
	require.NoError(t, json.Compact(&compact, []byte(text)))
	assert.Contains(t, compact.String(), `"openapi":"3.1.0"`)
}
