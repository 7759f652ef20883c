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
