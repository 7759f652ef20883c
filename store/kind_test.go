package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/apikey/ratelimit"
	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/store"
)

func TestKindOf(t *testing.T) {
	state := func(code string) error {
		return &store.Error{Op: "op", Kind: store.ErrInternal, SQLState: code, Cause: errors.New("refused")}
	}
	for want, all := range map[store.Kind][]error{
		"": {nil},
		"unknown_outcome": {
			&store.Error{Op: "commit", Kind: store.ErrUnknownOutcome},
			&store.Error{Op: "commit", Kind: store.ErrUnknownOutcome, Cause: context.Canceled},
		},
		"canceled":      {context.Canceled, fmt.Errorf("load_snapshot: %w", context.Canceled)},
		"deadline":      {context.DeadlineExceeded},
		"misconfigured": {passport.ErrMisconfigured},
		"not_found":     {store.ErrNotFound, passport.ErrCommunityNotFound, passport.ErrNeverScored},
		"conflict":      {store.Errorf("op", store.ErrConflict, "lost")},
		"read_only":     {store.ErrReadOnly},
		"unavailable": {
			store.ErrUnavailable, apikey.ErrBusy,
			&passport.ScoringError{Err: passport.ErrInvalidWeights, Unrecorded: store.ErrUnavailable},
		},
		"schema":     {store.Errorf("op", store.ErrInternal, "%w: a table is missing", store.ErrSchema)},
		"permission": {state("42501"), state("28P01"), state("28000")},
		"internal": {
			store.ErrInternal, state("42601"), state("2"), errors.New("of a verifier"),
			fmt.Errorf("%w: raw score: %w", store.ErrInternal, passport.ErrInvalidDecimal),
		},
		"invalid": {
			store.ErrInvalid, passport.ErrInvalidAddress, passport.ErrInvalidDecimal, ratelimit.ErrInvalidRate,
			fmt.Errorf("reading: %w", &credential.Error{Reason: credential.ReasonBadSignature}),
		},
		"unscorable": {
			&passport.ScoringError{Err: passport.ErrUnsupportedRule}, &passport.ScoringError{Err: errors.New("of a row")},
			fmt.Errorf("%w: threshold: %w", passport.ErrInvalidWeights, passport.ErrInvalidDecimal),
		},
		"refused": {apikey.ErrRefused},
	} {
		for _, err := range all {
			assert.Equal(t, want, store.KindOf(err), "%v", err)
			if err != nil {
				assert.Equal(t, want, store.KindOf(fmt.Errorf("attempt 2: %w", err)), "%v", err)
			}
		}
	}
}
