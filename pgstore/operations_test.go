package pgstore_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// operation is a line of the table in the package's documentation.
type operation struct{ name, statement, part string }

func documentedOperations(t *testing.T) []operation {
	t.Helper()
	source, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(source), "# Operations\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "// # ")
	var operations []operation
	for line := range strings.Lines(section) {
		if !strings.HasPrefix(line, "//\t") {
			continue
		}
		fields := append(strings.Fields(strings.TrimPrefix(line, "//")), "")
		operations = append(operations, operation{fields[0], fields[1], fields[2]})
	}
	return operations
}

// The statements that the table names are those that a scoring, and the check
// of a key, send; and the parts are in them.
func TestEachNamedOperationIsSent(t *testing.T) {
	operations := documentedOperations(t)
	require.Len(t, operations, 22, "as many as the service's data layer has")

	sent := recordStatements(t)
	for _, o := range operations {
		sql, is := sent[o.statement]
		if assert.True(t, is, "%s: no statement %s was sent", o.name, o.statement) && o.part != "" {
			assert.Contains(t, sql, o.part+" as ", "%s: part of %s", o.name, o.statement)
		}
	}
}

// recordStatements returns the texts that are sent, by the statement's name,
// for a scoring that writes all there is to write, and for the check of a key.
func recordStatements(t *testing.T) map[string]string {
	t.Helper()
	config, err := pgxpool.ParseConfig(pgtest.New(t))
	require.NoError(t, err)
	tracer := &textTracer{texts: map[string]bool{}}
	config.ConnConfig.Tracer = tracer
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)

	ctx, s := t.Context(), pgstore.New(pool)
	require.NoError(t, s.PutCommunity(ctx, store.Community{ID: 1, Name: "One", HumanPoints: true, Threshold: "1", Weights: []byte(`{"Google": "1"}`)}))
	later := time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
	_, err = pool.Exec(ctx, `insert into registry_hashscorerlink (hash, community_id, address, expires_at) values ('n2', 1, $1, $2)`, bob, later)
	require.NoError(t, err)

	snapshot, err := s.Load(ctx, store.Query{Community: 1, Addresses: []string{alice}, Points: &store.PointsQuery{Lists: []string{"og"}, Counted: []string{"MM2"}}})
	require.NoError(t, err)
	_, err = s.Apply(ctx, &store.Changes{
		Community: 1, At: snapshot.At,
		Claims: []store.Claim{{Nullifier: "n1", Address: alice, ExpiresAt: later}},
		Held:   []store.Claim{{Nullifier: "n2", Address: bob, ExpiresAt: later}},
		Wallets: []store.WalletChanges{{
			Address: alice, Version: snapshot.Wallets[0].Version,
			Score: store.Score{
				Status: store.StatusDone, Value: "1", ScoredAt: snapshot.At, ExpiresAt: later,
				Evidence: []byte(`{}`), StampScores: []byte(`{}`), Stamps: []byte(`{}`),
			},
			Stamps:    []store.Stamp{{Provider: "Google", Credential: []byte(`{}`)}},
			Events:    []store.Event{{Action: store.ActionDeduplicated, Address: alice, Data: []byte(`{}`)}},
			Qualified: true,
			Awards:    []store.Award{{Action: "MM2", Limit: 5000}},
		}},
	})
	require.NoError(t, err)
	_, err = s.FindKey(ctx, "none")
	require.ErrorIs(t, err, store.ErrNotFound)

	sent := map[string]string{}
	for _, text := range pgstore.TextsOfAScoring() {
		if tracer.texts[text.SQL] {
			sent[text.Name] = text.SQL
		}
	}
	return sent
}

// textTracer keeps the texts of the statements that are sent.
type textTracer struct{ texts map[string]bool }

func (r *textTracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, query pgx.TraceQueryStartData) context.Context {
	r.texts[query.SQL] = true
	return ctx
}

func (r *textTracer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (r *textTracer) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (r *textTracer) TraceBatchQuery(_ context.Context, _ *pgx.Conn, query pgx.TraceBatchQueryData) {
	r.texts[query.SQL] = true
}

func (r *textTracer) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}
