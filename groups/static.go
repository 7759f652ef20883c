// Package groups has sources of linked wallets, for [passport.WithGroups]: a
// fixed list, and a cache in front of any other source.
package groups

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/problems"
	"github.com/passport-sdk/passport-go/internal/strictjson"
	"github.com/passport-sdk/passport-go/store"
)

// Bounds on a list of groups.
const (
	// MaxSize is the size of the text that Parse reads, in bytes.
	MaxSize = 16 << 20
	// MaxID is the number of bytes of an ID.
	MaxID = 256
)

// Static is a fixed list of groups. It is immutable, and safe for concurrent
// use.
type Static struct {
	groups map[passport.Address]passport.Group
}

var _ passport.Groups = (*Static)(nil)

// New returns a source of the groups. It returns every problem, joined, each
// wrapping [passport.ErrMisconfigured]: a malformed address, a wallet that is
// listed twice, two groups with one ID, or a group that is empty or larger than
// [store.MaxGroup].
func New(list ...passport.Group) (*Static, error) {
	s := &Static{groups: map[passport.Address]passport.Group{}}
	found, ids := problems.New(passport.ErrMisconfigured), map[string]bool{}
	for i := range list {
		s.add(found, fmt.Sprintf("group %d (%.40q)", i+1, list[i].ID), list[i])
		found.Checkf(list[i].ID == "" || !ids[list[i].ID], "group %d: there is another with the id %.40q", i+1, list[i].ID)
		ids[list[i].ID] = true
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Static) add(found *problems.List, name string, listed passport.Group) {
	found.Checkf(len(listed.ID) <= MaxID, "%s: the id has %d bytes, at most %d", name, len(listed.ID), MaxID)
	if n := len(listed.Wallets); n == 0 || n > store.MaxGroup {
		found.Addf("%s has %d wallets, want 1 to %d", name, n, store.MaxGroup)
		return
	}
	group := passport.Group{ID: listed.ID, Wallets: make([]passport.Address, len(listed.Wallets))}
	for i, wallet := range listed.Wallets {
		address, err := passport.ParseAddress(string(wallet))
		if err != nil {
			found.Addf("%s: %.60q: %w", name, wallet, err)
			continue
		}
		_, has := s.groups[address]
		found.Checkf(!has, "%s: %s is listed twice", name, address)
		group.Wallets[i], s.groups[address] = address, group
	}
}

// Parse returns a source of the groups of a JSON document: a list of objects
// with the members "wallets", a list of addresses, and "id", which may be
// absent. The document has at most [MaxSize] bytes. A document of another form
// is an error that wraps [passport.ErrMisconfigured], as are those of [New].
func Parse(r io.Reader) (*Static, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading groups: %w", err)
	case len(text) > MaxSize:
		return nil, fmt.Errorf("%w: a list of groups has more than %d bytes", passport.ErrMisconfigured, MaxSize)
	}
	limits := strictjson.Limits{Size: MaxSize, Depth: 3, Values: MaxSize / 8}
	document, err := strictjson.Parse(text, limits)
	if err != nil {
		return nil, fmt.Errorf("%w: a list of groups: %w", passport.ErrMisconfigured, err)
	}
	list, err := groupsOf(document)
	if err != nil {
		return nil, err
	}
	return New(list...)
}

func groupsOf(document *strictjson.Value) ([]passport.Group, error) {
	const form = `{"id": "…", "wallets": ["0x…"]}`
	wrong := func(at int, format string, args ...any) error {
		return fmt.Errorf("%w: group %d is %s, not "+form, passport.ErrMisconfigured, at+1, fmt.Sprintf(format, args...))
	}
	if document.Kind != strictjson.Array {
		return nil, fmt.Errorf("%w: the groups are %s, not a list of %s", passport.ErrMisconfigured, document.Kind, form)
	}
	list := make([]passport.Group, len(document.Items))
	for i := range document.Items {
		item, group := &document.Items[i], &list[i]
		if item.Kind != strictjson.Object {
			return nil, wrong(i, "%s", item.Kind)
		}
		for _, member := range item.Members {
			switch value := &member.Value; {
			case member.Name == "id" && value.Kind == strictjson.String:
				group.ID = value.Text
			case member.Name == "wallets" && value.Kind == strictjson.Array:
				for k := range value.Items {
					if value.Items[k].Kind != strictjson.String {
						return nil, wrong(i, "an object with %s among its wallets", value.Items[k].Kind)
					}
					group.Wallets = append(group.Wallets, passport.Address(value.Items[k].Text))
				}
			default:
				return nil, wrong(i, "an object with %.40q: %s", member.Name, value.Kind)
			}
		}
	}
	return list, nil
}

// GroupsOf implements [passport.Groups].
func (s *Static) GroupsOf(ctx context.Context, addresses ...passport.Address) ([]passport.Group, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	groups := make([]passport.Group, len(addresses))
	for i, address := range addresses {
		groups[i] = copyOf(s.groups[address])
	}
	return groups, nil
}

// copyOf returns a copy that a caller may modify.
func copyOf(g passport.Group) passport.Group {
	return passport.Group{ID: g.ID, Wallets: slices.Clone(g.Wallets)}
}
