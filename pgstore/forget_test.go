package pgstore_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// traces returns the columns of all tables that hold the address's digits, in
// any letter case.
func (w *world) traces(address string) (found []string) {
	w.tb.Helper()
	columns := rows(w.tb, w.pool, `select c.table_name || '.' || c.column_name from information_schema.columns c
		join information_schema.tables t using (table_schema, table_name)
		where c.table_schema = 'public' and t.table_type = 'BASE TABLE' and c.data_type not in ('bigint', 'integer', 'boolean', 'numeric')
		order by 1`)
	require.Greater(w.tb, len(columns), 100)
	for _, place := range columns {
		table, column, _ := strings.Cut(place, ".")
		if w.value(fmt.Sprintf("select count(*) from %s where %s::text ilike '%%' || $1 || '%%'", table, column), address[2:]) != "0" {
			found = append(found, place)
		}
	}
	return found
}

// forgetful is a world in which alice and bob have rows of every kind.
func forgetful(t *testing.T) *rivals {
	t.Helper()
	r := newRivals(t, passport.WithGroups(group{alice, bob}, passport.FailScoring))
	live(r)
	return r
}

// live gives alice and bob rows of every kind, by the store where it has a
// method for that.
func live(r *rivals) {
	ctx := r.t.Context()
	r.stamp(alice, "account of alice", "Google", "Github")
	r.stamp(bob, "account of bob", "Discord")
	for _, address := range []string{bob, alice, carol} { // bob is canonical
		_, err := r.engine.Score(ctx, 1, address)
		require.NoError(r.t, err)
	}
	alone := r.engineWithout()
	r.stamp(alice, "account of alice", "Google") // the one before is deleted
	_, err := alone.Score(ctx, 2, alice)
	require.NoError(r.t, err)
	r.stamp(carol, "account of alice", "Google")
	_, err = alone.Score(ctx, 2, carol) // a duplicate
	require.NoError(r.t, err)
	r.exec(`insert into ceramic_cache_revocation (proof_value, ceramic_cache_id)
		select proof_value, id from ceramic_cache_ceramiccache where provider = 'Github'`)
	r.exec(`insert into registry_humanpoints (address, action, timestamp, tx_hash, chain_id, provider)
		select address, 'ISB', now(), '', 7, '' from unnest(array[$1, upper($1), $2]) address`, alice, bob)
	r.exec(`insert into registry_humanpointscommunityqualifiedusers (address, community_id) values ($1, 4), ($2, 4)`, alice, bob)
	r.exec(`insert into registry_humanpointsmultiplier (address, multiplier) values ($1, 2), ($2, 3)`, alice, bob)
	require.NoError(r.t, r.store.PutAddressList(ctx, "friends", alice, bob))
	if r.value("select count(*) from account_accountapikey") == "0" {
		require.NoError(r.t, r.store.AddKey(ctx, apiKey("abcd1234")))
	}
	of := func(path, response string) store.Usage {
		u := usage(apiKey("abcd1234"))
		u.Path, u.Response = path, []byte(response)
		return u
	}
	require.NoError(r.t, r.store.AddUsage(ctx, of("/"+alice, `{}`), of("/"+bob, `{}`), of("/", `{"a": ["`+strings.ToUpper(alice)+`"]}`)))
}

// engineWithout returns an engine that knows no groups.
func (r *rivals) engineWithout() *passport.Engine {
	r.t.Helper()
	engine, err := passport.New(r.store, passport.WithTrustedIssuers(r.issuer.DID()))
	require.NoError(r.t, err)
	return engine
}

