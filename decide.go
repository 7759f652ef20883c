package passport

import (
	"fmt"

	"github.com/passport-sdk/passport-go/store"
)

// decision is the outcome of a scoring: the caller's result and the store's
// changes.
type decision struct {
	result  Result
	changes store.Changes
}

// decide makes a decision from a snapshot and the verified credentials of its
// one wallet. It is pure: the same arguments give the same decision, so a
// preview is a decision that is not applied. Its errors have their cause in the
// community, and are recorded.
func decide(snapshot *store.Snapshot, candidates []candidate, terms terms, program *HumanPoints) (*decision, error) {
	wallet := &snapshot.Wallets[0]
	rulings, swaps := lifo(wallet.Address, snapshot.At, claimantsOf(candidates), snapshot.Claims)
	writes := store.WalletChanges{Address: wallet.Address, Version: wallet.Version}
	result := Result{
		Community: snapshot.Community.ID, Address: wallet.Address, Threshold: terms.threshold, ScoredAt: snapshot.At,
		Stamps: make([]Stamp, 0, len(candidates)),
	}
	var earners []earner
	for i := range candidates {
		c := &candidates[i]
		stamp := Stamp{Provider: c.row.Provider, ExpiresAt: c.content.ExpiresAt}
		switch ruled := rulings[i]; {
		case !c.valid:
			stamp.Outcome, stamp.Reason, stamp.Why = LeftOut, c.reason, c.why
		case ruled.deduplicated:
			stamp.Outcome, stamp.ClaimedUntil = Deduplicated, ruled.until
			stamp.Why = "claimed by another wallet until " + day(ruled.until)
			writes.Events = append(writes.Events, deduplicatedEvent(result.Community, result.Address, c))
		default:
			stamp.Outcome = Counted
			if err := result.count(&stamp, terms.weights); err != nil {
				return nil, err
			}
			writes.Counted = append(writes.Counted, c.row.ID)
			earners = append(earners, earner{c.row.Provider, c.content.Nullifiers, c.content.Legacy})
		}
		result.Stamps = append(result.Stamps, stamp)
	}
	result.Passing = result.Score.Cmp(terms.threshold) >= 0
	if program != nil && snapshot.Community.HumanPoints && result.Passing && !snapshot.At.Before(program.Start) {
		history, given := &snapshot.Points.Wallets[0], snapshot.Points.Given
		writes.Qualified, writes.Awards = program.award(result.Community, earners, history, given)
		result.Points = points(writes.Awards, preview(&writes, history, given), snapshot.Points.Values)
	}
	var err error
	if writes.Score, err = scoreOf(&result); err != nil {
		return nil, err
	}
	event, err := writes.Score.UpdateEvent(wallet.Address)
	writes.Events = append(writes.Events, event)
	changes := store.Changes{
		Community: result.Community, At: snapshot.At, Wallets: []store.WalletChanges{writes}, Claims: swaps,
	}
	return &decision{result, changes}, err
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

// failure returns the change set that records why the community cannot be
// scored.
func failure(snapshot *store.Snapshot, cause error) *store.Changes {
	wallet := &snapshot.Wallets[0]
	score := store.Score{Status: store.StatusError, Error: cause.Error()}
	return &store.Changes{
		Community: snapshot.Community.ID,
		At:        snapshot.At,
		Wallets:   []store.WalletChanges{{Address: wallet.Address, Version: wallet.Version, Score: score}},
	}
}
