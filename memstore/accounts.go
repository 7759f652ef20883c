package memstore

import (
	"context"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

const (
	// defaultUser is the name of the user whose account communities belong to
	// when there is no account yet.
	defaultUser = "communities"
	// noPassword is what the service takes for a password that nothing matches.
	noPassword = "!"
)

// PutAccount implements [store.Communities].
func (s *Store) PutAccount(ctx context.Context, username string) (id int64, err error) {
	const op = "put_account"
	if err := store.CheckUsername(username); err != nil {
		return 0, store.Errorf(op, store.ErrInvalid, "%w", err)
	}
	err = s.change(ctx, op, func(d *data, now time.Time) error {
		id = d.account(username, now)
		return nil
	})
	return id, err
}

// account returns the id of the account of the user with that name; what is
// missing is made.
func (d *data) account(username string, now time.Time) int64 {
	user, found := d.Users.byName.find(username)
	if !found {
		user = &userRow{ID: d.Users.nextID(), Username: username, Password: noPassword, IsActive: true, DateJoined: now}
		d.Users.set(user)
	}
	account, found := d.Accounts.byUser.find(user.ID)
	if !found {
		account = &accountRow{ID: d.Accounts.nextID(), UserID: user.ID}
		d.Accounts.set(account)
	}
	return account.ID
}
