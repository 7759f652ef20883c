package whatif

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

const version = 1 // of the report

// The bounds of what a report holds, whatever the number of wallets.
const (
	mostSamples   = 1000 // on each side
	mostFailures  = 100
	mostProviders = 1000
	steps         = 20 // of the distribution, up to twice the threshold
)

// Report is what a comparison has found. Its JSON form is stable: members may
// be added, and none is changed. It names wallets and providers, and holds
// neither nullifiers nor anything else of a credential; see
// [Report.WithoutAddresses].
type Report struct {
	Version   int       `json:"version"`
	Community int64     `json:"community"`
	Change    Change    `json:"change"`
	At        time.Time `json:"at"` // the moment of all decisions
	// Complete reports whether a run has come to the end of its addresses. Runs
	// is above 1 if it was continued.
	Complete bool `json:"complete"`
	Runs     int  `json:"runs"`
	// After is the last address, as it was given. A run is continued after it.
	After string `json:"after,omitempty"`

	// Wallets is the sum of Compared and Failed. All other counts are of the
	// compared ones.
	Wallets  int64 `json:"wallets"`
	Compared int64 `json:"compared"`
	Failed   int64 `json:"failed"`

	// Recorded has the scores that are recorded, Present the decisions under the
	// present terms, and New those under the new ones.
	Recorded Recorded `json:"recorded"`
	Present  Side     `json:"present"`
	New      Side     `json:"new"`
	// Flow is from Present to New, and Raised and Lowered count the wallets whose
	// score is another.
	Flow    Flow  `json:"flow"`
	Raised  Shift `json:"raised"`
	Lowered Shift `json:"lowered"`
	// Distribution counts the wallets by their score: below 0, in 20 steps up to
	// twice the higher threshold, and from there on.
	Distribution []Bin `json:"distribution"`
	// Providers are by name, the first 1,000 that counted; OtherProviders counts
	// the stamps of others.
	Providers      map[string]*Provider `json:"providers"`
	OtherProviders int64                `json:"other_providers"`

	// Gaining are the wallets that gain most: first those that would pass and do
	// not, then by the change of their score. Losing are those that lose most.
	Gaining []Sample `json:"gaining"`
	Losing  []Sample `json:"losing"`

	// Claiming counts the wallets that would claim an account that is free, or
	// extend a claim. A run remembers these claims, and a later wallet with the
	// same account does not count it. Forgotten is Claiming at the time at which
	// the run was last continued: those claims are not remembered, so that a later
	// wallet that shares an account with one of them is decided as if that were
	// free. If it is 0 the report is that of a run in one go.
	Claiming  int64 `json:"claiming"`
	Forgotten int64 `json:"forgotten"`

	// FailedByKind counts the failures by the kind of their error, and Failures
	// has the first 100.
	FailedByKind map[store.Kind]int64 `json:"failed_by_kind"`
	Failures     []Failure            `json:"failures"`
}

// Side is the decisions under one set of terms.
type Side struct {
	Threshold passport.Decimal `json:"threshold"`
	Passing   int64            `json:"passing"`
	Total     Sum              `json:"total"` // of the scores
}

// Recorded is the scores that are recorded.
type Recorded struct {
	Wallets int64 `json:"wallets"` // that have one
	Passing int64 `json:"passing"` // that passed when they were scored
	Valid   int64 `json:"valid"`   // of those that passed, are valid at the moment of the run
	// Flow is from these to the decisions under the present terms. It is due to
	// changes of stamps and of terms since the scorings.
	Flow Flow `json:"flow"`
}

// Flow counts the wallets that pass before, after, both or neither.
type Flow struct {
	PassPass int64 `json:"pass_pass"`
	PassFail int64 `json:"pass_fail"`
	FailPass int64 `json:"fail_pass"`
	FailFail int64 `json:"fail_fail"`
}

func (f *Flow) add(before, after bool) {
	switch {
	case before && after:
		f.PassPass++
	case before:
		f.PassFail++
	case after:
		f.FailPass++
	default:
		f.FailFail++
	}
}

func (f *Flow) wallets() int64 { return f.PassPass + f.PassFail + f.FailPass + f.FailFail }

// Shift is the wallets whose scores move in one direction.
type Shift struct {
	Wallets  int64 `json:"wallets"`
	Total    Sum   `json:"total"`    // of the changes; above 0
	Greatest Sum   `json:"greatest"` // of the changes
}

