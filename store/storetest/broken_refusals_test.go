package storetest_test

import (
	"context"
	"errors"
	"time"

	"github.com/passport-sdk/passport-go/store"
	"github.com/passport-sdk/passport-go/store/storetest"
)

var brokenRefusals = map[string]fault{
	"tells of a refusal no more than its kind":        {"refusals", telling{as: func(e *store.Error) error { return e.Kind }}},
	"tells of a refusal without the operation":        {"refusals", telling{as: func(e *store.Error) error { return &store.Error{Kind: e.Kind} }}},
	"tells of every refusal as a fault":               {"refusals", telling{as: func(e *store.Error) error { return &store.Error{Op: e.Op, Kind: store.ErrFault} }}},
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

// telling is a store that tells its errors otherwise.
type telling struct {
	harness
	as func(*store.Error) error
}

func (t telling) on(h harness) storetest.Harness { return telling{h, t.as} }

func (t telling) tell(err error) error {
	if detail, is := errors.AsType[*store.Error](err); is {
		return t.as(detail)
	}
	return err
}

func (t telling) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	snapshot, err := t.harness.Load(ctx, q)
	return snapshot, t.tell(err)
}

func (t telling) Apply(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
	receipt, err := t.harness.Apply(ctx, c)
	return receipt, t.tell(err)
}

func (t telling) AddCredentials(ctx context.Context, address string, credentials ...store.NewCredential) error {
	return t.tell(t.harness.AddCredentials(ctx, address, credentials...))
}

func (t telling) DeleteCredentials(ctx context.Context, address string, providers ...string) (int, error) {
	n, err := t.harness.DeleteCredentials(ctx, address, providers...)
	return n, t.tell(err)
}

func (t telling) RevokeCredentials(ctx context.Context, proofValues ...string) (int, error) {
	n, err := t.harness.RevokeCredentials(ctx, proofValues...)
	return n, t.tell(err)
}

func (t telling) ListCredentials(ctx context.Context, address string, page store.Page) (*store.CredentialPage, error) {
	listed, err := t.harness.ListCredentials(ctx, address, page)
	return listed, t.tell(err)
}

func (t telling) PutCommunity(ctx context.Context, c store.Community) error {
	return t.tell(t.harness.PutCommunity(ctx, c))
}

func (t telling) DeleteCommunity(ctx context.Context, id int64) error {
	return t.tell(t.harness.DeleteCommunity(ctx, id))
}

func (t telling) FindCommunity(ctx context.Context, account int64, scorer string) (int64, error) {
	id, err := t.harness.FindCommunity(ctx, account, scorer)
	return id, t.tell(err)
}

func (t telling) PutAccount(ctx context.Context, username string) (int64, error) {
	id, err := t.harness.PutAccount(ctx, username)
	return id, t.tell(err)
}

func (t telling) PutAddressList(ctx context.Context, name string, addresses ...string) error {
	return t.tell(t.harness.PutAddressList(ctx, name, addresses...))
}

func (t telling) ScoreAt(ctx context.Context, community int64, address string, at time.Time) (*store.RecordedEvent, error) {
	event, err := t.harness.ScoreAt(ctx, community, address, at)
	return event, t.tell(err)
}

func (t telling) ListEvents(ctx context.Context, community int64, address string, page store.Page) ([]store.RecordedEvent, error) {
	events, err := t.harness.ListEvents(ctx, community, address, page)
	return events, t.tell(err)
}

func (t telling) ListClaims(ctx context.Context, community int64, address string) ([]store.Claim, error) {
	claims, err := t.harness.ListClaims(ctx, community, address)
	return claims, t.tell(err)
}

func (t telling) FindKey(ctx context.Context, prefix string) (*store.Key, error) {
	key, err := t.harness.FindKey(ctx, prefix)
	return key, t.tell(err)
}

func (t telling) AddKey(ctx context.Context, key store.Key) error {
	return t.tell(t.harness.AddKey(ctx, key))
}

func (t telling) MigrateKey(ctx context.Context, id, hash string) error {
	return t.tell(t.harness.MigrateKey(ctx, id, hash))
}

func (t telling) RevokeKey(ctx context.Context, id string) error {
	return t.tell(t.harness.RevokeKey(ctx, id))
}

func (t telling) AddUses(ctx context.Context, uses ...store.Use) error {
	return t.tell(t.harness.AddUses(ctx, uses...))
}

func (t telling) LoadPoints(ctx context.Context, address string) (*store.PointsLedger, error) {
	ledger, err := t.harness.LoadPoints(ctx, address)
	return ledger, t.tell(err)
}
