package pgstore_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// groupClaim is the claim of a group at noon.
func groupClaim(canonical store.Address, wallets ...store.Address) store.GroupClaim {
	return store.GroupClaim{Key: store.GroupKey(wallets), Canonical: canonical, ClaimedAt: noon}
}

// loadGroup reads the wallets and the group claims that name them.
func loadGroup(ctx context.Context, s store.Store, wallets ...store.Address) (*store.Snapshot, error) {
	return s.Load(ctx, store.Query{Community: 1, Addresses: wallets, At: noon, Groups: true})
}

// claiming returns the change set of a scoring of all wallets in the snapshot
// that makes the group claims those.
func claiming(snapshot *store.Snapshot, claims ...store.GroupClaim) *store.Changes {
	c := changes(snapshot)
	c.Groups = &store.GroupSwap{From: snapshot.GroupClaims, To: claims}
	return c
}

// scoreGroup scores the wallets as one group.
func scoreGroup(ctx context.Context, s store.Store, canonical store.Address, wallets ...store.Address) error {
	snapshot, err := loadGroup(ctx, s, wallets...)
	if err != nil {
		return err
	}
	_, err = s.Apply(ctx, claiming(snapshot, groupClaim(canonical, wallets...)))
	return err
}

// claimed writes a claim as another program may.
func (w *world) claimed(key, canonical, at string) {
	w.tb.Helper()
	w.exec(`insert into account_walletgroupcommunityclaim (group_key, canonical_address, claimed_at, community_id)
		values ($1, $2, $3::text::timestamptz, 1)`, key, canonical, at)
}

// groupRows returns the group claims of all communities.
func (w *world) groupRows() []string {
	w.tb.Helper()
	return rows(w.tb, w.pool, `select group_key || ' ' || canonical_address || ' ' || community_id
		from account_walletgroupcommunityclaim order by community_id, group_key collate "C"`)
}

func TestGroups(t *testing.T) {
	t.Parallel()
	for mode, open := range storeModes() {
		for _, index := range []string{"", "drop index passport_group_wallets"} {
			t.Run(mode+" "+index, func(t *testing.T) {
				w := newWorld(t)
				if index != "" {
					w.exec(index)
				}
				s, key := open(t, w.url), store.GroupKey([]store.Address{alice, bob})
				require.NoError(t, scoreGroup(t.Context(), s, alice, alice, bob))
				assert.Equal(t, []string{key + " " + alice + " 1"}, w.groupRows())
				kept := w.value("select ctid || ' ' || id from account_walletgroupcommunityclaim")
				require.NoError(t, scoreGroup(t.Context(), s, alice, alice, bob))
				assert.Equal(t, kept, w.value("select ctid || ' ' || id from account_walletgroupcommunityclaim"), "it stays as it was")
				require.NoError(t, scoreGroup(t.Context(), s, bob, alice, bob))
				assert.Equal(t, []string{key + " " + bob + " 1"}, w.groupRows())

				require.NoError(t, scoreGroup(t.Context(), s, bob, bob, carol))
				list, err := s.ListGroupClaims(t.Context(), 1, bob)
				require.NoError(t, err)
				require.Len(t, list, 1)
				assert.True(t, list[0].Equal(new(groupClaim(bob, bob, carol))), "%v", list[0])
				alone, err := loadGroup(t.Context(), s, alice)
				require.NoError(t, err)
				assert.Empty(t, alone.GroupClaims)

				snapshot, err := loadGroup(t.Context(), s, bob)
				require.NoError(t, err)
				stale := claiming(snapshot)
				stale.Groups.From = []store.GroupClaim{groupClaim(carol, bob, carol)}
				_, err = s.Apply(t.Context(), stale)
				require.ErrorIs(t, err, store.ErrConflict)
				_, err = s.Apply(t.Context(), claiming(snapshot))
				require.NoError(t, err)
				assert.Empty(t, w.groupRows())
			})
		}
	}
}

