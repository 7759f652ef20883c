package pgstore_test

import (
	"context"
	"database/sql/driver"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/DATA-DOG/go-sqlmock"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

func apiKey(prefix string) store.Key {
	return store.Key{ID: prefix + ".h", Prefix: prefix, Hash: "sha256$aa", Account: 1, CreatedAt: noon}
}

func use(key store.Key) store.Use { return store.Use{KeyID: key.ID, At: noon, Path: "/"} }

// roleModes are the stores of all modes on the world's database.
func (w *world) roleModes(t *testing.T) map[string]*pgstore.Store {
	t.Helper()
	stores := map[string]*pgstore.Store{}
	for name, open := range storeModes() {
		stores[name] = open(t, w.url)
	}
	return stores
}

// Whatever a row holds comes back as a value that makes sense, or as an error.
func TestAHostileKeyRowIsReadAsCleanValues(t *testing.T) {
	w := newWorld(t)
	first := time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC)
	last := time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)
	for prefix, c := range map[string]struct {
		change  string
		created time.Time
		expires time.Time
	}{
		"infinite": {`created = 'infinity', expiry_date = 'infinity'`, last, last},
		"negative": {`created = '-infinity', expiry_date = '-infinity'`, first, first},
		"ancient":  {`created = '4713-01-01 BC', expiry_date = '0001-01-01 00:00:00Z'`, first, first},
		"distant":  {`created = '294276-12-31', expiry_date = '10000-01-01'`, last, last},
		"empty":    {`name = '', hashed_key = '', hashed_key_sha256 = '', rate_limit = ''`, noon, time.Time{}},
		"null":     {`hashed_key_sha256 = null, rate_limit = null, expiry_date = null`, noon, time.Time{}},
	} {
		require.NoError(t, pgstore.New(w.pool).AddKey(t.Context(), apiKey(prefix)))
		w.exec(`update account_accountapikey set `+c.change+` where prefix = $1`, prefix)
		for mode, s := range w.roleModes(t) {
			key, err := s.FindKey(t.Context(), prefix)
			require.NoError(t, err, "%s over %s", prefix, mode)
			assert.Equal(t, c.created, key.CreatedAt, "%s over %s", prefix, mode)
			assert.Equal(t, c.expires, key.ExpiresAt, "%s over %s", prefix, mode)
			assert.Empty(t, key.SHA256)
			assert.Empty(t, key.RateLimit)
		}
	}
}

// A column that takes NULL though it should not, as in a database that
// CheckSchema would refuse.
func TestAKeyRowThatMakesNoSenseIsAFault(t *testing.T) {
	w := newWorld(t)
	require.NoError(t, pgstore.New(w.pool).AddKey(t.Context(), apiKey("abcd1234")))
	w.exec(`alter table account_accountapikey alter column revoked drop not null, alter column created drop not null`)
	for column, change := range map[string]string{
		"revoked": "revoked = null, created = now()", "created": "revoked = false, created = null",
	} {
		w.exec("update account_accountapikey set " + change)
		for mode, s := range w.roleModes(t) {
			key, err := s.FindKey(t.Context(), "abcd1234")
			require.ErrorIs(t, err, store.ErrFault, "%s over %s", column, mode)
			assert.Nil(t, key)
		}
	}
}

// The service has indexes on some columns of a use: what does not fit into them
// is the caller's fault, and takes the uses beside it along.
func TestAUseThatNoIndexHoldsIsInvalid(t *testing.T) {
	w := newWorld(t)
	key := apiKey("abcd1234")
	require.NoError(t, pgstore.New(w.pool).AddKey(t.Context(), key))
	noise := rand.New(rand.NewPCG(1, 2))
	var text strings.Builder
	for text.Len() < 10_000 {
		fmt.Fprintf(&text, "%016x", noise.Uint64())
	}
	document := func(size int) []byte { return []byte(`{"a":"` + text.String()[:size] + `"}`) }
	for mode, s := range w.roleModes(t) {
		tooLarge := use(key)
		tooLarge.Payload = document(10_000)
		require.ErrorIs(t, s.AddUses(t.Context(), use(key), tooLarge), store.ErrInvalid, mode)
		assert.Equal(t, "0", w.value("select count(*) from account_accountapikeyanalytics"), mode)

		large := use(key)
		large.Payload, large.Segments, large.Query = document(1990), document(1990), document(1990)
		large.Headers, large.Response = document(10_000), document(10_000)
		require.NoError(t, s.AddUses(t.Context(), large), mode)
		w.exec("delete from account_accountapikeyanalytics")
	}
}

