package storetest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// NewHandler returns a handler that serves scores of the engine over HTTP, by
// the contract of the service, and looks everything else up on the harness.
type NewHandler func(t testing.TB, h Harness, engine *passport.Engine) http.Handler

// ServedScenarios sends the requests of every recorded scenario, those about
// API keys, history and listing too, to a server over TCP, each on a harness of
// its own, and compares status, body and content with those that are wanted.
func ServedScenarios(t *testing.T, newHarness NewHarness, newHandler NewHandler) {
	t.Helper()
	for _, s := range scenarios(t) {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			s.check(t, newHarness(t), throughServer(newHandler))
		})
	}
}

func throughServer(newHandler NewHandler) asking {
	return func(r *replay) func(scenarioStep, scenarioAnswer) {
		server := httptest.NewServer(newHandler(r.t, r.Harness, r.engine))
		r.t.Cleanup(server.Close)
		return func(step scenarioStep, want scenarioAnswer) { r.get(server.URL, step, want) }
	}
}

// RunningScenarios is [ServedScenarios] for a server that runs already, at the
// URL and on the content of the harnesses, one after the other. It trusts the
// [TrustedIssuers], links the [LinkedWallets], awards human points with those
// of [passport.MetaMaskOG], and has the clock of this machine.
func RunningScenarios(t *testing.T, newHarness NewHarness, url string) {
	t.Helper()
	for _, s := range scenarios(t) {
		t.Run(s.Name, func(t *testing.T) { s.check(t, newHarness(t), throughURL(url)) })
	}
}

// throughURL takes any time from now on for the time of a scoring.
func throughURL(url string) asking {
	return func(r *replay) func(scenarioStep, scenarioAnswer) {
		began := store.Microseconds(time.Now())
		r.isNow = func(at time.Time) bool { return !at.Before(began) && !at.After(time.Now()) }
		return func(step scenarioStep, want scenarioAnswer) { r.get(url, step, want) }
	}
}

// TrustedIssuers returns the DIDs that signed the credentials of the recorded
// scenarios.
func TrustedIssuers() []string { return slices.Clone(trustedInScenarios) }

// get sends the request and compares the answer with the service's.
func (r *replay) get(url string, step scenarioStep, want scenarioAnswer) {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.ctx, http.MethodGet, url+step.Get, nil)
	require.NoError(r.t, err)
	for name, value := range step.Headers {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(r.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(r.t, err)

	assert.Equal(r.t, want.Status, response.StatusCode, "%s: %s", step.Get, body)
	assert.Equal(r.t, "application/json", response.Header.Get("Content-Type"))
	var wanted, got any
	require.NoError(r.t, json.Unmarshal(want.Body, &wanted))
	require.NoError(r.t, json.Unmarshal(body, &got), "%s", body)
	assert.True(r.t, r.matches(wanted, got), "%s: want %v\ngot %v", step.Get, wanted, got)
}
