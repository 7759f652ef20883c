package memstore_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

func TestEveryColumnOfEveryTableRoundTrips(t *testing.T) {
	rows, err := os.ReadFile("testdata/every-column.json")
	require.NoError(t, err)
	mem := memstore.New()
	read(t, mem, string(rows))

	var want, got map[string][]json.RawMessage
	require.NoError(t, json.Unmarshal(rows, &want))
	require.NoError(t, json.Unmarshal([]byte(dump(t, mem)), &got))
	require.Len(t, got, len(want))
	for name := range want {
		assert.Equal(t, string(want[name][0]), string(got[name][0]), name)
	}
}

func TestRowsOfEveryScenarioRoundTrip(t *testing.T) {
	text, err := os.ReadFile("testdata/scenario-rows.json")
	require.NoError(t, err)
	var scenarios map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(text, &scenarios))
	require.NotEmpty(t, scenarios)
	for name, rows := range scenarios {
		t.Run(name, func(t *testing.T) {
			mem, again := memstore.New(memstore.WithClock(noon)), memstore.New()
			read(t, mem, string(rows))
			first := dump(t, mem)
			read(t, again, first)
			assert.Equal(t, first, dump(t, again))

			var tables map[string][]any
			require.NoError(t, json.Unmarshal(rows, &tables))
			for name, rows := range tables {
				if name != "registry_humanpointsconfig" {
					assert.Len(t, table(t, mem, name), len(rows), name)
				}
			}
		})
	}
}

func TestColumnsLeftOutTakeTheirZero(t *testing.T) {
	mem := memstore.New(memstore.WithClock(noon))
	read(t, mem, `{
		"ceramic_cache_ceramiccache": [{"provider": "Google"}, {"id": 9}, {}],
		"scorer_weighted_scorer": [{}], "scorer_weighted_weightedscorer": [{"scorer_ptr_id": 1}]}`)
	assert.Equal(t, []string{
		"1 <nil> Google map[] <nil> 2026-06-01T12:00:00.123456+00:00 0 ",
		"9 <nil>  map[] <nil> 2026-06-01T12:00:00.123456+00:00 0 ",
		"10 <nil>  map[] <nil> 2026-06-01T12:00:00.123456+00:00 0 ",
	}, table(t, mem, "ceramic_cache_ceramiccache", "id", "address", "provider", "stamp", "created_at", "updated_at", "type", "proof_value"))
	assert.Equal(t, []string{"1 <nil> 0.00000"}, table(t, mem, "scorer_weighted_weightedscorer", "scorer_ptr_id", "weights", "threshold"))
	assert.Equal(t, []string{"false"}, table(t, mem, "scorer_weighted_scorer", "exclude_from_weight_updates"))
}

func TestValuesAreKeptAsTheServicesColumnsKeepThem(t *testing.T) {
	for _, test := range []struct{ name, table, column, given, want string }{
		{"a numeric gets its scale", "account_allowlist", "weight", `"2.5"`, "2.5000"},
		{"a numeric is rounded half away from zero", "account_allowlist", "weight", `1.00005`, "1.0001"},
		{"a negative one too", "account_allowlist", "weight", `"-1.00005"`, "-1.0001"},
		{"a numeric in scientific notation", "account_allowlist", "weight", `1e2`, "100.0000"},
		{"a numeric too small to see", "account_allowlist", "weight", `"-1e-900"`, "0.0000"},
		{"a moment with an offset", "registry_hashscorerlink", "expires_at", `"2035-01-01T02:00:00+02:00"`, "2035-01-01T00:00:00+00:00"},
		{"a moment with Z", "registry_hashscorerlink", "expires_at", `"2035-01-01T00:00:00.5Z"`, "2035-01-01T00:00:00.500000+00:00"},
		{"a moment with nanoseconds", "registry_hashscorerlink", "expires_at", `"2035-01-01T00:00:00.0000015Z"`, "2035-01-01T00:00:00.000002+00:00"},
		{"a document with duplicate keys", "registry_event", "data", `{"a":1,"a":2}`, "map[a:2]"},
		{"an address of any text", "registry_event", "address", `"nobody"`, "nobody"},
		{"a text of the full width, in characters", "registry_event", "action", `"ééé"`, "ééé"},
		{"an escaped surrogate pair", "registry_event", "address", `"\ud83d\ude00"`, "😀"},
	} {
		t.Run(test.name, func(t *testing.T) {
			mem := memstore.New()
			read(t, mem, `{"account_addresslist":[{"id":1}], "account_customization":[{"id":1}]}`)
			references := ""
			if test.table == "account_allowlist" {
				references = `"address_list_id":1,"customization_id":1,`
			}
			read(t, mem, `{"`+test.table+`":[{`+references+`"`+test.column+`":`+test.given+`}]}`)
			assert.Equal(t, []string{test.want}, table(t, mem, test.table, test.column))
		})
	}
}