// Nothing in any column of any table holds the address once it is forgotten,
// and another wallet's rows are as they were.
func TestForget_NoTrace(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"pgx", "database/sql, lib/pq"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			r := forgetful(t)
			before := r.traces(alice)
			for _, place := range []string{
				"account_accountapikeyanalytics.path", "account_accountapikeyanalytics.response", "account_addresslistmember.address",
				"account_walletgroupcommunityclaim.group_key", "ceramic_cache_ceramiccache.address", "ceramic_cache_ceramiccache.stamp",
				"registry_event.address", "registry_event.data", "registry_hashscorerlink.address", "registry_humanpoints.address",
				"registry_humanpointscommunityqualifiedusers.address", "registry_humanpointsmultiplier.address", "registry_passport.address",
				"registry_score.stamps", "registry_stamp.credential",
			} {
				assert.Contains(t, before, place)
			}
			bobs := r.traces(bob)
			receipt, err := storeModes()[mode](t, r.url).Forget(t.Context(), store.Forgetting{Address: alice, Claims: store.AnonymizeClaims})
			require.NoError(t, err)
			assert.Empty(t, r.traces(alice))
			assert.WithinDuration(t, time.Now(), receipt.At, time.Minute)
			receipt.At = time.Time{}
			assert.Positive(t, receipt.Points)
			receipt.Points = 0
			assert.Equal(t, &store.ForgetReceipt{
				Credentials: 3, Scores: 2, Stamps: 4, Events: 3, Multipliers: 1, Qualified: 1, Lists: 1, ClaimsAnonymized: 4,
				GroupClaims: 1, OtherScores: 1, OtherEvents: 2, Usage: 2,
			}, receipt)

			kept := slices.DeleteFunc(bobs, func(place string) bool {
				return slices.Contains([]string{"account_walletgroupcommunityclaim.group_key", "account_walletgroupcommunityclaim.canonical_address"}, place)
			})
			kept = slices.DeleteFunc(kept, func(place string) bool {
				return strings.HasPrefix(place, "registry_score.") || strings.HasPrefix(place, "registry_stamp.")
			})
			assert.Subset(t, r.traces(bob), kept)
			_, err = r.engine.Score(t.Context(), 1, bob)
			require.NoError(t, err)
			result, err := r.engineWithout().Score(t.Context(), 2, carol)
			require.NoError(t, err)
			assert.Equal(t, "0", result.Score.String(), "the account is still taken")
		})
	}
}

// In a host's transaction all of it comes back if the host rolls back.
func TestForget_InTx(t *testing.T) {
	t.Parallel()
	r := forgetful(t)
	before := r.traces(alice)
	forget := func(level pgx.TxIsoLevel, end func(pgx.Tx) error) {
		tx, err := r.pool.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: level})
		require.NoError(t, err)
		_, err = r.store.InTx(tx).Forget(t.Context(), store.Forgetting{Address: alice, Claims: store.ReleaseClaims})
		require.NoError(t, err)
		assert.Equal(t, before, r.traces(alice), "nothing is committed")
		require.NoError(t, end(tx))
	}
	for _, level := range []pgx.TxIsoLevel{pgx.ReadCommitted, pgx.RepeatableRead, pgx.Serializable} {
		forget(level, func(tx pgx.Tx) error { return tx.Rollback(t.Context()) })
		assert.Equal(t, before, r.traces(alice))
	}
	forget(pgx.Serializable, func(tx pgx.Tx) error { return tx.Commit(t.Context()) })
	assert.Empty(t, r.traces(alice))
}

// A scoring that is under way when the address is forgotten brings nothing
// back, whether it is the first in its community or not, and whichever of the
// two comes first.
func TestForget_ScoringUnderWay(t *testing.T) {
	t.Parallel()
	for _, isFirst := range []bool{true, false} {
		t.Run(fmt.Sprintf("the first is %v", isFirst), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := newStore(w.newPool(func(c *pgxpool.Config) { c.MaxConns = 8 }))
			forget := func(s *pgstore.Store) error {
				_, err := s.Forget(context.Background(), store.Forgetting{Address: alice, Claims: store.ReleaseClaims})
				return err
			}
			prepared := func() *store.Changes {
				require.NoError(t, s.AddCredentials(t.Context(), alice, store.CredentialInput{Provider: "Google", Document: wanting(alice)}))
				if !isFirst {
					_, err := s.Apply(t.Context(), changes(load(t, s, alice)))
					require.NoError(t, err)
				}
				return changes(load(t, s, alice), claim("n01", alice))
			}
			waits := func(ended chan error) {
				select {
				case err := <-ended:
					require.Fail(t, "it did not wait", "%v", err)
				case <-time.After(300 * time.Millisecond):
				}
			}

			// The scoring writes first.
			c := prepared()
			tx, err := w.pool.Begin(t.Context())
			require.NoError(t, err)
			defer func() { _ = tx.Rollback(context.Background()) }() // does nothing after a commit
			_, err = s.InTx(tx).Apply(t.Context(), c)
			require.NoError(t, err)
			ended := make(chan error, 1)
			go func() { ended <- forget(s) }()
			waits(ended)
			require.NoError(t, tx.Commit(t.Context()))
			require.NoError(t, <-ended)
			assert.Empty(t, w.traces(alice))

			// The address is forgotten first.
			c = prepared()
			tx, err = w.pool.Begin(t.Context())
			require.NoError(t, err)
			require.NoError(t, forget(s.InTx(tx)))
			go func() {
				_, err := s.Apply(context.Background(), c)
				ended <- err
			}()
			waits(ended)
			require.NoError(t, tx.Commit(t.Context()))
			require.ErrorIs(t, <-ended, store.ErrConflict)
			assert.Empty(t, w.traces(alice))
		})
	}
}
