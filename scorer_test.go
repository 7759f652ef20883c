package passport

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/sethvargo/go-retry"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

const trusted = "did:ethr:0x75711bfc560e8d62fd7812fd9d589bc35c443ee7"

// scriptedStore returns the same snapshot from every Load, the same score from
// every LastScore, and the next error of its script from every Apply, nil once
// the script is over.
type scriptedStore struct {
	snapshot *store.Snapshot
	recorded *store.RecordedScore // nil: none
	loadErr  error                // of LastScore, too
	applies  []error
	receipt  func() *store.Receipt // nil: one for one wallet, which gives no awards
	takes    time.Duration         // each call
	loads    int                   // calls of Load and LastScore
	applied  []*store.Changes
	queries  []store.Query
}

func (s *scriptedStore) Load(_ context.Context, q store.Query) (*store.Snapshot, error) {
	time.Sleep(s.takes)
	s.loads++
	s.queries = append(s.queries, q)
	return s.snapshot, s.loadErr
}

func (s *scriptedStore) Apply(_ context.Context, c *store.Changes) (*store.Receipt, error) {
	time.Sleep(s.takes)
	if len(s.applies) > 0 {
		err := s.applies[0]
		s.applies = s.applies[1:]
		if err != nil {
			return nil, err
		}
	}
	s.applied = append(s.applied, c)
	if s.receipt != nil {
		return s.receipt(), nil
	}
	return &store.Receipt{Wallets: []store.WalletReceipt{{Given: make([]bool, len(c.Wallets[0].Awards))}}}, nil
}

func (s *scriptedStore) LastScore(context.Context, int64, Address) (*store.RecordedScore, error) {
	time.Sleep(s.takes)
	s.loads++
	if s.loadErr != nil {
		return nil, s.loadErr
	}
	if s.recorded == nil {
		return nil, store.ErrNotFound
	}
	last := *s.recorded
	return &last, nil
}

func (s *scriptedStore) LoadPoints(context.Context, Address) (*store.PointsLedger, error) {
	return nil, errors.New("no engine reads points")
}

func emptyWallet() *store.Snapshot {
	return &store.Snapshot{
		At:        noon,
		Community: store.Community{ID: 1, Rule: "LIFO", Weights: []byte(`{"Google":"1.5"}`), Threshold: "3.00000"},
		Wallets:   []store.Wallet{{Address: alice, Version: "0"}},
	}
}

func newEngine(t *testing.T, s store.Store, options ...Option) *Engine {
	t.Helper()
	noWait := WithRetry(func() retry.Backoff { return retry.WithMaxRetries(5, retry.NewConstant(1)) })
	engine, err := New(s, append([]Option{WithTrustedIssuers(trusted), noWait}, options...)...)
	require.NoError(t, err)
	return engine
}

func TestNew_Misconfigured(t *testing.T) {
	_, err := New(nil,
		WithTrustedIssuers("https://issuer.example"), WithVerifier(nil), WithCacheSize(-1), WithRetry(nil), WithClock(nil),
		WithLogger(nil), WithObserver(nil), WithTracer(nil), WithHumanPoints(HumanPoints{Capped: &CappedAward{Action: "TOOLONG"}}), nil)
	require.ErrorIs(t, err, ErrMisconfigured)
	for _, fault := range []string{
		"store is nil", "https://issuer.example", "WithVerifier", "cache size -1", "WithRetry", "WithClock", "WithLogger", "WithObserver", "WithTracer",
		"has no list", `"TOOLONG"`, "limit 0",
	} {
		require.ErrorContains(t, err, fault)
	}

	_, err = New(&scriptedStore{})
	require.ErrorIs(t, err, ErrMisconfigured)
	require.ErrorContains(t, err, "WithTrustedIssuers")

	_, err = New(&scriptedStore{}, WithTrustedIssuers("https://one.example", "did:key:x", "did:web:three"))
	for _, issuer := range []string{"https://one.example", "did:key:x", "did:web:three"} {
		require.ErrorContains(t, err, issuer)
	}
	_, err = New(&scriptedStore{}, WithTrustedIssuers(trusted), WithObserver(func(context.Context, Observation) {}), WithObserver(nil))
	require.EqualError(t, err, "misconfigured: WithObserver got nil")
}

