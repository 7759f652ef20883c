package histories_test

import (
	"context"
	"errors"
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/internal/reliability/histories"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

func newBroken(t *testing.T, breaks bug) brokenSubject {
	t.Helper()
	b := brokenstore.New(memstore.WithClock(histories.Start))
	putCommunities(t, b.Good)
	breaks(b)
	plain := direct(b.Good)
	plain.Store = b
	return brokenSubject{plain}
}

// Each bug is caught in one of the first histories, by the part of the checker
// that is there for it.
func TestCheck_BrokenStores(t *testing.T) {
	const most = 1000
	all, together := maps.Clone(bugs), brokenstore.BulkFaults()
	require.Len(t, byBulk, len(together))
	for name, by := range byBulk {
		all[name] = seeded{by, together[name]}
	}
	require.GreaterOrEqual(t, len(all), 54)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t.Run(name, func(t *testing.T) {
			by := regexp.MustCompile(all[name].by)
			for s := uint64(1); s <= most; s++ {
				h, err := histories.Run(t.Context(), histories.NewPlan(s), newBroken(t, all[name].bug), histories.InTurns(s))
				require.NoError(t, err)
				if err := h.Check(); err != nil && by.MatchString(err.Error()) {
					t.Logf("caught in history %d: %v", s, by.FindString(err.Error()))
					return
				}
			}
			assert.Fail(t, "not caught", "in %d histories", most)
		})
	}
}

// atOnceBugs show only when batches of one client are under way at once.
func atOnceBugs() map[string]bug {
	mixing := func(mix func(c, last *store.Changes) *store.Changes) bug {
		return applies(func(ctx context.Context, b *brokenstore.Store, c *store.Changes) (*store.Receipt, error) {
			of(ctx).last.Store(c)
			of(ctx).pause()
			return b.Good.Apply(ctx, mix(c, of(ctx).last.Load()))
		})
	}
	return map[string]bug{
		"writes the batch that came last": mixing(func(_, last *store.Changes) *store.Changes { return last }),
		"writes the claims of the batch that came last": mixing(func(c, last *store.Changes) *store.Changes {
			mixed := *c
			mixed.Claims = last.Claims
			return &mixed
		}),
	}
}

func TestCheck_BatchesAtOnce(t *testing.T) {
	const most = 1000
	caught := func(t *testing.T, breaks bug, pace func(uint64) histories.Pace, seeds uint64) (by uint64) {
		t.Helper()
		for s := uint64(1); s <= seeds; s++ {
			h, err := histories.Run(t.Context(), histories.NewPlan(s), newBroken(t, breaks), pace(s))
			require.NoError(t, err)
			if h.Check() != nil {
				return s
			}
		}
		return 0
	}
	for name, breaks := range atOnceBugs() {
		t.Run(name, func(t *testing.T) {
			assert.Zero(t, caught(t, breaks, histories.InTurns, 50), "it is a bug of batches one after the other too")
			by := caught(t, breaks, histories.AtOnce, most)
			assert.NotZero(t, by, "not caught in %d histories", most)
			t.Logf("caught in history %d", by)
		})
	}
}

func TestCheck_Good(t *testing.T) {
	for s := uint64(1); s <= 100; s++ {
		h, err := histories.Run(t.Context(), histories.NewPlan(s), newBroken(t, func(*brokenstore.Store) {}), histories.InTurns(s))
		require.NoError(t, err)
		require.NoError(t, h.Check(), "seed %d", s)
	}
}

// careless is a host that mishandles a transaction that fails.
type careless struct {
	host

	// commits reports that its own work is committed though the scoring lost its
	// race.
	commits bool
	// trusts reports that a failed commit is taken for a good one.
	trusts bool
}

// Do implements [histories.Subject].
func (c careless) Do(ctx context.Context, work histories.Work) error {
	tx, err := c.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: c.level})
	if err != nil {
		return err
	}
	err = c.inside(ctx, tx, work)
	if err != nil && !c.commits {
		return errors.Join(err, undone(tx))
	}
	work.Pause()
	committing := tx.Commit(ctx)
	if c.trusts {
		committing = nil
	}
	return errors.Join(err, committing, undone(tx))
}

func TestCheck_CarelessHosts(t *testing.T) {
	const most = 300
	for name, c := range map[string]struct {
		by   string
		host careless
	}{
		"commits, though the scoring lost its race": {byRows, careless{host{level: pgx.RepeatableRead}, true, false}},
		"does not look whether it has committed":    {byRows, careless{host{level: pgx.Serializable}, false, true}},
	} {
		t.Run(name, func(t *testing.T) {
			c.host.database = newDatabase(t)
			by := regexp.MustCompile(c.by)
			for s := uint64(1); s <= most; s++ {
				h, err := histories.Run(t.Context(), histories.NewPlan(s), c.host, histories.AtOnce(s))
				require.NoError(t, err)
				if err := h.Check(); err != nil && by.MatchString(err.Error()) {
					t.Logf("caught in history %d: %v", s, err)
					return
				}
			}
			assert.Fail(t, "not caught", "in %d histories", most)
		})
	}
}
