package storetest_test

import (
	"context"
	"maps"
	"slices"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

// ignoresKnown is a store that works: it may.
func ignoresKnown(b *brokenstore.Store) { queries(func(q *store.Query) { q.Known = nil })(b) }

// unchanged is a store that returns changed wallets where it left them out.
func unchanged(change func(q store.Query, s *store.Snapshot, w *store.Wallet)) broken {
	return snapshots(func(q store.Query, s *store.Snapshot) {
		for i := range s.Wallets {
			if w := &s.Wallets[i]; w.Unchanged {
				change(q, s, w)
			}
		}
	})
}

// changed is unchanged for the wallets that are known and not left out.
func changed(change func(q store.Query, s *store.Snapshot, w *store.Wallet)) broken {
	return snapshots(func(q store.Query, s *store.Snapshot) {
		for i := range s.Wallets {
			w := &s.Wallets[i]
			if _, is := q.Known[w.Address]; is && !w.Unchanged {
				change(q, s, w)
			}
		}
	})
}

// knows is a store that takes the callers to know something else.
func knows(change func(q store.Query, address store.Address, k *store.Known)) broken {
	return queries(func(q *store.Query) {
		other := maps.Clone(q.Known)
		for address, k := range other {
			change(*q, address, &k)
			other[address] = k
		}
		q.Known = other
	})
}

// believes is a store that takes some versions for the present one of the
// wallet.
func believes(which func(q store.Query, address store.Address, present string) bool) broken {
	return func(b *brokenstore.Store) {
		present := func(ctx context.Context, q store.Query) map[store.Address]string {
			versions := map[store.Address]string{}
			q.Known = nil
			if snapshot, err := b.Good.Load(ctx, q); err == nil {
				for _, w := range snapshot.Wallets {
					versions[w.Address] = w.Version
				}
			}
			return versions
		}
		b.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
			asked, versions := q, present(ctx, q)
			q.Known = maps.Clone(q.Known)
			for address, k := range q.Known {
				if which(asked, address, versions[address]) {
					k.Version = versions[address]
				}
				q.Known[address] = k
			}
			snapshot, err := b.Good.Load(ctx, q)
			if err == nil {
				for i := range snapshot.Wallets {
					if w := &snapshot.Wallets[i]; w.Unchanged {
						w.Version = asked.Known[w.Address].Version
					}
				}
			}
			return snapshot, err
		}
	}
}

func dropClaims(s *store.Snapshot, which func(c store.Claim) bool) {
	s.Claims = slices.DeleteFunc(s.Claims, which)
}

// oddlyKnown reports whether a version or a nullifier is one that no column
// holds.
func oddlyKnown(q store.Query) bool {
	for _, k := range q.Known {
		if unkept(k.Version) || slices.ContainsFunc(k.Nullifiers, unkept) {
			return true
		}
	}
	return false
}

