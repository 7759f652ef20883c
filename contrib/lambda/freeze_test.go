package passportlambda

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPingAfterFreeze(t *testing.T) {
	var config pgxpool.Config
	PingAfterFreeze(&config)
	assert.Equal(t, time.Second, config.PingTimeout)
	pings := func(ctx context.Context, idle time.Duration) bool {
		return config.ShouldPing(ctx, pgxpool.ShouldPingParams{IdleDuration: idle})
	}
	synctest.Test(t, func(t *testing.T) {
		f, _ := newFunction(t, func(_ http.ResponseWriter, r *http.Request) {
			time.Sleep(100 * time.Millisecond)
			assert.False(t, pings(r.Context(), 99*time.Millisecond), "used by this invocation")
			assert.True(t, pings(r.Context(), 101*time.Millisecond), "used before it")
		}, WithFlush(func(ctx context.Context) error {
			assert.True(t, pings(ctx, 101*time.Millisecond))
			return nil
		}))
		response, err := f.Invoke(t.Context(), json.RawMessage(minimal[payload1]))
		require.NoError(t, err)
		require.NoError(t, response.Close())
	})
	assert.False(t, pings(t.Context(), time.Second), "outside of an invocation")
	assert.True(t, pings(t.Context(), time.Second+1), "as pgx does")
}
