package simulation

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// reading is what a Load has read, and to which decisions it must lead.
type reading struct {
	community int64
	addresses []store.Address
	decisions []*decision // of the addresses
	// last are the last scorings of the addresses, nil for none.
	last []*scoring
	// holders are those of all claims.
	holders map[nullifier]store.Holder
	// qualified are the places that had qualified.
	qualified map[place]bool
}

func newReading(m *model, q *store.Query, at time.Time) *reading {
	r := &reading{
		community: q.Community, addresses: slices.Clone(q.Addresses), decisions: m.decideAll(q.Community, q.Addresses, at),
		holders: maps.Clone(m.holders), qualified: maps.Clone(m.qualified),
	}
	for _, address := range q.Addresses {
		r.last = append(r.last, m.last(place{q.Community, address}))
	}
	return r
}

// of returns the decision about the address, nil if it was not read.
func (r *reading) of(address store.Address) *decision {
	if i := slices.Index(r.addresses, address); i >= 0 {
		return r.decisions[i]
	}
	return nil
}

// claims returns the claims that the change set must state: those of all
// decisions about its wallets, the later of which prevails.
func (r *reading) claims(c *store.Changes) map[string]store.Holder {
	all := map[string]store.Holder{}
	for i, address := range r.addresses {
		if slices.ContainsFunc(c.Wallets, func(w store.WalletChanges) bool { return w.Address == address }) {
			maps.Copy(all, r.decisions[i].claims)
		}
	}
	return all
}

// unchanged demands that a score which was left alone was the recorded one when
// it was read, and that nothing was to be written.
func (r *reading) unchanged(result *passport.Result, age time.Duration) error {
	i := slices.Index(r.addresses, result.Address)
	if i < 0 || result.Community != r.community {
		return errors.New("it was not read")
	}
	d, last := r.decisions[i], r.last[i]
	at := place{r.community, result.Address}
	switch {
	case last == nil || last.fails != nil || d.fails != nil:
		return errors.New("there is no score that it could be")
	case last.at.After(d.at) || d.at.Sub(last.at) >= age:
		return fmt.Errorf("the recorded score is of %v, and it is %v", last.at, d.at)
	case !slices.Equal(d.rows(), last.rows()):
		return errors.New("other credentials counted")
	case d.earns && !r.qualified[at]:
		return errors.New("it qualifies")
	}
	for n, to := range d.claims {
		if from := r.holders[nullifier{r.community, n}]; !from.Equal(to) {
			return fmt.Errorf("the claim on %q moves from %v to %v", n, from, to)
		}
	}
	for provider, was := range last.fates {
		if is := d.fates[provider]; (was.outcome == passport.Deduplicated) != (is.outcome == passport.Deduplicated) {
			return fmt.Errorf("%s was %s, and is %s", provider, was.outcome, is.outcome)
		}
	}
	recorded := *d
	recorded.at = last.at
	if err := recorded.matches(result); err != nil {
		return err
	}
	return last.standing(result.Score, result.Threshold, result.Passing, result.ScoredAt, result.ExpiresAt)
}

// rows returns the proofs of the credentials that count, in order.
func (d *decision) rows() []string {
	var proofs []string
	for _, f := range d.counted {
		proofs = append(proofs, f.ProofValue)
	}
	return slices.Sorted(slices.Values(proofs))
}
