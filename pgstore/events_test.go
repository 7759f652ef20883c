package pgstore_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/pgstore"
)

// The forms in which versions of Django give a table its ids.
var idForms = map[string]string{
	"identity": `select 1`,
	"serial": `alter table registry_event alter column id drop identity;
		create sequence registry_event_id_seq owned by registry_event.id;
		alter table registry_event alter column id set default nextval('registry_event_id_seq')`,
}

// writer inserts events as the service does, until it is stopped.
type writer struct {
	written atomic.Int64
	longest atomic.Int64 // nanoseconds
	stop    func()
}

func (w *world) writeEvents(t *testing.T) *writer {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, ended := &writer{}, make(chan struct{})
	pool := w.newPool()
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			var id int64
			begun := time.Now()
			err := pool.QueryRow(context.Background(), `insert into registry_event (action, address, data, created_at, community_id)
				values ('SCU', $1, '{"score": "1"}', now(), 1) returning id`, alice).Scan(&id)
			if !assert.NoError(t, err) {
				return
			}
			r.written.Add(1)
			r.longest.Store(max(r.longest.Load(), int64(time.Since(begun))))
		}
	}()
	r.stop = func() { cancel(); <-ended }
	t.Cleanup(r.stop)
	return r
}

func TestPartitionEvents(t *testing.T) {
	t.Parallel()
	for name, form := range idForms {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for _, statement := range []string{form} {
				_, err := w.pool.Exec(t.Context(), statement, pgx.QueryExecModeSimpleProtocol)
				require.NoError(t, err)
			}
			r := w.writeEvents(t)
			var steps []string
			const wait = time.Second
			p := pgstore.Partitioning{Wait: wait, Done: func(step string) { steps = append(steps, step) }}
			s, err := pgstore.PartitionEvents(t.Context(), w.pool, p)
			require.NoError(t, err)
			assert.Equal(t, []string{"attach", "bound", "validate", "close"}, steps)
			t.Log(s.Partitions)
			r.stop()
			assert.Equal(t, r.written.Load(), int64(len(rows(t, w.pool, "select distinct id::text from registry_event"))))
			assert.Less(t, time.Duration(r.longest.Load()), wait)
			require.NoError(t, pgstore.CheckSchema(t.Context(), w.pool))
			t.Log(r.written.Load(), time.Duration(r.longest.Load()))
		})
	}
}