func TestBadRowsAreRefusedByTableRowAndColumn(t *testing.T) {
	for _, test := range []struct{ name, rows, want string }{
		{"not JSON", `{"auth_user"`, "not JSON"},
		{"nothing", ``, "not JSON"},
		{"a list", `[]`, "an object was expected"},
		{"something after it", `{} {}`, "something follows"},
		{"garbage after it", `{} x`, "not JSON"},
		{"unknown table", `{"registry_pasport":[]}`, `table "registry_pasport" is unknown`},
		{"a table twice", `{"auth_user":[],"auth_user":[]}`, `"auth_user" is there twice`},
		{"a table that is no list", `{"auth_user":{}}`, "table auth_user: a list of rows was expected"},
		{"a row that is no object", `{"auth_user":[1]}`, "table auth_user, row 0: an object was expected"},
		{"a number beyond a double for the tables", strings.Repeat("2", 400), "an object was expected, not 222222"},
		{"a number beyond a double for a list of rows", `{"auth_user":1e999}`, "table auth_user: a list of rows was expected, not 1e999"},
		{"a number beyond a double for a row", `{"auth_user":[-1e999]}`, "table auth_user, row 0: an object was expected, not -1e999"},
		{"unknown column", `{"auth_user":[{},{"username":"b","nam":1}]}`, `table auth_user, row 1: column "nam" is unknown`},
		{"a column twice", `{"auth_user":[{"id":1,"id":1}]}`, `table auth_user, row 0: "id" is there twice`},
		{"text for a number", `{"auth_user":[{"id":"1"}]}`, `table auth_user, row 0, column id: "1" is not an integer`},
		{"a fraction for an integer", `{"auth_user":[{"id":1.0}]}`, "1.0 is not an integer"},
		{"number for a text", `{"auth_user":[{"username":1}]}`, "column username: 1 is not a string"},
		{"text for a boolean", `{"auth_user":[{"is_active":"true"}]}`, "column is_active: \"true\" is not true or false"},
		{"text for a double", `{"registry_weightconfiguration":[{"threshold":"1"}]}`, "column threshold"},
		{"null where it must not be", `{"auth_user":[{"username":null}]}`, "column username: it must not be null"},
		{"id 0", `{"auth_user":[{"id":0}]}`, "column id: 0 is not above 0"},
		{"negative id", `{"registry_score":[{"id":-3}]}`, "column id: -3 is not above 0"},
		{"id beyond the type", `{"registry_score":[{"id":92233720368547758070}]}`, "out of the range of bigint"},
		{"integer beyond the type", `{"registry_humanpoints":[{"chain_id":2147483648}]}`, "column chain_id: 2147483648 is out of the range of integer"},
		{"key without a default", `{"scorer_weighted_weightedscorer":[{}]}`, "column scorer_ptr_id: it is missing"},
		{"overlong text", `{"registry_event":[{"action":"LONG"}]}`, "column action: the text has 4 characters, the column holds 3"},
		{"NUL in a text", `{"registry_event":[{"address":"\u0000"}]}`, "column address: it holds a NUL character"},
		{"NUL in a document", `{"registry_event":[{"data":{"a":"\u0000"}}]}`, "column data: it holds a NUL character"},
		{"half a surrogate pair", `{"registry_event":[{"data":{"a":"\ud800x"}}]}`, "half of a surrogate pair"},
		{"invalid UTF-8", "{\"registry_event\":[{\"address\":\"\xff\"}]}", "column address: the text is not valid UTF-8"},
		{"moment without a zone", `{"registry_event":[{"created_at":"2026-01-01T00:00:00"}]}`, "column created_at: \"2026-01-01T00:00:00\" is not a moment"},
		{"day that is none", `{"registry_event":[{"created_at":"2026-02-30T00:00:00Z"}]}`, "is not a moment"},
		{"infinity", `{"registry_event":[{"created_at":"infinity"}]}`, "is not a moment"},
		{"moment before all years", `{"registry_event":[{"created_at":"0000-01-01T00:00:00Z"}]}`, "not within the years 1 to 9999"},
		{"decimal that is none", `{"registry_score":[{"score":"abc"}]}`, "column score: \"abc\" is not a decimal number"},
		{"NaN", `{"registry_score":[{"score":"NaN"}]}`, "is not a decimal number"},
		{"decimal out of range", `{"registry_score":[{"score":1234567890}]}`, "out of the range of numeric(18,9)"},
		{"decimal rounded out of range", `{"registry_score":[{"score":"999999999.9999999999"}]}`, "out of the range of numeric(18,9)"},
		{"monstrous exponent", `{"registry_score":[{"score":1e999999999}]}`, "column score"},
		{"endless decimal", `{"registry_score":[{"score":` + strings.Repeat("1", 2000) + `}]}`, "too long"},
	} {
		t.Run(test.name, func(t *testing.T) {
			mem := newStore(t)
			before := dump(t, mem)
			err := mem.ReadRows(strings.NewReader(test.rows))
			require.ErrorIs(t, err, store.ErrInvalid)
			assert.ErrorContains(t, err, test.want)
			assert.Less(t, len(err.Error()), 400)
			assert.Equal(t, before, dump(t, mem), "nothing has changed")
		})
	}
}

