package shadow

import (
	"math"
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
}

// Buckets of durations grow by 5 % from 1 µs to more than an hour.
const (
	growth  = 1.05
	buckets = 460
)

// sketch counts durations by their magnitude, in fixed memory.
type sketch struct {
	counts [buckets]uint64
	total  uint64
	max    time.Duration
}

func (s *sketch) add(d time.Duration) {
	s.counts[bucketOf(d)]++
	s.total++
	s.max = max(s.max, d)
}

func bucketOf(d time.Duration) int {
	micros := float64(d) / float64(time.Microsecond)
	if micros <= 1 {
		return 0
	}
	return min(int(math.Ceil(math.Log(micros)/math.Log(growth))), buckets-1)
}

// quantile returns the upper bound of the bucket that has it.
func (s *sketch) quantile(q float64) time.Duration {
	rank := uint64(math.Ceil(q * float64(s.total)))
	seen := uint64(0)
	for i, count := range s.counts {
		if seen += count; seen >= rank && seen > 0 && i < buckets-1 {
			upper := time.Duration(math.Pow(growth, float64(i)) * float64(time.Microsecond))
			return min(upper, s.max)
		}
	}
	return s.max
}

func (s *sketch) latency() Latency {
	return Latency{s.total, s.quantile(0.5), s.quantile(0.9), s.quantile(0.99), s.max}
}