// brokenKnowing are stores that take advantage of what the caller knows, and
// are wrong.
var brokenKnowing = map[string]fault{
	"believes any version":                  {"known", believes(func(store.Query, store.Address, string) bool { return true })},
	"believes any version after roles":      {"known versions", believes(func(store.Query, store.Address, string) bool { return true })},
	"returns nothing of an unchanged one":   {"known", unchanged(func(_ store.Query, _ *store.Snapshot, w *store.Wallet) { w.Unchanged = false })},
	"returns nothing of one after roles":    {"known versions", unchanged(func(_ store.Query, _ *store.Snapshot, w *store.Wallet) { w.Unchanged = false })},
	"has another version of an unchanged":   {"known/a known wallet can be scored", unchanged(func(_ store.Query, _ *store.Snapshot, w *store.Wallet) { w.Version = "2" })},
	"has no version of an unchanged wallet": {"known/a wallet without credentials may be left out", unchanged(func(_ store.Query, _ *store.Snapshot, w *store.Wallet) { w.Version = "" })},
	"returns what is unchanged": {"known/no change may be left out", unchanged(func(_ store.Query, _ *store.Snapshot, w *store.Wallet) {
		w.Credentials = []store.Credential{{ID: 1, Provider: "Google"}}
	})},
	"calls a changed wallet unchanged": {"known", changed(func(_ store.Query, _ *store.Snapshot, w *store.Wallet) { w.Unchanged = true })},
	"has a known version and other credentials": {"known/a known wallet can be scored", changed(func(q store.Query, _ *store.Snapshot, w *store.Wallet) {
		w.Version = q.Known[w.Address].Version
	})},
	"returns what is known of addresses unasked": {"known", func(b *brokenstore.Store) {
		b.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
			snapshot, err := b.Good.Load(ctx, q)
			for _, k := range q.Known {
				for _, claim := range b.Good.State().Claims {
					if err == nil && claim.Community == q.Community && slices.Contains(k.Nullifiers, claim.Nullifier) && !slices.Contains(snapshot.Claims, claim.Claim) {
						snapshot.Claims = append(snapshot.Claims, claim.Claim)
					}
				}
			}
			return snapshot, err
		}
	}},
	"refuses to know odd addresses": {"known/an address that is not queried is passed over", refusesLoads(store.ErrInvalid, func(q store.Query) bool {
		for address := range q.Known {
			if !address.Valid() {
				return true
			}
		}
		return false
	})},
	"believes versions of other wallets": {"known/a version of another wallet", believes(func(q store.Query, address store.Address, _ string) bool {
		return len(q.Known) > 1 && q.Known[address].Version != ""
	})},
	"believes no version":                {"known/a version that never was", believes(func(q store.Query, address store.Address, _ string) bool { return q.Known[address].Version == "" })},
	"fails for an odd version to know":   {"known/a version that never was", refusesLoads(store.ErrInternal, oddlyKnown)},
	"fails for an odd nullifier to know": {"known/nullifiers that no store can hold", refusesLoads(store.ErrInternal, oddlyKnown)},
	"fails for a long nullifier to know": {"known/nullifiers that no store can hold", refusesLoads(store.ErrInvalid, func(q store.Query) bool {
		return slices.ContainsFunc(q.Known["0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c"].Nullifiers, func(n string) bool { return len(n) > 1000 })
	})},
	"sends 65535 parameters at most": {"known/very many nullifiers", knows(func(_ store.Query, _ store.Address, k *store.Known) {
		k.Nullifiers = k.Nullifiers[:min(len(k.Nullifiers), 65535)]
	})},
	"omits too little of a known wallet": {"known/a wallet with an omitted credential", changed(func(_ store.Query, _ *store.Snapshot, w *store.Wallet) {
		for i := range w.Credentials {
			w.Credentials[i].Omitted = ""
		}
	})},
	"mixes known wallets up": {"known/wallets of which some are known and some have changed", snapshots(func(q store.Query, s *store.Snapshot) {
		if len(q.Known) > 0 {
			slices.SortStableFunc(s.Wallets, func(a, b store.Wallet) int {
				return map[bool]int{true: 0, false: 1}[a.Unchanged] - map[bool]int{true: 0, false: 1}[b.Unchanged]
			})
		}
	})},
	"notes what is known": {"known/Load with known wallets changes nothing", func(b *brokenstore.Store) {
		b.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
			for _, k := range q.Known {
				for i := range k.Nullifiers {
					k.Nullifiers[i] = "v2:" + k.Nullifiers[i]
				}
			}
			return b.Good.Load(ctx, q)
		}
	}},

	"returns all claims of an unchanged wallet": {"known/claims on the named nullifiers of anyone and expired or not", knows(func(_ store.Query, _ store.Address, k *store.Known) {
		k.Nullifiers = append(slices.Clone(k.Nullifiers), "n1", "n2")
	})},
	"names only live claims": {"known/claims on the named nullifiers of anyone and expired or not", unchanged(func(q store.Query, s *store.Snapshot, _ *store.Wallet) {
		dropClaims(s, func(c store.Claim) bool { return !c.ExpiresAt.After(q.At) })
	})},
	"names only claims of others": {"known/claims on the named nullifiers of anyone and expired or not", unchanged(func(_ store.Query, s *store.Snapshot, w *store.Wallet) {
		dropClaims(s, func(c store.Claim) bool { return c.Address == w.Address })
	})},
	"names only own claims": {"known/claims on the named nullifiers of anyone and expired or not", unchanged(func(_ store.Query, s *store.Snapshot, w *store.Wallet) {
		dropClaims(s, func(c store.Claim) bool { return c.Address != w.Address })
	})},
	"returns the named claims of a changed wallet": {"known/claims on the nullifiers of a changed wallet in place of the named", changed(func(q store.Query, s *store.Snapshot, w *store.Wallet) {
		dropClaims(s, func(c store.Claim) bool { return !slices.Contains(q.Known[w.Address].Nullifiers, c.Nullifier) })
	})},
	"returns a named claim for each wallet": {"known/a claim once that several wallets name", snapshots(func(q store.Query, s *store.Snapshot) {
		if len(q.Known) > 1 {
			s.Claims = slices.Repeat(s.Claims, 2)
		}
	})},
	"returns claims of the first known wallet": {"known/a claim once that several wallets name", knows(func(q store.Query, address store.Address, k *store.Known) {
		if address != q.Addresses[0] {
			k.Nullifiers = nil
		}
	})},
	"returns named claims apart": {"known/a claim once that an unchanged and a changed wallet name", unchanged(func(q store.Query, s *store.Snapshot, w *store.Wallet) {
		for _, c := range slices.Clone(s.Claims) {
			if len(s.Wallets) > 1 && slices.Contains(q.Known[w.Address].Nullifiers, c.Nullifier) {
				s.Claims = append(s.Claims, c)
			}
		}
	})},
	"returns named claims of every community": {"known/no claim of another community on a named nullifier", sees(func(q store.Query, s *store.State) {
		for i := range s.Claims {
			if len(q.Known) > 0 && s.Claims[i].Community != q.Community && s.Claims[i].Nullifier != "n1" {
				s.Claims[i].Community = q.Community
			}
		}
	})},
	"remembers the claims too": {"known/a claim that has changed since", func(b *brokenstore.Store) {
		b.On.Load = func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
			if len(q.Known) == 0 {
				return b.Good.Load(ctx, q)
			}
			return b.Like(func(s *store.State) {
				s.Claims = slices.DeleteFunc(s.Claims, func(c store.StoredClaim) bool { return c.Nullifier == "free" })
			}).Load(ctx, q)
		}
	}},
	"has no points of known wallets": {"snapshot points/the points of known wallets", unchanged(func(_ store.Query, s *store.Snapshot, _ *store.Wallet) {
		if s.Points != nil {
			clear(s.Points.Wallets)
		}
	})},
	"has no multiplier in snapshots": {
		"snapshot points/the multiplier of each address",
		loadsPoints(func(_ *store.PointsQuery, p *store.PointsSnapshot) {
			for i := range p.Wallets {
				p.Wallets[i].Multiplier = 0
			}
		}),
	},
	"takes a multiplier of 0 for none in snapshots": {
		"snapshot points/the multiplier of each address",
		loadsPoints(func(_ *store.PointsQuery, p *store.PointsSnapshot) {
			for i := range p.Wallets {
				if p.Wallets[i].Multiplier == 0 {
					p.Wallets[i].Multiplier = 1
				}
			}
		}),
	},
}
