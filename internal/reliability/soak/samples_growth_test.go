package soak_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// samplesOf returns samples of an hour, one a minute.
func samplesOf(change func(minute int, s *sample)) []sample {
	samples := make([]sample, 60)
	for i := range samples {
		samples[i] = sample{at: time.Duration(i) * time.Minute, heap: 20 * mebibyte, goroutines: 30, total: 8}
		change(i, &samples[i])
	}
	return samples
}

// Growth is noticed; swaying and warming up are not.
func TestGrowth(t *testing.T) {
	for name, c := range map[string]struct {
		change func(minute int, s *sample)
		grows  string
	}{
		"nothing":                     {func(int, *sample) {}, ""},
		"a heap that sways":           {func(i int, s *sample) { s.heap += uint64(i%2) * 6 * mebibyte }, ""},
		"a heap that warms up":        {func(i int, s *sample) { s.heap += uint64(min(i, 10)) * 4 * mebibyte }, ""},
		"a heap that grows":           {func(i int, s *sample) { s.heap += uint64(i) * mebibyte / 4 }, "the heap rose by"},
		"goroutines that stay behind": {func(i int, s *sample) { s.goroutines += i }, "the goroutines rose by"},
		"a pool without a limit":      {func(i int, s *sample) { s.total += int32(i / 50) }, "the pool had more than"},
	} {
		t.Run(name, func(t *testing.T) {
			found := growth(samplesOf(c.change), 8)
			if c.grows == "" {
				require.Empty(t, found)
				return
			}
			require.Len(t, found, 1)
			assert.Contains(t, found[0], c.grows)
		})
	}
}

func TestSlope(t *testing.T) {
	samples := samplesOf(func(i int, s *sample) { s.goroutines = 3 * i })
	assert.InDelta(t, 180, slope(samples, goroutinesOf), 1e-9, "an hour")
	assert.InDelta(t, 177, rise(samples, goroutinesOf), 1e-9, "over 59 minutes")
	assert.Zero(t, slope(samples[:1], goroutinesOf))
	assert.Zero(t, rise(nil, goroutinesOf))
}
