package passport

import (
	"fmt"
	"math"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// Decimal is an exact decimal number: a weight, a threshold or a score. It
// keeps the scale that it was written with, so "2.5000" plus "1.2500" is
// "3.7500". The zero value is 0.
//
// The arithmetic is that of the reference's decimals: 28 significant digits,
// half even. A Decimal is immutable and safe for concurrent use; compare with
// [Decimal.Cmp], not with ==.
type Decimal struct{ number apd.Decimal }

// Bounds on the decimals that weights and thresholds may be. They are far
// beyond any column of the service, and keep a hostile weight such as
// 1e999999999 from occupying memory.
const (
	maxDecimalText     = 100
	maxDecimalExponent = 100
)

// Bounds on what is read back: sums of such decimals, and fixed forms of them.
const (
	maxStoredText     = 400
	maxStoredExponent = 300
)

// ParseDecimal reads a finite decimal, such as "2.50", "-3" or "1e-2". White
// space, digit separators, NaN and infinities are refused, and so is what is
// longer than 100 characters or has an exponent beyond ±100. The error says
// which, and wraps [ErrInvalidDecimal].
func ParseDecimal(text string) (Decimal, error) {
	return parseDecimal(text, maxDecimalText, maxDecimalExponent)
}

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

// String writes the number with the scale that it has; one of extreme
// magnitude in scientific notation, as the reference does.
func (d Decimal) String() string { return d.number.String() }

// Fixed writes the number with exactly that many decimal places, rounded half
// even: Fixed(5) of 2.5 is "2.50000".
func (d Decimal) Fixed(places uint8) string {
	var fixed apd.Decimal
	_, _ = quantizing().Quantize(&fixed, &d.number, -int32(places)) // cannot fail: there is room for every Decimal
	return fixed.Text('f')
}

// Cmp compares numbers by value: -1 if d is less than other, 0 if they are
// equal, 1 if d is greater.
func (d Decimal) Cmp(other Decimal) int { return d.number.Cmp(&other.number) }

// Sign is -1, 0 or 1.
func (d Decimal) Sign() int { return d.number.Sign() }

// MarshalText writes the number as [Decimal.String] does, so that JSON holds
// it as an exact string.
func (d Decimal) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what [Decimal.MarshalText] and [Decimal.Fixed] write, sums
// of whatever [ParseDecimal] reads included: up to 400 characters and exponents
// of ±300.
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

// jsonNumber writes the number as the reference's JSON does: at least one
// decimal place, no needless zeros. A zero has no sign: jsonb has none.
func (d Decimal) jsonNumber() string {
	if d.number.IsZero() {
		return "0.0"
	}
	text := d.number.Text('f')
	whole, fraction, _ := strings.Cut(text, ".")
	fraction = strings.TrimRight(fraction, "0")
	if fraction == "" {
		fraction = "0"
	}
	return whole + "." + fraction
}

// summing is the context of the reference's decimals.
func summing() *apd.Context {
	return &apd.Context{Precision: 28, MaxExponent: apd.MaxExponent, MinExponent: apd.MinExponent, Traps: apd.DefaultTraps, Rounding: apd.RoundHalfEven}
}

// quantizing has room for the digits of every Decimal, the zeros of its
// exponent, and whatever places are asked for.
func quantizing() *apd.Context {
	context := summing()
	context.Precision = maxStoredText + maxStoredExponent + math.MaxUint8
	return context
}
