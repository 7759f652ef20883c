package passport

import "context"

// Tracer is called when a step of an engine begins, and returns the context for
// what is done in the step, also by the store, and a function that is called
// with the step's error when it ends. See [WithTracer].
type Tracer func(ctx context.Context, step Step) (within context.Context, end func(error))

// Step is a call of an engine, or a stage of one.
type Step struct {
	Name      StepName
	Community int64
	// Address is the wallet that was asked for, empty if there are several.
	Address Address
	// Wallets is the number of wallets: in a stage those of groups too, and 0 for
	// a whole run.
	Wallets int
	// Attempt is the number of the attempt that a stage belongs to, from 1, and 0
	// for a call.
	Attempt int
}

// StepName is the kind of a step. A new release may add some.
type StepName string

// The steps: calls, and below them the stages that each attempt has.
const (
	StepScore   StepName = "score"
	StepPreview StepName = "preview"
	StepLatest  StepName = "latest" // has one stage, a load
	// StepScoreAll is a run of ScoreAll or Rescore. It lasts until the loop over
	// its outcomes ends, and batches are its only steps. It also contains the
	// listing of the addresses.
	StepScoreAll StepName = "score_all"
	// StepBatch is a batch of a run, in all its attempts and halves. Its stages
	// are on two goroutines, one after the other, and several batches are under
	// way at a time.
	StepBatch StepName = "batch"
	// StepPlan is some wallets, up to 50, of Plan or PlanAll of a [Planner].
	StepPlan StepName = "plan"

	StepGroups StepName = "groups" // the source of linked wallets is asked
	StepLoad   StepName = "load"
	StepVerify StepName = "verify"
	StepApply  StepName = "apply"
)

// WithTracer adds a function that is called when each step begins, so that what
// a store does, such as the SQL statements of pgx, belongs to its stage, also
// in a host's transaction. Observers get the context of the call (see
// [WithObserver]), before the call ends. A later tracer gets the context of the
// one before, and ends first.
//
// The context that the tracer returns must be derived from its argument. Tracer
// and end must be safe for concurrent use, and must not panic. A step whose
// work panics does not end.
func WithTracer(tracer Tracer) Option {
	return func(s *settings) { s.tracers = append(s.tracers, tracer) }
}

// begin begins a step. Without a tracer it does nothing and allocates nothing.
func (s *settings) begin(ctx context.Context, step Step) (within context.Context, end func(error)) {
	end = func(error) {}
	for _, tracer := range s.tracers {
		outer := end
		var inner func(error)
		ctx, inner = tracer(ctx, step) //nolint:fatcontext // as deep as there are tracers
		end = func(err error) { inner(err); outer(err) }
	}
	return ctx, end
}

// begin begins a stage of the batch.
func (b *batch) begin(ctx context.Context, stage StepName, wallets int) (within context.Context, end func(error)) {
	step := Step{Name: stage, Community: b.community, Wallets: wallets, Attempt: b.attempt}
	if len(b.asked) == 1 {
		step.Address = b.asked[0]
	}
	return b.engine.settings.begin(ctx, step)
}

// Call returns the call that the observation is about: [StepScore],
// [StepPreview], [StepLatest] or [StepScoreAll].
func (o *Observation) Call() StepName {
	switch {
	case o.Preview:
		return StepPreview
	case o.Latest:
		return StepLatest
	case o.Bulk:
		return StepScoreAll
	}
	return StepScore
}
