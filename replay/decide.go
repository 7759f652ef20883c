package replay

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/shadow"
	"github.com/passport-sdk/passport-go/store"
)

// subject is a wallet of a batch.
type subject struct {
	address store.Address
	score   *store.Score
	scorer  string
	planned passport.Planned // as of the run
	// contended reports whether the plan may rest on the claims of another one
	// of the batch.
	contended bool
}

// read reads the scores of the wallets, and plans for them as of the run.
func (r *Replay) read(ctx context.Context, wallets []store.Address) ([]subject, error) {
	snapshot, err := r.load(ctx, wallets)
	if err != nil {
		return nil, err
	}
	subjects := make([]subject, len(wallets))
	for i := range wallets {
		subjects[i] = subject{address: wallets[i], score: snapshot.Wallets[i].LastScore, scorer: snapshot.Community.Scorer}
		subjects[i].planned.Err = r.stopped
	}
	if r.stopped != nil {
		return subjects, nil
	}
	i, claiming := 0, false
	for planned, err := range r.present.PlanAll(ctx, r.community, texts(wallets)) {
		if isScoringError(err) {
			break // of one wallet: each is decided by itself
		}
		if err != nil {
			return nil, err
		}
		subjects[i].planned = planned
		if planned.Err == nil {
			claiming = claiming || slices.ContainsFunc(planned.Plan.Changes.Claims, func(c store.ClaimSwap) bool { return !c.From.Equal(c.To) })
		}
		i++
	}
	for i := range subjects {
		subjects[i].contended = claiming
	}
	return subjects, nil
}

func (r *Replay) load(ctx context.Context, wallets []store.Address) (*store.Snapshot, error) {
	snapshot, err := r.rows.Load(ctx, store.Query{
		Community: r.community, Addresses: wallets, At: r.moment, LastScore: true, Groups: r.groups,
	})
	if err == nil && len(snapshot.Wallets) != len(wallets) {
		err = fmt.Errorf("%w: a snapshot without a wallet", store.ErrInternal)
	}
	return snapshot, err
}

// texts returns the addresses as the engine takes them.
func texts(wallets []store.Address) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, wallet := range wallets {
			if !yield(string(wallet)) {
				return
			}
		}
	}
}

// wallet compares the records of the wallet. A score that was recorded since
// the run began is left out.
func (r *Replay) wallet(ctx context.Context, s *subject) ([]Outcome, error) {
	if s.score == nil || s.score.ScoredAt.After(r.moment) {
		return []Outcome{r.outcome(s, &record{unknown: true}, nil, shadow.ErrNotCompared)}, nil
	}
	row := recordOf(s.score, s.scorer)
	events, err := r.eventsOf(ctx, s.address)
	if err != nil {
		return nil, err
	}
	first, err := r.compare(ctx, s, &row, true)
	if err != nil {
		return nil, err
	}
	if first.Err == nil {
		first.Differences = append(first.Differences, beside(&row, events)...)
		first.Class = shadow.Worst(first.Differences)
	}
	outcomes := []Outcome{first}
	if len(events) > 0 && events[0].ScoredAt.Equal(row.ScoredAt) {
		events = events[1:] // it was compared with the score
	}
	for i := range events[:min(len(events), r.events)] {
		older, err := r.compare(ctx, s, &events[i].record, false)
		if err != nil {
			return nil, err
		}
		outcomes = append(outcomes, older)
	}
	return outcomes, nil
}

func (r *Replay) outcome(s *subject, rec *record, found []shadow.Difference, err error) Outcome {
	return Outcome{
		Comparison: shadow.Comparison{
			Community: r.community, Address: string(s.address), Differences: found, Class: shadow.Worst(found), Err: err,
			Answer: &rec.Decision,
		},
		ScoredAt: rec.ScoredAt, Event: rec.event,
	}
}

// compare decides the record again. Most agree with the plan of the batch, and
// nothing turned since; any other is decided by itself.
func (r *Replay) compare(ctx context.Context, s *subject, rec *record, last bool) (Outcome, error) {
	if rec.unknown {
		return r.outcome(s, rec, nil, shadow.ErrNotCompared), nil
	}
	if plan := s.planned.Plan; plan != nil && !rec.Failed && !rec.Malformed && !rec.stale {
		ours, member := rowOf(plan, s.address, s.scorer)
		settled := r.now || !turns(plan, rec.ScoredAt.Add(-r.skew), r.moment)
		if settled && !s.contended && len(rec.contradictions(member)) == 0 && agree(rec, &ours) {
			o := r.outcome(s, rec, nil, nil)
			o.Plan = &ours.Decision
			return o, nil
		}
	}
	for range attempts {
		o, stable, err := r.examine(ctx, s, rec, last)
		if err != nil || stable {
			return o, err
		}
		if last {
			snapshot, err := r.load(ctx, []store.Address{s.address})
			if err != nil {
				return Outcome{}, err
			}
			if s.score = snapshot.Wallets[0].LastScore; s.score == nil || s.score.ScoredAt.After(r.moment) {
				return r.outcome(s, rec, nil, shadow.ErrNotCompared), nil // it was scored again
			}
			*rec = recordOf(s.score, s.scorer)
		}
	}
	return r.outcome(s, rec, nil, fmt.Errorf("%w: the wallet has changed during every attempt", store.ErrConflict)), nil
}

// attempts is how often a wallet is examined that changes at the same time.
const attempts = 3

// agree reports whether both records are the same decision.
func agree(rec, ours *record) bool {
	if rec.bare {
		return false
	}
	theirs, own := rec.Decision, ours.Decision
	own.ScoredAt = theirs.ScoredAt
	return len(shadow.Compare(theirs, own, shadow.Rules{})) == 0
}

