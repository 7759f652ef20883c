package passport

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/passport-sdk/passport-go/internal/logattr"
	"github.com/passport-sdk/passport-go/store"
)

// Groups is a host's source of linked wallets: those that belong to one person
// and are scored as one. See [WithGroups].
type Groups interface {
	// GroupsOf must return the group of each address, in their order, and the
	// zero Group for an address that has none. A group must be the same for each
	// of its wallets. It must return when the context ends, and must be safe for
	// concurrent use.
	GroupsOf(ctx context.Context, addresses ...Address) ([]Group, error)
}

// Group is the wallets of one person.
type Group struct {
	// ID is the host's name for the group, for people; it may be empty.
	ID string
	// Wallets are all wallets of the group, each once, 60 at most
	// ([store.MaxGroup]). If two have a stamp of one provider, that of the first
	// is merged, unless the other is the canonical wallet.
	Wallets []Address
}

// GroupFailure is what the engine does with a wallet whose group is unknown,
// because the source of groups failed or its answer is not valid.
type GroupFailure string

// The ways to go on.
const (
	// FailScoring fails the scoring with [ErrGroups] or [ErrInvalidGroup], so that
	// nothing is written. It is the default.
	FailScoring GroupFailure = ""
	// WithholdPassing scores the wallet as another member of a group than the
	// canonical one: it does not pass, and its score is 0. A person can lose a
	// score until the next scoring; no group can pass twice.
	WithholdPassing GroupFailure = "withhold"
	// ScoreAlone scores the wallet as if it had no group. While the source is
	// away every wallet of a group can pass by its own stamps, beside the
	// canonical one that has passed by them.
	ScoreAlone GroupFailure = "alone"
)

// Errors of the source of groups.
var (
	// ErrGroups: the source returned an error.
	ErrGroups = store.Sentinel(store.KindUnavailable, "the source of groups failed")
	// ErrInvalidGroup: the source returned something that is no group of the
	// address.
	ErrInvalidGroup = store.Sentinel(store.KindInternal, "the source of groups returned no valid group")
)

// WithGroups scores linked wallets as one: the wallet that is asked for first
// becomes the canonical one of its group in a community, and carries the merged
// score; the others get 0, and [Result].Linked. All of a group is read at one
// moment and written in one transaction. It needs a store with the role
// [store.Groups].
//
// The rules are those of the service, but for its races. The canonical wallet
// stays the same until its score expires, whatever wallets join or leave.
func WithGroups(source Groups, failure GroupFailure) Option {
	return func(s *settings) { s.groups, s.grouped, s.groupFailure = source, true, failure }
}

// groupsOf asks the source for the groups of the addresses. It reports false if
// the source failed and the scoring goes on without it.
func (b *batch) groupsOf(ctx context.Context, addresses []Address) (groups []Group, known bool, err error) {
	s := &b.engine.settings
	within, end := b.begin(ctx, StepGroups, len(addresses))
	groups, err = s.askForGroups(within, addresses)
	end(err)
	if err == nil {
		return groups, true, nil
	}
	if s.groupFailure == FailScoring || ctx.Err() != nil {
		return nil, false, err
	}
	s.logger.LogAttrs(ctx, slog.LevelError, "scoring without groups", slog.Int64("community", b.community), slog.Int("wallets", len(addresses)),
		slog.Int("attempts", b.attempt), slog.String("failure", string(s.groupFailure)), logattr.Error(err))
	return nil, false, nil
}

func (s *settings) askForGroups(ctx context.Context, addresses []Address) ([]Group, error) {
	groups, err := s.groups.GroupsOf(ctx, slices.Clone(addresses)...)
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("asking for groups: %w", ctx.Err())
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrGroups, err)
	}
	return checkGroups(addresses, groups)
}

// checkGroups returns the groups with their wallets in lower case, or an
// [ErrInvalidGroup] if they do not answer for the addresses.
func checkGroups(addresses []Address, groups []Group) ([]Group, error) {
	if len(groups) != len(addresses) {
		return nil, fmt.Errorf("%w: %d groups for %d addresses", ErrInvalidGroup, len(groups), len(addresses))
	}
	checked := make([]Group, len(groups))
	for i := range groups {
		var err error
		if checked[i], err = checkGroup(addresses[i], groups[i]); err != nil {
			return nil, fmt.Errorf("%w of %s: %w", ErrInvalidGroup, addresses[i], err)
		}
	}
	return checked, nil
}

func checkGroup(address Address, g Group) (Group, error) {
	if len(g.Wallets) > store.MaxGroup {
		return Group{}, fmt.Errorf("%d wallets, at most %d", len(g.Wallets), store.MaxGroup)
	}
	wallets := make([]Address, len(g.Wallets))
	for i, wallet := range g.Wallets {
		var err error
		if wallets[i], err = ParseAddress(string(wallet)); err != nil {
			return Group{}, err
		}
		if slices.Contains(wallets[:i], wallets[i]) {
			return Group{}, fmt.Errorf("wallet %s is there twice", wallets[i])
		}
	}
	if len(wallets) > 0 && !slices.Contains(wallets, address) {
		return Group{}, errors.New("the address is not one of its wallets")
	}
	return Group{ID: g.ID, Wallets: wallets}, nil
}
