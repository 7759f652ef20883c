package replay

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/shadow"
	"github.com/passport-sdk/passport-go/store"
)

const version = 1 // of the report

// The bounds of what a report holds, whatever the number of records.
const (
	mostSamples  = 1000 // of each class
	mostFailures = 100
	mostMonths   = 240

	scoreBins = 22 // of a verdict
)

// Report is what a replay has found. Its JSON form is stable: members may be
// added, and none is changed. It names wallets and providers, and holds neither
// nullifiers nor anything else of a credential; see [Report.WithoutAddresses].
type Report struct {
	Version   int       `json:"version"`
	Community int64     `json:"community"`
	At        time.Time `json:"at"` // the moment of the run
	// Now, TermsSince and EventsOf are the options of the run.
	Now        bool             `json:"now"`
	TermsSince time.Time        `json:"terms_since,omitzero"`
	EventsOf   int              `json:"events_of"`
	Threshold  passport.Decimal `json:"threshold"` // the present one; 0 if it cannot be read
	// Complete reports whether a run has come to the end of its wallets. Runs is
	// above 1 if it was continued, after the wallet After.
	Complete bool   `json:"complete"`
	Runs     int    `json:"runs"`
	After    string `json:"after,omitempty"`

	// Wallets have a score. Events are the records that are events, and not the
	// score of a wallet.
	Wallets int64 `json:"wallets"`
	Events  int64 `json:"events"`
	// Verdict counts the records by their class: the primary is what is recorded,
	// and ours what is decided. It has no latencies.
	Verdict shadow.Verdict `json:"verdict"`
	// Exceptions counts the records by the exceptions that they have.
	Exceptions map[string]int64 `json:"exceptions"`
	// Months counts the compared records by the month of their scoring,
	// "2026-01", the first 240. Failed scorings have none.
	Months map[string]*Month `json:"months"`

	// Failures are the first 100 records that could not be decided.
	Failures []Failure `json:"failures"`
}

// Month counts the records of a month.
type Month struct {
	Compared int64 `json:"compared"`
	Differ   int64 `json:"differ"`
	Real     int64 `json:"real"`
}

// Failure is a record that could not be decided.
type Failure struct {
	Address string     `json:"address,omitempty"`
	Kind    store.Kind `json:"kind"`
	Error   string     `json:"error,omitempty"`
}

func newReport(s *settings) *Report {
	return &Report{
		Version: version, Community: s.community, At: s.moment, Now: s.now, TermsSince: s.since, EventsOf: s.events, After: s.after,
		Verdict:    shadow.Verdict{Classes: []shadow.ClassCount{}},
		Exceptions: map[string]int64{}, Months: map[string]*Month{}, Failures: []Failure{},
	}
}

// add adds the records of the next wallet, to at most that many samples.
func (r *Report) add(address string, outcomes []Outcome, samples int) {
	r.Wallets++
	r.After = address
	for i := range outcomes {
		o := &outcomes[i]
		if o.Event != 0 {
			r.Events++
		}
		r.Verdict.Add(&o.Comparison, samples)
		switch {
		case errors.Is(o.Err, shadow.ErrNotCompared):
		case o.Err != nil:
			r.fail(o)
		default:
			r.count(o)
		}
	}
}

func (r *Report) fail(o *Outcome) {
	if len(r.Failures) < mostFailures {
		r.Failures = append(r.Failures, Failure{o.Address, store.KindOf(o.Err), o.Err.Error()})
	}
}

func (r *Report) count(o *Outcome) {
	named := map[string]bool{}
	for _, d := range o.Differences {
		if d.Exception != "" && !named[d.Exception] {
			named[d.Exception] = true
			r.Exceptions[d.Exception]++
		}
	}
	if o.ScoredAt.IsZero() {
		return
	}
	month := o.ScoredAt.UTC().Format("2006-01")
	m := r.Months[month]
	if m == nil {
		if len(r.Months) >= mostMonths {
			return
		}
		m = &Month{}
		r.Months[month] = m
	}
	m.Compared++
	if o.Class != "" {
		m.Differ++
	}
	if o.Class == shadow.Real {
		m.Real++
	}
}

// Real returns the number of records with a real difference.
func (r *Report) Real() uint64 { return r.Verdict.Count(shadow.Real) }

// WithoutAddresses returns a copy that names no wallet. It cannot be continued.
func (r *Report) WithoutAddresses() *Report {
	hidden := *r
	hidden.After = ""
	hidden.Verdict = *r.Verdict.WithoutAddresses()
	hidden.Failures = make([]Failure, len(r.Failures))
	for i := range r.Failures {
		hidden.Failures[i].Kind = r.Failures[i].Kind // the error may name the wallet
	}
	return &hidden
}

// check returns an error if a run with the settings cannot continue the report.
func (r *Report) check(s *settings) error {
	switch {
	case r.Version != version:
		return fmt.Errorf("%w: a report of version %d, not %d", store.ErrInvalid, r.Version, version)
	case r.Community != s.community || r.Now != s.now || !r.TermsSince.Equal(s.since) || r.EventsOf != s.events:
		return fmt.Errorf("%w: a report of another community or other options", store.ErrInvalid)
	case r.After == "" && r.Wallets > 0:
		return fmt.Errorf("%w: a report without addresses cannot be continued", store.ErrInvalid)
	case !r.consistent():
		return fmt.Errorf("%w: a report that contradicts itself", store.ErrInvalid)
	}
	return nil
}

func (r *Report) consistent() bool {
	v := &r.Verdict
	total := v.Agreed
	for i := range v.Classes {
		c := &v.Classes[i]
		total += c.Count
		if c.Fields == nil || len(c.Samples) > mostSamples || !slices.Contains(shadow.Classes(), c.Class) {
			return false
		}
	}
	for month := range maps.Values(r.Months) {
		if month == nil {
			return false
		}
	}
	after := store.Address(r.After)
	return !r.At.IsZero() && (after == "" || after.Valid()) && v.Compared == total &&
		(v.Scores == nil || len(v.Scores) == scoreBins) && r.Exceptions != nil && r.Months != nil &&
		len(r.Months) <= mostMonths && len(r.Failures) <= mostFailures && r.Wallets >= 0
}