func TestUniqueConstraintsHold(t *testing.T) {
	const date = `"2026-01-01T00:00:00Z"`
	for _, test := range []struct{ table, row, other, columns string }{
		{"auth_user", `{"id":3}`, `{"id":3,"username":"u"}`, "id"},
		{"auth_user", `{"username":"u"}`, `{"username":"u"}`, "username"},
		{"account_account", `{"user_id":1}`, `{"user_id":1}`, "user_id"},
		{"account_accountapikey", `{"id":"a","prefix":"p"}`, `{"id":"b","prefix":"p"}`, "prefix"},
		{"account_addresslist", `{"name":"l"}`, `{"name":"l"}`, "name"},
		{"account_community", `{"name":"n","account_id":1}`, `{"name":"n","account_id":1}`, "account_id, name, deleted_at"},
		{"account_community", `{"name":"n","deleted_at":` + date + `}`, `{"name":"n","deleted_at":` + date + `}`, "account_id, name, deleted_at"},
		{"account_community", `{"name":"n","external_scorer_id":"x"}`, `{"external_scorer_id":"x"}`, "external_scorer_id"},
		{"account_customcredentialruleset", `{"provider_id":"x"}`, `{"provider_id":"x"}`, "provider_id"},
		{"account_customization", `{"scorer_id":1}`, `{"scorer_id":1,"path":"p"}`, "scorer_id"},
		{"account_customization", `{"path":"p"}`, `{"scorer_id":1,"path":"p"}`, "path"},
		{"account_customplatform", `{"name":"p"}`, `{"name":"p"}`, "name"},
		{"account_walletgroupcommunityclaim", `{"group_key":"g"}`, `{"group_key":"g"}`, "group_key, community_id"},
		{"ceramic_cache_ceramiccache", `{"address":"a"}`, `{"address":"a"}`, "type, address, provider, deleted_at"},
		{"ceramic_cache_ceramiccache", `{"address":"a","deleted_at":` + date + `}`, `{"address":"a","deleted_at":` + date + `}`, "type, address, provider, deleted_at"},
		{"registry_passport", `{"address":"a","community_id":1}`, `{"address":"a","community_id":1}`, "address, community_id"},
		{"registry_score", `{"passport_id":1}`, `{"passport_id":1}`, "passport_id"},
		{"registry_hashscorerlink", `{"hash":"h"}`, `{"hash":"h"}`, "hash, community_id"},
		{"registry_humanpoints", `{"action":"HKY"}`, `{"action":"HKY"}`, "address, action, chain_id, provider, tx_hash"},
		{"registry_humanpointscommunityqualifiedusers", `{"address":"a"}`, `{"address":"a"}`, "address, community_id"},
		{"registry_humanpointsconfig", `{"action":"MM2"}`, `{"action":"MM2"}`, "action"},
		{"registry_humanpointsmultiplier", `{"address":"a"}`, `{"address":"a"}`, "address"},
		{"registry_weightconfiguration", `{"version":"1","active":true}`, `{"version":"2","active":true}`, "active"},
		{"registry_weightconfigurationitem", `{"provider":"p"}`, `{"provider":"p"}`, "weight_configuration_id, provider"},
		{"registry_batchmodelscoringrequestitem", `{"address":"a"}`, `{"address":"a"}`, "batch_scoring_request_id, address"},
		{"ceramic_cache_revocation", `{"ceramic_cache_id":1}`, `{"ceramic_cache_id":1}`, "ceramic_cache_id"},
	} {
		t.Run(test.table+" "+test.columns, func(t *testing.T) {
			err := memstore.New().ReadRows(strings.NewReader(`{"` + test.table + `":[` + test.row + `,` + test.other + `]}`))
			require.ErrorIs(t, err, store.ErrInvalid)
			assert.ErrorContains(t, err, "table "+test.table+", row 1, column "+test.columns+": another row has the same already, and it must be unique")
		})
	}
}

