package pgstore_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// processor returns the processor time that the server's process of the session
// has used, 0 if it is not on this machine or that cannot be known.
func (s *side) processor() time.Duration {
	const process = "/proc/%d/"
	name, err := os.ReadFile(fmt.Sprintf(process+"comm", s.session))
	if err != nil || string(name) != "postgres\n" {
		return 0
	}
	var nanoseconds int64
	text, err := os.ReadFile(fmt.Sprintf(process+"schedstat", s.session))
	if err != nil {
		return 0
	}
	if _, err := fmt.Sscan(string(text), &nanoseconds); err != nil {
		return 0
	}
	return time.Duration(nanoseconds)
}

// statementCost is what a statement costs a call.
type statementCost struct {
	pages, micros, logged float64
}

// watchesStatements reports whether the server has loaded pg_stat_statements.
func (w *world) watchesStatements() bool {
	if w.value("current_setting('pg_stat_statements.track', true)") == "NULL" {
		return false
	}
	w.exec("create extension if not exists pg_stat_statements")
	return true
}

func (w *world) resetStatements() {
	if w.watchesStatements() {
		w.exec("select pg_stat_statements_reset()")
	}
}

// statementCosts returns what each statement has cost since the reset, divided
// by the number of calls of the store, and "all" of them. Statements of the
// benchmark itself have no name.
func (w *world) statementCosts(calls int) map[string]statementCost {
	w.tb.Helper()
	if !w.watchesStatements() {
		return nil
	}
	rows, err := w.pool.Query(context.Background(), `
		select coalesce(substring(query from '^-- name: (\w+)'), 'foreign_keys'),
		       sum(shared_blks_hit + shared_blks_read)::float8, sum(total_exec_time)::float8 * 1000, sum(wal_bytes)::float8
		from   pg_stat_statements
		where  dbid = (select oid from pg_database where datname = current_database())
		and    (query like '-- name: %' or query like 'SELECT % FROM ONLY %')
		group  by 1`)
	require.NoError(w.tb, err)
	costs, all := map[string]statementCost{}, statementCost{}
	var name string
	var pages, micros, logged float64
	_, err = pgx.ForEachRow(rows, []any{&name, &pages, &micros, &logged}, func() error {
		n := float64(calls)
		costs[name] = statementCost{pages / n, micros / n, logged / n}
		all = statementCost{all.pages + pages/n, all.micros + micros/n, all.logged + logged/n}
		return nil
	})
	require.NoError(w.tb, err)
	costs["all"] = all
	return costs
}

// reportStatements reports the statements as benchmarks of their own.
func reportStatements(b *testing.B, name string, crowds []*crowd, costs []map[string]statementCost) {
	b.Helper()
	if len(costs) == 0 {
		return
	}
	for _, statement := range slices.Sorted(maps.Keys(costs[0])) {
		b.Run(name+"/"+statement, func(b *testing.B) {
			for i, c := range crowds {
				cost := costs[i][statement]
				b.ReportMetric(cost.pages, "pages/"+c.rows)
				b.ReportMetric(cost.micros, "µs/"+c.rows)
				b.ReportMetric(cost.logged, "wal-B/"+c.rows)
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}
