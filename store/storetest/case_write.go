package storetest

import (
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// events adds events to the first wallet's.
func events(events ...store.Event) func(*store.Changes) {
	return func(c *store.Changes) { c.Wallets[0].Events = append(c.Wallets[0].Events, events...) }
}

// numbered is an event with a number in its data.
func numbered(address store.Address, n string) store.Event {
	return store.Event{Action: store.ActionDeduplicated, Address: address, Data: []byte(`{"n":` + n + `}`)}
}

// failing makes the first wallet's scoring one that failed.
func failing(reason string) func(*store.Changes) {
	return func(c *store.Changes) { c.Wallets[0].Score = failed(reason) }
}

// equalScores compares the last score of the address with the one that is
// wanted.
func (w *world) equalScores(want store.Score, address store.Address) {
	w.t.Helper()
	got := w.lastScore(address)
	require.NotNil(w.t, got)
	score := store.StoredScore{Score: want, Community: community, Address: address, Counted: got.Counted}
	equalStates(w.t, store.State{Scores: []store.StoredScore{score}}, store.State{Scores: []store.StoredScore{*got}})
}

func writeCases() []Case {
	return append(scoreCases(), []Case{
		{Name: "events in their order", run: func(w *world) {
			later := noon.Add(time.Hour)
			w.score(alice, func(c *store.Changes) { c.At = later }, events(numbered(alice, "3"), numbered(alice, "1"), numbered(alice, "2")))
			got := w.state().Events
			require.Len(w.t, got, 3)
			for i, n := range []string{"3", "1", "2"} {
				assert.EqualValues(w.t, community, got[i].Community)
				assert.Equal(w.t, store.ActionDeduplicated, got[i].Action)
				assert.Equal(w.t, alice, got[i].Address)
				assert.Equal(w.t, later, got[i].At.UTC(), "the time of the change set")
				w.equalJSON(`{"n":`+n+`}`, got[i].Data)
				if i > 0 {
					assert.Less(w.t, got[i-1].ID, got[i].ID)
				}
			}
		}},
		{Name: "the event of the score", run: func(w *world) {
			score := passing()
			event, err := score.UpdateEvent(alice)
			require.NoError(w.t, err)
			w.score(alice, events(event))
			recorded := store.StoredEvent{RecordedEvent: store.RecordedEvent{Event: event, At: noon}, Community: community}
			equalStates(w.t, store.State{Events: []store.StoredEvent{recorded}}, store.State{Events: w.state().Events})
		}},
		{Name: "no event of its own", run: func(w *world) {
			w.score(alice)
			w.score(alice, failing("why"))
			assert.Empty(w.t, w.state().Events)
		}},
		{Name: "an event about another address", run: func(w *world) {
			w.score(alice, events(numbered(bob, "1")))
			got := w.state().Events
			require.Len(w.t, got, 1)
			assert.Equal(w.t, bob, got[0].Address)
		}},
		{Name: "every digit of an event", run: func(w *world) {
			w.score(alice, events(store.Event{Action: store.ActionDeduplicated, Address: alice, Data: []byte(digits)}))
			w.equalJSON(digits, w.state().Events[0].Data)
		}},
		{Name: "nothing about other addresses and communities", run: func(w *world) {
			w.edit(func(s *store.State) {
				counted := []store.CountedCredential{{Provider: "Google", Document: document(bob, "Google")}}
				s.Scores = []store.StoredScore{
					{Score: passing(), Community: community, Address: bob, Counted: counted},
					{Score: passing(), Community: neighbour, Address: alice, Counted: counted},
				}
			})
			before := w.state()
			w.credentials(stored(1, alice, "Ens", "n1"))
			w.score(alice, counted(1))
			after := w.state()
			require.Len(w.t, after.Scores, 3)
			w.edit(func(s *store.State) {
				s.Credentials = nil
				s.Scores = nil
				for _, score := range after.Scores {
					if score.Address != alice || score.Community != community {
						s.Scores = append(s.Scores, score)
					}
				}
			})
			equalStates(w.t, before, w.state())
		}},
		{Name: "the same again without a change", run: func(w *world) {
			w.credentials(stored(1, alice, "Google", "n1"))
			again := func() {
				w.score(alice, counted(1), swaps(swap("n1", store.Holder{}, holder(alice, years(1)))))
			}
			again()
			w.unchanged(again)
		}},
		{Name: "copies of what the caller changes after Apply", run: func(w *world) {
			w.credentials(stored(1, alice, "Google", "n1"), stored(2, bob, "Github"))
			w.claims(claim("n2", carol, years(1)))
			c := w.scored([]store.Address{alice, bob}, counted(1), events(numbered(alice, "1")), swaps(
				taken("n1", alice, years(1)), swap("n2", holder(carol, years(1)), holder(carol, years(1)))))
			c.Wallets[1].Counted = []int64{2}
			w.apply(c)
			w.unchanged(func() { alter(c) })
		}},
		{Name: "copies of a failed scoring", run: func(w *world) {
			c := w.scored([]store.Address{alice, bob})
			c.Wallets[0].Score, c.Wallets[1].Score = failed("why"), failed("why not")
			w.apply(c)
			w.unchanged(func() { alter(c) })
			w.equalScores(failed("why"), alice)
			w.equalScores(failed("why not"), bob)
		}},
	}...)
}

// alter overwrites everything that a change set refers to.
func alter(c *store.Changes) {
	for i := range c.Wallets {
		w := &c.Wallets[i]
		for j := range w.Counted {
			w.Counted[j] = 77
		}
		for j := range w.Events {
			clear(w.Events[j].Data)
			w.Events[j] = store.Event{Action: "ALT", Address: bob, Data: []byte(`{"altered":true}`)}
		}
		for j := range w.Awards {
			w.Awards[j] = store.Award{Action: "ALT", Provider: "altered", TxHash: "altered"}
		}
		score := &w.Score
		for _, document := range [][]byte{score.Evidence, score.StampScores, score.Stamps} {
			clear(document)
		}
		score.Status, score.Value, score.Error = "ALTERED", "2", "altered"
		score.ScoredAt, score.ExpiresAt = years(5), years(6)
		w.Address, w.Version, w.Qualified = carol, "altered", !w.Qualified
	}
	for i := range c.Claims {
		c.Claims[i] = taken("altered", bob, years(7))
	}
	c.Community, c.At = neighbour, years(8)
}

func scoreCases() []Case {
	return []Case{
		{Name: "the score", run: func(w *world) {
			w.score(alice)
			w.equalScores(passing(), alice)
		}},
		{Name: "a score of 0 without an expiry", run: func(w *world) {
			want := passing()
			want.Value, want.ExpiresAt = "0", time.Time{}
			w.score(alice, func(c *store.Changes) { c.Wallets[0].Score = want })
			w.equalScores(want, alice)
		}},
		{Name: "the score in place of the last one", run: func(w *world) {
			w.score(alice)
			second := passing()
			second.Value, second.ScoredAt = "0", noon.Add(time.Hour)
			w.score(alice, func(c *store.Changes) { c.Wallets[0].Score = second })
			w.equalScores(second, alice)
			assert.Len(w.t, w.state().Scores, 1)
		}},
		{Name: "a score of each community", run: func(w *world) {
			w.score(alice)
			w.score(alice, func(c *store.Changes) { c.Community = neighbour })
			assert.Len(w.t, w.state().Scores, 2)
		}},
		{Name: "times to the microsecond and in any zone", run: func(w *world) {
			at := noon.Add(123456 * time.Microsecond)
			want := passing()
			want.ScoredAt, want.ExpiresAt = at, at.Add(time.Hour)
			given := want
			east := time.FixedZone("east", 5*3600)
			given.ScoredAt, given.ExpiresAt = at.Add(999).In(east), at.Add(time.Hour).Add(999).In(east)
			w.score(alice, func(c *store.Changes) { c.At, c.Wallets[0].Score = given.ScoredAt, given }, events(numbered(alice, "1")))
			w.equalScores(want, alice)
			assert.Equal(w.t, at, w.state().Events[0].At.UTC())
		}},
		{Name: "every digit of the documents", run: func(w *world) {
			want := passing()
			want.Evidence, want.StampScores, want.Stamps = []byte(digits), []byte(digits), []byte(digits)
			w.score(alice, func(c *store.Changes) { c.Wallets[0].Score = want })
			w.equalScores(want, alice)
		}},
		{Name: "the error of a failed scoring and nothing else", run: func(w *world) {
			w.score(alice, failing(`unsupported rule "FIFO"`))
			w.equalScores(failed(`unsupported rule "FIFO"`), alice)
		}},
		{Name: "a failed scoring in place of a score and the reverse", run: func(w *world) {
			w.score(alice)
			w.score(alice, failing("why"))
			w.equalScores(failed("why"), alice)
			w.score(alice)
			w.equalScores(passing(), alice)
			assert.Len(w.t, w.state().Scores, 1)
		}},
		{Name: "nothing but the score of a failed scoring", run: func(w *world) {
			w.credentials(stored(1, alice, "Google", "n1"))
			w.score(alice, counted(1), swaps(taken("n1", alice, years(1))), events(numbered(alice, "1")))
			before := w.state()
			w.score(alice, failing("why"))
			for i := range before.Scores {
				before.Scores[i].Score = failed("why")
			}
			equalStates(w.t, before, w.state())
		}},
	}
}
