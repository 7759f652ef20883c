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
	// noPassword is what the service takes for a password that nothing matches.
	noPassword = "!"
)

// PutCommunity implements [store.Communities]. Those that put communities or
// address lists queue, until the host's transaction ends if they are bound to
// one.
func (s *Store) PutCommunity(ctx context.Context, community store.Community) error {
	if err := community.Validate(); err != nil {
		return store.Errorf("put_community", store.ErrInvalid, "%w", err)
	}
	community = community.WithDefaults()
	calls := []call{s.statements.lockCommunities.with()}
	calls = append(calls, s.statements.communityAccount(community.Account)...)
	calls = append(calls,
		s.statements.putCommunity.with(community.ID, community.Name, community.Account, community.ExternalID,
			community.Rule, community.HumanPoints, community.Scorer),
		s.statements.passCommunity.with(community.ID),
	)
	calls = append(calls, s.statements.weights(&community)...)
	calls = append(calls, s.statements.overlay(&community)...)
	return s.on.write(ctx, calls)
}

// communityAccount returns the calls that see to the account of a community.
func (s *statements) communityAccount(account int64) []call {
	if account != 0 {
		return []call{s.verifyAccount.with(account)}
	}
	return []call{s.putUser.with(defaultUser, true, noPassword), s.putAccount.with(defaultUser, true)}
}

func (s *statements) weights(c *store.Community) []call {
	if c.Threshold == "" {
		return []call{s.removeWeights.with(c.ID, "")}
	}
	put := s.putBinaryWeights
	if c.Scorer == store.ScorerWeighted {
		put = s.putWeights
	}
	return []call{s.removeWeights.with(c.ID, c.Scorer), put.with(c.ID, string(c.Weights), c.Threshold)}
}

func (s *statements) overlay(c *store.Community) []call {
	calls := []call{s.clearOverlay.with(c.ID)}
	if len(c.Overlay) == 0 {
		return calls
	}
	lists, listWeights, providers, weights := []string{}, []string{}, []string{}, []string{}
	for _, provider := range slices.Sorted(maps.Keys(c.Overlay)) {
		if name, isList := strings.CutPrefix(provider, store.AllowListPrefix); isList {
			lists, listWeights = append(lists, name), append(listWeights, c.Overlay[provider])
		} else {
			providers, weights = append(providers, provider), append(weights, c.Overlay[provider])
		}
	}
	calls = append(calls, s.putCustomization.with(c.ID))
	if len(lists) > 0 {
		calls = append(calls, s.putLists.with(lists), s.putAllowLists.with(c.ID, lists, listWeights))
	}
	if len(providers) > 0 {
		calls = append(calls, s.putRulesets.with(providers), s.putPlatform.with(), s.putCustoms.with(c.ID, providers, weights))
	}
	return calls
}

// DeleteCommunity implements [store.Communities].
func (s *Store) DeleteCommunity(ctx context.Context, id int64) error {
	n, err := s.count(ctx, nil, s.statements.deleteCommunity.with(id))
	if err == nil && n == 0 {
		return store.Errorf("delete_community", store.ErrCommunityNotFound, "there is no community %d", id)
	}
	return err
}

// FindCommunity implements [store.Communities].
func (s *Store) FindCommunity(ctx context.Context, account int64, scorer string) (int64, error) {
	external := scorer
	if !storable(external, store.MaxExternalID) {
		external = "" // no row has it
	}
	var found int64
	err := s.on.read(ctx, s.statements.findCommunity.with(account, external, store.CommunityID(scorer)).
		each(func(scan scanFunc) error { return scan(&found) }))
	if err == nil && found == 0 {
		return 0, store.Errorf("find_community", store.ErrCommunityNotFound, "account %d has no community %.60q", account, scorer)
	}
	return found, err
}

// PutAccount implements [store.Communities].
func (s *Store) PutAccount(ctx context.Context, username string) (int64, error) {
	if err := store.CheckUsername(username); err != nil {
		return 0, store.Errorf("put_account", store.ErrInvalid, "%w", err)
	}
	var found int64
	err := s.on.write(ctx, []call{
		s.statements.putUser.with(username, false, noPassword),
		s.statements.putAccount.with(username, false),
		s.statements.findAccount.with(username).each(func(scan scanFunc) error { return scan(&found) }),
	})
	return found, err
}

// PutAddressList implements [store.Communities].
func (s *Store) PutAddressList(ctx context.Context, name string, addresses ...string) error {
	if err := store.CheckAddressList(name, addresses...); err != nil {
		return store.Errorf("put_address_list", store.ErrInvalid, "%w", err)
	}
	return s.on.write(ctx, []call{
		s.statements.lockCommunities.with(),
		s.statements.putList.with(name),
		s.statements.replaceMembers.with(name, append([]string{}, addresses...)),
	})
}
