package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// wallet returns the i-th of many addresses.
func wallet(i int) string { return fmt.Sprintf("0x%040x", i+1) }

// atOnce runs the work n times at once, and returns the errors.
func atOnce(n int, work func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			errs[i] = work(i)
		})
	}
	close(start)
	all.Wait()
	return errs
}

func concurrentCases() []Case {
	return []Case{
		{Name: "64 scorings of one address, decided on the same credentials, all succeed", run: func(w *world) {
			w.credentials(credentialRow(1, alice, "Google", "n1"))
			changes := w.scored([]string{alice}, stamps(stamp("Google", "n1")), claims(claim("n1", alice, years(1))))
			for _, err := range atOnce(64, func(int) error {
				_, err := w.Apply(w.ctx, changes)
				return err
			}) {
				require.NoError(w.t, err)
			}
			assert.Len(w.t, w.table("registry_passport"), 1)
			assert.Len(w.t, w.table("registry_score"), 1)
			assert.Len(w.t, w.table("registry_stamp"), 1)
			assert.Len(w.t, w.table("registry_event"), 64)
			assert.Len(w.t, w.holders(), 1)
		}},
		{Name: "64 addresses fight for one nullifier: one holds it, the others lose the race", run: func(w *world) {
			changes := make([]*store.Changes, 64)
			for i := range changes {
				changes[i] = w.scored([]string{wallet(i)}, claims(claim("n1", wallet(i), years(1))))
			}
			winner := ""
			for i, err := range atOnce(64, func(i int) error {
				_, err := w.Apply(w.ctx, changes[i])
				return err
			}) {
				if err == nil {
					assert.Empty(w.t, winner, "only one may win")
					winner = wallet(i)
					continue
				}
				require.ErrorIs(w.t, err, store.ErrConflict)
			}
			require.NotEmpty(w.t, winner)
			assert.Equal(w.t, winner, w.holders()["n1"].Address)
			assert.Equal(w.t, []any{winner}, column(w.table("registry_passport"), "address"), "losers leave nothing")
		}},
		{Name: "a limited award is counted exactly under 32 writers", run: func(w *world) {
			const limit = 10
			changes := make([]*store.Changes, 32)
			for i := range changes {
				changes[i] = w.scored([]string{wallet(i)}, awards(store.Award{Action: "MM2", Limit: limit}))
			}
			receipts := make([]*store.Receipt, len(changes))
			for _, err := range atOnce(len(changes), func(i int) (err error) {
				receipts[i], err = w.Apply(w.ctx, changes[i])
				return err
			}) {
				require.NoError(w.t, err)
			}
			given := 0
			for _, receipt := range receipts {
				given += len(receipt.Wallets[0].Awards)
			}
			assert.Equal(w.t, limit, given)
			assert.Len(w.t, w.table("registry_humanpoints"), limit)
		}},
		{Name: "one address qualifies in several communities at once: the award for them is given, once", run: func(w *world) {
			changes := make([]*store.Changes, 2)
			for i, id := range []int64{community, neighbour} {
				changes[i] = w.scored([]string{alice}, qualified, awards(store.Award{Action: "SCB", Communities: 2}))
				changes[i].Community = id
			}
			for _, err := range atOnce(2, func(i int) error {
				_, err := w.Apply(w.ctx, changes[i])
				return err
			}) {
				require.NoError(w.t, err)
			}
			assert.Len(w.t, w.table("registry_humanpoints"), 1)
		}},
		{Name: "overlapping claims in any order never deadlock and never have two holders", run: func(w *world) {
			const writers, rounds = 8, 10
			seeds := rand.New(rand.NewPCG(1, 2))
			changes := make([][]*store.Changes, writers)
			for i := range changes {
				for range rounds {
					c := w.scored([]string{wallet(i)})
					for _, n := range seeds.Perm(20)[:12] {
						c.Claims = append(c.Claims, claim(fmt.Sprintf("n%02d", n), wallet(i), years(-1+seeds.IntN(3))))
					}
					changes[i] = append(changes[i], c)
				}
			}
			for _, err := range atOnce(writers, func(i int) error {
				for _, c := range changes[i] {
					if _, err := w.Apply(w.ctx, c); err != nil && !errors.Is(err, store.ErrConflict) {
						return err
					}
				}
				return nil
			}) {
				require.NoError(w.t, err)
			}
			assert.NotEmpty(w.t, w.holders())
		}},
		{Name: "a snapshot is of one moment: it never shows half of a change", run: func(w *world) {
			pair := func(name string) []store.Stamp { return []store.Stamp{stamp(name, "a"), stamp(name+"2", "b")} }
			changes := make([]*store.Changes, 25)
			for i := range changes {
				until, name := years(i+1), []string{"x", "y"}[i%2]
				changes[i] = w.scored([]string{alice}, claims(claim("a", alice, until), claim("b", alice, until)), stamps(pair(name)...))
			}
			w.credentials(credentialRow(1, bob, "Google", "a", "b"))
			written := make(chan struct{})
			for _, err := range atOnce(4, func(i int) error {
				if i == 0 {
					defer close(written)
					for _, c := range changes {
						if _, err := w.Apply(w.ctx, c); err != nil {
							return err
						}
					}
					return nil
				}
				for {
					snapshot, err := w.Load(w.ctx, store.Query{Community: community, Addresses: []string{bob}, At: noon})
					if err != nil {
						return err
					}
					if c := snapshot.Claims; len(c) == 1 || len(c) == 2 && !c[0].ExpiresAt.Equal(c[1].ExpiresAt) {
						return fmt.Errorf("half of a change: %v", c)
					}
					select {
					case <-written:
						return nil
					default:
					}
				}
			}) {
				require.NoError(w.t, err)
			}
		}},
	}
}
