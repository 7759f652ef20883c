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
	case longestNumber(document) > MaxNumber:
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

// longestNumber returns how many characters the longest number of the valid JSON
// document has, at least, once it is written without an exponent.
func longestNumber(document []byte) int {
	longest := 0
	for i := 0; i < len(document); {
		switch c := document[i]; {
		case c == '"':
			i = endOfString(document, i)
		case c == '-' || c >= '0' && c <= '9':
			end := i + 1
			for end < len(document) && strings.IndexByte("0123456789.eE+-", document[end]) >= 0 {
				end++
			}
			longest = max(longest, writtenOut(string(document[i:end])))
			i = end
		default:
			i++
		}
	}
	return longest
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
		return math.MaxInt
	}
	if power < 0 {
		power = 1 - power // the zero in front of the point
	}
	return len(mantissa) + power
}
