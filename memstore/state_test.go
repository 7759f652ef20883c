package memstore_test

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

// full is a content in which no field is zero.
func full() store.State {
	document := json.RawMessage(`{"text":"<é>","number":1.50}`)
	score := store.Score{
		Status: store.StatusDone, Value: "1", ScoredAt: noon(), ExpiresAt: noon(), Error: "why",
		Evidence: document, StampScores: document, Stamps: document,
	}
	return store.State{
		Accounts: []store.Account{{ID: 3, Username: "host"}},
		Communities: []store.StoredCommunity{{Deleted: true, Community: store.Community{
			ID: community, Name: "Tea", Account: 3, ExternalID: "0x7", Rule: "LIFO", HumanPoints: true, Scorer: store.ScorerWeighted,
			Weights: document, Threshold: "3.00000", Customization: map[string]string{"AllowList#og": "1.0000"},
		}}},
		Lists: []store.AddressList{{Name: "og", Members: []store.Address{alice}}},
		Credentials: []store.StoredCredential{{
			Credential: store.Credential{ID: 5, Provider: "Google", Document: document, Omitted: store.OmittedTooLarge, UpdatedAt: noon()},
			Address:    alice, ProofValue: "proof", IssuedAt: noon(), ExpiresAt: noon(), Foreign: true, Deleted: true, Revoked: true,
		}},
		Scores: []store.StoredScore{{
			Score: score, Community: community, Address: alice, Counted: []store.CountedCredential{{Provider: "Google", Document: document}},
		}},
		GroupClaims: []store.StoredGroupClaim{{
			GroupClaim: store.GroupClaim{Key: "a,b", Canonical: alice, ClaimedAt: noon()}, Community: community,
		}},
		Claims: []store.StoredClaim{{
			Claim: store.Claim{Nullifier: "secret", Holder: store.Holder{Address: alice, ExpiresAt: noon()}}, Community: community,
		}},
		Events: []store.StoredEvent{{Community: community, RecordedEvent: store.RecordedEvent{
			Event: store.Event{Action: "SCU", Address: alice, Data: document}, ID: 9, At: noon(),
		}}},
		Points: []store.StoredPoint{{
			HumanPoint: store.HumanPoint{Action: "HKY", Provider: "Google", TxHash: "0x1", ChainID: 10}, Address: alice, At: noon(),
		}},
		Qualified:   []store.Qualification{{Address: alice, Community: community}},
		PointValues: map[string]int{"HKY": 100},
		Multipliers: map[store.Address]int{alice: 2},
		Keys: []store.Key{{
			ID: "secret", Prefix: "prefix", Hash: "hash", SHA256: "sha256", Name: "mine", Account: 3, CreatedAt: noon(), ExpiresAt: noon(),
			Revoked: true, RateLimit: "1/s", ReadScores: true, Historical: true, SubmitPassports: true, CreateScorers: true,
		}},
		Usage: []store.Usage{{
			KeyID: "secret", At: noon(), Path: "/v2", BasePath: "/", Segments: document, Query: document, Headers: document,
			Payload: document, Response: document, ResponseSkipped: true, Status: 200, Error: "why",
		}},
	}
}

func TestStore_SetState(t *testing.T) {
	mem := memstore.New()
	require.NoError(t, mem.SetState(full()))
	equalStates(t, full(), mem.State())
	require.NoError(t, mem.SetState(store.State{}))
	equalStates(t, store.State{}, mem.State())
}

func TestStore_SetState_Full(t *testing.T) {
	var zeros func(path string, v reflect.Value) []string
	zeros = func(path string, v reflect.Value) (found []string) {
		switch {
		case v.IsZero():
			return []string{path}
		case v.Kind() == reflect.Slice && v.Type() != reflect.TypeFor[json.RawMessage]():
			return zeros(path, v.Index(0))
		case v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[time.Time]():
			for i := range v.NumField() {
				found = append(found, zeros(path+"."+v.Type().Field(i).Name, v.Field(i))...)
			}
		}
		return found
	}
	assert.Empty(t, zeros("", reflect.ValueOf(full())), "the other tests would not notice that these are lost")
}

