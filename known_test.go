package passport_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

// counting counts the documents that a store reads.
func counting(h *hooked) *int {
	read := new(int)
	h.loaded = func(_ store.Query, snapshot *store.Snapshot) {
		for _, wallet := range snapshot.Wallets {
			*read += len(wallet.Credentials)
		}
	}
	return read
}

func TestKnown(t *testing.T) {
	world, h, engine, addresses := newCrowd(t, 3)
	read := counting(h)
	score := func(wants int, why string) []passport.Scored {
		*read = 0
		scored, err := all(engine.ScoreAll(t.Context(), world.Community, slices.Values(addresses)))
		require.NoError(t, err)
		assert.Equal(t, wants, *read, why)
		return scored
	}
	score(3, "nothing is known")
	for _, s := range score(0, "nothing has changed") {
		assert.True(t, s.Result.Passing)
	}
	_, err := engine.Score(t.Context(), world.Community, addresses[0])
	require.NoError(t, err)
	assert.Zero(t, *read, "Score and ScoreAll share what is known")

	world.Stamp(addresses[1], "Github", "account")
	assert.Len(t, score(2, "one wallet has changed")[1].Result.Stamps, 2)
	score(0, "and is known again")
	_, err = world.Store.DeleteCredentials(t.Context(), store.Address(addresses[1]), "Google")
	require.NoError(t, err)
	assert.Equal(t, "0", score(1, "one was deleted")[1].Result.Score.String())

	taken := passporttest.NewWorld(t, passporttest.Weights{"Google": "1"})
	scored, err := world.Engine.On(taken.Store).Score(t.Context(), 1, addresses[0])
	require.NoError(t, err)
	assert.Empty(t, scored.Stamps, "another store has its own wallets")
}

// The claims of a wallet that is not read are those on what is known.
func TestKnown_Claims(t *testing.T) {
	world, h, engine, _ := newCrowd(t, 0)
	read := counting(h)
	score := func(address string) *passport.Result {
		result, err := engine.Score(t.Context(), world.Community, address)
		require.NoError(t, err)
		return result
	}
	soon := world.Clock.Now().Add(time.Hour)
	world.Stamp(alice, "Google", "account", passporttest.ExpiresAt(soon))
	world.Stamp(bob, "Google", "account")
	assert.True(t, score(alice).Passing)
	assert.Equal(t, passport.Deduplicated, score(bob).Stamps[0].Outcome)
	*read = 0
	assert.Equal(t, passport.Deduplicated, score(bob).Stamps[0].Outcome)
	world.Clock.Set(soon)
	assert.True(t, score(bob).Passing, "alice's claim has ended")
	assert.Equal(t, passport.ReasonExpired, score(alice).Stamps[0].Reason, "and her stamp")
	assert.Zero(t, *read)

	world.Clock.Advance(-time.Minute)
	assert.Equal(t, passport.Deduplicated, score(alice).Stamps[0].Outcome, "an earlier time is no reason to read")
	assert.Zero(t, *read)
}

// A credential that is not proven is never trusted: its document is read again.
func TestKnown_NotProven(t *testing.T) {
	var seen passport.Observation
	answer := error(&credential.Error{Reason: credential.ReasonBadSignature, Detail: "it is forged"})
	world, h, engine, _ := newCrowd(t, 0,
		passport.WithVerifier(verifierFunc(func(_ context.Context, s *credential.Signed, _ time.Time) error {
			if s.Provider == "Google" {
				return answer
			}
			return nil
		})), passport.WithObserver(func(_ context.Context, o passport.Observation) { seen = o }))
	read := counting(h)
	expiry := world.Clock.Now().Add(time.Hour)
	score := func(address string) *passport.Result {
		*read = 0
		result, err := engine.Score(t.Context(), world.Community, address)
		require.NoError(t, err)
		return result
	}

	world.Stamp(alice, "Google", "account")
	world.Stamp(alice, "Github", "account")
	for range 2 {
		assert.Equal(t, credential.ReasonBadSignature, score(alice).Stamps[1].Reason)
		assert.Equal(t, 2, *read, "a refused proof is checked again")
	}
	assert.Equal(t, []int{1, 1}, []int{seen.Verified, seen.Remembered})
	answer = nil
	assert.True(t, score(alice).Passing)
	score(alice)
	assert.Zero(t, *read, "now all are proven")

	world.Stamp(bob, "Google", "account", passporttest.ExpiresAt(expiry))
	add(t, world, bob, "Malformed", `{"@context": []}`)
	world.Clock.Set(expiry)
	answer = &credential.Error{Reason: credential.ReasonBadSignature, Detail: "it is forged"}
	for wants := range 2 {
		result := score(bob)
		assert.Equal(t, passport.ReasonExpired, result.Stamps[0].Reason)
		assert.Equal(t, expiry, result.Stamps[0].ExpiresAt)
		assert.Equal(t, credential.ReasonMalformed, result.Stamps[1].Reason)
		assert.Equal(t, 2-2*wants, *read, "none of these could count")
	}
	world.Clock.Advance(-time.Minute)
	assert.Equal(t, credential.ReasonBadSignature, score(bob).Stamps[0].Reason, "not expired at an earlier time, but not proven either")
	assert.Equal(t, 2, *read)
}

