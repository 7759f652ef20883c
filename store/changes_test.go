package store_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

const address store.Address = "0xa11ce00000000000000000000000000000000000"

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// odd is a holder that another program wrote.
var odd = store.Holder{Address: "0xB0B", ExpiresAt: noon}

func scored() *store.Changes {
	return &store.Changes{
		Community: 1,
		At:        noon,
		Wallets: []store.WalletChanges{{
			Address: address,
			Version: "v",
			Score: store.Score{
				Status: store.StatusDone, Value: "1", ScoredAt: noon, ExpiresAt: noon.AddDate(1, 0, 0),
				Evidence: []byte(`{}`), StampScores: []byte(`{}`), Stamps: []byte(`{}`),
			},
			Counted: []int64{7, 3},
			Events:  []store.Event{{Action: "LDP", Address: address, Data: []byte(` {"a":"\\u0000 is not a NUL"}`)}},
			Awards:  []store.Award{{Action: "HKY", Provider: "Google", TxHash: "n"}},
		}},
		Claims: []store.ClaimSwap{
			{Nullifier: "n", To: store.Holder{Address: address, ExpiresAt: noon.AddDate(1, 0, 0)}},
			{Nullifier: "odd", From: odd, To: odd},
			{Nullifier: "taken", From: odd, To: store.Holder{Address: address, ExpiresAt: noon}},
		},
	}
}

func TestChanges_Valid(t *testing.T) {
	require.NoError(t, scored().Validate())

	failed := scored()
	failed.Claims = nil
	failed.Wallets[0] = store.WalletChanges{Address: address, Version: "v", Score: store.Score{Status: store.StatusError, Error: "why"}}
	require.NoError(t, failed.Validate())
}

