package passport

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
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
	receipt  func() *store.Receipt // nil: one for one wallet, without awards
	takes    time.Duration         // each call
	loads    int
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
	require.ErrorContains(t, err, "WithTrustedIssuers")

	_, err = New(&scriptedStore{}, WithTrustedIssuers("https://one.example", "did:key:x", "did:web:three"))
	for _, issuer := range []string{"https://one.example", "did:key:x", "did:web:three"} {
		require.ErrorContains(t, err, issuer)
	}
	_, err = New(&scriptedStore{}, WithTrustedIssuers(trusted), WithObserver(func(context.Context, Observation) {}), WithObserver(nil))
	require.EqualError(t, err, "misconfigured: WithObserver got nil")
}

func TestIssuersOfEveryKindThatCanBeVerifiedMayBeTrusted(t *testing.T) {
	for _, did := range []string{trusted, "did:key:z6MkghvGHLobLEdj1bgRLhS4LPGJAvbMA1tn2zcRyqmYU5LC", "did:pkh:eip155:1:0x75711bfc560e8d62fd7812fd9d589bc35c443ee7"} {
		_, err := New(&scriptedStore{}, WithTrustedIssuers(did))
		require.NoError(t, err)
	}
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
			if c.loads > 1 {
				require.ErrorContains(t, err, "attempt 6: ")
			} else {
				require.NotContains(t, err.Error(), "attempt")
			}
			assert.Nil(t, result, "a failure is never a score")
		})
	}
}

func TestARaceLostTwiceIsTwoAttemptsToTheUser(t *testing.T) {
	s := &scriptedStore{snapshot: emptyWallet(), applies: []error{store.ErrConflict, store.ErrUnavailable}}
	_, err := newEngine(t, s).Score(t.Context(), 1, string(alice))
	require.EqualError(t, err, "scoring "+string(alice)+" in community 1: attempt 2: applying: "+store.ErrUnavailable.Error())
}

func TestWithoutABackoffNothingIsRepeated(t *testing.T) {
	s := &scriptedStore{snapshot: emptyWallet(), applies: []error{store.ErrConflict}}
	_, err := newEngine(t, s, WithRetry(func() retry.Backoff { return nil })).Score(t.Context(), 1, string(alice))
	require.ErrorIs(t, err, store.ErrConflict)
	assert.Equal(t, 1, s.loads)
}

// The waits are drawn at random; of a thousand some come close to each end.
func TestTheDefaultRetryWaitsLongerEachTime(t *testing.T) {
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
		"weights and more":           {func(c *store.Community) { c.Weights = []byte(`{"Google":"1"} {}`) }, ErrInvalidWeights, "something follows"},
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
			assert.EqualValues(t, 1, scoringError.Community)
			assert.Equal(t, scoringError, err, "that it is recorded needs no word")
			assert.Equal(t, []error{scoringError.Err}, scoringError.Unwrap())
			assert.Equal(t, "scoring "+string(alice)+" in community 1: "+scoringError.Err.Error(), err.Error())

			require.Len(t, s.applied, 1, "recorded, although the first attempt lost a race")
			require.NoError(t, s.applied[0].Validate())
			assert.Equal(t, store.StatusError, s.applied[0].Wallets[0].Score.Status)
			assert.Equal(t, scoringError.Err.Error(), s.applied[0].Wallets[0].Score.Error)
		})
	}

	t.Run("when it cannot be recorded both errors are told", func(t *testing.T) {
		s := &scriptedStore{snapshot: emptyWallet(), applies: []error{store.ErrUnavailable}}
		s.snapshot.Community.Rule = "FIFO"
		var log bytes.Buffer
		_, err := newEngine(t, s, WithLogger(slog.New(slog.NewTextHandler(&log, nil)))).Score(t.Context(), 1, string(alice))
		require.ErrorIs(t, err, ErrUnsupportedRule)
		require.ErrorIs(t, err, store.ErrUnavailable)
		require.ErrorContains(t, err, "it could not be recorded")
		assert.Contains(t, log.String(), `level=ERROR msg="scoring failed" community=1 address=`+string(alice))
		assert.Contains(t, log.String(), "it could not be recorded: applying: store unavailable")
		assert.Equal(t, 1, strings.Count(log.String(), "\n"), "one failure, one line")
		var scoringError *ScoringError
		require.ErrorAs(t, err, &scoringError)
		require.EqualError(t, scoringError.Unrecorded, "applying: store unavailable")
		assert.Equal(t, scoringError, err, "it says all by itself")
	})

	t.Run("when its context has ended meanwhile, that is no failure to log", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
			defer cancel()
			s := &scriptedStore{snapshot: emptyWallet(), takes: time.Second, applies: []error{context.DeadlineExceeded}}
			s.snapshot.Community.Rule = "FIFO"
			var log bytes.Buffer
			_, err := newEngine(t, s, WithLogger(slog.New(slog.NewTextHandler(&log, nil)))).Score(ctx, 1, string(alice))
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.NotContains(t, log.String(), "ERROR")
		})
	})

	t.Run("when every attempt to record it loses a race, that is the error", func(t *testing.T) {
		lost := store.ErrConflict
		s := &scriptedStore{snapshot: emptyWallet(), applies: []error{lost, lost, lost, lost, lost, lost}}
		s.snapshot.Community.Rule = "FIFO"
		_, err := newEngine(t, s).Score(t.Context(), 1, string(alice))
		require.ErrorIs(t, err, store.ErrConflict)
		require.NotErrorIs(t, err, ErrUnsupportedRule)
	})
}

