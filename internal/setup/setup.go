// Package setup makes communities in a database, for programs that operate one.
package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// ErrExists: the community is there already.
var ErrExists = errors.New("is there already")

// Database is a store that [CreateCommunity] can work on.
type Database interface {
	store.Store
	store.Communities
}

// CreateCommunity checks a new community and stores it for the account of the
// user with that name, which is created if it is missing. It returns the
// account, and changes nothing if passport.CheckCommunity refuses the community
// or its id is taken ([ErrExists]).
func CreateCommunity(ctx context.Context, db Database, username string, community store.Community) (account int64, err error) {
	if err := passport.CheckCommunity(community); err != nil {
		return 0, err
	}
	_, err = FindCommunity(ctx, db, community.ID)
	if err == nil {
		return 0, fmt.Errorf("community %d %w: choose another one", community.ID, ErrExists)
	}
	if !errors.Is(err, store.ErrCommunityNotFound) {
		return 0, err
	}
	if community.Account, err = db.PutAccount(ctx, username); err != nil {
		return 0, err
	}
	return community.Account, db.PutCommunity(ctx, community)
}

// FindCommunity returns the community as it is stored, or
// store.ErrCommunityNotFound.
func FindCommunity(ctx context.Context, db store.Store, id int64) (*store.Community, error) {
	snapshot, err := db.Load(ctx, store.Query{Community: id})
	if err != nil {
		return nil, err
	}
	return &snapshot.Community, nil
}

// ReadWeights reads a file of at most 1 MiB, the most that
// passport.CheckCommunity accepts.
func ReadWeights(name string) (document []byte, err error) {
	const most = 1 << 20
	file, err := os.Open(name) //nolint:gosec // the file that the user names
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	document, err = io.ReadAll(io.LimitReader(file, most+1))
	if len(document) > most {
		return nil, fmt.Errorf("%s has more than %d bytes", name, most)
	}
	return document, err
}
