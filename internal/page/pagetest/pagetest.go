// Package pagetest checks the pages of reports.
package pagetest

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// SelfContained checks that nothing in the page makes a browser load or run
// anything, and that it is light or dark as the reader's system is.
func SelfContained(t *testing.T, page string) {
	t.Helper()
	for _, banned := range []string{
		"http:", "https:", "//", "url(", "<script", "javascript:", "@import", "src=", "href=", "<link", "<img", "<iframe", "<object",
	} {
		assert.NotContains(t, page, banned)
	}
	assert.NotRegexp(t, `(?i)\son\w+\s*=`, page)
	assert.Contains(t, page, `content="default-src 'none'; style-src 'unsafe-inline'"`)
	assert.Contains(t, page, "prefers-color-scheme: dark")
	assert.NotContains(t, page, "ZgotmplZ", "a value was refused by its context")
	assert.Contains(t, page, "</html>")
}
