package histories_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/internal/reliability/histories"
	"github.com/passport-sdk/passport-go/store"
)

// The parts of the check of linked histories, as their findings begin.
const (
	byAnswer = `answer: `
	oneGroup = `.*one group claim names a wallet: `
	byLonely = `no other client was at work: `
)

// brokenGroups is a broken store that lists the claims of groups.
type brokenGroups struct{ *brokenstore.Store }

// ListGroupClaims implements [store.Groups].
func (b brokenGroups) ListGroupClaims(ctx context.Context, community int64, address store.Address) ([]store.GroupClaim, error) {
	return b.Good.ListGroupClaims(ctx, community, address)
}

var _ histories.LinkedStore = brokenGroups{}

// regrouping is a store that writes other swaps of group claims.
func regrouping(change func(c *store.Changes, swap *store.GroupSwap)) bug {
	return applying(func(c *store.Changes) {
		if c.Groups != nil {
			swap := store.GroupSwap{From: slices.Clone(c.Groups.From), To: slices.Clone(c.Groups.To)}
			c.Groups = &swap
			change(c, &swap)
		}
	})
}

// editing is a store that changes the content when it has written.
func editing(change func(c *store.Changes, state *store.State)) bug {
	return applies(func(ctx context.Context, b *brokenstore.Store, c *store.Changes) (*store.Receipt, error) {
		receipt, err := b.Good.Apply(ctx, c)
		if err == nil {
			b.Edit(func(state *store.State) { change(c, state) })
		}
		return receipt, err
	})
}

// blind is a store that does not see some of the group claims that name wallets
// of a query or of a change set. When it writes they stay, or they are removed.
func blind(sees func(claim *store.GroupClaim, addresses []store.Address) bool, stay bool) bug {
	return func(b *brokenstore.Store) {
		brokenstore.Loads(func(q store.Query, s *store.Snapshot) {
			s.GroupClaims = slices.DeleteFunc(s.GroupClaims, func(c store.GroupClaim) bool { return !sees(&c, q.Addresses) })
		})(b)
		regrouping(func(c *store.Changes, swap *store.GroupSwap) {
			var addresses []store.Address
			for i := range c.Wallets {
				addresses = append(addresses, c.Wallets[i].Address)
			}
			for _, stored := range b.Good.State().GroupClaims {
				claim := stored.GroupClaim
				same := func(other store.GroupClaim) bool { return other.Key == claim.Key }
				if stored.Community != c.Community || !slices.ContainsFunc(addresses, claim.Names) || slices.ContainsFunc(swap.From, same) {
					continue
				}
				swap.From = append(swap.From, claim)
				if stay && !slices.ContainsFunc(swap.To, same) {
					swap.To = append(swap.To, claim)
				}
			}
		})(b)
	}
}

// byCanonical sees a claim by its canonical wallet.
func byCanonical(claim *store.GroupClaim, addresses []store.Address) bool {
	return slices.Contains(addresses, claim.Canonical)
}

// byKey sees a claim if the addresses are its wallets.
func byKey(claim *store.GroupClaim, addresses []store.Address) bool {
	return claim.Key == store.GroupKey(addresses)
}

// scores is a store that reads other last scores.
func scores(change func(s *store.Snapshot, last *store.Score)) bug {
	return brokenstore.Loads(func(_ store.Query, s *store.Snapshot) {
		for i := range s.Wallets {
			if last := s.Wallets[i].LastScore; last != nil {
				change(s, last)
			}
		}
	})
}

// writing is a store that writes other scores for the wallets of a group, whose
// claim is given.
func writing(change func(w *store.WalletChanges, claim *store.GroupClaim)) bug {
	return applying(func(c *store.Changes) {
		for i := range c.Wallets {
			for k := range c.Groups.To {
				if claim := &c.Groups.To[k]; claim.Names(c.Wallets[i].Address) {
					change(&c.Wallets[i], claim)
				}
			}
		}
	})
}

