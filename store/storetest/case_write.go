package storetest

import (
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

func writeCases() []Case {
	return []Case{
		{Name: "creates the passport that is missing", run: func(w *world) {
			receipt := w.score(alice)
			passport := w.only("registry_passport")
			assert.Equal(w.t, alice, passport["address"])
			assert.EqualValues(w.t, community, passport["community_id"])
			assert.EqualValues(w.t, receipt.PassportID, passport["id"])
		}},
		{Name: "keeps the passport that is there", run: func(w *world) {
			w.seed(map[string][]row{"registry_passport": {{"id": 41, "address": alice, "community_id": community}}})
			assert.EqualValues(w.t, 41, w.score(alice).PassportID)
			assert.Len(w.t, w.table("registry_passport"), 1)
		}},
		{Name: "a passport of another community is another one", run: func(w *world) {
			w.seed(map[string][]row{"registry_passport": {{"id": 41, "address": alice, "community_id": neighbour}}})
			assert.NotEqualValues(w.t, 41, w.score(alice).PassportID)
			assert.Len(w.t, w.table("registry_passport"), 2)
		}},
		{Name: "writes the score", run: func(w *world) {
			receipt := w.score(alice)
			score := w.only("registry_score")
			assert.EqualValues(w.t, receipt.ScoreID, score["id"])
			assert.EqualValues(w.t, receipt.PassportID, score["passport_id"])
			assert.Equal(w.t, "DONE", score["status"])
			assertNumber(w, "1", score["score"])
			assert.Equal(w.t, noon, moment(w.t, score["last_score_timestamp"]))
			assert.Equal(w.t, years(1), moment(w.t, score["expiration_date"]))
			assert.Nil(w.t, score["error"])
			assertJSON(w, string(passing().Evidence), score["evidence"])
			assertJSON(w, string(passing().StampScores), score["stamp_scores"])
			assertJSON(w, string(passing().Stamps), score["stamps"])
		}},
		{Name: "writes a score of 0 without an expiry", run: func(w *world) {
			w.score(alice, func(c *store.Changes) {
				c.Wallets[0].Score.Value, c.Wallets[0].Score.ExpiresAt = "0", time.Time{}
			})
			score := w.only("registry_score")
			assertNumber(w, "0", score["score"])
			assert.Nil(w.t, score["expiration_date"])
		}},
		{Name: "replaces the score and keeps its row", run: func(w *world) {
			first := w.score(alice)
			second := w.score(alice, func(c *store.Changes) { c.Wallets[0].Score.Value = "0" })
			assert.Equal(w.t, first, second)
			assertNumber(w, "0", w.only("registry_score")["score"])
		}},
		{Name: "keeps moments to the microsecond", run: func(w *world) {
			at := noon.Add(123456 * time.Microsecond)
			w.score(alice, func(c *store.Changes) {
				c.At, c.Wallets[0].Score.ScoredAt, c.Wallets[0].Score.ExpiresAt = at, at, at.Add(time.Hour)
			})
			score := w.load(alice).Wallets[0].Score
			require.NotNil(w.t, score)
			assert.Equal(w.t, at, score.ScoredAt.UTC())
			assert.Equal(w.t, at.Add(time.Hour), score.ExpiresAt.UTC())
		}},
		{Name: "writes a moment of another zone as the same moment", run: func(w *world) {
			east := time.FixedZone("east", 5*3600)
			w.score(alice, func(c *store.Changes) { c.Wallets[0].Score.ScoredAt = noon.In(east) })
			assert.Equal(w.t, noon, moment(w.t, w.only("registry_score")["last_score_timestamp"]))
		}},
		{Name: "adds one event with every score that is done, telling the ids of its rows", run: func(w *world) {
			receipt := w.score(alice)
			event := w.only("registry_event")
			assert.Equal(w.t, "SCU", event["action"])
			assert.Equal(w.t, alice, event["address"])
			assert.EqualValues(w.t, community, event["community_id"])
			score := passing()
			assertJSON(w, string(score.EventData(receipt.PassportID, receipt.ScoreID)), event["data"])
			assert.NotEmpty(w.t, event["created_at"])
		}},
		{Name: "adds the events in order, that of the score last", run: func(w *world) {
			w.score(alice, func(c *store.Changes) {
				c.Wallets[0].Events = []store.Event{
					{Action: "LDP", Address: alice, Data: []byte(`{"n":1}`)}, {Action: "LDP", Address: alice, Data: []byte(`{"n":2}`)},
				}
			})
			events := w.table("registry_event")
			require.Equal(w.t, []any{"LDP", "LDP", "SCU"}, column(events, "action"))
			assertJSON(w, `{"n":1}`, events[0]["data"])
			assertJSON(w, `{"n":2}`, events[1]["data"])
			assert.Less(w.t, events[0]["id"], events[1]["id"])
			assert.Less(w.t, events[1]["id"], events[2]["id"])
		}},
		{Name: "an event may be about another address", run: func(w *world) {
			w.score(alice, func(c *store.Changes) {
				c.Wallets[0].Events = []store.Event{{Action: "LDP", Address: bob, Data: []byte(`{}`)}}
			})
			assert.Equal(w.t, []any{bob, alice}, column(w.table("registry_event"), "address"))
		}},
		{Name: "a failed scoring writes its row with nothing but the error", run: func(w *world) {
			w.score(alice, func(c *store.Changes) { c.Wallets[0].Score = failed(`unsupported rule "FIFO"`) })
			score := w.only("registry_score")
			assert.Equal(w.t, "ERROR", score["status"])
			assert.Equal(w.t, `unsupported rule "FIFO"`, score["error"])
			for _, name := range []string{"score", "last_score_timestamp", "expiration_date", "evidence", "stamp_scores", "stamps"} {
				assert.Nil(w.t, score[name], name)
			}
		}},
		{Name: "a failed scoring adds no event", run: func(w *world) {
			w.score(alice, func(c *store.Changes) { c.Wallets[0].Score = failed("why") })
			assert.Empty(w.t, w.table("registry_event"))
		}},
		{Name: "a failed scoring leaves stamps, claims, events and points as they are", run: func(w *world) {
			w.score(alice, stamps(stamp("Google", "n1")), claims(claim("n1", alice, years(1))), qualified, awards(store.Award{Action: "HPH"}))
			before := w.tables()
			w.score(alice, func(c *store.Changes) { c.Wallets[0].Score = failed("why") })
			after := w.tables()
			delete(before, "registry_score")
			delete(after, "registry_score")
			assert.Equal(w.t, before, after)
		}},
		{Name: "a failed scoring replaces a score, and a score replaces it", run: func(w *world) {
			first := w.score(alice)
			assert.Equal(w.t, first, w.score(alice, func(c *store.Changes) { c.Wallets[0].Score = failed("why") }))
			assert.Equal(w.t, first, w.score(alice))
			score := w.only("registry_score")
			assert.Equal(w.t, "DONE", score["status"])
			assert.Nil(w.t, score["error"])
		}},
		{Name: "leaves other addresses and communities alone", run: func(w *world) {
			w.seed(map[string][]row{
				"registry_passport": {{"id": 5, "address": bob, "community_id": community}, {"id": 6, "address": alice, "community_id": neighbour}},
				"registry_score":    {{"id": 7, "passport_id": 5, "status": "DONE", "score": "1"}, {"id": 8, "passport_id": 6, "status": "DONE", "score": "1"}},
				"registry_stamp": {
					{"id": 9, "passport_id": 5, "provider": "Google", "credential": row{}}, {"id": 10, "passport_id": 6, "provider": "Google", "credential": row{}},
				},
			})
			before := w.tables()
			w.score(alice, stamps(stamp("Ens", "n1")))
			after := w.tables()
			for _, table := range []string{"registry_score", "registry_stamp"} {
				require.Len(w.t, after[table], 3)
				assert.Equal(w.t, before[table], after[table][:2])
			}
		}},
		{Name: "what is altered in a change set after Apply alters nothing that is stored", run: func(w *world) {
			w.credentials(credentialRow(1, alice, "Google", "n1"))
			w.claims(claimRow("n2", carol, years(1)))
			c := w.scored([]string{alice, bob}, stamps(stamp("Ens", "n3")), qualified, awards(store.Award{Action: "HPH"}),
				claims(claim("n1", alice, years(1))), held(claim("n2", carol, years(1))))
			c.Wallets[0].Stamps = append(c.Wallets[0].Stamps, w.loaded(alice)...)
			c.Wallets[0].Events = []store.Event{{Action: "LDP", Address: alice, Data: []byte(`{"n":1}`)}}
			c.Wallets[1].Stamps = []store.Stamp{stamp("Github", "n4")}
			receipt := w.apply(c)
			assert.Len(w.t, receipt.Wallets[0].Awards, 1)
			w.unchanged(func() { alter(c) })
		}},
		{Name: "what is altered in a change set after Apply alters no error of a failed scoring", run: func(w *world) {
			c := w.scored([]string{alice, bob})
			c.Wallets[0].Score, c.Wallets[1].Score = failed("why"), failed("why not")
			w.apply(c)
			w.unchanged(func() { alter(c) })
			assert.Equal(w.t, "why", w.load(alice).Wallets[0].Score.Error)
			assert.Equal(w.t, "why not", w.load(bob).Wallets[0].Score.Error)
		}},
		{Name: "must not rewrite what is already as wanted", run: func(w *world) {
			w.credentials(credentialRow(1, alice, "Google", "n1"))
			again := func() {
				w.score(alice, stamps(stamp("Google", "n1")), claims(claim("n1", alice, years(1))), qualified, awards(store.Award{Action: "HPH"}))
			}
			again()
			before := w.tables()
			again()
			after := w.tables()
			require.Len(w.t, after["registry_event"], 2)
			delete(before, "registry_event")
			delete(after, "registry_event")
			assert.Equal(w.t, before, after)
		}},
	}
}

// alter overwrites all that a change set refers to: the bytes of documents, save
// those that were loaded and may be the store's, and the elements of slices.
func alter(c *store.Changes) {
	for i := range c.Wallets {
		w := &c.Wallets[i]
		for j := range w.Stamps {
			if w.Stamps[j].CredentialID == 0 {
				clear(w.Stamps[j].Credential)
			}
			w.Stamps[j] = store.Stamp{Provider: "altered", Credential: []byte(`{"altered":true}`)}
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
		c.Claims[i] = claim("altered", bob, years(7))
	}
	for i := range c.Held {
		c.Held[i] = claim("altered", bob, years(7))
	}
	c.Community, c.At = neighbour, years(8)
}

func stampCases() []Case {
	ids := func(w *world) map[any]any {
		byProvider := map[any]any{}
		for _, r := range w.table("registry_stamp") {
			byProvider[r["provider"]] = r["id"]
		}
		return byProvider
	}
	return []Case{
		{Name: "are added as they are given", run: func(w *world) {
			receipt := w.score(alice, stamps(stamp("Google", "n1"), stamp("Ens", "n2")))
			rows := w.table("registry_stamp")
			require.Equal(w.t, []any{"Google", "Ens"}, column(rows, "provider"))
			assert.EqualValues(w.t, receipt.PassportID, rows[0]["passport_id"])
			assertJSON(w, string(stamp("Google", "n1").Credential), rows[0]["credential"])
			assertJSON(w, string(stamp("Ens", "n2").Credential), rows[1]["credential"])
		}},
		{Name: "that name their credential are added as it was loaded", run: func(w *world) {
			w.credentials(credentialRow(1, alice, "Google", "n1"), credentialRow(2, alice, "Ens", "n2"))
			w.score(alice, stamps(w.loaded(alice)...))
			rows := w.table("registry_stamp")
			require.Equal(w.t, []any{"Ens", "Google"}, column(rows, "provider"))
			assertJSON(w, string(stamp("Ens", "n2").Credential), rows[0]["credential"])
			assertJSON(w, string(stamp("Google", "n1").Credential), rows[1]["credential"])
		}},
		{Name: "that name their credential keep their rows, however they came", run: func(w *world) {
			w.credentials(credentialRow(1, alice, "Google", "n1"), credentialRow(2, alice, "Ens", "n2"))
			w.score(alice, stamps(stamp("Google", "n1"), stamp("Ens", "n2")))
			before := ids(w)
			w.score(alice, stamps(w.loaded(alice)...))
			assert.Equal(w.t, before, ids(w))
			w.score(alice, stamps(stamp("Google", "n1"), stamp("Ens", "n2")))
			assert.Equal(w.t, before, ids(w))
		}},
		{Name: "that name a credential and hold another must return ErrConflict", run: func(w *world) {
			w.credentials(credentialRow(1, alice, "Google", "n1"), credentialRow(2, alice, "Ens", "n2"))
			loaded := w.loaded(alice)
			other := stamp("Google", "n3")
			other.CredentialID = loaded[1].CredentialID
			w.refused(store.ErrConflict, w.scored([]string{alice}, stamps(loaded[0], other)))
			gone := loaded[1]
			gone.CredentialID = 99
			w.refused(store.ErrConflict, w.scored([]string{alice}, stamps(loaded[0], gone)))
		}},
		{Name: "that no longer count are removed", run: func(w *world) {
			w.score(alice, stamps(stamp("Google", "n1"), stamp("Ens", "n2")))
			w.score(alice, stamps(stamp("Ens", "n2")))
			assert.Equal(w.t, []any{"Ens"}, column(w.table("registry_stamp"), "provider"))
		}},
		{Name: "are all removed when none counts", run: func(w *world) {
			w.score(alice, stamps(stamp("Google", "n1")))
			w.score(alice)
			assert.Empty(w.t, w.table("registry_stamp"))
		}},
		{Name: "that still count keep their rows", run: func(w *world) {
			w.score(alice, stamps(stamp("Google", "n1"), stamp("Ens", "n2")))
			before := ids(w)
			w.score(alice, stamps(stamp("Github", "n3"), stamp("Ens", "n2")))
			after := ids(w)
			assert.Equal(w.t, before["Ens"], after["Ens"])
			assert.NotContains(w.t, after, "Google")
			assert.Contains(w.t, after, "Github")
		}},
		{Name: "with another credential are replaced", run: func(w *world) {
			w.score(alice, stamps(stamp("Google", "n1")))
			w.score(alice, stamps(stamp("Google", "n2")))
			assertJSON(w, string(stamp("Google", "n2").Credential), w.only("registry_stamp")["credential"])
		}},
		{Name: "are compared as JSON, not as text", run: func(w *world) {
			w.score(alice, stamps(store.Stamp{Provider: "Google", Credential: []byte(`{"a":1,"b":[true,null]}`)}))
			before := ids(w)
			w.score(alice, stamps(store.Stamp{Provider: "Google", Credential: []byte("{ \"b\" : [true, null],\n\"a\":1}")}))
			assert.Equal(w.t, before, ids(w))
		}},
		{Name: "that are there twice are there once afterwards", run: func(w *world) {
			w.seed(map[string][]row{
				"registry_passport": {{"id": 5, "address": alice, "community_id": community}},
				"registry_stamp": {
					{"id": 1, "passport_id": 5, "provider": "Google", "credential": stampJSON(alice, "Google", "n1")},
					{"id": 2, "passport_id": 5, "provider": "Google", "credential": stampJSON(alice, "Google", "n1")},
				},
			})
			w.score(alice, stamps(stamp("Google", "n1")))
			assert.Len(w.t, w.table("registry_stamp"), 1)
		}},
	}
}

func batchCases() []Case {
	return []Case{
		{Name: "writes all wallets and answers in their order", run: func(w *world) {
			w.credentials(credentialRow(1, bob, "Google", "n1"))
			receipt := w.apply(w.scored([]string{carol, alice, bob}))
			passports := map[any]any{}
			for _, r := range w.table("registry_passport") {
				passports[r["address"]] = r["id"]
			}
			for i, address := range []string{carol, alice, bob} {
				assert.EqualValues(w.t, passports[address], receipt.Wallets[i].PassportID)
			}
			assert.Len(w.t, w.table("registry_score"), 3)
			assert.Equal(w.t, []any{carol, alice, bob}, column(w.table("registry_event"), "address"))
		}},
		{Name: "gives each wallet its own stamps", run: func(w *world) {
			c := w.scored([]string{alice, bob})
			c.Wallets[0].Stamps = []store.Stamp{stamp("Google", "n1")}
			c.Wallets[1].Stamps = []store.Stamp{stamp("Ens", "n2")}
			receipt := w.apply(c)
			for _, r := range w.table("registry_stamp") {
				want := map[any]int64{"Google": receipt.Wallets[0].PassportID, "Ens": receipt.Wallets[1].PassportID}
				assert.EqualValues(w.t, want[r["provider"]], r["passport_id"])
			}
		}},
		{Name: "takes claims for each of them", run: func(w *world) {
			w.apply(w.scored([]string{alice, bob}, claims(claim("n1", alice, years(1)), claim("n2", bob, years(2)))))
			assert.Equal(w.t, map[string]store.Claim{"n1": claim("n1", alice, years(1)), "n2": claim("n2", bob, years(2))}, w.holders())
		}},
		{Name: "is refused whole when one wallet has changed", run: func(w *world) {
			c := w.scored([]string{alice, bob})
			w.credentials(credentialRow(1, bob, "Google", "n1"))
			w.refused(store.ErrConflict, c)
		}},
		{Name: "may hold a scoring that failed", run: func(w *world) {
			c := w.scored([]string{alice, bob})
			c.Wallets[1].Score = failed("why")
			w.apply(c)
			assert.ElementsMatch(w.t, []any{"DONE", "ERROR"}, column(w.table("registry_score"), "status"))
			assert.Len(w.t, w.table("registry_event"), 1)
		}},
	}
}
