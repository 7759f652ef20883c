package passporthttp_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporthttp"
	"github.com/passport-sdk/passport-go/store"
	"github.com/passport-sdk/passport-go/store/storetest"
)

type memory struct{ *memstore.Store }

func (m memory) Seed(_ context.Context, state store.State) error { return m.SetState(state) }

func (m memory) State(context.Context) (store.State, error) { return m.Store.State(), nil }

// The recorded answers of the service, over TCP. Package pgstore tests the same
// on Postgres.
func TestServedScenarios(t *testing.T) { storetest.ServedScenarios(t, newMemory, served) }

func TestServedForms(t *testing.T) { storetest.ServedForms(t, newMemory, served) }

func newMemory(testing.TB) storetest.Harness { return memory{memstore.New()} }

func served(t testing.TB, h storetest.Harness, engine *passport.Engine) http.Handler {
	t.Helper()
	handler, err := passporthttp.New(engine, h.(memory), passporthttp.WithRateLimits())
	require.NoError(t, err)
	return handler
}
