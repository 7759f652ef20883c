package passportotel_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/passport-sdk/passport-go"
	passportotel "github.com/passport-sdk/passport-go/contrib/otel"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

var (
	alice = passporttest.Address("alice")
	bob   = passporttest.Address("bob")
)

// telemetry is what the SDK's providers have collected.
type telemetry struct {
	spans  *tracetest.SpanRecorder
	tracer trace.TracerProvider
	reader *sdkmetric.ManualReader
	meter  metric.MeterProvider
}

func newTelemetry(t *testing.T, more ...sdkmetric.Option) *telemetry {
	t.Helper()
	c := &telemetry{spans: tracetest.NewSpanRecorder(), reader: sdkmetric.NewManualReader()}
	tracers := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(c.spans))
	meters := sdkmetric.NewMeterProvider(append(more, sdkmetric.WithReader(c.reader))...)
	t.Cleanup(func() {
		assert.NoError(t, tracers.Shutdown(context.Background()))
		assert.NoError(t, meters.Shutdown(context.Background()))
	})
	c.tracer, c.meter = tracers, meters
	return c
}

// options returns those of a world's engine.
func (c *telemetry) options(t *testing.T, more ...passportotel.Option) passporttest.Options {
	t.Helper()
	options, err := passportotel.Options(append(more, passportotel.WithTracerProvider(c.tracer), passportotel.WithMeterProvider(c.meter))...)
	require.NoError(t, err)
	return options
}

// take returns the spans that have ended since the last call, each as the names
// of its ancestors and its own, in the order of their ends.
func (c *telemetry) take() (paths []string, spans map[string]sdktrace.ReadOnlySpan) {
	ended := c.spans.Ended()
	c.spans.Reset()
	byID := map[trace.SpanID]sdktrace.ReadOnlySpan{}
	for _, span := range ended {
		byID[span.SpanContext().SpanID()] = span
	}
	spans = map[string]sdktrace.ReadOnlySpan{}
	for _, span := range ended {
		path := span.Name()
		for parent, is := byID[span.Parent().SpanID()]; is; parent, is = byID[parent.Parent().SpanID()] {
			path = parent.Name() + " > " + path
		}
		paths, spans[path] = append(paths, path), span
	}
	return paths, spans
}

func attributesOf(span sdktrace.ReadOnlySpan) string {
	set := attribute.NewSet(span.Attributes()...)
	return set.Encoded(attribute.DefaultEncoder())
}

func TestSpans_Score(t *testing.T) {
	c := newTelemetry(t)
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1"}, c.options(t))
	world.Stamp(alice, "Google", "one account")
	world.Stamp(bob, "Google", "one account")
	world.MustScore(bob)
	c.take()

	world.Faults.FailApply(1, store.Errorf("swap_claims", store.ErrConflict, "another was faster"))
	world.MustScore(alice)
	paths, spans := c.take()
	assert.Equal(t, []string{
		"passport.score > passport.load", "passport.score > passport.verify", "passport.score > passport.apply",
		"passport.score > passport.load", "passport.score > passport.verify", "passport.score > passport.apply", "passport.score",
	}, paths)
	score := spans["passport.score"]
	assert.Equal(t, "passport.attempts=2,passport.community.id=1,passport.credentials.remembered=1,passport.credentials.verified=0,"+
		"passport.outcome=failing,passport.stamps.counted=0,passport.stamps.deduplicated=1,passport.stamps.left_out=0,passport.wallets=1", attributesOf(score))
	assert.Equal(t, trace.SpanKindInternal, score.SpanKind())
	assert.Equal(t, codes.Unset, score.Status().Code)
	assert.Equal(t, passportotel.ScopeName, score.InstrumentationScope().Name)
	assert.Equal(t, "passport.attempt=2,passport.community.id=1,passport.wallets=1", attributesOf(spans["passport.score > passport.apply"]))

	_, err := world.Engine.Preview(t.Context(), world.Community, alice)
	require.NoError(t, err)
	last, err := world.Engine.Latest(t.Context(), world.Community, bob)
	require.NoError(t, err)
	require.True(t, last.Passing)
	paths, spans = c.take()
	assert.Equal(t, []string{
		"passport.preview > passport.load", "passport.preview > passport.verify", "passport.preview",
		"passport.latest > passport.load", "passport.latest",
	}, paths)
	assert.Equal(t, "passport.attempts=1,passport.community.id=1,passport.outcome=passing,passport.wallets=1", attributesOf(spans["passport.latest"]))
}

