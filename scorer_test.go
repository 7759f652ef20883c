package passport

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sethvargo/go-retry"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

const trusted = "did:ethr:0x75711bfc560e8d62fd7812fd9d589bc35c443ee7"

// scriptedStore answers every Load with the same snapshot and every Apply with
// the next error of its script, nil once the script is over.
type scriptedStore struct {
	snapshot *store.Snapshot
	loadErr  error
	applies  []error
	loads    int
	applied  []*store.Changes
	queries  []store.Query
}

func (s *scriptedStore) Load(_ context.Context, q store.Query) (*store.Snapshot, error) {
	s.loads++
	s.queries = append(s.queries, q)
	return s.snapshot, s.loadErr
}

func (s *scriptedStore) Apply(_ context.Context, c *store.Changes) (*store.Receipt, error) {
	if len(s.applies) > 0 {
		err := s.applies[0]
		s.applies = s.applies[1:]
		if err != nil {
			return nil, err
		}
	}
	s.applied = append(s.applied, c)
	return &store.Receipt{Wallets: []store.WalletReceipt{{PassportID: 1, ScoreID: 1}}}, nil
}

func emptyWallet() *store.Snapshot {
	return &store.Snapshot{
		At:        noon,
		Community: store.Community{ID: 1, Rule: "LIFO", Weights: []byte(`{"Google":"1.5"}`), Threshold: "3.00000"},
		Wallets:   []store.Wallet{{Address: string(alice), Version: "0"}},
	}
}

func newEngine(t *testing.T, s store.Store, options ...Option) *Engine {
	t.Helper()
	noWait := WithRetry(func() retry.Backoff { return retry.WithMaxRetries(5, retry.NewConstant(1)) })
	engine, err := New(s, append([]Option{WithTrustedIssuers(trusted), noWait}, options...)...)
	require.NoError(t, err)
	return engine
}

func TestNewReportsEveryFaultAtOnce(t *testing.T) {
	_, err := New(nil,
		WithTrustedIssuers("https://issuer.example"), WithVerifier(nil), WithCacheSize(-1), WithRetry(nil), WithClock(nil),
		WithLogger(nil), WithObserver(nil), WithHumanPoints(HumanPoints{Capped: &CappedAward{Action: "TOOLONG"}}), nil)
	require.ErrorIs(t, err, ErrMisconfigured)
	for _, fault := range []string{
		"store is nil", "https://issuer.example", "WithVerifier", "cache size -1", "WithRetry", "WithClock", "WithLogger", "WithObserver",
		"has no list", `"TOOLONG"`, "limit 0",
	} {
		require.ErrorContains(t, err, fault)
	}

	_, err = New(&scriptedStore{})
	require.ErrorIs(t, err, ErrMisconfigured)
	assert.ErrorContains(t, err, "WithTrustedIssuers")
}

func TestAnAddressWithoutStampsScoresZeroAndThatIsRecorded(t *testing.T) {
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

func TestAScoreEqualToTheThresholdPasses(t *testing.T) {
	snapshot := emptyWallet()
	snapshot.Community.Threshold = "0.00000"
	result, err := newEngine(t, &scriptedStore{snapshot: snapshot}).Score(t.Context(), 1, string(alice))
	require.NoError(t, err)
	assert.True(t, result.Passing)
}

func TestPreviewWritesNothing(t *testing.T) {
	s := &scriptedStore{snapshot: emptyWallet()}
	engine := newEngine(t, s)
	_, err := engine.Preview(t.Context(), 1, string(alice))
	require.NoError(t, err)

	s.snapshot.Community.Rule = "FIFO"
	_, err = engine.Preview(t.Context(), 1, string(alice))
	require.ErrorIs(t, err, ErrUnsupportedRule)
	assert.Empty(t, s.applied)
}

func TestAddressesAreLoweredAndBadOnesNeverReachTheStore(t *testing.T) {
	s := &scriptedStore{snapshot: emptyWallet()}
	engine := newEngine(t, s)
	_, err := engine.Score(t.Context(), 1, "0xA11CE00000000000000000000000000000000000")
	require.NoError(t, err)
	assert.Equal(t, []string{string(alice)}, s.queries[0].Addresses)

	_, err = engine.Score(t.Context(), 1, "nonsense")
	require.ErrorIs(t, err, ErrInvalidAddress)
	assert.Equal(t, 1, s.loads)
}

func TestALostRaceIsDoneAgainFromFreshData(t *testing.T) {
	lost := &store.Error{Op: "claim", Kind: store.ErrConflict}
	for name, c := range map[string]struct {
		applies []error
		loads   int
		wantErr error
	}{
		"lost once":                     {[]error{lost}, 2, nil},
		"lost five times, won the last": {[]error{lost, lost, lost, lost, lost}, 6, nil},
		"lost every attempt":            {[]error{lost, lost, lost, lost, lost, lost, lost}, 6, store.ErrConflict},
		"a final one is not repeated":   {[]error{&store.Error{Kind: store.ErrConflict, Final: true}}, 1, store.ErrConflict},
		"unavailable is not repeated":   {[]error{store.ErrUnavailable}, 1, store.ErrUnavailable},
		"unknown is not repeated":       {[]error{store.ErrUnknownOutcome}, 1, store.ErrUnknownOutcome},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scriptedStore{snapshot: emptyWallet(), applies: c.applies}
			var seen Observation
			engine := newEngine(t, s, WithObserver(func(_ context.Context, o Observation) { seen = o }))
			result, err := engine.Score(t.Context(), 1, string(alice))
			assert.Equal(t, c.loads, s.loads)
			assert.Equal(t, c.loads, seen.Attempts)
			assert.Equal(t, result, seen.Result)
			assert.Equal(t, err, seen.Err)
			if c.wantErr == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, c.wantErr)
			assert.Nil(t, result, "a failure is never a score")
		})
	}
}

