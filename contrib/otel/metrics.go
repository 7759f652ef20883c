package passportotel

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/store"
)

// The attributes of metrics.
const (
	operationKey    = attribute.Key("passport.operation")
	stageKey        = attribute.Key("passport.stage")
	proofKey        = attribute.Key("passport.proof")
	stampOutcomeKey = attribute.Key("passport.stamp.outcome")
	reasonKey       = attribute.Key("passport.stamp.reason")
)

// seconds are the bounds of durations: a stage takes about a millisecond, and a
// call that keeps losing races takes seconds.
var seconds = metric.WithExplicitBucketBoundaries(
	.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30)

// instruments are those that calls and stages write to.
type instruments struct {
	operations, stages                metric.Float64Histogram
	attempts                          metric.Int64Histogram
	scores, lost, credentials, stamps metric.Int64Counter
}

// instrument makes the instruments.
func (i *instruments) instrument(meter metric.Meter) error {
	var problems [7]error
	i.operations, problems[0] = meter.Float64Histogram("passport.operation.duration", seconds, metric.WithUnit("s"),
		metric.WithDescription("Duration of calls of the engine, batches and plans."))
	i.stages, problems[1] = meter.Float64Histogram("passport.stage.duration", seconds, metric.WithUnit("s"),
		metric.WithDescription("Duration of the stages of each attempt: groups, load, verify, apply."))
	i.attempts, problems[2] = meter.Int64Histogram("passport.attempts", metric.WithUnit("{attempt}"),
		metric.WithExplicitBucketBoundaries(1, 2, 3, 4, 5, 6, 10, 20), metric.WithDescription("Attempts that a scoring took."))
	i.scores, problems[3] = meter.Int64Counter("passport.scores", metric.WithUnit("{score}"),
		metric.WithDescription("Scores that were computed, previewed or read, and failures to do so."))
	i.lost, problems[4] = meter.Int64Counter("passport.lost_races", metric.WithUnit("{race}"),
		metric.WithDescription("Writes that were refused because another scoring was faster."))
	i.credentials, problems[5] = meter.Int64Counter("passport.credentials", metric.WithUnit("{credential}"),
		metric.WithDescription("Credentials whose proof was verified, or remembered from an earlier scoring."))
	i.stamps, problems[6] = meter.Int64Counter("passport.stamps", metric.WithUnit("{stamp}"),
		metric.WithDescription("Stamps of scorings by their outcome, and the reason for which they were left out."))
	return errors.Join(problems[:]...)
}

// measure records a step that has ended.
func (i *instruments) measure(ctx context.Context, step *passport.Step, took time.Duration, err error) {
	histogram, name := i.operations, operationKey.String(string(step.Name))
	if step.Attempt > 0 {
		histogram, name = i.stages, stageKey.String(string(step.Name))
	}
	histogram.Record(ctx, took.Seconds(), metric.WithAttributes(withError([]attribute.KeyValue{name}, err)...))
	if step.Name == passport.StepApply && store.KindOf(err) == store.KindConflict {
		i.lost.Add(ctx, 1)
	}
}

func withError(attributes []attribute.KeyValue, err error) []attribute.KeyValue {
	if err == nil {
		return attributes
	}
	return append(attributes, semconv.ErrorTypeKey.String(string(store.KindOf(err))))
}

// observe is called at the end of a call, and for each wallet of a run.
func (r *recorder) observe(ctx context.Context, o passport.Observation) {
	if !o.Bulk { // the span in ctx is that of the call
		describe(trace.SpanFromContext(ctx), &o)
	}
	operation := operationKey.String(string(o.Call()))
	attributes := []attribute.KeyValue{operation, outcomeKey.String(outcomeOf(&o))}
	if o.Err == nil { // so the community exists
		attributes = append(attributes, communityKey.Int64(o.Community))
	}
	r.scores.Add(ctx, 1, metric.WithAttributes(withError(attributes, o.Err)...))
	if o.Latest {
		return
	}
	r.attempts.Record(ctx, int64(o.Attempts), metric.WithAttributes(operation))
	r.credentials.Add(ctx, int64(o.Verified), metric.WithAttributes(proofKey.String("verified")))
	r.credentials.Add(ctx, int64(o.Remembered), metric.WithAttributes(proofKey.String("remembered")))
	if o.Result == nil || o.Preview {
		return
	}
	for k := range o.Result.Stamps {
		r.count(ctx, &o.Result.Stamps[k])
	}
}

func (i *instruments) count(ctx context.Context, stamp *passport.Stamp) {
	attributes := []attribute.KeyValue{stampOutcomeKey.String(word(stamp.Outcome))}
	if stamp.Reason != "" {
		attributes = append(attributes, reasonKey.String(bounded(stamp.Reason)))
	}
	i.stamps.Add(ctx, 1, metric.WithAttributes(attributes...))
}

// outcomeOf returns whether the score passes, or that there is none.
func outcomeOf(o *passport.Observation) string {
	switch {
	case o.Err != nil:
		return "error"
	case o.Result != nil && o.Result.Passing, o.LastScore != nil && o.LastScore.Passing:
		return "passing"
	}
	return "failing"
}

// word returns the outcome without a space.
func word(outcome passport.Outcome) string { return strings.ReplaceAll(string(outcome), " ", "_") }

// reasons are those of the SDK. A host's verifier may have others.
var reasons = []passport.Reason{
	passport.ReasonWrongSubject, passport.ReasonProviderMismatch, passport.ReasonNoNullifiers, passport.ReasonNullifierTooLong,
	passport.ReasonTooManyCredentials, passport.ReasonNoExpiration, passport.ReasonExpired, passport.ReasonUntrustedIssuer,
	passport.ReasonRefused,
	credential.ReasonTooLarge, credential.ReasonTooManyNullifiers, credential.ReasonMalformed, credential.ReasonUnsupportedProof,
	credential.ReasonWrongPurpose, credential.ReasonWrongVerificationMethod, credential.ReasonFromTheFuture, credential.ReasonBadSignature,
}

// bounded returns the reason if it is one of the SDK's.
func bounded(reason passport.Reason) string {
	if slices.Contains(reasons, reason) {
		return string(reason)
	}
	return "other"
}
