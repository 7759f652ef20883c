package brokenstore

import (
	"context"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

var (
	_ store.Store         = (*Store)(nil)
	_ store.Points        = (*Store)(nil)
	_ store.Credentials   = (*Store)(nil)
	_ store.Communities   = (*Store)(nil)
	_ store.Groups        = (*Store)(nil)
	_ store.History       = (*Store)(nil)
	_ store.Keys          = (*Store)(nil)
	_ store.KeyLister     = (*Store)(nil)
	_ store.UsageLog      = (*Store)(nil)
	_ store.CallerFinder  = (*Store)(nil)
	_ store.AddressLister = (*Store)(nil)
	_ store.Forgetter     = (*Store)(nil)
	_ store.Pruner        = (*Store)(nil)
)

// Seed implements storetest.Harness.
func (s *Store) Seed(ctx context.Context, state store.State) error {
	return s.error(s.On.Seed(ctx, state))
}

// State implements storetest.Harness.
func (s *Store) State(ctx context.Context) (store.State, error) {
	result, err := s.On.State(ctx)
	return result, s.error(err)
}

// Load implements [store.Store].
func (s *Store) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	result, err := s.On.Load(ctx, q)
	return result, s.error(err)
}

// Apply implements [store.Store].
func (s *Store) Apply(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
	result, err := s.On.Apply(ctx, c)
	return result, s.error(err)
}

// LoadPoints implements [store.Points].
func (s *Store) LoadPoints(ctx context.Context, address store.Address) (*store.PointsLedger, error) {
	result, err := s.On.LoadPoints(ctx, address)
	return result, s.error(err)
}

// AddCredentials implements [store.Credentials].
func (s *Store) AddCredentials(ctx context.Context, address store.Address, credentials ...store.CredentialInput) error {
	return s.error(s.On.AddCredentials(ctx, address, credentials...))
}

// DeleteCredentials implements [store.Credentials].
func (s *Store) DeleteCredentials(ctx context.Context, address store.Address, providers ...string) (int, error) {
	result, err := s.On.DeleteCredentials(ctx, address, providers...)
	return result, s.error(err)
}

// RevokeCredentials implements [store.Credentials].
func (s *Store) RevokeCredentials(ctx context.Context, proofValues ...string) (int, error) {
	result, err := s.On.RevokeCredentials(ctx, proofValues...)
	return result, s.error(err)
}

// ListCredentials implements [store.CredentialLister].
func (s *Store) ListCredentials(ctx context.Context, address store.Address, page store.Page) (*store.CredentialPage, error) {
	result, err := s.On.ListCredentials(ctx, address, page)
	return result, s.error(err)
}

// PutCommunity implements [store.Communities].
func (s *Store) PutCommunity(ctx context.Context, community store.Community) error {
	return s.error(s.On.PutCommunity(ctx, community))
}

// DeleteCommunity implements [store.Communities].
func (s *Store) DeleteCommunity(ctx context.Context, id int64) error {
	return s.error(s.On.DeleteCommunity(ctx, id))
}

// FindCommunity implements [store.CommunityFinder].
func (s *Store) FindCommunity(ctx context.Context, account int64, scorer string) (int64, error) {
	result, err := s.On.FindCommunity(ctx, account, scorer)
	return result, s.error(err)
}

// PutAccount implements [store.Communities].
func (s *Store) PutAccount(ctx context.Context, username string) (int64, error) {
	result, err := s.On.PutAccount(ctx, username)
	return result, s.error(err)
}

// PutAddressList implements [store.Communities].
func (s *Store) PutAddressList(ctx context.Context, name string, addresses ...store.Address) error {
	return s.error(s.On.PutAddressList(ctx, name, addresses...))
}

// LastScore implements [store.LastScorer].
func (s *Store) LastScore(ctx context.Context, community int64, address store.Address) (*store.RecordedScore, error) {
	result, err := s.On.LastScore(ctx, community, address)
	return result, s.error(err)
}

// ScoreAt implements [store.ScoreFinder].
func (s *Store) ScoreAt(ctx context.Context, community int64, address store.Address, at time.Time) (*store.RecordedEvent, error) {
	result, err := s.On.ScoreAt(ctx, community, address, at)
	return result, s.error(err)
}

// ListEvents implements [store.History].
func (s *Store) ListEvents(ctx context.Context, community int64, address store.Address, page store.Page) ([]store.RecordedEvent, error) {
	result, err := s.On.ListEvents(ctx, community, address, page)
	return result, s.error(err)
}

// ListClaims implements [store.History].
func (s *Store) ListClaims(ctx context.Context, community int64, address store.Address) ([]store.Claim, error) {
	result, err := s.On.ListClaims(ctx, community, address)
	return result, s.error(err)
}

// ListGroupClaims implements [store.Groups].
func (s *Store) ListGroupClaims(ctx context.Context, community int64, address store.Address) ([]store.GroupClaim, error) {
	result, err := s.On.ListGroupClaims(ctx, community, address)
	return result, s.error(err)
}

// ListAddresses implements [store.AddressLister].
func (s *Store) ListAddresses(ctx context.Context, q store.AddressQuery) ([]store.Address, error) {
	result, err := s.On.ListAddresses(ctx, q)
	return result, s.error(err)
}

// FindKey implements [store.Keys].
func (s *Store) FindKey(ctx context.Context, prefix string) (*store.Key, error) {
	result, err := s.On.FindKey(ctx, prefix)
	return result, s.error(err)
}

// FindCaller implements [store.CallerFinder].
func (s *Store) FindCaller(ctx context.Context, prefix, scorer string) (*store.Caller, error) {
	result, err := s.On.FindCaller(ctx, prefix, scorer)
	return result, s.error(err)
}

// AddKey implements [store.Keys].
func (s *Store) AddKey(ctx context.Context, key store.Key) error {
	return s.error(s.On.AddKey(ctx, key))
}

// MigrateKey implements [store.Keys].
func (s *Store) MigrateKey(ctx context.Context, id, sha256 string) error {
	return s.error(s.On.MigrateKey(ctx, id, sha256))
}

// RevokeKey implements [store.Keys].
func (s *Store) RevokeKey(ctx context.Context, prefix string) error {
	return s.error(s.On.RevokeKey(ctx, prefix))
}

// ListKeys implements [store.KeyLister].
func (s *Store) ListKeys(ctx context.Context, q store.KeyQuery) ([]store.Key, error) {
	result, err := s.On.ListKeys(ctx, q)
	return result, s.error(err)
}

// AddUsage implements [store.UsageLog].
func (s *Store) AddUsage(ctx context.Context, usages ...store.Usage) error {
	return s.error(s.On.AddUsage(ctx, usages...))
}

// Forget implements [store.Forgetter].
func (s *Store) Forget(ctx context.Context, f store.Forgetting) (*store.ForgetReceipt, error) {
	result, err := s.On.Forget(ctx, f)
	return result, s.error(err)
}

// Prune implements [store.Pruner].
func (s *Store) Prune(ctx context.Context, p store.Pruning) (*store.Pruned, error) {
	result, err := s.On.Prune(ctx, p)
	return result, s.error(err)
}
