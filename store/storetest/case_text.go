package storetest

import (
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// invalidCases are change sets that Validate refuses: a store must call it.
func invalidCases() []Case {
	first := func(change func(*store.WalletChanges)) func(*store.Changes) {
		return func(c *store.Changes) { change(&c.Wallets[0]) }
	}
	var cases []Case
	for _, c := range []struct {
		name  string
		spoil func(*store.Changes)
	}{
		{"no time", func(c *store.Changes) { c.At = time.Time{} }},
		{"no wallet", func(c *store.Changes) { c.Wallets = nil }},
		{"a wallet twice", func(c *store.Changes) { c.Wallets = append(c.Wallets, c.Wallets[0]) }},
		{"an address in upper case", first(func(w *store.WalletChanges) { w.Address = "0x" + store.Address(strings.ToUpper(string(alice[2:]))) })},
		{"no version", first(func(w *store.WalletChanges) { w.Version = "" })},
		{"a status that no scoring ends with", first(func(w *store.WalletChanges) { w.Score.Status = "PROCESSING" })},
		{"a score of 2", first(func(w *store.WalletChanges) { w.Score.Value = "2" })},
		{"evidence that is no object", first(func(w *store.WalletChanges) { w.Score.Evidence = []byte(`"x"`) })},
		{"a malformed document", first(func(w *store.WalletChanges) { w.Score.Stamps = []byte(`{'a': 1}`) })},
		{"a malformed event and a lost race", first(func(w *store.WalletChanges) {
			w.Version, w.Events = "an older one", []store.Event{{Action: "LDP", Address: alice, Data: []byte(`{"a":}`)}}
		})},
		{"an event of a failed scoring", first(func(w *store.WalletChanges) {
			w.Score, w.Events = failed("why"), []store.Event{numbered(alice, "1")}
		})},
		{"a counted credential of a failed scoring", first(func(w *store.WalletChanges) { w.Score, w.Counted = failed("why"), []int64{1} })},
		{"a claim of a failed scoring", func(c *store.Changes) {
			failing("why")(c)
			swaps(taken("n1", alice, years(1)))(c)
		}},
		{"a counted credential twice", counted(1, 1)},
		{"a counted credential without an id", counted(0)},
		{"a nullifier of 101 characters", swaps(taken(strings.Repeat("ü", 101), alice, years(1)))},
		{"an empty nullifier", swaps(taken("", alice, years(1)))},
		{"a NUL in a nullifier", swaps(taken("a\x00", alice, years(1)))},
		{"invalid UTF-8 in a nullifier", swaps(taken("\xff", alice, years(1)))},
		{"a nullifier twice", swaps(taken("n1", alice, years(1)), taken("n1", alice, years(2)))},
		{"a claim for no address", swaps(taken("n1", "0xB0B", years(1)))},
		{"a claim that never expires", swaps(taken("n1", alice, time.Time{}))},
		{"an action of four characters", awards(store.Award{Action: "LONG"})},
		{"a transaction hash of 101 characters", awards(store.Award{Action: "HKY", TxHash: strings.Repeat("x", 101)})},
		{"an award twice", awards(store.Award{Action: "HPH"}, store.Award{Action: "HPH"})},
	} {
		cases = append(cases, Case{Name: c.name, run: func(w *world) {
			w.credentials(stored(1, alice, "Google", "n1"))
			changes := w.scored([]store.Address{alice})
			c.spoil(changes)
			w.refused(store.ErrInvalid, changes)
		}})
	}
	return append(cases, Case{Name: "no change set", run: func(w *world) {
		w.unchanged(func() {
			receipt, err := w.Apply(w.ctx, nil)
			w.fails(store.ErrInvalid, err)
			assert.Nil(w.t, receipt)
		})
	}})
}

func hostileCases() []Case {
	var cases []Case
	for _, c := range []struct{ name, text string }{
		{"quotes", `'"` + "`"},
		{"SQL", `'; drop table registry_score; --`},
		{"backslashes", `\ \\ \' \" \n \u0041 \x00`},
		{"patterns and formats", `%s %d % _ $1 ? :name {0} ${x}`},
		{"JSON and arrays", `{"a":["b",null]},{},"NULL",null`},
		{"white space and controls", " \t\r\n\v\x01\x1f\x7f "},
		{"other scripts", "Zürich 東京 עברית العربية"},
		{"lookalikes and composed characters", "é e\u0301 А A ﬁ"},
		{"emoji and higher planes", "\U0001F600\U0010FFFF\u200d\ufeff"},
		{"directions", "\u202egnikcatta\u202c"},
		{"the widest nullifier", strings.Repeat("ü", store.MaxNullifier)},
	} {
		cases = append(cases, Case{Name: c.name, run: func(w *world) {
			credential := stored(1, alice, c.text, c.text)
			w.credentials(credential)
			loaded := w.load(alice).Wallets[0].Credentials
			require.Len(w.t, loaded, 1)
			assert.Equal(w.t, c.text, loaded[0].Provider)

			w.score(alice, counted(1), swaps(taken(c.text, alice, years(1))))
			w.equalCounted(credential)
			assert.Equal(w.t, map[string]store.Holder{c.text: holder(alice, years(1))}, w.holders())
			claims := w.load(alice).Claims
			require.Len(w.t, claims, 1)
			assert.Equal(w.t, c.text, claims[0].Nullifier)

			w.score(alice, failing(c.text))
			w.equalScores(failed(c.text), alice)
			if has[store.Points](w.Harness) {
				w.score(alice, awards(store.Award{Action: "HKY", Provider: c.text, TxHash: c.text}))
				points := w.state().Points
				require.Len(w.t, points, 1)
				assert.Equal(w.t, store.HumanPoint{Action: "HKY", Provider: c.text, TxHash: c.text}, points[0].HumanPoint)
			}
		}})
	}
	return cases
}