// The foreign keys are checked at the commit, which is the host's: a role must
// not let it come to that.
func TestInAHostsTransactionARefusalLeavesWhatTheHostDid(t *testing.T) {
	w := newWorld(t)
	w.exec("create table signups (address text primary key)")
	require.NoError(t, pgstore.New(w.pool).AddKey(t.Context(), apiKey("taken")))
	homeless := apiKey("homeless")
	homeless.Account = 99
	for level, final := range map[pgx.TxIsoLevel]bool{pgx.ReadCommitted: false, pgx.RepeatableRead: true, pgx.Serializable: true} {
		t.Run(string(level), func(t *testing.T) {
			w.exec("delete from signups")
			err := pgx.BeginTxFunc(t.Context(), w.pool, pgx.TxOptions{IsoLevel: level}, func(tx pgx.Tx) error {
				s := pgstore.InTx(tx)
				require.ErrorIs(t, s.AddKey(t.Context(), homeless), store.ErrNotFound)
				require.ErrorIs(t, s.AddUses(t.Context(), use(apiKey("taken")), use(homeless)), store.ErrNotFound)
				require.ErrorIs(t, s.RevokeKey(t.Context(), "homeless"), store.ErrNotFound)
				err := s.AddKey(t.Context(), apiKey("taken"))
				require.ErrorIs(t, err, store.ErrConflict)
				assert.Equal(t, !final, store.Retryable(err))
				_, err = tx.Exec(t.Context(), "insert into signups values ($1)", alice)
				return err
			})
			require.NoError(t, err, "the host commits")
			assert.Equal(t, "1", w.value("select count(*) from signups"))
			assert.Equal(t, "1", w.value("select count(*) from account_accountapikey"))
			assert.Equal(t, "0", w.value("select count(*) from account_accountapikeyanalytics"))
		})
	}
}

func TestInAHostsTransactionRolesCommitWithTheHost(t *testing.T) {
	w := newWorld(t)
	key := apiKey("abcd1234")
	work := func(end func(pgx.Tx) error) {
		tx, err := w.pool.Begin(t.Context())
		require.NoError(t, err)
		s := pgstore.InTx(tx)
		require.NoError(t, s.AddKey(t.Context(), key))
		require.NoError(t, s.AddUses(t.Context(), use(key), use(key)))
		require.NoError(t, s.MigrateKey(t.Context(), key.ID, "sha256$bb"))
		require.NoError(t, s.RevokeKey(t.Context(), key.Prefix))
		found, err := s.FindKey(t.Context(), key.Prefix)
		require.NoError(t, err)
		assert.True(t, found.Revoked)
		assert.Equal(t, "sha256$bb", found.SHA256)
		require.NoError(t, end(tx))
	}
	work(func(tx pgx.Tx) error { return tx.Rollback(t.Context()) })
	assert.Equal(t, "0", w.value("select count(*) from account_accountapikey"))
	work(func(tx pgx.Tx) error { return tx.Commit(t.Context()) })
	assert.Equal(t, "1", w.value("select count(*) from account_accountapikey where revoked"))
	assert.Equal(t, "2", w.value("select count(*) from account_accountapikeyanalytics"))
}

// A key, or an account, that goes away between the statement and the commit is
// not found, as one that was gone before.
func TestWhatGoesAwayBeforeTheCommitIsNotFound(t *testing.T) {
	for name, c := range map[string]struct {
		doomed string // the table of the row that goes away
		work   func(context.Context, *pgstore.Store) error
	}{
		"the key of a use": {"account_accountapikey", func(ctx context.Context, s *pgstore.Store) error {
			return s.AddUses(ctx, use(apiKey("abcd1234")))
		}},
		"the account of a key": {"account_account", func(ctx context.Context, s *pgstore.Store) error {
			key := apiKey("other")
			key.Account = 2
			return s.AddKey(ctx, key)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.exec(`insert into auth_user (id, username, password, is_superuser, first_name, last_name, email, is_staff, is_active, date_joined)
				values (2, 'v', '', false, '', '', '', false, true, now())`)
			w.exec(`insert into account_account (id, address, user_id) values (2, '0x02', 2)`)
			require.NoError(t, pgstore.New(w.pool).AddKey(t.Context(), apiKey("abcd1234")))
			// The row goes as soon as it was seen, within the same transaction.
			w.exec(`create function vanish() returns trigger language plpgsql set search_path = public as $$ begin
				delete from account_accountapikey where prefix = 'abcd1234' and tg_argv[0] = 'account_accountapikey';
				delete from account_account where id = 2 and tg_argv[0] = 'account_account';
				return new; end $$`)
			w.exec(fmt.Sprintf(`create trigger vanish after insert on account_accountapikeyanalytics execute function vanish('%s')`, c.doomed))
			w.exec(fmt.Sprintf(`create trigger vanish after insert on account_accountapikey execute function vanish('%s')`, c.doomed))
			for mode, s := range w.roleModes(t) {
				err := c.work(t.Context(), s)
				require.ErrorIs(t, err, store.ErrNotFound, mode)
				assert.NotErrorIs(t, err, store.ErrFault, mode)
			}
			assert.Equal(t, "1", w.value("select count(*) from account_accountapikey"))
			assert.Equal(t, "0", w.value("select count(*) from account_accountapikeyanalytics"))
		})
	}
}

