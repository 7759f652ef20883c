package passporthttp_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporthttp"
	"github.com/passport-sdk/passport-go/store"
)

// apart is a store without the role CallerFinder.
type apart struct{ passporthttp.Lookups }

// Answers do not depend on whether the key and the community are found at once.
func TestCaller_Apart(t *testing.T) {
	s := prepareSite(t)
	alone, err := apikey.New(apart{s.db}, apikey.WithClock(s.clock.Now))
	require.NoError(t, err)
	handler := func(keys *apikey.Registry, db passporthttp.Lookups) http.Handler {
		h, err := passporthttp.New(s.scorer, db, passporthttp.WithKeys(keys))
		require.NoError(t, err)
		return h
	}
	handlers := map[string]http.Handler{
		"together":            handler(s.keys, s.db),
		"without the role":    handler(alone, apart{s.db}),
		"registry without":    handler(alone, s.db),
		"of different stores": handler(s.keys, apart{s.db}),
	}
	s.expire(s.historian[:8])
	require.NoError(t, s.db.DeleteCommunity(t.Context(), foreign))
	for _, scorer := range []string{"1", "77", "0077", "+1", "-1", "0", "2", "3", "x", "99999999999999999999", "%00"} {
		for name, key := range map[string]string{
			"reader": s.reader, "stranger": s.stranger, "expired": s.historian, "may not": s.nobody, "wrong": s.reader + "x", "unknown": "unknown1.x", "none": "",
		} {
			for _, wallet := range []string{alice, "alice"} {
				answers := map[string]string{}
				for how, h := range handlers {
					request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v2/stamps/"+scorer+"/score/"+wallet, nil)
					request.Header.Set("X-Api-Key", key)
					answer := httptest.NewRecorder()
					h.ServeHTTP(answer, request)
					answers[how] = http.StatusText(answer.Code) + " " + answer.Body.String()
				}
				for how, answer := range answers {
					assert.Equal(t, answers["without the role"], answer, "%s: %s, %s, %s", how, name, scorer, wallet)
				}
			}
		}
	}
}

// A community that cannot be looked up with the key is like one that cannot be
// looked up after it, and a registry on another store is asked for keys alone.
func TestCaller_OtherStore(t *testing.T) {
	s := prepareSite(t)
	others, err := apikey.New(memstore.New())
	require.NoError(t, err)
	assert.True(t, s.keys.FindsCallers(s.db))
	assert.False(t, s.keys.FindsCallers(apart{s.db}))
	assert.False(t, others.FindsCallers(s.db))
	h, err := passporthttp.New(s.scorer, s.db, passporthttp.WithKeys(others))
	require.NoError(t, err)
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v2/stamps/1/score/"+alice, nil)
	request.Header.Set("X-Api-Key", s.reader)
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, request)
	assert.Equal(t, http.StatusUnauthorized, answer.Code, "a key of the store that has the communities")
}

// The answer is the same whether the points come from the result or from the
// store after the scoring.
func TestWithPoints_Ledger(t *testing.T) {
	s := newSite(t)
	state := s.db.State()
	state.Multipliers = map[store.Address]int{alice: 3}
	state.Points = []store.StoredPoint{
		{Address: alice, At: noon, HumanPoint: store.HumanPoint{Action: "PMT", ChainID: 10, TxHash: "0x1"}},
		{Address: alice, At: noon, HumanPoint: store.HumanPoint{Action: "HIM"}},
		{Address: bob, At: noon, HumanPoint: store.HumanPoint{Action: "ISB"}},
	}
	ask := func(wallet string) string {
		require.NoError(t, s.db.SetState(state))
		got := s.do(request{path: "/v2/stamps/1/score/" + wallet, key: s.reader})
		require.Equal(t, http.StatusOK, got.status)
		return got.body
	}
	first := ask(alice)
	assert.Contains(t, first, `"points_data":{"total_points":500,"is_eligible":true,"multiplier":3,"breakdown":{"HKY":200,"PMT":300,"PMT_10":300}}`)
	s.withoutLedger()
	assert.Equal(t, first, ask(alice))
}
