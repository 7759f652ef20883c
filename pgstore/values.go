package pgstore

import (
	"errors"
	"fmt"
	"strconv"
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

// The first and the last time of a column that the store reads: times are in
// the years 1 to 9999, and the zero time means none.
var (
	firstTime = time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC)
	lastTime  = time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
)

// within returns the time, or the nearest one that a column can hold.
func within(at time.Time) time.Time {
	switch {
	case at.Before(firstTime):
		return firstTime
	case at.After(lastTime):
		return lastTime
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
// with the seconds since 1970, because that does not depend on the driver or on
// the session's DateStyle. A row may hold 'infinity': times are clamped to the
// years 1 to 9999.
type storedTime struct{ time.Time }

// Scan implements [sql.Scanner].
func (m *storedTime) Scan(from any) (err error) {
	switch text := from.(type) {
	case nil:
		m.Time = time.Time{}
	case string:
		m.Time, err = fromEpoch(text)
	case []byte:
		m.Time, err = fromEpoch(string(text))
	default:
		err = fmt.Errorf("a time came as %T", from)
	}
	return err
}

// fromEpoch reads a decimal number of seconds with six places.
func fromEpoch(text string) (time.Time, error) {
	switch text {
	case "-Infinity":
		return firstTime, nil
	case "Infinity":
		return lastTime, nil
	}
	const places = 6
	if point := len(text) - places - 1; point > 0 && text[point] == '.' {
		micros, err := strconv.ParseInt(text[:point]+text[point+1:], 10, 64)
		if errors.Is(err, strconv.ErrRange) { // micros is the nearest one that fits
			err = nil
		}
		return within(time.UnixMicro(micros).UTC()), err
	}
	return time.Time{}, fmt.Errorf("a time came as %q", text)
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
