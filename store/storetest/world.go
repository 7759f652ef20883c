package storetest

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// The wallets, communities and moments of the cases.
const (
	alice = "0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c"
	bob   = "0xb0b00b0b00b0b00b0b00b0b00b0b00b0b00b0b00"
	carol = "0xca401ca401ca401ca401ca401ca401ca401ca401"

	community = 1
	neighbour = 2 // another community

)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func years(n int) time.Time { return noon.AddDate(n, 0, 0) }

// row is a row of a table by column.
type row = map[string]any

// world is a harness with two communities, and what a case does with it. Every
// step that fails ends the case.
type world struct {
	Harness
	t   testing.TB
	ctx context.Context
	// isNow reports whether a moment is one that a scenario's "<now>" stands for.
	isNow func(time.Time) bool
}

func newWorld(t testing.TB, h Harness) *world {
	w := &world{Harness: h, t: t, ctx: t.Context()}
	w.seed(map[string][]row{
		"auth_user":              {{"id": 1, "username": "host", "is_active": true}},
		"account_account":        {{"id": 1, "address": "0x1111111111111111111111111111111111111111", "user_id": 1}},
		"scorer_weighted_scorer": {{"id": 1, "type": "WEIGHTED_BINARY"}, {"id": 2, "type": "WEIGHTED"}},
		"scorer_weighted_binaryweightedscorer": {
			{"scorer_ptr_id": 1, "threshold": "3.00000", "weights": row{"Google": "1.5", "Github": 2}},
		},
		"scorer_weighted_weightedscorer": {
			{"scorer_ptr_id": 2, "threshold": "20.50000", "weights": row{"Google": 0.25}},
		},
		"account_community": {
			{"id": community, "name": "One", "description": "d", "account_id": 1, "scorer_id": 1, "rule": "LIFO", "human_points_program": true},
			{"id": neighbour, "name": "Two", "description": "d", "account_id": 1, "scorer_id": 2, "rule": "LIFO"},
		},
	})
	return w
}

// seed replaces the tables that are named.
func (w *world) seed(tables map[string][]row) {
	w.t.Helper()
	document, err := json.Marshal(tables)
	require.NoError(w.t, err)
	require.NoError(w.t, w.Seed(w.ctx, document))
}

// table returns the rows of a table.
func (w *world) table(name string) []row {
	w.t.Helper()
	return w.tables()[name]
}

// only returns the one row of a table.
func (w *world) only(table string) row {
	w.t.Helper()
	rows := w.table(table)
	require.Len(w.t, rows, 1, table)
	return rows[0]
}

func (w *world) tables() map[string][]row {
	w.t.Helper()
	document, err := w.Rows(w.ctx)
	require.NoError(w.t, err)
	tables := map[string][]row{}
	require.NoError(w.t, json.Unmarshal(document, &tables))
	return tables
}

// unchanged runs the step and demands that it leaves every row as it was.
func (w *world) unchanged(step func()) {
	w.t.Helper()
	before := w.tables()
	step()
	assert.Equal(w.t, before, w.tables(), "no row may change")
}

// stampJSON is a credential at rest, as far as a store looks into it.
func stampJSON(address, provider string, nullifiers ...string) row {
	return row{"credentialSubject": subject(address, provider, row{"nullifiers": nullifiers})}
}

// subject is the subject of a credential that can count.
func subject(address, provider string, values row) row {
	return with(row{"id": "did:pkh:eip155:1:" + address, "provider": provider}, values)
}

// credentialRow is a live row of ceramic_cache_ceramiccache.
func credentialRow(id int, address, provider string, nullifiers ...string) row {
	return row{
		"id": id, "address": address, "provider": provider, "type": 1, "stamp": stampJSON(address, provider, nullifiers...),
		"created_at": "2026-02-01T00:00:00Z", "updated_at": "2026-02-01T00:00:00Z", "proof_value": provider,
		"issuance_date": "2026-01-01T00:00:00Z", "expiration_date": "2035-01-01T00:00:00Z",
	}
}

// with returns the row with other values.
func with(r row, values row) row {
	changed := maps.Clone(r)
	maps.Copy(changed, values)
	return changed
}

func (w *world) credentials(rows ...row) {
	w.t.Helper()
	w.seed(map[string][]row{"ceramic_cache_ceramiccache": append([]row{}, rows...)})
}

func claimRow(nullifier, address string, expires time.Time) row {
	return row{"hash": nullifier, "address": address, "expires_at": store.FormatTime(expires), "community_id": community}
}

func (w *world) claims(rows ...row) {
	w.t.Helper()
	w.seed(map[string][]row{"registry_hashscorerlink": rows})
}

// load reads the wallets of the community at noon.
func (w *world) load(addresses ...string) *store.Snapshot {
	w.t.Helper()
	return w.query(store.Query{Community: community, Addresses: addresses, At: noon})
}

func (w *world) query(q store.Query) *store.Snapshot {
	w.t.Helper()
	snapshot, err := w.Load(w.ctx, q)
	require.NoError(w.t, err)
	require.NotNil(w.t, snapshot)
	require.Len(w.t, snapshot.Wallets, len(q.Addresses))
	return snapshot
}

