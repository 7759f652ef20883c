package passport_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

type pathKey struct{}

// pathOf returns the steps that the context is in.
func pathOf(ctx context.Context) string {
	path, _ := ctx.Value(pathKey{}).(string)
	return path
}

// journal is a tracer that writes down what it sees.
type journal struct {
	mu    sync.Mutex
	ended []string // the steps in the order of their ends, as "path(wallets)#attempt error"
	begun []passport.Step
}

func (j *journal) trace(ctx context.Context, step passport.Step) (context.Context, func(error)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.begun = append(j.begun, step)
	path := strings.TrimPrefix(pathOf(ctx)+"/"+string(step.Name), "/")
	return context.WithValue(ctx, pathKey{}, path), func(err error) {
		j.mu.Lock()
		defer j.mu.Unlock()
		line := fmt.Sprintf("%s(%d)", path, step.Wallets)
		if step.Attempt > 0 {
			line += fmt.Sprintf("#%d", step.Attempt)
		}
		if err != nil {
			line += " " + string(store.KindOf(err))
		}
		j.ended = append(j.ended, line)
	}
}

// take returns the steps that have ended since, and that no other is open.
func (j *journal) take(t *testing.T) []string {
	t.Helper()
	assert.Len(t, j.ended, len(j.begun), "each step that began has ended")
	ended := j.ended
	j.ended, j.begun = nil, nil
	return ended
}

// located notes in which step it is called.
type located struct {
	*memstore.Store

	mu    sync.Mutex
	calls []string
	lose  int // races
}

func (l *located) called(ctx context.Context, method string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, method+" in "+pathOf(ctx))
}

func (l *located) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	l.called(ctx, "Load")
	return l.Store.Load(ctx, q)
}

func (l *located) Apply(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
	l.called(ctx, "Apply")
	if l.lose--; l.lose >= 0 {
		return nil, store.ErrConflict
	}
	return l.Store.Apply(ctx, c)
}

func (l *located) LastScore(ctx context.Context, community int64, address store.Address) (*store.RecordedScore, error) {
	l.called(ctx, "LastScore")
	return l.Store.LastScore(ctx, community, address)
}

func (l *located) ListAddresses(ctx context.Context, q store.AddressQuery) ([]store.Address, error) {
	l.called(ctx, "ListAddresses")
	return l.Store.ListAddresses(ctx, q)
}

func TestTracer(t *testing.T) {
	j := &journal{}
	var observedIn []string
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1"}, passporttest.Options{
		passport.WithTracer(j.trace),
		passport.WithObserver(func(ctx context.Context, o passport.Observation) {
			observedIn = append(observedIn, pathOf(ctx)+" "+string(o.Call()))
		}),
	})
	world.Stamp(alice, "Google", "alice")
	l := &located{Store: world.Store, lose: 1}
	engine := world.Engine.On(l)

	_, err := engine.Score(t.Context(), world.Community, alice)
	require.NoError(t, err)
	assert.Equal(t, passport.Step{Name: passport.StepScore, Community: world.Community, Address: passport.Address(alice), Wallets: 1}, j.begun[0])
	assert.Equal(t, passport.Step{Name: passport.StepLoad, Community: world.Community, Address: passport.Address(alice), Wallets: 1, Attempt: 1}, j.begun[1])
	assert.Equal(t, []string{
		"score/load(1)#1", "score/verify(1)#1", "score/apply(1)#1 conflict",
		"score/load(1)#2", "score/verify(1)#2", "score/apply(1)#2", "score(1)",
	}, j.take(t))
	_, err = engine.Preview(t.Context(), world.Community, alice)
	require.NoError(t, err)
	assert.Equal(t, []string{"preview/load(1)#1", "preview/verify(1)#1", "preview(1)"}, j.take(t))
	_, err = engine.Latest(t.Context(), world.Community, bob)
	require.ErrorIs(t, err, passport.ErrNeverScored)
	for _, step := range j.begun {
		assert.Equal(t, passport.Address(bob), step.Address)
		assert.Equal(t, world.Community, step.Community)
	}
	assert.Equal(t, []string{"latest/load(1)#1 not_found", "latest(1) not_found"}, j.take(t))
	_, err = engine.Score(t.Context(), 99, alice)
	require.ErrorIs(t, err, passport.ErrCommunityNotFound)
	assert.Equal(t, []string{"score/load(1)#1 not_found", "score(1) not_found"}, j.take(t))
	_, err = engine.Score(t.Context(), 1, "nonsense")
	require.ErrorIs(t, err, passport.ErrInvalidAddress)
	assert.Empty(t, j.take(t))

	assert.Equal(t, []string{
		"Load in score/load", "Apply in score/apply", "Load in score/load", "Apply in score/apply",
		"Load in preview/load", "LastScore in latest/load", "Load in score/load",
	}, l.calls)
	assert.Equal(t, []string{"score score", "preview preview", "latest latest", "score score"}, observedIn)
}

func TestTracer_VerifierError(t *testing.T) {
	j := &journal{}
	world := passporttest.NewWorld(t, passporttest.Options{
		passport.WithTracer(j.trace),
		passport.WithVerifier(verifierFunc(func(context.Context, *credential.Signed, time.Time) error {
			return errors.New("the list of leaked keys is away")
		})),
	})
	world.Stamp(alice, "Google", "alice")
	_, err := world.Engine.Score(t.Context(), world.Community, alice)
	require.Error(t, err)
	assert.Equal(t, []string{"score/load(1)#1", "score/verify(1)#1 internal", "score(1) internal"}, j.take(t))
}

