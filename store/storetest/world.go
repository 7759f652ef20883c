package storetest

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// The wallets, communities and times of the cases.
const (
	alice store.Address = "0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c"
	bob   store.Address = "0xb0b00b0b00b0b00b0b00b0b00b0b00b0b00b0b00"
	carol store.Address = "0xca401ca401ca401ca401ca401ca401ca401ca401"

	community = 1
	neighbour = 2 // another community
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func years(n int) time.Time { return noon.AddDate(n, 0, 0) }

// world is a harness with two communities. Every step that fails ends the case.
type world struct {
	Harness
	t   testing.TB
	ctx context.Context
}

func newWorld(t testing.TB, h Harness) *world {
	w := &world{Harness: h, t: t, ctx: t.Context()}
	require.NoError(t, w.Seed(w.ctx, store.State{
		Accounts: []store.Account{{ID: 1, Username: "host"}},
		Communities: []store.StoredCommunity{
			{Community: store.Community{
				ID: community, Name: "One", Account: 1, Rule: "LIFO", HumanPoints: true,
				Scorer: store.ScorerBinary, Threshold: "3", Weights: []byte(`{"Google":"1.5","Github":2}`),
			}},
			{Community: store.Community{
				ID: neighbour, Name: "Two", Account: 1, Rule: "LIFO",
				Scorer: store.ScorerWeighted, Threshold: "20.5", Weights: []byte(`{"Google":0.25}`),
			}},
		},
	}))
	return w
}

// state returns the whole content of the store.
func (w *world) state() store.State {
	w.t.Helper()
	state, err := w.State(w.ctx)
	require.NoError(w.t, err)
	return state
}

// edit changes the content behind the store's back.
func (w *world) edit(change func(s *store.State)) {
	w.t.Helper()
	state := w.state()
	change(&state)
	require.NoError(w.t, w.Seed(w.ctx, state))
}

// unchanged runs the step and demands that it leaves the content as it was.
func (w *world) unchanged(step func()) {
	w.t.Helper()
	before := w.state()
	step()
	equalStates(w.t, before, w.state())
}

// document is a credential at rest, as far as a store looks into it.
func document(address store.Address, provider string, nullifiers ...string) json.RawMessage {
	text, err := json.Marshal(map[string]any{"credentialSubject": map[string]any{
		"id": address.DID(), "provider": provider, "nullifiers": append([]string{}, nullifiers...),
	}})
	if err != nil {
		panic(err) // strings always marshal
	}
	return text
}

// stored is a live credential.
func stored(id int64, address store.Address, provider string, nullifiers ...string) store.StoredCredential {
	return store.StoredCredential{
		Credential: store.Credential{
			ID: id, Provider: provider, Document: document(address, provider, nullifiers...),
			UpdatedAt: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC),
		},
		Address: address, ProofValue: provider,
		IssuedAt:  time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		ExpiresAt: time.Date(2035, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

// with returns the credential with changes.
func with(c store.StoredCredential, changes ...func(c *store.StoredCredential)) store.StoredCredential {
	for _, change := range changes {
		change(&c)
	}
	return c
}

// credentials replaces all credentials.
func (w *world) credentials(credentials ...store.StoredCredential) {
	w.t.Helper()
	w.edit(func(s *store.State) { s.Credentials = credentials })
}

func holder(address store.Address, expires time.Time) store.Holder {
	return store.Holder{Address: address, ExpiresAt: expires}
}

// claim is a claim in the community.
func claim(nullifier string, address store.Address, expires time.Time) store.StoredClaim {
	return store.StoredClaim{Claim: store.Claim{Nullifier: nullifier, Holder: holder(address, expires)}, Community: community}
}

// claims replaces all claims.
func (w *world) claims(claims ...store.StoredClaim) {
	w.t.Helper()
	w.edit(func(s *store.State) { s.Claims = claims })
}

// holders returns who holds each nullifier in the community, and until when.
func (w *world) holders() map[string]store.Holder {
	w.t.Helper()
	holders := map[string]store.Holder{}
	for _, c := range w.state().Claims {
		if c.Community != community {
			continue
		}
		require.NotContains(w.t, holders, c.Nullifier, "a nullifier has at most one holder")
		holders[c.Nullifier] = holder(c.Address, c.ExpiresAt.UTC())
	}
	return holders
}

// load reads the wallets of the community at noon.
func (w *world) load(addresses ...store.Address) *store.Snapshot {
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
func (w *world) scored(addresses []store.Address, change ...func(*store.Changes)) *store.Changes {
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

// swap is a claim on the nullifier that changes hands. A zero holder is none.
func swap(nullifier string, from, to store.Holder) store.ClaimSwap {
	return store.ClaimSwap{Nullifier: nullifier, From: from, To: to}
}

// taken is a swap of a free nullifier.
func taken(nullifier string, address store.Address, expires time.Time) store.ClaimSwap {
	return swap(nullifier, store.Holder{}, holder(address, expires))
}

func swaps(swaps ...store.ClaimSwap) func(*store.Changes) {
	return func(c *store.Changes) { c.Claims = swaps }
}

// counted counts the credentials with those ids for the first wallet.
func counted(ids ...int64) func(*store.Changes) {
	return func(c *store.Changes) { c.Wallets[0].Counted = ids }
}

func awards(awards ...store.Award) func(*store.Changes) {
	return func(c *store.Changes) { c.Wallets[0].Awards = awards }
}

func qualified(c *store.Changes) { c.Wallets[0].Qualified = true }

// apply writes, and must succeed.
func (w *world) apply(c *store.Changes) *store.Receipt {
	w.t.Helper()
	receipt, err := w.Apply(w.ctx, c)
	require.NoError(w.t, err)
	require.NotNil(w.t, receipt)
	require.Len(w.t, receipt.Wallets, len(c.Wallets))
	return receipt
}

// score writes a good change set for one wallet.
func (w *world) score(address store.Address, change ...func(*store.Changes)) store.WalletReceipt {
	w.t.Helper()
	return w.apply(w.scored([]store.Address{address}, change...)).Wallets[0]
}

// refused demands that Apply returns the kind of error and writes nothing.
func (w *world) refused(kind error, c *store.Changes) {
	w.t.Helper()
	w.unchanged(func() {
		receipt, err := w.Apply(w.ctx, c)
		w.fails(kind, err)
		assert.Nil(w.t, receipt)
		for _, swap := range c.Claims {
			if swap.Nullifier != "" {
				assert.NotContains(w.t, err.Error(), swap.Nullifier, "errors reach logs, and nullifiers must not")
			}
		}
	})
}

// lastScore returns the stored score of the address in the community.
func (w *world) lastScore(address store.Address) *store.StoredScore {
	w.t.Helper()
	scores := w.state().Scores
	i := slices.IndexFunc(scores, func(s store.StoredScore) bool { return s.Address == address && s.Community == community })
	if i < 0 {
		return nil
	}
	return &scores[i]
}

// ended returns a context that has been cancelled.
func (w *world) ended() context.Context {
	ctx, cancel := context.WithCancel(w.ctx)
	cancel()
	return ctx
}
