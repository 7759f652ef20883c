package store_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/passport-sdk/passport-go/store"
)

func TestRetryable(t *testing.T) {
	assert.True(t, store.Retryable(store.ErrConflict))
	assert.True(t, store.Retryable(fmt.Errorf("applying: %w", &store.Error{Op: "claim", Kind: store.ErrConflict})))
	assert.False(t, store.Retryable(&store.Error{Op: "claim", Kind: store.ErrConflict, Final: true}))
	for _, err := range []error{
		nil, errors.New("other"), store.ErrUnavailable, store.ErrUnknownOutcome, store.ErrInvalid, store.ErrInternal, store.ErrNotFound,
	} {
		assert.False(t, store.Retryable(err), "%v", err)
	}
}

func TestError(t *testing.T) {
	cause := errors.New("duplicate key")
	err := &store.Error{Op: "upsert_score", Kind: store.ErrConflict, SQLState: "23505", Cause: cause}
	assert.EqualError(t, err, "upsert_score: conflict (SQLSTATE 23505): duplicate key")
	assert.ErrorIs(t, err, store.ErrConflict)
	assert.ErrorIs(t, err, cause)

	bare := &store.Error{Op: "load", Kind: store.ErrUnavailable}
	assert.EqualError(t, bare, "load: store unavailable")
	assert.ErrorIs(t, bare, store.ErrUnavailable)

	said := &store.Error{Op: "add", Kind: store.ErrInvalid, Cause: fmt.Errorf("key 7: %w: it is empty", store.ErrInvalid)}
	assert.EqualError(t, said, "add: key 7: invalid request: it is empty", "what is wrong is said once")
}
