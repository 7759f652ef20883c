package pgstore_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

var contended = flag.Int("contended", 2000, "scorings that contend for the same nullifiers, wallets and points")

// Scorings of few wallets that want few nullifiers, in any order, and points
// besides, never deadlock; each is written or loses its race.
//
//	go test ./pgstore -run TestContended -timeout 1h -args -contended 100000
func TestContendedScoringsNeverDeadlock(t *testing.T) {
	w := newWorld(t)
	requireNoDeadlock(t, w, pgstore.New(w.newPool(func(c *pgxpool.Config) { c.MaxConns = 8 })), *contended)
}

func requireNoDeadlock(t *testing.T, w *world, s *pgstore.Store, scorings int) {
	t.Helper()
	wallets := []string{alice, bob, carol}
	const workers = 8
	var all sync.WaitGroup
	var written, lost atomic.Int64
	for worker := range workers {
		all.Go(func() {
			random := rand.New(rand.NewPCG(11, uint64(worker)))
			for range scorings / workers {
				err := contend(s, wallets, random)
				switch {
				case err == nil:
					written.Add(1)
				case errors.Is(err, store.ErrConflict):
					lost.Add(1)
				default:
					assert.NoError(t, err)
					return
				}
			}
		})
	}
	all.Wait()
	require.EqualValues(t, scorings/workers*workers, written.Load()+lost.Load())
	assert.Positive(t, written.Load())
	assert.Positive(t, lost.Load(), "nothing was contended for")
	assert.Equal(t, "0", w.value("select deadlocks from pg_stat_database where datname = current_database()"))
	t.Logf("%d written, %d lost their race", written.Load(), lost.Load())
}

// contend scores one or two wallets at once, with claims on nullifiers that
// everyone wants.
func contend(s *pgstore.Store, wallets []string, random *rand.Rand) error {
	order := random.Perm(len(wallets))[:1+random.IntN(2)]
	var addresses []string
	for _, i := range order {
		addresses = append(addresses, wallets[i])
	}
	snapshot, err := s.Load(context.Background(), store.Query{Community: 1 + random.Int64N(2), Addresses: addresses, At: noon})
	if err != nil {
		return err
	}
	c := changes(snapshot)
	for _, n := range random.Perm(12)[:6] {
		claimed := claim(fmt.Sprintf("n%02d", n), addresses[random.IntN(len(addresses))])
		if random.IntN(2) == 0 {
			claimed.ExpiresAt = past // so that it can change hands again
		}
		c.Claims = append(c.Claims, claimed)
	}
	for i := range c.Wallets {
		c.Wallets[i].Qualified = true
		c.Wallets[i].Awards = []store.Award{
			{Action: "HKY", Provider: fmt.Sprint("p", random.IntN(3)), TxHash: "n"}, {Action: "MM2", Limit: 2}, {Action: "SCB", Communities: 2},
		}
	}
	_, err = s.Apply(context.Background(), c)
	return err
}
