package passporthttp

import (
	"encoding/json"
	"net/http"
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
)

// record puts the call of a key in the log of uses, if there is one.
func (h *Handler) record(c *call, given answered) {
	if h.uses == nil || c.key == nil {
		return
	}
	m := newMasker(presented(c.Request))
	path := clean(m.path(c.URL.Path))
	use := store.Use{
		KeyID:           c.key.ID,
		At:              c.began.UTC(),
		Path:            cut(path, store.MaxPath),
		BasePath:        basePath,
		Segments:        bounded(strings.Split(strings.Trim(path, "/"), "/"), maxIndexed, `[]`),
		Query:           bounded(m.values(c.URL.Query(), isCursor), maxIndexed, `{}`),
		Headers:         bounded(m.values(c.Header, nil), maxHeaders, `{}`),
		Status:          given.status,
		Error:           cut(m.hide(given.told), store.MaxUseError),
		ResponseSkipped: true,
	}
	switch {
	case given.private && given.told != "":
		use.Error = http.StatusText(given.status)
	case !given.private && len(given.body) <= maxResponse && !m.exposes(string(given.body)):
		use.Response, use.ResponseSkipped = given.body, false
	}
	h.uses.Record(use)
}

// path masks the segments of a path that hold a key, or all of it if they do
// together.
func (m *masker) path(path string) string {
	segments := strings.Split(path, "/")
	for i := range segments {
		segments[i] = m.hide(segments[i])
	}
	masked := strings.Join(segments, "/")
	if m.exposes(masked) {
		return mask
	}
	return masked
}

// values returns one value for each name. It hides keys, and the value of each
// name that looks like that of a secret unless it is known to be none.
func (m *masker) values(of map[string][]string, harmless func(name, text string) bool) map[string]string {
	all := make(map[string]string, len(of))
	for name, texts := range of {
		text := strings.Join(texts, ", ")
		if namesSecret(name) && (harmless == nil || !harmless(name, text)) {
			text = mask
		}
		all[clean(m.hide(name))] = clean(m.hide(text))
	}
	return all
}

// isCursor reports whether a parameter is the cursor of a listing.
func isCursor(name, text string) bool {
	_, _, ok := parseToken(text)
	return ok && name == "token"
}

func namesSecret(name string) bool {
	name, ok := unescapeAll(name)
	name = strings.ToLower(name)
	for _, word := range []string{
		"key", "auth", "cookie", "secret", "passw", "passphrase", "pwd", "signature", "session", "credential", "jwt", "token", "bearer",
	} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return !ok
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
