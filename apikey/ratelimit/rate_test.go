package ratelimit

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseRate(t *testing.T) {
	for text, want := range map[string]Rate{
		"":             {},
		"125/15m":      {125, 15 * time.Minute},
		"10/s":         {10, time.Second},
		"10/1s":        {10, time.Second},
		"3/2h":         {3, 2 * time.Hour},
		"1000/d":       {1000, 24 * time.Hour},
		"0/s":          {0, time.Second},
		"007/007m":     {7, 7 * time.Minute},
		"1000000000/d": {1_000_000_000, 24 * time.Hour},
		"1/366d":       {1, 366 * 24 * time.Hour},
	} {
		rate, err := ParseRate(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, rate, text)
		assert.Equal(t, text == "", rate.Unlimited())
	}
}

func TestParseRate_Invalid(t *testing.T) {
	for _, text := range []string{
		" ", "/", "125", "125/", "/15m", "125/15", "125/m15", "-1/s", "+1/s", "1/-1s", "1/+1s", "1/0s", "1.5/s", "1/1.5s", "1e3/s",
		"125/15M", "125/15w", "125/15ms", "125 / 15m", "125/15m ", "125/15m/2", "1000000001/s", "1/367d", "1/99999999999999d",
		"99999999999999999/s", "١/s", "1/١s", "unlimited", "1/\xff", "\x00/s", strings.Repeat("0", 20) + "/s",
	} {
		rate, err := ParseRate(text)
		require.ErrorIs(t, err, ErrInvalidRate, text)
		assert.Zero(t, rate)
		assert.Less(t, len(err.Error()), 200)
	}
}

// FuzzParseRate: a rate that is accepted is within bounds, and is limited
// unless the text is empty.
func FuzzParseRate(f *testing.F) {
	for _, text := range []string{"", "125/15m", "10/s", "0/1d", "1/367d", "-1/s", "1/9999999999999999s", "\xff/s", "1//s"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rate, err := ParseRate(text)
		if err != nil {
			require.ErrorIs(t, err, ErrInvalidRate)
			require.Zero(t, rate)
			return
		}
		require.Equal(t, text == "", rate.Unlimited())
		require.True(t, rate.Calls >= 0 && rate.Calls <= maxCalls && rate.Period >= 0 && rate.Period <= maxPeriod)
	})
}
