package pgstore_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

func TestCheckSchema_Differences(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ change, want string }{
		"missing table": {
			`drop table registry_stamp`,
			`table registry_stamp is missing`,
		},
		"a view is not a table": {
			`alter table registry_stamp rename to elsewhere; create view registry_stamp as select * from elsewhere`,
			`table registry_stamp is missing`,
		},
		"missing column": {
			`alter table registry_score drop column stamp_scores`,
			`column registry_score.stamp_scores, jsonb, is missing`,
		},
		"wrong type": {
			`alter table registry_score alter column evidence type text`,
			`column registry_score.evidence is text, not jsonb`,
		},
		"too little precision": {
			`alter table scorer_weighted_binaryweightedscorer alter column threshold type numeric(5,2)`,
			`column scorer_weighted_binaryweightedscorer.threshold is numeric(5,2), not numeric(10,5)`,
		},
		"too narrow": {
			`alter table registry_hashscorerlink alter column hash type varchar(64)`,
			`column registry_hashscorerlink.hash is character varying(64), not character varying(100)`,
		},
		"NULL where none may be": {
			`alter table registry_hashscorerlink alter column address drop not null`,
			`column registry_hashscorerlink.address takes NULL, and must not`,
		},
		"no NULL where one must be": {
			`alter table registry_score alter column score set not null`,
			`column registry_score.score must take NULL, and does not`,
		},
		"no identity": {
			`alter table registry_event alter column id drop identity`,
			`column registry_event.id has neither an identity nor a default: no row can be added`,
		},
		"a new column that must be filled": {
			`alter table registry_event add column shard integer not null`,
			`column registry_event.shard, which the SDK does not know, takes no NULL and has no default: no row can be added`,
		},
		"missing unique key": {
			`alter table registry_hashscorerlink drop constraint registry_hashscorerlink_hash_community_id_ea7e08a6_uniq`,
			`table registry_hashscorerlink lacks a unique key on (hash, community_id)`,
		},
		"a key that is checked too late for ON CONFLICT": {
			`alter table registry_score drop constraint registry_score_passport_id_640e4835_uniq, add unique (passport_id) deferrable`,
			`table registry_score lacks a unique key on (passport_id)`,
		},
		"an index that is not unique is no key": {
			`alter table registry_humanpoints drop constraint unique_human_points_constraint;
			 create index on registry_humanpoints (address, action, chain_id, provider, tx_hash)`,
			`table registry_humanpoints lacks a unique key on (address, action, chain_id, provider, tx_hash)`,
		},
		"missing partial unique index": {
			`drop index unique_non_deleted_provider_for_address`,
			`table ceramic_cache_ceramiccache lacks a unique key on (type, address, provider) where deleted_at IS NULL`,
		},
		"partial unique index for other rows": {
			`drop index unique_non_deleted_provider_for_address;
			 create unique index on ceramic_cache_ceramiccache (type, address, provider) where (type = 1)`,
			`table ceramic_cache_ceramiccache lacks a unique key on (type, address, provider) where deleted_at IS NULL`,
		},
		"missing primary key": {
			`alter table registry_humanpointsmultiplier drop constraint registry_humanpointsmultiplier_pkey`,
			`table registry_humanpointsmultiplier lacks a unique key on (address)`,
		},
		"missing key by which API keys are found": {
			`alter table account_accountapikey drop constraint account_accountapikey_prefix_key`,
			`table account_accountapikey lacks a unique key on (prefix)`,
		},
		"missing key of linked wallets": {
			`alter table account_walletgroupcommunityclaim drop constraint account_walletgroupcommu_group_key_community_id_60ec33ad_uniq`,
			`table account_walletgroupcommunityclaim lacks a unique key on (group_key, community_id)`,
		},
		"missing index": {
			`drop index score_history_index`,
			`table registry_event lacks an index on (action, address, community_id, created_at)`,
		},
		"an index in another order": {
			`drop index registry_passport_address_fb3975f7_like; create index on registry_passport (address desc)`,
			`table registry_passport lacks an index on (address varchar_pattern_ops)`,
		},
		"an index that was never finished": {
			`update pg_index set indisvalid = false where indexrelid = 'registry_stamp_passport_id_a0a2c334'::regclass`,
			`table registry_stamp lacks an index on (passport_id)`,
		},
		"missing foreign key": {
			`alter table registry_passport drop constraint registry_passport_community_id_1524ae17_fk_account_community_id`,
			`table registry_passport lacks a foreign key from (community_id) to account_community`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			url := pgtest.New(t)
			exec(t, openPool(t, url), c.change, pgx.QueryExecModeSimpleProtocol)

			for _, err := range []error{
				pgstore.CheckSchema(t.Context(), openPool(t, url)),
				pgstore.CheckSchema(t.Context(), openSQL(t, "postgres", url)),
			} {
				require.ErrorIs(t, err, pgstore.ErrSchema)
				require.ErrorIs(t, err, store.ErrInternal)
				lines := strings.Split(err.Error(), "\n")
				assert.Contains(t, lines[0], `schema "public"`)
				assert.Equal(t, []string{c.want}, lines[1:])
			}
		})
	}
}

