package storetest_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

// receipts is a store whose receipts have versions of their own: the version of
// the wallet, and a number. It works, unless it skips what it takes to be
// written.
type receipts struct {
	b     *brokenstore.Store
	skips func(c *store.Changes, written *store.Changes) bool

	mu      sync.Mutex
	written []*store.Changes // by that number
}

// receiptsWith is such a store that skips change sets.
func receiptsWith(skips func(c, written *store.Changes) bool) broken {
	return func(b *brokenstore.Store) {
		r := &receipts{b: b, skips: skips}
		b.On.Load, b.On.Apply = r.load, r.apply
	}
}

// receiptsOfItsOwn is such a store that works.
func receiptsOfItsOwn(b *brokenstore.Store) {
	receiptsWith(func(_, _ *store.Changes) bool { return false })(b)
}

const ofReceipt = " of receipt "

func (r *receipts) load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	asked := q.Known
	q.Known = maps.Clone(q.Known)
	for address, k := range q.Known {
		k.Version, _, _ = strings.Cut(k.Version, ofReceipt)
		q.Known[address] = k
	}
	snapshot, err := r.b.Good.Load(ctx, q)
	if err == nil {
		for i := range snapshot.Wallets {
			if w := &snapshot.Wallets[i]; w.Unchanged {
				w.Version = asked[w.Address].Version
			}
		}
	}
	return snapshot, err
}

func (r *receipts) apply(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c == nil {
		return r.b.Good.Apply(ctx, c)
	}
	other, skipped := brokenstore.Clone(c), false
	for i := range other.Wallets {
		version, number, is := strings.Cut(other.Wallets[i].Version, ofReceipt)
		other.Wallets[i].Version = version
		var n int
		if _, err := fmt.Sscan(number, &n); is && err == nil && n < len(r.written) {
			skipped = skipped || r.skips(other, r.written[n])
		}
	}
	before := r.b.Good.State()
	receipt, err := r.b.Good.Apply(ctx, other)
	if err != nil {
		return nil, err
	}
	if skipped {
		r.b.Edit(func(s *store.State) { s.Scores, s.Claims = before.Scores, before.Claims })
	}
	for i := range receipt.Wallets {
		receipt.Wallets[i].Version = fmt.Sprint(other.Wallets[i].Version, ofReceipt, len(r.written))
	}
	r.written = append(r.written, other)
	return receipt, nil
}

// brokenReceipts are stores whose receipts have wrong versions.
var brokenReceipts = map[string]fault{
	"ignores the versions of receipts":             {"receipts", ignoresVersions},
	"ignores the versions of receipts after roles": {"receipt versions", ignoresVersions},
	"does not know the versions of its receipts":   {"receipts", receives(func(_ *store.Changes, r *store.Receipt) { r.Wallets[0].Version = "a receipt" })},
	"does not know its receipts after roles":       {"receipt versions", receives(func(_ *store.Changes, r *store.Receipt) { r.Wallets[0].Version = "a receipt" })},
	"has receipts for a scoring each": {"receipts/a scoring of the wallet lets it be written", func(b *brokenstore.Store) {
		versions(ofScores)(b)
		load, apply := b.On.Load, b.On.Apply
		b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			receipt, err := apply(ctx, c)
			if err == nil {
				for i := range c.Wallets {
					snapshot, failed := load(ctx, store.Query{Community: c.Community, Addresses: []store.Address{c.Wallets[i].Address}})
					if failed == nil {
						receipt.Wallets[i].Version = snapshot.Wallets[0].Version
					}
				}
			}
			return receipt, err
		}
	}},
	"has receipts in an order of its own": {
		"receipts/a version for each wallet in the order of the change set",
		func(b *brokenstore.Store) {
			receiptsOfItsOwn(b)
			apply := b.On.Apply
			b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
				receipt, err := apply(ctx, c)
				if err == nil {
					slices.Reverse(receipt.Wallets)
				}
				return receipt, err
			}
		},
	},
	"skips what a failure has not written": {"receipts/a version of a failed scoring", receiptsWith(func(_, written *store.Changes) bool {
		return written.Wallets[0].Score.Status == store.StatusError
	})},
	"skips what it has written elsewhere": {"receipts/a version holds in another community", receiptsWith(func(c, written *store.Changes) bool {
		return written.Community != c.Community
	})},
	"skips what it has written once": {"receipts", receiptsWith(func(c, written *store.Changes) bool {
		return slices.Equal(c.Wallets[0].Counted, written.Wallets[0].Counted) && c.Wallets[0].Score.Value == written.Wallets[0].Score.Value
	})},

	"prolongs what counts without a swap": {"claims/a live own claim without a swap stays as it is", beforeApply(func(c *store.Changes, s *store.State) {
		for i := range s.Claims {
			claim, w := &s.Claims[i], &c.Wallets[0]
			if claim.Address == w.Address && len(w.Counted) > 0 && w.Score.ExpiresAt.After(claim.ExpiresAt) {
				claim.ExpiresAt = w.Score.ExpiresAt
			}
		}
	})},
	"releases what does not count": {"claims/a live own claim without a swap stays as it is", afterApply(func(c *store.Changes, s *store.State) {
		s.Claims = slices.DeleteFunc(s.Claims, func(claim store.StoredClaim) bool {
			return claim.Address == c.Wallets[0].Address && len(c.Wallets[0].Counted) == 0
		})
	})},
}
