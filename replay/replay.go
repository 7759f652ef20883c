// Package replay decides the recorded scores of a community again, and compares
// the decisions with what was written. It writes nothing.
//
// Each score, and with [WithEvents] each older event, is decided for its own
// moment by the rows of today, or with [Now] as of the run. A later change may
// explain a difference: a credential that was written later or is gone, a claim
// that has moved, other terms, linked wallets. A difference is only
// [shadow.Real] if nothing of that kind explains it. In any case a record must
// not contradict itself, and the event of a score must be what the score is:
// [FieldRecord] and [FieldEvent].
//
// Deviations of the service that the SDK has on purpose are exceptions, such as
// [ExceptionProvider]. The store does not know when weights, a threshold or the
// trusted issuers were changed: without [WithTermsSince] a difference in them
// is [shadow.Unconfirmed]. Neither does it keep credentials that were removed:
// one that had been replaced before the removal of the newer one is taken for
// the one that counted.
package replay

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/problems"
	"github.com/passport-sdk/passport-go/shadow"
	"github.com/passport-sdk/passport-go/store"
)

// Store is what a replay reads, beside what the engine reads of the same store.
type Store interface {
	store.Store
	store.History
}

// Option configures a [Replay].
type Option func(*settings)

type settings struct {
	community int64
	now       bool
	moment    time.Time // of the run
	since     time.Time
	skew      time.Duration
	events    int
	samples   int
	after     string
	report    *Report
}

// Now decides all records as of the time of the run. A difference that is not
// one at the moment of the record is of class [shadow.Clock]: something has
// expired since.
func Now() Option { return func(s *settings) { s.now = true } }

// WithTermsSince sets since when the present weights, threshold, customization
// and trusted issuers are in force: a difference in them is real from then on,
// and [shadow.Changed] before.
func WithTermsSince(moment time.Time) Option {
	return func(s *settings) { s.since = store.Microseconds(moment) }
}

// WithSkew sets how far the clocks of the machines that wrote the rows may
// differ, 0 or more; 1 s by default.
func WithSkew(skew time.Duration) Option { return func(s *settings) { s.skew = skew } }

// WithEvents decides up to that many older events of each wallet too, the
// newest ones, 0 to 1000: those of scorings before that of its score. The
// default is 0.
func WithEvents(n int) Option { return func(s *settings) { s.events = n } }

// DefaultSamples is the default of [WithSamples].
const DefaultSamples = 10

// WithSamples sets how many records of each class the report shows, 0 to 1000.
func WithSamples(records int) Option { return func(s *settings) { s.samples = records } }

// After leaves out the wallets up to that address, which need not have a score.
func After(address string) Option { return func(s *settings) { s.after = address } }

// Continuing goes on with the report of a run that ended early, perhaps read
// back from its JSON: at its moment, and after the wallets that it has. It must
// be of the same community and options. The replay takes it over.
func Continuing(report *Report) Option { return func(s *settings) { s.report = report } }

// Replay decides recorded scores again. Make it with [New]. It is for one
// goroutine at a time.
type Replay struct {
	settings

	engine  *passport.Engine
	rows    Store
	present *passport.Planner // as of the run
	report  *Report
	groups  bool // the store keeps group claims
	stopped error
}

// stranger is a wallet without stamps.
const stranger = "0x0000000000000000000000000000000000000000"

