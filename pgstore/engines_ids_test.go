package pgstore_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// Where ids do not grow with time, an old event can have a higher id than all
// events of a step.
func TestEngine_Prune(t *testing.T) {
	t.Parallel()
	for engine, want := range map[pgstore.Engine]string{pgstore.Postgres: "1", pgstore.CockroachDB: "0"} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.exec(`insert into registry_event (id, action, address, created_at, data, community_id)
				values (1, 'LDP', $1, $2, '{}', 1), (2, 'LDP', $1, $2, '{}', 1), (9, 'LDP', $1, $3, '{}', 1)`, alice, future, noon)
			s := pgstore.New(w.pool, pgstore.WithEngine(engine))
			step := store.Pruning{Kind: store.PruneEvents, Before: noon.Add(time.Hour), Limit: 2}
			for more := true; more; {
				pruned, err := s.Prune(t.Context(), step)
				require.NoError(t, err)
				step.After, more = pruned.Last, pruned.More
			}
			assert.Equal(t, want, w.value("select count(*) from registry_event where id = 9"))
		})
	}
}
