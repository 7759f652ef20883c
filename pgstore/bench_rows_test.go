package pgstore_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
)

// BenchmarkScoring_Rows compares a scoring among the usual rows of other
// wallets with one among many times as many. The two databases take turns:
//
//	go test ./pgstore -run '^$' -bench Scoring_Rows -timeout 1h -args -rows 100
func BenchmarkScoring_Rows(b *testing.B) {
	var databases [2]duel
	for i, factor := range []int{1, *rowsFactor} {
		databases[i].world = newWorld(b)
		databases[i].crowd(factor)
		databases[i].stamped(b)
	}
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeExec} {
		for _, kind := range []kind{rescored, unchanged, first} {
			b.Run(mode.String()+"/"+string(kind), func(b *testing.B) {
				few, many := databases[0], databases[1]
				var scorings []func()
				for _, d := range []*duel{&few, &many} {
					d.mode, d.kind = mode, kind
					pool, _ := d.link()
					scorings = append(scorings, d.scoring(b, pool))
				}
				medians := inTurns(b, 10, func() { few.prepare(); many.prepare() }, scorings...)
				b.ReportMetric(0, "ns/op") // of both, which means nothing
				b.ReportMetric(float64(medians[0].Microseconds()), "µs/few-rows")
				b.ReportMetric(float64(medians[1])/float64(medians[0]), "×few-rows")
			})
		}
	}
}
