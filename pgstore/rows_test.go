package pgstore_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
	"github.com/passport-sdk/passport-go/store/storetest"
)

// The tests of this file are about rows of the service's tables that the
// contract does not mention. A row that is kept has its place in the table,
// ctid.

// rowWorld is a world with a store, and a credential of alice's.
type rowWorld struct {
	*world

	store *pgstore.Store
}

func newRowWorld(t *testing.T) *rowWorld {
	t.Helper()
	w := newWorld(t)
	r := &rowWorld{w, newStore(w.pool)}
	r.add(`{"n": 1.50, "provider": "Google"}`)
	return r
}

func (r *rowWorld) add(document string) {
	r.tb.Helper()
	require.NoError(r.tb, r.store.AddCredentials(r.tb.Context(), alice, store.CredentialInput{Provider: "Google", Document: []byte(document)}))
}

// score applies the change set of a scoring of alice, after the edits.
func (r *rowWorld) score(edits ...func(c *store.Changes)) {
	r.tb.Helper()
	c := changes(load(r.tb, r.store, alice))
	for _, edit := range edits {
		edit(c)
	}
	_, err := r.store.Apply(r.tb.Context(), c)
	require.NoError(r.tb, err)
}

// fails makes the change set one of a scoring that failed.
func fails(c *store.Changes) {
	c.Wallets[0] = store.WalletChanges{
		Address: c.Wallets[0].Address, Version: c.Wallets[0].Version,
		Score: store.Score{Status: store.StatusError, Error: "broken"},
	}
}

func (r *rowWorld) rows(sql string) []string {
	r.tb.Helper()
	return rows(r.tb, r.pool, sql)
}

func TestRows_Passport(t *testing.T) {
	t.Parallel()
	r := newRowWorld(t)
	r.exec(`insert into registry_passport (id, address, community_id, requires_calculation) values (70, $1, 2, true)`, alice)
	r.score()
	assert.Equal(t, "false", r.value("select requires_calculation from registry_passport where community_id = 1"), "of a new row")
	before := r.rows(`select ctid || ' ' || id || ' ' || requires_calculation from registry_passport order by community_id`)
	require.Len(t, before, 2)
	assert.Contains(t, before[1], " 70 true", "that of another community")
	r.score()
	assert.Equal(t, before, r.rows(`select ctid || ' ' || id || ' ' || requires_calculation from registry_passport order by community_id`))
}

func TestRows_Score(t *testing.T) {
	t.Parallel()
	r := newRowWorld(t)
	r.score()
	id := r.value("select id from registry_score")
	r.score(func(c *store.Changes) { c.Wallets[0].Score.Value = "0" })
	assert.Equal(t, id+" 0.000000000", r.value("select id || ' ' || score from registry_score"))
	r.score(fails)
	assert.JSONEq(t, `{"id": `+id+`, "passport_id": `+r.value("select id from registry_passport")+`, "status": "ERROR", "error": "broken",
		"score": null, "last_score_timestamp": null, "expiration_date": null, "evidence": null, "stamp_scores": null, "stamps": null}`,
		r.value("select to_jsonb(s) from registry_score s"))
}

func TestRows_Stamp(t *testing.T) {
	t.Parallel()
	kept := `select ctid || ' ' || id from registry_stamp order by id`
	t.Run("a credential that still counts", func(t *testing.T) {
		r := newRowWorld(t)
		r.score()
		before := r.rows(kept)
		require.Len(t, before, 1)
		r.score()
		assert.Equal(t, before, r.rows(kept))
		r.add(`{"n": 1.50, "provider": "Google"}`)
		r.score()
		assert.Equal(t, before, r.rows(kept), "stored once more")
		r.score(fails)
		assert.Equal(t, before, r.rows(kept), "after a failure")
		r.add(`{"n": 2, "provider": "Google"}`)
		r.score()
		assert.NotEqual(t, before, r.rows(kept), "another")
	})
	t.Run("equal as JSON", func(t *testing.T) {
		r := newRowWorld(t)
		r.exec(`insert into registry_passport (id, address, community_id, requires_calculation) values (70, $1, 1, false)`, alice)
		r.exec(`insert into registry_stamp (id, provider, credential, passport_id) values (80, 'Google', '{"provider": "Google", "n": 1.5}', 70)`)
		before := r.rows(kept)
		r.score()
		assert.Equal(t, before, r.rows(kept))
		assert.Equal(t, "1.5", r.value("select credential -> 'n' from registry_stamp"))
	})
	t.Run("two equal rows", func(t *testing.T) {
		r := newRowWorld(t)
		r.score()
		before := r.rows(kept)
		r.exec("insert into registry_stamp (provider, credential, passport_id) select provider, credential, passport_id from registry_stamp")
		r.score()
		assert.Equal(t, before, r.rows(kept))
	})
}

func TestRows_Claim(t *testing.T) {
	t.Parallel()
	r := newRowWorld(t)
	kept, held := `select ctid || ' ' || id from registry_hashscorerlink`, store.Holder{Address: alice, ExpiresAt: future}
	swap := func(from, to store.Holder) func(*store.Changes) {
		return func(c *store.Changes) { c.Claims = []store.ClaimSwap{{Nullifier: "n", From: from, To: to}} }
	}
	r.score(swap(store.Holder{}, held))
	before, id := r.rows(kept), r.value("select id from registry_hashscorerlink")
	r.score(swap(held, held))
	assert.Equal(t, before, r.rows(kept), "as wanted")
	r.score(swap(store.Holder{}, held))
	assert.Equal(t, before, r.rows(kept), "as wanted, and inserted by another")
	r.score(swap(store.Holder{Address: bob, ExpiresAt: noon}, held))
	assert.Equal(t, before, r.rows(kept), "as wanted, and changed by another")
	r.score(swap(held, store.Holder{Address: alice, ExpiresAt: future.AddDate(1, 0, 0)}))
	assert.Equal(t, id+" 2036", r.value("select id || ' ' || extract(year from expires_at at time zone 'UTC') from registry_hashscorerlink"))
}

