package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// event is an event about Alice in the community. A store may have ids of its
// own for events: cases know them by the n in their data.
func event(n int64, action string, at time.Time, change ...func(*store.StoredEvent)) store.StoredEvent {
	e := store.StoredEvent{Community: community, RecordedEvent: store.RecordedEvent{
		Event: store.Event{Action: action, Address: alice, Data: fmt.Appendf(nil, `{"n":%d}`, n)}, ID: n, At: at,
	}}
	for _, f := range change {
		f(&e)
	}
	return e
}

// numberOf returns the n of the event.
func (w *world) numberOf(e *store.RecordedEvent) int64 {
	w.t.Helper()
	var data struct{ N int64 }
	require.NoError(w.t, json.Unmarshal(e.Data, &data))
	return data.N
}

// events replaces all events. They must be in the order in which they were
// written.
func (w *world) events(events ...store.StoredEvent) {
	w.t.Helper()
	w.edit(func(s *store.State) { s.Events = events })
}

func ofBob(e *store.StoredEvent)       { e.Address = bob }
func inNeighbour(e *store.StoredEvent) { e.Community = neighbour }

// scoreAtCases are about the score at a past moment.
func scoreAtCases() []Case {
	find := func(w *world, at time.Time) *store.RecordedEvent {
		w.t.Helper()
		found, err := role[store.ScoreFinder](w).ScoreAt(w.ctx, community, alice, at)
		require.NoError(w.t, err)
		require.NotNil(w.t, found)
		return found
	}
	at := func(w *world, moment time.Time) int64 {
		w.t.Helper()
		return w.numberOf(find(w, moment))
	}
	none := func(w *world, community int64, address store.Address, at time.Time) {
		w.t.Helper()
		found, err := role[store.ScoreFinder](w).ScoreAt(w.ctx, community, address, at)
		w.fails(store.ErrNotFound, err, "%d %v", community, at)
		assert.Nil(w.t, found)
	}
	return []Case{
		{Name: "every form that a score was recorded in", run: eventFormsAt},
		{Name: "the newest score at or before the moment is found", run: func(w *world) {
			w.events(
				event(1, "SCU", noon.Add(2*time.Hour)), event(2, "SCU", noon), event(3, "SCU", noon.Add(time.Hour)),
				event(4, "SCU", noon.Add(time.Minute+7*time.Microsecond)),
			)
			for after, want := range map[time.Duration]int64{
				0: 2, time.Minute + 6*time.Microsecond: 2, time.Minute + 7*time.Microsecond: 4, time.Hour - time.Microsecond: 4,
				time.Hour: 3, 2*time.Hour - 1: 3, 2 * time.Hour: 1, 9999 * time.Hour: 1,
			} {
				assert.Equal(w.t, want, at(w, noon.Add(after)), after)
			}
			assert.EqualValues(w.t, 2, at(w, noon.In(time.FixedZone("east", 9*3600))), "in any zone")
			none(w, community, alice, noon.Add(-time.Microsecond))
			none(w, community, alice, noon.Add(-1))
		}},
		{Name: "of equal times the score that was written last is found", run: func(w *world) {
			w.events(event(5, "SCU", noon), event(6, "SCU", noon), event(7, "SCU", noon))
			assert.EqualValues(w.t, 7, at(w, noon))
		}},
		{Name: "only scores of the address and the community are found", run: func(w *world) {
			w.events(event(1, "LDP", noon), event(2, "SCU", noon, ofBob), event(3, "SCU", noon, inNeighbour))
			none(w, community, alice, years(1))
			none(w, neighbour, bob, years(1))
			for _, id := range []int64{0, -1, 77, math.MaxInt64, math.MinInt64} {
				none(w, id, alice, years(1))
			}
		}},
		{Name: "the event is found as a scoring wrote it", run: func(w *world) {
			score := passing()
			written, err := score.UpdateEvent(alice)
			require.NoError(w.t, err)
			w.score(alice, func(c *store.Changes) { c.Wallets[0].Events = []store.Event{written} })
			found := find(w, noon)
			assert.Positive(w.t, found.ID)
			w.exact(found.At)
			found.Data, written.Data = withoutIDs(found.Data), withoutIDs(written.Data)
			equal(w, store.RecordedEvent{Event: written, ID: found.ID, At: noon}, *found)
		}},
		{Name: "data is returned in the form in which it was recorded", run: func(w *world) {
			for _, evidence := range []string{
				`null`, `{}`, `[]`, `"30.5"`, `{"rawScore":78.7620,"threshold":2e1}`, `[{"rawScore":"30.5","success":null}]`, `[[{"rawScore":"1"}]]`,
			} {
				for _, around := range []string{
					`%s`, `{"score":78.762,"evidence":%s}`, `[{"score":"78.762000000","evidence":%s}]`,
					`{"model":"registry.score","fields":{"score":1.0,"evidence":%s}}`,
				} {
					recorded := json.RawMessage(fmt.Sprintf(around, evidence))
					w.events(event(1, "SCU", noon, func(e *store.StoredEvent) { e.Data = recorded }))
					equal(w, recorded, find(w, noon).Data)
				}
			}
		}},
		{Name: "any moment may be asked for", run: func(w *world) {
			w.events(event(1, "SCU", noon))
			for _, moment := range []time.Time{{}, time.Unix(0, 0), time.Date(-5000, 1, 1, 0, 0, 0, 0, time.UTC), time.Unix(math.MinInt64/2, 0)} {
				none(w, community, alice, moment)
			}
			for _, moment := range []time.Time{
				time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC), time.Date(300000, 1, 1, 0, 0, 0, 0, time.UTC), time.Unix(1<<55, 0),
			} {
				assert.EqualValues(w.t, 1, at(w, moment))
			}
		}},
		{Name: "a deleted community keeps its scores", run: func(w *world) {
			w.edit(func(s *store.State) {
				for i := range s.Communities {
					s.Communities[i].Deleted = true
				}
				s.Events = []store.StoredEvent{event(1, "SCU", noon)}
			})
			assert.EqualValues(w.t, 1, at(w, noon))
		}},
		{Name: "an address is found in any letter case", run: func(w *world) {
			w.events(event(1, "SCU", noon))
			found, err := role[store.ScoreFinder](w).ScoreAt(w.ctx, community, upper(alice), noon)
			require.NoError(w.t, err)
			assert.Equal(w.t, alice, found.Address)
		}},
		{Name: "a malformed address is refused", run: func(w *world) {
			w.refusesAddresses(func(a store.Address) error {
				return errorOf(role[store.ScoreFinder](w).ScoreAt(w.ctx, community, a, noon))
			})
		}},
		{Name: "ScoreAt changes nothing", run: func(w *world) {
			w.events(event(1, "SCU", noon))
			w.unchanged(func() { find(w, noon) })
		}},
		{Name: "a context that has ended is the error", run: func(w *world) {
			w.events(event(1, "SCU", noon))
			w.ends(func(ctx context.Context) error {
				return errorOf(role[store.ScoreFinder](w).ScoreAt(ctx, community, alice, noon))
			})
		}},
	}
}