func TestKnown_Conflict(t *testing.T) {
	var seen passport.Observation
	world, h, engine, addresses := newCrowd(t, 2, passport.WithObserver(func(_ context.Context, o passport.Observation) { seen = o }))
	read := counting(h)
	_, err := engine.Score(t.Context(), world.Community, addresses[0])
	require.NoError(t, err)
	lost := false
	h.apply = func(*store.Changes) error {
		if !lost {
			lost = true
			return store.ErrConflict
		}
		return nil
	}
	*read = 0
	_, err = engine.Score(t.Context(), world.Community, addresses[0])
	require.NoError(t, err)
	assert.Equal(t, 1, *read, "the second attempt reads the document")
	assert.Equal(t, []int{2, 0, 1}, []int{seen.Attempts, seen.Verified, seen.Remembered}, "but need not verify it")

	_, err = all(engine.ScoreAll(t.Context(), world.Community, slices.Values(addresses)))
	require.NoError(t, err)
	*read, lost = 0, false
	_, err = all(engine.ScoreAll(t.Context(), world.Community, slices.Values(addresses)))
	require.NoError(t, err)
	assert.Equal(t, 2, *read, "those of all wallets of a batch")
}

// receipted is a store whose receipts hold versions of its own.
type receipted struct {
	*hooked

	asked []store.Known
}

func (r *receipted) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	known := q.Known[q.Addresses[0]]
	r.asked = append(r.asked, known)
	versions := map[store.Address]store.Known{}
	if known.Version == "mine" {
		plain, err := r.Store.Load(ctx, store.Query{Community: q.Community, Addresses: q.Addresses})
		if err != nil {
			return nil, err
		}
		versions[q.Addresses[0]] = store.Known{Version: plain.Wallets[0].Version, Nullifiers: known.Nullifiers}
	}
	q.Known = versions
	snapshot, err := r.hooked.Load(ctx, q)
	if err == nil && snapshot.Wallets[0].Unchanged {
		snapshot.Wallets[0].Version = "mine"
	}
	return snapshot, err
}

func (r *receipted) Apply(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
	if c.Wallets[0].Version == "mine" {
		plain, err := r.Store.Load(ctx, store.Query{Community: c.Community, Addresses: []store.Address{c.Wallets[0].Address}})
		if err != nil {
			return nil, err
		}
		c.Wallets[0].Version = plain.Wallets[0].Version
	}
	receipt, err := r.hooked.Apply(ctx, c)
	if err == nil {
		receipt.Wallets[0].Version = "mine"
	}
	return receipt, err
}

func TestKnown_Receipt(t *testing.T) {
	world, h, _, addresses := newCrowd(t, 1)
	read := counting(h)
	r := &receipted{hooked: h}
	for range 3 {
		_, err := world.Engine.On(r).Score(t.Context(), world.Community, addresses[0])
		require.NoError(t, err)
	}
	assert.Equal(t, 1, *read)
	want := store.Known{Version: "mine", Nullifiers: []string{passporttest.Nullifier("Google", addresses[0])}}
	assert.Equal(t, []store.Known{{}, want, want}, r.asked)
}

// A store that says what cannot be is not believed.
func TestKnown_InvalidStore(t *testing.T) {
	for name, spoil := range map[string]func(q store.Query, s *store.Snapshot){
		"unchanged, unasked": func(_ store.Query, s *store.Snapshot) {
			s.Wallets[1] = store.Wallet{Address: s.Wallets[1].Address, Version: "v", Unchanged: true}
		},
		"unchanged, another version":    func(_ store.Query, s *store.Snapshot) { s.Wallets[0].Version = "another" },
		"unchanged, with credentials":   func(_ store.Query, s *store.Snapshot) { s.Wallets[0].Credentials = make([]store.Credential, 1) },
		"a wallet is missing":           func(_ store.Query, s *store.Snapshot) { s.Wallets = s.Wallets[:1] },
		"wallets in another order":      func(_ store.Query, s *store.Snapshot) { slices.Reverse(s.Wallets) },
		"a wallet stands for the other": func(_ store.Query, s *store.Snapshot) { s.Wallets[1] = s.Wallets[0] },
	} {
		t.Run(name, func(t *testing.T) {
			world, h, engine, addresses := newCrowd(t, 2)
			_, err := engine.Score(t.Context(), world.Community, addresses[0])
			require.NoError(t, err)
			h.loads = nil
			h.loaded = func(q store.Query, s *store.Snapshot) {
				if len(s.Wallets) == 2 {
					spoil(q, s)
				}
			}
			scored, err := all(engine.ScoreAll(t.Context(), world.Community, slices.Values(addresses)))
			require.NoError(t, err)
			for _, s := range scored {
				require.NoError(t, s.Err, "each by itself is answered well")
				assert.True(t, s.Result.Passing)
			}
			assert.Len(t, h.loads, 3, "both, and then each")
			h.loaded = func(q store.Query, s *store.Snapshot) {
				s.Wallets[0].Unchanged, s.Wallets[0].Version, s.Wallets[0].Credentials = true, "another", nil
			}
			_, err = engine.Score(t.Context(), world.Community, addresses[0])
			require.ErrorIs(t, err, store.ErrInternal)
			require.ErrorContains(t, err, "a wallet is unchanged since a version that the query does not have")
		})
	}
}

