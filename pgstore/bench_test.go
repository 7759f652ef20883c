package pgstore_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

// BenchmarkScoring compares a scoring of 20 stamps, whose proofs have been
// verified before, with its floor: ten plain statements in two batches, which
// read the wallet with its last score and write it with its stamps, with
// ready-made values, without any guard, comparison or decision. The two take
// turns, so that other work of the machine slows both; the medians are
// reported. "far" is through a proxy that delays everything by 2 ms in each
// direction, and round-trips is by how many of those 4 ms the scoring takes
// longer than the floor takes nearby. In the exec mode ×cached is how many
// times as long as over a pool in the default mode, which takes its turn as
// well.
func BenchmarkScoring(b *testing.B) {
	for _, mode := range []struct {
		name string
		mode pgx.QueryExecMode
	}{{"cached", pgx.QueryExecModeCacheStatement}, {"exec", pgx.QueryExecModeExec}} {
		for _, kind := range []kind{rescored, unchanged, first} {
			name := mode.name + "/" + string(kind)
			b.Run(name+"/near", func(b *testing.B) { newDuel(b, mode.mode, kind).run(b) })
			b.Run(name+"/far", func(b *testing.B) { newDuel(b, mode.mode, kind).runFar(b) })
		}
	}
}

const (
	benchStamps = 20
	latency     = 2 * time.Millisecond
)

// kind is the kind of a scoring.
type kind string

const (
	rescored  kind = "rescored"  // nothing has changed, and everything is written
	unchanged kind = "unchanged" // nothing has changed, and nothing is written
	first     kind = "first"     // there is no score yet
)

// duel is a scoring against its floor.
type duel struct {
	*world

	mode pgx.QueryExecMode
	kind kind
	// changes are those of a scoring.
	changes *store.Changes
	stamps  []store.CredentialInput
	signer  *passporttest.Issuer
	issuer  string // its name
}

func newDuel(b *testing.B, mode pgx.QueryExecMode, kind kind) *duel {
	b.Helper()
	d := &duel{world: newWorld(b), mode: mode, kind: kind}
	d.crowd()
	d.stamped(b)
	recorder := &recorder{Store: newStore(d.pool)}
	engine, err := passport.New(recorder, passport.WithTrustedIssuers(d.issuer))
	require.NoError(b, err)
	_, err = engine.Score(b.Context(), 1, alice)
	require.NoError(b, err)
	d.changes = recorder.last
	require.Len(b, d.changes.Wallets[0].Counted, benchStamps)
	return d
}

// recorder keeps the last change set.
type recorder struct {
	store.Store
	last *store.Changes
}

func (r *recorder) Apply(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
	r.last = c
	return r.Store.Apply(ctx, c)
}

// crowd fills the tables with rows of other wallets and communities, so that
// indexes matter: 20,000 credentials, counted stamps and claims.
func (d *duel) crowd() {
	d.exec(`insert into ceramic_cache_ceramiccache (address, provider, stamp, updated_at, created_at, type, compose_db_save_status, compose_db_stream_id, proof_value)
		select '0x' || lpad(to_hex(n / 10 + 1000000), 40, '0'), 'Provider' || n % 10, '{}', now(), now(), 1, 'pending', '', '' from generate_series(1, 20000) n`)
	d.exec(`insert into ceramic_cache_revocation (proof_value, ceramic_cache_id)
		select '', id from ceramic_cache_ceramiccache where provider = 'Provider0' and address <> $1`, alice)
	d.exec(`insert into registry_passport (address, community_id) select '0x' || lpad(to_hex(n + 1000000), 40, '0'), 1 from generate_series(1, 2000) n`)
	d.exec(`insert into registry_score (passport_id, status, score) select id, 'DONE', 1 from registry_passport where address <> $1`, alice)
	d.exec(`insert into registry_stamp (passport_id, provider, credential) select id, 'Provider' || n, '{}' from registry_passport, generate_series(1, 10) n where address <> $1`, alice)
	d.exec(`insert into registry_hashscorerlink (hash, address, expires_at, community_id)
		select 'v0:' || md5(n::text), '0x' || lpad(to_hex(n / 10 + 1000000), 40, '0'), $1, 1 from generate_series(1, 20000) n`, future)
	d.exec(`insert into registry_event (action, address, created_at, data, community_id) select 'SCU', address, now(), '{}', 1 from registry_passport`)
	d.exec(`with scorer as (
			insert into scorer_weighted_scorer (id, type, exclude_from_weight_updates)
			select n, 'WEIGHTED_BINARY', false from generate_series(10, 109) n returning id
		), weights as (
			insert into scorer_weighted_binaryweightedscorer (scorer_ptr_id, weights, threshold) select id, '{}', 3 from scorer
		)
		insert into account_community (id, name, description, account_id, scorer_id, rule, human_points_program)
		select id, 'other ' || id, '', 1, id, 'LIFO', true from scorer`)
}

