package histories_test

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"testing"

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
	on.pause = work.Pause
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
	const most = 400
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
