package shadow

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/scoreapi"
	"github.com/passport-sdk/passport-go/store"
)

// Recorder are the roles of a store that [WithRecords] needs.
type Recorder interface {
	store.LastScorer
	store.ScoreFinder
}

// DecisionOfRow returns the decision that a score records. It is Malformed if
// the scoring is queued, or the record is in an unknown form or contradicts
// itself.
func DecisionOfRow(row *store.Score) Decision {
	malformed := Decision{Status: http.StatusOK, Malformed: true}
	if row.Status == store.StatusError {
		return Decision{Status: http.StatusOK, Failed: true}
	}
	value, err := passport.ParseDecimal(row.Value)
	if row.Status != store.StatusDone || err != nil {
		return malformed
	}
	evidence, err := passport.ParseEvidence(row.Evidence)
	var stamps map[string]scoreapi.Stamp
	var weights map[string]scoreapi.Number
	err = errors.Join(err, readRecorded(row.Stamps, &stamps), readRecorded(row.StampScores, &weights))
	one, _ := passport.ParseDecimal("1") // a constant
	contradicts := value.Cmp(one) == 0 && !evidence.Passing || value.Sign() == 0 && evidence.Passing
	if err != nil || contradicts || !agree(stamps, weights) {
		return malformed
	}
	return decisionOfRecord(evidence, row.ScoredAt, row.ExpiresAt, stamps)
}

// DecisionOfEvent returns the decision that the data of an event of action
// [store.ActionScoreUpdate] records. It is Malformed for any other data.
func DecisionOfEvent(data []byte) Decision {
	recorded, err := passport.ParseEvent(data)
	if err == nil && recorded.Error != "" {
		return Decision{Status: http.StatusOK, Failed: true}
	}
	stamps := map[string]scoreapi.Stamp{}
	if err == nil {
		for provider, text := range recorded.Stamps {
			var stamp scoreapi.Stamp
			err = errors.Join(err, json.Unmarshal(text, &stamp))
			stamps[provider] = stamp
		}
	}
	if err != nil {
		return Decision{Status: http.StatusOK, Malformed: true}
	}
	return decisionOfRecord(recorded.Evidence, recorded.ScoredAt, recorded.ExpiresAt, stamps)
}

func decisionOfRecord(e passport.Evidence, scoredAt, expiresAt time.Time, stamps map[string]scoreapi.Stamp) Decision {
	d := Decision{
		Status: http.StatusOK, Passing: e.Passing, Score: e.Score, Threshold: e.Threshold, ScoredAt: scoredAt, ExpiresAt: expiresAt,
	}
	d.take(stamps)
	return d
}

// readRecorded reads a document of a row, which may lack it.
func readRecorded(document []byte, into any) error {
	if len(document) == 0 {
		return nil
	}
	return json.Unmarshal(document, into)
}

// agree reports whether the weights are those of the stamps that count.
func agree(stamps map[string]scoreapi.Stamp, weights map[string]scoreapi.Number) bool {
	counting := 0
	for provider, stamp := range stamps {
		if stamp.Deduplicated {
			continue
		}
		counting++
		weight, is := weights[provider]
		if !is || shown(weight.Decimal).Cmp(shown(stamp.Weight.Decimal)) != 0 {
			return false
		}
	}
	return counting == len(weights)
}

// record is a row or an event that the primary should have written with its
// answer. The zero one was not read, or not in time.
type record struct {
	*Decision

	missing string // the reason why there is none
}

// records are those of an answer.
type records struct{ row, event record }

// readRecords reads the records that the primary wrote with the answer. Later
// ones hide them.
func (s *Shadow) readRecords(ctx context.Context, q *question, answer *Decision) (r records, err error) {
	if s.recorder == nil || !answer.scored() || answer.ScoredAt.IsZero() {
		return records{}, nil
	}
	address, err := passport.ParseAddress(q.address)
	if err != nil {
		return records{}, ErrNotCompared
	}
	row, err := s.recorder.LastScore(ctx, q.community, address)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return records{row: record{missing: "absent"}}, nil
	case err != nil:
		return records{}, err
	case row.Status == store.StatusDone || row.Status == store.StatusError:
		d := DecisionOfRow(&row.Score)
		r.row = recordAt(answer, row.ScoredAt, &d)
	}
	// The event has the time of a clock that may be ahead of the store's.
	event, err := s.recorder.ScoreAt(ctx, q.community, address, row.ReadAt.Add(s.rules.Skew))
	switch {
	case errors.Is(err, store.ErrNotFound):
		r.event = record{missing: "absent"}
	case err != nil:
		return records{}, err
	default:
		d := DecisionOfEvent(event.Data)
		r.event = recordAt(answer, d.ScoredAt, &d)
	}
	return r, nil
}

// recordAt returns the record that was written at the time, if it belongs to
// the answer.
func recordAt(answer *Decision, at time.Time, d *Decision) record {
	of := store.Microseconds(answer.ScoredAt)
	switch at = store.Microseconds(at); {
	case at.IsZero() || at.Equal(of):
		return record{Decision: d}
	case at.Before(of):
		return record{missing: "of " + moment(at)}
	}
	return record{}
}

// planned returns the decisions that the plan would record for the address.
func planned(plan *passport.Plan, address passport.Address) (row, event *Decision) {
	if plan.Changes == nil {
		return nil, nil
	}
	for i := range plan.Changes.Wallets {
		w := &plan.Changes.Wallets[i]
		if w.Address != address {
			continue
		}
		row = new(DecisionOfRow(&w.Score))
		for k := range w.Events {
			if w.Events[k].Action == store.ActionScoreUpdate {
				event = new(DecisionOfEvent(w.Events[k].Data))
			}
		}
	}
	return row, event
}

// compareRecords returns the differences of what was written, and how many
// records were compared.
func (r *Rules) compareRecords(primary *answered, ours *look) (found []Difference, n int) {
	for _, pair := range []struct {
		field   Field
		written record
		ours    *Decision
	}{{FieldRow, primary.row, ours.row}, {FieldEvent, primary.event, ours.event}} {
		switch written := pair.written; {
		case pair.ours == nil:
		case written.missing != "":
			n++
			missing := []Difference{{Field: pair.field, Primary: written.missing, Ours: "of the answer", Class: Real}}
			r.classify(missing, &primary.Decision, &ours.Decision, nil)
			found = append(found, missing...)
		case written.Decision != nil:
			n++
			theirs, own := *written.Decision, *pair.ours
			theirs.turns = slices.Concat(theirs.turns, primary.turns)
			own.turns, own.ScoredAt = slices.Concat(own.turns, ours.turns), ours.ScoredAt
			for _, d := range r.compare(&theirs, &own, nil) {
				d.Field = pair.field + " " + d.Field
				found = append(found, d)
			}
		}
	}
	return found, n
}

// ofRecord reports whether the field is that of a row or an event.
func (f Field) ofRecord() bool {
	return strings.HasPrefix(string(f), string(FieldRow)) || strings.HasPrefix(string(f), string(FieldEvent))
}
