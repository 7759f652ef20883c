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

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

func TestScore_Retry(t *testing.T) {
	lost := &store.Error{Op: "claim", Kind: store.ErrConflict}
	for name, c := range map[string]struct {
		applies []error
		loads   int
		wantErr error
	}{
		"lost once":       {[]error{lost}, 2, nil},
		"lost five times": {[]error{lost, lost, lost, lost, lost}, 6, nil},
		"lost always":     {[]error{lost, lost, lost, lost, lost, lost, lost}, 6, store.ErrConflict},
		"final":           {[]error{&store.Error{Kind: store.ErrConflict, Final: true}}, 1, store.ErrConflict},
		"unavailable":     {[]error{store.ErrUnavailable}, 1, store.ErrUnavailable},
		"unknown outcome": {[]error{store.ErrUnknownOutcome}, 1, store.ErrUnknownOutcome},
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

func TestScore_RetryError(t *testing.T) {
	s := &scriptedStore{snapshot: emptyWallet(), applies: []error{store.ErrConflict, store.ErrUnavailable}}
	_, err := newEngine(t, s).Score(t.Context(), 1, string(alice))
	require.EqualError(t, err, "scoring "+string(alice)+" in community 1: attempt 2: applying: "+store.ErrUnavailable.Error())
}

func TestScore_ScoringError(t *testing.T) {
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
		"customization not a number": {func(c *store.Community) { c.Customization = map[string]string{"AllowList#x": "NaN"} }, ErrInvalidWeights, "AllowList#x"},
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
			assert.Equal(t, scoringError, err, "an error without more text is recorded")
			assert.Equal(t, []error{scoringError.Err}, scoringError.Unwrap())
			assert.Equal(t, "scoring "+string(alice)+" in community 1: "+scoringError.Err.Error(), err.Error())

			require.Len(t, s.applied, 1, "recorded, although the first attempt lost a race")
			require.NoError(t, s.applied[0].Validate())
			assert.Equal(t, store.StatusError, s.applied[0].Wallets[0].Score.Status)
			assert.Equal(t, scoringError.Err.Error(), s.applied[0].Wallets[0].Score.Error)
		})
	}

	t.Run("unrecorded", func(t *testing.T) {
		s := &scriptedStore{snapshot: emptyWallet(), applies: []error{store.ErrUnavailable}}
		s.snapshot.Community.Rule = "FIFO"
		var log bytes.Buffer
		_, err := newEngine(t, s, WithLogger(slog.New(slog.NewTextHandler(&log, nil)))).Score(t.Context(), 1, string(alice))
		require.ErrorIs(t, err, ErrUnsupportedRule)
		require.ErrorIs(t, err, store.ErrUnavailable)
		require.ErrorContains(t, err, "it could not be recorded")
		assert.Contains(t, log.String(), `level=ERROR msg="scoring failed" operation=score community=1 address=`+string(alice))
		assert.Contains(t, log.String(), "it could not be recorded: applying: store unavailable")
		assert.Equal(t, 1, strings.Count(log.String(), "\n"), "one line for one failure")
		var scoringError *ScoringError
		require.ErrorAs(t, err, &scoringError)
		require.EqualError(t, scoringError.Unrecorded, "applying: store unavailable")
		assert.Equal(t, scoringError, err, "it is not wrapped")
	})

	t.Run("context ended", func(t *testing.T) {
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

	t.Run("always lost", func(t *testing.T) {
		lost := store.ErrConflict
		s := &scriptedStore{snapshot: emptyWallet(), applies: []error{lost, lost, lost, lost, lost, lost}}
		s.snapshot.Community.Rule = "FIFO"
		_, err := newEngine(t, s).Score(t.Context(), 1, string(alice))
		require.ErrorIs(t, err, store.ErrConflict)
		require.NotErrorIs(t, err, ErrUnsupportedRule)
	})
}

func TestScore_InvalidStore(t *testing.T) {
	for name, spoil := range map[string]func(*scriptedStore){
		"returned no snapshot":                                func(s *scriptedStore) { s.snapshot = nil },
		"not of the queried address and community: no wallet": func(s *scriptedStore) { s.snapshot.Wallets = nil },
		"not of the queried address and community: another address": func(s *scriptedStore) {
			s.snapshot.Wallets[0].Address = bob
		},
		"not of the queried address and community: one wallet too many": func(s *scriptedStore) {
			s.snapshot.Wallets = append(s.snapshot.Wallets, store.Wallet{Address: bob})
		},
		"not of the queried address and community: another community": func(s *scriptedStore) { s.snapshot.Community.ID = 2 },
		"not in UTC and whole microseconds":                           func(s *scriptedStore) { s.snapshot.At = noon.In(time.FixedZone("east", 3600)) },
		"not in UTC and whole microseconds: finer":                    func(s *scriptedStore) { s.snapshot.At = noon.Add(1) },
		"has no time":                              func(s *scriptedStore) { s.snapshot.At = time.Time{} },
		"lacks the queried points: none":           func(s *scriptedStore) { s.snapshot.Points = nil },
		"lacks the queried points: of no wallet":   func(s *scriptedStore) { s.snapshot.Points.Wallets = nil },
		"lacks the queried points: of too many":    func(s *scriptedStore) { s.snapshot.Points.Wallets = make([]store.PointsHistory, 2) },
		"no receipt for the address":               func(s *scriptedStore) { s.receipt = func() *store.Receipt { return nil } },
		"no receipt for the address: of no wallet": func(s *scriptedStore) { s.receipt = func() *store.Receipt { return &store.Receipt{} } },
		"no receipt for the address: of too many": func(s *scriptedStore) {
			s.receipt = func() *store.Receipt { return &store.Receipt{Wallets: make([]store.WalletReceipt, 2)} }
		},
		"no receipt for the address: of too many awards": func(s *scriptedStore) {
			s.receipt = func() *store.Receipt { return &store.Receipt{Wallets: []store.WalletReceipt{{Given: []bool{true}}}} }
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scriptedStore{snapshot: emptyWallet()}
			s.snapshot.Points = &store.PointsSnapshot{Wallets: make([]store.PointsHistory, 1)}
			engine := newEngine(t, s, WithHumanPoints(HumanPoints{}))
			_, err := engine.Score(t.Context(), 1, string(alice))
			require.NoError(t, err, "unspoilt it is valid")

			spoil(s)
			result, err := engine.Score(t.Context(), 1, string(alice))
			require.ErrorIs(t, err, store.ErrInternal)
			problem, _, _ := strings.Cut(name, ":")
			require.ErrorContains(t, err, problem)
			assert.Nil(t, result)
		})
	}
}