func TestStore_SetState_Copies(t *testing.T) {
	given := full()
	given.Credentials[0].Document = bytes.Clone(given.Credentials[0].Document)
	mem := memstore.New()
	require.NoError(t, mem.SetState(given))
	spoil(&given)
	for _, document := range []json.RawMessage{given.Communities[0].Weights, given.Scores[0].Evidence, given.Events[0].Data, given.Usage[0].Query} {
		clear(document)
	}
	equalStates(t, full(), mem.State())
	got := mem.State()
	spoil(&got)
	equalStates(t, full(), mem.State())
}

// spoil changes what a state holds, except in documents.
func spoil(s *store.State) {
	s.Accounts[0].ID++
	s.Communities[0].Name = ""
	s.Communities[0].Customization["Custom"] = "1"
	s.Lists[0].Members[0] = ""
	s.Credentials[0].Provider = ""
	s.Scores[0].Counted[0].Provider = ""
	s.Claims[0].Nullifier = ""
	s.GroupClaims[0].Key = ""
	s.Events[0].ID++
	s.Points[0].Action = ""
	s.Qualified[0].Community++
	s.PointValues["HKY"]++
	s.Multipliers[alice]++
	s.Keys[0].Revoked = false
	s.Usage[0].Path = ""
}

func TestStore_SetState_Refused(t *testing.T) {
	for name, change := range map[string]func(*store.State){
		"account twice":           func(s *store.State) { s.Accounts = append(s.Accounts, store.Account{ID: 3}) },
		"user twice":              func(s *store.State) { s.Accounts = append(s.Accounts, store.Account{ID: 4, Username: "host"}) },
		"account of 0":            func(s *store.State) { s.Accounts[0].ID = 0 },
		"community twice":         func(s *store.State) { s.Communities = append(s.Communities, s.Communities[0]) },
		"list twice":              func(s *store.State) { s.Lists = append(s.Lists, store.AddressList{Name: "og"}) },
		"credential twice":        func(s *store.State) { s.Credentials = append(s.Credentials, s.Credentials[0]) },
		"credential of 0":         func(s *store.State) { s.Credentials[0].ID = 0 },
		"credential at the limit": func(s *store.State) { s.Credentials[0].ID = 1<<63 - 1 },
		"credential not JSON":     func(s *store.State) { s.Credentials[0].Document = []byte(`{`) },
		"credential missing":      func(s *store.State) { s.Credentials[0].Document = nil },
		"credential with a NUL":   func(s *store.State) { s.Credentials[0].Document = []byte(`"\u0000"`) },
		"score twice":             func(s *store.State) { s.Scores = append(s.Scores, s.Scores[0]) },
		"evidence not JSON":       func(s *store.State) { s.Scores[0].Evidence = []byte(`{`) },
		"group claim twice":       func(s *store.State) { s.GroupClaims = append(s.GroupClaims, s.GroupClaims[0]) },
		"claim twice":             func(s *store.State) { s.Claims = append(s.Claims, s.Claims[0]) },
		"event twice":             func(s *store.State) { s.Events = append(s.Events, s.Events[0]) },
		"event of 0":              func(s *store.State) { s.Events[0].ID = 0 },
		"event not JSON":          func(s *store.State) { s.Events[0].Data = []byte(`{`) },
		"event out of range":      func(s *store.State) { s.Events[0].At = noon().AddDate(10_000, 0, 0) },
		"prefix twice":            func(s *store.State) { s.Keys = append(s.Keys, store.Key{ID: "other", Prefix: "prefix"}) },
		"key twice":               func(s *store.State) { s.Keys = append(s.Keys, store.Key{ID: "secret", Prefix: "other"}) },
	} {
		t.Run(name, func(t *testing.T) {
			mem := newStore(t)
			before := mem.State()
			bad := full()
			change(&bad)
			err := mem.SetState(bad)
			require.ErrorIs(t, err, store.ErrInvalid)
			var detail *store.Error
			require.ErrorAs(t, err, &detail)
			assert.NotContains(t, err.Error(), "secret")
			equalStates(t, before, mem.State())
		})
	}
}

