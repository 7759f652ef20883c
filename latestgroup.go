package passport

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/passport-sdk/passport-go/store"
)

// groupReader reads the last scores of linked wallets.
type groupReader struct {
	engine    *Engine
	scores    store.LastScorer
	groups    store.Groups
	community int64
}

// latest returns the last score of the address. It is that of a member if the
// newest claim of its group is another wallet's that has a score.
func (r *groupReader) latest(ctx context.Context, address Address) (*LastScore, error) {
	last, err := r.read(ctx, address)
	if err != nil {
		return nil, err
	}
	canonical, err := r.canonicalOf(ctx, address)
	if err != nil || canonical == address {
		return last, err
	}
	first, err := r.read(ctx, canonical)
	var impossible *ScoringError
	switch {
	case errors.Is(err, ErrNeverScored) || errors.As(err, &impossible): // its claim has ended
		return last, nil
	case err != nil:
		return nil, fmt.Errorf("that of %s: %w", canonical, err)
	}
	return &LastScore{
		Community: r.community, Address: address,
		Threshold: first.Threshold, ScoredAt: first.ScoredAt, ExpiresAt: first.ExpiresAt, Linked: first,
	}, nil
}

// canonicalOf returns the canonical wallet of the newest claim that names the
// address, or the address if there is none.
func (r *groupReader) canonicalOf(ctx context.Context, address Address) (Address, error) {
	claims, err := r.groups.ListGroupClaims(ctx, r.community, address)
	if err != nil {
		return "", err
	}
	var newest *store.GroupClaim
	for i := range claims {
		if claim := &claims[i]; claim.Canonical.Valid() && (newest == nil || older(newest, claim)) {
			newest = claim
		}
	}
	if newest == nil {
		return address, nil
	}
	return newest.Canonical, nil
}

// read returns the last score of the wallet. It is outdated too if another
// wallet lacks a stamp that it counted.
func (r *groupReader) read(ctx context.Context, address Address) (*LastScore, error) {
	recorded, err := r.engine.recordedScore(ctx, r.scores, r.community, address)
	if err != nil {
		return nil, err
	}
	last, err := lastScoreOf(recorded, r.community, address)
	if err != nil {
		return nil, err
	}
	counted, err := countedOf(recorded, address)
	if err != nil {
		return nil, err
	}
	delete(counted, address)
	if len(counted) > store.MaxGroup {
		return nil, fmt.Errorf("%w: a score has stamps of %d wallets", store.ErrInternal, len(counted))
	}
	for _, wallet := range slices.Sorted(maps.Keys(counted)) {
		if last.Outdated || !wallet.Valid() {
			continue
		}
		other, err := r.scores.LastScore(ctx, r.community, wallet)
		if errors.Is(err, store.ErrNotFound) { // its stamps are not known
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("that of %s: %w", wallet, err)
		}
		last.Outdated = lacks(other.Live, counted[wallet])
	}
	last.Passing = last.PassingAt(recorded.ReadAt)
	return last, nil
}
