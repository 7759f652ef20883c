// Package baseurl reads the URL below which an API is served.
package baseurl

import (
	"net/url"
	"strings"
)

// Parse returns the URL without slashes at its end. It reports false unless the
// text is http or https, a host, and perhaps a path, and nothing else. An error
// about the text should not repeat it, as it may hold a password.
func Parse(text string) (*url.URL, bool) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" ||
		u.User != nil || u.ForceQuery || u.RawQuery != "" || u.Fragment != "" {
		return nil, false
	}
	u, err = url.Parse(strings.TrimRight(u.String(), "/"))
	return u, err == nil
}
