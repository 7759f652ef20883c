package shadow_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/shadow"
)

// planFunc is a planner.
type planFunc func(ctx context.Context, community int64, address string) (*passport.Plan, error)

func (f planFunc) Plan(ctx context.Context, community int64, address string) (*passport.Plan, error) {
	return f(ctx, community, address)
}

// once returns a source whose first decision alone is edited.
func once(decisions func() shadow.Decision, edit func(*shadow.Decision)) shadow.Source {
	first := true
	return func(context.Context, string) (shadow.Decision, error) {
		d := decisions()
		if first {
			edit(&d)
		}
		first = false
		return d, nil
	}
}

// compareOnce returns the outcome of a run over one wallet.
func compareOnce(t *testing.T, s *shadow.Shadow, source shadow.Source, wallet string) shadow.Comparison {
	t.Helper()
	for c, err := range s.Run(t.Context(), 1, source, func(yield func(string) bool) { yield(wallet) }) {
		require.NoError(t, err)
		return c
	}
	t.Fatal("the run was empty")
	return shadow.Comparison{}
}

func newShadow(t testing.TB, planner shadow.Planner, options ...shadow.Option) *shadow.Shadow {
	t.Helper()
	s, err := shadow.New(planner, options...)
	require.NoError(t, err)
	return s
}

func TestSecondLook(t *testing.T) {
	site := newSite(t)
	wallet := site.people(2)[1]
	plan := func() shadow.Decision {
		p, err := site.planner().Plan(t.Context(), 1, wallet)
		require.NoError(t, err)
		return shadow.DecisionOf(p.Result)
	}
	wrong := func(d *shadow.Decision) { d.Score = passporttest.MustDecimal("9") }
	always := func(context.Context, string) (shadow.Decision, error) {
		d := plan()
		wrong(&d)
		return d, nil
	}
	counted := func(then func() (shadow.Decision, error)) shadow.Source {
		asked := 0
		return func(ctx context.Context, address string) (shadow.Decision, error) {
			if asked++; asked == 1 {
				return always(ctx, address)
			}
			return then()
		}
	}
	stirring := planFunc(func(ctx context.Context, community int64, address string) (*passport.Plan, error) {
		site.Stamp(wallet, "Discord", "account")
		return site.planner().Plan(ctx, community, address)
	})
	for name, c := range map[string]struct {
		planner shadow.Planner
		source  shadow.Source
		options []shadow.Option
		want    shadow.Class
	}{
		"agrees":         {site.planner(), func(context.Context, string) (shadow.Decision, error) { return plan(), nil }, nil, ""},
		"always wrong":   {site.planner(), always, nil, shadow.Real},
		"wrong once":     {site.planner(), once(plan, wrong), nil, shadow.Unrepeated},
		"another's once": {site.planner(), once(plan, taken), nil, shadow.ClaimOrder},
		"input changes":  {stirring, always, nil, shadow.Changed},
		"not asked again": {
			site.planner(), always, []shadow.Option{shadow.WithoutSecondLook()}, shadow.Unconfirmed,
		},
		"away": {site.planner(), counted(func() (shadow.Decision, error) { return shadow.Decision{}, errors.New("away") }), nil, shadow.Unconfirmed},
		"too many": {
			site.planner(), counted(func() (shadow.Decision, error) { return shadow.Decision{Status: http.StatusTooManyRequests}, nil }), nil,
			shadow.Unconfirmed,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShadow(t, c.planner, c.options...)
			outcome := compareOnce(t, s, c.source, wallet)
			require.NoError(t, outcome.Err)
			assert.Equal(t, c.want, outcome.Class, outcome.Differences)
			if c.want != "" {
				assert.Equal(t, uint64(1), s.Verdict().Count(c.want))
			}
		})
	}
}

// taken is an edit by which another wallet has the stamp of Google.
func taken(d *shadow.Decision) {
	google := d.Stamps["Google"]
	before := google.Score
	google.Deduplicated, google.Score = true, passporttest.MustDecimal("0")
	d.Stamps["Google"] = google
	if d.Score.Cmp(before) == 0 {
		d.Score = google.Score
	} else { // it has Github, and perhaps Discord
		d.Score = passporttest.MustDecimal(map[string]string{"3.50000": "2", "3.75000": "2.25"}[d.Score.String()])
	}
	d.Passing = d.Score.Cmp(d.Threshold) >= 0
}

func TestDecisions(t *testing.T) {
	site := newSite(t)
	for name, c := range map[string]struct {
		wallet string
		err    error
		status int
		want   shadow.Class
		failed bool
	}{
		"invalid address":           {wallet: "0x", status: http.StatusBadRequest},
		"unscorable":                {err: &passport.ScoringError{Err: passport.ErrInvalidWeights}, status: http.StatusInternalServerError},
		"no community":              {err: passport.ErrCommunityNotFound, status: http.StatusOK, want: shadow.Real},
		"an answer about the key":   {status: http.StatusUnauthorized, failed: true},
		"an answer about the owner": {status: http.StatusNotFound, failed: true},
		"a database that is away":   {err: errors.New("away"), status: http.StatusOK, failed: true},
	} {
		t.Run(name, func(t *testing.T) {
			planner := planFunc(func(ctx context.Context, community int64, address string) (*passport.Plan, error) {
				if c.err != nil {
					return nil, c.err
				}
				return site.planner().Plan(ctx, community, address)
			})
			s := newShadow(t, planner, shadow.WithScoringErrorStatus())
			outcome := compareOnce(t, s, func(context.Context, string) (shadow.Decision, error) {
				return shadow.Decision{Status: c.status, Malformed: c.status == http.StatusOK}, nil
			}, c.wallet)
			assert.Equal(t, c.want, outcome.Class)
			assert.Equal(t, c.failed, outcome.Err != nil)
		})
	}
}

