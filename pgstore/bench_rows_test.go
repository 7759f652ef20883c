package pgstore_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/pgstore/pgseed"
	"github.com/passport-sdk/passport-go/store"
)

// BenchmarkScoring_Rows compares scorings, and storing 20 credentials, among
// the rows of ever more other wallets. The databases take turns:
//
//	go test ./pgstore -run '^$' -bench Scoring_Rows -benchtime 300x -timeout 1h -args -rows 100
//
// It makes one with 20,000 credentials and one with times as many, or takes
// those that passport seed --scored has filled, the smallest first:
//
//	… -args -seeded postgres://…/small,postgres://…/large
//
// A server on this machine is also measured by the processor time of the
// session, and one that has loaded pg_stat_statements by the pages that each
// statement touches and the log that it writes.
func BenchmarkScoring_Rows(b *testing.B) {
	crowds := seededCrowds(b)
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeExec} {
		for _, kind := range []kind{rescored, unchanged, first, stored} {
			name := mode.String() + "/" + string(kind)
			var statements []map[string]statementCost
			b.Run(name, func(b *testing.B) { statements = compareCrowds(b, crowds, mode, kind) })
			reportStatements(b, name, crowds, statements)
		}
	}
}

// stored is no scoring, but what comes before it: 20 credentials of a wallet
// that has none.
const stored kind = "stored"

// crowd is a database with the wallets that are scored among fillers.
type crowd struct {
	duel

	plan pgseed.Plan
	// rows is how many credentials there are, to name the database.
	rows string
}

// seededCrowds returns the databases, the smallest first.
func seededCrowds(b *testing.B) (crowds []*crowd) {
	b.Helper()
	plan := pgseed.Plan{Seed: "passport", Wallets: 100, Stamps: benchStamps}
	for url := range strings.SplitSeq(*seeded, ",") {
		if url != "" {
			crowds = append(crowds, newCrowd(b, url, plan))
		}
	}
	if crowds != nil {
		return crowds
	}
	for _, factor := range []int{1, *rowsFactor} {
		plan := plan
		plan.Bare, plan.Scored, plan.Fillers = true, true, 900+1000*(factor-1)
		c := newCrowd(b, pgtest.New(b), plan)
		require.NoError(b, pgseed.Fill(b.Context(), c.pool, plan))
		c.exec("vacuum analyze")
		crowds = append(crowds, c.counted())
	}
	return crowds
}

func newCrowd(b *testing.B, url string, plan pgseed.Plan) *crowd {
	b.Helper()
	c := &crowd{duel: duel{world: &world{tb: b, url: url}, issuer: plan.Issuer().DID(), signer: plan.Issuer()}, plan: plan}
	c.pool = c.newPool()
	return c.counted()
}

// counted names the database by the rows that the server believes it has.
func (c *crowd) counted() *crowd {
	c.rows = c.value(`select case when n >= 1e6 then round(n / 1e6) || 'M' else round(n / 1e3) || 'k' end
		from (select reltuples::numeric from pg_class where oid = 'ceramic_cache_ceramiccache'::regclass) as of (n)`)
	return c
}

// fillersCommunity is where the wallets are scored: among the claims, scores
// and events of the fillers.
const fillersCommunity = 2

// compareCrowds does the same in each database in turn, reports the medians,
// and returns what the statements cost in each.
func compareCrowds(b *testing.B, crowds []*crowd, mode pgx.QueryExecMode, kind kind) (statements []map[string]statementCost) {
	b.Helper()
	sides := make([]*side, len(crowds))
	for i, c := range crowds {
		c.mode, c.kind = mode, kind
		sides[i] = c.side(b)
	}
	const warmUps = 60
	for number := range warmUps {
		for _, s := range sides {
			s.turn(number)
		}
	}
	for _, s := range sides {
		s.reset()
	}
	for number := 0; b.Loop(); number++ {
		for i := range sides { // each is the first one as often
			sides[(number+i)%len(sides)].turn(number)
		}
	}
	b.ReportMetric(0, "ns/op") // of all, which means nothing
	for i, s := range sides {
		b.ReportMetric(micros(s.clock), "µs/"+crowds[i].rows)
		b.ReportMetric(micros(s.clock)/micros(sides[0].clock), "×/"+crowds[i].rows)
		if s.processor() > 0 {
			b.ReportMetric(micros(s.cpu), "cpu-µs/"+crowds[i].rows)
			b.ReportMetric(micros(s.cpu)/micros(sides[0].cpu), "×cpu/"+crowds[i].rows)
		}
		statements = append(statements, crowds[i].statementCosts(len(s.clock)))
	}
	return statements
}

// micros returns the median in microseconds.
func micros(times []time.Duration) float64 {
	sorted := slices.Sorted(slices.Values(times))
	return float64(sorted[len(sorted)/2].Nanoseconds()) / 1e3
}

// side is the work of one database, on a connection of its own.
type side struct {
	work    func(wallet int)
	prepare func(wallet int)
	session int // its process
	reset   func()

	clock, cpu []time.Duration
}

// side returns the work on a database. Half of the wallets are scored, and the
// others stored.
func (c *crowd) side(b *testing.B) *side {
	b.Helper()
	pool, _ := c.link()
	addresses := slices.Collect(c.plan.Addresses())
	half := len(addresses) / 2
	s := &side{prepare: func(int) {}}
	require.NoError(b, pool.QueryRow(b.Context(), "select pg_backend_pid()").Scan(&s.session))
	s.reset = func() {
		s.clock, s.cpu = nil, nil
		c.resetStatements()
	}
	if c.kind == stored {
		stamps := make([][]store.CredentialInput, half)
		for i := range stamps {
			stamps[i] = twentyStamps(b, c.signer, addresses[half+i])
		}
		s.prepare = func(wallet int) {
			c.exec("delete from ceramic_cache_ceramiccache where address = $1", addresses[half+wallet%half])
		}
		s.work = func(wallet int) {
			address := store.Address(addresses[half+wallet%half])
			require.NoError(b, pgstore.New(pool).AddCredentials(context.Background(), address, stamps[wallet%half]...))
		}
		return s
	}
	engine, err := passport.New(pgstore.New(pool), passport.WithTrustedIssuers(c.issuer))
	require.NoError(b, err)
	if c.kind == unchanged {
		engine = engine.LeavingUnchanged(24 * time.Hour)
	}
	if c.kind == first {
		s.prepare = func(wallet int) { c.forget(addresses[wallet%half]) }
	}
	s.work = func(wallet int) {
		result, err := engine.Score(context.Background(), fillersCommunity, addresses[wallet%half])
		require.NoError(b, err)
		require.True(b, result.Passing)
	}
	return s
}

// turn does the work for a wallet.
func (s *side) turn(wallet int) {
	s.prepare(wallet)
	cpu, began := s.processor(), time.Now()
	s.work(wallet)
	s.clock = append(s.clock, time.Since(began))
	s.cpu = append(s.cpu, s.processor()-cpu)
}
