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

	"github.com/passport-sdk/passport-go/internal/reliability/histories"
	"github.com/passport-sdk/passport-go/memstore"
)

// brokenSubject puts a broken store in the place of a good one.
type brokenSubject struct {
	histories.Direct

	broken broken
}

// Do implements [histories.Subject].
func (s brokenSubject) Do(ctx context.Context, work histories.Work) error {
	on := s.broken
	on.pause, on.aborted = work.Pause, new(bool)
	return work.On(ctx, on)
}

func newBroken(t *testing.T, b *bug) brokenSubject {
	t.Helper()
	plain := inMemory(t)
	mem, is := plain.Store.(*memstore.Store)
	require.True(t, is)
	return brokenSubject{plain, broken{Store: mem, bug: b, kept: map[string]any{}}}
}

// Each bug is caught in one of the first histories, by that part of the checker
// which is there for it, and a store without bugs in none of them.
func TestTheCheckerCatchesBrokenStores(t *testing.T) {
	const most = 1000
	require.GreaterOrEqual(t, len(bugs), 20)
	for _, name := range slices.Sorted(maps.Keys(bugs)) {
		t.Run(name, func(t *testing.T) {
			by := regexp.MustCompile(bugs[name].by)
			b := bugs[name].bug
			for s := uint64(1); s <= most; s++ {
				h, err := histories.Run(t.Context(), histories.NewPlan(s), newBroken(t, &b), histories.InTurns(s))
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

func TestTheCheckerDoesNotBlameAStoreWithoutBugs(t *testing.T) {
	for s := uint64(1); s <= 100; s++ {
		h, err := histories.Run(t.Context(), histories.NewPlan(s), newBroken(t, &bug{}), histories.InTurns(s))
		require.NoError(t, err)
		require.NoError(t, h.Check(), "seed %d", s)
	}
}

// careless is a host that does not do as it should when a transaction fails.
type careless struct {
	host

	// commits what it did itself, though the scoring lost its race.
	commits bool
	// takes a commit that failed for one that did not.
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

func TestTheCheckerCatchesCarelessHosts(t *testing.T) {
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
