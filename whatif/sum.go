package whatif

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/passport-sdk/passport-go"
)

// Sum is an exact sum or difference of decimals. In JSON it is a text without
// an exponent, such as "12.5". The zero value is 0. It is immutable.
type Sum struct{ rat *big.Rat }

// mostSum is the length of the longest text that is read: more than any sum of
// what a Decimal can be.
const mostSum = 2000

// sumOf returns the decimal.
func sumOf(d passport.Decimal) Sum {
	rat, _ := new(big.Rat).SetString(d.String()) // a Decimal is a number
	return Sum{rat}
}

func (s Sum) value() *big.Rat {
	if s.rat == nil {
		return new(big.Rat)
	}
	return s.rat
}

func (s Sum) plus(other Sum) Sum  { return Sum{new(big.Rat).Add(s.value(), other.value())} }
func (s Sum) minus(other Sum) Sum { return Sum{new(big.Rat).Sub(s.value(), other.value())} }
func (s Sum) times(n int64) Sum   { return Sum{new(big.Rat).Mul(s.value(), big.NewRat(n, 1))} }
func (s Sum) over(n int64) Sum    { return Sum{new(big.Rat).Mul(s.value(), big.NewRat(1, n))} }

// Cmp returns -1, 0 or 1 as s is less than, equal to or greater than other.
func (s Sum) Cmp(other Sum) int { return s.value().Cmp(other.value()) }

// Sign returns -1, 0 or 1.
func (s Sum) Sign() int { return s.value().Sign() }

// String returns the number, without trailing zeros.
func (s Sum) String() string {
	places, _ := s.value().FloatPrec() // exact: the denominator divides a power of 10
	return s.value().FloatString(places)
}

// Rounded returns the number with that many decimal places, for people.
func (s Sum) Rounded(places int) string { return s.value().FloatString(places) }

// MarshalText returns String.
func (s Sum) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText returns. Its errors wrap
// [passport.ErrInvalidDecimal].
func (s *Sum) UnmarshalText(text []byte) error {
	if len(text) > mostSum || strings.Trim(string(text), "-.0123456789") != "" {
		return fmt.Errorf("%w: %.60q", passport.ErrInvalidDecimal, text)
	}
	rat, valid := new(big.Rat).SetString(string(text))
	if !valid {
		return fmt.Errorf("%w: %.60q", passport.ErrInvalidDecimal, text)
	}
	s.rat = rat
	return nil
}
