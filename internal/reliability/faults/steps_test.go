package faults_test

import (
	"strings"
	"sync"

	"github.com/passport-sdk/passport-go/internal/reliability/wire"
)

// The steps of a scoring, in order. Those of the statements are their names in
// pgstore.
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
		"upsert_passport", "lock_passport", "verify_credentials", "bulk_upsert_hash_links", "verify_hash_links",
		"replace_stamps", "upsert_score", "lock_points", "verify_earners", "lock_counts", "record_passing_score", "record_awards",
	}
}

func steps() []string { return append(append([]string{load, endLoad}, writing()...), commit) }

// names tells the statements of pgstore by what only they say.
var names = []struct{ says, name string }{
	{"load_hash_scorer_links", load},
	{"insert into \"public\".registry_passport", "upsert_passport"},
	{"for    no key update of p", "lock_passport"},
	{"as scored (address, version)", "verify_credentials"},
	{"insert into \"public\".registry_hashscorerlink", "bulk_upsert_hash_links"},
	{"as held (hash, address)", "verify_hash_links"},
	{"delete_stamps", "replace_stamps"},
	{"insert_events", "upsert_score"},
	{"passport points", "lock_points"},
	{"as earner", "verify_earners"},
	{"as counted (action)", "lock_counts"},
	{"insert into \"public\".registry_humanpointscommunityqualifiedusers", "record_passing_score"},
	{"insert into \"public\".registry_humanpoints ", "record_awards"},
}

// nameOf returns the name of the statement, "" for any other.
func nameOf(sql string) string {
	for _, known := range names {
		if strings.Contains(sql, known.says) {
			return known.name
		}
	}
	return ""
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
