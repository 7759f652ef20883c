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
)

// NewHandler returns what serves scores of the engine over HTTP, by the contract
// of the service, and looks everything else up on the harness.
type NewHandler func(t testing.TB, h Harness, engine *passport.Engine) http.Handler

// ServedScenarios sends the requests of every recorded scenario, those about API
// keys, history and listing too, to a server over TCP, each on a fresh harness,
// and compares status, body and rows with those that are wanted.
func ServedScenarios(t *testing.T, newHarness NewHarness, newHandler NewHandler) {
	t.Helper()
	for _, s := range scenarios(t) {
		t.Run(s.Name, func(t *testing.T) { s.check(t, newHarness(t), throughServer(newHandler)) })
	}
}

func throughServer(newHandler NewHandler) asking {
	return func(w *world, engine *passport.Engine) func(scenarioStep, scenarioAnswer) {
		server := httptest.NewServer(newHandler(w.t, w.Harness, engine))
		w.t.Cleanup(server.Close)
		return func(step scenarioStep, want scenarioAnswer) { w.get(server.URL, step, want) }
	}
}

// RunningScenarios is [ServedScenarios] for a server that runs already, at the
// URL and on the rows of the harnesses. It trusts the [TrustedIssuers], awards
// human points with those of [passport.MetaMaskOG], and has the clock of this
// machine.
func RunningScenarios(t *testing.T, newHarness NewHarness, url string) {
	t.Helper()
	for _, s := range scenarios(t) {
		t.Run(s.Name, func(t *testing.T) { s.check(t, newHarness(t), throughURL(url)) })
	}
}

// throughURL takes any moment from now on for the moment of a scoring.
func throughURL(url string) asking {
	return func(w *world, _ *passport.Engine) func(scenarioStep, scenarioAnswer) {
		began := time.Now().Truncate(time.Microsecond) // as columns hold them
		w.isNow = func(moment time.Time) bool { return !moment.Before(began) && !moment.After(time.Now()) }
		return func(step scenarioStep, want scenarioAnswer) { w.get(url, step, want) }
	}
}

// TrustedIssuers returns the DIDs that signed the credentials of the recorded
// scenarios.
func TrustedIssuers() []string { return slices.Clone(trustedInScenarios) }

// get sends the request and compares with what the service answered.
func (w *world) get(url string, step scenarioStep, want scenarioAnswer) {
	w.t.Helper()
	request, err := http.NewRequestWithContext(w.ctx, http.MethodGet, url+step.Get, nil)
	require.NoError(w.t, err)
	for name, value := range step.Headers {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(w.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(w.t, err)

	assert.Equal(w.t, want.Status, response.StatusCode, "%s: %s", step.Get, body)
	assert.Equal(w.t, "application/json", response.Header.Get("Content-Type"))
	var wanted, got any
	require.NoError(w.t, json.Unmarshal(want.Body, &wanted))
	require.NoError(w.t, json.Unmarshal(body, &got), "%s", body)
	assert.True(w.t, w.matches(wanted, got), "%s: want %v\ngot %v", step.Get, wanted, got)
}
