package servicerows

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

const (
	alice store.Address = "0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c"
	bob   store.Address = "0xb0b00b0b00b0b00b0b00b0b00b0b00b0b00b0b00"
)

func at(second int) time.Time { return time.Date(2026, 6, 1, 12, 0, second, 123456000, time.UTC) }

// full is a state that has something of everything.
func full() store.State {
	credential := func(id int64, provider string) store.StoredCredential {
		return store.StoredCredential{
			Credential: store.Credential{ID: id, Provider: provider, Document: []byte(`{"n":12345678901234567890.10}`), UpdatedAt: at(1)},
			Address:    alice, ProofValue: "p", IssuedAt: at(2), ExpiresAt: at(3),
		}
	}
	foreign, deleted, revoked := credential(2, "Google"), credential(3, "Google"), credential(4, "Ens")
	foreign.Foreign, deleted.Deleted, revoked.Revoked = true, true, true
	undated := credential(5, "Github")
	undated.IssuedAt, undated.ExpiresAt = time.Time{}, time.Time{}
	return store.State{
		Accounts: []store.Account{{ID: 1, Username: "host"}, {ID: 4, Username: "guest"}},
		Communities: []store.StoredCommunity{
			{Community: store.Community{
				ID: 1, Name: "One", Account: 1, Rule: "LIFO", HumanPoints: true, ExternalID: "0x1", Scorer: store.ScorerBinary,
				Threshold: "3.5", Weights: []byte(`{"Google":0.10}`), Customization: map[string]string{"AllowList#team": "1.25", "Custom#1": "2"},
			}},
			{Community: store.Community{
				ID: 2, Name: "Two", Account: 4, Rule: "FIFO", Scorer: store.ScorerWeighted, Threshold: "0", Customization: map[string]string{"Custom#1": "3"},
			}},
			{Community: store.Community{ID: 7, Name: "Three", Account: 4, Rule: "LIFO", Scorer: "OTHER"}, Deleted: true},
			{Community: store.Community{ID: 8, Name: "Four", Account: 4, Rule: "LIFO"}},
		},
		Lists:       []store.AddressList{{Name: "og", Members: []store.Address{alice, bob}}, {Name: "team"}},
		Credentials: []store.StoredCredential{credential(1, "Google"), foreign, deleted, revoked, undated},
		Scores: []store.StoredScore{
			{
				Score: store.Score{
					Status: store.StatusDone, Value: "1", ScoredAt: at(4), ExpiresAt: at(5),
					Evidence: []byte(`{"success":true}`), StampScores: []byte(`{"Google":0.10}`), Stamps: []byte(`{}`),
				},
				Community: 1, Address: alice, Counted: []store.CountedCredential{{Provider: "Google", Document: []byte(`{"a":1.0}`)}},
			},
			{Score: store.Score{Status: store.StatusError, Error: "why"}, Community: 2, Address: alice},
			{Community: 1, Address: bob},
		},
		Claims: []store.StoredClaim{{Claim: store.Claim{Nullifier: "n", Holder: store.Holder{Address: "0xB0B", ExpiresAt: at(6)}}, Community: 1}},
		GroupClaims: []store.StoredGroupClaim{
			{GroupClaim: store.GroupClaim{Key: store.GroupKey([]store.Address{alice, bob}), Canonical: bob, ClaimedAt: at(14)}, Community: 2},
		},
		Events: []store.StoredEvent{
			{RecordedEvent: store.RecordedEvent{Event: store.Event{Action: "SCU", Address: alice, Data: []byte(`{"x":[1.50]}`)}, ID: 9, At: at(7)}, Community: 2},
		},
		Points:      []store.StoredPoint{{HumanPoint: store.HumanPoint{Action: "HKY", Provider: "Google", TxHash: "n", ChainID: 10}, Address: bob, At: at(8)}},
		Qualified:   []store.Qualification{{Address: bob, Community: 1}},
		PointValues: map[string]int{"HKY": 100},
		Multipliers: map[store.Address]int{bob: 3},
		Keys: []store.Key{
			{
				ID: "a.b", Prefix: "a", Hash: "b", SHA256: "c", Name: "d", Account: 1, CreatedAt: at(9), ExpiresAt: at(10), Revoked: true,
				RateLimit: "1/s", ReadScores: true, Historical: true, SubmitPassports: true, CreateScorers: true,
			},
			{ID: "e.f", Prefix: "e", Hash: "f", Account: 4, CreatedAt: at(11)},
		},
		Usage: []store.Usage{
			{
				KeyID: "a.b", At: at(12), Path: "/p", BasePath: "/b", Segments: []byte(`["p"]`), Query: []byte(`{"q":1.0}`), Headers: []byte(`{"h":1}`),
				Payload: []byte(`{"p":1}`), Response: []byte(`{"r":1}`), ResponseSkipped: true, Status: 200, Error: "e",
			},
			{KeyID: "e.f", At: at(13), Path: "/"},
		},
	}
}

