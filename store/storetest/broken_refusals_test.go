package storetest_test

import (
	"context"
	"errors"
	"time"

	"github.com/passport-sdk/passport-go/store"
	"github.com/passport-sdk/passport-go/store/storetest"
)

var brokenRefusals = map[string]fault{
	"tells of a refusal no more than its kind":        {"refusals", bare{}},
	"goes on with the change set of a score":          {"write/what is altered in a change set after Apply alters nothing that is stored", &keeper{}},
	"goes on with the change set of a failed scoring": {"write/what is altered in a change set after Apply alters no error of a failed scoring", &keeper{}},
}

// keeper is a store that goes on looking at the change set that it was given.
type keeper struct {
	harness
	given *store.Changes
}

func (k *keeper) on(h harness) storetest.Harness { return &keeper{harness: h} }

func (k *keeper) Apply(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
	k.given = c
	return k.harness.Apply(ctx, c)
}

func (k *keeper) Rows(ctx context.Context) ([]byte, error) {
	if k.given != nil {
		k.edit(func(t tables) {
			for i, r := range t["registry_score"] {
				r["status"] = string(k.given.Wallets[i].Score.Status)
			}
		})
	}
	return k.harness.Rows(ctx)
}

// bare is a store whose errors are the sentinels alone.
type bare struct{ harness }

func (bare) on(h harness) storetest.Harness { return bare{h} }

func kindAlone(err error) error {
	if detail, is := errors.AsType[*store.Error](err); is {
		return detail.Kind
	}
	return err
}

func (b bare) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	snapshot, err := b.harness.Load(ctx, q)
	return snapshot, kindAlone(err)
}

func (b bare) Apply(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
	receipt, err := b.harness.Apply(ctx, c)
	return receipt, kindAlone(err)
}

func (b bare) AddCredentials(ctx context.Context, address string, credentials ...store.NewCredential) error {
	return kindAlone(b.harness.AddCredentials(ctx, address, credentials...))
}

func (b bare) DeleteCredentials(ctx context.Context, address string, providers ...string) (int, error) {
	n, err := b.harness.DeleteCredentials(ctx, address, providers...)
	return n, kindAlone(err)
}

func (b bare) RevokeCredentials(ctx context.Context, proofValues ...string) (int, error) {
	n, err := b.harness.RevokeCredentials(ctx, proofValues...)
	return n, kindAlone(err)
}

func (b bare) ListCredentials(ctx context.Context, address string, page store.Page) (*store.CredentialPage, error) {
	listed, err := b.harness.ListCredentials(ctx, address, page)
	return listed, kindAlone(err)
}

func (b bare) PutCommunity(ctx context.Context, c store.Community) error {
	return kindAlone(b.harness.PutCommunity(ctx, c))
}

func (b bare) DeleteCommunity(ctx context.Context, id int64) error {
	return kindAlone(b.harness.DeleteCommunity(ctx, id))
}

func (b bare) FindCommunity(ctx context.Context, account int64, scorer string) (int64, error) {
	id, err := b.harness.FindCommunity(ctx, account, scorer)
	return id, kindAlone(err)
}

func (b bare) PutAccount(ctx context.Context, username string) (int64, error) {
	id, err := b.harness.PutAccount(ctx, username)
	return id, kindAlone(err)
}

func (b bare) PutAddressList(ctx context.Context, name string, addresses ...string) error {
	return kindAlone(b.harness.PutAddressList(ctx, name, addresses...))
}

func (b bare) ScoreAt(ctx context.Context, community int64, address string, at time.Time) (*store.RecordedEvent, error) {
	event, err := b.harness.ScoreAt(ctx, community, address, at)
	return event, kindAlone(err)
}

func (b bare) ListEvents(ctx context.Context, community int64, address string, page store.Page) ([]store.RecordedEvent, error) {
	events, err := b.harness.ListEvents(ctx, community, address, page)
	return events, kindAlone(err)
}

func (b bare) ListClaims(ctx context.Context, community int64, address string) ([]store.Claim, error) {
	claims, err := b.harness.ListClaims(ctx, community, address)
	return claims, kindAlone(err)
}

func (b bare) FindKey(ctx context.Context, prefix string) (*store.Key, error) {
	key, err := b.harness.FindKey(ctx, prefix)
	return key, kindAlone(err)
}

func (b bare) AddKey(ctx context.Context, key store.Key) error {
	return kindAlone(b.harness.AddKey(ctx, key))
}

func (b bare) MigrateKey(ctx context.Context, id, hash string) error {
	return kindAlone(b.harness.MigrateKey(ctx, id, hash))
}

func (b bare) RevokeKey(ctx context.Context, id string) error {
	return kindAlone(b.harness.RevokeKey(ctx, id))
}

func (b bare) AddUses(ctx context.Context, uses ...store.Use) error {
	return kindAlone(b.harness.AddUses(ctx, uses...))
}

func (b bare) LoadPoints(ctx context.Context, address string) (*store.PointsLedger, error) {
	ledger, err := b.harness.LoadPoints(ctx, address)
	return ledger, kindAlone(err)
}