func TestChanges_Invalid(t *testing.T) {
	for want, spoil := range map[string]func(c *store.Changes){
		"time of the change set is not set": func(c *store.Changes) { c.At = time.Time{} },
		"no wallet":                         func(c *store.Changes) { c.Wallets = nil },
		"is listed twice":                   func(c *store.Changes) { c.Wallets = append(c.Wallets, c.Wallets[0]) },
		`address "0xA11CE`: func(c *store.Changes) {
			c.Wallets[0].Address = "0x" + store.Address(strings.ToUpper(string(address[2:])))
		},
		"has no version":                  func(c *store.Changes) { c.Wallets[0].Version = "" },
		"value is 1 or 0":                 func(c *store.Changes) { c.Wallets[0].Score.Value = "2" },
		"done has no error":               func(c *store.Changes) { c.Wallets[0].Score.Error = "x" },
		"time of a score is not set":      func(c *store.Changes) { c.Wallets[0].Score.ScoredAt = time.Time{} },
		"in the year 10000":               func(c *store.Changes) { c.Wallets[0].Score.ExpiresAt = noon.AddDate(7974, 0, 0) },
		"evidence of a score is not":      func(c *store.Changes) { c.Wallets[0].Score.Evidence = nil },
		"stamps of a score is not":        func(c *store.Changes) { c.Wallets[0].Score.Stamps = []byte(`[]`) },
		"not \"PROCESSING\"":              func(c *store.Changes) { c.Wallets[0].Score.Status = "PROCESSING" },
		"id 0 of a counted":               func(c *store.Changes) { c.Wallets[0].Counted[1] = 0 },
		"id 7 of a counted":               func(c *store.Changes) { c.Wallets[0].Counted[1] = 7 },
		"data of an event is not a JSON":  func(c *store.Changes) { c.Wallets[0].Events[0].Data = []byte(`[1]`) },
		"data of an event holds a NUL":    func(c *store.Changes) { c.Wallets[0].Events[0].Data = []byte(`{"a":"\\\u0000"}`) },
		"data of an event holds half of":  func(c *store.Changes) { c.Wallets[0].Events[0].Data = []byte(`{"a":"\ud800x"}`) },
		"data of an event holds a number": func(c *store.Changes) { c.Wallets[0].Events[0].Data = []byte(`{"a":[1e5,-1E+1000]}`) },
		"action of an event has 4":        func(c *store.Changes) { c.Wallets[0].Events[0].Action = "LONG" },
		"of an event is not 0x":           func(c *store.Changes) { c.Wallets[0].Events[0].Address = "0x" },
		"data of an event is not valid":   func(c *store.Changes) { c.Wallets[0].Events[0].Data = []byte("{\"a\":\"\xff\"}") },
		"award HKY has a negative":        func(c *store.Changes) { c.Wallets[0].Awards[0].Limit = -1 },
		"award HKY is listed twice": func(c *store.Changes) {
			c.Wallets[0].Awards = append(c.Wallets[0].Awards, store.Award{Action: "HKY", Provider: "Google"})
		},
		"award MM2 has two limits, 5 and 4": func(c *store.Changes) {
			c.Wallets[0].Awards = append(c.Wallets[0].Awards, store.Award{Action: "MM2", Limit: 5}, store.Award{Action: "MM2", Provider: "Google", Limit: 4})
		},
		"hash of an award is not valid":  func(c *store.Changes) { c.Wallets[0].Awards[0].TxHash = "\xff" },
		"nullifier is empty":             func(c *store.Changes) { c.Claims[0].Nullifier = "" },
		"nullifier holds a NUL":          func(c *store.Changes) { c.Claims[0].Nullifier = "a\x00b" },
		"nullifier has 101 characters":   func(c *store.Changes) { c.Claims[0].Nullifier = strings.Repeat("n", 101) },
		"nullifier that is listed twice": func(c *store.Changes) { c.Claims = append(c.Claims, c.Claims[0]) },
		"holder of a claim has 101":      func(c *store.Changes) { c.Claims[2].From.Address = store.Address(strings.Repeat("b", 101)) },
		"holder of a claim is empty":     func(c *store.Changes) { c.Claims[0].To = store.Holder{} },
		"of a claim is not 0x":           func(c *store.Changes) { c.Claims[0].To.Address = "somebody" },
		"expiry of a claim is not set":   func(c *store.Changes) { c.Claims[0].To.ExpiresAt = time.Time{} },
		"a failed scoring has claims":    func(c *store.Changes) { c.Wallets[0].Score = store.Score{Status: store.StatusError, Error: "x"} },
		"writes more than its score":     func(c *store.Changes) { c.Wallets[0].Score = store.Score{Status: store.StatusError, Error: "x"} },
		"an error and nothing else":      func(c *store.Changes) { c.Wallets[0].Score.Status, c.Wallets[0].Score.Error = store.StatusError, "x" },
		"error of a failed scoring is":   func(c *store.Changes) { c.Wallets[0].Score = store.Score{Status: store.StatusError} },
	} {
		t.Run(want, func(t *testing.T) {
			changes := scored()
			spoil(changes)
			err := changes.Validate()
			require.ErrorIs(t, err, store.ErrInvalid)
			assert.ErrorContains(t, err, want)
		})
	}
}

func TestScore_UpdateEvent(t *testing.T) {
	score := store.Score{
		Status: store.StatusDone, Value: "1", ScoredAt: noon, Evidence: []byte(`{"type":"x"}`), StampScores: []byte(`{"Google":1.0}`), Stamps: []byte(`{}`),
	}
	event := func(score *store.Score) string {
		event, err := score.UpdateEvent(address)
		require.NoError(t, err)
		assert.Equal(t, store.ActionScoreUpdate, event.Action)
		assert.Equal(t, address, event.Address)
		return string(event.Data)
	}
	assert.JSONEq(t, `{"model":"registry.score","fields":{"score":"1","last_score_timestamp":"2026-06-01T12:00:00+00:00",
		"status":"DONE","error":null,"evidence":{"type":"x"},"stamp_scores":{"Google":1.0},"stamps":{},"expiration_date":null}}`,
		event(&score))

	failed := store.Score{Status: store.StatusError, Error: `say "why"`}
	assert.JSONEq(t, `{"model":"registry.score","fields":{"score":null,"last_score_timestamp":null,"status":"ERROR","error":"say \"why\"","evidence":null,
		"stamp_scores":null,"stamps":null,"expiration_date":null}}`, event(&failed))

	_, err := (&store.Score{Evidence: json.RawMessage("{")}).UpdateEvent(address)
	require.ErrorIs(t, err, store.ErrInvalid)
}

