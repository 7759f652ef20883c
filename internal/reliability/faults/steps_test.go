package faults_test

import (
	"slices"
	"strings"
	"sync"

	"github.com/passport-sdk/passport-go/internal/reliability/wire"
)

// The steps of a scoring, in order. Statements have their names in pgstore.
const (
	load    = "load_ceramic_cache"
	endLoad = "end of load" // over database/sql it is a transaction
	commit  = "commit"
)

// The steps of a new connection.
const (
	connect       = "connect"
	prepareLoad   = "prepare to read"
	prepareWrites = "prepare to write" // the first time
)

// reading are the statements that read a wallet which no engine knows.
func reading() []string { return []string{begin, load, "load_human_points"} }

// begin is the first of all statements that read.
const begin = "load_community"

// readingKnown are the others that there can be.
func readingKnown() []string {
	return []string{begin, "load_wallets", "load_hash_scorer_links", "load_scores", "load_group_claims", "load_human_points"}
}

// isReading reports whether the step is one of them, or their end.
func isReading(step string) bool {
	return step == endLoad || slices.Contains(reading(), step) || slices.Contains(readingKnown(), step)
}

// writing are the statements that write a scoring.
func writing() []string {
	return []string{
		"upsert_passport", "lock_passport",
		"insert_hash_links", "lock_hash_links", "swap_hash_links", "verify_hash_links",
		"delete_stamps", "bulk_insert_stamps", "read_stamps", "upsert_score", "lock_points", "verify_earners", "lock_counts", "record_passing_score", "record_awards",
	}
}

// writingGroup are the others that write the claim of a group.
func writingGroup() []string {
	return []string{"verify_group_claims", "delete_group_claims", "insert_group_claims"}
}

func steps() []string {
	return slices.Concat(reading(), []string{endLoad}, writing(), []string{commit})
}

// nameOf returns the name under which pgstore sends the statement of a scoring,
// "" for any other.
func nameOf(sql string) string {
	first, _, _ := strings.Cut(sql, "\n")
	name, named := strings.CutPrefix(first, "-- name: ")
	if !named || !isReading(name) && !slices.Contains(slices.Concat(writing(), writingGroup()), name) {
		return ""
	}
	return name
}

// follower names the steps of one scoring as it goes.
type follower struct {
	mu sync.Mutex
	// skip is the number of scorings before it, begun that of those so far.
	skip, begun int
	// reads and writes report that it has begun to, loaded that it has read.
	reads, loaded, writes bool
}

// name returns the name of the step, "" for those that are not of a scoring.
func (f *follower) name(s wire.Step) string {
	ends := s.Kind == wire.End && !s.InTransaction || s.Kind == wire.Statement && strings.EqualFold(s.SQL, "commit")
	switch {
	case s.Kind == wire.Connect:
		return connect
	case s.Kind == wire.Prepare && f.loaded:
		return prepareWrites
	case s.Kind == wire.Prepare:
		return prepareLoad
	case ends && f.writes:
		return f.ofLast(commit)
	case ends:
		f.loaded = f.reads
		return f.ofLast(endLoad)
	case s.Kind != wire.Statement:
		return ""
	}
	name := nameOf(s.SQL)
	switch {
	case name == begin && !s.Done:
		f.begun++
		f.reads, f.loaded, f.writes = true, false, false
	case name != "" && !isReading(name):
		f.writes = true
	}
	return f.ofLast(name)
}

// ofLast returns the name of a step unless it is of a scoring before.
func (f *follower) ofLast(name string) string {
	if f.begun <= f.skip {
		return ""
	}
	return name
}
