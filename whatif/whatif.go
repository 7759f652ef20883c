// Package whatif shows what other weights, another threshold, another
// customization or other trusted issuers would change in a community, before
// they are put in force. It writes nothing.
//
// Each wallet is decided twice at one moment: under the present terms, and
// under the new ones. The difference is the effect of the new terms alone. It
// is exact, because both are the decisions that the engine would make, in the
// same order of wallets. The recorded score is compared with the present
// decision apart from that, so that stamps which were added, removed or have
// expired since the last scoring are not taken for an effect of the terms.
//
// Linked wallets are counted one by one: the one that carries the score of its
// group by the merged stamps, and the others with a score of 0.
package whatif

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// ErrTermsChanged is wrapped by the error that ends a run if the community's
// own terms are not those of its beginning: what was counted before has another
// meaning.
var ErrTermsChanged = errors.New("the terms of the community have changed since the run began")

// Change is what the new terms have that the community and its engine have not.
// A field that is not set stands for their own.
type Change struct {
	// Weights, Threshold and Customization are as those of [passport.Terms].
	Weights       json.RawMessage   `json:"weights,omitempty"`
	Threshold     string            `json:"threshold,omitempty"`
	Customization map[string]string `json:"customization,omitzero"`
	// Issuers are the DIDs that would be trusted in place of the engine's.
	Issuers []string `json:"issuers,omitempty"`
}

// clone returns a copy that shares nothing.
func (c *Change) clone() Change {
	return Change{slices.Clone(c.Weights), c.Threshold, maps.Clone(c.Customization), slices.Clone(c.Issuers)}
}

// planner returns a planner for the moment under the new terms.
func (c *Change) planner(engine *passport.Engine, at time.Time) (*passport.Planner, error) {
	options := []passport.PlanOption{passport.At(at), passport.Under(passport.Terms{
		Weights: c.Weights, Threshold: c.Threshold, Customization: c.Customization,
	})}
	if len(c.Issuers) > 0 {
		options = append(options, passport.Trusting(c.Issuers...))
	}
	return engine.Planner(options...)
}

// Option configures a [Comparison].
type Option func(*settings)

type settings struct {
	at      time.Time
	report  *Report
	samples int
}

// At makes all decisions for that moment. The default is the time of [New], by
// the store's clock.
func At(moment time.Time) Option {
	return func(s *settings) { s.at = moment }
}

// DefaultSamples is the default of [WithSamples].
const DefaultSamples = 20

// WithSamples sets how many wallets are named on each side, those that gain and
// those that lose, 0 to 1000. The default is [DefaultSamples].
func WithSamples(wallets int) Option {
	return func(s *settings) { s.samples = wallets }
}

// Continuing goes on with the report of a run that ended early, perhaps read
// back from its JSON, at its moment. It must be of the same community and
// change. The comparison takes it over, and the addresses must be those after
// its After. See [Report.Forgotten] for a bound on what it can do.
func Continuing(report *Report) Option {
	return func(s *settings) { s.report = report }
}

// Comparison compares the decisions about wallets. It is for one goroutine at a
// time.
type Comparison struct {
	present, other *passport.Planner
	engine         *passport.Engine
	settings       settings
	report         *Report
}

// New returns a comparison for the community. It reads the terms of the
// community, once.
//
// Its errors are those of [passport.Engine.Planner] and
// [passport.Planner.Plan], [passport.ErrMisconfigured] for an option out of
// range, and ErrTermsChanged or store.ErrInvalid for a report that it cannot
// continue.
func New(ctx context.Context, engine *passport.Engine, community int64, change Change, options ...Option) (*Comparison, error) {
	c := &Comparison{engine: engine, settings: settings{samples: DefaultSamples}}
	for _, option := range options {
		if option != nil {
			option(&c.settings)
		}
	}
	if c.settings.samples < 0 || c.settings.samples > mostSamples {
		return nil, fmt.Errorf("%w: WithSamples is 0 to %d, not %d", passport.ErrMisconfigured, mostSamples, c.settings.samples)
	}
	if c.settings.report != nil {
		if err := c.settings.report.check(community, &change); err != nil {
			return nil, err
		}
		c.settings.at = c.settings.report.At
	}
	if err := c.plan(ctx, community, &change); err != nil {
		return nil, fmt.Errorf("comparing terms of community %d: %w", community, err)
	}
	return c, nil
}

// plan makes the planners and the report.
func (c *Comparison) plan(ctx context.Context, community int64, change *Change) (err error) {
	if c.present, err = c.engine.Planner(passport.At(c.settings.at)); err != nil {
		return err
	}
	// A wallet without stamps has the threshold, and the time.
	const stranger = "0x0000000000000000000000000000000000000000"
	under, err := c.present.Plan(ctx, community, stranger)
	if err != nil {
		return err
	}
	if c.settings.at.IsZero() {
		c.settings.at = under.Result.ScoredAt
		if c.present, err = c.engine.Planner(passport.At(c.settings.at)); err != nil {
			return err
		}
	}
	if c.other, err = change.planner(c.engine, c.settings.at); err != nil {
		return err
	}
	other, err := c.other.Plan(ctx, community, stranger)
	if err != nil {
		return err
	}
	c.report = c.settings.report
	if c.report == nil {
		c.report = newReport(community, change.clone(), c.settings.at, under.Result.Threshold, other.Result.Threshold)
		return nil
	}
	return c.report.sameThresholds(under.Result, other.Result)
}

