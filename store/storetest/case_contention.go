package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// wallet returns the i-th of many addresses.
func wallet(i int) store.Address { return store.Address(fmt.Sprintf("0x%040x", i+1)) }

// atOnce runs the work n times at once, and returns the errors. A panic is one.
func atOnce(n int, work func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					errs[i] = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
				}
			}()
			<-start
			errs[i] = work(i)
		})
	}
	close(start)
	all.Wait()
	return errs
}

// allAtOnce is atOnce for work that must not fail.
func (w *world) allAtOnce(n int, work func(i int) error) {
	w.t.Helper()
	for _, err := range atOnce(n, work) {
		require.NoError(w.t, err)
	}
}

// eachWallet returns a change set for each of many addresses.
func (w *world) eachWallet(n int, change func(i int, c *store.Changes)) []*store.Changes {
	w.t.Helper()
	changes := make([]*store.Changes, n)
	for i := range changes {
		changes[i] = w.scored([]store.Address{wallet(i)})
		change(i, changes[i])
	}
	return changes
}

func contentionCases() []Case {
	return append(engineContentionCases(), []Case{
		{Name: "64 change sets of one address are all written", run: func(w *world) {
			w.credentials(stored(1, alice, "Google", "n1"))
			changes := w.scored([]store.Address{alice}, counted(1), swaps(taken("n1", alice, years(1))), events(numbered(alice, "1")))
			w.allAtOnce(64, func(int) error {
				_, err := w.Apply(w.ctx, changes)
				return err
			})
			state := w.state()
			assert.Len(w.t, state.Scores, 1)
			assert.Len(w.t, w.counted(), 1)
			assert.Len(w.t, state.Events, 64)
			assert.Len(w.t, state.Claims, 1)
		}},
		{Name: "64 addresses claim one nullifier and one gets it", run: func(w *world) {
			changes := w.eachWallet(64, func(i int, c *store.Changes) { c.Claims = []store.ClaimSwap{taken("n1", wallet(i), years(1))} })
			winners := []store.Address{}
			for i, err := range atOnce(len(changes), func(i int) error {
				_, err := w.Apply(w.ctx, changes[i])
				return err
			}) {
				if err == nil {
					winners = append(winners, wallet(i))
					continue
				}
				require.ErrorIs(w.t, err, store.ErrConflict)
			}
			require.Len(w.t, winners, 1)
			assert.Equal(w.t, winners[0], w.holders()["n1"].Address)
			scores := w.state().Scores
			require.Len(w.t, scores, 1, "a conflict leaves nothing")
			assert.Equal(w.t, winners[0], scores[0].Address)
		}},
		{Name: "overlapping claims never deadlock", run: overlappingClaims},
	}...)
}

// overlappingClaims lets 8 wallets take claims from each other, 12 of 20 at a
// time and in any order.
func overlappingClaims(w *world) {
	const writers, rounds, nullifiers, taking = 8, 10, 20, 12
	names := make([]string, nullifiers)
	for n := range names {
		names[n] = fmt.Sprintf("n%02d", n)
	}
	var credentials []store.StoredCredential
	for i := range writers {
		credentials = append(credentials, stored(int64(i+1), wallet(i), "Google", names...))
	}
	w.credentials(credentials...)
	var written atomic.Int64
	w.allAtOnce(writers, func(i int) error {
		random := rand.New(rand.NewPCG(1, uint64(i)))
		for range rounds {
			snapshot, err := w.Load(w.ctx, store.Query{Community: community, Addresses: []store.Address{wallet(i)}, At: noon})
			if err != nil {
				return err
			}
			from := map[string]store.Holder{}
			for _, c := range snapshot.Claims {
				from[c.Nullifier] = c.Holder
			}
			c := &store.Changes{Community: community, At: noon, Wallets: []store.WalletChanges{
				{Address: wallet(i), Version: snapshot.Wallets[0].Version, Score: passing(), Events: []store.Event{numbered(wallet(i), "1")}},
			}}
			for _, n := range random.Perm(nullifiers)[:taking] {
				c.Claims = append(c.Claims, swap(names[n], from[names[n]], holder(wallet(i), years(1+random.IntN(3)))))
			}
			switch _, err = w.Apply(w.ctx, c); {
			case err == nil:
				written.Add(1)
			case !errors.Is(err, store.ErrConflict):
				return err
			}
		}
		return nil
	})
	assert.Positive(w.t, written.Load())
	assert.GreaterOrEqual(w.t, len(w.holders()), taking)
	assert.Len(w.t, w.state().Events, int(written.Load()))
}

// engineContentionCases are about engines that work on one store.
func engineContentionCases() []Case {
	return []Case{
		{Name: "64 scorings of one address all succeed", run: func(w *world) {
			engine := w.engine()
			w.credentials(w.signed(1, alice, "Google"), w.signed(2, alice, "Github"))
			w.allAtOnce(64, func(int) error {
				_, err := engine.Score(w.ctx, community, string(alice))
				return err
			})
			state := w.state()
			assert.Len(w.t, state.Scores, 1)
			assert.Len(w.t, w.counted(), 2)
			assert.Len(w.t, state.Events, 64)
		}},
		{Name: "64 addresses with one account and one counts it", run: func(w *world) {
			engine := w.engine()
			var credentials []store.StoredCredential
			for i := range 64 {
				credentials = append(credentials, w.signed(int64(i+1), wallet(i), "Google"))
			}
			w.credentials(credentials...)
			var counted, deduplicated atomic.Int32
			w.allAtOnce(64, func(i int) error {
				result, err := engine.Score(w.ctx, community, string(wallet(i)))
				if err != nil {
					return err
				}
				switch result.Stamps[0].Outcome {
				case passport.Counted:
					counted.Add(1)
				case passport.Deduplicated:
					deduplicated.Add(1)
				case passport.LeftOut:
				}
				return nil
			})
			assert.EqualValues(w.t, 1, counted.Load())
			assert.EqualValues(w.t, 63, deduplicated.Load())
			assert.Len(w.t, w.holders(), 1)
			recorded := 0
			for _, score := range w.state().Scores {
				recorded += len(score.Counted)
			}
			assert.Equal(w.t, 1, recorded)
		}},
	}
}

