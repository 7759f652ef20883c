package pgstore_test

import (
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// rivals is a world with an engine on it, and with enough connections that many
// scorings are at the database at once.
type rivals struct {
	*world

	t      *testing.T
	engine *passport.Engine
	store  *pgstore.Store
	issuer *passporttest.Issuer
}

func newRivals(t *testing.T, options ...passport.Option) *rivals {
	t.Helper()
	w := newWorld(t)
	return rivalsOn(t, w, newStore(w.newPool(manyAtOnce)), options...)
}

func manyAtOnce(c *pgxpool.Config) { c.MaxConns = 24 }

func rivalsOn(t *testing.T, w *world, s *pgstore.Store, options ...passport.Option) *rivals {
	t.Helper()
	r := &rivals{world: w, t: t, store: s, issuer: passporttest.NewIssuer()}
	options = append(options,
		passport.WithTrustedIssuers(r.issuer.DID()),
		passport.WithHumanPoints(passport.HumanPoints{Capped: passport.MetaMaskOG()}))
	engine, err := passport.New(r.store, options...)
	require.NoError(t, err)
	r.engine = engine
	return r
}

// stamp gives the address stamps of the account, one of each provider.
func (r *rivals) stamp(address, account string, providers ...string) {
	r.t.Helper()
	for _, provider := range providers {
		signed, err := r.issuer.Issue(address, provider, account)
		require.NoError(r.t, err)
		credential, err := passport.ReadCredential(signed)
		require.NoError(r.t, err)
		require.NoError(r.t, r.store.AddCredentials(r.t.Context(), store.Address(address), credential))
	}
}

// scoreAll scores the addresses at once, all of which must succeed, by as many
// workers, each of which takes its share in order.
func (r *rivals) scoreAll(workers int, addresses []string) []*passport.Result {
	r.t.Helper()
	results := make([]*passport.Result, len(addresses))
	start := make(chan struct{})
	var all sync.WaitGroup
	for worker := range workers {
		all.Go(func() {
			<-start
			for i := worker; i < len(addresses); i += workers {
				result, err := r.engine.Score(r.t.Context(), 1, addresses[i])
				assert.NoError(r.t, err)
				results[i] = result
			}
		})
	}
	close(start)
	all.Wait()
	require.NotContains(r.t, results, (*passport.Result)(nil))
	assert.Equal(r.t, "0", r.value("select deadlocks from pg_stat_database where datname = current_database()"))
	return results
}

func addresses(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = passporttest.Address(fmt.Sprint("wallet ", i))
	}
	return all
}

func TestScore_OneAddressAtOnce(t *testing.T) {
	t.Parallel()
	r := newRivals(t)
	r.stamp(alice, "account", "Google", "Github", "Discord")
	same := make([]string, 64)
	for i := range same {
		same[i] = alice
	}
	for _, result := range r.scoreAll(len(same), same) {
		assert.Equal(t, "3.5", result.Score.String())
		assert.True(t, result.Passing)
	}
	for table, want := range map[string]string{
		"registry_passport": "1", "registry_score": "1", "registry_stamp": "3", "registry_hashscorerlink": "3",
		"registry_event": "64", "registry_humanpointscommunityqualifiedusers": "1", "registry_humanpoints": "3", // a key for each provider
	} {
		assert.Equal(t, want, r.value("select count(*) from "+table), table)
	}
}

