package main

// target is a package that is mutated, and the suites that must fail then.
type target struct {
	dir string
	// files are those that are mutated; none means all.
	files []string
	// suites are run in this order until one fails.
	suites []suite
}

// suite is the tests of a package.
type suite struct {
	dir string
	// only and without are patterns of tests' names: those that run, and those
	// of them that do not.
	only, without string
	// random reports that they draw with rapid.
	random bool
}

func (s suite) arguments(only string) []string {
	var args []string
	if only != "" {
		args = append(args, "-test.run", only)
	}
	if s.without != "" {
		args = append(args, "-test.skip", s.without)
	}
	if s.random {
		// The same draws every time; failures are not made small or kept.
		args = append(args, "-rapid.seed=1", "-rapid.shrinktime=1ns", "-rapid.nofailfile")
	}
	return args
}

// targets are the packages that decide who counts as human: de-duplication,
// points, scoring and verification. The suites of a package are its own tests
// and those of the packages that rest on it. None needs a database.
func targets() []target {
	const slow, long = "^TestScore_((Linked)?Properties|LinkedOrder|GroupOfOne)$", "^Test(Import|ScoreAll)_FlatMemory$|^TestImport_HugeItem$" // long ones only measure
	var (
		root        = suite{dir: ".", without: slow + "|" + long, random: true}
		properties  = suite{dir: ".", only: slow, random: true}
		recorded    = suite{dir: "memstore", only: "^TestStore(_Scenarios)?$"}
		issuer      = suite{dir: "passporttest", random: true}
		credentials = suite{dir: "credential"}
		typed       = suite{dir: "internal/typeddata"}
		strict      = suite{dir: "internal/strictjson"}
		addresses   = suite{dir: "internal/ethereum"}
		contract    = suite{dir: "store"}
	)
	return []target{
		{
			dir: ".",
			files: []string{
				"dedup.go", "humanpoints.go", "decide.go", "weights.go", "decimal.go", "verify.go", "parallel.go",
				"scorer.go", "scoring.go", "latest.go", "documents.go", "passport.go", "options.go",
				"groups.go", "units.go", "elect.go", "merge.go",
				"batch.go", "memory.go", "unchanged.go", "bulk.go", "bulkrun.go", "bulksettle.go",
			},
			suites: []suite{root, issuer, recorded, properties},
		},
		{dir: "store", files: []string{"address.go", "groups.go", "nullifiers.go"}, suites: []suite{contract, recorded, root}},
		{dir: "credential", suites: []suite{credentials, issuer, root, properties}},
		{dir: "internal/ethereum", suites: []suite{addresses, credentials}},
		{dir: "internal/typeddata", suites: []suite{typed, credentials, issuer}},
		{dir: "internal/strictjson", suites: []suite{strict, credentials, typed}},
	}
}