// historyCases are about lists of events and claims.
func historyCases() []Case {
	return append(append(eventListCases(), claimListCases()...), []Case{
		{Name: "none is no error", run: func(w *world) {
			for _, id := range []int64{community, 0, 77, math.MinInt64} {
				events, err := role[store.History](w).ListEvents(w.ctx, id, alice, store.Page{Limit: 1})
				require.NoError(w.t, err)
				assert.Empty(w.t, events)
				claims, err := role[store.History](w).ListClaims(w.ctx, id, alice)
				require.NoError(w.t, err)
				assert.Empty(w.t, claims)
			}
		}},
		{Name: "an address is found in any letter case", run: func(w *world) {
			w.events(event(1, "SCU", noon))
			w.claims(claim("n1", alice, years(1)))
			events, err := role[store.History](w).ListEvents(w.ctx, community, upper(alice), store.Page{Limit: 1})
			require.NoError(w.t, err)
			assert.Len(w.t, events, 1)
			claims, err := role[store.History](w).ListClaims(w.ctx, community, upper(alice))
			require.NoError(w.t, err)
			assert.Len(w.t, claims, 1)
		}},
		{Name: "a malformed address is refused", run: func(w *world) {
			w.refusesAddresses(
				func(a store.Address) error {
					return errorOf(role[store.History](w).ListEvents(w.ctx, community, a, store.Page{Limit: 1}))
				},
				func(a store.Address) error { return errorOf(role[store.History](w).ListClaims(w.ctx, community, a)) })
		}},
		{Name: "a malformed page is refused", run: func(w *world) {
			for _, page := range badPages {
				w.fails(store.ErrInvalid, errorOf(role[store.History](w).ListEvents(w.ctx, community, alice, page)), page)
			}
		}},
		{Name: "listing changes nothing", run: func(w *world) {
			w.events(event(1, "SCU", noon))
			w.claims(claim("n1", alice, years(-1)))
			w.unchanged(func() {
				require.NoError(w.t, errorOf(role[store.History](w).ListEvents(w.ctx, community, alice, store.Page{Limit: 1})))
				require.NoError(w.t, errorOf(role[store.History](w).ListClaims(w.ctx, community, alice)))
			})
		}},
		{Name: "a context that has ended is the error", run: func(w *world) {
			role := role[store.History](w)
			w.ends(
				func(ctx context.Context) error {
					return errorOf(role.ListEvents(ctx, community, alice, store.Page{Limit: 1}))
				},
				func(ctx context.Context) error { return errorOf(role.ListClaims(ctx, community, alice)) })
		}},
	}...)
}

