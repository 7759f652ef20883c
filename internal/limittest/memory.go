package limittest

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/passport-sdk/passport-go/apikey/ratelimit"
)

// AgainstMemory checks that the limiter returns the quotas of
// [ratelimit.Memory], however the clock jumps. Set sets the clock of the
// limiter.
func AgainstMemory(t *testing.T, l ratelimit.Limiter, set func(time.Time)) {
	t.Helper()
	rapid.Check(t, func(rt *rapid.T) {
		key, now := rand.Text(), time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)
		models := map[time.Duration]*ratelimit.Memory{} // by period, which are counted apart
		for range rapid.IntRange(1, 40).Draw(rt, "calls") {
			now = now.Add(jump(rt))
			set(now)
			rate := ratelimit.Rate{
				Calls:  rapid.IntRange(0, 4).Draw(rt, "limit"),
				Period: rapid.SampledFrom([]time.Duration{time.Minute, 15 * time.Minute, time.Hour + time.Microsecond}).Draw(rt, "period"),
			}
			if models[rate.Period] == nil {
				model, err := ratelimit.NewMemory(ratelimit.WithClock(func() time.Time { return now }))
				require.NoError(t, err)
				models[rate.Period] = model
			}
			want, err := models[rate.Period].Take(context.Background(), key, rate)
			require.NoError(t, err)
			got, err := l.Take(context.Background(), key, rate)
			require.NoError(t, err)
			if want != got {
				rt.Fatalf("at %v, of %v: %+v, want %+v", now, rate, got, want)
			}
		}
	})
}

// jump draws how far the clock moves: a little, into the next windows, or back.
func jump(rt *rapid.T) time.Duration {
	const most = int64(2 * time.Hour / time.Microsecond)
	return time.Microsecond * time.Duration(rapid.OneOf(
		rapid.Int64Range(0, 30_000_000), rapid.Int64Range(0, most), rapid.Int64Range(-most, 0),
	).Draw(rt, "µs"))
}