// stamped gives the wallet 20 stamps that the community weighs.
func (d *duel) stamped(b *testing.B) {
	b.Helper()
	d.weighed(b)
	d.exec("vacuum analyze")
}

// weighed is stamped without statistics.
func (d *duel) weighed(b *testing.B) {
	b.Helper()
	d.signer = passporttest.NewIssuer()
	d.issuer, d.stamps = d.signer.DID(), twentyStamps(b, d.signer, alice)
	weights := map[string]string{}
	for _, stamp := range d.stamps {
		weights[stamp.Provider] = "1.5"
	}
	document, err := json.Marshal(weights)
	require.NoError(b, err)
	d.exec(`update scorer_weighted_binaryweightedscorer set weights = $1::text::jsonb where scorer_ptr_id = 1`, string(document))
	require.NoError(b, newStore(d.pool).AddCredentials(b.Context(), alice, d.stamps...))
}

// twentyStamps returns 20 stamps of the wallet.
func twentyStamps(b *testing.B, issuer *passporttest.Issuer, wallet string) []store.CredentialInput {
	b.Helper()
	stamps := make([]store.CredentialInput, benchStamps)
	for i := range stamps {
		signed, err := issuer.Issue(wallet, fmt.Sprintf("Provider%02d", i), "account of "+wallet)
		require.NoError(b, err)
		stamps[i], err = passport.ReadCredential(signed)
		require.NoError(b, err)
	}
	return stamps
}

// link returns a pool of one connection, and how many statements went over it.
func (d *duel) link(configure ...func(*pgxpool.Config)) (pool *pgxpool.Pool, sent *atomic.Int64) {
	sent = &atomic.Int64{}
	return d.newPool(append([]func(*pgxpool.Config){execMode(d.mode)}, append(configure, func(c *pgxpool.Config) {
		c.MaxConns = 1
		c.ConnConfig.Tracer = batchCounter{sent}
	})...)...), sent
}

// batchCounter counts the statements of batches.
type batchCounter struct{ statements *atomic.Int64 }

func (c batchCounter) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	c.statements.Add(int64(data.Batch.Len()))
	return ctx
}

func (batchCounter) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

func (batchCounter) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

