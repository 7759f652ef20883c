package apikey

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

func TestNew_Misconfigured(t *testing.T) {
	registry, err := New(nil, WithClock(nil), WithSlowChecks(0), WithSlowShare(math.NaN()), WithMaxIterations(-1), WithLogger(nil))
	assert.Nil(t, registry)
	require.ErrorIs(t, err, store.ErrMisconfigured)
	assert.Equal(t, []string{
		"misconfigured: New got a nil store", "misconfigured: WithClock got nil", "misconfigured: WithSlowChecks got 0, want 1 to 1000",
		"misconfigured: WithSlowShare got NaN, want 0.001 to 100", "misconfigured: WithMaxIterations got -1, want 1 to 5000000",
		"misconfigured: WithLogger got nil",
	}, strings.Split(err.Error(), "\n"))
}

// The bounds themselves are accepted, and nothing beyond them is.
func TestOptions_Bounds(t *testing.T) {
	try := func(option Option) error { _, err := New(newKeys(), option); return err }
	for name, c := range map[string]struct{ within, beyond []error }{
		"WithSlowChecks": {
			[]error{try(WithSlowChecks(1)), try(WithSlowChecks(1000))},
			[]error{try(WithSlowChecks(-1)), try(WithSlowChecks(1001))},
		},
		"WithSlowShare": {
			[]error{try(WithSlowShare(0.001)), try(WithSlowShare(100))},
			[]error{try(WithSlowShare(0)), try(WithSlowShare(100.1)), try(WithSlowShare(math.Inf(1)))},
		},
		"WithMaxIterations": {
			[]error{try(WithMaxIterations(1)), try(WithMaxIterations(5_000_000))},
			[]error{try(WithMaxIterations(0)), try(WithMaxIterations(5_000_001))},
		},
	} {
		require.NoError(t, errors.Join(c.within...), name)
		for _, err := range c.beyond {
			require.ErrorIs(t, err, store.ErrMisconfigured, name)
			require.ErrorContains(t, err, name+" got ")
		}
	}
}

func TestOptions_Nil(t *testing.T) {
	_, err := New(newKeys(), nil)
	require.NoError(t, err)
}