func TestWithCacheSize_Wallets(t *testing.T) {
	for _, c := range []struct{ size, read int }{{0, 6}, {1, 6}, {2, 4}, {5, 2}, {6, 0}, {100, 0}} {
		world, h, engine, _ := newCrowd(t, 0, passport.WithCacheSize(c.size))
		wallets := crowd(3)
		for _, address := range wallets {
			world.Stamp(address, "Google", address)
			world.Stamp(address, "Github", address)
		}
		score := func(address string) {
			_, err := engine.Score(t.Context(), world.Community, address)
			require.NoError(t, err)
		}
		for _, address := range wallets {
			score(address)
		}
		read := counting(h)
		for _, address := range slices.Backward(wallets) { // the last ones first
			score(address)
		}
		assert.Equal(t, c.read, *read, "a cache of %d", c.size)
	}
}

// A wallet that is larger than the cache does not take the place of others.
func TestWithCacheSize_LargeWallet(t *testing.T) {
	world, h, engine, _ := newCrowd(t, 0, passport.WithCacheSize(2))
	world.Stamp(alice, "Google", "account")
	for _, provider := range []string{"Google", "Github", "Ens"} {
		world.Stamp(bob, provider, "another")
	}
	read := counting(h)
	for _, address := range []string{alice, bob, alice} {
		_, err := engine.Score(t.Context(), world.Community, address)
		require.NoError(t, err)
	}
	assert.Equal(t, 4, *read)
}

func TestWithCacheSize_Conflict(t *testing.T) {
	world, h, engine, addresses := newCrowd(t, 1, passport.WithCacheSize(0))
	lost := false
	h.apply = func(*store.Changes) error {
		if !lost {
			lost = true
			return store.ErrConflict
		}
		return nil
	}
	result, err := engine.Score(t.Context(), world.Community, addresses[0])
	require.NoError(t, err)
	assert.True(t, result.Passing)

	result, err = engine.Score(t.Context(), world.Community, alice)
	require.NoError(t, err)
	assert.Empty(t, result.Stamps)
}

// A query names each nullifier of a proven credential once, in order.
func TestKnown_Nullifiers(t *testing.T) {
	world, h, engine, _ := newCrowd(t, 0)
	for provider, nullifiers := range map[string][]string{"Ens": {"v0:c", "v0:b"}, "Github": {"v0:a", "v0:c"}, "Google": {"v0:b", "v0:d"}} {
		world.Stamp(alice, provider, "", passporttest.Nullifiers(nullifiers...))
	}
	world.Stamp(alice, "Old", "", passporttest.Nullifiers("v0:e"), passporttest.ExpiresAt(world.Clock.Now()))
	var asked []string
	h.load = func(q store.Query) error {
		asked = q.Known[store.Address(alice)].Nullifiers
		return nil
	}
	for range 2 {
		_, err := engine.Score(t.Context(), world.Community, alice)
		require.NoError(t, err)
	}
	assert.Equal(t, []string{"v0:a", "v0:b", "v0:c", "v0:d"}, asked)
}

// The cache counts each wallet once, and forgets as many as it must.
func TestWithCacheSize_Counts(t *testing.T) {
	world, h, engine, wallets := newCrowd(t, 3, passport.WithCacheSize(3))
	read := counting(h)
	score := func(address string) int {
		*read = 0
		_, err := engine.Score(t.Context(), world.Community, address)
		require.NoError(t, err)
		return *read
	}
	for range 5 {
		world.Stamp(wallets[0], "Google", wallets[0])
		assert.Equal(t, 1, score(wallets[0]), "it has changed")
	}
	assert.Zero(t, score(wallets[0]))
	score(wallets[1])
	score(wallets[2])
	for _, provider := range []string{"Google", "Github", "Ens"} {
		world.Stamp(alice, provider, "account")
	}
	score(alice)
	assert.Equal(t, 1, score(wallets[2]), "none had room beside the large one")
}
