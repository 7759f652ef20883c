package storetest

import (
	"context"
	"math"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

func eventRow(id int, action, address string, at time.Time) row {
	return row{
		"id": id, "action": action, "address": address, "created_at": at.Format(time.RFC3339Nano), "community_id": community,
		"data": row{"n": id},
	}
}

// historyCases are for stores that look back.
func historyCases(h Harness) []Case {
	if _, has := h.(store.History); !has {
		return nil
	}
	role := func(w *world) store.History { return w.Harness.(store.History) }
	events := func(w *world, rows ...row) {
		w.t.Helper()
		w.seed(map[string][]row{"registry_event": rows})
	}
	at := func(w *world, moment time.Time) int64 {
		w.t.Helper()
		event, err := role(w).ScoreAt(w.ctx, community, alice, moment)
		require.NoError(w.t, err)
		require.NotNil(w.t, event)
		return event.ID
	}
	none := func(w *world, community int64, address string, moment time.Time) {
		w.t.Helper()
		event, err := role(w).ScoreAt(w.ctx, community, address, moment)
		assert.ErrorIs(w.t, err, store.ErrNotFound)
		assert.Nil(w.t, event)
	}
	list := func(w *world, page store.Page) []int64 {
		w.t.Helper()
		listed, err := role(w).ListEvents(w.ctx, community, alice, page)
		require.NoError(w.t, err)
		ids := []int64{}
		for _, event := range listed {
			ids = append(ids, event.ID)
		}
		return ids
	}
	return []Case{
		{Name: "ScoreAt must return the newest event of a score at or before the moment", run: func(w *world) {
			events(w,
				eventRow(1, "SCU", alice, noon.Add(2*time.Hour)), eventRow(2, "SCU", alice, noon), eventRow(3, "SCU", alice, noon.Add(time.Hour)),
				eventRow(4, "SCU", alice, noon.Add(time.Minute+7*time.Microsecond)),
			)
			for after, want := range map[time.Duration]int64{
				0: 2, time.Minute + 6*time.Microsecond: 2, time.Minute + 7*time.Microsecond: 4, time.Hour - time.Microsecond: 4,
				time.Hour: 3, 2*time.Hour - 1: 3, 2 * time.Hour: 1, 9999 * time.Hour: 1,
			} {
				assert.Equal(w.t, want, at(w, noon.Add(after)), after)
			}
			assert.EqualValues(w.t, 2, at(w, noon.In(time.FixedZone("east", 9*3600))), "in whatever zone")
			none(w, community, alice, noon.Add(-time.Microsecond))
			none(w, community, alice, noon.Add(-1))
		}},
		{Name: "ScoreAt must return of equal moments the highest id", run: func(w *world) {
			events(w, eventRow(5, "SCU", alice, noon), eventRow(7, "SCU", alice, noon), eventRow(6, "SCU", alice, noon))
			assert.EqualValues(w.t, 7, at(w, noon))
		}},
		{Name: "ScoreAt must return the event as it was written", run: func(w *world) {
			receipt := w.score(alice)
			event, err := role(w).ScoreAt(w.ctx, community, alice, noon)
			require.NoError(w.t, err)
			score := passing()
			assert.JSONEq(w.t, string(score.EventData(receipt.PassportID, receipt.ScoreID)), string(event.Data))
			event.Data = nil
			assert.Equal(w.t, &store.RecordedEvent{Event: store.Event{Action: "SCU", Address: alice}, ID: event.ID, At: noon}, event)
			assert.EqualValues(w.t, w.only("registry_event")["id"], event.ID)
		}},
		{Name: "ScoreAt must return the data in every form that it was recorded in", run: eventFormsAt},
		{Name: "ScoreAt must return ErrNotFound when there is none", run: func(w *world) {
			elsewhere := with(eventRow(3, "SCU", alice, noon), row{"community_id": neighbour})
			nowhere := with(eventRow(4, "SCU", alice, noon), row{"community_id": nil})
			events(w, eventRow(1, "LDP", alice, noon), eventRow(2, "SCU", bob, noon), elsewhere, nowhere)
			none(w, community, alice, years(1))
			none(w, neighbour, bob, years(1))
			for _, id := range []int64{0, -1, 77, math.MaxInt64, math.MinInt64} {
				none(w, id, alice, years(1))
			}
		}},
		{Name: "ScoreAt must take any moment", run: func(w *world) {
			events(w, eventRow(1, "SCU", alice, noon))
			for _, moment := range []time.Time{{}, time.Unix(0, 0), time.Date(-5000, 1, 1, 0, 0, 0, 0, time.UTC), time.Unix(math.MinInt64/2, 0)} {
				none(w, community, alice, moment)
			}
			for _, moment := range []time.Time{time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC), time.Date(300000, 1, 1, 0, 0, 0, 0, time.UTC), time.Unix(1<<55, 0)} {
				assert.EqualValues(w.t, 1, at(w, moment))
			}
		}},
		{Name: "ListEvents must return every action, newest first", run: func(w *world) {
			events(w,
				eventRow(30, "SCU", alice, noon), eventRow(10, "LDP", alice, years(2)), eventRow(20, "FDP", alice, noon), eventRow(40, "ZZZ", alice, years(1)),
				eventRow(25, "SCU", bob, noon), with(eventRow(26, "SCU", alice, noon), row{"community_id": neighbour}),
			)
			assert.Equal(w.t, []int64{40, 30, 20, 10}, list(w, store.Page{Limit: 10}))
			assert.Equal(w.t, []int64{40, 30}, list(w, store.Page{Limit: 2}))
			assert.Equal(w.t, []int64{20, 10}, list(w, store.Page{Limit: 2, Before: 30}))
			assert.Equal(w.t, []int64{10}, list(w, store.Page{Limit: 2, Before: 11}))
			assert.Equal(w.t, []int64{}, list(w, store.Page{Limit: 2, Before: 10}))
			assert.Equal(w.t, []int64{30, 20}, list(w, store.Page{Limit: 2, After: 10}))
			assert.Equal(w.t, []int64{40}, list(w, store.Page{Limit: 2, After: 30}))
			assert.Equal(w.t, []int64{}, list(w, store.Page{Limit: 2, After: math.MaxInt64}))
			assert.Equal(w.t, []int64{40}, list(w, store.Page{Limit: 1, Before: math.MaxInt64}))
		}},
		{Name: "ListEvents must return them as they were recorded", run: func(w *world) {
			events(w, with(eventRow(1, "LDP", alice, noon.Add(time.Microsecond)), row{"data": row{"provider": `a'"\{}é`}}))
			listed, err := role(w).ListEvents(w.ctx, community, alice, store.Page{Limit: 1})
			require.NoError(w.t, err)
			require.Len(w.t, listed, 1)
			assert.JSONEq(w.t, `{"provider": "a'\"\\{}é"}`, string(listed[0].Data))
			listed[0].Data = nil
			assert.Equal(w.t, store.RecordedEvent{
				Event: store.Event{Action: "LDP", Address: alice}, ID: 1, At: noon.Add(time.Microsecond),
			}, listed[0])
		}},
		{Name: "ListClaims must return all claims of the address, by nullifier in bytes", run: func(w *world) {
			w.claims(
				claimRow("é", alice, years(1)), claimRow("b", alice, years(-9)), claimRow("B", alice, noon.Add(time.Microsecond)), claimRow("a'\"\\", alice, years(1)),
				claimRow("a-b", alice, years(1)), claimRow("aa", alice, years(1)),
				claimRow("c", bob, years(1)), with(claimRow("d", alice, years(1)), row{"community_id": neighbour}),
			)
			listed, err := role(w).ListClaims(w.ctx, community, alice)
			require.NoError(w.t, err)
			assert.Equal(w.t, []store.Claim{
				claim("B", alice, noon.Add(time.Microsecond)), claim("a'\"\\", alice, years(1)), claim("a-b", alice, years(1)),
				claim("aa", alice, years(1)), claim("b", alice, years(-9)), claim("é", alice, years(1)),
			}, listed)
		}},
		{Name: "ListClaims must follow a claim that changes hands", run: func(w *world) {
			w.claims(claimRow("n1", bob, years(-1)))
			w.score(alice, claims(claim("n1", alice, years(1))))
			for address, want := range map[string]int{alice: 1, bob: 0} {
				listed, err := role(w).ListClaims(w.ctx, community, address)
				require.NoError(w.t, err)
				assert.Len(w.t, listed, want)
			}
		}},
		{Name: "none is no error", run: func(w *world) {
			for _, id := range []int64{community, 0, 77, math.MinInt64} {
				listed, err := role(w).ListEvents(w.ctx, id, alice, store.Page{Limit: 1})
				require.NoError(w.t, err)
				assert.Empty(w.t, listed)
				claims, err := role(w).ListClaims(w.ctx, id, alice)
				require.NoError(w.t, err)
				assert.Empty(w.t, claims)
			}
		}},
		{Name: "all must return ErrInvalid for a malformed address or page", run: func(w *world) {
			for _, address := range []string{"", "alice", strings.ToUpper(alice), alice + "\x00", "\xff", strings.Repeat("a", 1<<20)} {
				_, err := role(w).ScoreAt(w.ctx, community, address, noon)
				assert.ErrorIs(w.t, err, store.ErrInvalid, "%.50q", address)
				_, err = role(w).ListEvents(w.ctx, community, address, store.Page{Limit: 1})
				assert.ErrorIs(w.t, err, store.ErrInvalid, "%.50q", address)
				_, err = role(w).ListClaims(w.ctx, community, address)
				assert.ErrorIs(w.t, err, store.ErrInvalid, "%.50q", address)
			}
			for _, page := range badPages {
				_, err := role(w).ListEvents(w.ctx, community, alice, page)
				assert.ErrorIs(w.t, err, store.ErrInvalid, page)
			}
		}},
		{Name: "all must read only, and return the error of the context when it has ended", run: func(w *world) {
			events(w, eventRow(1, "SCU", alice, noon))
			ctx, cancel := context.WithCancel(w.ctx)
			cancel()
			w.unchanged(func() {
				for _, ctx := range []context.Context{w.ctx, ctx} {
					_, err := role(w).ScoreAt(ctx, community, alice, noon)
					assert.ErrorIs(w.t, err, ctx.Err())
					_, err = role(w).ListEvents(ctx, community, alice, store.Page{Limit: 1})
					assert.ErrorIs(w.t, err, ctx.Err())
					_, err = role(w).ListClaims(ctx, community, alice)
					assert.ErrorIs(w.t, err, ctx.Err())
				}
			})
		}},
	}
}
