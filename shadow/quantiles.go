package shadow

import (
	"maps"
	"math"
	"slices"
	"time"
)

// Latency are quantiles of how long one side took, of all that were measured.
// They are at most 5 % above the true ones. JSON has nanoseconds.
type Latency struct {
	Count uint64        `json:"count"`
	P50   time.Duration `json:"p50_ns"`
	P90   time.Duration `json:"p90_ns"`
	P99   time.Duration `json:"p99_ns"`
	Max   time.Duration `json:"max_ns"`
	// Buckets counts the durations: those of bucket n took at most 1.05^n µs, and
	// longer than those of n-1.
	Buckets map[int]uint64 `json:"buckets,omitempty"`
}

// Buckets of durations grow by 5 % from 1 µs to more than an hour.
const (
	growth  = 1.05
	buckets = 460
)

func (l *Latency) add(d time.Duration) {
	if d <= 0 {
		return
	}
	if l.Buckets == nil {
		l.Buckets = map[int]uint64{}
	}
	l.Buckets[bucketOf(d)]++
	l.Count++
	l.Max = max(l.Max, d)
}

func bucketOf(d time.Duration) int {
	micros := float64(d) / float64(time.Microsecond)
	if micros <= 1 {
		return 0
	}
	return min(int(math.Ceil(math.Log(micros)/math.Log(growth))), buckets-1)
}

// quantile returns the upper bound of the bucket that has it.
func (l *Latency) quantile(q float64) time.Duration {
	rank := uint64(math.Ceil(q * float64(l.Count)))
	seen := uint64(0)
	for _, i := range slices.Sorted(maps.Keys(l.Buckets)) {
		if seen += l.Buckets[i]; seen >= rank && seen > 0 && i < buckets-1 {
			upper := time.Duration(math.Pow(growth, float64(i)) * float64(time.Microsecond))
			return min(upper, l.Max)
		}
	}
	return l.Max
}

// measure sets the quantiles.
func (l *Latency) measure() {
	l.P50, l.P90, l.P99 = l.quantile(0.5), l.quantile(0.9), l.quantile(0.99)
}

// sound reports whether the buckets are those that were counted.
func (l *Latency) sound() bool {
	counted := uint64(0)
	for i, n := range l.Buckets {
		if i < 0 || i >= buckets {
			return false
		}
		counted += n
	}
	return counted == l.Count
}
