package passporthttp_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// The status and the log follow the kind of the error.
func TestScore_Kinds(t *testing.T) {
	for kind, c := range map[store.Kind]struct {
		err    error
		status int
	}{
		"unknown_outcome": {store.ErrUnknownOutcome, http.StatusServiceUnavailable},
		"canceled":        {context.Canceled, http.StatusServiceUnavailable},
		"deadline":        {context.DeadlineExceeded, http.StatusServiceUnavailable},
		"conflict":        {store.ErrConflict, http.StatusServiceUnavailable},
		"unavailable":     {store.ErrUnavailable, http.StatusServiceUnavailable},
		"misconfigured":   {store.ErrMisconfigured, http.StatusInternalServerError},
		"read_only":       {store.ErrReadOnly, http.StatusInternalServerError},
		"schema":          {store.ErrSchema, http.StatusInternalServerError},
		"permission":      {&store.Error{Kind: store.ErrInternal, SQLState: "42501"}, http.StatusInternalServerError},
		"internal":        {errors.New("of a verifier"), http.StatusInternalServerError},
		"invalid":         {store.ErrInvalid, http.StatusInternalServerError},
		"not_found":       {passport.ErrCommunityNotFound, http.StatusNotFound},
	} {
		t.Run(string(kind), func(t *testing.T) {
			s := newSite(t)
			s.scorer.instead = func(context.Context) (*passport.Result, error) { return nil, c.err }
			assert.Equal(t, c.status, s.do(request{path: "/v2/stamps/1/score/" + alice, key: s.reader}).status)
			if c.status != http.StatusNotFound {
				assert.Contains(t, s.log.String(), `"kind":"`+string(kind)+`"`)
			}
		})
	}
}
