package pgstore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// Scorings of few wallets with few nullifiers, in any order, and with points,
// never deadlock; each is written or loses its race.
//
//	go test ./pgstore -run TestApply_Contended -timeout 1h -args -contended 100000
func TestApply_Contended(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	requireNoDeadlock(t, w, newStore(w.newPool(func(c *pgxpool.Config) { c.MaxConns = 8 })), times(*contended, 500, 2000))
}

func requireNoDeadlock(t *testing.T, w *world, s *pgstore.Store, scorings int) {
	t.Helper()
	wallets := []store.Address{alice, bob, carol}
	for _, address := range wallets {
		require.NoError(t, s.AddCredentials(t.Context(), address, store.CredentialInput{Provider: "Google", Document: wanting(address)}))
	}
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

const contendedNullifiers = 12

func contendedNullifier(n int) string { return fmt.Sprintf("n%02d", n) }

// wanting is a credential with all of the nullifiers.
func wanting(address store.Address) []byte {
	var nullifiers []string
	for n := range contendedNullifiers {
		nullifiers = append(nullifiers, fmt.Sprintf("%q", contendedNullifier(n)))
	}
	return fmt.Appendf(nil, `{"credentialSubject": {"id": %q, "provider": "Google", "nullifiers": [%s]}}`, address.DID(), strings.Join(nullifiers, ", "))
}

// contend scores one or two wallets at once, with claims on half of the
// nullifiers: new ones, some that change hands, some that are only checked.
func contend(s *pgstore.Store, wallets []store.Address, random *rand.Rand) error {
	var addresses []store.Address
	for _, i := range random.Perm(len(wallets))[:1+random.IntN(2)] {
		addresses = append(addresses, wallets[i])
	}
	snapshot, err := s.Load(context.Background(), store.Query{Community: 1 + random.Int64N(2), Addresses: addresses, At: noon})
	if err != nil {
		return err
	}
	holders := map[string]store.Holder{}
	for _, claim := range snapshot.Claims {
		holders[claim.Nullifier] = claim.Holder
	}
	c := changes(snapshot)
	for _, n := range random.Perm(contendedNullifiers)[:contendedNullifiers/2] {
		swap := store.ClaimSwap{Nullifier: contendedNullifier(n), From: holders[contendedNullifier(n)]}
		if swap.To = swap.From; swap.From.Address == "" || random.IntN(2) == 0 {
			swap.To = store.Holder{Address: addresses[random.IntN(len(addresses))], ExpiresAt: future.AddDate(random.IntN(9), 0, 0)}
		}
		c.Claims = append(c.Claims, swap)
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