func TestTheDefaultRetryWaitsLongerEachTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		backoff := DefaultRetry()
		for _, least := range []time.Duration{50, 100, 200, 400, 800} {
			wait, stop := backoff.Next()
			require.False(t, stop)
			assert.GreaterOrEqual(t, wait, least*time.Millisecond)
			assert.Less(t, wait, (least+50)*time.Millisecond)
		}
		_, stop := backoff.Next()
		assert.True(t, stop)
	})
}

func TestACommunityThatCannotBeScoredIsRecordedAndTyped(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*store.Community)
		want  error
		text  string
	}{
		"unknown rule":               {func(c *store.Community) { c.Rule = "FIFO" }, ErrUnsupportedRule, "FIFO"},
		"no weights":                 {func(c *store.Community) { c.Weights = nil }, ErrInvalidWeights, "no JSON object"},
		"weights null":               {func(c *store.Community) { c.Weights = []byte("null") }, ErrInvalidWeights, "no JSON object"},
		"weights a list":             {func(c *store.Community) { c.Weights = []byte("[1]") }, ErrInvalidWeights, "no JSON object"},
		"weight not a number":        {func(c *store.Community) { c.Weights = []byte(`{"Google":"abc"}`) }, ErrInvalidWeights, "Google"},
		"weight null":                {func(c *store.Community) { c.Weights = []byte(`{"Google":null}`) }, ErrInvalidWeights, `"Google" is neither a number nor a string`},
		"weight true":                {func(c *store.Community) { c.Weights = []byte(`{"Google":true}`) }, ErrInvalidWeights, `"Google" is neither a number nor a string`},
		"weight beyond all bounds":   {func(c *store.Community) { c.Weights = []byte(`{"Google":1e999999}`) }, ErrInvalidWeights, "Google"},
		"customization not a number": {func(c *store.Community) { c.Overlay = map[string]string{"AllowList#x": "NaN"} }, ErrInvalidWeights, "AllowList#x"},
		"no threshold":               {func(c *store.Community) { c.Threshold = "" }, ErrInvalidWeights, "threshold"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scriptedStore{snapshot: emptyWallet(), applies: []error{store.ErrConflict}}
			c.spoil(&s.snapshot.Community)
			result, err := newEngine(t, s).Score(t.Context(), 1, string(alice))
			assert.Nil(t, result)
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, c.text)
			var scoringError *ScoringError
			require.ErrorAs(t, err, &scoringError)
			assert.Equal(t, alice, scoringError.Address)

			require.Len(t, s.applied, 1, "recorded, although the first attempt lost a race")
			require.NoError(t, s.applied[0].Validate())
			assert.Equal(t, store.StatusError, s.applied[0].Wallets[0].Score.Status)
			assert.Equal(t, scoringError.Err.Error(), s.applied[0].Wallets[0].Score.Error)
		})
	}

	t.Run("when it cannot be recorded both errors are told", func(t *testing.T) {
		s := &scriptedStore{snapshot: emptyWallet(), applies: []error{store.ErrUnavailable}}
		s.snapshot.Community.Rule = "FIFO"
		_, err := newEngine(t, s).Score(t.Context(), 1, string(alice))
		require.ErrorIs(t, err, ErrUnsupportedRule)
		require.ErrorIs(t, err, store.ErrUnavailable)
	})
}

