package shadow

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestLatency(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		times := rapid.SliceOfN(rapid.Map(rapid.Int64Range(1, int64(time.Hour)), func(n int64) time.Duration { return time.Duration(n) }), 1, 300).Draw(t, "times")
		var s Latency
		for _, d := range times {
			s.add(d)
		}
		slices.Sort(times)
		for _, q := range []float64{0.5, 0.9, 0.99} {
			exact := times[int(math.Ceil(q*float64(len(times))))-1]
			got := s.quantile(q)
			assert.GreaterOrEqual(t, got, exact-1)
			assert.LessOrEqual(t, float64(got), 1.05*float64(max(exact, time.Microsecond))+1)
		}
		assert.Equal(t, times[len(times)-1], s.Max)
	})
	var s Latency
	s.measure()
	assert.Equal(t, Latency{}, s)
	s.add(48 * time.Hour)
	s.measure()
	assert.Equal(t, Latency{1, 48 * time.Hour, 48 * time.Hour, 48 * time.Hour, 48 * time.Hour, map[int]uint64{buckets - 1: 1}}, s)
}
