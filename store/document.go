package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxNumber is the number of characters that a number in a JSON document may
// have once it is written without an exponent. Postgres writes it so: without a
// bound, a few kilobytes of 1e131071 would come back as a gigabyte.
const MaxNumber = 1000

// CheckJSON tells what keeps a JSON document from being stored, nil if nothing
// does: it must be one JSON value in valid UTF-8, without the characters that
// JSON can spell and Postgres cannot hold (NUL, and halves of surrogate pairs),
// and without numbers beyond [MaxNumber]. It is for stores, to which such a
// document is an [ErrInvalid].
func CheckJSON(document []byte) error {
	if wrong := faultOf(document); wrong != "" {
		return errors.New("it " + wrong)
	}
	return nil
}

// checkObject refuses what a jsonb column cannot hold, and any document but an
// object.
func checkObject(fault faultFunc, what string, document []byte) {
	if trimmed := bytes.TrimLeft(document, " \t\r\n"); !json.Valid(document) || trimmed[0] != '{' {
		fault("%s is not a JSON object", what)
	} else if wrong := faultOfContent(document); wrong != "" {
		fault("%s %s", what, wrong)
	}
}

// checkStamp refuses what checkObject does, and a credential that is too large.
func checkStamp(fault faultFunc, stamp []byte) {
	checkObject(fault, "the credential", stamp)
	if TooLarge(stamp) {
		fault("the credential has more than %d bytes, with its numbers written out, or %d levels", MaxStampBytes, MaxStampDepth)
	}
}

// TooLarge reports whether the JSON document is beyond [MaxStampBytes] or
// [MaxStampDepth] for a credential. It is for stores.
func TooLarge(stamp []byte) bool {
	m := measure(stamp)
	return m.size > MaxStampBytes || m.levels > MaxStampDepth
}

// checkDocument refuses what a jsonb column cannot hold.
func checkDocument(fault faultFunc, what string, document []byte) {
	if wrong := faultOf(document); wrong != "" {
		fault("%s %s", what, wrong)
	}
}

// faultOf says what is wrong with the document, "" if nothing is.
func faultOf(document []byte) string {
	if !json.Valid(document) {
		return "is not JSON"
	}
	return faultOfContent(document)
}

// faultOfContent says what is wrong with a document that is JSON.
func faultOfContent(document []byte) string {
	switch {
	case !utf8.Valid(document):
		return "is not valid UTF-8"
	case measure(document).number > MaxNumber:
		return fmt.Sprintf("holds a number of more than %d digits", MaxNumber)
	}
	return faultOfEscapes(document)
}

// faultOfEscapes looks at what strings spell with a backslash.
func faultOfEscapes(text []byte) string {
	for i := bytes.IndexByte(text, '\\'); i >= 0 && i+1 < len(text); {
		next := 2
		if text[i+1] == 'u' {
			first := escaped(text[i:])
			switch {
			case first == 0:
				return "holds a NUL character"
			case utf16.IsSurrogate(first):
				if utf16.DecodeRune(first, escaped(text[min(i+6, len(text)):])) == utf8.RuneError {
					return "holds half of a surrogate pair"
				}
				next = 12
			}
		}
		text = text[min(i+next, len(text)):]
		i = bytes.IndexByte(text, '\\')
	}
	return ""
}

// escaped returns the code that an escape at the beginning of the text spells,
// -1 if there is none.
func escaped(text []byte) rune {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return -1
	}
	code, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(code)
}

// measures are how large a JSON document is at most, once a store has written it.
type measures struct {
	size   int // bytes
	levels int // 1 for a text, 2 for a text in an object
	number int // characters of the longest number
}

// measure measures a valid document: numbers without exponents, a space after
// each comma and colon, and none elsewhere.
func measure(document []byte) measures {
	var m measures
	open := 0
	for i := 0; i < len(document); {
		end, size := i+1, 1
		switch c := document[i]; {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			size = 0
		case c == ',' || c == ':':
			size = 2
		case c == '{' || c == '[':
			open++
			m.levels = max(m.levels, open)
		case c == '}' || c == ']':
			open--
		case c == '"':
			end = endOfString(document, i)
			size = end - i
			m.levels = max(m.levels, open+1)
		case c == '-' || c >= '0' && c <= '9':
			for end < len(document) && strings.IndexByte("0123456789.eE+-", document[end]) >= 0 {
				end++
			}
			size = writtenOut(string(document[i:end]))
			m.number = max(m.number, size)
			m.levels = max(m.levels, open+1)
		default: // true, false or null
			m.levels = max(m.levels, open+1)
		}
		m.size += size
		i = end
	}
	return m
}

// endOfString returns where the string that begins there has ended.
func endOfString(document []byte, begin int) int {
	for i := begin + 1; i < len(document); i++ {
		switch document[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(document)
}

func writtenOut(number string) int {
	mantissa, exponent, found := strings.Cut(strings.ToLower(number), "e")
	if !found {
		return len(mantissa)
	}
	power, err := strconv.Atoi(exponent)
	if err != nil || power > MaxNumber || power < -MaxNumber {
		return math.MaxInt32 // a sum of them is an int still
	}
	if power < 0 {
		power = 1 - power // the zero in front of the point
	}
	return len(mantissa) + power
}
