package pgstore_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// operations are those that the service's data layer has on the database, each
// with its statement, and the part of the statement if it is not all of it.
var operations = []struct{ name, statement, part string }{
	{"load_ceramic_cache", "load_ceramic_cache", "live_credentials"},
	{"get_latest_stamps_per_provider", "load_ceramic_cache", "live_credentials"},
	{"load_scorer_config", "load_community", ""},
	{"load_community", "load_community", ""},
	{"load_hash_scorer_links", "load_hash_scorer_links", ""},
	{"load_customization", "load_community", ""},
	{"count_passing_scores", "load_human_points", ""},
	{"count_metamask_og_awards", "load_human_points", ""},
	{"validate_api_key", "validate_api_key", ""},
	{"get_passport_id", "lock_passport", ""},
	{"upsert_passport", "upsert_passport", ""},
	{"delete_stamps", "delete_stamps", ""},
	{"bulk_insert_stamps", "bulk_insert_stamps", ""},
	{"upsert_score", "upsert_score", "upsert_score"},
	{"bulk_upsert_hash_links", "insert_hash_links", ""},
	{"bulk_upsert_hash_links", "swap_hash_links", ""},
	{"verify_hash_links", "verify_hash_links", ""},
	{"insert_dedup_events", "upsert_score", ""},
	{"insert_score_update_event", "upsert_score", ""},
	{"record_passing_score", "record_passing_score", ""},
	{"record_stamp_actions", "record_awards", ""},
	{"award_scoring_bonus", "record_awards", ""},
	{"award_metamask_og_bonus", "record_awards", ""},
}

// A scoring, or the check of a key, must send the statement of each operation.
// Its name must be the statement's, or in the statement's comment or text.
func TestOperations(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, o := range operations {
		names[o.name] = true
	}
	require.Len(t, names, 22, "as many as the service's data layer has")

	filed := map[string]string{}
	for _, s := range filedStatements(t) {
		filed[s.name] = s.name + s.sql
	}
	sent := recordStatements(t)
	for _, o := range operations {
		assert.Contains(t, filed[o.statement], o.name)
		sql, is := sent[o.statement]
		if assert.True(t, is, "%s: no statement %s was sent", o.name, o.statement) && o.part != "" {
			assert.Contains(t, sql, o.part+" as ", "%s: part of %s", o.name, o.statement)
		}
	}
}

// recordStatements returns the texts that are sent, by the statement's name,
// for a scoring that writes everything that one can, and for the check of a
// key.
func recordStatements(t *testing.T) map[string]string {
	t.Helper()
	w := newWorld(t)
	tracer := &textTracer{}
	s := newStore(w.newPool(func(c *pgxpool.Config) { c.ConnConfig.Tracer = tracer }))
	ctx := t.Context()
	require.NoError(t, s.AddCredentials(ctx, alice, store.CredentialInput{Provider: "Google", Document: []byte(`{}`)}))
	held, expired := store.Holder{Address: bob, ExpiresAt: future}, store.Holder{Address: bob, ExpiresAt: noon.AddDate(-1, 0, 0)}
	w.exec(`insert into registry_hashscorerlink (hash, community_id, address, expires_at) values ('n2', 1, $1, $2), ('n3', 1, $1, $3)`,
		bob, held.ExpiresAt, expired.ExpiresAt)

	tracer.texts = nil
	query := store.Query{Community: 1, Addresses: []store.Address{alice}, At: noon, Points: &store.PointsQuery{Lists: []string{"og"}, Counted: []string{"MM2"}}}
	snapshot, err := s.Load(ctx, query)
	require.NoError(t, err)
	c := changes(snapshot,
		claim("n1", alice),
		store.ClaimSwap{Nullifier: "n2", From: held, To: held},
		store.ClaimSwap{Nullifier: "n3", From: expired, To: store.Holder{Address: alice, ExpiresAt: future}})
	c.Wallets[0].Events = append(c.Wallets[0].Events, store.Event{Action: store.ActionDeduplicated, Address: alice, Data: []byte(`{}`)})
	c.Wallets[0].Qualified = true
	c.Wallets[0].Awards = []store.Award{{Action: "HKY", Provider: "Google", TxHash: "n1"}, {Action: "MM2", Limit: 5000}}
	receipt, err := s.Apply(ctx, c)
	require.NoError(t, err)
	query.Known = map[store.Address]store.Known{alice: {Version: receipt.Wallets[0].Version, Nullifiers: []string{"n1"}}}
	_, err = s.Load(ctx, query)
	require.NoError(t, err)
	_, err = s.FindKey(ctx, "none")
	require.ErrorIs(t, err, store.ErrNotFound)

	sent := map[string]string{}
	for _, text := range tracer.texts {
		name, named := strings.CutPrefix(text, "-- name: ")
		if !assert.True(t, named || strings.Contains(text, "'search_path'"), "a text without its name: %s", text) {
			continue
		}
		name, _, _ = strings.Cut(name, "\n")
		sent[name] = text
	}
	return sent
}

// textTracer keeps the texts of the statements that are sent.
type textTracer struct{ texts []string }

func (r *textTracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, query pgx.TraceQueryStartData) context.Context {
	r.texts = append(r.texts, query.SQL)
	return ctx
}

func (r *textTracer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (r *textTracer) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (r *textTracer) TraceBatchQuery(_ context.Context, _ *pgx.Conn, query pgx.TraceBatchQueryData) {
	r.texts = append(r.texts, query.SQL)
}

func (r *textTracer) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}
