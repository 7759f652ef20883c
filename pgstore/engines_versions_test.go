package pgstore_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// A version changes with every fact of a credential. Where it is made of what
// the rows hold, it stays when they are written again as they were.
func TestEngine_Versions(t *testing.T) {
	t.Parallel()
	for engine, again := range map[pgstore.Engine]bool{pgstore.Postgres: false, pgstore.CockroachDB: true} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			require.NoError(t, pgstore.Migrate(t.Context(), w.pool, pgstore.WithEngine(engine)))
			s := pgstore.New(w.pool, pgstore.WithEngine(engine))
			require.NoError(t, s.AddCredentials(t.Context(), alice,
				store.CredentialInput{Provider: "Google", Document: []byte(`{"a":"\\ \" é"}`)},
				store.CredentialInput{Provider: "Github", Document: []byte(`{}`)}))
			version := load(t, s, alice).Wallets[0].Version
			unchanged := func() bool {
				known := map[store.Address]store.Known{alice: {Version: version}}
				snapshot, err := s.Load(t.Context(), store.Query{Community: 1, Addresses: []store.Address{alice}, At: noon, Known: known})
				require.NoError(t, err)
				version = snapshot.Wallets[0].Version
				return snapshot.Wallets[0].Unchanged
			}
			assert.True(t, unchanged())
			w.exec(`update ceramic_cache_ceramiccache set stamp = stamp`)
			assert.Equal(t, again, unchanged())
			for _, change := range []string{
				`update ceramic_cache_ceramiccache set stamp = stamp || '{"b":1}' where provider = 'Google'`,
				`update ceramic_cache_ceramiccache set provider = 'Google 2' where provider = 'Google'`,
				`update ceramic_cache_ceramiccache set updated_at = updated_at + interval '1 microsecond' where provider = 'Github'`,
				`insert into ceramic_cache_revocation (proof_value, ceramic_cache_id) select '', id from ceramic_cache_ceramiccache where provider = 'Github'`,
				`update ceramic_cache_ceramiccache set deleted_at = now() where provider = 'Github'`,
			} {
				w.exec(change)
				assert.False(t, unchanged(), change)
				assert.True(t, unchanged(), change)
			}
		})
	}
}