func TestScore_PointsGiven(t *testing.T) {
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

	s.receipt = func() *store.Receipt {
		return &store.Receipt{Wallets: []store.WalletReceipt{{Given: []bool{true, false}}}}
	}
	result, err := engine.Score(t.Context(), 1, string(alice))
	require.NoError(t, err)
	assert.Equal(t, []store.Award{{Action: "SCB", Communities: 4}, {Action: "TCO"}}, s.applied[0].Wallets[0].Awards)
	assert.Equal(t, []Award{{Action: "SCB", Points: 7}}, result.Points, "the store has the last word")
}

func TestObservation_Times(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &scriptedStore{snapshot: emptyWallet(), takes: time.Second, applies: []error{store.ErrConflict}}
		s.snapshot.Wallets[0].Credentials = []store.Credential{{Provider: "Google", Document: []byte("{}")}}
		var first, second Observation
		engine := newEngine(t, s,
			WithObserver(func(_ context.Context, o Observation) { first = o }), WithObserver(func(_ context.Context, o Observation) { second = o }))
		result, err := engine.Score(t.Context(), 1, string(alice))
		require.NoError(t, err)
		assert.Equal(t, Observation{
			Community: 1, Address: alice, Attempts: 2, Load: 2 * time.Second, Apply: 2 * time.Second, Result: result,
		}, first)
		assert.Equal(t, first, second, "every observer is called")
	})
}

func TestScore_Log(t *testing.T) {
	const who = "operation=score community=1 address=" + string(alice) + " attempts=1"
	for name, c := range map[string]struct {
		spoil func(*scriptedStore, context.CancelFunc)
		log   string
	}{
		"success": {},
		"lost race": {
			func(s *scriptedStore, _ context.CancelFunc) { s.applies = []error{store.ErrConflict} },
			`level=DEBUG msg="scoring lost a race" ` + who + ` duration_ms=3 kind=conflict error="applying: conflict"` + "\n",
		},
		"scoring error": {
			func(s *scriptedStore, _ context.CancelFunc) { s.snapshot.Community.Rule = "FIFO" },
			`level=WARN msg="community cannot be scored" ` + who + ` duration_ms=3 kind=unscorable error="unsupported rule \"FIFO\", only LIFO is known"` + "\n",
		},
		"store unavailable": {
			func(s *scriptedStore, _ context.CancelFunc) {
				s.loadErr = &store.Error{Op: "connect", Kind: store.ErrUnavailable, SQLState: "57P03"}
			},
			`level=ERROR msg="scoring failed" ` + who + ` duration_ms=1.5 kind=unavailable store_operation=connect sqlstate=57P03` +
				` error="loading: connect: store unavailable (SQLSTATE 57P03)"` + "\n",
		},
		"no such community": {
			func(s *scriptedStore, _ context.CancelFunc) { s.loadErr = store.ErrCommunityNotFound }, "",
		},
		"caller gone": {
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
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				s := &scriptedStore{snapshot: emptyWallet(), takes: 1500 * time.Microsecond}
				engine := newEngine(t, s, WithLogger(logger))
				if c.spoil != nil {
					c.spoil(s, cancel)
				}
				_, _ = engine.Score(ctx, 1, string(alice)) // other tests check the result
				assert.Equal(t, c.log, log.String())
			})
		})
	}
}

func TestScore_Cancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := &scriptedStore{snapshot: emptyWallet()}
	_, err := newEngine(t, s).Score(ctx, 1, string(alice))
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, s.applied)

	t.Run("between attempts", func(t *testing.T) {
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

	t.Run("with a cause", func(t *testing.T) {
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

	t.Run("another error at the same time", func(t *testing.T) {
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

// A scoring without a tracer pays nothing for it.
func TestBegin_Allocations(t *testing.T) {
	b := batch{engine: newEngine(t, &scriptedStore{}), asked: []Address{alice}}
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		_, end := b.begin(t.Context(), StepLoad, 1)
		end(nil)
	}))
}
