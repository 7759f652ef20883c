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
	var cases []Case
	for _, c := range []struct {
		name  string
		spoil func(*store.Changes)
	}{
		{"without a moment", func(c *store.Changes) { c.At = time.Time{} }},
		{"without a wallet", func(c *store.Changes) { c.Wallets = nil }},
		{"with a wallet twice", func(c *store.Changes) { c.Wallets = append(c.Wallets, c.Wallets[0]) }},
		{"with an address in upper case", func(c *store.Changes) { c.Wallets[0].Address = "0x" + strings.ToUpper(alice[2:]) }},
		{"without a version", func(c *store.Changes) { c.Wallets[0].Version = "" }},
		{"with a status that no scoring ends with", func(c *store.Changes) { c.Wallets[0].Score.Status = "PROCESSING" }},
		{"with a score of 2", func(c *store.Changes) { c.Wallets[0].Score.Value = "2" }},
		{"with evidence that is not an object", func(c *store.Changes) { c.Wallets[0].Score.Evidence = []byte(`"x"`) }},
		{"with claims of a failed scoring", func(c *store.Changes) {
			c.Wallets[0].Score = failed("why")
			c.Claims = []store.Claim{claim("n1", alice, years(1))}
		}},
		{"with stamps of a failed scoring", func(c *store.Changes) {
			c.Wallets[0].Score = failed("why")
			c.Wallets[0].Stamps = []store.Stamp{stamp("Google", "n1")}
		}},
		{"with a nullifier of 101 characters", func(c *store.Changes) {
			c.Claims = []store.Claim{claim(strings.Repeat("ü", 101), alice, years(1))}
		}},
		{"with an empty nullifier", func(c *store.Changes) { c.Claims = []store.Claim{claim("", alice, years(1))} }},
		{"with a NUL in a nullifier", func(c *store.Changes) { c.Claims = []store.Claim{claim("a\x00", alice, years(1))} }},
		{"with invalid UTF-8 in a nullifier", func(c *store.Changes) { c.Claims = []store.Claim{claim("\xff", alice, years(1))} }},
		{"with a nullifier claimed twice", func(c *store.Changes) {
			c.Claims = []store.Claim{claim("n1", alice, years(1)), claim("n1", alice, years(2))}
		}},
		{"with a nullifier both claimed and held", func(c *store.Changes) {
			c.Claims = []store.Claim{claim("n1", alice, years(1))}
			c.Held = []store.Claim{claim("n1", bob, years(1))}
		}},
		{"with a claim that never expires", func(c *store.Changes) { c.Claims = []store.Claim{claim("n1", alice, time.Time{})} }},
		{"with a provider of 257 characters", func(c *store.Changes) {
			c.Wallets[0].Stamps = []store.Stamp{stamp(strings.Repeat("p", 257), "n1")}
		}},
		{"with a stamp that is not JSON, also when a race is lost,", func(c *store.Changes) {
			c.Wallets[0].Version = "an older one"
			c.Wallets[0].Stamps = []store.Stamp{{Provider: "Google", Credential: []byte(`{'a': 1}`)}}
		}},
		{"with an action of four characters", func(c *store.Changes) { c.Wallets[0].Awards = []store.Award{{Action: "LONG"}} }},
		{"with an award twice", func(c *store.Changes) { c.Wallets[0].Awards = []store.Award{{Action: "HPH"}, {Action: "HPH"}} }},
	} {
		cases = append(cases, Case{Name: c.name + " must return ErrInvalid and write nothing", run: func(w *world) {
			changes := w.scored([]string{alice})
			c.spoil(changes)
			w.refused(store.ErrInvalid, changes)
		}})
	}
	return cases
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
		{"what looks alike and what is composed", "é e\u0301 А A ﬁ"},
		{"emoji and planes beyond the first", "\U0001F600\U0010FFFF\u200d\ufeff"},
		{"directions", "\u202egnikcatta\u202c"},
		{"the widest nullifier", strings.Repeat("ü", store.MaxNullifier)},
	} {
		cases = append(cases, Case{Name: c.name + " are kept as they are", run: func(w *world) {
			provider := c.text
			w.credentials(credentialRow(1, alice, provider, c.text))
			loaded := w.load(alice).Wallets[0].Credentials
			require.Len(w.t, loaded, 1)
			assert.Equal(w.t, provider, loaded[0].Provider)

			receipt := w.score(alice,
				stamps(store.Stamp{Provider: provider, Credential: loaded[0].Stamp}),
				claims(claim(c.text, alice, years(1))),
				awards(store.Award{Action: "HKY", Provider: provider, TxHash: c.text}))
			assert.Len(w.t, receipt.Awards, 1)
			assert.Equal(w.t, map[string]store.Claim{c.text: claim(c.text, alice, years(1))}, w.holders())
			assert.Equal(w.t, []any{provider}, column(w.table("registry_stamp"), "provider"))
			assert.Equal(w.t, []any{provider}, column(w.table("registry_humanpoints"), "provider"))
			found := w.load(alice).Claims
			require.Len(w.t, found, 1)
			assert.Equal(w.t, c.text, found[0].Nullifier)

			w.score(alice, func(changes *store.Changes) { changes.Wallets[0].Score = failed(c.text) })
			score := w.load(alice).Wallets[0].Score
			require.NotNil(w.t, score)
			assert.Equal(w.t, c.text, score.Error)
		}})
	}
	return cases
}