func TestAStoreThatAnswersNonsenseIsAFault(t *testing.T) {
	for name, spoil := range map[string]func(*scriptedStore){
		"returned no snapshot":                                func(s *scriptedStore) { s.snapshot = nil },
		"not of the queried address and community: no wallet": func(s *scriptedStore) { s.snapshot.Wallets = nil },
		"not of the queried address and community: another address": func(s *scriptedStore) {
			s.snapshot.Wallets[0].Address = string(bob)
		},
		"not of the queried address and community: one wallet too many": func(s *scriptedStore) {
			s.snapshot.Wallets = append(s.snapshot.Wallets, store.Wallet{Address: string(bob)})
		},
		"not of the queried address and community: another community": func(s *scriptedStore) { s.snapshot.Community.ID = 2 },
		"not in UTC and whole microseconds":                           func(s *scriptedStore) { s.snapshot.At = noon.In(time.FixedZone("east", 3600)) },
		"not in UTC and whole microseconds: finer":                    func(s *scriptedStore) { s.snapshot.At = noon.Add(1) },
		"two credentials of one provider": func(s *scriptedStore) {
			s.snapshot.Wallets[0].Credentials = []store.Credential{{Provider: "Google"}, {Provider: "Github"}, {Provider: "Google"}}
		},
		"has no moment":                            func(s *scriptedStore) { s.snapshot.At = time.Time{} },
		"lacks the queried points: none":           func(s *scriptedStore) { s.snapshot.Points = nil },
		"lacks the queried points: of no wallet":   func(s *scriptedStore) { s.snapshot.Points.Wallets = nil },
		"lacks the queried points: of too many":    func(s *scriptedStore) { s.snapshot.Points.Wallets = make([]store.PointsHistory, 2) },
		"no receipt for the address":               func(s *scriptedStore) { s.receipt = func() *store.Receipt { return nil } },
		"no receipt for the address: of no wallet": func(s *scriptedStore) { s.receipt = func() *store.Receipt { return &store.Receipt{} } },
		"no receipt for the address: of too many": func(s *scriptedStore) {
			s.receipt = func() *store.Receipt { return &store.Receipt{Wallets: make([]store.WalletReceipt, 2)} }
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scriptedStore{snapshot: emptyWallet()}
			s.snapshot.Points = &store.PointsSnapshot{Wallets: make([]store.PointsHistory, 1)}
			engine := newEngine(t, s, WithHumanPoints(HumanPoints{}))
			_, err := engine.Score(t.Context(), 1, string(alice))
			require.NoError(t, err, "unspoilt it is an answer")

			spoil(s)
			result, err := engine.Score(t.Context(), 1, string(alice))
			require.ErrorIs(t, err, store.ErrFault)
			said, _, _ := strings.Cut(name, ":")
			require.ErrorContains(t, err, said)
			assert.Nil(t, result)
		})
	}
}