func TestRows_HumanPoints(t *testing.T) {
	t.Parallel()
	r := newRowWorld(t)
	kept := []string{
		`select ctid || ' ' || id from registry_humanpoints order by id`,
		`select ctid || ' ' || id from registry_humanpointscommunityqualifiedusers`,
	}
	award := func(c *store.Changes) {
		c.Wallets[0].Qualified = true
		c.Wallets[0].Awards = []store.Award{{Action: "SCB"}, {Action: "HKY", Provider: "Google", TxHash: "n1"}}
	}
	r.score(award)
	assert.Equal(t, []string{"HKY|Google|n1", "SCB||"},
		r.rows(`select action || '|' || provider || '|' || tx_hash from registry_humanpoints order by action`), `no provider and no hash are ""`)
	points, qualified := r.rows(kept[0]), r.rows(kept[1])
	require.Len(t, qualified, 1)
	r.score(award)
	assert.Equal(t, points, r.rows(kept[0]))
	assert.Equal(t, qualified, r.rows(kept[1]))
}

func TestRows_Event(t *testing.T) {
	t.Parallel()
	r := newRowWorld(t)
	const others = 3
	deduplicated := func(c *store.Changes) {
		update := c.Wallets[0].Events
		c.Wallets[0].Events = nil
		for n := range others {
			data := fmt.Appendf(nil, `{"n": %d}`, n)
			c.Wallets[0].Events = append(c.Wallets[0].Events, store.Event{Action: store.ActionDeduplicated, Address: alice, Data: data})
		}
		c.Wallets[0].Events = append(c.Wallets[0].Events, update...)
	}
	r.score(deduplicated)
	r.score(deduplicated)
	var want []string
	for range 2 {
		for n := range others {
			want = append(want, fmt.Sprintf(`LDP %d`, n))
		}
		want = append(want, "SCU "+r.value("select id from registry_score"))
	}
	assert.Equal(t, want, r.rows(`select action || ' ' || coalesce(data ->> 'n', data ->> 'pk') from registry_event order by id`))
	assert.Equal(t, []string{r.value("select id from registry_passport")},
		r.rows(`select distinct data #>> '{fields,passport}' from registry_event where action = 'SCU'`))
}

// referring returns harnesses in which, when the case has ended, the event of
// the last score of each wallet must refer to the rows of score and passport.
func referring(newHarness storetest.NewHarness) storetest.NewHarness {
	return func(t testing.TB) storetest.Harness {
		t.Helper()
		h := newHarness(t)
		t.Cleanup(func() {
			var strays int
			err := h.(interface{ pool() *pgxpool.Pool }).pool().QueryRow(context.Background(), `
				with last as materialized (
				    select distinct on (e.community_id, e.address) e.community_id, e.address, e.data
				    from   registry_event e
				    where  e.action = 'SCU'
				    order  by e.community_id, e.address, e.id desc
				)
				select count(*)
				from   registry_score s
				join   registry_passport p on p.id = s.passport_id
				join   last on last.community_id = p.community_id and last.address = p.address
				where  s.status = 'DONE'
				and    (last.data ->> 'pk', last.data #>> '{fields,passport}') is distinct from (s.id::text, p.id::text)`).Scan(&strays)
			assert.NoError(t, err)
			assert.Zero(t, strays, "events that refer to other rows")
		})
		return h
	}
}

// Weights come from the table of the scorer's type, and a scorer of an unknown
// type has none.
func TestRows_Scorer(t *testing.T) {
	t.Parallel()
	r := newRowWorld(t)
	r.exec(`insert into scorer_weighted_weightedscorer (scorer_ptr_id, weights, threshold) values (1, '{"Google": 7}', 8)`)
	for kind, want := range map[string]struct{ weights, threshold string }{
		store.ScorerBinary:   {`{"Google": "1.5", "Github": 2}`, "3.00000"},
		store.ScorerWeighted: {`{"Google": 7}`, "8.00000"},
		"UNKNOWN":            {"null", ""},
	} {
		r.exec("update scorer_weighted_scorer set type = $1 where id = 1", kind)
		community := load(t, r.store, alice).Community
		weights, err := json.Marshal(community.Weights)
		require.NoError(t, err)
		assert.JSONEq(t, want.weights, string(weights), kind)
		assert.Equal(t, want.threshold, community.Threshold, kind)
		assert.Equal(t, kind, community.Scorer)
	}
}

// A row revokes the credential that it names, not every one with the proof
// value.
func TestRows_Revocation(t *testing.T) {
	t.Parallel()
	r := newRowWorld(t)
	input := store.CredentialInput{Provider: "Github", Document: []byte(`{}`), ProofValue: "proof"}
	require.NoError(t, r.store.AddCredentials(t.Context(), alice, input))
	require.NoError(t, r.store.AddCredentials(t.Context(), bob, input))
	r.exec(`insert into ceramic_cache_revocation (proof_value, ceramic_cache_id)
		select 'proof', id from ceramic_cache_ceramiccache where address = $1 and provider = 'Github'`, alice)
	wallets := load(t, r.store, alice, bob).Wallets
	require.Len(t, wallets[0].Credentials, 1)
	assert.Equal(t, "Google", wallets[0].Credentials[0].Provider)
	assert.Len(t, wallets[1].Credentials, 1)
}
