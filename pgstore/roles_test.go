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

func usage(key store.Key) store.Usage { return store.Usage{KeyID: key.ID, At: noon, Path: "/"} }

// roleModes are stores of all modes on the world's database.
func (w *world) roleModes(t *testing.T) map[string]*pgstore.Store {
	t.Helper()
	stores := map[string]*pgstore.Store{}
	for name, open := range storeModes() {
		stores[name] = open(t, w.url)
	}
	return stores
}

// Any row must be read as valid values, or be an error.
func TestFindKey_OddRow(t *testing.T) {
	t.Parallel()
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
		require.NoError(t, newStore(w.pool).AddKey(t.Context(), apiKey(prefix)))
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

// A column may take NULL that must not, as in a database that CheckSchema would
// refuse.
func TestFindKey_Null(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, newStore(w.pool).AddKey(t.Context(), apiKey("abcd1234")))
	w.exec(`alter table account_accountapikey alter column revoked drop not null, alter column created drop not null`)
	for column, change := range map[string]string{
		"revoked": "revoked = null, created = now()", "created": "revoked = false, created = null",
	} {
		w.exec("update account_accountapikey set " + change)
		for mode, s := range w.roleModes(t) {
			key, err := s.FindKey(t.Context(), "abcd1234")
			require.ErrorIs(t, err, store.ErrInternal, "%s over %s", column, mode)
			assert.Nil(t, key)
		}
	}
}

// The service has indexes on some columns of usage. A document that does not
// fit is invalid, and none of the usages beside it is written.
func TestAddUsage_IndexLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := apiKey("abcd1234")
	require.NoError(t, newStore(w.pool).AddKey(t.Context(), key))
	noise := rand.New(rand.NewPCG(1, 2))
	var text strings.Builder
	for text.Len() < 10_000 {
		fmt.Fprintf(&text, "%016x", noise.Uint64())
	}
	document := func(size int) []byte { return []byte(`{"a":"` + text.String()[:size] + `"}`) }
	for mode, s := range w.roleModes(t) {
		tooLarge := usage(key)
		tooLarge.Payload = document(10_000)
		require.ErrorIs(t, s.AddUsage(t.Context(), usage(key), tooLarge), store.ErrInvalid, mode)
		assert.Equal(t, "0", w.value("select count(*) from account_accountapikeyanalytics"), mode)

		large := usage(key)
		large.Payload, large.Segments, large.Query = document(1990), document(1990), document(1990)
		large.Headers, large.Response = document(10_000), document(10_000)
		require.NoError(t, s.AddUsage(t.Context(), large), mode)
		w.exec("delete from account_accountapikeyanalytics")
	}
}

