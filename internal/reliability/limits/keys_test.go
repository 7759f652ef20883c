package limits_test

import (
	"context"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/store"
)

// A key row that asks for 5 000 000 rounds of PBKDF2 is refused without a
// round, unless the host allows that many: then the right key is let in.
func TestCheck_SlowKey(t *testing.T) {
	const iterations, salt, key = 5_000_000, "salt", "absurd01.secret"
	derived, err := pbkdf2.Key(sha256.New, key, []byte(salt), iterations, sha256.Size)
	require.NoError(t, err)
	hash := fmt.Sprintf("pbkdf2_sha256$%d$%s$%s", iterations, salt, base64.StdEncoding.EncodeToString(derived))
	onBoth(t, func(w *world) {
		account, err := w.PutAccount(t.Context(), "owner")
		require.NoError(t, err)
		require.NoError(t, w.AddKey(t.Context(), store.Key{ID: "absurd01.x", Prefix: "absurd01", Hash: hash, Account: account}))

		w.within(64, "refusing", func(ctx context.Context) {
			before := processorTime(t)
			for range 20 {
				checker, err := apikey.New(w)
				require.NoError(t, err)
				_, err = checker.Check(ctx, key)
				require.ErrorIs(t, err, apikey.ErrRefused)
			}
			// Computed, each would take most of a second.
			assert.Less(t, processorTime(t)-before, 2*time.Second)
		})
		w.within(64, "letting in", func(ctx context.Context) {
			checker, err := apikey.New(w, apikey.WithMaxIterations(iterations))
			require.NoError(t, err)
			row, err := checker.Check(ctx, key)
			require.NoError(t, err)
			assert.Equal(t, account, row.Account)
			assert.NotEmpty(t, row.SHA256, "it is never slow again")
		})
	})
}

// processorTime is the time that the process has used of processors.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var used syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
