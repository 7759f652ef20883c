package passport

import (
	"context"
	"errors"
	"fmt"

	"github.com/passport-sdk/passport-go/store"
)

// Forget removes an address from the store, in every community, and from what
// the engine remembers; see [store.Forgetter] for the rows, and
// [store.ClaimChoice] for the choice that a host has to make. Other engines
// drop what they remember of it when they score it again, or in the course of
// time; so does this one if it is scoring the address now.
//
// A lost race and a store that is unavailable are retried by the retry policy.
// It returns [ErrInvalidAddress], store.ErrInvalid for a request without a
// choice, [ErrMisconfigured] on a store without the role [store.Forgetter], and
// the errors of stores. After store.ErrUnknownOutcome the address is forgotten
// or it is not; to forget it again is safe.
func (e *Engine) Forget(ctx context.Context, f store.Forgetting) (*store.ForgetReceipt, error) {
	forgetter, has := e.store.(store.Forgetter)
	if !has {
		return nil, fmt.Errorf("%w: Forget needs a store with the role store.Forgetter, which %T lacks", ErrMisconfigured, e.store)
	}
	address, err := ParseAddress(string(f.Address))
	if err != nil {
		return nil, err
	}
	worthwhile := func(err error) bool { return errors.Is(err, store.ErrUnavailable) || store.Retryable(err) }
	receipt, err := repeat(ctx, e.settings.backoff, worthwhile, func(ctx context.Context) (*store.ForgetReceipt, error) {
		return forgetter.Forget(ctx, f)
	})
	if err != nil {
		return nil, fmt.Errorf("forgetting an address: %w", err)
	}
	e.validator.memory.forget(address)
	return receipt, nil
}