func TestTheStoreSaysWhichPointsWereGiven(t *testing.T) {
	s := &scriptedStore{snapshot: emptyWallet()}
	s.snapshot.Community.HumanPoints = true
	s.snapshot.Community.Threshold = "0"
	s.snapshot.Points = &store.PointsSnapshot{
		Wallets: []store.PointsHistory{{Lists: []string{"TheChosenOnes"}}}, Values: map[string]int{"TCO": 50, "SCB": 7},
	}
	engine := newEngine(t, s, WithHumanPoints(HumanPoints{}))
	preview, err := engine.Preview(t.Context(), 1, string(alice))
	require.NoError(t, err)
	assert.Equal(t, []Award{{Action: "TCO", Points: 50}}, preview.Points)

	given := []store.Award{{Action: "SCB"}}
	s.receipt = func() *store.Receipt { return &store.Receipt{Wallets: []store.WalletReceipt{{Awards: given}}} }
	result, err := engine.Score(t.Context(), 1, string(alice))
	require.NoError(t, err)
	assert.Equal(t, []Award{{Action: "SCB", Points: 7}}, result.Points, "another may have earned meanwhile")
}

func TestAnObservationAddsUpTheTimesOfAllAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scriptedStore{snapshot: emptyWallet(), takes: time.Second, applies: []error{store.ErrConflict}}
		s.snapshot.Wallets[0].Credentials = []store.Credential{{Provider: "Google", Stamp: []byte("{}")}}
		var first, second Observation
		engine := newEngine(t, s,
			WithObserver(func(_ context.Context, o Observation) { first = o }), WithObserver(func(_ context.Context, o Observation) { second = o }))
		result, err := engine.Score(t.Context(), 1, string(alice))
		require.NoError(t, err)
		assert.Equal(t, Observation{
			Community: 1, Address: alice, Attempts: 2, Load: 2 * time.Second, Apply: 2 * time.Second, Result: result,
		}, first)
		assert.Equal(t, first, second, "every observer is told")
	})
}

func TestTheLogTellsWhatOperatorsMustKnowAndNoMore(t *testing.T) {
	const who = "community=1 address=" + string(alice)
	for name, c := range map[string]struct {
		spoil func(*scriptedStore, context.CancelFunc)
		log   string
	}{
		"nothing of a scoring that went well": {},
		"a lost race, for those who debug": {
			func(s *scriptedStore, _ context.CancelFunc) { s.applies = []error{store.ErrConflict} },
			`level=DEBUG msg="scoring lost a race" ` + who + " attempt=1\n",
		},
		"a community that cannot be scored": {
			func(s *scriptedStore, _ context.CancelFunc) { s.snapshot.Community.Rule = "FIFO" },
			`level=WARN msg="community cannot be scored" ` + who + ` error="unsupported rule \"FIFO\", only LIFO is known"` + "\n",
		},
		"a failure of the store": {
			func(s *scriptedStore, _ context.CancelFunc) { s.loadErr = store.ErrUnavailable },
			`level=ERROR msg="scoring failed" ` + who + ` error="loading: ` + store.ErrUnavailable.Error() + "\"\n",
		},
		"nothing of a community that there is not": {
			func(s *scriptedStore, _ context.CancelFunc) { s.loadErr = store.ErrCommunityNotFound }, "",
		},
		"nothing of a caller who went away": {
			func(s *scriptedStore, cancel context.CancelFunc) { cancel(); s.loadErr = context.Canceled }, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{
				Level: slog.LevelDebug,
				ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
					if a.Key == slog.TimeKey {
						return slog.Attr{}
					}
					return a
				},
			}))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s := &scriptedStore{snapshot: emptyWallet()}
			engine := newEngine(t, s, WithLogger(logger))
			if c.spoil != nil {
				c.spoil(s, cancel)
			}
			_, _ = engine.Score(ctx, 1, string(alice)) // how it ends is told by other tests
			assert.Equal(t, c.log, log.String())
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
			require.EqualError(t, err, "scoring "+string(alice)+" in community 1: context deadline exceeded")
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

	t.Run("but a fault in that moment is a fault", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
			defer cancel()
			broken := errors.New("broken")
			s := &scriptedStore{snapshot: emptyWallet(), takes: time.Second, applies: []error{broken}}
			_, err := newEngine(t, s).Score(ctx, 1, string(alice))
			require.ErrorIs(t, err, broken)
			require.NotErrorIs(t, err, context.DeadlineExceeded)
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
