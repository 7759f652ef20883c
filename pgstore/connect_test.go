package pgstore_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// The answer to a login must distinguish a wrong configuration, for which a
// retry is no help, from a database that is busy.
func TestConnect_Errors(t *testing.T) {
	t.Parallel()
	address := pgtest.NewEmpty(t)
	admin := openPool(t, address)
	name := rows(t, admin, `select current_database()::text`)[0]
	exec(t, admin, `create role `+name+`_full login password 'x' connection limit 0`)
	t.Cleanup(func() { exec(t, admin, `drop role `+name+`_full`) })
	exec(t, admin, `create role `+name+`_barred login password 'x'`)
	t.Cleanup(func() { exec(t, admin, `drop role `+name+`_barred`) })
	exec(t, admin, `revoke connect on database `+name+` from public`)

	for reason, c := range map[string]struct {
		change func(*url.URL)
		states []string
		want   error
	}{
		// The role does not exist, since a server may trust the others.
		"a wrong password": {as(name+"_unknown", "wrong"), []string{"28P01", "28000"}, store.ErrInternal},
		"no such database": {func(u *url.URL) { u.Path += "_missing" }, []string{"3D000"}, store.ErrInternal},
		"no permission":    {as(name+"_barred", "x"), []string{"42501"}, store.ErrInternal},
		"a setting that is none": {func(u *url.URL) {
			values := u.Query()
			values.Set("statement_timeout", "soon")
			u.RawQuery = values.Encode()
		}, []string{"22023"}, store.ErrInternal},
		"too many connections": {as(name+"_full", "x"), []string{"53300"}, store.ErrUnavailable},
		"no server":            {func(u *url.URL) { u.Host = "127.0.0.1:1" }, []string{""}, store.ErrUnavailable},
	} {
		t.Run(reason, func(t *testing.T) {
			changed, err := url.Parse(address)
			require.NoError(t, err)
			c.change(changed)
			for mode, err := range map[string]error{
				"pgx":                  pgstore.Ready(t.Context(), openPool(t, changed.String())),
				"pgx, migrate":         pgstore.Migrate(t.Context(), openPool(t, changed.String())),
				"database/sql, pgx":    pgstore.Ready(t.Context(), openSQL(t, "pgx", changed.String())),
				"database/sql, lib/pq": pgstore.Ready(t.Context(), openSQL(t, "postgres", changed.String())),
			} {
				require.ErrorIs(t, err, c.want, mode)
				var detail *store.Error
				require.ErrorAs(t, err, &detail, mode)
				assert.Equal(t, c.want, detail.Kind, mode)
				assert.Contains(t, c.states, detail.SQLState, mode)
				assert.Contains(t, []string{"connect", "begin"}, detail.Op, mode)
			}
		})
	}
}

func as(user, password string) func(*url.URL) {
	return func(u *url.URL) { u.User = url.UserPassword(user, password) }
}
