package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
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
// database, while it awards human points and links wallets.
func TestServer_RecordedScenarios(t *testing.T) {
	url := pgtest.New(t)
	issuers, err := json.Marshal(storetest.TrustedIssuers())
	require.NoError(t, err)
	server := start(t, "PASSPORT_DATABASE_URL="+url, "PASSPORT_TRUSTED_ISSUERS="+string(issuers),
		"PASSPORT_HUMAN_POINTS=on", "PASSPORT_METAMASK_OG=on", "PASSPORT_LINKED_WALLETS="+linkedWallets(t))
	tables := pgtest.NewTables(t, url, "public")
	under := pgstore.New(tables.Pool)
	storetest.RunningScenarios(t, func(t testing.TB) storetest.Harness {
		t.Helper()
		require.NoError(t, tables.Empty(t.Context()))
		return harness{under, tables}
	}, server.url)
	server.terminate(t)
}

// linkedWallets returns the name of a file with the groups of the scenarios.
func linkedWallets(t *testing.T) string {
	t.Helper()
	type group struct {
		Wallets []store.Address `json:"wallets"`
	}
	var list []group
	for _, linked := range storetest.LinkedWallets(t) {
		list = append(list, group{linked.Wallets})
	}
	text, err := json.Marshal(list)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "linked.json")
	require.NoError(t, os.WriteFile(file, text, 0o600))
	return file
}
