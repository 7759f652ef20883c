package mask

import (
	"encoding/base64"
	"encoding/hex"
	"html"
	"iter"
	"regexp"
	"strconv"
	"strings"
)

var escape = regexp.MustCompile(`[%\\][uU][0-9a-fA-F]{4}|%[0-9a-fA-F]{2}|\\[xX][0-9a-fA-F]{2}|\\[^uUxX]`)

// unescape removes white space. If there is none it undoes one layer of the
// escapes of URLs and JSON, and if there are none, of HTML.
func unescape(text string) string {
	if words := strings.Fields(text); len(words) > 1 {
		return strings.Join(words, "")
	}
	if strings.ContainsAny(text, `%\`) {
		if plain := escape.ReplaceAllStringFunc(text, unescapeOne); plain != text {
			return plain
		}
	}
	return html.UnescapeString(text)
}

func unescapeOne(text string) string {
	n, err := strconv.ParseUint(strings.TrimLeft(text, `%\uUxX`), 16, 16)
	switch {
	case len(text) == 6 && err == nil:
		return string(rune(n))
	case len(text) > 2 && err == nil:
		return string([]byte{byte(n & 0xff)}) // two digits
	}
	return text[1:]
}

// unescapeAll undoes every layer. It reports false if there are too many.
func unescapeAll(text string) (plain string, ok bool) {
	for range maxEscapes {
		plain = unescape(text)
		if plain == text {
			return plain, true
		}
		text = plain
	}
	return text, false
}

var toStandard = strings.NewReplacer("-", "+", "_", "/")

// decodings returns the texts that may be encoded in base64 and hex. It tries
// each offset, since an encoded part may begin anywhere.
func decodings(text string) (all []string) {
	for run := range runs(text, isBase64) {
		run = toStandard.Replace(run)
		for offset := range 4 {
			part := run[offset:]
			if len(part)%4 == 1 {
				part = part[:len(part)-1]
			}
			if decoded, err := base64.RawStdEncoding.DecodeString(part); err == nil {
				all = append(all, string(decoded))
			}
		}
	}
	for run := range runs(text, isHex) {
		for offset := range 2 {
			part := run[offset:]
			if decoded, err := hex.DecodeString(part[:len(part)&^1]); err == nil {
				all = append(all, string(decoded))
			}
		}
	}
	return all
}

// runs returns the parts of the text that consist of such bytes and are long
// enough to hold a secret.
func runs(text string, is func(rune) bool) iter.Seq[string] {
	const least = 12
	return func(yield func(string) bool) {
		begin := 0
		for i := 0; i <= len(text); i++ {
			if i < len(text) && is(rune(text[i])) {
				continue
			}
			if i-begin >= least && !yield(text[begin:i]) {
				return
			}
			begin = i + 1
		}
	}
}

func isAlphanumeric(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

func isBase64(r rune) bool {
	return isAlphanumeric(r) || r == '+' || r == '/' || r == '-' || r == '_'
}

func isHex(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'f' || r >= 'A' && r <= 'F'
}