func TestUsesAreOneStatementHoweverMany(t *testing.T) {
	for _, n := range []int{1, 2, 5000} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			uses := make([]store.Use, n)
			var keys, paths, statuses []string
			for i := range uses {
				uses[i] = use(apiKey("key" + strconv.Itoa(i)))
				uses[i].Path, uses[i].Status = "/path/"+strconv.Itoa(i), 200+i%300
				keys, paths = append(keys, uses[i].KeyID), append(paths, uses[i].Path)
				statuses = append(statuses, strconv.Itoa(uses[i].Status))
			}
			var sent []string
			db, mock := newMock(t, sqlmock.QueryMatcherFunc(func(_, sql string) error {
				sent = append(sent, sql)
				return nil
			}))
			columns := make([]listed, 12)
			var args []driver.Value
			for i := range columns {
				args = append(args, &columns[i])
			}
			mock.ExpectBegin()
			mock.ExpectExec("search_path").WillReturnResult(sqlmock.NewResult(0, 1))
			mock.ExpectExec("").WithArgs(args...).WillReturnResult(sqlmock.NewResult(0, int64(n)))
			mock.ExpectCommit()
			require.NoError(t, pgstore.NewDB(db).AddUses(t.Context(), uses...))
			require.NoError(t, mock.ExpectationsWereMet())

			require.Len(t, sent, 2)
			assert.Contains(t, sent[1], "insert into")
			for i := range columns {
				assert.Len(t, columns[i], n, "column %d", i)
			}
			assert.Equal(t, keys, []string(columns[0]))
			assert.Equal(t, paths, []string(columns[2]))
			assert.Equal(t, statuses, []string(columns[10]))
		})
	}
}

// listed is an argument that must be a list of plain texts, and takes them.
type listed []string

// Match implements [sqlmock.Argument].
func (l *listed) Match(value driver.Value) bool {
	text, isText := value.(string)
	text, opens := strings.CutPrefix(text, `{"`)
	text, closes := strings.CutSuffix(text, `"}`)
	*l = strings.Split(text, `","`)
	return isText && opens && closes
}

// An error must tell what happened, and nothing that could be a secret.
func TestNoErrorOfAKeyTellsItsHash(t *testing.T) {
	w := newWorld(t)
	const secret = "sha256$5ec2e7"
	key := apiKey("abcd1234")
	key.Hash, key.SHA256, key.ID = secret, secret+"256", "abcd1234."+secret
	require.NoError(t, pgstore.New(w.pool).AddKey(t.Context(), key))
	homeless := key
	homeless.ID, homeless.Prefix, homeless.Account = "other."+secret, "other", 99
	tooLong := key
	tooLong.ID += strings.Repeat("x", store.MaxKeyID)
	for mode, s := range w.roleModes(t) {
		unknown := use(key)
		unknown.KeyID = "none." + secret
		for _, err := range []error{
			s.AddKey(t.Context(), key),
			s.AddKey(t.Context(), homeless),
			s.AddKey(t.Context(), tooLong),
			s.AddUses(t.Context(), unknown),
			s.MigrateKey(t.Context(), key.ID, secret+strings.Repeat("x", store.MaxKeySHA256)),
		} {
			require.Error(t, err, mode)
			assert.NotContains(t, err.Error(), secret, mode)
		}
	}
}

func TestFindingAKeyIsOneStatementOfThatName(t *testing.T) {
	db, mock := newMock(t, sqlmock.QueryMatcherRegexp)
	mock.ExpectBegin()
	mock.ExpectExec("search_path").WillReturnResult(sqlmock.NewResult(0, 1))
	mock.ExpectQuery("from .*account_accountapikey").WithArgs("abcd1234").WillReturnError(context.DeadlineExceeded)
	mock.ExpectRollback()
	_, err := pgstore.NewDB(db).FindKey(t.Context(), "abcd1234")
	var detail *store.Error
	require.ErrorAs(t, err, &detail)
	assert.Equal(t, "validate_api_key", detail.Op)
	require.NoError(t, mock.ExpectationsWereMet())
}