// A primary that answers from its record is no false alarm, unless it has
// recorded something else.
func TestRecorded(t *testing.T) {
	site := newSite(t)
	wallet := site.people(2)[1]
	recorded := shadow.DecisionOf(site.MustScore(wallet))
	site.Clock.Advance(time.Minute)
	site.Stamp(wallet, "Discord", "account")
	s := newShadow(t, site.planner())
	answer := func(context.Context, string) (shadow.Decision, error) { return recorded, nil }
	assert.Equal(t, shadow.Recorded, compareOnce(t, s, answer, wallet).Class)
	recorded.Passing = !recorded.Passing
	assert.Equal(t, shadow.Real, compareOnce(t, s, answer, wallet).Class)
}

func TestLogger(t *testing.T) {
	wallet := passporttest.Address("a")
	planner := planFunc(func(context.Context, int64, string) (*passport.Plan, error) {
		return nil, errors.New("reading " + wallet)
	})
	for _, hide := range []bool{false, true} {
		var log bytes.Buffer
		options := []shadow.Option{shadow.WithLogger(slog.New(slog.NewTextHandler(&log, nil)))}
		if hide {
			options = append(options, shadow.WithHiddenAddresses())
		}
		compareOnce(t, newShadow(t, planner, options...), func(context.Context, string) (shadow.Decision, error) {
			return decision(), nil
		}, wallet)
		assert.Regexp(t, `level=ERROR msg="a comparison failed" community=1 address=\S+ duration_ms=[0-9.]+ kind=internal`, log.String())
		assert.Equal(t, !hide, strings.Contains(log.String(), " error="))
		assert.Equal(t, !hide, strings.Contains(log.String(), wallet), log.String())
	}
}

func TestRun(t *testing.T) {
	site := newSite(t)
	wallets := site.people(20)
	s := newShadow(t, site.planner(), shadow.WithWorkers(1))
	source := func(ctx context.Context, address string) (shadow.Decision, error) {
		if address == wallets[7] {
			return shadow.Decision{}, errors.New("away")
		}
		return site.source(ctx, address)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var seen []string
	var ended error
	for c, err := range s.Run(ctx, 1, source, func(yield func(string) bool) {
		for i, wallet := range wallets {
			if i == 15 {
				cancel()
			}
			if !yield(wallet) {
				return
			}
		}
	}) {
		if err != nil {
			ended = err
			break
		}
		seen = append(seen, c.Address)
		assert.Equal(t, c.Address == wallets[7], c.Err != nil)
	}
	require.ErrorIs(t, ended, context.Canceled)
	assert.Equal(t, wallets[:15], seen)
	assert.Equal(t, uint64(14), s.Verdict().Agreed)
	for _, err := range s.Run(t.Context(), 1, nil, nil) {
		assert.ErrorIs(t, err, passport.ErrMisconfigured)
	}
}

// Several workers compare at a time, and the order stays.
func TestRun_Workers(t *testing.T) {
	site := newSite(t)
	wallets := site.people(40)
	s := newShadow(t, site.planner(), shadow.WithWorkers(4))
	var asking, most atomic.Int32
	source := func(ctx context.Context, address string) (shadow.Decision, error) {
		most.Store(max(most.Load(), asking.Add(1)))
		defer asking.Add(-1)
		time.Sleep(time.Millisecond)
		return site.source(ctx, address)
	}
	var seen []string
	for c, err := range s.Run(t.Context(), 1, source, slices.Values(wallets)) {
		require.NoError(t, err)
		seen = append(seen, c.Address)
		assert.Equal(t, uint64(len(seen)), s.Verdict().Compared, "those that were yielded")
	}
	assert.Equal(t, wallets, seen)
	assert.Greater(t, most.Load(), int32(1))
	assert.LessOrEqual(t, most.Load(), int32(4))
	for range s.Run(t.Context(), 1, source, slices.Values(wallets)) {
		break // no goroutine is left behind
	}
	assert.Equal(t, uint64(41), s.Verdict().Compared)
}

func TestShareOf(t *testing.T) {
	var addresses []string
	for i := range 2000 {
		addresses = append(addresses, passporttest.Address(strconv.Itoa(i)))
	}
	some := slices.Collect(shadow.ShareOf(slices.Values(addresses), 0.25))
	assert.InDelta(t, 500, len(some), 80)
	assert.Equal(t, some, slices.Collect(shadow.ShareOf(slices.Values(some), 0.25)), "the same ones each time")
	assert.Equal(t, addresses, slices.Collect(shadow.ShareOf(slices.Values(addresses), 1)))
	assert.Empty(t, slices.Collect(shadow.ShareOf(slices.Values(addresses), 0)))
}

func TestNew_Misconfigured(t *testing.T) {
	var none *passport.Planner
	_, err := shadow.New(none, nil, shadow.WithRoute(nil), shadow.WithSampling(2), shadow.WithWorkers(0), shadow.WithQueue(-1),
		shadow.WithTimeout(0), shadow.WithSkew(-1), shadow.WithSamples(-1), shadow.WithLogger(nil), shadow.WithExceptions(shadow.Exception{}))
	require.ErrorIs(t, err, passport.ErrMisconfigured)
	for _, name := range []string{
		"planner", "WithRoute", "WithSampling", "WithWorkers", "WithQueue", "WithTimeout", "WithSkew", "WithSamples", "WithLogger", "WithExceptions",
	} {
		assert.ErrorContains(t, err, name)
	}
}
