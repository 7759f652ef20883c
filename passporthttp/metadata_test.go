package passporthttp_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/passporthttp"
)

// platforms is a metadata document in the form of the service's.
const platforms = `[
	{"id": "Github", "icon": "./github.svg", "name": "GitHub", "description": "Connect it.", "connectMessage": "Connect <Account>", "website": "https://github.com",
	 "groups": [{"name": "Account", "stamps": [{"name": "Github", "description": "Has an account", "hash": "0x01"}, {"name": "githubContributions", "description": "90 days", "hash": "0x02"}]}]},
	{"id": "Other", "icon": "", "name": "Other", "description": "", "connectMessage": "", "groups": [{"name": "None", "stamps": [{"name": "Github", "description": "twice", "hash": ""}]}, {"name": "empty"}]},
	{"id": "Empty"}
]`

func TestMetadata(t *testing.T) {
	s := newSite(t)
	got := s.do(request{path: "/v2/stamps/metadata", key: s.nobody})
	assert.Equal(t, http.StatusOK, got.status)
	assert.JSONEq(t, platforms, got.body, "the document as it is, with what the handler does not know")
	assert.Equal(t, http.StatusUnauthorized, s.do(request{path: "/v2/stamps/metadata"}).status)

	got = newBareSite(t).do(request{path: "/v2/stamps/metadata", key: s.reader})
	assert.Equal(t, http.StatusNotFound, got.status, "it is off by default")
}

// metadataOf returns the metadata in a listing, by provider.
func (s *site) metadataOf(query string) map[string]any {
	s.t.Helper()
	got := s.do(request{path: "/v2/stamps/" + alice + query, key: s.reader})
	require.Equal(s.t, http.StatusOK, got.status, got.body)
	var page struct {
		Items []struct {
			Credential struct{ CredentialSubject struct{ Provider string } }
			Metadata   any
		}
	}
	require.NoError(s.t, json.Unmarshal([]byte(got.body), &page))
	metadata := map[string]any{}
	for _, item := range page.Items {
		metadata[item.Credential.CredentialSubject.Provider] = item.Metadata
	}
	return metadata
}

func TestListing_IncludeMetadata(t *testing.T) {
	s := newSite(t)
	none := map[string]any{"Google": nil, "Github": nil}
	included := map[string]any{"Google": nil, "Github": map[string]any{
		"group": "Account", "name": "Github", "description": "Has an account", "hash": "0x01",
		"platform": map[string]any{"id": "Github", "icon": "./github.svg", "name": "GitHub", "description": "Connect it.", "connectMessage": "Connect <Account>"},
	}}
	for query, want := range map[string]map[string]any{
		"": none, "?include_metadata=false": none, "?include_metadata=0": none, "?include_metadata=true": included, "?include_metadata=True": included,
		"?include_metadata=1": included, "?include_metadata=0&include_metadata=yes": included,
	} {
		assert.Equal(t, want, s.metadataOf(query), query)
	}
	_, next, _ := s.page("/v2/stamps/" + alice + "?include_metadata=on&limit=1")
	require.NotNil(t, next)
	assert.Regexp(t, `\?token=o\d+&limit=1&include_metadata=true$`, *next, "the next page has metadata too")
	assert.Equal(t, none, newBareSite(t).metadataOf("?include_metadata=true"), "there is none")
}

func TestWithMetadata_Refused(t *testing.T) {
	require.NoError(t, configure(passporthttp.WithMetadata([]byte(" []\n"))))
	for name, document := range map[string]string{
		"nothing":                  "",
		"null":                     "null",
		"an object":                `{"platforms": []}`,
		"two lists":                "[][]",
		"cut off":                  platforms[:len(platforms)-2],
		"another type":             `[{"id": 7}]`,
		"no UTF-8":                 "[{\"id\": \"\xff\"}]",
		"a stamp without a name":   `[{"id": "A", "groups": [{"name": "g", "stamps": [{"hash": "0x"}]}]}]`,
		"a stamp without platform": `[{"groups": [{"name": "g", "stamps": [{"name": "Google"}]}]}]`,
		"a stamp too large":        `[{"id": "A", "groups": [{"stamps": [{"name": "Google", "description": "` + strings.Repeat("x", 8<<10) + `"}]}]}]`,
		"too large":                `[` + strings.Repeat(" ", 1<<20) + `]`,
		"too deep":                 strings.Repeat("[", 100_000),
	} {
		require.ErrorIs(t, configure(passporthttp.WithMetadata([]byte(document))), passport.ErrMisconfigured, name)
	}
}