func TestFormatTime(t *testing.T) {
	east := time.FixedZone("east", 3600)
	assert.Equal(t, "2026-06-01T12:00:00+00:00", store.FormatTime(noon))
	assert.Equal(t, "2026-06-01T11:00:00.000100+00:00", store.FormatTime(time.Date(2026, 6, 1, 12, 0, 0, 100_999, east)))
	assert.Equal(t, "2026-06-01T12:00:00+00:00", store.FormatTime(noon.Add(999)), "less than a microsecond is not kept")
}

// A hundred thousand problems are refused in a few words.
func TestValidate_ManyProblems(t *testing.T) {
	customization := map[string]string{}
	for i := range 100_000 {
		customization[fmt.Sprint("provider ", i)] = "no number"
	}
	c := store.Community{ID: 1, Customization: customization}
	err := c.Validate()
	require.ErrorIs(t, err, store.ErrInvalid)
	assert.ErrorContains(t, err, "and 99980 more problems")
	assert.Less(t, len(err.Error()), 10_000)

	long := strings.Repeat("x", 1<<20)
	holder := store.Holder{Address: store.Address(long)}
	err = (&store.Changes{
		At: time.Now(), Claims: []store.ClaimSwap{{Nullifier: long, To: holder}, {Nullifier: long, From: holder, To: holder}},
		Wallets: []store.WalletChanges{{
			Address: store.Address(long), Score: store.Score{Status: store.Status(long), Value: long},
			Events: []store.Event{{Address: store.Address(long)}}, Awards: []store.Award{{Action: long, Provider: long}, {Action: long, Provider: long}},
		}},
	}).Validate()
	require.ErrorIs(t, err, store.ErrInvalid)
	assert.Less(t, len(err.Error()), 10_000)
}

func TestParseAddress(t *testing.T) {
	const lower store.Address = "0x0123456789abcdef0123456789abcdef01234567"
	for _, text := range []string{string(lower), "0x0123456789ABCDEF0123456789abcdef01234567", "0x0123456789aBcDeF0123456789abcdef01234567"} {
		parsed, err := store.ParseAddress(text)
		require.NoError(t, err)
		assert.Equal(t, lower, parsed)
		assert.True(t, parsed.Valid())
		assert.Equal(t, text == string(lower), store.Address(text).Valid())
	}
	assert.Equal(t, "did:pkh:eip155:1:"+string(lower), lower.DID())
	for _, text := range []string{
		"", "0x", "0123456789abcdef0123456789abcdef01234567", "0x0123456789abcdef0123456789abcdef0123456",
		"0x0123456789abcdef0123456789abcdef012345678", "0X0123456789abcdef0123456789abcdef01234567",
		"0x0123456789abcdef0123456789abcdef0123456g", "0x0123456789abcdef0123456789abcdef0123456/",
		"0x0123456789abcdef0123456789abcdef0123456:", "0x0123456789abcdef0123456789abcdef0123456`",
		" 0x0123456789abcdef0123456789abcdef0123456", "0x0123456789abcdef0123456789abcdef012345K", strings.Repeat("x", 1<<20),
	} {
		parsed, err := store.ParseAddress(text)
		require.ErrorIs(t, err, store.ErrInvalidAddress)
		assert.Less(t, len(err.Error()), 300)
		assert.Empty(t, parsed)
		require.False(t, store.Address(text).Valid())
	}
	many, err := store.ParseAddresses([]store.Address{"0x0123456789ABCDEF0123456789abcdef01234567", address, lower})
	require.NoError(t, err)
	assert.Equal(t, []store.Address{lower, address}, many)
	_, err = store.ParseAddresses([]store.Address{lower, "0x"})
	require.ErrorIs(t, err, store.ErrInvalidAddress)
}