func TestARowThatIsThereTwiceDoesNotTellWhatIsInIt(t *testing.T) {
	long := strings.Repeat("SECRET", 1<<16)
	for _, rows := range []string{
		`{"registry_hashscorerlink":[{"hash":"v0:SECRET"},{"hash":"v0:SECRET"}]}`,
		`{"account_accountapikey":[{"id":"prefix.SECRET","prefix":"a"},{"id":"prefix.SECRET","prefix":"b"}]}`,
		`{"account_walletgroupcommunityclaim":[{"group_key":"` + long + `"},{"group_key":"` + long + `"}]}`,
	} {
		err := memstore.New().ReadRows(strings.NewReader(rows))
		require.ErrorIs(t, err, store.ErrInvalid)
		assert.NotContains(t, err.Error(), "SECRET")
	}
}

func TestRowsMayShareWhatNullMakesDistinct(t *testing.T) {
	mem := memstore.New()
	read(t, mem, `{
		"ceramic_cache_ceramiccache": [{}, {}, {"address":"a"}, {"address":"a","deleted_at":"1970-01-01T00:00:00Z"}],
		"registry_passport": [{}, {"address":"a"}, {"address":"a"}],
		"account_community": [{"name":"a"}, {"name":"b"}],
		"registry_weightconfiguration": [{"version":"1"}, {"version":"2"}]}`)
	assert.Len(t, table(t, mem, "ceramic_cache_ceramiccache"), 4)
	assert.Len(t, table(t, mem, "registry_passport"), 3)
}

func TestRowsThatReferToNoneAreRefused(t *testing.T) {
	for _, test := range []struct{ rows, want string }{
		{`{"registry_score":[{"passport_id":4}]}`, "table registry_score, row with id 1, column passport_id: registry_passport has no row 4"},
		{`{"registry_stamp":[{"passport_id":4}]}`, "registry_passport has no row 4"},
		{`{"ceramic_cache_revocation":[{"ceramic_cache_id":4}]}`, "ceramic_cache_ceramiccache has no row 4"},
		{`{"account_addresslistmember":[{"list_id":4}]}`, "account_addresslist has no row 4"},
		{`{"account_allowlist":[{"address_list_id":4}]}`, "account_addresslist has no row 4"},
		{`{"account_customcredential":[{"ruleset_id":4}]}`, "account_customcredentialruleset has no row 4"},
		{`{"scorer_weighted_binaryweightedscorer":[{"scorer_ptr_id":4}]}`, "scorer_weighted_scorer has no row 4"},
		{`{"scorer_weighted_weightedscorer":[{"scorer_ptr_id":4}]}`, "scorer_weighted_scorer has no row 4"},
	} {
		err := memstore.New().ReadRows(strings.NewReader(test.rows))
		require.ErrorIs(t, err, store.ErrInvalid, test.rows)
		assert.ErrorContains(t, err, test.want)
	}
}

