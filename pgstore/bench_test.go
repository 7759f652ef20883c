package pgstore_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

const benchStamps = 20

// BenchmarkScoring compares the store's two calls of a scoring with a floor:
// the same reads and the same writes in two batches of plain statements, with
// ready-made values and without any guard.
func BenchmarkScoring(b *testing.B) {
	for _, mode := range []struct {
		name string
		mode pgx.QueryExecMode
	}{{"cache", pgx.QueryExecModeCacheStatement}, {"exec", pgx.QueryExecModeExec}} {
		b.Run(mode.name+"/rescored/store", func(b *testing.B) { benchStore(b, mode.mode, false) })
		b.Run(mode.name+"/rescored/floor", func(b *testing.B) { benchFloor(b, mode.mode, false) })
		b.Run(mode.name+"/first/store", func(b *testing.B) { benchStore(b, mode.mode, true) })
		b.Run(mode.name+"/first/floor", func(b *testing.B) { benchFloor(b, mode.mode, true) })
	}
}

// stamped gives the wallet twenty credentials of a usual size, and returns the
// claims that they make.
func (w *world) stamped(address string) []store.Claim {
	w.tb.Helper()
	var claims []store.Claim
	for i := range benchStamps {
		nullifier := fmt.Sprintf("v0:%s%02d", strings.Repeat("k", 43), i)
		w.exec(`insert into ceramic_cache_ceramiccache
			(address, provider, stamp, updated_at, created_at, type, compose_db_save_status, compose_db_stream_id, proof_value)
			values ($1, $2::text, jsonb_build_object('credentialSubject', jsonb_build_object('nullifiers', jsonb_build_array($3::text)), 'proof',
				(select jsonb_object_agg('member' || n, md5(n::text || $2::text)) from generate_series(1, 40) n)), $4, $4, 1, 'pending', '', '')`,
			address, fmt.Sprintf("Provider%02d", i), nullifier, past)
		claims = append(claims, claim(nullifier, address))
	}
	w.exec(`analyze`)
	return claims
}

// onePool has one connection, so that it is warm after the first scoring.
func onePool(w *world, mode pgx.QueryExecMode) *pgxpool.Pool {
	return w.newPool(execMode(mode), func(c *pgxpool.Config) {
		c.MaxConns = 1
		c.PrepareConn = nil
	})
}

func (w *world) forget() {
	for _, table := range []string{"registry_stamp", "registry_score", "registry_passport", "registry_hashscorerlink"} {
		w.exec("delete from " + table)
	}
}

func benchStore(b *testing.B, mode pgx.QueryExecMode, first bool) {
	w := newWorld(b)
	claims := w.stamped(alice)
	s := pgstore.New(onePool(w, mode))
	ctx := context.Background()
	query := store.Query{Community: 1, Addresses: []string{alice}}
	score := func() {
		snapshot, err := s.Load(ctx, query)
		require.NoError(b, err)
		_, err = s.Apply(ctx, changes(snapshot, claims...))
		require.NoError(b, err)
	}
	for range 8 { // until the server has settled on its plans
		score()
	}
	b.ReportAllocs()
	for b.Loop() {
		if first {
			b.StopTimer()
			w.forget()
			b.StartTimer()
		}
		score()
	}
}

func benchFloor(b *testing.B, mode pgx.QueryExecMode, first bool) {
	w := newWorld(b)
	claims := w.stamped(alice)
	pool := onePool(w, mode)
	ctx := context.Background()
	snapshot := load(b, pgstore.New(pool), alice)
	ready := changes(snapshot, claims...)
	reads, writes := floorReads(ready), floorWrites(ready, first)
	score := func() {
		for _, queue := range []func(*pgx.Batch){reads, writes} {
			var batch pgx.Batch
			queue(&batch)
			require.NoError(b, pool.SendBatch(ctx, &batch).Close())
		}
	}
	if first {
		w.forget()
	}
	score()
	for range 8 {
		if first {
			w.forget()
		}
		score()
	}
	b.ReportAllocs()
	for b.Loop() {
		if first {
			b.StopTimer()
			w.forget()
			b.StartTimer()
		}
		score()
	}
}

// floorReads queues the reads of a scoring, each as simple as it can be, and
// takes every row to Go.
func floorReads(c *store.Changes) func(*pgx.Batch) {
	address := c.Wallets[0].Address
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
func floorWrites(c *store.Changes, first bool) func(*pgx.Batch) {
	wallet := &c.Wallets[0]
	var hashes, addresses, expiries, providers, credentials []string
	for _, claim := range c.Claims {
		hashes, addresses = append(hashes, claim.Nullifier), append(addresses, claim.Address)
		expiries = append(expiries, claim.ExpiresAt.Format(time.RFC3339Nano))
	}
	for _, stamp := range wallet.Stamps {
		providers, credentials = append(providers, stamp.Provider), append(credentials, string(stamp.Credential))
	}
	score := &wallet.Score
	event := string(score.EventData(1, 1))
	return func(b *pgx.Batch) {
		if first {
			b.Queue(`insert into registry_passport (community_id, address) values ($1::bigint, $2::text)`, c.Community, wallet.Address)
		} else {
			b.Queue(`select id from registry_passport where community_id = $1::bigint and address = $2::text for no key update`, c.Community, wallet.Address)
		}
		b.Queue(`insert into registry_hashscorerlink (hash, community_id, address, expires_at)
			select h, $1::bigint, a, e::timestamptz from unnest($2::text[], $3::text[], $4::text[]) as c (h, a, e)
			on conflict (hash, community_id) do nothing`, c.Community, hashes, addresses, expiries)
		b.Queue(`insert into registry_stamp (passport_id, provider, credential)
			select p.id, s.provider, s.credential::jsonb from registry_passport p, unnest($3::text[], $4::text[]) as s (provider, credential)
			where p.community_id = $1::bigint and p.address = $2::text
			and not exists (select from registry_stamp t where t.passport_id = p.id and t.provider = s.provider)`,
			c.Community, wallet.Address, providers, credentials)
		b.Queue(`insert into registry_score (passport_id, status, score, last_score_timestamp, expiration_date, evidence, stamp_scores, stamps)
			select p.id, $3::text, $4::text::numeric, $5::timestamptz, $6::timestamptz, $7::text::jsonb, $8::text::jsonb, $9::text::jsonb
			from registry_passport p where p.community_id = $1::bigint and p.address = $2::text
			on conflict (passport_id) do update set status = excluded.status, score = excluded.score,
			last_score_timestamp = excluded.last_score_timestamp, expiration_date = excluded.expiration_date,
			evidence = excluded.evidence, stamp_scores = excluded.stamp_scores, stamps = excluded.stamps`,
			c.Community, wallet.Address, string(score.Status), score.Value, score.ScoredAt, score.ExpiresAt,
			string(score.Evidence), string(score.StampScores), string(score.Stamps))
		b.Queue(`insert into registry_event (action, address, created_at, data, community_id)
			values ('SCU', $1::text, $2::timestamptz, $3::text::jsonb, $4::bigint)`, wallet.Address, score.ScoredAt, event, c.Community)
	}
}
