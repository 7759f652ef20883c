package passporthttp

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/passport-sdk/passport-go/store"
)

// What a use may hold. The service has indexes on some columns, which hold less
// than 2,700 bytes, and a queue of uses must not fill the memory.
const (
	maxIndexed  = 1900
	maxHeaders  = 8 << 10
	maxResponse = 8 << 10
	basePath    = "/v2/stamps"
	mask        = "***"
)

// record puts the call of a key in the log of uses, if there is one.
func (h *Handler) record(c *call, given answered) {
	if h.uses == nil || c.key == nil {
		return
	}
	secret := presented(c.Request)
	path := clean(hide(c.URL.Path, secret))
	use := store.Use{
		KeyID:    c.key.ID,
		At:       c.began.UTC(),
		Path:     cut(path, store.MaxPath),
		BasePath: basePath,
		Segments: bounded(strings.Split(strings.Trim(path, "/"), "/"), maxIndexed, `[]`),
		Query:    bounded(masked(c.URL.Query(), secret), maxIndexed, `{}`),
		Headers:  bounded(masked(c.Header, secret), maxHeaders, `{}`),
		Status:   given.status,
		Error:    cut(given.told, store.MaxUseError),
	}
	if len(given.body) <= maxResponse {
		use.Response = given.body
	} else {
		use.ResponseSkipped = true
	}
	h.uses.Record(use)
}

// masked returns one value for each name: what is named like a secret is
// hidden, and the key wherever it turns up.
func masked[M http.Header | url.Values](values M, secret string) map[string]string {
	all := make(map[string]string, len(values))
	for name, texts := range values {
		text := hide(strings.Join(texts, ", "), secret)
		if namesSecret(name) {
			text = mask
		}
		all[clean(hide(name, secret))] = clean(text)
	}
	return all
}

func namesSecret(name string) bool {
	name = strings.ToLower(name)
	for _, word := range []string{"key", "auth", "cookie", "secret", "password", "signature", "session", "credential", "jwt"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return strings.Contains(name, "token") && name != "token" // which is the cursor of a listing
}

// likeKey is what keys look like that the service, or apikey, has made.
var likeKey = regexp.MustCompile(`[A-Za-z0-9]{8}\.[A-Za-z0-9]{32}`)

// hide takes the key out of a text, and whatever looks like another one.
func hide(text, secret string) string {
	if secret != "" {
		text = strings.ReplaceAll(text, secret, mask)
	}
	return likeKey.ReplaceAllString(text, mask)
}

// bounded marshals the value, unless that is too long.
func bounded(value any, most int, otherwise string) []byte {
	document, err := json.Marshal(value)
	if err != nil || len(document) > most {
		return []byte(otherwise)
	}
	return document
}

// clean makes a text one that Postgres can hold.
func clean(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// cut cleans a text and leaves at most that many characters of it.
func cut(text string, most int) string {
	text = clean(text)
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most])
}