// Rows of another program are read as memstore reads them, compared as they
// were read, and can be replaced.
func TestGroups_Hostile(t *testing.T) {
	t.Parallel()
	upper := "0X" + strings.ToUpper(alice[2:])
	for name, c := range map[string]struct {
		key, canonical, at string
		passedOver         bool
		year               int
	}{
		"infinity":                  {alice + "," + bob, alice, "infinity", false, 9999},
		"minus infinity":            {alice + "," + bob, alice, "-infinity", false, 1},
		"before Christ":             {alice + "," + bob, alice, "0044-03-15 00:00:00+00 BC", false, 1},
		"no key":                    {"", alice, "2030-01-01 00:00:00+00", false, 2030},
		"items of no address":       {",," + alice + ",,%_\\'{}\"NULL", "", "2030-01-01 00:00:00+00", false, 2030},
		"upper case":                {upper + "," + bob, upper, "2030-01-01 00:00:00+00", true, 0},
		"space":                     {bob + ", " + alice, bob, "2030-01-01 00:00:00+00", true, 0},
		"part of an item":           {alice + "0," + bob, bob, "2030-01-01 00:00:00+00", true, 0},
		"longest key":               {alice + strings.Repeat(",", store.MaxGroupKey-len(alice)), bob, "2030-01-01 00:00:00+00", false, 2030},
		"key that is too long":      {alice + strings.Repeat(",", store.MaxGroupKey-len(alice)+1), alice, "2030-01-01 00:00:00+00", true, 0},
		"characters, not bytes":     {alice + "," + strings.Repeat("é", store.MaxGroupKey-len(alice)-1), bob, "2030-01-01 00:00:00+00", false, 2030},
		"key that is much too long": {alice + strings.Repeat(","+alice, 2500), alice, "2030-01-01 00:00:00+00", true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.exec("set timezone = 'UTC'")
			w.claimed(c.key, c.canonical, c.at)
			s := newStore(w.pool)
			snapshot, err := loadGroup(t.Context(), s, alice)
			require.NoError(t, err)
			list, err := s.ListGroupClaims(t.Context(), 1, alice)
			require.NoError(t, err)
			assert.Equal(t, snapshot.GroupClaims, list)
			_, err = s.Apply(t.Context(), claiming(snapshot))
			require.NoError(t, err)
			if c.passedOver {
				assert.Empty(t, list)
				assert.Len(t, w.groupRows(), 1)
				return
			}
			require.Len(t, list, 1)
			assert.Equal(t, store.GroupClaim{Key: c.key, Canonical: store.Address(c.canonical), ClaimedAt: list[0].ClaimedAt}, list[0])
			assert.True(t, list[0].Names(alice))
			assert.Equal(t, c.year, list[0].ClaimedAt.Year())
			assert.Empty(t, w.groupRows())
		})
	}
}

// A key of a megabyte fits no index, but a table without them holds it.
func TestGroups_Megabyte(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := alice + strings.Repeat(","+bob, 1<<20/43)
	w.exec(`drop index passport_group_wallets`)
	w.exec(`alter table account_walletgroupcommunityclaim drop constraint account_walletgroupcommu_group_key_community_id_60ec33ad_uniq`)
	w.claimed(key, alice, "2030-01-01")
	s := newStore(w.pool)
	snapshot, err := loadGroup(t.Context(), s, alice, bob)
	require.NoError(t, err)
	assert.Empty(t, snapshot.GroupClaims)
	require.NoError(t, scoreGroup(t.Context(), s, alice, alice, bob))
	assert.Len(t, w.groupRows(), 2)
}