func TestTracer_Groups(t *testing.T) {
	j := &journal{}
	world, source := newFamily(t, passport.ScoreAlone, passporttest.Options{passport.WithTracer(j.trace)})
	source.are(together(alice, bob))
	world.MustScore(alice)
	assert.Equal(t, []string{"score/groups(1)#1", "score/load(2)#1", "score/verify(2)#1", "score/apply(2)#1", "score(1)"}, j.take(t))

	source.err = errors.New("it is away")
	world.MustScore(alice)
	assert.Equal(t, "score/groups(1)#1 unavailable", j.take(t)[0], "also if the scoring goes on")
}

func TestTracer_Rescore(t *testing.T) {
	j := &journal{}
	observedIn := map[string]int{}
	world, h, _, addresses := newCrowd(t, 3, passport.WithTracer(j.trace), passport.WithObserver(func(ctx context.Context, o passport.Observation) {
		observedIn[pathOf(ctx)+" "+string(o.Call())]++
	}))
	l := &located{Store: h.Store, lose: 1}
	engine := world.Engine.On(l)
	_, err := all(engine.Rescore(t.Context(), store.AddressQuery{Community: world.Community}, passport.WithBatchSize(2), passport.WithWorkers(1)))
	require.NoError(t, err)
	assert.Contains(t, j.begun, passport.Step{Name: passport.StepScoreAll, Community: world.Community})
	assert.Contains(t, j.begun, passport.Step{Name: passport.StepBatch, Community: world.Community, Address: passport.Address(slices.Max(addresses)), Wallets: 1})
	ended := j.take(t)
	assert.Equal(t, "score_all(0)", ended[len(ended)-1])
	in := "score_all/batch"
	assert.ElementsMatch(t, []string{
		in + "/load(2)#1", in + "/verify(2)#1", in + "/apply(2)#1 conflict", // which is halved
		in + "/load(1)#2", in + "/verify(1)#2", in + "/apply(1)#2",
		in + "/load(1)#2", in + "/verify(1)#2", in + "/apply(1)#2", in + "(2)",
		in + "/load(1)#1", in + "/verify(1)#1", in + "/apply(1)#1", in + "(1)", "score_all(0)",
	}, ended)
	assert.Equal(t, map[string]int{"score_all score_all": 3}, observedIn)
	assert.Contains(t, l.calls, "ListAddresses in score_all")
	assert.Contains(t, l.calls, "Load in "+in+"/load")
	assert.Contains(t, l.calls, "Apply in "+in+"/apply")
}

func TestTracer_ScoreAllEnds(t *testing.T) {
	j := &journal{}
	world, h, engine, addresses := newCrowd(t, 40, passport.WithTracer(j.trace))
	run := func(ctx context.Context) []string {
		for _, err := range engine.ScoreAll(ctx, world.Community, slices.Values(addresses), passport.WithBatchSize(2)) {
			if err == nil {
				break
			}
		}
		return j.take(t)
	}
	ended := run(t.Context())
	assert.Equal(t, "score_all(0)", ended[len(ended)-1], "the loop was left, which is no error")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ended = run(ctx)
	assert.Equal(t, "score_all(0) canceled", ended[len(ended)-1])
	h.load = func(store.Query) error { return store.ErrReadOnly }
	ended = run(t.Context())
	assert.Contains(t, ended, "score_all/batch(2) read_only")
	assert.Equal(t, "score_all(0) read_only", ended[len(ended)-1])

	_, err := all(engine.ScoreAll(t.Context(), world.Community, slices.Values(addresses), passport.WithWorkers(0)))
	require.ErrorIs(t, err, passport.ErrMisconfigured)
	assert.Equal(t, []string{"score_all(0) misconfigured"}, j.take(t))
}

func TestTracer_Plan(t *testing.T) {
	j := &journal{}
	world, h, engine, addresses := newCrowd(t, 3, passport.WithTracer(j.trace))
	failures := []error{store.ErrUnavailable}
	h.load = func(store.Query) (err error) {
		if len(failures) > 0 {
			err, failures = failures[0], failures[1:]
		}
		return err
	}
	planner, err := engine.Planner()
	require.NoError(t, err)
	for _, err := range planner.PlanAll(t.Context(), world.Community, slices.Values(addresses)) {
		require.NoError(t, err)
	}
	assert.Equal(t, []string{"plan/load(3)#1 unavailable", "plan/load(3)#2", "plan/verify(3)#2", "plan(3)"}, j.take(t))
	failures = []error{store.ErrReadOnly}
	_, err = planner.Plan(t.Context(), world.Community, alice)
	require.ErrorIs(t, err, store.ErrReadOnly)
	assert.Equal(t, []string{"plan/load(1)#1 read_only", "plan(1) read_only"}, j.take(t))
}

// A later tracer is inside the earlier one.
func TestWithTracer_Two(t *testing.T) {
	var events []string
	tracer := func(name string) passport.Tracer {
		return func(ctx context.Context, step passport.Step) (context.Context, func(error)) {
			events = append(events, name+" in "+pathOf(ctx))
			return context.WithValue(ctx, pathKey{}, name), func(error) { events = append(events, name+" ends") }
		}
	}
	world := passporttest.NewWorld(t, passporttest.Options{passport.WithTracer(tracer("first")), passport.WithTracer(tracer("second"))})
	_, err := world.Engine.Latest(t.Context(), world.Community, alice)
	require.ErrorIs(t, err, passport.ErrNeverScored)
	assert.Equal(t, []string{
		"first in ", "second in first", "first in second", "second in first", "second ends", "first ends", "second ends", "first ends",
	}, events)
}
