package brokenstore

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/passport-sdk/passport-go/store"
)

// BulkFaults are faults that only a change set of several wallets, a wallet
// that a query knows, or a score that is left alone can show.
func BulkFaults() map[string]func(*Store) {
	return map[string]func(*Store){
		"has a version that stays when a document changes": versions(func(c *store.StoredCredential) string {
			if c.Deleted || c.Revoked {
				return ""
			}
			return c.Provider
		}),
		"has a version that stays when a credential is revoked": versions(func(c *store.StoredCredential) string {
			if c.Deleted {
				return ""
			}
			return strconv.FormatInt(c.ID, 10)
		}),
		"reads the claims of a known wallet once": readsKnownClaimsOnce,
		"loses the claims of one wallet of several": Applies(func(c *store.Changes) {
			if len(c.Wallets) > 1 {
				loses := c.Wallets[len(c.Wallets)-1].Address
				c.Claims = slices.DeleteFunc(c.Claims, func(s store.ClaimSwap) bool { return s.To.Address == loses })
			}
		}),
		"writes half of several wallets":               writesHalf,
		"keeps stamps if as many count as before":      keepsStamps,
		"writes several wallets by the first's stamps": countsAsFirst,
	}
}

// versions makes the store go by versions of its own, which are made of the
// names of an address's credentials; those that are empty do not count.
func versions(name func(c *store.StoredCredential) string) func(*Store) {
	return func(s *Store) {
		version := func(address store.Address) string {
			names := []string{"version of"}
			for _, c := range s.Good.State().Credentials {
				if name := name(&c); c.Address == address && name != "" {
					names = append(names, name)
				}
			}
			slices.Sort(names)
			return strings.Join(names, " ")
		}
		s.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
			known := q.Known
			q.Known = nil
			snapshot, err := s.Good.Load(ctx, q)
			if err != nil {
				return nil, err
			}
			for i := range snapshot.Wallets {
				w := &snapshot.Wallets[i]
				w.Version = version(w.Address)
				if k, is := known[w.Address]; is && k.Version == w.Version {
					w.Unchanged, w.Credentials = true, nil
					s.addKnownClaims(snapshot, k.Nullifiers)
				}
			}
			return snapshot, nil
		}
		s.goesBy(version)
	}
}

// goesBy makes Apply compare those versions in place of the store's.
func (s *Store) goesBy(version func(store.Address) string) {
	s.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		for i := range c.Wallets {
			if w := &c.Wallets[i]; w.Version != version(w.Address) {
				return nil, store.ErrConflict
			}
		}
		receipt, err := s.ApplyLate(ctx, c)
		if err != nil {
			return nil, err
		}
		for i := range receipt.Wallets {
			receipt.Wallets[i].Version = ""
		}
		return receipt, nil
	}
}

// addKnownClaims adds the claims on the nullifiers that the snapshot lacks.
func (s *Store) addKnownClaims(snapshot *store.Snapshot, nullifiers []string) {
	for _, c := range s.Good.State().Claims {
		if c.Community == snapshot.Community.ID && slices.Contains(nullifiers, c.Nullifier) && !slices.Contains(snapshot.Claims, c.Claim) {
			snapshot.Claims = append(snapshot.Claims, c.Claim)
		}
	}
}

// readsKnownClaimsOnce returns the claims of unchanged wallets as they were
// when it read them first.
func readsKnownClaimsOnce(s *Store) {
	type place struct {
		community int64
		nullifier string
	}
	first := map[place]store.Claim{}
	Loads(func(_ store.Query, snapshot *store.Snapshot) {
		unchanged := !slices.ContainsFunc(snapshot.Wallets, func(w store.Wallet) bool { return !w.Unchanged })
		for i, c := range snapshot.Claims {
			at := place{snapshot.Community.ID, c.Nullifier}
			if before, again := first[at]; again && unchanged {
				snapshot.Claims[i] = before
			} else if !again {
				first[at] = c
			}
		}
	})(s)
}

// writesHalf writes the first half of the wallets, and the claims of all.
func writesHalf(s *Store) {
	s.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		other := Clone(c)
		other.Wallets = other.Wallets[:(len(c.Wallets)+1)/2]
		receipt, err := s.Good.Apply(ctx, other)
		if err != nil {
			return nil, err
		}
		for _, w := range c.Wallets[len(other.Wallets):] {
			receipt.Wallets = append(receipt.Wallets, store.WalletReceipt{Given: make([]bool, len(w.Awards))})
		}
		return receipt, nil
	}
}

// keepsStamps leaves the credentials that counted before if as many count now.
func keepsStamps(s *Store) {
	s.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		before := s.Good.State()
		receipt, err := s.Good.Apply(ctx, c)
		if err != nil {
			return nil, err
		}
		s.Edit(func(state *store.State) {
			for i := range c.Wallets {
				was, is := scoreOf(&before, c.Community, c.Wallets[i].Address), scoreOf(state, c.Community, c.Wallets[i].Address)
				if len(was.Counted) == len(is.Counted) {
					is.Counted = was.Counted
				}
			}
		})
		return receipt, nil
	}
}

// countsAsFirst records the credentials of the first wallet for all of them.
func countsAsFirst(s *Store) {
	s.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
		receipt, err := s.Good.Apply(ctx, c)
		if err == nil && c.Wallets[0].Score.Status == store.StatusDone {
			counted := s.Counted(c)
			s.Edit(func(state *store.State) {
				for i := range c.Wallets {
					scoreOf(state, c.Community, c.Wallets[i].Address).Counted = counted
				}
			})
		}
		return receipt, err
	}
}