// New returns a replay of the community's records in the store, which must be
// that of the engine.
//
// Its errors are [passport.ErrMisconfigured] for an option out of range,
// store.ErrInvalid for a report that it cannot continue, and those of
// [passport.Engine.Planner] and [passport.Planner.Plan]. Terms that cannot be
// read are no error: then no record of a score can agree.
func New(ctx context.Context, engine *passport.Engine, rows Store, community int64, options ...Option) (*Replay, error) {
	r := &Replay{rows: rows, settings: settings{community: community, skew: time.Second, samples: DefaultSamples}}
	problems.Apply(&r.settings, options)
	found := problems.New(passport.ErrMisconfigured)
	found.Checkf(engine != nil && rows != nil, "New got a nil engine or store")
	found.Checkf(r.skew >= 0, "WithSkew got %v, want 0 or more", r.skew)
	problems.CheckRange(found, "WithEvents", r.events, 0, mostEvents)
	problems.CheckRange(found, "WithSamples", r.samples, 0, mostSamples)
	if r.after != "" {
		address, err := passport.ParseAddress(r.after)
		found.Checkf(err == nil, "After got %.60q, which is no address", r.after)
		r.after = string(address)
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	if r.settings.report != nil {
		if err := r.settings.report.check(&r.settings); err != nil {
			return nil, err
		}
		r.moment = r.settings.report.At
	}
	r.engine = engine.LeavingUnchanged(0)
	_, r.groups = rows.(store.Groups)
	if err := r.begin(ctx); err != nil {
		return nil, fmt.Errorf("replaying community %d: %w", community, err)
	}
	return r, nil
}

// begin fixes the moment of the run: that of the engine's clock, or that of the
// store's if no plan can be made.
func (r *Replay) begin(ctx context.Context) (err error) {
	if r.present, err = r.engine.Planner(passport.At(r.moment)); err != nil {
		return err
	}
	plan, err := r.present.Plan(ctx, r.community, stranger)
	switch {
	case err == nil:
		r.moment = plan.Result.ScoredAt
	case !isScoringError(err):
		return err
	default:
		r.stopped = err
		snapshot, err := r.rows.Load(ctx, store.Query{Community: r.community, At: r.moment})
		if err != nil {
			return err
		}
		r.moment = snapshot.At
	}
	if r.present, err = r.engine.Planner(passport.At(r.moment)); err != nil {
		return err
	}
	if r.report = r.settings.report; r.report == nil {
		r.report = newReport(&r.settings)
	}
	if plan != nil {
		r.report.Threshold = plan.Result.Threshold
	}
	return nil
}

// Report returns the report of all records that were yielded. It grows with
// them, and must be neither modified nor written while a loop is in progress,
// but in the body of the loop.
func (r *Replay) Report() *Report {
	r.report.Verdict.Settle()
	return r.report
}

// Outcome is the comparison of one record: Answer is the recorded decision, and
// Plan the one of the replay. Its Err is [shadow.ErrNotCompared]
// for a score that is queued, or from which nothing can be learned;
// store.ErrConflict if the wallet changed at every attempt; or an error that
// the wallet alone has met, as [passport.Planned] has it.
type Outcome struct {
	shadow.Comparison

	// ScoredAt is the moment of the record, zero if the scoring failed.
	ScoredAt time.Time
	// Event is the id of the event, and 0 for a score.
	Event int64
}

// batch is the number of wallets that are read and decided together.
const batch = passport.DefaultBatchSize

// Run decides the records of all wallets with a score, in the order of their
// addresses, adds each to the report and yields it: the score of a wallet, and
// then its events from the newest to the oldest. Memory does not grow with the
// number of wallets. Scores of a later time than that of the run are left out.
//
// An error that is yielded ends the run: the context's, one of the store, or
// one that ends [passport.Planner.PlanAll]. The report then has what was
// yielded, and [Continuing] goes on with it.
func (r *Replay) Run(ctx context.Context) iter.Seq2[Outcome, error] {
	return func(yield func(Outcome, error) bool) {
		r.report.Runs++
		r.report.Complete = false
		q := store.AddressQuery{Community: r.community, After: store.Address(r.report.After), ScoredBefore: r.moment.Add(time.Microsecond)}
		waiting := make([]store.Address, 0, batch)
		for address, err := range r.engine.Addresses(ctx, q) {
			if err != nil {
				yield(Outcome{}, fmt.Errorf("replaying community %d: %w", r.community, err))
				return
			}
			if waiting = append(waiting, address); len(waiting) == batch {
				if !r.deliver(ctx, waiting, yield) {
					return
				}
				waiting = waiting[:0]
			}
		}
		r.report.Complete = r.deliver(ctx, waiting, yield)
	}
}

// deliver yields the outcomes of the wallets. It reports whether the run goes
// on.
func (r *Replay) deliver(ctx context.Context, wallets []store.Address, yield func(Outcome, error) bool) bool {
	if len(wallets) == 0 {
		return true
	}
	subjects, err := r.read(ctx, wallets)
	for i := 0; err == nil && i < len(subjects); i++ {
		var outcomes []Outcome
		if outcomes, err = r.wallet(ctx, &subjects[i]); err != nil {
			break
		}
		r.report.add(string(subjects[i].address), outcomes, r.samples)
		if slices.ContainsFunc(outcomes, func(o Outcome) bool { return !yield(o, nil) }) {
			return false
		}
	}
	if err != nil {
		yield(Outcome{}, fmt.Errorf("replaying community %d: %w", r.community, err))
	}
	return err == nil
}
