package simulation

import (
	"math/rand/v2"
	"time"
)

// die draws everything that is random, from one seed.
type die struct{ *rand.Rand }

// newDie returns a die for each number of one seed; they do not depend on one
// another.
func newDie(seed, number uint64) die { return die{rand.New(rand.NewPCG(seed, number))} }

// oneIn is true once in n times; never, if n is 0.
func (d die) oneIn(n int) bool { return n > 0 && d.IntN(n) == 0 }

// between returns a number from low to high.
func (d die) between(low, high int) int { return low + d.IntN(high-low+1) }

// duration returns one from low to high.
func (d die) duration(low, high time.Duration) time.Duration {
	return low + time.Duration(d.Int64N(int64(high-low)+1))
}

// one returns one of the list.
func one[T any](d die, list []T) T { return list[d.IntN(len(list))] }

// some returns up to most of the list, each once, in some order.
func some[T any](d die, list []T, most int) []T {
	chosen := make([]T, d.IntN(min(most, len(list))+1))
	for i, from := range d.Perm(len(list))[:len(chosen)] {
		chosen[i] = list[from]
	}
	return chosen
}

// must panics at an error that only a mistake in the simulation can cause.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
