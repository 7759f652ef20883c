package pgstore_test

import "flag"

// Without -all the suite runs in one mode, the cases in which modes differ in
// the others, and the long runs are short:
//
//	go test ./pgstore -timeout 1h -args -all
var (
	inFull        = flag.Bool("all", false, "every case in every mode, and the long runs")
	contended     = flag.Int("contended", 0, "scorings that contend for the same nullifiers, wallets and points; 0 for the usual number")
	cancellations = flag.Int("cancellations", 0, "scorings that are cancelled at random; 0 for the usual number")
	rowsFactor    = flag.Int("rows", 10, "how many times 20,000 credentials BenchmarkScoring_Rows compares with them")
	seeded        = flag.String("seeded", "", "databases that passport seed --scored has filled, separated by commas, for BenchmarkScoring_Rows")
)

// someOf returns the modes with those names, or with -all every mode.
func someOf[T any](modes map[string]T, names ...string) map[string]T {
	if *inFull {
		return modes
	}
	some := map[string]T{}
	for _, name := range names {
		some[name] = modes[name]
	}
	return some
}

// times returns the number of a flag, or else how often something is done in a
// short run and with -all.
func times(given, short, long int) int {
	switch {
	case given > 0:
		return given
	case *inFull:
		return long
	}
	return short
}
