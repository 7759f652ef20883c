package pgstore

import (
	"context"
	"slices"
	"time"
)

// Names of functions and operators in the statements are looked up along the
// session's search path, where an object of another role that fits the
// arguments better is preferred to that of pg_catalog, wherever the path has
// its schema. So each transaction of ours begins by reducing the path to
// pg_catalog. Tables and the types of parameters are named with their schema.
//
// pgx prepares a statement before the transaction, along the session's path.
// The server looks the names up again when it runs the statement, so what it
// found there does not run. It can keep the statement from being prepared, if
// its types differ: CheckSchema reports it.
//
// The setting ends with the transaction: the host's own statements on the pool,
// and other clients behind a pooler in transaction mode, keep their path.
// pg_temp stands last because it would come first if it were left out.
var (
	pinPath = call{name: "pin_search_path", sql: `
select ` + reducePath}

	// pinPlans does the same in a transaction of ours, and has the server look
	// rows up by index, whatever it knows or does not know about the tables: a
	// plan that was made while a table was small, or never analyzed, stays in use
	// when it has grown. Every statement is written for such a plan, which does
	// not depend on the arguments, so it is made once for each connection.
	pinPlans = call{name: "pin_search_path", sql: `
select ` + reducePath + `,
       pg_catalog.set_config('plan_cache_mode', 'force_generic_plan', true),
       pg_catalog.set_config('enable_seqscan', 'off', true),
       pg_catalog.set_config('enable_hashjoin', 'off', true),
       pg_catalog.set_config('enable_mergejoin', 'off', true),
       pg_catalog.set_config('jit', 'off', true)`}

	// pinShards has Citus change the shards of a table one after another: after it
	// has done so at once, it refuses to change a table that all of them refer to.
	pinShards = call{name: "pin_search_path", sql: `
select ` + reducePath + `,
       pg_catalog.set_config('citus.multi_shard_modify_mode', 'sequential', true)`}

	// unpinPath gives a host's transaction its path back.
	unpinPath = call{name: "unpin_search_path", sql: `
select pg_catalog.set_config('search_path', pg_catalog.current_setting('passport.search_path'), true)`}
)

const reducePath = `pg_catalog.set_config('search_path', case
         when pg_catalog.set_config('passport.search_path', pg_catalog.current_setting('search_path'), true) is not null
         then 'pg_catalog, pg_temp'
       end, true)`

// pin returns the call that begins a transaction of ours on the engine.
func (d *dialect) pin() call {
	switch {
	case d.shards:
		return pinShards
	case d.withoutPlans:
		return pinPath
	}
	return pinPlans
}

// pinnedInTx is pinned for a host's transaction, which gets its path back.
func pinnedInTx(calls ...call) []call {
	return slices.Concat([]call{pinPath}, calls, []call{unpinPath})
}

// detached returns a context to put a connection in order after a call that
// failed. It outlives the call's own by a few seconds at most.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	const longest = 5 * time.Second
	return context.WithTimeout(context.WithoutCancel(ctx), longest)
}
