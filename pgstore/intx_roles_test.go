package pgstore_test

import (
	"context"
	"time"

	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// These are the roles of a store that works in transactions of a host, each
// call in one of its own.

// asked returns the result of the work in a transaction of the host.
func asked[T any](ctx context.Context, h host, work func(s *pgstore.Store) (T, error)) (result T, err error) {
	err = h.in(ctx, func(s *pgstore.Store) error {
		result, err = work(s)
		return err
	})
	return result, err
}

func (h inHost) AddCredentials(ctx context.Context, address store.Address, credentials ...store.CredentialInput) error {
	return h.host.in(ctx, func(s *pgstore.Store) error { return s.AddCredentials(ctx, address, credentials...) })
}

func (h inHost) DeleteCredentials(ctx context.Context, address store.Address, providers ...string) (int, error) {
	return asked(ctx, h.host, func(s *pgstore.Store) (int, error) { return s.DeleteCredentials(ctx, address, providers...) })
}

func (h inHost) RevokeCredentials(ctx context.Context, proofValues ...string) (int, error) {
	return asked(ctx, h.host, func(s *pgstore.Store) (int, error) { return s.RevokeCredentials(ctx, proofValues...) })
}

func (h inHost) ListCredentials(ctx context.Context, address store.Address, page store.Page) (*store.CredentialPage, error) {
	return asked(ctx, h.host, func(s *pgstore.Store) (*store.CredentialPage, error) { return s.ListCredentials(ctx, address, page) })
}

func (h inHost) PutCommunity(ctx context.Context, community store.Community) error {
	return h.host.in(ctx, func(s *pgstore.Store) error { return s.PutCommunity(ctx, community) })
}

func (h inHost) DeleteCommunity(ctx context.Context, id int64) error {
	return h.host.in(ctx, func(s *pgstore.Store) error { return s.DeleteCommunity(ctx, id) })
}

func (h inHost) FindCommunity(ctx context.Context, account int64, scorer string) (int64, error) {
	return asked(ctx, h.host, func(s *pgstore.Store) (int64, error) { return s.FindCommunity(ctx, account, scorer) })
}

func (h inHost) PutAccount(ctx context.Context, username string) (int64, error) {
	return asked(ctx, h.host, func(s *pgstore.Store) (int64, error) { return s.PutAccount(ctx, username) })
}

func (h inHost) PutAddressList(ctx context.Context, name string, addresses ...store.Address) error {
	return h.host.in(ctx, func(s *pgstore.Store) error { return s.PutAddressList(ctx, name, addresses...) })
}

func (h inHost) ListGroupClaims(ctx context.Context, community int64, address store.Address) ([]store.GroupClaim, error) {
	return asked(ctx, h.host, func(s *pgstore.Store) ([]store.GroupClaim, error) { return s.ListGroupClaims(ctx, community, address) })
}

func (h inHost) LastScore(ctx context.Context, community int64, address store.Address) (*store.RecordedScore, error) {
	return asked(ctx, h.host, func(s *pgstore.Store) (*store.RecordedScore, error) { return s.LastScore(ctx, community, address) })
}

func (h inHost) ScoreAt(ctx context.Context, community int64, address store.Address, at time.Time) (*store.RecordedEvent, error) {
	return asked(ctx, h.host, func(s *pgstore.Store) (*store.RecordedEvent, error) { return s.ScoreAt(ctx, community, address, at) })
}

func (h inHost) ListEvents(ctx context.Context, community int64, address store.Address, page store.Page) ([]store.RecordedEvent, error) {
	return asked(ctx, h.host, func(s *pgstore.Store) ([]store.RecordedEvent, error) {
		return s.ListEvents(ctx, community, address, page)
	})
}

func (h inHost) ListClaims(ctx context.Context, community int64, address store.Address) ([]store.Claim, error) {
	return asked(ctx, h.host, func(s *pgstore.Store) ([]store.Claim, error) { return s.ListClaims(ctx, community, address) })
}

func (h inHost) ListAddresses(ctx context.Context, q store.AddressQuery) ([]store.Address, error) {
	return asked(ctx, h.host, func(s *pgstore.Store) ([]store.Address, error) { return s.ListAddresses(ctx, q) })
}

func (h inHost) FindKey(ctx context.Context, prefix string) (*store.Key, error) {
	return asked(ctx, h.host, func(s *pgstore.Store) (*store.Key, error) { return s.FindKey(ctx, prefix) })
}

func (h inHost) ListKeys(ctx context.Context, q store.KeyQuery) ([]store.Key, error) {
	return asked(ctx, h.host, func(s *pgstore.Store) ([]store.Key, error) { return s.ListKeys(ctx, q) })
}

func (h inHost) FindCaller(ctx context.Context, prefix, scorer string) (*store.Caller, error) {
	return asked(ctx, h.host, func(s *pgstore.Store) (*store.Caller, error) { return s.FindCaller(ctx, prefix, scorer) })
}

func (h inHost) AddKey(ctx context.Context, key store.Key) error {
	return h.host.in(ctx, func(s *pgstore.Store) error { return s.AddKey(ctx, key) })
}

func (h inHost) MigrateKey(ctx context.Context, id, sha256 string) error {
	return h.host.in(ctx, func(s *pgstore.Store) error { return s.MigrateKey(ctx, id, sha256) })
}

func (h inHost) RevokeKey(ctx context.Context, prefix string) error {
	return h.host.in(ctx, func(s *pgstore.Store) error { return s.RevokeKey(ctx, prefix) })
}

func (h inHost) AddUsage(ctx context.Context, usages ...store.Usage) error {
	return h.host.in(ctx, func(s *pgstore.Store) error { return s.AddUsage(ctx, usages...) })
}

func (h inHost) LoadPoints(ctx context.Context, address store.Address) (*store.PointsLedger, error) {
	return asked(ctx, h.host, func(s *pgstore.Store) (*store.PointsLedger, error) { return s.LoadPoints(ctx, address) })
}

func (h inHost) Forget(ctx context.Context, f store.Forgetting) (*store.ForgetReceipt, error) {
	return asked(ctx, h.host, func(s *pgstore.Store) (*store.ForgetReceipt, error) { return s.Forget(ctx, f) })
}

func (h inHost) Prune(ctx context.Context, p store.Pruning) (*store.Pruned, error) {
	return asked(ctx, h.host, func(s *pgstore.Store) (*store.Pruned, error) { return s.Prune(ctx, p) })
}
