package faults_test

import (
	"slices"
	"strings"
	"sync"

	"github.com/passport-sdk/passport-go/internal/reliability/wire"
)

// The steps of a scoring, in order. Statements have their names in pgstore.
const (
	load    = "load_snapshot"
	endLoad = "end of load" // over database/sql it is a transaction
	commit  = "commit"
)

// The steps of a new connection.
const (
	connect       = "connect"
	prepareLoad   = "prepare to read"
	prepareWrites = "prepare to write" // the first time
)

// writing are the statements that write a scoring.
func writing() []string {
	return []string{
		"upsert_passport", "lock_passport", "verify_credentials",
		"insert_hash_links", "lock_hash_links", "swap_hash_links", "verify_hash_links",
		"replace_stamps", "upsert_score", "lock_points", "verify_earners", "lock_counts", "record_passing_score", "record_awards",
	}
}

func steps() []string { return append(append([]string{load, endLoad}, writing()...), commit) }

// nameOf returns the name under which pgstore sends the statement of a scoring,
// "" for any other.
func nameOf(sql string) string {
	first, _, _ := strings.Cut(sql, "\n")
	name, named := strings.CutPrefix(first, "-- name: ")
	if !named || !slices.Contains(steps(), name) {
		return ""
	}
	return name
}

// follower names the steps of one scoring as it goes.
type follower struct {
	mu            sync.Mutex
	loaded, wrote bool
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
	case ends && f.wrote:
		return commit
	case ends:
		return endLoad
	case s.Kind != wire.Statement:
		return ""
	}
	name := nameOf(s.SQL)
	f.loaded = f.loaded || name == load
	f.wrote = name != load && (f.wrote || name != "")
	return name
}
