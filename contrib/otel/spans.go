package passportotel

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// The attributes that semantic conventions have no name for.
const (
	communityKey = attribute.Key("passport.community.id")
	walletsKey   = attribute.Key("passport.wallets") // of the step
	addressKey   = attribute.Key("passport.address")
	attemptKey   = attribute.Key("passport.attempt") // that a stage belongs to
	outcomeKey   = attribute.Key("passport.outcome")

	attemptsKey   = attribute.Key("passport.attempts") // of a call
	verifiedKey   = attribute.Key("passport.credentials.verified")
	rememberedKey = attribute.Key("passport.credentials.remembered")

	storeOperationKey = attribute.Key("passport.store.operation")
)

// recorder makes the spans and the metrics.
type recorder struct {
	tracer    trace.Tracer
	addresses bool
	instruments
}

// begin is a [passport.Tracer].
func (r *recorder) begin(ctx context.Context, step passport.Step) (within context.Context, end func(error)) {
	began := time.Now()
	ctx, span := r.tracer.Start(ctx, "passport."+string(step.Name), r.startOf(ctx, &step)...)
	return ctx, func(err error) {
		r.measure(ctx, &step, time.Since(began), err)
		fail(span, err)
		span.End()
	}
}

func (r *recorder) startOf(ctx context.Context, step *passport.Step) []trace.SpanStartOption {
	attributes := []attribute.KeyValue{communityKey.Int64(step.Community)}
	if step.Wallets > 0 {
		attributes = append(attributes, walletsKey.Int(step.Wallets))
	}
	if step.Attempt > 0 {
		attributes = append(attributes, attemptKey.Int(step.Attempt))
	}
	if r.addresses && step.Address != "" {
		attributes = append(attributes, addressKey.String(string(step.Address)))
	}
	options := []trace.SpanStartOption{trace.WithAttributes(attributes...)}
	if step.Name == passport.StepBatch {
		options = append(options, trace.WithNewRoot(), trace.WithLinks(trace.LinkFromContext(ctx)))
	}
	return options
}

// fail records the error of a step without its text, which has the address.
func fail(span trace.Span, err error) {
	if err == nil {
		return
	}
	kind := store.KindOf(err)
	span.SetAttributes(semconv.ErrorTypeKey.String(string(kind)))
	if detail, is := errors.AsType[*store.Error](err); is {
		span.SetAttributes(storeOperationKey.String(detail.Op))
		if detail.SQLState != "" {
			span.SetAttributes(semconv.DBResponseStatusCode(detail.SQLState))
		}
	}
	if kind != store.KindNotFound {
		span.SetStatus(codes.Error, string(kind))
	}
}

// describe adds the outcome to the span of a call.
func describe(span trace.Span, o *passport.Observation) {
	span.SetAttributes(outcomeKey.String(outcomeOf(o)), attemptsKey.Int(o.Attempts))
	if o.Latest {
		return
	}
	span.SetAttributes(verifiedKey.Int(o.Verified), rememberedKey.Int(o.Remembered))
	if o.Result == nil {
		return
	}
	counts := map[passport.Outcome]int{}
	for i := range o.Result.Stamps {
		counts[o.Result.Stamps[i].Outcome]++
	}
	for _, outcome := range []passport.Outcome{passport.Counted, passport.Deduplicated, passport.LeftOut} {
		span.SetAttributes(attribute.Int("passport.stamps."+word(outcome), counts[outcome]))
	}
}
