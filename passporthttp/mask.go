package passporthttp

import (
	"regexp"
	"strings"
)

const (
	mask = "***"
	// maxEscapes and maxNested bound how often a text may be escaped, and encoded
	// in base64 or hex. One that goes beyond is masked as a whole.
	maxEscapes = 24
	maxNested  = 8
	// minPart is the length above which the part of a key after its dot is hidden
	// where it stands alone. A shorter one would hide half of every text.
	minPart = 8
)

// masker hides an API key, and whatever looks like another one, in the texts of a
// use, however often they are escaped or encoded.
type masker struct {
	key   string
	forms []string // of the key, in lower case
}

func newMasker(key string) masker {
	m := masker{key: key}
	_, part, _ := strings.Cut(key, ".")
	for _, secret := range []string{key, part} {
		if secret == key && key != "" || len(secret) >= minPart {
			whole, _ := unescapeAll(secret)
			m.forms = append(m.forms, strings.ToLower(secret), strings.ToLower(whole))
		}
	}
	return m
}

// likeKey is the form of the keys that the service, or apikey, has made.
var likeKey = regexp.MustCompile(`[A-Za-z0-9]{8}\.[A-Za-z0-9]{32}`)

// hide returns the text without keys: with a mask in place of each that stands
// there plainly, or nothing but the mask if one is encoded.
func (m *masker) hide(text string) string {
	if m.key != "" {
		text = strings.ReplaceAll(text, m.key, mask)
	}
	if showsKey(text) {
		text = likeKey.ReplaceAllString(text, mask)
	}
	if m.exposes(text) {
		return mask
	}
	return text
}

// exposes reports whether the text holds a key, in whatever encoding, or is too
// deeply encoded to tell.
func (m *masker) exposes(text string) bool {
	budget := 4<<10 + 64*len(text)
	return m.search(text, maxNested, &budget)
}

func (m *masker) search(text string, nested int, budget *int) bool {
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

func (m *masker) shows(text string) bool {
	lower := strings.ToLower(text)
	for _, form := range m.forms {
		if strings.Contains(lower, form) {
			return true
		}
	}
	return showsKey(text)
}

// showsKey reports whether likeKey matches, ten times as fast.
func showsKey(text string) bool {
	const before, after = 8, 32
	for at := strings.IndexByte(text, '.'); at >= 0; {
		if at >= before && len(text)-at > after && !strings.ContainsFunc(text[at-before:at]+text[at+1:at+1+after], func(r rune) bool { return !isAlphanumeric(r) }) {
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
