package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/passport-sdk/passport-go/internal/problems"
)

// MaxNumber is the number of characters that a number in a JSON document may
// have once it is written without an exponent. Postgres writes it so: without a
// bound, a few kilobytes of 1e131071 would come back as a gigabyte.
const MaxNumber = 1000

// CheckJSON returns an error if the document cannot be stored as jsonb: it must
// be one JSON value in valid UTF-8, without the characters that JSON can spell
// and Postgres cannot hold (NUL, and halves of surrogate pairs), and without
// numbers beyond [MaxNumber]. Stores return [ErrInvalid] for such a document.
func CheckJSON(document []byte) error {
	if fault := faultOf(document); fault != "" {
		return errors.New("it " + fault)
	}
	return nil
}

// CanonicalJSON returns the one text that stands for a JSON value: members
// sorted by name, of equal names the last, no white space, and numbers without
// an exponent and with all their digits, as in Postgres' jsonb. Two documents
// are equal as jsonb if their canonical texts are. It returns an error for a
// document that [CheckJSON] refuses.
func CanonicalJSON(document []byte) (json.RawMessage, error) {
	if err := CheckJSON(document); err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, fmt.Errorf("it is not JSON: %w", err)
	}
	var canonical bytes.Buffer
	encoder := json.NewEncoder(&canonical)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(withPlainNumbers(value)); err != nil {
		return nil, fmt.Errorf("writing the document: %w", err)
	}
	return bytes.TrimSuffix(canonical.Bytes(), []byte("\n")), nil
}

// withPlainNumbers writes out the numbers in the value, which it modifies.
func withPlainNumbers(value any) any {
	switch v := value.(type) {
	case json.Number:
		return plainNumber(string(v))
	case []any:
		for i := range v {
			v[i] = withPlainNumbers(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = withPlainNumbers(v[name])
		}
	}
	return value
}

// plainNumber returns the number without an exponent, with as many decimals as
// it was given, and a zero without a sign.
func plainNumber(number string) json.Number {
	mantissa, exponent, scientific := strings.Cut(strings.ToLower(number), "e")
	if !scientific && number[0] != '-' {
		return json.Number(number)
	}
	_, fraction, _ := strings.Cut(mantissa, ".")
	power, _ := strconv.Atoi(exponent) // CheckJSON has bounded it
	value, _ := new(big.Rat).SetString(number)
	return json.Number(value.FloatString(max(0, len(fraction)-power)))
}

// checkDocument adds a problem if a jsonb column cannot hold the document. Nil
// stands for an absent one.
func checkDocument(found *problems.List, what string, document []byte) {
	if document == nil {
		return
	}
	if fault := faultOf(document); fault != "" {
		found.Addf("%s %s", what, fault)
	}
}

// checkObject is checkDocument for a document that must be an object.
func checkObject(found *problems.List, what string, document []byte) {
	switch fault := faultOf(document); {
	case fault == notJSON || bytes.TrimLeft(document, " \t\r\n")[0] != '{':
		found.Addf("%s is not a JSON object", what)
	case fault != "":
		found.Addf("%s %s", what, fault)
	}
}

const notJSON = "is not JSON"

// faultOf returns what keeps the document from being stored, "" if nothing
// does.
func faultOf(document []byte) string {
	switch {
	case !json.Valid(document):
		return notJSON
	case !utf8.Valid(document):
		return "is not valid UTF-8"
	case measure(document).number > MaxNumber:
		return fmt.Sprintf("holds a number of more than %d digits", MaxNumber)
	}
	for _, escape := range escapes.FindAll(document, -1) {
		switch {
		case string(escape) == `\u0000`:
			return "holds a NUL character"
		case len(escape) == len(`\ud800`) && (escape[2] == 'd' || escape[2] == 'D') && escape[3] >= '8':
			return "holds half of a surrogate pair"
		}
	}
	return ""
}

// escapes matches what a JSON string spells with a backslash: a surrogate pair,
// another code, or a letter.
var escapes = regexp.MustCompile(`\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|u....|.)`)

// TooLarge reports whether the JSON document is beyond [MaxDocumentBytes] or
// [MaxDocumentDepth] for a credential.
func TooLarge(document []byte) bool {
	m := measure(document)
	return m.size > MaxDocumentBytes || m.levels > MaxDocumentDepth
}

// measures are the size of a JSON document once a store has written it, at
// most.
type measures struct {
	size   int // bytes
	levels int // 1 for a text, 2 for a text in an object
	number int // characters of the longest number
}

// measure measures a document: numbers without exponents, a space after each
// comma and colon, and none elsewhere.
func measure(document []byte) measures {
	var m measures
	open := 0
	for rest := document; len(rest) > 0; {
		end, size := 1, 1
		switch c := rest[0]; c {
		case ' ', '\t', '\r', '\n':
			size = 0
		case ',', ':':
			size = 2
		case '}', ']':
			open--
		case '{', '[':
			open++
			m.levels = max(m.levels, open)
		default:
			m.levels = max(m.levels, open+1)
			if c == '"' {
				end = lengthOfString(rest)
				size = end
			} else if c == '-' || c >= '0' && c <= '9' {
				end = len(rest) - len(bytes.TrimLeft(rest, "0123456789.eE+-"))
				size = writtenOut(string(rest[:end]))
				m.number = max(m.number, size)
			}
		}
		m.size += size
		rest = rest[end:]
	}
	return m
}

// lengthOfString returns the length of the string with which the text begins.
func lengthOfString(text []byte) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// writtenOut returns the length of the number without an exponent.
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
