package ratelimit

import (
	"testing"
	"time"
)

// BenchmarkMemory compares a call with its floor, the reading of a clock. The
// limiters that processes share are compared with it in their own benchmarks.
func BenchmarkMemory(b *testing.B) {
	l := newMemory(b)
	var spent, floor time.Duration
	for b.Loop() {
		began := time.Now()
		read := time.Now()
		if _, err := l.Take(b.Context(), "Gh4kLm2p", fifteen); err != nil {
			b.Fatal(err)
		}
		floor, spent = floor+read.Sub(began), spent+time.Since(read)
	}
	b.ReportMetric(float64(spent)/float64(floor), "×clock")
}