func TestAStoreThatAnswersNonsenseIsAFault(t *testing.T) {
	spoilt := func(spoil func(*store.Snapshot)) *store.Snapshot {
		snapshot := emptyWallet()
		spoil(snapshot)
		return snapshot
	}
	for name, snapshot := range map[string]*store.Snapshot{
		"nothing":           nil,
		"no wallet":         spoilt(func(s *store.Snapshot) { s.Wallets = nil }),
		"another address":   spoilt(func(s *store.Snapshot) { s.Wallets[0].Address = string(bob) }),
		"another community": spoilt(func(s *store.Snapshot) { s.Community.ID = 2 }),
		"no moment":         spoilt(func(s *store.Snapshot) { s.At = time.Time{} }),
		"no points":         emptyWallet(),
	} {
		t.Run(name, func(t *testing.T) {
			engine := newEngine(t, &scriptedStore{snapshot: snapshot}, WithHumanPoints(HumanPoints{}))
			_, err := engine.Score(t.Context(), 1, string(alice))
			assert.ErrorIs(t, err, store.ErrFault)
		})
	}
}

func TestErrorsOfTheStoreKeepTheirKind(t *testing.T) {
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

func TestACancelledContextEndsAScoring(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := &scriptedStore{snapshot: emptyWallet()}
	_, err := newEngine(t, s).Score(ctx, 1, string(alice))
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, s.applied)

	t.Run("also while it waits to try again", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			s := &scriptedStore{snapshot: emptyWallet(), applies: []error{store.ErrConflict}}
			_, err := newEngine(t, s, WithRetry(DefaultRetry)).Score(ctx, 1, string(alice))
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, 1, s.loads)
		})
	})

	t.Run("whatever cause the host gives for it", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			enough := errors.New("the host had enough")
			ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Millisecond, enough)
			defer cancel()
			s := &scriptedStore{snapshot: emptyWallet(), applies: []error{store.ErrConflict}}
			_, err := newEngine(t, s, WithRetry(DefaultRetry)).Score(ctx, 1, string(alice))
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorIs(t, err, enough)
		})
	})
}

func TestTheClockOptionIsTheMomentOfTheScoring(t *testing.T) {
	s := &scriptedStore{snapshot: emptyWallet()}
	now := time.Date(2026, 1, 2, 3, 4, 5, 6789, time.FixedZone("east", 3600))
	_, err := newEngine(t, s, WithClock(func() time.Time { return now })).Score(t.Context(), 1, string(alice))
	require.NoError(t, err)
	assert.Equal(t, time.Date(2026, 1, 2, 2, 4, 5, 6000, time.UTC), s.queries[0].At)

	_, err = newEngine(t, s).Score(t.Context(), 1, string(alice))
	require.NoError(t, err)
	assert.True(t, s.queries[1].At.IsZero(), "else it is the store's")
}

func TestLatestTellsNeverScoredScoredAndFailedApart(t *testing.T) {
	s := &scriptedStore{snapshot: emptyWallet()}
	engine := newEngine(t, s)
	latest := func(row *store.Score) (*Standing, error) {
		s.snapshot.Wallets[0].Score = row
		return engine.Latest(t.Context(), 1, string(alice))
	}

	_, err := latest(nil)
	require.ErrorIs(t, err, ErrNeverScored)
	_, err = latest(&store.Score{Status: "BULK_PROCESSING"})
	require.ErrorIs(t, err, ErrNeverScored)

	_, err = latest(&store.Score{Status: store.StatusError, Error: "no weights"})
	var scoringError *ScoringError
	require.ErrorAs(t, err, &scoringError)
	require.EqualError(t, scoringError.Err, "no weights")

	standing, err := latest(&store.Score{
		Status: store.StatusDone, Value: "1.000000000", ScoredAt: noon, ExpiresAt: until(1),
		Evidence: []byte(`{"type":"ThresholdScoreCheck","success":true,"rawScore":"4.25","threshold":"3.00000"}`),
	})
	require.NoError(t, err)
	assert.True(t, standing.Passing)
	assert.Equal(t, "4.25", standing.Score.String())
	assert.Equal(t, noon, standing.ScoredAt)

	for _, evidence := range []string{"", "null", "{}", "[]", `{"type":"other"}`, `{"type":"ThresholdScoreCheck","success":true,"rawScore":"x","threshold":"1"}`} {
		_, err = latest(&store.Score{Status: store.StatusDone, Evidence: []byte(evidence)})
		assert.ErrorIs(t, err, store.ErrFault, "evidence %q", evidence)
	}
}
