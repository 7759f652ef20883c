package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// report counts what became of the wallets of a run, and is its JSON form.
type report struct {
	Community      int64     `json:"community"`
	ScoredBefore   time.Time `json:"scored_before,omitzero"`
	ExpiringBefore time.Time `json:"expiring_before,omitzero"`
	StartedAt      time.Time `json:"started_at"`
	EndedAt        time.Time `json:"ended_at,omitzero"`
	Runs           int       `json:"runs"` // above 1 if it was resumed
	// Wallets is the sum of Written, Unchanged and Failed. Unchanged ones were
	// left alone: nothing was written.
	Wallets   int64 `json:"wallets"`
	Written   int64 `json:"written"`
	Unchanged int64 `json:"unchanged"`
	Failed    int64 `json:"failed"`
	// Passing counts the wallets that pass now, Gained and Lost those whose last
	// score was on the other side of its threshold, and First those without one.
	// If the run was resumed, that last score may be one which the run wrote
	// before it ended, and the wallet is in none of the three.
	Passing int64 `json:"passing"`
	Gained  int64 `json:"gained"`
	Lost    int64 `json:"lost"`
	First   int64 `json:"first"`
	// Refusals counts the failures by the kind of their error, and Failures has
	// the first 100.
	Refusals map[store.Kind]int64 `json:"failed_by_kind"`
	Failures []failure            `json:"failures"`
}

// failure is a wallet that could not be scored.
type failure struct {
	Address string     `json:"address"`
	Kind    store.Kind `json:"kind"`
	Error   string     `json:"error"`
}

const keptFailures = 100

func newReport(t terms) report {
	r := report{
		Community: t.Community, StartedAt: time.Now().UTC(), Runs: 1,
		Refusals: map[store.Kind]int64{}, Failures: []failure{},
	}
	if t.ScoredBefore != "" {
		r.ScoredBefore = t.Moment
	}
	if t.ExpiringBefore != "" {
		r.ExpiringBefore = t.Moment
	}
	return r
}

// add adds an outcome. It returns the failure if it is one.
func (r *report) add(scored passport.Scored) *failure {
	r.Wallets++
	if scored.Err != nil {
		failed := failure{scored.Address, store.KindOf(scored.Err), scored.Err.Error()}
		r.Failed++
		r.Refusals[failed.Kind]++
		if len(r.Failures) < keptFailures {
			r.Failures = append(r.Failures, failed)
		}
		return &failed
	}
	result, before := scored.Result, scored.Result.Before
	if result.Unchanged {
		r.Unchanged++
	} else {
		r.Written++
	}
	if result.Passing {
		r.Passing++
	}
	switch {
	case before == nil:
		r.First++
	case result.Passing && !before.PassedWhenScored:
		r.Gained++
	case !result.Passing && before.PassedWhenScored:
		r.Lost++
	}
	return nil
}

func (r *report) write(w io.Writer, format string) error {
	if format == "json" {
		return writeJSON(w, r)
	}
	t := &table{right: map[int]bool{1: true}}
	for _, line := range []struct {
		name string
		n    int64
	}{
		{"wallets", r.Wallets},
		{"written", r.Written},
		{"left unchanged", r.Unchanged},
		{"failed", r.Failed},
		{"pass now", r.Passing},
		{"  did not before", r.Gained},
		{"passed before, not now", r.Lost},
		{"had no score", r.First},
	} {
		t.row(line.name, line.n)
	}
	for _, kind := range slices.Sorted(maps.Keys(r.Refusals)) {
		t.row("failed: "+string(kind), r.Refusals[kind])
	}
	if err := t.write(w); err != nil {
		return err
	}
	took := r.EndedAt.Sub(r.StartedAt).Round(time.Second / 10)
	_, err := fmt.Fprintf(w, "in %s%s\n", took, map[bool]string{true: fmt.Sprintf(", %d runs", r.Runs)}[r.Runs > 1])
	return err
}