// Any number of claims may name an address: Load reads no more than it may.
func TestGroups_TooMany(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`insert into account_walletgroupcommunityclaim (group_key, canonical_address, claimed_at, community_id)
		select $1 || ',0x' || lpad(to_hex(n), 40, '0'), $1, now(), 1 from generate_series(1, $2) n`, alice, 2*store.MaxGroupClaims)
	for mode, open := range someOf(storeModes(), "pgx", "database/sql, lib/pq") {
		s := open(t, w.url)
		snapshot, err := loadGroup(t.Context(), s, alice, bob)
		require.NoError(t, err, mode)
		assert.Len(t, snapshot.GroupClaims, 2*store.MaxGroupClaims, mode)
		_, err = loadGroup(t.Context(), s, alice)
		require.ErrorIs(t, err, store.ErrInternal, mode)
		assert.ErrorContains(t, err, "more than 16 group claims name the addresses", mode)
	}
	w.exec(`insert into account_walletgroupcommunityclaim (group_key, canonical_address, claimed_at, community_id)
		select $1 || ',0x' || lpad(to_hex(n), 40, '0'), $1, now(), 1 from generate_series(1000, 11000) n`, alice)
	require.NoError(t, pgx.BeginFunc(t.Context(), w.pool, func(tx pgx.Tx) error {
		s := newStore(w.pool).InTx(tx)
		_, err := loadGroup(t.Context(), s, alice, bob, carol)
		require.ErrorIs(t, err, store.ErrInternal)
		_, err = loadGroup(t.Context(), s, carol)
		return err
	}), "the host's transaction goes on")
	snapshot := load(t, newStore(w.pool), alice)
	_, err := newStore(w.pool).Apply(t.Context(), claiming(snapshot))
	require.ErrorIs(t, err, store.ErrConflict)
}

// A group of the most wallets can be stored, and its claims found.
func TestGroups_Largest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var wallets []store.Address
	for n := range store.MaxGroup {
		sum := sha256.Sum256([]byte{byte(n)}) // which does not get smaller when it is packed
		wallets = append(wallets, store.Address(fmt.Sprintf("0x%x", sum[:20])))
	}
	s := newStore(w.pool)
	require.NoError(t, scoreGroup(t.Context(), s, wallets[0], wallets...))
	list, err := s.ListGroupClaims(t.Context(), 1, wallets[store.MaxGroup-1])
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.True(t, list[0].Equal(new(groupClaim(wallets[0], wallets...))))
}

// A group is one round trip to read and one to write, and one more to read if a
// known wallet has changed.
func TestGroups_RoundTrips(t *testing.T) {
	t.Parallel()
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		t.Run(mode.String(), func(t *testing.T) {
			w := newWorld(t)
			var trips atomic.Int64
			s := newStore(w.newPool(execMode(mode), func(c *pgxpool.Config) { c.MaxConns = 1 }, pgtest.CountTrips(&trips)))
			counted := func(work func() error) int {
				before := trips.Load()
				require.NoError(t, work())
				return int(trips.Load() - before)
			}
			var snapshot *store.Snapshot
			known := map[store.Address]store.Known{}
			read := func() (err error) {
				snapshot, err = s.Load(t.Context(), store.Query{Community: 1, Addresses: []store.Address{alice, bob}, At: noon, Groups: true, Known: known})
				return err
			}
			write := func() error {
				canonical := []store.Address{alice, bob}[len(snapshot.GroupClaims)]
				_, err := s.Apply(t.Context(), claiming(snapshot, groupClaim(canonical, alice, bob)))
				return err
			}
			for range 3 { // the first prepare their statements
				counted(read)
				counted(write)
			}
			assert.Equal(t, 1, counted(read))
			assert.Equal(t, 1, counted(write))

			for _, wallet := range snapshot.Wallets {
				known[wallet.Address] = store.Known{Version: wallet.Version}
			}
			for _, want := range []int{1, 2, 2} { // the second prepares one more statement
				counted(read)
				require.Len(t, snapshot.GroupClaims, 1)
				if want > 1 {
					require.NoError(t, newStore(w.pool).AddCredentials(t.Context(), alice, store.CredentialInput{Provider: "Google", Document: []byte(`{}`)}))
				}
			}
			assert.Equal(t, 2, counted(read))
			require.Len(t, snapshot.GroupClaims, 1, "it was read twice")
			assert.Len(t, snapshot.Wallets[0].Credentials, 1)
		})
	}
}

