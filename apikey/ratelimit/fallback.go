package ratelimit

import (
	"context"

	"github.com/passport-sdk/passport-go/internal/problems"
	"github.com/passport-sdk/passport-go/store"
)

// Fallback is a [Limiter] that counts a call with a second limiter if the first
// one fails. With a [Memory] as the second, callers are answered while a server
// that processes share is out of reach, and each process lets the rate pass.
// Make it with [NewFallback]. It is safe for concurrent use.
type Fallback struct {
	first, second Limiter
	failed        func(ctx context.Context, err error)
}

// NewFallback returns a limiter that counts with first, and with second if that
// fails. It calls failed with each error of the first, to log or count it; nil
// is for nothing. The error is [store.ErrMisconfigured], for a limiter that is
// nil.
func NewFallback(first, second Limiter, failed func(ctx context.Context, err error)) (*Fallback, error) {
	found := problems.New(store.ErrMisconfigured)
	found.Checkf(first != nil && second != nil, "NewFallback got a nil limiter")
	if err := found.Err(); err != nil {
		return nil, err
	}
	return &Fallback{first, second, failed}, nil
}

// Take implements [Limiter]. Its error is that of the second limiter, or of a
// context that has ended.
func (f *Fallback) Take(ctx context.Context, prefix string, rate Rate) (Quota, error) {
	quota, err := f.first.Take(ctx, prefix, rate)
	if err == nil || ctx.Err() != nil {
		return quota, err
	}
	if f.failed != nil {
		f.failed(ctx, err)
	}
	return f.second.Take(ctx, prefix, rate)
}