func TestHumanPassportIssuers(t *testing.T) {
	for _, did := range []string{HumanPassportIssuer, HumanPassportEd25519Issuer} {
		_, err := New(&scriptedStore{}, WithTrustedIssuers(did))
		require.NoError(t, err, did)
	}
	_, err := New(&scriptedStore{})
	require.ErrorIs(t, err, ErrMisconfigured, "none is trusted by default")
}

// bare is a store without any role.
type bare struct{ store.Store }

func TestNew_Roles(t *testing.T) {
	points := WithHumanPoints(HumanPoints{})
	_, err := New(bare{&scriptedStore{}}, WithTrustedIssuers(trusted))
	require.NoError(t, err)
	_, err = New(bare{&scriptedStore{}}, WithTrustedIssuers(trusted), points)
	require.ErrorIs(t, err, ErrMisconfigured)
	require.ErrorContains(t, err, "WithHumanPoints needs a store with the role store.Points, which passport.bare lacks")
	_, err = New((*scriptedStore)(nil), WithTrustedIssuers(trusted))
	require.ErrorContains(t, err, "the store is nil")
}

func TestOn_Misconfigured(t *testing.T) {
	s := &scriptedStore{snapshot: emptyWallet()}
	s.snapshot.Points = &store.PointsSnapshot{Wallets: make([]store.PointsHistory, 1)}
	engine := newEngine(t, s, WithHumanPoints(HumanPoints{}))
	for name, c := range map[string]struct {
		store Store
		why   string
	}{
		"nil":         {nil, "the store is nil"},
		"nil pointer": {(*scriptedStore)(nil), "the store is nil"},
		"no role":     {bare{s}, "WithHumanPoints needs a store"},
	} {
		t.Run(name, func(t *testing.T) {
			on := engine.On(c.store)
			_, err := on.Score(t.Context(), 1, string(alice))
			require.ErrorIs(t, err, ErrMisconfigured)
			require.ErrorContains(t, err, "load_snapshot: misconfigured: "+c.why)
			_, err = on.Preview(t.Context(), 1, string(alice))
			require.ErrorIs(t, err, ErrMisconfigured)
			_, err = on.Latest(t.Context(), 1, string(alice))
			require.ErrorIs(t, err, ErrMisconfigured)
			require.ErrorContains(t, err, c.why)
		})
	}
	_, err := engine.Score(t.Context(), 1, string(alice))
	require.NoError(t, err, "the first engine is unchanged")
}

func TestWithTrustedIssuers(t *testing.T) {
	for _, did := range []string{trusted, "did:key:z6MkghvGHLobLEdj1bgRLhS4LPGJAvbMA1tn2zcRyqmYU5LC", "did:pkh:eip155:1:0x75711bfc560e8d62fd7812fd9d589bc35c443ee7"} {
		_, err := New(&scriptedStore{}, WithTrustedIssuers(did))
		require.NoError(t, err)
	}
}

func TestWithRetry_Nil(t *testing.T) {
	s := &scriptedStore{snapshot: emptyWallet(), applies: []error{store.ErrConflict}}
	_, err := newEngine(t, s, WithRetry(func() retry.Backoff { return nil })).Score(t.Context(), 1, string(alice))
	require.ErrorIs(t, err, store.ErrConflict)
	assert.Equal(t, 1, s.loads)
}

// The waits are drawn at random; of a thousand some come close to each end.
func TestDefaultRetry(t *testing.T) {
	const draws = 1000
	var shortest, longest [5]time.Duration
	for i := range draws {
		backoff := DefaultRetry()
		for attempt := range shortest {
			wait, stop := backoff.Next()
			require.False(t, stop)
			if i == 0 {
				shortest[attempt], longest[attempt] = wait, wait
			}
			shortest[attempt], longest[attempt] = min(shortest[attempt], wait), max(longest[attempt], wait)
		}
		_, stop := backoff.Next()
		require.True(t, stop)
	}
	for attempt, least := range []time.Duration{50, 100, 200, 400, 800} {
		assert.GreaterOrEqual(t, shortest[attempt], least*time.Millisecond)
		assert.Less(t, shortest[attempt], (least+1)*time.Millisecond)
		assert.GreaterOrEqual(t, longest[attempt], (least+49)*time.Millisecond)
		assert.Less(t, longest[attempt], (least+50)*time.Millisecond)
	}
}

