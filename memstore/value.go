package memstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cockroachdb/apd/v3"

	"github.com/passport-sdk/passport-go/store"
)

// shown bounds what an error repeats of its input.
const shown = 60

func wrongType(raw []byte, want string) error {
	return fmt.Errorf("%.*s is not %s", shown, raw, want)
}

func (c *column) readInteger(raw []byte) (int64, error) {
	most := c.maxInteger()
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if errors.Is(err, strconv.ErrRange) || err == nil && (n < -most-1 || n > most) {
		return 0, fmt.Errorf("%.*s is out of the range of %s", shown, raw, c.sqlType)
	}
	if err != nil {
		return 0, wrongType(raw, "an integer")
	}
	return n, nil
}

func readBoolean(raw []byte) (bool, error) {
	if string(raw) != "true" && string(raw) != "false" {
		return false, wrongType(raw, "true or false")
	}
	return string(raw) == "true", nil
}

func readFloat(raw []byte) (float64, error) {
	var f float64
	if err := json.Unmarshal(raw, &f); err != nil {
		return 0, wrongType(raw, "a number that a double holds")
	}
	return f, nil
}

func (c *column) readText(raw []byte) (string, error) {
	text, err := readString(raw)
	if err != nil {
		return "", err
	}
	return text, checkText(text, c.width)
}

func readString(raw []byte) (string, error) {
	if raw[0] != '"' {
		return "", wrongType(raw, "a string")
	}
	// encoding/json would replace what is invalid.
	if !utf8.Valid(raw) {
		return "", errors.New("the text is not valid UTF-8")
	}
	if err := store.CheckJSON(raw); err != nil {
		return "", err
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return "", wrongType(raw, "a string")
	}
	return text, nil
}

// checkText refuses what a Postgres text column of that width, 0 for any,
// cannot hold.
func checkText(text string, width int) error {
	if !utf8.ValidString(text) {
		return errors.New("the text is not valid UTF-8")
	}
	if strings.IndexByte(text, 0) >= 0 {
		return errors.New("the text holds a NUL character")
	}
	if n := utf8.RuneCountInString(text); width > 0 && n > width {
		return fmt.Errorf("the text has %d characters, the column holds %d", n, width)
	}
	return nil
}

// readMoment reads RFC 3339, in which both the service and Postgres write
// moments, and rounds to the microsecond as Postgres does.
func readMoment(raw []byte) (time.Time, error) {
	text, err := readString(raw)
	if err != nil {
		return time.Time{}, err
	}
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%.*q is not a moment such as 2035-01-01T00:00:00Z", shown, text)
	}
	moment = moment.UTC().Round(time.Microsecond)
	if err := checkMoment(moment); err != nil {
		return time.Time{}, err
	}
	return moment, nil
}

// checkMoment refuses what JSON cannot hold, and the moment that stands for
// none.
func checkMoment(moment time.Time) error {
	if year := moment.Year(); moment.IsZero() || year < 1 || year > 9999 {
		return errors.New("the moment is not within the years 1 to 9999")
	}
	return nil
}

// microseconds returns the moment as columns keep it; the zero moment, which
// stands for NULL, stays what it is.
func microseconds(moment time.Time) time.Time { return moment.UTC().Truncate(time.Microsecond) }

func momentOrNull(moment time.Time) *string {
	if moment.IsZero() {
		return nil
	}
	return new(store.FormatTime(moment))
}

// decimal is the text of a numeric with the scale of its column, as Postgres
// prints it; empty stands for NULL.
type decimal string

func (c *column) readDecimal(raw []byte) (decimal, error) {
	text := string(raw)
	if raw[0] == '"' {
		var err error
		if text, err = readString(raw); err != nil {
			return "", err
		}
	}
	return parseDecimal(text, c.precision, c.scale)
}

// parseDecimal brings the number to the scale of its column, half away from
// zero as Postgres does.
func parseDecimal(text string, precision, scale int) (decimal, error) {
	const mostText, mostExponent = 1000, 1000
	if len(text) > mostText {
		return "", fmt.Errorf("a number of %d characters is too long", len(text))
	}
	number, _, err := apd.NewFromString(text)
	if err != nil || number.Form != apd.Finite {
		return "", fmt.Errorf("%.*q is not a decimal number", shown, text)
	}
	if number.Exponent > mostExponent || number.Exponent < -mostExponent {
		return "", fmt.Errorf("the exponent of %.*s is beyond ±%d", shown, text, mostExponent)
	}
	rounding := apd.Context{
		Precision:   mostText + 2*mostExponent,
		MaxExponent: apd.MaxExponent, MinExponent: apd.MinExponent,
		Traps: apd.DefaultTraps, Rounding: apd.RoundHalfUp,
	}
	var rounded apd.Decimal
	if _, err := rounding.Quantize(&rounded, number, -int32(scale)); err != nil { //nolint:gosec // the scale of a column
		return "", fmt.Errorf("%.*s cannot be rounded to %d decimals: %w", shown, text, scale, err)
	}
	if rounded.NumDigits() > int64(precision) {
		return "", fmt.Errorf("%.*s is out of the range of numeric(%d,%d)", shown, text, precision, scale)
	}
	if rounded.IsZero() {
		rounded.Negative = false
	}
	return decimal(rounded.Text('f')), nil
}

// trimmed is the number without trailing zeros after the point.
func (d decimal) trimmed() string {
	if !strings.Contains(string(d), ".") {
		return string(d)
	}
	return strings.TrimSuffix(strings.TrimRight(string(d), "0"), ".")
}