// Report returns the report of all wallets that were yielded. It grows with
// them, and must be neither modified nor written while a loop is in progress,
// but in the body of the loop.
func (c *Comparison) Report() *Report { return c.report }

// Wallet is one wallet, by three decisions.
type Wallet struct {
	Address string // as it was given
	// Recorded is the last recorded score, as [passport.Result.Before] has it. It
	// is nil if there is none.
	Recorded *passport.LastScore
	// Present and New are the decisions under the present and the new terms. They
	// are nil if Err is set.
	Present, New *passport.Result
	// Err is an error that this wallet alone has met, as [passport.Planned] has
	// it; store.ErrConflict if its credentials changed between both decisions.
	Err error
}

// Compare decides about the addresses in their order, adds each to the report,
// and yields it. It takes addresses as it needs them. The memory of a run does
// not grow with their number, but for the claims that wallets would newly make:
// see [passport.Planner.PlanAll], whose errors end a run, as ErrTermsChanged
// does. The report then has what was yielded, and [Continuing] goes on with it.
func (c *Comparison) Compare(ctx context.Context, addresses iter.Seq[string]) iter.Seq2[Wallet, error] {
	return func(yield func(Wallet, error) bool) {
		if addresses == nil {
			yield(Wallet{}, fmt.Errorf("%w: there is no sequence of addresses", passport.ErrMisconfigured))
			return
		}
		c.report.Runs++
		c.report.Complete, c.report.Forgotten = false, c.report.Claiming
		p := newPair(addresses)
		defer p.stop()
		next, stop := iter.Pull2(c.other.PlanAll(ctx, c.report.Community, p.side(1)))
		defer stop()
		for present, err := range c.present.PlanAll(ctx, c.report.Community, p.side(0)) {
			if err != nil {
				yield(Wallet{}, err)
				return
			}
			other, err, more := next()
			if !more {
				err = fmt.Errorf("%w: a run of plans ended early", store.ErrInternal)
			}
			if err != nil {
				yield(Wallet{}, err)
				return
			}
			if !c.deliver(present, other, yield) {
				return
			}
		}
		c.report.Complete = true
	}
}

// CompareSelected is Compare for the addresses that the query selects, after
// that of the report. The query's Community, After and Limit are ignored. Its
// errors are those of Compare and of [passport.Engine.Addresses].
func (c *Comparison) CompareSelected(ctx context.Context, q store.AddressQuery) iter.Seq2[Wallet, error] {
	return func(yield func(Wallet, error) bool) {
		q := q
		q.Community, q.After = c.report.Community, store.Address(c.report.After)
		var failed error
		listed := func(yield func(string) bool) {
			for address, err := range c.engine.Addresses(ctx, q) {
				if failed = err; err != nil || !yield(string(address)) {
					return
				}
			}
		}
		for wallet, err := range c.Compare(ctx, listed) {
			if !yield(wallet, err) || err != nil {
				return
			}
		}
		if failed != nil {
			c.report.Complete = false
			yield(Wallet{}, failed)
		}
	}
}

// deliver adds and yields the wallet of both plans. It reports whether the run
// goes on.
func (c *Comparison) deliver(present, other passport.Planned, yield func(Wallet, error) bool) bool {
	wallet := Wallet{Address: present.Address, Err: errors.Join(present.Err, other.Err)}
	if wallet.Err == nil {
		wallet.Err = sameCredentials(present.Plan.Changes, other.Plan.Changes)
	}
	if wallet.Err == nil {
		wallet.Present, wallet.New = present.Plan.Result, other.Plan.Result
		wallet.Recorded = wallet.Present.Before
		if err := c.report.sameTerms(&wallet); err != nil {
			yield(Wallet{}, err)
			return false
		}
		if claims(present.Plan.Changes) || claims(other.Plan.Changes) {
			c.report.Claiming++
		}
	}
	c.report.add(&wallet, c.settings.samples)
	return yield(wallet, nil)
}

// sameCredentials returns an error if the plans rest on other credentials of a
// wallet.
func sameCredentials(a, b *store.Changes) error {
	versions := make(map[store.Address]string, len(a.Wallets))
	for i := range a.Wallets {
		versions[a.Wallets[i].Address] = a.Wallets[i].Version
	}
	for i := range b.Wallets {
		if version, is := versions[b.Wallets[i].Address]; is && version != b.Wallets[i].Version {
			return fmt.Errorf("%w: the credentials changed between both decisions", store.ErrConflict)
		}
	}
	return nil
}

// claims reports whether the plan makes or changes a claim.
func claims(changes *store.Changes) bool {
	return slices.ContainsFunc(changes.Claims, func(swap store.ClaimSwap) bool { return !swap.From.Equal(swap.To) })
}
