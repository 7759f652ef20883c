package apikey

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// faultsOf returns what each fault says, in order.
func faultsOf(t *testing.T, err error) []string {
	t.Helper()
	var joined interface{ Unwrap() []error }
	require.ErrorAs(t, err, &joined)
	var told []string
	for _, fault := range joined.Unwrap() {
		require.ErrorIs(t, fault, store.ErrMisconfigured)
		told = append(told, fault.Error())
	}
	return told
}

func TestEveryFaultOfAConfigurationIsToldAtOnce(t *testing.T) {
	checker, err := New(nil, WithClock(nil), WithSlowChecks(0), WithSlowShare(math.NaN()), WithMaxIterations(-1), WithLogger(nil))
	assert.Nil(t, checker)
	assert.Equal(t, []string{
		"misconfigured: New got nil rows", "misconfigured: WithClock got nil", "misconfigured: WithSlowChecks got 0, want 1 to 1000",
		"misconfigured: WithSlowShare got NaN, want 0.001 to 100", "misconfigured: WithMaxIterations got -1, want 1 to 5000000",
		"misconfigured: WithLogger got nil",
	}, faultsOf(t, err))

	log, err := NewUseLog(nil, WithUseCapacity(math.MaxInt), WithUseBatch(0), WithDrainTimeout(0), WithUseLogger(nil))
	assert.Nil(t, log)
	assert.Equal(t, []string{
		"misconfigured: NewUseLog got nil rows", "misconfigured: WithUseCapacity got 9223372036854775807, want 1 to 100000",
		"misconfigured: WithUseBatch got 0, want 1 to 1000", "misconfigured: WithDrainTimeout got 0s, want more than 0",
		"misconfigured: WithUseLogger got nil",
	}, faultsOf(t, err))

	limiter, err := NewMemoryLimiter(WithWindowClock(nil), WithWindows(0))
	assert.Nil(t, limiter)
	assert.Equal(t, []string{
		"misconfigured: WithWindowClock got nil", "misconfigured: WithWindows got 0, want 1 to 10000000",
	}, faultsOf(t, err))
}

// What lies within is taken to the ends, and nothing beyond is clamped.
func TestTheBoundsOfNumbers(t *testing.T) {
	checker := func(option Option) error { _, err := New(newRows(), option); return err }
	log := func(option UseOption) error { _, err := NewUseLog(&uses{}, option); return err }
	limiter := func(option LimiterOption) error { _, err := NewMemoryLimiter(option); return err }
	for name, faulty := range map[string]struct{ within, beyond []error }{
		"WithSlowChecks": {
			[]error{checker(WithSlowChecks(1)), checker(WithSlowChecks(1000))},
			[]error{checker(WithSlowChecks(-1)), checker(WithSlowChecks(1001))},
		},
		"WithSlowShare": {
			[]error{checker(WithSlowShare(0.001)), checker(WithSlowShare(100))},
			[]error{checker(WithSlowShare(0)), checker(WithSlowShare(100.1)), checker(WithSlowShare(math.Inf(1)))},
		},
		"WithMaxIterations": {
			[]error{checker(WithMaxIterations(1)), checker(WithMaxIterations(5_000_000))},
			[]error{checker(WithMaxIterations(0)), checker(WithMaxIterations(5_000_001))},
		},
		"WithUseCapacity": {
			[]error{log(WithUseCapacity(1)), log(WithUseCapacity(100_000))},
			[]error{log(WithUseCapacity(-1)), log(WithUseCapacity(100_001))},
		},
		"WithUseBatch": {
			[]error{log(WithUseBatch(1)), log(WithUseBatch(1000))},
			[]error{log(WithUseBatch(-1)), log(WithUseBatch(1001))},
		},
		"WithDrainTimeout": {
			[]error{log(WithDrainTimeout(1)), log(WithDrainTimeout(math.MaxInt64))},
			[]error{log(WithDrainTimeout(-time.Second))},
		},
		"WithWindows": {
			[]error{limiter(WithWindows(1)), limiter(WithWindows(10_000_000))},
			[]error{limiter(WithWindows(-1)), limiter(WithWindows(10_000_001))},
		},
	} {
		require.NoError(t, errors.Join(faulty.within...), name)
		for _, err := range faulty.beyond {
			require.ErrorIs(t, err, store.ErrMisconfigured, name)
			require.ErrorContains(t, err, name+" got ")
		}
	}
}

func TestAnOptionThatIsNilIsPassedOver(t *testing.T) {
	_, err := New(newRows(), nil)
	require.NoError(t, err)
	_, err = NewUseLog(&uses{}, nil)
	require.NoError(t, err)
	_, err = NewMemoryLimiter(nil)
	require.NoError(t, err)
}