// scored is a good change set for the wallets as they are now, changed by the
// functions.
func (w *world) scored(addresses []string, change ...func(*store.Changes)) *store.Changes {
	w.t.Helper()
	c := &store.Changes{Community: community, At: noon}
	for _, wallet := range w.load(addresses...).Wallets {
		c.Wallets = append(c.Wallets, store.WalletChanges{Address: wallet.Address, Version: wallet.Version, Score: passing()})
	}
	for _, f := range change {
		f(c)
	}
	return c
}

func passing() store.Score {
	return store.Score{
		Status: store.StatusDone, Value: "1", ScoredAt: noon, ExpiresAt: years(1),
		Evidence:    []byte(`{"type":"ThresholdScoreCheck","success":true,"rawScore":"3.5","threshold":"3.00000"}`),
		StampScores: []byte(`{"Google":1.5,"Github":2.0}`),
		Stamps:      []byte(`{"Google":{"score":"1.50000","dedup":false,"expiration_date":"2035-01-01T00:00:00+00:00"}}`),
	}
}

func failed(text string) store.Score { return store.Score{Status: store.StatusError, Error: text} }

func claims(claims ...store.Claim) func(*store.Changes) {
	return func(c *store.Changes) { c.Claims = claims }
}

func held(claims ...store.Claim) func(*store.Changes) {
	return func(c *store.Changes) { c.Held = claims }
}

func claim(nullifier, address string, expires time.Time) store.Claim {
	return store.Claim{Nullifier: nullifier, Address: address, ExpiresAt: expires}
}

func stamps(stamps ...store.Stamp) func(*store.Changes) {
	return func(c *store.Changes) { c.Wallets[0].Stamps = stamps }
}

// stamp is one of Alice's.
func stamp(provider string, nullifiers ...string) store.Stamp {
	document, err := json.Marshal(stampJSON(alice, provider, nullifiers...))
	if err != nil {
		panic(err) // strings always marshal
	}
	return store.Stamp{Provider: provider, Credential: document}
}

func awards(awards ...store.Award) func(*store.Changes) {
	return func(c *store.Changes) { c.Wallets[0].Awards = awards }
}

func qualified(c *store.Changes) { c.Wallets[0].Qualified = true }

// loaded returns the wallet's credentials as stamps that name them.
func (w *world) loaded(address string) []store.Stamp {
	w.t.Helper()
	var loaded []store.Stamp
	for _, c := range w.load(address).Wallets[0].Credentials {
		loaded = append(loaded, store.Stamp{Provider: c.Provider, Credential: c.Stamp, CredentialID: c.ID})
	}
	return loaded
}

// apply writes, and must be let.
func (w *world) apply(c *store.Changes) *store.Receipt {
	w.t.Helper()
	receipt, err := w.Apply(w.ctx, c)
	require.NoError(w.t, err)
	require.NotNil(w.t, receipt)
	require.Len(w.t, receipt.Wallets, len(c.Wallets))
	return receipt
}

// score writes a good change set for one wallet.
func (w *world) score(address string, change ...func(*store.Changes)) store.WalletReceipt {
	w.t.Helper()
	return w.apply(w.scored([]string{address}, change...)).Wallets[0]
}

// refused demands that Apply refuses with the kind of error and writes nothing.
func (w *world) refused(kind error, c *store.Changes) {
	w.t.Helper()
	w.unchanged(func() {
		receipt, err := w.Apply(w.ctx, c)
		require.ErrorIs(w.t, err, kind)
		assert.Nil(w.t, receipt)
		for _, claim := range slices.Concat(c.Claims, c.Held) {
			if claim.Nullifier != "" {
				assert.NotContains(w.t, err.Error(), claim.Nullifier, "errors reach logs, and nullifiers must not")
			}
		}
	})
}

// holders returns who holds each nullifier in the community, and until when.
func (w *world) holders() map[string]store.Claim {
	w.t.Helper()
	holders := map[string]store.Claim{}
	for _, r := range w.table("registry_hashscorerlink") {
		if r["community_id"] != float64(community) {
			continue
		}
		nullifier := r["hash"].(string)
		require.NotContains(w.t, holders, nullifier, "a nullifier has at most one holder")
		holders[nullifier] = claim(nullifier, r["address"].(string), moment(w.t, r["expires_at"]))
	}
	return holders
}

func moment(t testing.TB, v any) time.Time {
	t.Helper()
	text, isText := v.(string)
	require.True(t, isText, "%v is not a moment", v)
	parsed, err := time.Parse(time.RFC3339Nano, text)
	require.NoError(t, err)
	return parsed.UTC()
}

// column returns one column of all rows.
func column(rows []row, name string) []any {
	var values []any
	for _, r := range rows {
		values = append(values, r[name])
	}
	return values
}

// ended returns a context that has been cancelled.
func (w *world) ended() context.Context {
	ctx, cancel := context.WithCancel(w.ctx)
	cancel()
	return ctx
}
