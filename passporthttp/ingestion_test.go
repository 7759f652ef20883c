package passporthttp_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Submitted credentials count in the next score, and replace those of the same
// providers.
func TestIngestion(t *testing.T) {
	s := newSite(t)
	post := func(credentials ...[]byte) response {
		parts := make([]string, len(credentials))
		for i := range credentials {
			parts[i] = string(credentials[i])
		}
		return s.do(request{
			method: http.MethodPost, path: "/v2/stamps/" + strings.ToUpper(bob[:3]) + bob[3:], key: s.submitter,
			body: `{"credentials": [` + strings.Join(parts, ", ") + `]}`,
		})
	}
	if got := post(s.signed(bob, "Google"), s.signed(bob, "Github")); got.status != http.StatusBadRequest {
		t.Fatal("0X is no address")
	}
	add := func(credentials string) response {
		return s.do(request{method: http.MethodPost, path: "/v2/stamps/" + bob, key: s.submitter, body: `{"credentials": [` + credentials + `]}`})
	}
	got := add(fmt.Sprintf("%s, %s", s.signed(bob, "Google"), s.signed(bob, "Github")))
	require.Equal(t, `{"stored":2}`, got.body)
	assert.Contains(t, s.do(request{path: "/v2/stamps/1/score/" + bob, key: s.reader}).body, `"score":"3.50000"`)

	forged := strings.Replace(string(s.signed(bob, "Github")), "2025-01-01", "2025-01-02", 1)
	require.NotEqual(t, string(s.signed(bob, "Github")), forged)
	require.Equal(t, `{"stored":1}`, add(forged).body, "its proof is not checked here")
	assert.Contains(t, s.do(request{path: "/v2/stamps/1/score/" + bob, key: s.reader}).body, `"score":"1.50000"`, "it does not count, but has replaced one that did")
}

// Either all credentials of a request are stored or none.
func TestIngestion_OneBad(t *testing.T) {
	s := newSite(t)
	got := s.do(request{
		method: http.MethodPost, path: "/v2/stamps/" + bob, key: s.submitter,
		body: fmt.Sprintf(`{"credentials": [%s, {"issuer": "me"}]}`, s.signed(bob, "Google")),
	})
	assert.Equal(t, http.StatusBadRequest, got.status)
	assert.Contains(t, got.body, "credential 2: ")
	items, _, _ := s.page("/v2/stamps/" + bob)
	assert.Empty(t, items)
}

// A body of another form is refused, and nothing is stored.
func TestIngestion_Body(t *testing.T) {
	s := newSite(t)
	signed := string(s.signed(bob, "Google"))
	const form = `the body is not {\"credentials\": […]}`
	for body, want := range map[string]string{
		`{"items": [` + signed + `]}`:                             form + `: it has a member \"items\"`,
		`{"Credentials": [` + signed + `]}`:                       form + `: it has a member \"Credentials\"`,
		`{"credentials": [` + signed + `], "dry_run": true}`:      form + `: it has a member \"dry_run\"`,
		`{"next": null, "prev": null, "items": [` + signed + `]}`: form + `: it has a member \"items\"`,
		`[` + signed + `]`:                                        form,
		`{"credentials": {}}`:                                     form,
		`{}`:                                                      form,
		`{"credentials": [` + signed + `]} x`:                     form,
		`{"credentials": []}`:                                     "0 credentials, want 1 to 100",
		`{"credentials": null}`:                                   "0 credentials, want 1 to 100",
	} {
		got := s.do(request{method: http.MethodPost, path: "/v2/stamps/" + bob, key: s.submitter, body: body})
		assert.Equal(t, http.StatusBadRequest, got.status, body)
		assert.Equal(t, `{"detail":"Invalid request: `+want+`"}`, got.body, body)
	}
	items, _, _ := s.page("/v2/stamps/" + bob)
	assert.Empty(t, items)
}

// A key without the permission changes nothing.
func TestIngestion_Forbidden(t *testing.T) {
	s := newSite(t)
	for _, key := range []string{s.reader, s.historian, s.nobody, s.stranger} {
		got := s.do(request{
			method: http.MethodPost, path: "/v2/stamps/" + bob, key: key, body: fmt.Sprintf(`{"credentials": [%s]}`, s.signed(bob, "Google")),
		})
		assert.Equal(t, http.StatusForbidden, got.status)
	}
	items, _, _ := s.page("/v2/stamps/" + bob)
	assert.Empty(t, items)
}
