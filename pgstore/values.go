package pgstore

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/passport-sdk/passport-go/store"
)

// How values travel between Go and the statements.

// timeOrNull returns the time as an argument: NULL for the zero time.
func timeOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return store.Microseconds(t)
}

// within returns the time, or the nearest one that a column can hold.
func within(at time.Time) time.Time {
	first := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	last := time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
	switch {
	case at.Before(first):
		return first
	case at.After(last):
		return last
	}
	return store.Microseconds(at)
}

// timestamp formats a time as an element of a list; "" for the zero time.
func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z")
}

// storedTime is a time as the statements return it; zero for NULL. It is a text
// in UTC, clamped to the years 1 to 9999, because a text does not depend on the
// driver or on the session's DateStyle, and a row may hold 'infinity'.
type storedTime struct{ time.Time }

const timeLayout = "2006-01-02T15:04:05.000000"

// Scan implements [sql.Scanner].
func (m *storedTime) Scan(from any) (err error) {
	switch text := from.(type) {
	case nil:
		m.Time = time.Time{}
	case string:
		m.Time, err = time.Parse(timeLayout, text)
	case []byte:
		m.Time, err = time.Parse(timeLayout, string(text))
	default:
		err = fmt.Errorf("a time came as %T", from)
	}
	return err
}

// known returns the time of a column that must not be NULL.
func (m *storedTime) known() (time.Time, error) {
	if m.IsZero() {
		return time.Time{}, errors.New("a time is NULL")
	}
	return m.Time, nil
}

// storable reports whether a text column of that width, in characters, can hold
// the text; a row cannot be found by one that it cannot.
func storable(text string, width int) bool {
	return utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 && utf8.RuneCountInString(text) <= width
}

// those returns the texts that a column of that width can hold: no row has one
// of the others.
func those(texts []string, width int) []string {
	held := []string{}
	for _, text := range texts {
		if storable(text, width) {
			held = append(held, text)
		}
	}
	return held
}

// document returns the JSON that the text is, nil for none.
func document(text string) []byte {
	if text == "" {
		return nil
	}
	return []byte(text)
}
