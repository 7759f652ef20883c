package baseurl

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"https://example.org":          "https://example.org",
		"http://example.org:8080//":    "http://example.org:8080",
		"https://example.org/a/b/":     "https://example.org/a/b",
		"https://example.org/a%2Fb%2F": "https://example.org/a%2Fb%2F",
		"http://[::1]:80/":             "http://[::1]:80",
	} {
		base, ok := Parse(text)
		if assert.True(t, ok, text) {
			assert.Equal(t, want, base.String(), text)
		}
	}
	for _, text := range []string{
		"", "/", "example.org", "//example.org", "ftp://example.org", "https://", "https:///a", "https://:80", "https://user@example.org",
		"https://example.org?", "https://example.org/?a=b", "https://example.org/#a", "https://example.org#/", "http://[::1", "http://a b", "http://a\n",
	} {
		_, ok := Parse(text)
		assert.False(t, ok, text)
	}
}
