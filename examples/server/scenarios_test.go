package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store/storetest"
)

// harness is where a scenario finds the rows of the program.
type harness struct {
	*pgstore.Store
	*pgtest.Tables
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
