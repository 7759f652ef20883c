package storetest

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

type prunableLog interface {
	store.Pruner
	usageStore
}

// prune repeats the step until there is no more to do, and returns how many
// rows each has removed.
func (w *world) prune(p store.Pruning) (removed int) {
	w.t.Helper()
	for steps := 0; ; steps++ {
		require.Less(w.t, steps, 100, "it does not end")
		step, err := role[store.Pruner](w).Prune(w.ctx, p)
		require.NoError(w.t, err)
		assert.LessOrEqual(w.t, step.Removed, p.Limit, "removed in a step")
		removed += step.Removed
		if p.After = step.Last; !step.More {
			return removed
		}
	}
}

// scoreEvents are events of the address at noon of days after the first.
func scoreEvents(first int64, address store.Address, days ...int) (events []store.StoredEvent) {
	for i, day := range days {
		data := fmt.Sprintf(`{"score":%q}`, strconv.Itoa(day))
		events = append(events, recordedOf(first+int64(i), address, store.ActionScoreUpdate, data, noon.AddDate(0, 0, day)))
	}
	return events
}

func pruneCases() []Case {
	day := func(n int) time.Time { return noon.AddDate(0, 0, n) }
	return []Case{
		{Name: "Prune removes older events in steps", run: func(w *world) {
			w.edit(func(s *store.State) {
				for i := range 23 {
					s.Events = append(s.Events, recordedOf(int64(i+1), alice, "LDP", `{"a":1}`, day(i)))
				}
			})
			for _, limit := range []int{1, 3, 5} {
				w.becomes(func(s *store.State) { s.Events = s.Events[limit:] }, func() {
					before := w.state().Events[limit].At
					assert.Equal(w.t, limit, w.prune(store.Pruning{Kind: store.PruneEvents, Before: before, Limit: limit}))
				})
			}
			w.becomes(func(s *store.State) { s.Events = s.Events[10:] }, func() {
				assert.Equal(w.t, 10, w.prune(store.Pruning{Kind: store.PruneEvents, Before: day(19), Limit: 3}))
			})
			first, err := role[store.Pruner](w).Prune(w.ctx, store.Pruning{Kind: store.PruneEvents, Before: day(21), Limit: 1})
			require.NoError(w.t, err)
			assert.Equal(w.t, [2]any{1, true}, [2]any{first.Removed, first.More}, "a step removes no more than its limit")
			w.becomes(func(s *store.State) { s.Events = s.Events[1:] }, func() {
				assert.Equal(w.t, 1, w.prune(store.Pruning{Kind: store.PruneEvents, Before: day(21), Limit: store.MaxPrune, After: first.Last}))
			})
		}},
		{Name: "Prune leaves the answers about later moments", run: func(w *world) {
			w.edit(func(s *store.State) {
				s.Events = append(scoreEvents(1, alice, 1, 2, 3, 10), scoreEvents(10, bob, 3, 3)...)
				elsewhere := recordedOf(20, alice, store.ActionScoreUpdate, `{"score":"e"}`, day(2))
				elsewhere.Community = neighbour
				s.Events = append(s.Events, elsewhere, recordedOf(21, alice, "LDP", `{"a":1}`, day(4)))
			})
			for range 2 { // the second time nothing is left to remove
				w.prune(store.Pruning{Kind: store.PruneEvents, Before: day(5), Limit: 2})
				var left []string
				for _, e := range w.state().Events {
					left = append(left, fmt.Sprint(string(e.Address[2:6]), " in ", e.Community, " on day ", int(e.At.Sub(noon).Hours()/24)))
				}
				assert.ElementsMatch(w.t, []string{"a11c in 1 on day 3", "a11c in 1 on day 10", "b0b0 in 1 on day 3", "a11c in 2 on day 2"}, left)
			}
		}},
		{Name: "Prune keeps the newest score at the time itself", run: func(w *world) {
			w.edit(func(s *store.State) { s.Events = scoreEvents(1, alice, 1, 5, 9) })
			w.becomes(func(s *store.State) { s.Events = s.Events[1:] }, func() {
				assert.Equal(w.t, 1, w.prune(store.Pruning{Kind: store.PruneEvents, Before: day(5), Limit: 10}))
			})
		}},
		{Name: "Prune removes expired claims and no live one", run: func(w *world) {
			soon := time.Now().Add(time.Hour)
			w.claims(claim("a", alice, years(-9)), claim("b", bob, years(-8)), claim("c", carol, years(-7)), claim("live", bob, soon), claim("long", bob, years(70)))
			w.becomes(func(s *store.State) { s.Claims = s.Claims[2:] }, func() {
				assert.Equal(w.t, 2, w.prune(store.Pruning{Kind: store.PruneClaims, Before: years(-7), Limit: 1}))
			})
			w.becomes(func(s *store.State) { s.Claims = s.Claims[1:] }, func() {
				assert.Equal(w.t, 1, w.prune(store.Pruning{Kind: store.PruneClaims, Before: years(60), Limit: 1}), "live claims stay, whatever the time")
			})
		}},
		{Name: "Prune makes a scoring conflict that would take a claim", run: func(w *world) {
			w.credentials(stored(1, alice, "Google", "n"))
			w.claims(claim("n", bob, years(-9)))
			c := w.scored([]store.Address{alice}, swaps(swap("n", holder(bob, years(-9)), holder(alice, years(1)))))
			w.prune(store.Pruning{Kind: store.PruneClaims, Before: noon.AddDate(-1, 0, 0), Limit: 10})
			w.unchanged(func() { w.fails(store.ErrConflict, errorOf(w.Apply(w.ctx, c)), "the claim is gone") })
		}},
		{Name: "Prune refuses a malformed step", run: func(w *world) {
			good := store.Pruning{Kind: store.PruneEvents, Before: noon, Limit: 1}
			w.edit(func(s *store.State) { s.Events = scoreEvents(1, alice, -9, -8, -7) })
			w.unchanged(func() {
				for _, spoil := range []func(*store.Pruning){
					func(p *store.Pruning) { p.Kind = "" },
					func(p *store.Pruning) { p.Kind = "scores" },
					func(p *store.Pruning) { p.Before = time.Time{} },
					func(p *store.Pruning) { p.Before = years(9000) },
					func(p *store.Pruning) { p.Limit = 0 },
					func(p *store.Pruning) { p.Limit = store.MaxPrune + 1 },
					func(p *store.Pruning) { p.After = -1 },
				} {
					p := good
					spoil(&p)
					w.fails(store.ErrInvalid, errorOf(role[store.Pruner](w).Prune(w.ctx, p)), "step %v", p)
				}
			})
		}},
		{Name: "Prune returns the error of a context that has ended", run: func(w *world) {
			w.edit(func(s *store.State) { s.Events = scoreEvents(1, alice, -9, -8, -7) })
			w.ends(func(ctx context.Context) error {
				return errorOf(role[store.Pruner](w).Prune(ctx, store.Pruning{Kind: store.PruneEvents, Before: noon, Limit: 9}))
			})
		}},
	}
}

// pruneUsageCases are about usage.
func pruneUsageCases() []Case {
	return []Case{{Name: "Prune removes older usage in steps", run: func(w *world) {
		var usages []store.Usage
		for i := range 20 {
			usages = append(usages, w.usage(func(u *store.Usage) { u.At, u.Path = noon.AddDate(0, 0, i), strconv.Itoa(i) }))
		}
		w.edit(func(s *store.State) { s.Usage = usages })
		w.becomes(func(s *store.State) { s.Usage = usages[7:] }, func() {
			assert.Equal(w.t, 7, w.prune(store.Pruning{Kind: store.PruneUsage, Before: noon.AddDate(0, 0, 7), Limit: 2}))
		})
		w.unchanged(func() {
			assert.Zero(w.t, w.prune(store.Pruning{Kind: store.PruneUsage, Before: noon, Limit: 2}))
		})
	}}}
}