func TestRows_RoundTrip(t *testing.T) {
	state := full()
	for field, value := range reflect.ValueOf(state).Fields() {
		require.Positive(t, value.Len(), field.Name)
	}
	got, err := FromRows(Rows(state))
	require.NoError(t, err)
	assert.Equal(t, state, got)

	empty, err := FromRows(Rows(store.State{}))
	require.NoError(t, err)
	assert.Equal(t, store.State{PointValues: map[string]int{}, Multipliers: map[store.Address]int{}}, empty)
}

// Rows that were recorded on the service hold what their states hold.
func TestFromRows_Recorded(t *testing.T) {
	text, err := os.ReadFile("../../store/storetest/testdata/scenarios.json")
	require.NoError(t, err)
	var scenarios []struct {
		Name string
		Rows map[string][]map[string]any
	}
	require.NoError(t, json.Unmarshal(text, &scenarios))
	require.NotEmpty(t, scenarios)
	for _, s := range scenarios {
		state, err := FromRows(s.Rows)
		require.NoError(t, err, s.Name)
		again, err := FromRows(Rows(state))
		require.NoError(t, err, s.Name)
		require.Len(t, again.Communities, len(s.Rows["account_community"]), s.Name)
		require.Len(t, again.Credentials, len(s.Rows["ceramic_cache_ceramiccache"]), s.Name)
		assert.Equal(t, asJSON(t, state), asJSON(t, again), s.Name)
	}
}

func asJSON(t *testing.T, state store.State) string {
	t.Helper()
	text, err := json.Marshal(state)
	require.NoError(t, err)
	return string(text)
}

func TestFromRows_Odd(t *testing.T) {
	state, err := FromRows(map[string][]map[string]any{
		"registry_event":             {{"id": 1, "community_id": nil}, {"id": 2}},
		"registry_score":             {{"id": 1, "passport_id": 5}},
		"account_allowlist":          {{"customization_id": 5, "weight": "1"}},
		"registry_humanpointsconfig": {{"action": "HKY", "points": 100, "active": false}},
		"account_community":          {{"id": 1, "scorer_id": 1}},
		"scorer_weighted_scorer":     {{"id": 1, "type": "WEIGHTED"}},
		"scorer_weighted_weightedscorer": {
			{"scorer_ptr_id": 1, "threshold": 20.5, "weights": nil},
		},
		"registry_batchmodelscoringrequest": {{"id": "unknown"}},
	})
	require.NoError(t, err)
	assert.Empty(t, state.Events)
	assert.Empty(t, state.Scores)
	assert.Empty(t, state.PointValues)
	require.Len(t, state.Communities, 1)
	assert.Equal(t, "20.5", state.Communities[0].Threshold)
	assert.Nil(t, state.Communities[0].Weights)

	for _, bad := range []map[string]any{{"id": "1"}, {"updated_at": "yesterday"}, {"stamp": json.RawMessage("{")}} {
		_, err := FromRows(map[string][]map[string]any{"ceramic_cache_ceramiccache": {bad}})
		assert.Error(t, err, "%v", bad)
	}
}

// Every table and column exists in the schema.
func TestRows_Schema(t *testing.T) {
	files, err := filepath.Glob("../../pgstore/schema/*.sql")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	columns := map[string][]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, table := range regexp.MustCompile(`(?s)create table \S+\.(\w+) \((.*?)\n\);`).FindAllStringSubmatch(string(text), -1) {
			for line := range strings.Lines(table[2]) {
				if name := strings.Fields(line); len(name) > 0 {
					columns[table[1]] = append(columns[table[1]], name[0])
				}
			}
		}
	}
	for table, rows := range Rows(full()) {
		for _, r := range rows {
			for column := range r {
				assert.Contains(t, columns[table], column, table)
			}
		}
	}
	for table := range reflect.TypeFor[tables]().Fields() {
		for column := range table.Type.Elem().Fields() {
			assert.Contains(t, columns[table.Tag.Get("json")], column.Tag.Get("json"), table.Name)
		}
	}
}
