// Package mask hides API keys in texts, however often they are escaped or
// encoded.
package mask

import (
	"regexp"
	"slices"
	"strings"
)

// Text takes the place of a secret.
const Text = "***"

const (
	// maxEscapes and maxNested bound how often a text may be escaped, and
	// encoded in base64 or hex. A text beyond the bounds is hidden as a whole.
	maxEscapes = 24
	maxNested  = 8
	// minPart is the length from which the part of a key after its dot is
	// hidden where it stands alone. Shorter ones occur in ordinary texts.
	minPart = 8
)

// Masker hides one API key, and every text that has the form of a key.
type Masker struct {
	key   string
	forms []string // of the key, in lower case
}

// New returns a masker of the key.
func New(key string) *Masker {
	m := &Masker{key: key}
	_, part, _ := strings.Cut(key, ".")
	for _, secret := range []string{key, part} {
		if secret == key && key != "" || len(secret) >= minPart {
			whole, _ := unescapeAll(secret)
			m.forms = append(m.forms, strings.ToLower(secret), strings.ToLower(whole))
		}
	}
	return m
}

// likeKey is the form of the keys that the service and package apikey create.
var likeKey = regexp.MustCompile(`[A-Za-z0-9]{8}\.[A-Za-z0-9]{32}`)

// Clean returns the text without the characters that Postgres cannot hold.
func Clean(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// Hide returns the text with [Text] in place of each plain key, or [Text] alone
// if it holds an encoded one.
func (m *Masker) Hide(text string) string {
	if m.key != "" {
		text = strings.ReplaceAll(text, m.key, Text)
	}
	if showsKey(text) {
		text = likeKey.ReplaceAllString(text, Text)
	}
	if m.Exposes(text) {
		return Text
	}
	return text
}

// Exposes reports whether the text holds a key, in any encoding, or is too
// deeply encoded to be searched.
func (m *Masker) Exposes(text string) bool {
	budget := 4<<10 + 64*len(text)
	return m.search(text, maxNested, &budget)
}

func (m *Masker) search(text string, nested int, budget *int) bool {
	for range maxEscapes {
		*budget -= len(text)
		if *budget < 0 || m.shows(text) {
			return true
		}
		for _, inner := range decodings(text) {
			if nested == 0 || m.search(inner, nested-1, budget) {
				return true
			}
		}
		plain := unescape(text)
		if plain == text {
			return false
		}
		text = plain
	}
	return true
}

func (m *Masker) shows(text string) bool {
	lower := strings.ToLower(text)
	return showsKey(text) || slices.ContainsFunc(m.forms, func(form string) bool { return strings.Contains(lower, form) })
}

// showsKey reports whether likeKey matches, ten times as fast.
func showsKey(text string) bool {
	const before, after = 8, 32
	other := func(r rune) bool { return !isAlphanumeric(r) }
	for at := strings.IndexByte(text, '.'); at >= 0; {
		if at >= before && len(text)-at > after && !strings.ContainsFunc(text[at-before:at]+text[at+1:at+1+after], other) {
			return true
		}
		next := strings.IndexByte(text[at+1:], '.')
		if next < 0 {
			return false
		}
		at += 1 + next
	}
	return false
}

// Path returns the clean path with [Text] in place of each segment that holds a
// key, or [Text] alone if several segments together hold one.
func (m *Masker) Path(path string) string {
	segments := strings.Split(path, "/")
	for i := range segments {
		segments[i] = m.Hide(segments[i])
	}
	if masked := strings.Join(segments, "/"); !m.Exposes(masked) {
		return Clean(masked)
	}
	return Text
}

// Values returns the clean values of each name, joined, with [Text] in place of
// keys and of the values of names that are like those of secrets, unless
// harmless reports that the value is none.
func (m *Masker) Values(of map[string][]string, harmless func(name, value string) bool) map[string]string {
	all := make(map[string]string, len(of))
	for name, values := range of {
		value := strings.Join(values, ", ")
		if namesSecret(name) && !harmless(name, value) {
			value = Text
		}
		all[Clean(m.Hide(name))] = Clean(m.Hide(value))
	}
	return all
}

// namesSecret reports whether a header or a parameter of that name may be a
// secret.
func namesSecret(name string) bool {
	name, ok := unescapeAll(name)
	name = strings.ToLower(name)
	return !ok || slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(name, word) })
}

var secretWords = []string{
	"key", "auth", "cookie", "secret", "passw", "passphrase", "pwd", "signature", "session", "credential", "jwt",
	"token", "bearer",
}
