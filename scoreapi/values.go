package scoreapi

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// places is the number of decimals of scores, weights and thresholds.
const places = 5

// Number is an exact decimal: a score, a weight or a threshold. In JSON it is a
// string with five decimal places, rounded half even, such as "1.50000".
type Number struct{ passport.Decimal }

// MarshalJSON implements [json.Marshaler].
func (n Number) MarshalJSON() ([]byte, error) {
	return []byte(`"` + n.Fixed(places) + `"`), nil
}

// UnmarshalJSON reads a JSON number or a string with one, exactly, and leaves
// the Number alone if it is null. It returns [passport.ErrInvalidDecimal] for
// anything else, more than 400 characters, and exponents beyond ±300.
func (n *Number) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	return n.UnmarshalText(unquoted(text))
}

// Time is a time in UTC; the zero Time is null in JSON. Fractions of a second,
// six digits, are written if there are any.
type Time struct{ time.Time }

// MarshalJSON implements [json.Marshaler].
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return []byte(`"` + store.FormatTime(t.Time) + `"`), nil
}

// UnmarshalJSON reads a string with a date and a time, between them a T or a
// space, in UTC if it has no offset. Null is the zero Time.
func (t *Time) UnmarshalJSON(text []byte) error {
	const longest = 64
	if string(text) == "null" {
		*t = Time{}
		return nil
	}
	if len(text) > longest || text[0] != '"' {
		return errors.New("no date and time")
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05"} {
		parsed, err := time.Parse(layout, string(unquoted(text)))
		if parsed = parsed.UTC(); err == nil && parsed.Year() >= 0 && parsed.Year() <= 9999 {
			*t = Time{parsed}
			return nil
		}
	}
	return errors.New("no date and time")
}

// unquoted returns the content of a JSON string, and any other value as it is.
func unquoted(text []byte) []byte {
	var content string
	if len(text) > 0 && text[0] == '"' && json.Unmarshal(text, &content) == nil {
		return []byte(content)
	}
	return text
}
