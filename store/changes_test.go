package store_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

const address = "0xa11ce00000000000000000000000000000000000"

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

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
			Stamps: []store.Stamp{{Provider: "Google", Credential: []byte(`{"a":"\\u0000 is not a NUL"}`)}},
			Events: []store.Event{{Action: "LDP", Address: address, Data: []byte(` {}`)}},
			Awards: []store.Award{{Action: "HKY", Provider: "Google", TxHash: "n"}},
		}},
		Claims: []store.Claim{{Nullifier: "n", Address: address, ExpiresAt: noon.AddDate(1, 0, 0)}},
	}
}

func TestAGoodChangeSetIsValid(t *testing.T) {
	require.NoError(t, scored().Validate())

	failed := scored()
	failed.Claims = nil
	failed.Wallets[0] = store.WalletChanges{Address: address, Version: "v", Score: store.Score{Status: store.StatusError, Error: "why"}}
	require.NoError(t, failed.Validate())
}

func TestValidateNamesEachFault(t *testing.T) {
	for want, spoil := range map[string]func(c *store.Changes){
		"moment of the change set is not set": func(c *store.Changes) { c.At = time.Time{} },
		"no wallet":                           func(c *store.Changes) { c.Wallets = nil },
		"is there twice":                      func(c *store.Changes) { c.Wallets = append(c.Wallets, c.Wallets[0]) },
		`address "0xA11CE`: func(c *store.Changes) {
			c.Wallets[0].Address = strings.ToUpper(address[2:])
			c.Wallets[0].Address = "0x" + c.Wallets[0].Address
		},
		"has no version":                  func(c *store.Changes) { c.Wallets[0].Version = "" },
		"value is 1 or 0":                 func(c *store.Changes) { c.Wallets[0].Score.Value = "2" },
		"done has no error":               func(c *store.Changes) { c.Wallets[0].Score.Error = "x" },
		"moment of a score is not set":    func(c *store.Changes) { c.Wallets[0].Score.ScoredAt = time.Time{} },
		"in the year 10000":               func(c *store.Changes) { c.Wallets[0].Score.ExpiresAt = noon.AddDate(7974, 0, 0) },
		"evidence of a score is not":      func(c *store.Changes) { c.Wallets[0].Score.Evidence = nil },
		"stamps of a score is not":        func(c *store.Changes) { c.Wallets[0].Score.Stamps = []byte(`[]`) },
		"not \"PROCESSING\"":              func(c *store.Changes) { c.Wallets[0].Score.Status = "PROCESSING" },
		"provider of a stamp is empty":    func(c *store.Changes) { c.Wallets[0].Stamps[0].Provider = "" },
		"has 257 characters":              func(c *store.Changes) { c.Wallets[0].Stamps[0].Provider = strings.Repeat("é", 257) },
		"credential of a stamp is not":    func(c *store.Changes) { c.Wallets[0].Stamps[0].Credential = []byte(`[1]`) },
		"stamp is not a JSON object":      func(c *store.Changes) { c.Wallets[0].Stamps[0].Credential = []byte(`{"a":}`) },
		"data of an event holds a NUL":    func(c *store.Changes) { c.Wallets[0].Events[0].Data = []byte(`{"a":"\\\u0000"}`) },
		"data of an event holds half of":  func(c *store.Changes) { c.Wallets[0].Events[0].Data = []byte(`{"a":"\ud800x"}`) },
		"data of an event holds a number": func(c *store.Changes) { c.Wallets[0].Events[0].Data = []byte(`{"a":[1e5,-1E+1000]}`) },
		"action of an event has 4":        func(c *store.Changes) { c.Wallets[0].Events[0].Action = "LONG" },
		"of an event is not 0x":           func(c *store.Changes) { c.Wallets[0].Events[0].Address = "0x" },
		"data of an event is not valid":   func(c *store.Changes) { c.Wallets[0].Events[0].Data = []byte("{\"a\":\"\xff\"}") },
		"award HKY has a chain":           func(c *store.Changes) { c.Wallets[0].Awards[0].ChainID = 1 },
		"award HKY is there twice": func(c *store.Changes) {
			c.Wallets[0].Awards = append(c.Wallets[0].Awards, store.Award{Action: "HKY", Provider: "Google"})
		},
		"award MM2 has two limits, 5 and 4": func(c *store.Changes) {
			c.Wallets[0].Awards = append(c.Wallets[0].Awards, store.Award{Action: "MM2", Limit: 5}, store.Award{Action: "MM2", Provider: "Google", Limit: 4})
		},
		"hash of an award is not valid":   func(c *store.Changes) { c.Wallets[0].Awards[0].TxHash = "\xff" },
		"nullifier is empty":              func(c *store.Changes) { c.Claims[0].Nullifier = "" },
		"nullifier holds a NUL":           func(c *store.Changes) { c.Claims[0].Nullifier = "a\x00b" },
		"nullifier has 101 characters":    func(c *store.Changes) { c.Claims[0].Nullifier = strings.Repeat("n", 101) },
		"nullifier that is claimed twice": func(c *store.Changes) { c.Claims = append(c.Claims, c.Claims[0]) },
		"nullifier that is claimed too":   func(c *store.Changes) { c.Held = c.Claims },
		"holder of a claim has 101":       func(c *store.Changes) { c.Held = []store.Claim{{Nullifier: "h", Address: strings.Repeat("b", 101)}} },
		"of a claim is not 0x":            func(c *store.Changes) { c.Claims[0].Address = "somebody" },
		"expiry of a claim is not set":    func(c *store.Changes) { c.Claims[0].ExpiresAt = time.Time{} },
		"claims nothing":                  func(c *store.Changes) { c.Wallets[0].Score = store.Score{Status: store.StatusError, Error: "x"} },
		"writes its score and nothing":    func(c *store.Changes) { c.Wallets[0].Score = store.Score{Status: store.StatusError, Error: "x"} },
		"an error and nothing else":       func(c *store.Changes) { c.Wallets[0].Score.Status, c.Wallets[0].Score.Error = store.StatusError, "x" },
		"error of a failed scoring is":    func(c *store.Changes) { c.Wallets[0].Score = store.Score{Status: store.StatusError} },
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

func TestTheEventOfAScoreIsTheServices(t *testing.T) {
	score := store.Score{
		Status: store.StatusDone, Value: "1", ScoredAt: noon, Evidence: []byte(`{"type":"x"}`), StampScores: []byte(`{"Google":1.0}`), Stamps: []byte(`{}`),
	}
	assert.JSONEq(t, `{"model":"registry.score","pk":7,"fields":{"passport":3,"score":"1","last_score_timestamp":"2026-06-01T12:00:00+00:00",
		"status":"DONE","error":null,"evidence":{"type":"x"},"stamp_scores":{"Google":1.0},"stamps":{},"expiration_date":null}}`,
		string(score.EventData(3, 7)))

	failed := store.Score{Status: store.StatusError, Error: `say "why"`}
	assert.JSONEq(t, `{"score":null,"last_score_timestamp":null,"status":"ERROR","error":"say \"why\"","evidence":null,
		"stamp_scores":null,"stamps":null,"expiration_date":null}`, string(failed.EventFields()))
}

func TestMomentsAreWrittenAsTheServiceWritesThem(t *testing.T) {
	east := time.FixedZone("east", 3600)
	assert.Equal(t, "2026-06-01T12:00:00+00:00", store.FormatTime(noon))
	assert.Equal(t, "2026-06-01T11:00:00.000100+00:00", store.FormatTime(time.Date(2026, 6, 1, 12, 0, 0, 100_999, east)))
	assert.Equal(t, "2026-06-01T12:00:00+00:00", store.FormatTime(noon.Add(999)), "less than a microsecond is not kept")
}

// What has a hundred thousand faults is refused in a few words.
func TestFaultsBeyondTheFirstAreCounted(t *testing.T) {
	overlay := map[string]string{}
	for i := range 100_000 {
		overlay[fmt.Sprint("provider ", i)] = "no number"
	}
	c := store.Community{ID: 1, Overlay: overlay}
	err := c.Validate()
	require.ErrorIs(t, err, store.ErrInvalid)
	assert.ErrorContains(t, err, "and 99980 faults more")
	assert.Less(t, len(err.Error()), 10_000)

	err = store.CheckAddressList("list", strings.Repeat("x", 1<<20), strings.Repeat("y", 1<<20))
	require.ErrorIs(t, err, store.ErrInvalid)
	assert.Less(t, len(err.Error()), 1000)

	long := strings.Repeat("x", 1<<20)
	err = (&store.Changes{
		At: time.Now(), Claims: []store.Claim{{Nullifier: long, Address: long}, {Nullifier: long, Address: long}},
		Wallets: []store.WalletChanges{{
			Address: long, Score: store.Score{Status: store.Status(long), Value: long},
			Events: []store.Event{{Address: long}}, Awards: []store.Award{{Action: long, Provider: long}, {Action: long, Provider: long}},
		}},
	}).Validate()
	require.ErrorIs(t, err, store.ErrInvalid)
	assert.Less(t, len(err.Error()), 10_000)
}

func TestAddressesAreChecked(t *testing.T) {
	require.NoError(t, store.CheckAddress("0x0123456789abcdef0123456789abcdef01234567"))
	for _, address := range []string{
		"", "0x", "0123456789abcdef0123456789abcdef01234567", "0x0123456789abcdef0123456789abcdef0123456",
		"0x0123456789abcdef0123456789abcdef012345678", "0X0123456789abcdef0123456789abcdef01234567",
		"0x0123456789ABCDEF0123456789abcdef01234567", "0x0123456789abcdef0123456789abcdef0123456g",
		"0x0123456789abcdef0123456789abcdef0123456/", "0x0123456789abcdef0123456789abcdef0123456:",
		"0x0123456789abcdef0123456789abcdef0123456`", " 0x0123456789abcdef0123456789abcdef0123456",
	} {
		err := store.CheckAddress(address)
		require.ErrorIs(t, err, store.ErrInvalid)
		require.ErrorContains(t, err, strconv.Quote(address)+" is not 0x and 40 lower-case hex digits")
		require.False(t, store.ValidAddress(address))
	}
}
