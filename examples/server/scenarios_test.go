package main

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/internal/servicerows"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
	"github.com/passport-sdk/passport-go/store/storetest"
)

// harness is where a scenario finds the rows of the program.
type harness struct {
	*pgstore.Store
	*pgtest.Tables
}

// Seed implements [storetest.Harness].
func (h harness) Seed(ctx context.Context, state store.State) error {
	rows, err := json.Marshal(servicerows.Rows(state))
	if err != nil {
		return err
	}
	return h.Tables.Seed(ctx, rows)
}

// State implements [storetest.Harness].
func (h harness) State(ctx context.Context) (store.State, error) {
	document, err := h.Rows(ctx)
	if err != nil {
		return store.State{}, err
	}
	return servicerows.FromJSON(document)
}

// The program itself answers every recorded scenario as the service did, on one
// database, while it awards human points.
func TestServer_RecordedScenarios(t *testing.T) {
	url := pgtest.New(t)
	issuers, err := json.Marshal(storetest.TrustedIssuers())
	require.NoError(t, err)
	server := start(t, "PASSPORT_DATABASE_URL="+url, "PASSPORT_TRUSTED_ISSUERS="+string(issuers),
		"PASSPORT_HUMAN_POINTS=on", "PASSPORT_METAMASK_OG=on")
	tables := pgtest.NewTables(t, url, "public")
	under := pgstore.New(tables.Pool)
	storetest.RunningScenarios(t, func(t testing.TB) storetest.Harness {
		t.Helper()
		require.NoError(t, tables.Empty(t.Context()))
		return harness{under, tables}
	}, server.url)
	server.terminate(t)
}
