package pgstore_test

import (
	"context"
	"crypto/rand"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

func TestMigrate_DatabaseEncoding(t *testing.T) {
	t.Parallel()
	server := pgtest.Server(t)
	admin, err := pgx.Connect(t.Context(), server)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, admin.Close(context.Background())) })
	for _, encoding := range []string{"LATIN1", "SQL_ASCII"} {
		name := "encoding_" + strings.ToLower(rand.Text())
		_, err = admin.Exec(t.Context(), "create database "+name+" template template0 locale 'C' encoding '"+encoding+"'")
		require.NoError(t, err)
		t.Cleanup(func() {
			_, err := admin.Exec(context.Background(), "drop database "+name+" with (force)")
			require.NoError(t, err)
		})
		at, err := url.Parse(server)
		require.NoError(t, err)
		at.Path = "/" + name
		pool := openPool(t, at.String())
		for _, err := range []error{pgstore.Migrate(t.Context(), pool), pgstore.CheckSchema(t.Context(), pool)} {
			require.ErrorIs(t, err, pgstore.ErrSchema)
			require.ErrorIs(t, err, store.ErrInternal)
			assert.ErrorContains(t, err, "the database keeps texts in "+encoding)
			assert.NotContains(t, err.Error(), "the session sends", "OpenPool asks for UTF-8")
		}
	}
}

func TestMigrate_SessionEncoding(t *testing.T) {
	t.Parallel()
	at, err := url.Parse(pgtest.NewEmpty(t))
	require.NoError(t, err)
	parameters := at.Query()
	parameters.Set("client_encoding", "LATIN1")
	at.RawQuery = parameters.Encode()
	db := openSQL(t, "pgx", at.String())
	for _, err := range []error{pgstore.Migrate(t.Context(), db), pgstore.CheckSchema(t.Context(), db)} {
		require.ErrorIs(t, err, pgstore.ErrSchema)
		assert.ErrorContains(t, err, "the session sends texts in LATIN1")
		assert.NotContains(t, err.Error(), "the database keeps")
	}
}