func eventListCases() []Case {
	list := func(w *world, page store.Page) []store.RecordedEvent {
		w.t.Helper()
		events, err := role[store.History](w).ListEvents(w.ctx, community, alice, page)
		require.NoError(w.t, err)
		return events
	}
	numbers := func(w *world, page store.Page) []int64 {
		w.t.Helper()
		numbers := []int64{}
		for _, e := range list(w, page) {
			numbers = append(numbers, w.numberOf(&e))
		}
		return numbers
	}
	return []Case{
		{Name: "ListEvents returns every action with the newest first", run: func(w *world) {
			w.events(
				event(10, "LDP", years(2)), event(20, "FDP", noon), event(25, "SCU", noon, ofBob), event(26, "SCU", noon, inNeighbour),
				event(30, "SCU", noon), event(40, "ZZZ", years(1)),
			)
			assert.Equal(w.t, []int64{40, 30, 20, 10}, numbers(w, store.Page{Limit: 10}))
		}},
		{Name: "ListEvents returns one page", run: func(w *world) {
			w.events(event(10, "LDP", noon), event(20, "SCU", noon), event(30, "SCU", noon), event(40, "SCU", noon))
			id := map[int64]int64{} // by n
			for _, e := range list(w, store.Page{Limit: 10}) {
				id[w.numberOf(&e)] = e.ID
			}
			assert.IsIncreasing(w.t, []int64{0, id[10], id[20], id[30], id[40]})
			for _, c := range []struct {
				page store.Page
				want []int64
			}{
				{store.Page{Limit: 2}, []int64{40, 30}},
				{store.Page{Limit: 2, Before: id[30]}, []int64{20, 10}},
				{store.Page{Limit: 2, Before: id[20]}, []int64{10}},
				{store.Page{Limit: 2, Before: id[10]}, []int64{}},
				{store.Page{Limit: 1, Before: math.MaxInt64}, []int64{40}},
				{store.Page{Limit: 2, After: id[10]}, []int64{30, 20}},
				{store.Page{Limit: 2, After: id[30]}, []int64{40}},
				{store.Page{Limit: 2, After: id[40]}, []int64{}},
				{store.Page{Limit: 2, After: math.MaxInt64}, []int64{}},
			} {
				assert.Equal(w.t, c.want, numbers(w, c.page), c.page)
			}
		}},
		{Name: "ListEvents returns events as they were recorded", run: func(w *world) {
			text, err := json.Marshal(map[string]any{"texts": texts(), "number": json.RawMessage("1.50")})
			require.NoError(w.t, err)
			recorded := event(1, "LDP", noon.Add(time.Microsecond), func(e *store.StoredEvent) { e.Data = text })
			w.events(recorded)
			listed := list(w, store.Page{Limit: 1})
			require.Len(w.t, listed, 1)
			w.exact(listed[0].At)
			recorded.ID = listed[0].ID
			equal(w, recorded.RecordedEvent, listed[0])
		}},
		{Name: "ListEvents returns what a scoring wrote in its order", run: func(w *world) {
			w.events(event(1, "SCU", noon))
			w.score(alice, func(c *store.Changes) {
				for _, n := range []int64{2, 3, 4} {
					c.Wallets[0].Events = append(c.Wallets[0].Events, event(n, "LDP", noon).Event)
				}
			})
			assert.Equal(w.t, []int64{4, 3, 2, 1}, numbers(w, store.Page{Limit: 10}))
		}},
	}
}

func claimListCases() []Case {
	list := func(w *world, address store.Address) []store.Claim {
		w.t.Helper()
		claims, err := role[store.History](w).ListClaims(w.ctx, community, address)
		require.NoError(w.t, err)
		return claims
	}
	return []Case{
		{Name: "ListClaims returns all claims of the address by nullifier in bytes", run: func(w *world) {
			inOrder := []store.StoredClaim{
				claim("B", alice, noon.Add(time.Microsecond)), claim("a'\"\\", alice, years(1)), claim("a-b", alice, years(1)),
				claim("aa", alice, years(1)), claim("b", alice, years(-9)), claim("é", alice, years(1)),
			}
			elsewhere := claim("d", alice, years(1))
			elsewhere.Community = neighbour
			w.claims(append(reversed(inOrder), claim("c", bob, years(1)), elsewhere)...)
			var want []store.Claim
			for _, c := range inOrder {
				want = append(want, c.Claim)
			}
			listed := list(w, alice)
			equal(w, want, listed)
			w.exact(listed[0].ExpiresAt)
		}},
		{Name: "ListClaims follows a claim that changes hands", run: func(w *world) {
			w.claims(claim("n1", bob, years(-1)))
			w.score(alice, swaps(swap("n1", holder(bob, years(-1)), holder(alice, years(1)))))
			assert.Len(w.t, list(w, alice), 1)
			assert.Empty(w.t, list(w, bob))
		}},
	}
}