// Claims are found by indexes, whether the server knows the table's size or
// not; in a host's transaction if it does.
func TestGroups_Plan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`alter table account_walletgroupcommunityclaim set (autovacuum_enabled = off)`)
	claims := `insert into account_walletgroupcommunityclaim (group_key, canonical_address, claimed_at, community_id)
		select '0x' || md5(n::text) || '00000000,0x' || md5((-n)::text) || '00000000', '0x' || md5(n::text) || '00000000', now(), 1
		from   generate_series($1::int, $2) n`
	w.exec(claims, 1, 10)
	pinned := `select set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)`
	explain := func(setting string) {
		for name, arguments := range map[string]string{
			"load_group_claims":   `(1, array['` + alice + `'], 17)`,
			"list_group_claims":   `(1, array['` + alice + `'])`,
			"verify_group_claims": `(1, array['` + alice + `', '` + bob + `'], array['k'], array['c'], array['2030-01-01'])`,
		} {
			require.NoError(t, pgx.BeginFunc(t.Context(), w.pool, func(tx pgx.Tx) error {
				_, err := tx.Exec(t.Context(), `select set_config('plan_cache_mode', 'force_generic_plan', true)`)
				require.NoError(t, err)
				_, err = tx.Exec(t.Context(), setting)
				require.NoError(t, err)
				_, err = tx.Exec(t.Context(), "prepare asked as "+pgstore.Texts()[name])
				require.NoError(t, err)
				lines, err := tx.Query(t.Context(), "explain execute asked "+arguments, pgx.QueryExecModeSimpleProtocol)
				require.NoError(t, err)
				plan, err := pgx.CollectRows(lines, pgx.RowTo[string])
				require.NoError(t, err)
				text := strings.Join(plan, "\n")
				assert.NotContains(t, text, "Seq Scan", name)
				assert.Contains(t, text, "passport_group_wallets", name)
				assert.Contains(t, text, "canonical_address", name)
				_, err = tx.Exec(t.Context(), "deallocate asked")
				return err
			}))
		}
	}
	explain(pinned)
	w.exec(claims, 11, 30000)
	explain(pinned)
	w.exec("analyze account_walletgroupcommunityclaim")
	explain(pinned)
	explain("select 1")
}

// A canonical wallet gets a key for a credential of another wallet of its
// group, which must be there until the key is committed.
func TestGroups_KeyOfReplacedCredential(t *testing.T) {
	t.Parallel()
	for _, level := range []pgx.TxIsoLevel{pgx.ReadCommitted, pgx.RepeatableRead, pgx.Serializable} {
		t.Run(string(level), func(t *testing.T) {
			w := newWorld(t)
			direct := newStore(w.pool)
			stampOf(t, direct, "old")
			require.NoError(t, pgx.BeginTxFunc(t.Context(), w.pool, pgx.TxOptions{IsoLevel: level}, func(tx pgx.Tx) error {
				snapshot, err := loadGroup(t.Context(), direct.InTx(tx), bob, alice)
				require.NoError(t, err)
				mine := claiming(snapshot, groupClaim(bob, alice, bob))
				mine.Wallets[0].Awards = []store.Award{{Action: "HKY", Provider: "Google", TxHash: "old"}}
				stampOf(t, direct, "new")
				_, err = direct.Apply(t.Context(), keyFor(t, direct, 2, "new"))
				require.NoError(t, err)
				_, err = direct.InTx(tx).Apply(t.Context(), mine)
				require.ErrorIs(t, err, store.ErrConflict)
				return nil
			}))
			assert.Equal(t, "new", w.value("select string_agg(tx_hash, ', ') from registry_humanpoints"))
		})
	}
}