// Foreign keys are checked at the commit, which is the host's: a role must not
// depend on them.
func TestInTx_Refusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec("create table signups (address text primary key)")
	require.NoError(t, newStore(w.pool).AddKey(t.Context(), apiKey("taken")))
	homeless := apiKey("homeless")
	homeless.Account = 99
	for level, final := range map[pgx.TxIsoLevel]bool{pgx.ReadCommitted: false, pgx.RepeatableRead: true, pgx.Serializable: true} {
		t.Run(string(level), func(t *testing.T) {
			w.exec("delete from signups")
			err := pgx.BeginTxFunc(t.Context(), w.pool, pgx.TxOptions{IsoLevel: level}, func(tx pgx.Tx) error {
				s := newStore(w.pool).InTx(tx)
				require.ErrorIs(t, s.AddKey(t.Context(), homeless), store.ErrNotFound)
				require.ErrorIs(t, s.AddUsage(t.Context(), usage(apiKey("taken")), usage(homeless)), store.ErrNotFound)
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

func TestInTx_Roles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := apiKey("abcd1234")
	work := func(end func(pgx.Tx) error) {
		tx, err := w.pool.Begin(t.Context())
		require.NoError(t, err)
		s := newStore(w.pool).InTx(tx)
		require.NoError(t, s.AddKey(t.Context(), key))
		require.NoError(t, s.AddUsage(t.Context(), usage(key), usage(key)))
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

// A key or an account that is deleted between the statement and the commit is
// not found, like one that was deleted before.
func TestRoles_DeletedBeforeCommit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		doomed string // the table of the row that is deleted
		work   func(context.Context, *pgstore.Store) error
	}{
		"the key of a usage": {"account_accountapikey", func(ctx context.Context, s *pgstore.Store) error {
			return s.AddUsage(ctx, usage(apiKey("abcd1234")))
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
			require.NoError(t, newStore(w.pool).AddKey(t.Context(), apiKey("abcd1234")))
			// The row is deleted once it was seen, in the same transaction.
			w.exec(`create function vanish() returns trigger language plpgsql set search_path = public as $$ begin
				delete from account_accountapikey where prefix = 'abcd1234' and tg_argv[0] = 'account_accountapikey';
				delete from account_account where id = 2 and tg_argv[0] = 'account_account';
				return new; end $$`)
			w.exec(fmt.Sprintf(`create trigger vanish after insert on account_accountapikeyanalytics execute function vanish('%s')`, c.doomed))
			w.exec(fmt.Sprintf(`create trigger vanish after insert on account_accountapikey execute function vanish('%s')`, c.doomed))
			for mode, s := range w.roleModes(t) {
				err := c.work(t.Context(), s)
				require.ErrorIs(t, err, store.ErrNotFound, mode)
				assert.NotErrorIs(t, err, store.ErrInternal, mode)
			}
			assert.Equal(t, "1", w.value("select count(*) from account_accountapikey"))
			assert.Equal(t, "0", w.value("select count(*) from account_accountapikeyanalytics"))
		})
	}
}

func TestAddUsage_OneStatement(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 5000} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			usages := make([]store.Usage, n)
			var keys, paths, statuses []string
			for i := range usages {
				usages[i] = usage(apiKey("key" + strconv.Itoa(i)))
				usages[i].Path, usages[i].Status = "/path/"+strconv.Itoa(i), 200+i%300
				keys, paths = append(keys, usages[i].KeyID), append(paths, usages[i].Path)
				statuses = append(statuses, strconv.Itoa(usages[i].Status))
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
			require.NoError(t, newStoreDB(db).AddUsage(t.Context(), usages...))
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

// An error must not contain anything that could be a secret.
func TestKeys_ErrorWithoutHash(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const secret = "sha256$5ec2e7"
	key := apiKey("abcd1234")
	key.Hash, key.SHA256, key.ID = secret, secret+"256", "abcd1234."+secret
	require.NoError(t, newStore(w.pool).AddKey(t.Context(), key))
	homeless := key
	homeless.ID, homeless.Prefix, homeless.Account = "other."+secret, "other", 99
	tooLong := key
	tooLong.ID += strings.Repeat("x", store.MaxKeyID)
	for mode, s := range w.roleModes(t) {
		unknown := usage(key)
		unknown.KeyID = "none." + secret
		for _, err := range []error{
			s.AddKey(t.Context(), key),
			s.AddKey(t.Context(), homeless),
			s.AddKey(t.Context(), tooLong),
			s.AddUsage(t.Context(), unknown),
			s.MigrateKey(t.Context(), key.ID, secret+strings.Repeat("x", store.MaxKeySHA256)),
		} {
			require.Error(t, err, mode)
			assert.NotContains(t, err.Error(), secret, mode)
		}
	}
}

func TestFindKey_OneStatement(t *testing.T) {
	t.Parallel()
	db, mock := newMock(t, sqlmock.QueryMatcherRegexp)
	mock.ExpectBegin()
	mock.ExpectExec("search_path").WillReturnResult(sqlmock.NewResult(0, 1))
	mock.ExpectQuery("from .*account_accountapikey").WithArgs("abcd1234").WillReturnError(context.DeadlineExceeded)
	mock.ExpectRollback()
	_, err := newStoreDB(db).FindKey(t.Context(), "abcd1234")
	var detail *store.Error
	require.ErrorAs(t, err, &detail)
	assert.Equal(t, "validate_api_key", detail.Op)
	require.NoError(t, mock.ExpectationsWereMet())
}
