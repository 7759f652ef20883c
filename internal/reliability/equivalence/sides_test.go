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
	store.CallerFinder
	store.UsageLog
	store.Points
	store.Groups
}

// side is one of the two stores, with an engine on it.
type side struct {
	roles
	*naming // as of the last reading

	name   string
	engine *passport.Engine
	state  readsState
	// claims are those of the last reading.
	claims []store.StoredClaim
	// read is the completed snapshot of the last Load, on which later changes
	// rest.
	read *store.Snapshot
	// memories are all that were made of each address, in their order.
	memories map[store.Address][]memory
}

// readsState returns the whole content of a store.
type readsState = func(ctx context.Context) (store.State, error)

// opener returns a store with that content, to which it adds the rows.
type opener func(ctx context.Context, content store.State, more map[string][]row) (roles, readsState, error)

// openTables returns the tables that all sequences share; each begins by
// emptying them.
func openTables(t *testing.T) *pgtest.Tables {
	t.Helper()
	t.Cleanup(func() { goleak.VerifyNone(t) })
	return pgtest.NewTables(t, pgtest.New(t)+"&synchronous_commit=off", "public")
}

// onTables opens pgstore on the tables.
func onTables(on *pgtest.Tables) opener {
	return func(ctx context.Context, content store.State, more map[string][]row) (roles, readsState, error) {
		rows := servicerows.Rows(content)
		for table := range more {
			rows[table] = append(rows[table], more[table]...)
		}
		document, err := json.Marshal(rows)
		if err != nil {
			return nil, nil, err
		}
		if err := on.Empty(ctx); err != nil {
			return nil, nil, err
		}
		return pgstore.New(on.Pool), func(ctx context.Context) (store.State, error) {
			document, err := on.Rows(ctx)
			if err != nil {
				return store.State{}, err
			}
			return servicerows.FromJSON(document)
		}, on.Seed(ctx, document)
	}
}

// newSides returns two stores with that content: one in memory, broken by the
// function, and another one.
func newSides(
	ctx context.Context, open opener, content store.State, more map[string][]row,
	breaks func(b *brokenstore.Store), options []passport.Option,
) ([2]*side, error) {
	mem := brokenstore.New()
	if err := mem.Good.SetState(content); err != nil {
		return [2]*side{}, err
	}
	breaks(mem)
	other, state, err := open(ctx, content, more)
	if err != nil {
		return [2]*side{}, err
	}
	engine, err := passport.New(mem, options...)
	if err != nil {
		return [2]*side{}, err
	}
	return [2]*side{
		{roles: mem, name: "memstore", engine: engine, state: mem.State, memories: map[store.Address][]memory{}},
		{roles: other, name: "the other", engine: engine.On(other), state: state, memories: map[store.Address][]memory{}},
	}, nil
}
