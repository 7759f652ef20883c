package pgstore_test

import (
	"context"
	"crypto/rand"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// The rights of grants.sql must suffice for a scoring, and each must be needed.
func TestGrants(t *testing.T) {
	t.Parallel()
	r := newRivals(t)
	r.exec(`insert into account_addresslist (id, name) values (1, 'MetaMaskOG2')`)
	r.exec(`insert into account_addresslistmember (address, list_id) select $1, 1`, alice)
	requireGrants(t, r, "grants.sql", r.scoreWith)
}

// The rights of grants_forget.sql must suffice to forget and to prune.
func TestGrants_Forget(t *testing.T) {
	t.Parallel()
	r := newRivals(t, passport.WithGroups(group{alice, bob}, passport.FailScoring))
	live(r)
	requireGrants(t, r, "grants_forget.sql", r.forgetWith)
}

// requireGrants demands that a role can do the work with the rights of the
// file, and not without any of them.
func requireGrants(t *testing.T, r *rivals, name string, work func(*pgxpool.Pool) error) {
	t.Helper()
	as, role, commands := r.withGrants(name)
	require.NoError(t, work(as))

	grants := regexp.MustCompile(`(?m)^grant (.+) to .+;$`).FindAllStringSubmatch(commands, -1)
	require.Len(t, grants, strings.Count(commands, "\ngrant "))
	require.GreaterOrEqual(t, len(grants), 30)
	for _, grant := range grants {
		r.exec("revoke " + grant[1] + " from " + role)
		err := work(as)
		var detail *store.Error
		if assert.ErrorAs(t, err, &detail, "it needs no %q", grant[1]) {
			assert.ErrorIs(t, err, store.ErrInternal)
			assert.Equal(t, "42501", detail.SQLState, "without %q: %v", grant[1], err)
		}
		r.exec("grant " + grant[1] + " to " + role)
	}
	require.NoError(t, work(as))
}

// withGrants returns a pool of a new role with the rights of the file, the role
// and the commands of the file.
func (r *rivals) withGrants(name string) (as *pgxpool.Pool, role, commands string) {
	r.t.Helper()
	file, err := os.ReadFile(name)
	require.NoError(r.t, err)
	role = pgx.Identifier{"Scorer " + rand.Text()}.Sanitize()
	r.exec("revoke usage on schema public from public") // so that the role has no rights but those
	r.exec("create role " + role)
	r.t.Cleanup(func() { r.exec("drop owned by " + role); r.exec("drop role " + role) })
	commands = strings.NewReplacer(`:"schema"`, `"public"`, `:"role"`, role).Replace(string(file))
	r.exec(commands)
	return r.newPool(func(c *pgxpool.Config) {
		c.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, "set role "+role)
			return err
		}
	}), role, commands
}

// forgetWith forgets and prunes with every right.
func (r *rivals) forgetWith(pool *pgxpool.Pool) error {
	s := newStore(pool)
	for _, choice := range []store.ClaimChoice{store.KeepClaims, store.AnonymizeClaims} {
		if _, err := s.Forget(r.t.Context(), store.Forgetting{Address: alice, Claims: choice}); err != nil {
			return err
		}
	}
	for _, kind := range []store.PruneKind{store.PruneEvents, store.PruneUsage, store.PruneClaims} {
		if _, err := s.Prune(r.t.Context(), store.Pruning{Kind: kind, Before: noon.AddDate(-9, 0, 0), Limit: 9}); err != nil {
			return err
		}
	}
	return nil
}

// scoreWith makes scorings that use every right. It begins by removing what an
// earlier one has left.
func (r *rivals) scoreWith(pool *pgxpool.Pool) error {
	r.exec(`truncate registry_passport, registry_score, registry_stamp, registry_event, registry_hashscorerlink,
		registry_humanpoints, registry_humanpointscommunityqualifiedusers, account_walletgroupcommunityclaim, ceramic_cache_ceramiccache, ceramic_cache_revocation`)
	r.exec(`delete from registry_humanpointsconfig where action = 'MM2'`)
	r.stamp(alice, "account", "Google", "Github")
	score := func(address string) error {
		_, err := r.engine.On(newStore(pool)).Score(r.t.Context(), 1, address)
		return err
	}
	if err := score(alice); err != nil {
		return err
	}
	// A stamp that is gone, and an expired claim that changes hands.
	r.exec(`delete from ceramic_cache_ceramiccache where provider = 'Github'`)
	r.exec(`update registry_hashscorerlink set expires_at = now() - interval '1 day'`)
	r.stamp(bob, "account", "Google")
	if err := score(alice); err != nil {
		return err
	}
	if err := score(bob); err != nil {
		return err
	}
	// A group's claim that changes hands.
	for _, canonical := range []store.Address{alice, bob} {
		if err := scoreGroup(r.t.Context(), newStore(pool), canonical, alice, bob); err != nil {
			return err
		}
	}
	// A limited award in a transaction that keeps its first snapshot.
	r.exec(`truncate registry_humanpoints`)
	r.stamp(alice, "account", "Github")
	return pgx.BeginTxFunc(r.t.Context(), pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, func(tx pgx.Tx) error {
		_, err := r.engine.On(newStore(pool).InTx(tx)).Score(r.t.Context(), 1, alice)
		return err
	})
}