// staleSiblings returns the credentials of the wallets of a group, but for the
// first, as they were when they were read first.
func staleSiblings(b *brokenstore.Store) {
	before := map[store.Address]store.Wallet{}
	brokenstore.Loads(func(_ store.Query, s *store.Snapshot) {
		for i := range s.Wallets {
			wallet := &s.Wallets[i]
			if old, known := before[wallet.Address]; known && i > 0 && !wallet.Unchanged {
				wallet.Credentials = old.Credentials
			} else if !wallet.Unchanged {
				before[wallet.Address] = *wallet
			}
		}
	})(b)
	b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) { return b.ApplyLate(ctx, c) }
}

// replaced returns the document with the text replaced.
func replaced(document json.RawMessage, old, with string) json.RawMessage {
	return json.RawMessage(strings.ReplaceAll(string(document), old, with))
}

// linkedBugs are each caught by that part of the check of linked histories.
var linkedBugs = map[string]seeded{
	// The claims of groups.
	"checks no group claims, so that two wallets are canonical": {oneGroup, applies(func(ctx context.Context, b *brokenstore.Store, c *store.Changes) (*store.Receipt, error) {
		other := brokenstore.Clone(c)
		other.Groups = nil
		receipt, err := b.Good.Apply(ctx, other)
		if err == nil {
			b.Edit(func(state *store.State) {
				state.GroupClaims = slices.DeleteFunc(state.GroupClaims, func(claim store.StoredGroupClaim) bool {
					return slices.ContainsFunc(append(slices.Clone(c.Groups.From), c.Groups.To...), func(read store.GroupClaim) bool {
						return read.Key == claim.Key
					})
				})
				for _, claim := range c.Groups.To {
					state.GroupClaims = append(state.GroupClaims, store.StoredGroupClaim{GroupClaim: claim, Community: c.Community})
				}
			})
		}
		return receipt, err
	})},
	"leaves the claims that others replace": {oneGroup, editing(func(c *store.Changes, state *store.State) {
		for _, claim := range c.Groups.From {
			if !slices.ContainsFunc(c.Groups.To, func(other store.GroupClaim) bool { return other.Key == claim.Key }) {
				state.GroupClaims = append(state.GroupClaims, store.StoredGroupClaim{GroupClaim: claim, Community: c.Community})
			}
		}
	})},
	"does not move a claim when the membership changes": {byAnswer, regrouping(func(_ *store.Changes, swap *store.GroupSwap) {
		if len(swap.From) > 0 {
			swap.To = swap.From
		}
	})},
	"removes the claims of groups that are written again": {byAnswer, regrouping(func(_ *store.Changes, swap *store.GroupSwap) {
		swap.To = slices.DeleteFunc(swap.To, func(claim store.GroupClaim) bool {
			return slices.ContainsFunc(swap.From, func(read store.GroupClaim) bool { return read.Equal(&claim) })
		})
	})},
	"writes another member into the claim": {byAnswer, regrouping(func(_ *store.Changes, swap *store.GroupSwap) {
		for i := range swap.To {
			first, _, _ := strings.Cut(swap.To[i].Key, ",")
			swap.To[i].Canonical = store.Address(first)
		}
	})},
	"writes the time of each scoring into the claim": {byAnswer, regrouping(func(c *store.Changes, swap *store.GroupSwap) {
		for i := range swap.To {
			swap.To[i].ClaimedAt = c.At
		}
	})},
	"finds claims by the whole key":                              {oneGroup, blind(byKey, true)},
	"finds claims by the canonical wallet":                       {oneGroup, blind(byCanonical, true)},
	"removes the claim of a canonical wallet that is not scored": {`.*a merged score has a group claim: `, blind(byCanonical, false)},
	"forgets a claim, so that its stamps count for another too":  {`.*no account counts twice: `, blind(byCanonical, false)},
	"reads only the claims of the first wallet": {byLonely, brokenstore.Loads(func(q store.Query, s *store.Snapshot) {
		s.GroupClaims = slices.DeleteFunc(s.GroupClaims, func(c store.GroupClaim) bool { return !c.Names(q.Addresses[0]) })
	})},

	// The time for which a claim lives.
	"releases a claim an hour before the score expires": {byAnswer, scores(func(_ *store.Snapshot, last *store.Score) {
		if !last.ExpiresAt.IsZero() {
			last.ExpiresAt = last.ExpiresAt.Add(-time.Hour)
		}
	})},
	"releases a claim at the end of the score": {byAnswer, scores(func(s *store.Snapshot, last *store.Score) {
		if last.ExpiresAt.Equal(s.At) {
			last.ExpiresAt = s.At.Add(-shortest)
		}
	})},
	"keeps a claim for an hour after the score has expired": {byAnswer, scores(func(_ *store.Snapshot, last *store.Score) {
		if !last.ExpiresAt.IsZero() {
			last.ExpiresAt = last.ExpiresAt.Add(time.Hour)
		}
	})},
	"reads no last scores, so that claims are not live": {byAnswer, brokenstore.Loads(func(_ store.Query, s *store.Snapshot) {
		for i := range s.Wallets {
			s.Wallets[i].LastScore = nil
		}
	})},

	// The rows.
	"lets the other members pass": {`.*only the canonical wallet of a group passes: `, writing(func(w *store.WalletChanges, claim *store.GroupClaim) {
		if w.Address != claim.Canonical {
			w.Score.Value, w.Score.Evidence = "1", replaced(w.Score.Evidence, `"success":false`, `"success":true`)
		}
	})},
	"writes the canonical wallet's row by its own stamps": {`.*a merged stamp is one that counts in a wallet of the group: `, writing(func(w *store.WalletChanges, claim *store.GroupClaim) {
		if w.Address == claim.Canonical {
			w.Score.Stamps = replaced(w.Score.Stamps, "source_wallet", "source")
		}
	})},
	"counts a merged provider twice": {`.*the score is the sum of its stamps: `, writing(func(w *store.WalletChanges, claim *store.GroupClaim) {
		if w.Address == claim.Canonical {
			w.Score.Evidence = replaced(w.Score.Evidence, `"rawScore":"4"`, `"rawScore":"8"`)
		}
	})},
	"merges under another provider": {`.*a merged score has every provider that counts in the group`, writing(func(w *store.WalletChanges, claim *store.GroupClaim) {
		if w.Address == claim.Canonical && !strings.Contains(string(w.Score.Stamps), "Github") {
			w.Score.Stamps = replaced(w.Score.Stamps, "Discord", "Github")
			w.Score.StampScores = replaced(w.Score.StampScores, "Discord", "Github")
		}
	})},
	"writes an expiry that is not the first of the stamps'": {`.*a merged score lasts as long as its stamps: `, writing(func(w *store.WalletChanges, claim *store.GroupClaim) {
		if w.Address == claim.Canonical && !w.Score.ExpiresAt.IsZero() {
			w.Score.ExpiresAt = w.Score.ExpiresAt.Add(time.Hour)
		}
	})},
	"loses a sibling": {`.*a group is written as one: `, func(b *brokenstore.Store) {
		b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			before := b.Good.State()
			receipt, err := b.Good.Apply(ctx, c)
			if last := c.Wallets[len(c.Wallets)-1].Address; err == nil && len(c.Wallets) > 1 {
				b.Edit(func(state *store.State) {
					state.Scores = slices.DeleteFunc(state.Scores, func(s store.StoredScore) bool { return s.Address == last && s.Community == c.Community })
					for _, s := range before.Scores {
						if s.Address == last && s.Community == c.Community {
							state.Scores = append(state.Scores, s)
						}
					}
				})
			}
			return receipt, err
		}
	}},
	"writes half of the group": {`.*a group is written as one: `, brokenstore.BulkFaults()["writes half of several wallets"]},

	// The stamps and the claims on them.
	"merges stale stamps of siblings":          {byAnswer, staleSiblings},
	"leaves a group whose sibling has changed": {byAnswer, brokenstore.BulkFaults()["has a version that stays when a document changes"]},
	"leaves a group whose sibling was revoked": {byAnswer, brokenstore.BulkFaults()["has a version that stays when a credential is revoked"]},
	"loses the claims of siblings":             {`.*a wallet holds what it counts: `, brokenstore.BulkFaults()["loses the claims of one wallet of several"]},
	"reads no claims of siblings": {byLonely, brokenstore.Loads(func(q store.Query, s *store.Snapshot) {
		s.Claims = slices.DeleteFunc(s.Claims, func(c store.Claim) bool { return c.Address != q.Addresses[0] })
	})},
}
