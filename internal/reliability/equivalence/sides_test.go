package equivalence

import (
	"context"
	"encoding/json"
	"testing"

	"go.uber.org/goleak"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/internal/servicerows"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// roles are all that a store can have.
type roles interface {
	store.Store
	store.Credentials
	store.Communities
	store.History
	store.Keys
	store.UsageLog
	store.Points
}

// side is one of the two stores, with an engine on it.
type side struct {
	roles
	*naming // as of the last reading

	name   string
	engine *passport.Engine
	state  func(ctx context.Context) (store.State, error)
	// claims are those of the last reading.
	claims []store.StoredClaim
	// read is the snapshot of the last Load, on which later changes rest.
	read *store.Snapshot
}

// openTables returns the tables that all sequences share; each begins by
// emptying them.
func openTables(t *testing.T) *pgtest.Tables {
	t.Helper()
	t.Cleanup(func() { goleak.VerifyNone(t) })
	return pgtest.NewTables(t, pgtest.New(t)+"&synchronous_commit=off", "public")
}

// newSides returns the two stores with that content, of which the store in
// memory is broken by the function. The rows are added to those of the content.
func newSides(
	ctx context.Context, on *pgtest.Tables, content store.State, more map[string][]row,
	breaks func(b *brokenstore.Store), options []passport.Option,
) ([2]*side, error) {
	mem := brokenstore.New()
	if err := mem.Good.SetState(content); err != nil {
		return [2]*side{}, err
	}
	breaks(mem)
	rows := servicerows.Rows(content)
	for table := range more {
		rows[table] = append(rows[table], more[table]...)
	}
	document, err := json.Marshal(rows)
	if err != nil {
		return [2]*side{}, err
	}
	if err := on.Empty(ctx); err != nil {
		return [2]*side{}, err
	}
	if err := on.Seed(ctx, document); err != nil {
		return [2]*side{}, err
	}
	pg := pgstore.New(on.Pool)
	engine, err := passport.New(mem, options...)
	if err != nil {
		return [2]*side{}, err
	}
	return [2]*side{
		{roles: mem, name: "memstore", engine: engine, state: mem.State},
		{roles: pg, name: "pgstore", engine: engine.On(pg), state: func(ctx context.Context) (store.State, error) {
			document, err := on.Rows(ctx)
			if err != nil {
				return store.State{}, err
			}
			return servicerows.FromJSON(document)
		}},
	}, nil
}
