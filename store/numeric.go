package store

import (
	"fmt"
	"math/big"
	"regexp"
)

var decimalForm = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?$`)

// Numeric returns the decimal as a column numeric(precision, scale) holds it:
// with that many decimals, rounded half away from zero. It returns [ErrInvalid]
// for a text that is no decimal number or out of the column's range.
func Numeric(text string, precision, scale int) (string, error) {
	const most = 100
	if len(text) > most || !decimalForm.MatchString(text) {
		return "", fmt.Errorf("%w: %.60q is not a decimal number of at most %d characters", ErrInvalid, text, most)
	}
	number, _ := new(big.Rat).SetString(text)
	rounded := number.FloatString(scale)
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(precision-scale)), nil)
	if number.SetString(rounded); number.Abs(number).Cmp(new(big.Rat).SetInt(limit)) >= 0 {
		return "", fmt.Errorf("%w: %.60s is out of the range of numeric(%d,%d)", ErrInvalid, text, precision, scale)
	}
	if number.Sign() == 0 { // FloatString keeps the sign of what it rounds to zero
		rounded = new(big.Rat).FloatString(scale)
	}
	return rounded, nil
}
