package passport

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOnlyASCIILettersAreLowered(t *testing.T) {
	for text, want := range map[string]string{
		"AMZ":     "amz",
		"amz":     "amz",
		"@[`{":    "@[`{",
		"0xÀĀΑ":   "0xÀĀΑ",
		"\u212a":  "\u212a", // the Kelvin sign, whose lower case is k
		"did:PKH": "did:pkh",
	} {
		assert.Equal(t, want, lowerASCII(text))
	}
}
