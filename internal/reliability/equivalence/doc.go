// Package equivalence drives memstore and pgstore with the same operations, in
// sequences that rapid draws, and demands that they cannot be told apart: every
// answer agrees, every error is of the same kind, and after every operation every
// row of every table is the same, but for the numbers of rows and the moments of
// the stores' own clocks.
//
// So what is tested on memstore holds on Postgres, and whoever doubts one store
// can look at the other.
//
//	go test ./equivalence                                            # 100 sequences
//	go test ./equivalence -timeout 12h -rapid.checks 20000
//
// A failure prints the shortest sequence that rapid could find, and leaves it in a
// file that -rapid.failfile replays.
package equivalence
