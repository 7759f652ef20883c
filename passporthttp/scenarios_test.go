package passporthttp_test

import (
	"bytes"
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporthttp"
	"github.com/passport-sdk/passport-go/store/storetest"
)

type memory struct{ *memstore.Store }

func (m memory) Seed(_ context.Context, rows []byte) error { return m.ReadRows(bytes.NewReader(rows)) }

func (m memory) Rows(context.Context) ([]byte, error) {
	var rows bytes.Buffer
	err := m.WriteRows(&rows)
	return rows.Bytes(), err
}

// What the service was recorded to answer, over TCP. The same on Postgres is a
// test of package pgstore, which has the databases.
func TestEveryRecordedScenarioIsServedAlike(t *testing.T) {
	storetest.ServedScenarios(t, newMemory, served)
}

func TestServedForms(t *testing.T) { storetest.ServedForms(t, newMemory, served) }

func newMemory(testing.TB) storetest.Harness { return memory{memstore.New()} }

func served(t testing.TB, h storetest.Harness, engine *passport.Engine) http.Handler {
	t.Helper()
	handler := passporthttp.New(engine, h.(memory), passporthttp.WithRateLimits())
	require.NoError(t, handler.Err())
	return handler
}