func TestCheckSchema_AllDifferences(t *testing.T) {
	t.Parallel()
	db := openPool(t, pgtest.New(t))
	exec(t, db, `
		drop table registry_stamp;
		alter table registry_score drop column error, alter column status set not null;
		drop index score_history_index`, pgx.QueryExecModeSimpleProtocol)

	err := pgstore.CheckSchema(t.Context(), db)
	require.Error(t, err)
	assert.ElementsMatch(t, []string{
		"table registry_stamp is missing",
		"column registry_score.error, text, is missing",
		"column registry_score.status must take NULL, and does not",
		"table registry_event lacks an index on (action, address, community_id, created_at)",
	}, strings.Split(err.Error(), "\n")[1:])
}

func TestCheckSchema_EmptyDatabase(t *testing.T) {
	t.Parallel()
	err := pgstore.CheckSchema(t.Context(), openPool(t, pgtest.NewEmpty(t)))
	require.ErrorIs(t, err, pgstore.ErrSchema)
	assert.ErrorContains(t, err, "table registry_passport is missing")
	assert.NotContains(t, err.Error(), "ceramic_cache_banlist", "the SDK does without it")
}

func TestCheckSchema_Harmless(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"no index of ours":                `drop index passport_group_wallets`,
		"more tables":                     `create table django_migrations (id integer)`,
		"more columns":                    `alter table registry_score add column note text, add column n integer not null default 0`,
		"columns in another order":        `alter table registry_event drop column data; alter table registry_event add column data jsonb not null`,
		"wider text":                      `alter table registry_stamp alter column provider type varchar(512); alter table registry_event alter column action type text`,
		"a sequence in place of identity": `alter table registry_event alter column id drop identity; create sequence s; alter table registry_event alter column id set default nextval('s')`,
		"other names of keys":             `alter index unique_non_deleted_provider_for_address rename to other; alter table registry_score rename constraint registry_score_passport_id_640e4835_uniq to other_too`,
		"an index of another name":        `drop index registry_passport_address_fb3975f7_like; create index on registry_passport (address text_pattern_ops, id)`,
		"a wider index serves as well":    `drop index registry_stamp_passport_id_a0a2c334; create index on registry_stamp (passport_id, provider)`,
		"what only the service uses":      `drop table ceramic_cache_ban; alter table account_customization drop column logo_image; drop index registry_passport_address_fb3975f7`,
	} {
		t.Run(name, func(t *testing.T) {
			db := openPool(t, pgtest.New(t))
			exec(t, db, change, pgx.QueryExecModeSimpleProtocol)
			require.NoError(t, pgstore.CheckSchema(t.Context(), db))
		})
	}
}
