package memstore

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// PutCommunity implements [store.Communities].
func (s *Store) PutCommunity(ctx context.Context, community store.Community) error {
	fault := community.Validate()
	if fault == nil {
		community, fault = community.Stored()
	}
	return s.update(ctx, "put_community", fault, func(d *data, _ time.Time) error {
		if err := d.checkCommunity(&community); err != nil {
			return err
		}
		if community.Account == 0 {
			community.Account = d.account("communities")
		}
		for provider := range community.Customization {
			if list, is := strings.CutPrefix(provider, store.AllowListPrefix); is {
				d.lists[list] = append([]store.Address{}, d.lists[list]...)
			}
		}
		d.communities[community.ID] = &store.StoredCommunity{Community: community}
		return nil
	})
}

// checkCommunity fills in the account, if there is one, and returns an error if
// the community cannot be put.
func (d *data) checkCommunity(c *store.Community) error {
	if c.Account != 0 && !d.hasAccount(c.Account) {
		return fail(store.ErrNotFound, "there is no account %d", c.Account)
	}
	if old := d.communities[c.ID]; c.Account == 0 && old != nil {
		c.Account = old.Account
	} else if c.Account == 0 && len(d.accounts) > 0 {
		c.Account = d.accounts[0].ID
	}
	for id, other := range d.communities {
		switch {
		case id == c.ID:
		case c.ExternalID != "" && other.ExternalID == c.ExternalID:
			return fail(store.ErrConflict, "community %d has the external id %q", id, c.ExternalID)
		case other.Name == c.Name && other.Account == c.Account && !other.Deleted:
			return fail(store.ErrConflict, "community %d of account %d has the name %q", id, c.Account, c.Name)
		}
	}
	return nil
}

// DeleteCommunity implements [store.Communities].
func (s *Store) DeleteCommunity(ctx context.Context, id int64) error {
	return s.update(ctx, "delete_community", nil, func(d *data, _ time.Time) error {
		c, err := d.community(id)
		if err == nil {
			c.Deleted = true
		}
		return err
	})
}

// FindCommunity implements [store.CommunityFinder].
func (s *Store) FindCommunity(ctx context.Context, account int64, scorer string) (int64, error) {
	return view(ctx, s, "find_community", nil, func(d *data) (int64, error) {
		if id := d.find(account, scorer); id != 0 {
			return id, nil
		}
		return 0, fail(store.ErrCommunityNotFound, "account %d has no community %.60q", account, scorer)
	})
}

// find returns the id of the account's community, 0 if there is none.
func (d *data) find(account int64, scorer string) int64 {
	for id, c := range d.communities {
		if scorer != "" && c.ExternalID == scorer && c.Account == account && !c.Deleted {
			return id
		}
	}
	if c, err := d.community(store.CommunityID(scorer)); err == nil && c.Account == account {
		return c.ID
	}
	return 0
}

// PutAccount implements [store.Communities].
func (s *Store) PutAccount(ctx context.Context, username string) (id int64, err error) {
	err = s.update(ctx, "put_account", store.CheckUsername(username), func(d *data, _ time.Time) error {
		id = d.account(username)
		return nil
	})
	return id, err
}

// account returns the id of the user's account, a new one if there is none.
func (d *data) account(username string) int64 {
	id := int64(1)
	for _, account := range d.accounts { // in the order of their ids
		if account.Username == username {
			return account.ID
		}
		id = account.ID + 1
	}
	d.accounts = append(d.accounts, store.Account{ID: id, Username: username})
	return id
}

func (d *data) hasAccount(id int64) bool {
	return slices.ContainsFunc(d.accounts, func(a store.Account) bool { return a.ID == id })
}

// PutAddressList implements [store.Communities].
func (s *Store) PutAddressList(ctx context.Context, name string, addresses ...store.Address) error {
	members, fault := store.ParseAddresses(addresses)
	fault = cmp.Or(store.CheckListName(name), fault)
	slices.Sort(members)
	return s.update(ctx, "put_address_list", fault, func(d *data, _ time.Time) error {
		d.lists[name] = members
		return nil
	})
}
