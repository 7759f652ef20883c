package pgstore

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/passport-sdk/passport-go/store"
)

const (
	// defaultUser is the name of the user whose account communities belong to
	// when there is no account yet.
	defaultUser = "communities"
	// noPassword is the service's mark of a password that nothing matches.
	noPassword = "!"
)

// PutCommunity implements [store.Communities]. Writers of communities and
// address lists queue, in a host's transaction until it ends.
func (s *Store) PutCommunity(ctx context.Context, community store.Community) error {
	const op = "put_community"
	if err := community.Validate(); err != nil {
		return store.Errorf(op, store.ErrInvalid, "%w", err)
	}
	community, err := community.Stored()
	if err != nil {
		return store.Errorf(op, store.ErrInvalid, "%w", err)
	}
	calls := []call{s.texts.call("lock_communities")}
	calls = append(calls, s.texts.communityAccount(community.Account)...)
	calls = append(calls,
		s.texts.call("put_scorer", community.ID, community.Scorer),
		s.texts.call(op, community.ID, community.Name, community.Account, community.ExternalID,
			community.Rule, community.HumanPoints, community.Scorer),
		s.texts.call("pass_community", community.ID),
	)
	calls = append(calls, s.texts.weights(&community)...)
	calls = append(calls, s.texts.customization(&community)...)
	return s.on.write(ctx, calls)
}

// communityAccount returns the calls that check or create the account of a
// community.
func (t texts) communityAccount(account int64) []call {
	if account != 0 {
		return []call{t.call("verify_account", account)}
	}
	return []call{t.call("put_user", defaultUser, true, noPassword), t.call("put_account", defaultUser, true)}
}

func (t texts) weights(c *store.Community) []call {
	if c.Threshold == "" {
		return []call{t.call("remove_weights", c.ID, "")}
	}
	put := "put_binary_weights"
	if c.Scorer == store.ScorerWeighted {
		put = "put_weights"
	}
	return []call{t.call("remove_weights", c.ID, c.Scorer), t.call(put, c.ID, string(c.Weights), c.Threshold)}
}

func (t texts) customization(c *store.Community) []call {
	calls := []call{t.call("clear_customization", c.ID)}
	if len(c.Customization) == 0 {
		return calls
	}
	lists, providers := newColumns(2), newColumns(2)
	for _, provider := range slices.Sorted(maps.Keys(c.Customization)) {
		if name, isList := strings.CutPrefix(provider, store.AllowListPrefix); isList {
			lists.add(name, c.Customization[provider])
		} else {
			providers.add(provider, c.Customization[provider])
		}
	}
	calls = append(calls, t.call("put_customization", c.ID))
	if lists.rows() > 0 {
		calls = append(calls, t.call("put_lists", lists[0]), t.call("put_allow_lists", c.ID, lists))
	}
	if providers.rows() > 0 {
		calls = append(calls, t.call("put_rulesets", providers[0]), t.call("put_platform"))
		calls = append(calls, t.call("put_customs", c.ID, providers))
	}
	return calls
}

// DeleteCommunity implements [store.Communities].
func (s *Store) DeleteCommunity(ctx context.Context, id int64) error {
	const op = "delete_community"
	n, err := s.count(ctx, nil, s.texts.call(op, id))
	if err == nil && n == 0 {
		return store.Errorf(op, store.ErrCommunityNotFound, "there is no community %d", id)
	}
	return err
}

// FindCommunity implements [store.Communities].
func (s *Store) FindCommunity(ctx context.Context, account int64, scorer string) (int64, error) {
	const op = "find_community"
	var found int64
	err := s.on.read(ctx, s.texts.call(op, account, externalID(scorer), store.CommunityID(scorer)).
		each(func(scan scanFunc) error { return scan(&found) }))
	if err == nil && found == 0 {
		return 0, store.Errorf(op, store.ErrCommunityNotFound, "account %d has no community %.60q", account, scorer)
	}
	return found, err
}

// externalID returns the text if a row may have it, and "" otherwise.
func externalID(scorer string) string {
	if storable(scorer, store.MaxExternalID) {
		return scorer
	}
	return ""
}

// PutAccount implements [store.Communities].
func (s *Store) PutAccount(ctx context.Context, username string) (int64, error) {
	const op = "put_account"
	if err := store.CheckUsername(username); err != nil {
		return 0, store.Errorf(op, store.ErrInvalid, "%w", err)
	}
	var found int64
	err := s.on.write(ctx, []call{
		s.texts.call("put_user", username, false, noPassword),
		s.texts.call(op, username, false),
		s.texts.call("find_account", username).each(func(scan scanFunc) error { return scan(&found) }),
	})
	return found, err
}

// PutAddressList implements [store.Communities].
func (s *Store) PutAddressList(ctx context.Context, name string, addresses ...store.Address) error {
	const op = "put_address_list"
	if err := store.CheckListName(name); err != nil {
		return store.Errorf(op, store.ErrInvalid, "%w", err)
	}
	parsed, err := store.ParseAddresses(addresses)
	if err != nil {
		return store.Errorf(op, store.ErrInvalid, "%w", err)
	}
	members := make([]string, len(parsed))
	for i, address := range parsed {
		members[i] = string(address)
	}
	return s.on.write(ctx, []call{
		s.texts.call("lock_communities"),
		s.texts.call("put_list", name),
		s.texts.call("delete_members", name, members),
		s.texts.call("put_members", name, members),
	})
}
