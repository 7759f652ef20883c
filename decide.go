package passport

import (
	"fmt"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// decision is the outcome of a scoring: the caller's results and the store's
// changes.
type decision struct {
	results []Result // one for each wallet of the snapshot
	changes store.Changes
	written []int // the place in results of each wallet of the changes
}

// rules are what a decision follows.
type rules struct {
	terms    terms
	program  *HumanPoints  // nil: no points
	leaving  time.Duration // unchanged scores that are younger stay; 0: none
	compared bool          // results have the score before
	grouped  bool          // wallets are linked
}

// decide makes a decision from a snapshot and the verified credentials of its
// wallets. The units are decided in their order, each on the claims as those
// before it left them. It is pure: the same arguments give the same decision,
// so a preview is a decision that is not applied. Its errors have their cause
// in the community, and are recorded.
func decide(snapshot *store.Snapshot, wallets []Address, units []unit, holdings []holding, r rules) (*decision, error) {
	d := &decision{
		results: make([]Result, len(holdings)),
		changes: store.Changes{Community: snapshot.Community.ID, At: snapshot.At, Wallets: make([]store.WalletChanges, 0, len(holdings))},
		written: make([]int, 0, len(holdings)),
	}
	all := make([]settling, len(holdings))
	for i := range holdings {
		all[i] = settling{snapshot: snapshot, at: i, candidates: holdings[i].candidates, rules: r, answer: &d.results[i]}
	}
	claims := newBook(snapshot.Claims)
	elections := make([]election, len(units))
	for i := range units {
		u, e := &units[i], &elections[i]
		if *e = u.elect(snapshot, wallets); e.obsolete {
			continue
		}
		if err := u.settle(all[u.from:u.to], e, claims, r); err != nil {
			return nil, err
		}
		for k := u.from; k < u.to; k++ {
			if !d.results[k].Unchanged {
				d.changes.Wallets = append(d.changes.Wallets, all[k].writes)
				d.written = append(d.written, k)
			}
		}
	}
	d.changes.Claims = claims.swaps()
	if r.grouped {
		d.changes.Groups = d.swap(snapshot, wallets, units, elections)
	}
	return d, nil
}

// settle decides about the wallets of the unit.
func (u *unit) settle(wallets []settling, e *election, claims *book, r rules) error {
	if len(wallets) > 1 {
		g := group{rules: r, election: *e, id: u.id, members: wallets, first: &wallets[e.canonical-u.from]}
		return g.settle(claims)
	}
	s := &wallets[0]
	s.result, s.withheld, s.stirred = s.answer, u.withheld, !e.kept && !u.solitary
	return s.settle(claims)
}

// settling is the decision about one wallet of a snapshot.
type settling struct {
	rules
	snapshot   *store.Snapshot
	at         int // the place of the wallet
	candidates []candidate
	withheld   bool     // it does not pass
	stirred    bool     // claims of groups change
	rulings    []ruling // of the candidates
	earners    []earner
	result     *Result // that is recorded
	answer     *Result // that the caller gets
	writes     store.WalletChanges
}

func (s *settling) address() Address { return s.snapshot.Wallets[s.at].Address }

// settle decides about a wallet that is scored by itself, and leaves its claims
// in the book.
func (s *settling) settle(claims *book) error {
	stated, changes := len(claims.stated), claims.changes
	if err := s.weigh(claims); err != nil {
		return err
	}
	s.result.Passing = !s.withheld && s.result.Passing
	s.award()
	var err error
	if s.writes.Score, err = scoreOf(s.result); err != nil {
		return err
	}
	repeated, err := s.compare()
	if err != nil {
		return err
	}
	if repeated && claims.changes == changes && !s.stirred && s.unchanged() {
		claims.unstate(stated)
		s.leave()
	} else {
		err = s.record()
	}
	if s.withheld {
		*s.answer = withheld(s.answer)
	}
	return err
}

// compare sets the score before, if results have it, and reports whether the
// decision repeats it.
func (s *settling) compare() (repeated bool, err error) {
	if !s.compared {
		return false, nil
	}
	if s.repeats() {
		s.result.Before, err = s.same()
		return true, err
	}
	s.result.Before = before(s.snapshot, s.at, s.candidates)
	return false, nil
}

// record completes what is written.
func (s *settling) record() error {
	for i := range s.candidates {
		if s.rulings[i].deduplicated {
			s.writes.Events = append(s.writes.Events, deduplicatedEvent(s.result.Community, s.address(), &s.candidates[i]))
		}
	}
	event, err := s.writes.Score.UpdateEvent(s.address())
	s.writes.Events = append(s.writes.Events, event)
	return err
}

// leave leaves the recorded score as it is.
func (s *settling) leave() {
	s.result.Unchanged, s.result.ScoredAt = true, s.snapshot.Wallets[s.at].LastScore.ScoredAt
}

// weigh decides about each candidate, adds up those that count, and leaves the
// wallet's claims in the book.
func (s *settling) weigh(claims *book) error {
	wallet := &s.snapshot.Wallets[s.at]
	s.rulings = lifo(wallet.Address, s.snapshot.At, claimantsOf(s.candidates), claims)
	s.writes.Address, s.writes.Version = wallet.Address, wallet.Version
	*s.result = Result{
		Community: s.snapshot.Community.ID, Address: wallet.Address, Threshold: s.terms.threshold, ScoredAt: s.snapshot.At,
		Stamps: make([]Stamp, len(s.candidates)),
	}
	s.writes.Counted = make([]int64, 0, len(s.candidates))
	for i := range s.candidates {
		c, stamp := &s.candidates[i], &s.result.Stamps[i]
		stamp.Provider, stamp.ExpiresAt = c.row.Provider, c.content.ExpiresAt
		switch ruled := s.rulings[i]; {
		case !c.valid:
			stamp.Outcome, stamp.Reason, stamp.Why = LeftOut, c.reason, c.why
		case ruled.deduplicated:
			stamp.Outcome, stamp.ClaimedUntil = Deduplicated, ruled.until
			stamp.Why = "claimed by another wallet until " + day(ruled.until)
		default:
			stamp.Outcome = Counted
			if err := s.result.count(stamp, s.terms.weights); err != nil {
				return err
			}
			s.writes.Counted = append(s.writes.Counted, c.row.ID)
			if s.program != nil {
				s.earners = append(s.earners, earner{c.row.Provider, c.content.Nullifiers, c.content.Legacy})
			}
		}
	}
	s.result.Passing = s.result.Score.Cmp(s.terms.threshold) >= 0
	return nil
}

// award decides about human points.
func (s *settling) award() {
	community := &s.snapshot.Community
	if s.program == nil || !community.HumanPoints || !s.result.Passing || s.snapshot.At.Before(s.program.Start) {
		return
	}
	history, given := &s.snapshot.Points.Wallets[s.at], s.snapshot.Points.Given
	s.writes.Qualified, s.writes.Awards = s.program.award(community.ID, s.earners, history, given)
	s.result.Points = points(s.writes.Awards, preview(&s.writes, history, given), s.snapshot.Points.Values)
}

// count adds the weight of a stamp that counts to the score.
func (r *Result) count(stamp *Stamp, weights map[string]Decimal) (err error) {
	weight, weighed := weights[stamp.Provider]
	if !weighed {
		stamp.Why = "the community gives this provider no weight"
	}
	stamp.Weight = weight
	if r.Score, err = r.Score.add(weight); err != nil {
		return fmt.Errorf("%w: adding %s for %.100q: %w", ErrInvalidWeights, weight, stamp.Provider, err)
	}
	if r.ExpiresAt.IsZero() || stamp.ExpiresAt.Before(r.ExpiresAt) {
		r.ExpiresAt = stamp.ExpiresAt
	}
	return nil
}

// claimantsOf returns a claimant for each candidate. One that is not valid has
// no nullifiers.
func claimantsOf(candidates []candidate) []claimant {
	claimants := make([]claimant, len(candidates))
	for i := range candidates {
		if c := &candidates[i]; c.valid {
			claimants[i] = claimant{nullifiers: c.content.Nullifiers, expiresAt: c.content.ExpiresAt}
		}
	}
	return claimants
}

// failure returns the change set that records why the wallet could not be
// scored.
func failure(snapshot *store.Snapshot, wallet *store.Wallet, cause error) *store.Changes {
	score := store.Score{Status: store.StatusError, Error: cause.Error()}
	return &store.Changes{
		Community: snapshot.Community.ID,
		At:        snapshot.At,
		Wallets:   []store.WalletChanges{{Address: wallet.Address, Version: wallet.Version, Score: score}},
	}
}
