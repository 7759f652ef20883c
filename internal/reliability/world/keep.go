package world

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// written are the tables that scorings and their hosts write.
var written = []string{
	"ceramic_cache_ceramiccache", "ceramic_cache_revocation",
	"registry_passport", "registry_score", "registry_stamp", "registry_event", "registry_hashscorerlink",
	"registry_humanpoints", "registry_humanpointscommunityqualifiedusers", "registry_humanpointsconfig",
	"account_walletgroupcommunityclaim",
}

// Keep takes a copy of the credentials and of what scorings have written so
// far.
func (w *World) Keep() {
	w.tb.Helper()
	copies := []string{"drop schema if exists kept cascade", "create schema kept"}
	for _, table := range written {
		copies = append(copies, fmt.Sprintf("create table kept.%[1]s as table public.%[1]s", table))
	}
	w.Exec(strings.Join(copies, ";"))
}

// Restore puts those tables back to what they were at the last Keep. It fails
// if a transaction has a lock on them.
func (w *World) Restore() {
	w.tb.Helper()
	restore := []string{"set local lock_timeout = '10s'", "set local session_replication_role = replica"}
	for _, table := range written {
		restore = append(restore, "delete from public."+table, fmt.Sprintf("insert into public.%[1]s table kept.%[1]s", table))
	}
	w.Exec(strings.Join(restore, ";"))
}

// Exec runs statements without arguments, in one transaction.
func (w *World) Exec(sql string) {
	w.tb.Helper()
	_, err := w.Pool.Exec(w.tb.Context(), sql, pgx.QueryExecModeSimpleProtocol)
	require.NoError(w.tb, err, sql)
}