func TestScore_OneGroupAtOnce(t *testing.T) {
	t.Parallel()
	wallets := group{alice, bob, carol, dave}
	r := newRivals(t, passport.WithGroups(wallets, passport.FailScoring))
	r.stamp(alice, "account", "Google")
	r.stamp(bob, "account", "Google", "Github")
	r.stamp(carol, "another account", "Github")
	asked := make([]string, 64)
	for i := range asked {
		asked[i] = string(wallets[i%len(wallets)])
	}
	results := r.scoreAll(len(asked), asked)
	canonical := results[0].Linked.Canonical
	for i, result := range results {
		assert.Equal(t, canonical, result.Linked.Canonical)
		assert.Equal(t, "3.5", result.Linked.Score.String())
		assert.Equal(t, passport.Address(asked[i]) == canonical, result.Passing)
	}
	r.requireGroups(groupClaim(canonical, wallets...))
	assert.Equal(t, string(canonical), r.value("select string_agg(p.address, ' ') from registry_score s join registry_passport p on p.id = s.passport_id where s.score = 1"))
	assert.Equal(t, string(canonical), r.value("select string_agg(distinct address, ' ') from registry_humanpoints"))
	for table, want := range map[string]string{
		"registry_passport": "4", "registry_score": "4", "registry_stamp": "3", "registry_hashscorerlink": "3", "registry_humanpoints": "2",
	} {
		assert.Equal(t, want, r.value("select count(*) from "+table), table)
	}
	assert.Equal(t, "256", r.value("select count(*) from registry_event where action = 'SCU'"), "one of each wallet and scoring")
}

func TestScore_OneAccountAtOnce(t *testing.T) {
	t.Parallel()
	r := newRivals(t)
	rival := addresses(64)
	for _, address := range rival {
		r.stamp(address, "account", "Google", "Github")
	}
	outcomes := map[string]map[passport.Outcome]int{}
	for i, result := range r.scoreAll(len(rival), rival) {
		require.Len(t, result.Stamps, 2)
		for _, s := range result.Stamps {
			if outcomes[s.Provider] == nil {
				outcomes[s.Provider] = map[passport.Outcome]int{}
			}
			outcomes[s.Provider][s.Outcome]++
			nullifier := passporttest.Nullifier(s.Provider, "account")
			holds := r.value("select address = $2 from registry_hashscorerlink where hash = $1", nullifier, rival[i]) == "true"
			assert.Equal(t, s.Outcome == passport.Counted, holds, "the wallet that counts the stamp holds its nullifier")
		}
	}
	for provider, counts := range outcomes {
		assert.Equal(t, map[passport.Outcome]int{passport.Counted: 1, passport.Deduplicated: 63}, counts, provider)
	}
	assert.Len(t, outcomes, 2)
	assert.Equal(t, "2", r.value("select count(*) from registry_hashscorerlink"))
	assert.Equal(t, "2", r.value("select count(*) from registry_stamp"))
	assert.Equal(t, "126", r.value("select count(*) from registry_event where action = 'LDP'"))
	assert.Equal(t, "64", r.value("select count(*) from registry_event where action = 'SCU'"))
}

func TestScore_CappedAward(t *testing.T) {
	t.Parallel()
	requireCapped(t, newRivals(t))
}

func requireCapped(t *testing.T, r *rivals) {
	t.Helper()
	const limit, left, workers, each = 5000, 9, 32, 4
	rival := addresses(workers * each)
	r.exec(`update scorer_weighted_binaryweightedscorer set threshold = 0`)
	r.exec(`insert into registry_humanpoints (address, action, provider, tx_hash, chain_id, timestamp)
		select '0x' || lpad(to_hex(n), 40, '0'), 'MM2', '', '', 0, now() from generate_series(1, $1::int) n`, limit-left)
	r.exec(`insert into account_addresslist (id, name) values (1, 'MetaMaskOG2')`)
	r.exec(`insert into account_addresslistmember (address, list_id) select unnest($1::text[]), 1`, rival)
	given := 0
	for _, result := range r.scoreAll(workers, rival) {
		assert.True(t, result.Passing)
		given += len(result.Points)
	}
	assert.Equal(t, left, given, "in as many results as rows")
	assert.Equal(t, strconv.Itoa(limit), r.value("select count(*) from registry_humanpoints where action = 'MM2'"))
	assert.Equal(t, strconv.Itoa(len(rival)), r.value("select count(*) from registry_score where score = 1"))
}
