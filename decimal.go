package passport

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// Decimal is an exact decimal number: a weight, a threshold or a score. It
// keeps its scale, so "2.5000" plus "1.2500" is "3.7500". Sums have 28
// significant digits, rounded half even, as in the service. The zero value is
// 0.
//
// A Decimal is immutable and safe for concurrent use; compare with
// [Decimal.Cmp], not with ==.
type Decimal struct{ number apd.Decimal }

// Bounds on recorded decimals: sums of what ParseDecimal accepts, and their
// fixed forms.
const maxStoredText, maxStoredExponent = 400, 300

// ParseDecimal reads a finite decimal, such as "2.50", "-3" or "1e-2". It
// returns [ErrInvalidDecimal] for white space, digit separators, NaN,
// infinities, and anything longer than 100 characters or with an exponent
// beyond ±100, such as the hostile weight 1e999999999.
func ParseDecimal(text string) (Decimal, error) { return parseDecimal(text, 100, 100) }

func parseDecimal(text string, longest int, maxExponent int32) (Decimal, error) {
	if len(text) > longest {
		return Decimal{}, fmt.Errorf("%w: %d characters, at most %d", ErrInvalidDecimal, len(text), longest)
	}
	var d Decimal
	if _, _, err := d.number.SetString(text); err != nil || d.number.Form != apd.Finite {
		return Decimal{}, fmt.Errorf("%w: %q", ErrInvalidDecimal, text)
	}
	if e := d.number.Exponent; e > maxExponent || e < -maxExponent {
		return Decimal{}, fmt.Errorf("%w: the exponent of %s is beyond ±%d", ErrInvalidDecimal, text, maxExponent)
	}
	return d, nil
}

// String returns the number with its scale; one of extreme magnitude in
// scientific notation.
func (d Decimal) String() string { return d.number.String() }

// Fixed returns the number with that many decimal places, rounded half even:
// Fixed(5) of 2.5 is "2.50000".
func (d Decimal) Fixed(places uint8) string {
	if e := d.number.Exponent; e < 0 && -e <= int32(places) { // nothing to round
		return d.number.Text('f') + strings.Repeat("0", int(places)+int(e))
	}
	var fixed apd.Decimal
	_, _ = quantizing().Quantize(&fixed, &d.number, -int32(places)) // cannot fail: there is room for every Decimal
	return fixed.Text('f')
}

// Cmp returns -1 if d is less than other, 0 if they are equal, and 1 if d is
// greater.
func (d Decimal) Cmp(other Decimal) int { return d.number.Cmp(&other.number) }

// Sign returns -1, 0 or 1.
func (d Decimal) Sign() int { return d.number.Sign() }

// MarshalText returns [Decimal.String], so JSON has the number as a string.
func (d Decimal) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what [Decimal.MarshalText] and [Decimal.Fixed] return: up
// to 400 characters and exponents of ±300.
func (d *Decimal) UnmarshalText(text []byte) error {
	parsed, err := parseDecimal(string(text), maxStoredText, maxStoredExponent)
	if err == nil {
		*d = parsed
	}
	return err
}

// add returns the sum, rounded to 28 significant digits.
func (d Decimal) add(other Decimal) (Decimal, error) {
	var sum Decimal
	_, err := summing().Add(&sum.number, &d.number, &other.number)
	return sum, err
}

// jsonNumber returns the number as in the service's JSON: at least one decimal
// place, no trailing zeros, and no sign of zero, which jsonb does not keep.
func (d Decimal) jsonNumber() string {
	if d.number.IsZero() {
		return "0.0"
	}
	whole, fraction, _ := strings.Cut(d.number.Text('f'), ".")
	return whole + "." + cmp.Or(strings.TrimRight(fraction, "0"), "0")
}

// shortest returns the number in fixed form without trailing zeros, and with no
// sign of zero.
func (d Decimal) shortest() string { return strings.TrimSuffix(d.jsonNumber(), ".0") }

// summing returns the context of the service's decimals.
func summing() *apd.Context {
	return &apd.Context{Precision: 28, MaxExponent: apd.MaxExponent, MinExponent: apd.MinExponent, Traps: apd.DefaultTraps, Rounding: apd.RoundHalfEven}
}

// quantizing returns a context with room for every Decimal in fixed form.
func quantizing() *apd.Context {
	context := summing()
	context.Precision = maxStoredText + maxStoredExponent + math.MaxUint8
	return context
}