func (s *Shift) add(by Sum) {
	s.Wallets++
	s.Total = s.Total.plus(by)
	if by.Cmp(s.Greatest) > 0 {
		s.Greatest = by
	}
}

// Bin counts the wallets whose score is at least From and below To. The first
// one has no From, and the last one no To.
type Bin struct {
	From    Sum   `json:"from,omitzero"`
	To      Sum   `json:"to,omitzero"`
	Present int64 `json:"present"`
	New     int64 `json:"new"`
}

// Provider is what the stamps of one provider add.
type Provider struct {
	Present Use `json:"present"`
	New     Use `json:"new"`
}

// Use is what the stamps of a provider add under one set of terms.
type Use struct {
	Wallets      int64            `json:"wallets"` // for which it counts
	Weight       passport.Decimal `json:"weight"`  // 0 if it counts for none
	Contribution Sum              `json:"contribution"`
}

// Sample is a wallet that gains or loses.
type Sample struct {
	Address      string           `json:"address,omitempty"`
	Present      passport.Decimal `json:"present"`
	New          passport.Decimal `json:"new"`
	Change       Sum              `json:"change"`
	PassesNow    bool             `json:"passes_now"`
	WouldPass    bool             `json:"would_pass"`
	Recorded     bool             `json:"recorded"`      // it has a recorded score
	PassRecorded bool             `json:"pass_recorded"` // it passed when it was scored
}

// Failure is a wallet that could not be decided about.
type Failure struct {
	Address string     `json:"address,omitempty"`
	Kind    store.Kind `json:"kind"`
	Error   string     `json:"error,omitempty"`
}

func newReport(community int64, change Change, at time.Time, present, other passport.Decimal) *Report {
	return &Report{
		Version: version, Community: community, Change: change, At: at,
		Present: Side{Threshold: present}, New: Side{Threshold: other},
		Distribution: newDistribution(present, other), Providers: map[string]*Provider{},
		Gaining: []Sample{}, Losing: []Sample{}, Failures: []Failure{}, FailedByKind: map[store.Kind]int64{},
	}
}

// WithoutAddresses returns a copy that names no wallet. It cannot be continued.
func (r *Report) WithoutAddresses() *Report {
	hidden := *r
	hidden.After = ""
	hidden.Gaining, hidden.Losing = withoutAddresses(r.Gaining), withoutAddresses(r.Losing)
	hidden.Failures = make([]Failure, len(r.Failures))
	for i := range r.Failures {
		hidden.Failures[i].Kind = r.Failures[i].Kind // the error may name the wallet
	}
	return &hidden
}

func withoutAddresses(samples []Sample) []Sample {
	hidden := make([]Sample, len(samples))
	for i := range samples {
		hidden[i] = samples[i]
		hidden[i].Address = ""
	}
	return hidden
}

// check returns an error if a run for the change cannot continue the report.
func (r *Report) check(community int64, change *Change) error {
	ours, err := json.Marshal(r.Change)
	if err != nil {
		return fmt.Errorf("%w: the change of a report: %w", store.ErrInvalid, err)
	}
	wanted, err := json.Marshal(change)
	switch {
	case err != nil:
		return fmt.Errorf("%w: terms: %w", passport.ErrMisconfigured, err)
	case r.Version != version:
		return fmt.Errorf("%w: a report of version %d, not %d", store.ErrInvalid, r.Version, version)
	case r.Community != community || !bytes.Equal(ours, wanted):
		return fmt.Errorf("%w: a report of another community or change", store.ErrInvalid)
	case r.After == "" && r.Wallets > 0:
		return fmt.Errorf("%w: a report without addresses cannot be continued", store.ErrInvalid)
	case !r.consistent():
		return fmt.Errorf("%w: a report that contradicts itself", store.ErrInvalid)
	}
	return nil
}

func (r *Report) consistent() bool {
	for _, provider := range r.Providers {
		if provider == nil {
			return false
		}
	}
	return !r.At.IsZero() && r.Wallets == r.Compared+r.Failed && r.Flow.wallets() == r.Compared &&
		len(r.Distribution) == steps+2 && r.Providers != nil && r.FailedByKind != nil && r.Claiming >= r.Forgotten &&
		len(r.Providers) <= mostProviders && max(len(r.Gaining), len(r.Losing)) <= mostSamples && len(r.Failures) <= mostFailures
}
