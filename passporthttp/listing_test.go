package passporthttp_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/passporthttp"
)

type page struct {
	Next, Prev *string
	Items      []struct {
		Version    string
		Credential struct{ CredentialSubject struct{ Provider string } }
	}
}

func (s *site) page(path string) (providers []string, next, prev *string) {
	s.t.Helper()
	got := s.do(request{path: path, key: s.reader})
	require.Equal(s.t, http.StatusOK, got.status, got.body)
	var p page
	require.NoError(s.t, json.Unmarshal([]byte(got.body), &p))
	for _, item := range p.Items {
		assert.Equal(s.t, "1.0.0", item.Version)
		providers = append(providers, item.Credential.CredentialSubject.Provider)
	}
	return providers, p.Next, p.Prev
}

func TestListing(t *testing.T) {
	s := newSite(t)
	s.stamp(bob, "A", "B", "C", "D", "E")
	first, next, prev := s.page("/v2/stamps/" + bob + "?limit=2")
	assert.Equal(t, []string{"E", "D"}, first)
	assert.Nil(t, prev)
	require.NotNil(t, next)
	second, next, prev := s.page(*next)
	assert.Equal(t, []string{"C", "B"}, second)
	require.NotNil(t, prev)
	require.NotNil(t, next)
	third, end, back := s.page(*next)
	assert.Equal(t, []string{"A"}, third)
	assert.Nil(t, end)
	require.NotNil(t, back)
	second, _, prev = s.page(*back)
	assert.Equal(t, []string{"C", "B"}, second)
	first, _, prev = s.page(*prev)
	assert.Equal(t, []string{"E", "D"}, first)
	assert.Nil(t, prev)

	all, next, prev := s.page("/v2/stamps/" + bob)
	assert.Equal(t, []string{"E", "D", "C", "B", "A"}, all)
	assert.Nil(t, next)
	assert.Nil(t, prev)
}

// The rows of a page may have been deleted when it is requested.
func TestListing_EmptyPage(t *testing.T) {
	s := newSite(t)
	s.stamp(bob, "A", "B", "C")
	_, next, _ := s.page("/v2/stamps/" + bob + "?limit=2")
	_, err := s.db.DeleteCredentials(t.Context(), bob, "A")
	require.NoError(t, err)
	none, older, newer := s.page(*next)
	assert.Empty(t, none)
	assert.Nil(t, older)
	require.NotNil(t, newer)
	back, _, _ := s.page(*newer)
	assert.Equal(t, []string{"C", "B"}, back)

	_, next, _ = s.page("/v2/stamps/" + bob + "?limit=1")
	_, _, prev := s.page(*next)
	_, err = s.db.DeleteCredentials(t.Context(), bob, "C")
	require.NoError(t, err)
	none, older, newer = s.page(*prev)
	assert.Empty(t, none)
	assert.Nil(t, newer)
	require.NotNil(t, older)
	back, _, _ = s.page(*older)
	assert.Equal(t, []string{"B"}, back)
}

func TestListing_PublicURL(t *testing.T) {
	s := newSite(t, passporthttp.WithPublicURL("https://api.example.org/"))
	_, next, _ := s.page("/v2/stamps/" + alice + "?limit=1")
	require.NotNil(t, next)
	assert.Regexp(t, `^https://api\.example\.org/v2/stamps/`+alice+`\?token=\w+&limit=1$`, *next)
}

// Below a prefix, which the handler does not know, the links lead to the next
// page nevertheless.
func TestListing_StripPrefix(t *testing.T) {
	s := newSite(t, passporthttp.WithPublicURL("https://example.org/passport"))
	mux := http.NewServeMux()
	mux.Handle("/passport/", http.StripPrefix("/passport", s.handler))
	asked := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/passport/v2/stamps/"+alice+"?limit=1", nil)
	for range 2 {
		asked.Header.Set("X-Api-Key", s.reader)
		answer := httptest.NewRecorder()
		mux.ServeHTTP(answer, asked)
		require.Equal(t, http.StatusOK, answer.Code, answer.Body)
		var p page
		require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &p))
		require.Len(t, p.Items, 1)
		if p.Next == nil {
			return
		}
		asked = httptest.NewRequestWithContext(t.Context(), http.MethodGet, *p.Next, nil)
	}
	t.Fatal("the second page is the last")
}

// An empty token is the default: the first page.
func TestListing_EmptyToken(t *testing.T) {
	s := newSite(t)
	for _, query := range []string{"token=&limit=1000", "token", "token=o1&token="} {
		got := s.do(request{path: "/v2/stamps/" + alice + "?" + query, key: s.reader})
		assert.Equal(t, http.StatusOK, got.status, query)
		assert.JSONEq(t, s.do(request{path: "/v2/stamps/" + alice, key: s.reader}).body, got.body, query)
	}
}

// Tokens that the handler did not create are refused.
func TestListing_BadToken(t *testing.T) {
	s := newSite(t)
	for _, token := range []string{
		"o", "n", "x", "1", "o0", "o-1", "o%2B1", "o01", "x1", "o1%20", "%20o1", "o1%0A", "o1%00", "O1", "o9223372036854775808", "o1.0", "o%D9%A1", "oo1",
	} {
		got := s.do(request{path: "/v2/stamps/" + alice + "?token=" + token, key: s.reader})
		assert.Equal(t, http.StatusBadRequest, got.status, token)
		assert.JSONEq(t, `{"detail":"Invalid token."}`, got.body, token)
	}
	for _, token := range []string{"o9223372036854775807", "n9223372036854775807", "o1", "n1"} {
		assert.Equal(t, http.StatusOK, s.do(request{path: "/v2/stamps/" + alice + "?token=" + token, key: s.reader}).status, token)
	}
}
