package soak_test

import (
	"fmt"
	"slices"
	"time"
)

// sample is what the process and the database hold at one moment.
type sample struct {
	at         time.Duration // since the load began
	scorings   int64
	heap       uint64 // bytes in use after a collection
	goroutines int
	acquired   int32 // connections of the pool that are in use
	total      int32 // connections of the pool
	idle       int   // sessions that are idle in a transaction
}

func (s sample) String() string {
	return fmt.Sprintf("%8s %9d scorings, heap %6.2f MiB, %3d goroutines, %2d connections, %d idle in a transaction",
		s.at.Round(time.Second), s.scorings, float64(s.heap)/mebibyte, s.goroutines, s.total, s.idle)
}

const mebibyte = 1 << 20

// warm returns the samples without those of the first quarter, in which caches
// fill.
func warm(samples []sample) []sample { return samples[len(samples)/4:] }

// slope is the rise of the values over the hours, by the line that fits them
// best; 0 when there are fewer than two moments.
func slope(samples []sample, value func(sample) float64) float64 {
	var sumX, sumY, sumXX, sumXY float64
	n := float64(len(samples))
	for _, s := range samples {
		x, y := s.at.Hours(), value(s)
		sumX, sumY, sumXX, sumXY = sumX+x, sumY+y, sumXX+x*x, sumXY+x*y
	}
	spread := n*sumXX - sumX*sumX
	if spread == 0 {
		return 0
	}
	return (n*sumXY - sumX*sumY) / spread
}

// rise is by how much the line that fits best rises over the samples.
func rise(samples []sample, value func(sample) float64) float64 {
	if len(samples) == 0 {
		return 0
	}
	return slope(samples, value) * (samples[len(samples)-1].at - samples[0].at).Hours()
}

func heapOf(s sample) float64       { return float64(s.heap) / mebibyte }
func goroutinesOf(s sample) float64 { return float64(s.goroutines) }

// growth returns what grows, or does not stay within its bounds.
func growth(samples []sample, connections int32) []string {
	var grows []string
	after := warm(samples)
	// The figures are of a load that goes on: as many goroutines as happen to run
	// in that moment.
	const mostHeap, mostGoroutines = 8, 8
	if mebibytes := rise(after, heapOf); mebibytes > mostHeap {
		grows = append(grows, fmt.Sprintf("the heap rose by %.1f MiB, %d at most", mebibytes, mostHeap))
	}
	if goroutines := rise(after, goroutinesOf); goroutines > mostGoroutines {
		grows = append(grows, fmt.Sprintf("the goroutines rose by %.1f, %d at most", goroutines, mostGoroutines))
	}
	if slices.ContainsFunc(samples, func(s sample) bool { return s.total > connections }) {
		grows = append(grows, fmt.Sprintf("the pool had more than %d connections", connections))
	}
	return grows
}