func TestWithClock(t *testing.T) {
	s := &scriptedStore{snapshot: emptyWallet()}
	now := time.Date(2026, 1, 2, 3, 4, 5, 6789, time.FixedZone("east", 3600))
	_, err := newEngine(t, s, WithClock(func() time.Time { return now })).Score(t.Context(), 1, string(alice))
	require.NoError(t, err)
	assert.Equal(t, time.Date(2026, 1, 2, 2, 4, 5, 6000, time.UTC), s.queries[0].At)

	_, err = newEngine(t, s).Score(t.Context(), 1, string(alice))
	require.NoError(t, err)
	assert.True(t, s.queries[1].At.IsZero(), "the store's clock")
}

func TestScore_Address(t *testing.T) {
	s := &scriptedStore{snapshot: emptyWallet()}
	engine := newEngine(t, s)
	_, err := engine.Score(t.Context(), 1, "0xA11CE00000000000000000000000000000000000")
	require.NoError(t, err)
	assert.Equal(t, []Address{alice}, s.queries[0].Addresses)

	_, err = engine.Score(t.Context(), 1, "nonsense")
	require.ErrorIs(t, err, ErrInvalidAddress)
	assert.Equal(t, 1, s.loads)
}

func TestPreview(t *testing.T) {
	s := &scriptedStore{snapshot: emptyWallet()}
	engine := newEngine(t, s)
	_, err := engine.Preview(t.Context(), 1, string(alice))
	require.NoError(t, err)

	s.snapshot.Community.Rule = "FIFO"
	_, err = engine.Preview(t.Context(), 1, string(alice))
	require.ErrorIs(t, err, ErrUnsupportedRule)
	assert.Empty(t, s.applied)
}

func TestScore_NoStamps(t *testing.T) {
	s := &scriptedStore{snapshot: emptyWallet()}
	result, err := newEngine(t, s).Score(t.Context(), 1, string(alice))
	require.NoError(t, err)
	assert.Equal(t, "0", result.Score.String())
	assert.Equal(t, "3.00000", result.Threshold.String())
	assert.False(t, result.Passing)
	assert.Empty(t, result.Stamps)
	assert.True(t, result.ExpiresAt.IsZero())

	require.Len(t, s.applied, 1)
	require.NoError(t, s.applied[0].Validate())
	written := s.applied[0].Wallets[0].Score
	assert.Equal(t, "0", written.Value)
	assert.JSONEq(t, `{"type":"ThresholdScoreCheck","success":false,"rawScore":"0","threshold":"3.00000"}`, string(written.Evidence))
	assert.JSONEq(t, `{}`, string(written.StampScores))
	assert.JSONEq(t, `{}`, string(written.Stamps))
}

func TestScore_EqualsThreshold(t *testing.T) {
	snapshot := emptyWallet()
	snapshot.Community.Threshold = "0.00000"
	result, err := newEngine(t, &scriptedStore{snapshot: snapshot}).Score(t.Context(), 1, string(alice))
	require.NoError(t, err)
	assert.True(t, result.Passing)
}

func TestScore_StoreError(t *testing.T) {
	cause := errors.New("dial tcp: refused")
	s := &scriptedStore{loadErr: &store.Error{Op: "load_community", Kind: store.ErrUnavailable, Cause: cause}}
	var log bytes.Buffer
	_, err := newEngine(t, s, WithLogger(slog.New(slog.NewTextHandler(&log, nil)))).Score(t.Context(), 1, string(alice))
	require.ErrorIs(t, err, store.ErrUnavailable)
	require.ErrorIs(t, err, cause)
	require.ErrorContains(t, err, string(alice))
	assert.Contains(t, log.String(), "scoring failed")

	s = &scriptedStore{loadErr: store.ErrCommunityNotFound}
	_, err = newEngine(t, s).Score(t.Context(), 1, string(alice))
	assert.ErrorIs(t, err, ErrCommunityNotFound)
}