func contendedPointsCases() []Case {
	return []Case{
		{Name: "a limited award under 32 writers", run: func(w *world) {
			const limit = 10
			changes := w.eachWallet(32, func(_ int, c *store.Changes) { awards(store.Award{Action: "MM2", Limit: limit})(c) })
			var given atomic.Int32
			w.allAtOnce(len(changes), func(i int) error {
				receipt, err := w.Apply(w.ctx, changes[i])
				if err == nil && receipt.Wallets[0].Given[0] {
					given.Add(1)
				}
				return err
			})
			assert.EqualValues(w.t, limit, given.Load())
			assert.Len(w.t, w.state().Points, limit)
		}},
		{Name: "an address that qualifies in two communities at once", run: func(w *world) {
			changes := make([]*store.Changes, 2)
			for i, id := range []int64{community, neighbour} {
				changes[i] = w.scored([]store.Address{alice}, qualified, awards(store.Award{Action: "SCB", Communities: 2}))
				changes[i].Community = id
			}
			w.allAtOnce(2, func(i int) error {
				_, err := w.Apply(w.ctx, changes[i])
				return err
			})
			assert.Len(w.t, w.state().Points, 1)
		}},
		{Name: "the capped award of an engine", run: func(w *world) {
			const limit, wallets = 5, 16
			engine := w.engine(passport.WithHumanPoints(passport.HumanPoints{
				Capped: &passport.CappedAward{List: "og", Action: "MM2", Limit: limit},
			}))
			w.change(func(c *store.StoredCommunity) { c.Threshold, c.Weights = "0", []byte(`{}`) })
			og := store.AddressList{Name: "og"}
			for i := range wallets {
				og.Members = append(og.Members, wallet(i))
			}
			w.lists(og)
			var earned atomic.Int32
			w.allAtOnce(wallets, func(i int) error {
				result, err := engine.Score(w.ctx, community, string(wallet(i)))
				if err == nil {
					earned.Add(int32(len(result.Points)))
				}
				return err
			})
			assert.EqualValues(w.t, limit, earned.Load())
			assert.Len(w.t, w.state().Points, limit)
		}},
	}
}

// contendedRolesCases load a wallet while its credentials change.
func contendedRolesCases() []Case {
	return []Case{
		{Name: "a wallet and its version are of one time", run: func(w *world) {
			versions := sync.Map{} // the ids of the credentials by version
			w.whileAdding(func(n string) ([]store.CredentialInput, error) {
				return []store.CredentialInput{
					{Provider: "Google", Document: document(alice, "Google", n)}, {Provider: "Ens", Document: document(alice, "Ens", n)},
				}, nil
			}, func(snapshot *store.Snapshot) error {
				var listed, ids []string
				for _, c := range snapshot.Wallets[0].Credentials {
					listed = append(listed, store.Nullifiers(alice, c.Provider, c.Document)...)
					ids = append(ids, strconv.FormatInt(c.ID, 10))
				}
				slices.Sort(ids)
				if len(listed) == 1 || len(listed) > 2 || len(listed) == 2 && listed[0] != listed[1] {
					return fmt.Errorf("half of a change: %v", listed)
				}
				before, known := versions.LoadOrStore(snapshot.Wallets[0].Version, fmt.Sprint(ids))
				if known && before != fmt.Sprint(ids) {
					return fmt.Errorf("one version of the credentials %v and %v", before, ids)
				}
				return nil
			})
		}},
		{Name: "claims are not older than the credentials", run: func(w *world) {
			claiming := w.scored([]store.Address{bob})
			w.whileAdding(func(n string) ([]store.CredentialInput, error) {
				claiming.Claims = []store.ClaimSwap{taken(n, bob, years(1))}
				_, err := w.Apply(w.ctx, claiming)
				return []store.CredentialInput{{Provider: "Google", Document: document(alice, "Google", n)}}, err
			}, func(snapshot *store.Snapshot) error {
				if listed, found := len(snapshot.Wallets[0].Credentials), len(snapshot.Claims); listed != found {
					return fmt.Errorf("%d claims of %d that were there", found, listed)
				}
				return nil
			})
		}},
	}
}

// whileAdding adds credentials to Alice's wallet, 25 times, and checks what is
// loaded of it at the same time.
func (w *world) whileAdding(next func(n string) ([]store.CredentialInput, error), check func(*store.Snapshot) error) {
	w.t.Helper()
	added := make(chan struct{})
	w.allAtOnce(4, func(i int) error {
		if i == 0 {
			defer close(added)
			for n := range 25 {
				inputs, err := next(fmt.Sprint("n", n))
				if err == nil {
					err = w.Harness.(store.Credentials).AddCredentials(w.ctx, alice, inputs...)
				}
				if err != nil {
					return err
				}
			}
			return nil
		}
		for {
			snapshot, err := w.Load(w.ctx, aliceAtNoon)
			if err == nil {
				err = check(snapshot)
			}
			select {
			case <-added:
				return err
			default:
				if err != nil {
					return err
				}
			}
		}
	})
}
