// Package equivalence drives memstore and pgstore with the same operations, in
// sequences that rapid draws, and demands that they are the same store: every
// answer agrees, every error is of the same kind, and after every operation the
// content is the same (storetest.Compare), but for the ids of rows and the
// times of the stores' own clocks.
//
// So a host's test on memstore holds on Postgres.
//
// A store may leave out what a query knows already: an answer is completed by
// what the sequence remembers before it is compared. TestEquivalence_Known does
// so without a database.
//
//	go test ./equivalence                                            # 100 sequences
//	go test ./equivalence -timeout 12h -rapid.checks 20000
//
// A failure prints the shortest sequence that rapid could find, and leaves it
// in a file that -rapid.failfile replays.
package equivalence
