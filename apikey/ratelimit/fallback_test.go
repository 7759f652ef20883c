package ratelimit

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// faulty is a limiter that fails while it has an error.
type faulty struct {
	Limiter

	err error
}

func (f *faulty) Take(ctx context.Context, prefix string, rate Rate) (Quota, error) {
	if f.err != nil {
		return Quota{}, f.err
	}
	return f.Limiter.Take(ctx, prefix, rate)
}

func TestFallback(t *testing.T) {
	first, second := &faulty{Limiter: newMemory(t)}, &faulty{Limiter: newMemory(t)}
	var reported []error
	l, err := NewFallback(first, second, func(_ context.Context, err error) { reported = append(reported, err) })
	require.NoError(t, err)
	left := func() int {
		quota, err := l.Take(t.Context(), "a", fifteen)
		require.NoError(t, err)
		return quota.Remaining
	}
	assert.Equal(t, 124, left())
	assert.Equal(t, 123, left())
	first.err = errors.New("out of reach")
	assert.Equal(t, 124, left(), "counts of its own")
	assert.Equal(t, []error{first.err}, reported)
	first.err = nil
	assert.Equal(t, 122, left())

	first.err, second.err = errors.New("out of reach"), errors.New("that as well")
	_, err = l.Take(t.Context(), "a", fifteen)
	require.ErrorIs(t, err, second.err)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = l.Take(ended, "a", fifteen)
	require.ErrorIs(t, err, first.err)
	assert.Len(t, reported, 2, "an ended context is no failure")

	silent, err := NewFallback(first, newMemory(t), nil)
	require.NoError(t, err)
	quota, err := silent.Take(t.Context(), "a", fifteen)
	require.NoError(t, err)
	assert.True(t, quota.Allowed)
}

func TestNewFallback_Misconfigured(t *testing.T) {
	for _, limiters := range [][2]Limiter{{}, {newMemory(t)}, {nil, newMemory(t)}} {
		_, err := NewFallback(limiters[0], limiters[1], nil)
		require.ErrorIs(t, err, store.ErrMisconfigured)
	}
}