func save(t testing.TB, mem *memstore.Store) string {
	t.Helper()
	var text strings.Builder
	require.NoError(t, mem.Save(&text))
	return text.String()
}

func TestStore_Restore(t *testing.T) {
	bare := store.State{ // whose documents are absent
		Communities: []store.StoredCommunity{{Community: store.Community{ID: 1}}},
		Scores:      []store.StoredScore{{Community: 1, Address: alice, Counted: []store.CountedCredential{{}}}},
		Events:      []store.StoredEvent{{RecordedEvent: store.RecordedEvent{ID: 1}}},
		Usage:       []store.Usage{{}, {Response: []byte(`null`)}},
	}
	for name, state := range map[string]store.State{"full": full(), "bare": bare, "empty": {}, "new": memstore.New().State()} {
		t.Run(name, func(t *testing.T) {
			mem, again := memstore.New(), newStore(t)
			require.NoError(t, mem.SetState(state))
			text := save(t, mem)
			require.NoError(t, again.Restore(strings.NewReader(text)))
			equalStates(t, state, again.State())
			assert.Equal(t, text, save(t, again))
		})
	}
}

func TestStore_Restore_Refused(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": ``, "half": `{`, "list": `[]`, "two": `{} {}`, "unknown member": `{"Rows":[]}`, "wrong type": `{"Keys":[{"Prefix":1}]}`,
		"refused state": `{"Communities":[{"ID":1},{"ID":1}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			mem := newStore(t)
			before := mem.State()
			err := mem.Restore(strings.NewReader(text))
			require.ErrorIs(t, err, store.ErrInvalid)
			var detail *store.Error
			require.ErrorAs(t, err, &detail)
			equalStates(t, before, mem.State())
		})
	}
	err := memstore.New().Restore(iotest.ErrReader(io.ErrUnexpectedEOF))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.NotErrorIs(t, err, store.ErrInvalid, "the text is not known")
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestStore_Save_Fails(t *testing.T) {
	assert.ErrorIs(t, memstore.New().Save(failingWriter{}), io.ErrClosedPipe)
}

// A restored state is saved as it is, and can be scored.
func FuzzRestore(f *testing.F) {
	mem := memstore.New()
	f.Add([]byte(save(f, mem)))
	if err := mem.SetState(full()); err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(save(f, mem)))
	f.Add([]byte(`{"Events":[{"ID":4611686018427387904}],"Usage":[{"At":"0000-01-01T00:00:00+23:59"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		mem := memstore.New(memstore.WithClock(noon))
		if err := mem.Restore(bytes.NewReader(text)); err != nil {
			require.ErrorIs(t, err, store.ErrInvalid)
			return
		}
		saved, again := save(t, mem), memstore.New()
		require.NoError(t, again.Restore(strings.NewReader(saved)))
		require.Equal(t, saved, save(t, again))

		put := mem.PutCommunity(t.Context(), store.Community{ID: community, Name: "fuzzed", Threshold: "1"})
		if put != nil {
			require.ErrorIs(t, put, store.ErrConflict)
			return
		}
		require.NoError(t, mem.AddCredentials(t.Context(), alice, credential("Google", "n")))
		snapshot, err := mem.Load(t.Context(), store.Query{Community: community, Addresses: []store.Address{alice}, Points: &store.PointsQuery{}})
		require.NoError(t, err)
		require.NotEmpty(t, snapshot.Wallets[0].Credentials)
		changes := scoring(snapshot)
		changes.Wallets[0].Counted = changes.Wallets[0].Counted[:1]
		_, err = mem.Apply(t.Context(), changes)
		require.NoError(t, err)
		_, err = mem.LastScore(t.Context(), community, alice)
		require.NoError(t, err)
		require.NoError(t, again.Restore(strings.NewReader(save(t, mem))))
	})
}