func TestNumberingGoesOnWhateverIdsRowsBring(t *testing.T) {
	mem := memstore.New()
	read(t, mem, `{"registry_passport":[{"id":9223372036854775807},{},{"id":4611686018427387903},{"id":4611686018427387904},{}]}`)
	assert.Equal(t, []string{"1", "4611686018427387903", "4611686018427387904", "4611686018427387905", "9223372036854775807"},
		table(t, mem, "registry_passport", "id"))
}

func TestReadingReplacesTheNamedTablesOnly(t *testing.T) {
	mem := memstore.New()
	read(t, mem, `{"auth_user":[{"username":"a"},{"username":"b"}],"account_addresslist":[{"name":"OGs"}]}`)
	read(t, mem, `{"auth_user":[{"username":"c"}]}`)
	assert.Equal(t, []string{"1 c"}, table(t, mem, "auth_user", "id", "username"))
	assert.Equal(t, []string{"OGs"}, table(t, mem, "account_addresslist", "name"))
}

func TestPointsAreConfiguredOnTopOfAFreshDatabase(t *testing.T) {
	mem := memstore.New()
	fresh := []string{
		"CSB 100 true", "CSE 200 true", "CST 500 true", "HIM 1000 true", "HKY 100 true",
		"ISB 100 true", "ISG 500 true", "ISS 200 true", "PMT 300 true", "SCB 500 true",
	}
	columns := []string{"action", "points", "active"}
	require.Equal(t, fresh, table(t, mem, "registry_humanpointsconfig", columns...))

	read(t, mem, `{"registry_humanpointsconfig":[{"action":"MM2","points":400,"active":true},{"action":"SCB","points":1}]}`)
	want := append([]string{"MM2 400 true", "SCB 1 false"}, fresh[:9]...)
	assert.Equal(t, want, table(t, mem, "registry_humanpointsconfig", columns...))

	read(t, mem, `{"registry_humanpointsconfig":[]}`)
	assert.Equal(t, fresh, table(t, mem, "registry_humanpointsconfig", columns...))
}

func TestFaultsOfReadersAndWritersComeBack(t *testing.T) {
	broken := errors.New("broken pipe")
	for _, failure := range []error{broken, io.ErrUnexpectedEOF, fmt.Errorf("body: %w", io.EOF)} {
		for _, text := range []string{``, `{"auth_user"`, `{"auth_user":[`, `{"auth_user":[{"id":1},`, `{"auth_user":[{"id":1}]}`} {
			err := memstore.New().ReadRows(io.MultiReader(strings.NewReader(text), iotest.ErrReader(failure)))
			require.ErrorIs(t, err, failure, text)
			require.NotErrorIs(t, err, store.ErrInvalid, text)
		}
	}
	once := iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(`{}`)))
	require.ErrorIs(t, memstore.New().ReadRows(once), iotest.ErrTimeout, "also when it could be read on")

	for name, mem := range map[string]*memstore.Store{"few rows": memstore.New(), "many": full(t)} {
		writes := 0
		err := mem.WriteRows(writerFunc(func([]byte) (int, error) { writes++; return 0, broken }))
		require.ErrorIs(t, err, broken, name)
		assert.Equal(t, 1, writes, name)
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// full returns a store with a hundred credentials of ten kilobytes.
func full(t *testing.T) *memstore.Store {
	mem := newStore(t)
	for i := range 100 {
		add(t, mem, wallet(i), credential("Google", strings.Repeat("n", 10_000)))
	}
	return mem
}

func TestRowsAreWrittenPieceByPieceAsTheyWereAtOneMoment(t *testing.T) {
	mem := full(t)
	want := dump(t, mem)
	var text strings.Builder
	require.NoError(t, mem.WriteRows(writerFunc(func(p []byte) (int, error) {
		assert.Less(t, len(p), len(want)/10)
		// Meanwhile every row changes, and others come.
		for i := range 100 {
			add(t, mem, wallet(i), credential("Google", strconv.Itoa(len(p))))
		}
		require.NoError(t, mem.PutAddressList(t.Context(), "OGs", alice))
		return text.Write(p)
	})))
	assert.Equal(t, want, text.String())
	assert.NotEqual(t, want, dump(t, mem))
}
