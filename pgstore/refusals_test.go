package pgstore_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// A refusal is a *store.Error with the name of the operation, and its text has
// the kind once. Package storetest demands that of the roles.
func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, unnamed := newStore(w.pool), pgstore.WithSchema("")
	_, malformed := pgstore.OpenPool(t.Context(), "postgres://host:port/db")
	_, repeated := s.Load(t.Context(), store.Query{Community: 1, Addresses: []store.Address{alice, alice}})
	_, unknown := s.Load(t.Context(), store.Query{Community: 77})
	_, empty := s.Apply(t.Context(), &store.Changes{Community: 1, At: noon})
	_, misnamed := newStore(w.pool, unnamed).Load(t.Context(), store.Query{Community: 1})
	_, unscored := s.ScoreAt(t.Context(), 1, alice, noon)
	_, never := s.LastScore(t.Context(), 1, alice)
	_, nowhereScored := s.LastScore(t.Context(), 77, alice)
	for _, c := range []struct {
		err  error
		kind error
		op   string
	}{
		{malformed, store.ErrInvalid, "open_pool"},
		{pgstore.Migrate(t.Context(), w.pool, unnamed), store.ErrInvalid, "migrate"},
		{pgstore.CheckSchema(t.Context(), w.pool, unnamed), store.ErrInvalid, "check_schema"},
		{pgstore.CheckSchema(t.Context(), openPool(t, pgtest.NewEmpty(t))), store.ErrInternal, "check_schema"},
		{pgstore.Ready(t.Context(), openPool(t, nowhere)), store.ErrUnavailable, "connect"},
		{misnamed, store.ErrInvalid, "load_community"},
		{repeated, store.ErrInvalid, "load_snapshot"},
		{unknown, store.ErrCommunityNotFound, "load_community"},
		{empty, store.ErrInvalid, "apply_changes"},
		{unscored, store.ErrNotFound, "score_at"},
		{never, store.ErrNotFound, "last_score"},
		{nowhereScored, store.ErrCommunityNotFound, "last_score"},
		{s.RevokeKey(t.Context(), "none"), store.ErrNotFound, "revoke_api_key"},
		{s.DeleteCommunity(t.Context(), 77), store.ErrCommunityNotFound, "delete_community"},
	} {
		var detail *store.Error
		require.ErrorAs(t, c.err, &detail, c.op)
		assert.Equal(t, c.op, detail.Op)
		assert.Equal(t, c.kind, detail.Kind, c.op)
		assert.Equal(t, 1, strings.Count(c.err.Error(), c.kind.Error()), c.err)
	}
}
