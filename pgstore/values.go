package pgstore

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// How values travel between Go and the statements.

// moment returns the time as Postgres keeps it, in UTC and whole microseconds.
func moment(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// momentOrNull returns the moment as an argument: NULL for none.
func momentOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return moment(t)
}

// within returns the moment, or the nearest one that a column holds.
func within(at time.Time) time.Time {
	first := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	last := time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
	switch {
	case at.Before(first):
		return first
	case at.After(last):
		return last
	}
	return moment(at)
}

// timestamp writes a moment as an element of a list; "" for none.
func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z")
}

// storedMoment is a moment as the statements give it; zero for NULL. A text is
// the one form that does not depend on the driver or on the session's DateStyle.
type storedMoment struct{ time.Time }

const momentLayout = "2006-01-02T15:04:05.000000"

// Scan implements [sql.Scanner].
func (m *storedMoment) Scan(from any) (err error) {
	switch text := from.(type) {
	case nil:
		m.Time = time.Time{}
	case string:
		m.Time, err = time.Parse(momentLayout, text)
	case []byte:
		m.Time, err = time.Parse(momentLayout, string(text))
	default:
		err = fmt.Errorf("a moment came as %T", from)
	}
	return err
}

// known returns the moment of a column that must not be NULL.
func (m *storedMoment) known() (time.Time, error) {
	if m.IsZero() {
		return time.Time{}, errors.New("a moment is NULL")
	}
	return m.Time, nil
}

// A moment is given as the text that storedMoment reads, in UTC, and clamped to
// the years 1 to 9999, for all a row may hold ('infinity' included). NULL would
// become the first of them.
const (
	clampMoment = `to_char(greatest('0001-01-01 00:00:00.000001', least(`
	clampedZone = ` at time zone 'UTC', '9999-12-31 23:59:59.999999')), 'YYYY-MM-DD"T"HH24:MI:SS.US')`
)

// storable reports whether a text column of that width, in characters, can hold
// the text; a row cannot be found by one that it cannot.
func storable(text string, width int) bool {
	return utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 && utf8.RuneCountInString(text) <= width
}

// those returns the texts that a column of that width can hold: no row has one of
// the others.
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
