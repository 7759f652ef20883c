package pgstore_test

import (
	"context"

	"github.com/passport-sdk/passport-go/store"
)

// groupClaim is the claim of a group at noon.
func groupClaim(canonical store.Address, wallets ...store.Address) store.GroupClaim {
	return store.GroupClaim{Key: store.GroupKey(wallets), Canonical: canonical, ClaimedAt: noon}
}

// loadGroup reads the wallets and the group claims that name them.
func loadGroup(ctx context.Context, s store.Store, wallets ...store.Address) (*store.Snapshot, error) {
	return s.Load(ctx, store.Query{Community: 1, Addresses: wallets, At: noon, Groups: true})
}

// claiming returns the change set of a scoring of all wallets in the snapshot
// that makes the group claims those.
func claiming(snapshot *store.Snapshot, claims ...store.GroupClaim) *store.Changes {
	c := changes(snapshot)
	c.Groups = &store.GroupSwap{From: snapshot.GroupClaims, To: claims}
	return c
}

// scoreGroup scores the wallets as one group.
func scoreGroup(ctx context.Context, s store.Store, canonical store.Address, wallets ...store.Address) error {
	snapshot, err := loadGroup(ctx, s, wallets...)
	if err != nil {
		return err
	}
	_, err = s.Apply(ctx, claiming(snapshot, groupClaim(canonical, wallets...)))
	return err
}
