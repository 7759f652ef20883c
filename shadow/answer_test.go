package shadow_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/sethvargo/go-retry"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/scoreapi"
	"github.com/passport-sdk/passport-go/shadow"
	"github.com/passport-sdk/passport-go/store"
)

// Answers that are about the wallet are decisions, and others are errors.
func TestFromClient(t *testing.T) {
	wallet := passporttest.Address("a")
	for name, c := range map[string]struct {
		status int
		body   string
		want   shadow.Decision
		err    error
	}{
		"unscored":        {200, `{"address":"` + wallet + `","error":"no weights"}`, shadow.Decision{Status: 200, Failed: true}, nil},
		"another form":    {200, `{"address":"` + wallet + `"}`, shadow.Decision{Status: 200, Malformed: true}, nil},
		"another address": {200, `{"address":"` + passporttest.Address("b") + `","score":1,"passing_score":true}`, shadow.Decision{Status: 200, Malformed: true}, nil},
		"bad request":     {400, `{"detail":"Invalid address."}`, shadow.Decision{Status: 400}, nil},
		"server error":    {500, `{}`, shadow.Decision{Status: 500}, nil},
		"refused":         {401, `{}`, shadow.Decision{}, scoreapi.ErrRefused},
		"no scorer":       {404, `{"detail":"` + scoreapi.NoScorer + `"}`, shadow.Decision{}, passport.ErrCommunityNotFound},
		"overloaded":      {429, `{}`, shadow.Decision{}, store.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}))
			defer server.Close()
			client, err := scoreapi.NewClient(server.URL, scoreapi.WithRetry(func() retry.Backoff { return nil }))
			require.NoError(t, err)
			source := shadow.FromClient(client, 7)
			got, err := source(t.Context(), wallet)
			assert.Equal(t, c.want, got)
			assert.ErrorIs(t, err, c.err)
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			_, err = source(ended, wallet)
			assert.ErrorIs(t, err, context.Canceled)
		})
	}
	client, err := scoreapi.NewClient("http://127.0.0.1:1")
	require.NoError(t, err)
	_, err = shadow.FromClient(client, 7)(t.Context(), "0x")
	assert.ErrorIs(t, err, passport.ErrInvalidAddress)
}