func (batchCounter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

func (batchCounter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// scoring returns the work of one scoring over the pool.
func (d *duel) scoring(b *testing.B, pool *pgxpool.Pool) func() {
	b.Helper()
	engine, err := passport.New(newStore(pool), passport.WithTrustedIssuers(d.issuer))
	require.NoError(b, err)
	if d.kind == unchanged {
		engine = engine.LeavingUnchanged(24 * time.Hour)
	}
	return func() {
		result, err := engine.Score(context.Background(), 1, alice)
		require.NoError(b, err)
		require.True(b, result.Passing)
	}
}

// floor returns the work of the floor over the pool.
func (d *duel) floor(b *testing.B, pool *pgxpool.Pool) func() {
	b.Helper()
	reads, writes := floorReads(d.changes), floorWrites(d.changes, d.stamps, d.kind == first)
	return func() {
		for _, queue := range []func(*pgx.Batch){reads, writes} {
			var batch pgx.Batch
			queue(&batch)
			require.NoError(b, pool.SendBatch(context.Background(), &batch).Close())
		}
	}
}

// medians runs the works in turn, and returns the median time of each.
func (d *duel) medians(b *testing.B, works ...func()) []time.Duration {
	b.Helper()
	return inTurns(b, 10, d.prepare, works...) // in 10 rounds the server has settled on its plans
}

// inTurns runs the works in turn, after some rounds that warm up, and returns
// the median time of each. The time of prepare, which runs before each, is not
// counted.
func inTurns(b *testing.B, warmUps int, prepare func(), works ...func()) []time.Duration {
	b.Helper()
	times := make([][]time.Duration, len(works))
	round := func(measure bool) {
		for i, work := range works {
			prepare()
			began := time.Now()
			work()
			if measure {
				times[i] = append(times[i], time.Since(began))
			}
		}
	}
	for range warmUps {
		round(false)
	}
	for b.Loop() {
		round(true)
	}
	medians := make([]time.Duration, len(works))
	for i := range times {
		slices.Sort(times[i])
		medians[i] = times[i][len(times[i])/2]
	}
	return medians
}

// prepare deletes the rows that a first scoring writes.
func (d *duel) prepare() {
	if d.kind == first {
		d.forget(alice)
	}
}

func (d *duel) forget(addresses ...string) {
	d.exec("delete from registry_stamp s using registry_passport p where s.passport_id = p.id and p.address = any($1)", addresses)
	d.exec("delete from registry_score s using registry_passport p where s.passport_id = p.id and p.address = any($1)", addresses)
	d.exec("delete from registry_passport where address = any($1)", addresses)
	d.exec("delete from registry_hashscorerlink where address = any($1)", addresses)
}

func (d *duel) run(b *testing.B) {
	pool, sent := d.link()
	floorPool, floorSent := d.link()
	cachedPool, _ := d.link(execMode(pgx.QueryExecModeCacheStatement))
	scoring, floor := d.scoring(b, pool), d.floor(b, floorPool)
	works := []func(){scoring, floor}
	if d.mode == pgx.QueryExecModeExec {
		works = append(works, d.scoring(b, cachedPool))
	}
	medians := d.medians(b, works...)
	report(b, medians[0], medians[1])
	if len(medians) > 2 {
		b.ReportMetric(float64(medians[0])/float64(medians[2]), "×cached")
	}

	const runs = 10
	if d.kind == first {
		return // the scorings below would not be first ones
	}
	sent.Store(0)
	floorSent.Store(0)
	b.ReportMetric(testing.AllocsPerRun(runs, scoring), "allocs/scoring")
	b.ReportMetric(testing.AllocsPerRun(runs, floor), "allocs/floor")
	b.ReportMetric(float64(sent.Load())/(runs+1), "statements/scoring")
	b.ReportMetric(float64(floorSent.Load())/(runs+1), "statements/floor")
}

func (d *duel) runFar(b *testing.B) {
	near, _ := d.link()
	far, _ := d.link(pgtest.Delayed(b, latency))
	farFloor, _ := d.link(pgtest.Delayed(b, latency))
	medians := d.medians(b, d.scoring(b, far), d.floor(b, farFloor), d.floor(b, near))
	report(b, medians[0], medians[1])
	b.ReportMetric(float64(medians[0]-medians[2])/float64(2*latency), "round-trips")
}

func report(b *testing.B, scoring, floor time.Duration) {
	b.Helper()
	b.ReportMetric(0, "ns/op") // of all works together, which means nothing
	b.ReportMetric(float64(scoring.Microseconds()), "µs/scoring")
	b.ReportMetric(float64(floor.Microseconds()), "µs/floor")
	b.ReportMetric(float64(scoring)/float64(floor), "×floor")
}

// floorReads queues the reads of a scoring, each as simple as it can be, and
// takes every row to Go.
func floorReads(c *store.Changes) func(*pgx.Batch) {
	address := string(c.Wallets[0].Address)
	var nullifiers []string
	for _, claim := range c.Claims {
		nullifiers = append(nullifiers, claim.Nullifier)
	}
	var text [6]string
	var id int64
	var at *time.Time
	var until time.Time
	collect := func(into ...any) func(pgx.Rows) error {
		return func(rows pgx.Rows) error {
			_, err := pgx.ForEachRow(rows, into, func() error { return nil })
			return err
		}
	}
	return func(b *pgx.Batch) {
		b.Queue(`select c.name, c.rule, s.type, w.weights::text, w.threshold::text
			from account_community c join scorer_weighted_scorer s on s.id = c.scorer_id
			join scorer_weighted_binaryweightedscorer w on w.scorer_ptr_id = s.id
			where c.id = $1::bigint and deleted_at is null`, int64(1)).
			Query(collect(&text[0], &text[1], &text[2], &text[3], &text[4]))
		b.Queue(`select a.weight::text from account_customization z join account_allowlist a on a.customization_id = z.id
			where z.scorer_id = $1::bigint`, int64(1)).Query(collect(&text[0]))
		b.Queue(`select c.id, c.provider, c.stamp::text, c.updated_at from ceramic_cache_ceramiccache c
			where c.address = $1::text and c.deleted_at is null
			and not exists (select from ceramic_cache_revocation r where r.ceramic_cache_id = c.id) order by c.provider`, address).
			Query(collect(&id, &text[0], &text[1], &until))
		b.Queue(`select hash, address, expires_at from registry_hashscorerlink
			where community_id = $1::bigint and hash = any($2::text[])`, int64(1), nullifiers).
			Query(collect(&text[0], &text[1], &until))
		b.Queue(`select s.status, s.score::text, s.evidence::text, s.stamp_scores::text, s.stamps::text, s.last_score_timestamp
			from registry_passport p join registry_score s on s.passport_id = p.id
			where p.address = $1::text and p.community_id = $2::bigint`, address, int64(1)).
			Query(collect(&text[0], &text[1], &text[2], &text[3], &text[4], &at))
	}
}

// floorWrites queues the writes of a scoring with nothing compared: on a first
// scoring everything is inserted, on later ones the score is updated and the
// claims and stamps are known to be as they should.
func floorWrites(c *store.Changes, stamps []store.CredentialInput, first bool) func(*pgx.Batch) {
	address, score := string(c.Wallets[0].Address), &c.Wallets[0].Score
	event := string(c.Wallets[0].Events[0].Data)
	var hashes, addresses, expiries []string
	for _, swap := range c.Claims {
		hashes, addresses = append(hashes, swap.Nullifier), append(addresses, string(swap.To.Address))
		expiries = append(expiries, swap.To.ExpiresAt.Format(time.RFC3339Nano))
	}
	var providers, documents []string
	for _, stamp := range stamps {
		providers, documents = append(providers, stamp.Provider), append(documents, string(stamp.Document))
	}
	return func(b *pgx.Batch) {
		if first {
			b.Queue(`insert into registry_passport (community_id, address) values ($1::bigint, $2::text)`, c.Community, address)
		} else {
			b.Queue(`select id from registry_passport where community_id = $1::bigint and address = $2::text for no key update`, c.Community, address)
		}
		b.Queue(`insert into registry_hashscorerlink (hash, community_id, address, expires_at)
			select h, $1::bigint, a, e::timestamptz from unnest($2::text[], $3::text[], $4::text[]) as c (h, a, e)
			on conflict (hash, community_id) do nothing`, c.Community, hashes, addresses, expiries)
		b.Queue(`insert into registry_stamp (passport_id, provider, credential)
			select p.id, s.provider, s.credential::jsonb from registry_passport p, unnest($3::text[], $4::text[]) as s (provider, credential)
			where p.community_id = $1::bigint and p.address = $2::text
			and not exists (select from registry_stamp t where t.passport_id = p.id and t.provider = s.provider)`,
			c.Community, address, providers, documents)
		b.Queue(`insert into registry_score (passport_id, status, score, last_score_timestamp, expiration_date, evidence, stamp_scores, stamps)
			select p.id, $3::text, $4::text::numeric, $5::timestamptz, $6::timestamptz, $7::text::jsonb, $8::text::jsonb, $9::text::jsonb
			from registry_passport p where p.community_id = $1::bigint and p.address = $2::text
			on conflict (passport_id) do update set status = excluded.status, score = excluded.score,
			last_score_timestamp = excluded.last_score_timestamp, expiration_date = excluded.expiration_date,
			evidence = excluded.evidence, stamp_scores = excluded.stamp_scores, stamps = excluded.stamps`,
			c.Community, address, string(score.Status), score.Value, score.ScoredAt, score.ExpiresAt,
			string(score.Evidence), string(score.StampScores), string(score.Stamps))
		b.Queue(`insert into registry_event (action, address, created_at, data, community_id)
			values ('SCU', $1::text, $2::timestamptz, $3::text::jsonb, $4::bigint)`, address, score.ScoredAt, event, c.Community)
	}
}
