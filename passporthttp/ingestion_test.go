package passporthttp_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What is submitted counts in the next score, and replaces what was there of the
// same provider.
func TestSubmittedCredentialsCount(t *testing.T) {
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
	require.Equal(t, `{"stored":1}`, add(forged).body, "its proof is not looked at here")
	assert.Contains(t, s.do(request{path: "/v2/stamps/1/score/" + bob, key: s.reader}).body, `"score":"1.50000"`, "it does not count, but took the place of one that did")
}

// All of a request is stored, or nothing.
func TestOneBadCredentialKeepsTheOthersOut(t *testing.T) {
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

// The rows of a key that may not submit stay untouched, whatever else it may.
func TestNobodyElseMaySubmit(t *testing.T) {
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