// rowOf returns what the plan would record for the wallet, and whether that is
// linked to another one which carries the score.
func rowOf(plan *passport.Plan, address store.Address, scorer string) (ours record, member bool) {
	i := slices.IndexFunc(plan.Changes.Wallets, func(w store.WalletChanges) bool { return w.Address == address })
	if i < 0 {
		return malformed(), false
	}
	linked := plan.Result.Linked
	return recordOf(&plan.Changes.Wallets[i].Score, scorer), linked != nil && linked.Canonical != address
}

// examine compares the record with a decision for its own moment and, if the
// replay is as of now, with one for that. It reports whether the wallet was the
// same all the time.
func (r *Replay) examine(ctx context.Context, s *subject, rec *record, last bool) (o Outcome, stable bool, err error) {
	at := rec.ScoredAt
	if at.IsZero() {
		at = r.moment
	}
	then, stable, err := r.inquire(ctx, s, rec, at, last)
	if err != nil || !stable {
		return o, stable, err
	}
	found, decided, failed := then.found, then.ours.Decision, then.failed
	if r.now && failed == nil {
		present, stable, err := r.inquire(ctx, s, rec, r.moment, last)
		if err != nil || !stable {
			return o, stable, err
		}
		found, decided, failed = sinceThen(present.found, then.found), present.ours.Decision, present.failed
	}
	o = r.outcome(s, rec, found, failed)
	o.Plan = &decided
	return o, true, nil
}

// sinceThen returns the differences of now with the classes that they have at
// the moment of the record. One that was none then is due to time.
func sinceThen(now, then []shadow.Difference) []shadow.Difference {
	for i := range now {
		d := &now[i]
		k := slices.IndexFunc(then, func(t shadow.Difference) bool { return t.Field == d.Field && t.Provider == d.Provider })
		time := shadow.Difference{Class: shadow.Clock}
		switch {
		case k >= 0 && (then[k].Ours == d.Ours || shadow.Worst([]shadow.Difference{then[k], time}) == then[k].Class):
			d.Class, d.Exception = then[k].Class, then[k].Exception
		default:
			d.Class, d.Exception = shadow.Clock, ""
		}
	}
	return now
}

// inquired is the outcome of an inquiry.
type inquired struct {
	*inquiry

	found  []shadow.Difference
	failed error // the wallet alone has met it
}

// inquire decides the record for a moment. It reports whether the wallets are
// still those of the plan, and the score that of the record.
func (r *Replay) inquire(ctx context.Context, s *subject, rec *record, at time.Time, last bool) (inquired, bool, error) {
	q := &inquiry{settings: &r.settings, rows: r.rows, record: rec, at: at, last: last, address: s.address}
	if !rec.ScoredAt.IsZero() {
		q.at = rec.ScoredAt
	}
	wallets := []store.Address{s.address}
	planned, err := r.planOne(ctx, s.address, at)
	switch {
	case isScoringError(err):
		q.ours, q.plan = record{Decision: failedScoring}, &passport.Plan{Result: &passport.Result{}, Changes: &store.Changes{}}
	case err != nil:
		return inquired{}, false, err
	case planned.Err != nil:
		return inquired{inquiry: q, failed: planned.Err}, true, nil //nolint:nilerr // it is that of the wallet
	case planned.Plan.Result.Linked != nil && planned.Plan.Result.Linked.Canonical == "":
		return inquired{inquiry: q, failed: passport.ErrGroups}, true, nil // its answer would be withheld
	default:
		q.plan = planned.Plan
		q.ours, q.member = rowOf(q.plan, s.address, s.scorer)
		wallets = wallets[:0]
		for i := range q.plan.Changes.Wallets {
			wallets = append(wallets, q.plan.Changes.Wallets[i].Address)
		}
	}
	if q.snapshot, err = r.load(ctx, wallets); err != nil {
		return inquired{}, false, err
	}
	if !q.stable(s.score) {
		return inquired{}, false, nil
	}
	found, err := q.differences(ctx)
	return inquired{inquiry: q, found: found}, true, err
}

// planOne plans for one wallet. Its error ends the run, but for that of a
// wallet that cannot be scored.
func (r *Replay) planOne(ctx context.Context, address store.Address, at time.Time) (planned passport.Planned, err error) {
	planner, err := r.engine.Planner(passport.At(at))
	if err != nil {
		return planned, err
	}
	for planned, err = range planner.PlanAll(ctx, r.community, texts([]store.Address{address})) {
		break
	}
	if err == nil && planned.Plan == nil && planned.Err == nil {
		err = ctx.Err()
	}
	return planned, err
}

// stable reports whether the snapshot has the credentials of the plan, and
// still that score if it is the record.
func (q *inquiry) stable(score *store.Score) bool {
	versions := make(map[store.Address]string, len(q.snapshot.Wallets))
	for i := range q.snapshot.Wallets {
		w := &q.snapshot.Wallets[i]
		versions[w.Address] = w.Version
		if q.last && w.Address == q.address && !sameScore(score, w.LastScore) {
			return false
		}
	}
	return !slices.ContainsFunc(q.plan.Changes.Wallets, func(w store.WalletChanges) bool { return versions[w.Address] != w.Version })
}

func sameScore(a, b *store.Score) bool {
	return b != nil && a.Status == b.Status && a.Value == b.Value && a.ScoredAt.Equal(b.ScoredAt) && bytes.Equal(a.Evidence, b.Evidence)
}