func TestSpans_Error(t *testing.T) {
	c := newTelemetry(t)
	world := passporttest.NewWorld(t, c.options(t))
	cause := &store.Error{Op: "upsert_score", Kind: store.ErrInternal, SQLState: "42501", Cause: fmt.Errorf("no right to write %s", alice)}
	world.Faults.FailApply(1, cause)
	_, err := world.Engine.Score(t.Context(), world.Community, alice)
	require.ErrorIs(t, err, cause)
	_, spans := c.take()
	for path, want := range map[string]string{
		"passport.score > passport.apply": "db.response.status_code=42501,error.type=permission,passport.attempt=1,passport.community.id=1," +
			"passport.store.operation=upsert_score,passport.wallets=1",
		"passport.score": "db.response.status_code=42501,error.type=permission,passport.attempts=1,passport.community.id=1," +
			"passport.credentials.remembered=0,passport.credentials.verified=0,passport.outcome=error,passport.store.operation=upsert_score,passport.wallets=1",
	} {
		assert.Equal(t, want, attributesOf(spans[path]))
		assert.Equal(t, sdktrace.Status{Code: codes.Error, Description: "permission"}, spans[path].Status())
	}
	_, err = world.Engine.Latest(t.Context(), world.Community, alice)
	require.ErrorIs(t, err, passport.ErrNeverScored)
	_, spans = c.take()
	assert.Contains(t, attributesOf(spans["passport.latest"]), "error.type=not_found")
	assert.Equal(t, codes.Unset, spans["passport.latest"].Status().Code, "an answer is no failure")
}

func TestSpans_Address(t *testing.T) {
	for _, asked := range []bool{false, true} {
		c := newTelemetry(t)
		var options []passportotel.Option
		if asked {
			options = append(options, passportotel.WithAddresses())
		}
		world := passporttest.NewWorld(t, c.options(t, options...))
		world.Stamp(alice, "Google", "an account")
		world.MustScore(alice)
		world.Faults.FailLoad(1, fmt.Errorf("%w: %s", store.ErrUnavailable, alice))
		_, err := world.Engine.Score(t.Context(), world.Community, alice)
		require.ErrorContains(t, err, alice)
		for _, err := range world.Engine.ScoreAll(t.Context(), world.Community, slices.Values([]string{alice, bob})) {
			require.NoError(t, err)
		}
		_, spans := c.take()
		for path, span := range spans {
			everything := attributesOf(span) + span.Name() + span.Status().Description + fmt.Sprint(span.Events())
			wanted := asked && strings.HasPrefix(path, "passport.score") && !strings.HasPrefix(path, "passport.score_all")
			assert.Equal(t, wanted, strings.Contains(everything, alice), path)
		}
		assert.NotContains(t, fmt.Sprint(c.collect(t)), alice)
	}
}

// A batch is a trace of its own, with a link to the run.
func TestSpans_ScoreAll(t *testing.T) {
	c := newTelemetry(t)
	world := passporttest.NewWorld(t, c.options(t))
	ctx, host := c.tracer.Tracer("host").Start(t.Context(), "job")
	for _, err := range world.Engine.ScoreAll(ctx, world.Community, slices.Values([]string{alice, bob}), passport.WithBatchSize(1)) {
		require.NoError(t, err)
	}
	host.End()
	paths, spans := c.take()
	slices.Sort(paths)
	assert.Equal(t, []string{
		"job", "job > passport.score_all",
		"passport.batch", "passport.batch", "passport.batch > passport.apply", "passport.batch > passport.apply",
		"passport.batch > passport.load", "passport.batch > passport.load", "passport.batch > passport.verify", "passport.batch > passport.verify",
	}, paths)
	run, batch := spans["job > passport.score_all"], spans["passport.batch"]
	assert.Equal(t, "passport.community.id=1", attributesOf(run), "observations of its wallets are not about the run")
	assert.NotEqual(t, run.SpanContext().TraceID(), batch.SpanContext().TraceID())
	require.Len(t, batch.Links(), 1)
	assert.Equal(t, run.SpanContext(), batch.Links()[0].SpanContext)
	assert.Equal(t, "passport.community.id=1,passport.wallets=1", attributesOf(batch))
}
