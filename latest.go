package passport

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// LastScore is the last recorded score of an address.
type LastScore struct {
	Community int64
	Address   Address
	// Passing reports whether the score was valid when it was read: it passed,
	// has not expired by the store's clock, and is not outdated.
	Passing bool
	// PassedWhenScored reports whether the score reached the threshold when it
	// was recorded.
	PassedWhenScored bool
	// Outdated reports whether a stamp that counted has been deleted or revoked
	// since, as far as the score names its stamps. Replaced and added stamps do
	// not make it outdated.
	Outdated         bool
	Score, Threshold Decimal
	// ScoredAt and ExpiresAt are as in [Result].
	ScoredAt, ExpiresAt time.Time
	// Linked is the score of the canonical wallet of the address's group, as
	// [Engine.Latest] returns it for another member; see [WithGroups]. The member
	// itself has a score of 0, and the canonical wallet's threshold and times.
	Linked *LastScore
}

// PassingAt reports whether the score, as it was read, is valid at the given
// time.
func (s *LastScore) PassingAt(at time.Time) bool {
	return s.PassedWhenScored && !s.Outdated && (s.ExpiresAt.IsZero() || at.Before(s.ExpiresAt))
}

// Latest returns the last score that this SDK or the service has recorded for
// the address, without scoring again. With [WithGroups] that of a member of a
// group is as its last answer was; the source of groups is not asked, but the
// newest group claim that the store has recorded. On a store with a replica a
// score that was recorded just before may be missing: see pgstore.WithReplica.
//
// It returns [ErrNeverScored] if there is no score, or the service has queued
// the address to be scored again; a *[ScoringError] with the recorded reason if
// the last scoring failed; store.ErrInternal for a score in an unknown form;
// and [ErrMisconfigured] on a store without the role [store.LastScorer]. Other
// errors are those of [Engine.Score].
func (e *Engine) Latest(ctx context.Context, community int64, address string) (*LastScore, error) {
	parsed, err := ParseAddress(address)
	if err != nil {
		return nil, err
	}
	s := scoring{engine: e, observation: Observation{Community: community, Address: parsed, Latest: true}, began: time.Now()}
	ctx, end := s.begin(ctx)
	last, err := s.latest(ctx)
	s.observation.LastScore, s.observation.Err = last, err
	s.notify(ctx)
	end(err)
	return last, err
}

func (s *scoring) latest(ctx context.Context) (*LastScore, error) {
	o := &s.observation
	o.Attempts++
	within, end := s.engine.settings.begin(ctx, Step{Name: StepLoad, Community: o.Community, Address: o.Address, Wallets: 1, Attempt: o.Attempts})
	last, err := s.lastScore(within)
	end(err)
	var impossible *ScoringError
	if err == nil || errors.As(err, &impossible) {
		return last, err
	}
	if !errors.Is(err, ErrNeverScored) {
		s.report(ctx, "reading a score failed", err)
	}
	return nil, fmt.Errorf("reading the score of %s in community %d: %w", o.Address, o.Community, err)
}

func (s *scoring) lastScore(ctx context.Context) (*LastScore, error) {
	o := &s.observation
	scores, has := s.engine.store.(store.LastScorer)
	if !has {
		return nil, fmt.Errorf("%w: Latest needs a store with the role store.LastScorer, which %T lacks", ErrMisconfigured, s.engine.store)
	}
	began := time.Now()
	defer func() { o.Load += time.Since(began) }()
	if groups, has := s.engine.store.(store.Groups); has && s.engine.settings.grouped {
		r := groupReader{s.engine, scores, groups, o.Community}
		return r.latest(ctx, o.Address)
	}
	recorded, err := s.engine.recordedScore(ctx, scores, o.Community, o.Address)
	if err != nil {
		return nil, err
	}
	return lastScoreOf(recorded, o.Community, o.Address)
}

// recordedScore reads a score. It returns [ErrNeverScored] if there is none.
func (e *Engine) recordedScore(ctx context.Context, scores store.LastScorer, community int64, address Address) (*store.RecordedScore, error) {
	recorded, err := scores.LastScore(ctx, community, address)
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrNeverScored
	}
	if err != nil {
		return nil, err
	}
	if now := store.Microseconds(e.settings.clock()); !now.IsZero() {
		recorded.ReadAt = now
	}
	return recorded, nil
}

func lastScoreOf(recorded *store.RecordedScore, community int64, address Address) (*LastScore, error) {
	switch {
	case recorded.Status == store.StatusError:
		return nil, &ScoringError{Community: community, Address: address, Err: errors.New(recorded.Error)}
	case recorded.Status != store.StatusDone:
		return nil, fmt.Errorf("%w: its scoring is queued (%.20s)", ErrNeverScored, recorded.Status)
	}
	read, err := evidenceOf(recorded.Evidence, recorded.Value)
	if err != nil {
		return nil, err
	}
	if recorded.Scorer == store.ScorerBinary && !hasEvidence(recorded.Evidence) && isVerdict(read.Score) {
		return nil, fmt.Errorf("%w: a score of %s without evidence may be a verdict or a sum", store.ErrInternal, recorded.Value)
	}
	outdated, err := isOutdated(recorded, address)
	if err != nil {
		return nil, err
	}
	last := &LastScore{
		Community: community, Address: address, PassedWhenScored: read.Passing, Outdated: outdated,
		Score: read.Score, Threshold: read.Threshold, ScoredAt: recorded.ScoredAt, ExpiresAt: recorded.ExpiresAt,
	}
	last.Passing = last.PassingAt(recorded.ReadAt)
	return last, nil
}

// isVerdict reports whether the score may mean "passes" or "does not pass".
func isVerdict(score Decimal) bool {
	text := score.Fixed(places)
	return text == "0.00000" || text == "1.00000"
}

// isOutdated reports whether the address lacks a stamp of its own that its
// score counted.
func isOutdated(recorded *store.RecordedScore, address Address) (bool, error) {
	counted, err := countedOf(recorded, address)
	return lacks(recorded.Live, counted[address]), err
}

// countedOf returns the providers of the stamps that a score of the address
// counted, by the wallet that has them. Some are others' if wallets are linked.
func countedOf(recorded *store.RecordedScore, address Address) (map[Address][]string, error) {
	if recorded.Stamps == nil {
		return nil, nil // the service did not always record them
	}
	var stamps map[string]struct {
		Dedup  bool    `json:"dedup"`
		Wallet Address `json:"source_wallet"`
	}
	if json.Unmarshal(recorded.Stamps, &stamps) != nil {
		return nil, fmt.Errorf("%w: the stamps of a score have another form", store.ErrInternal)
	}
	counted := map[Address][]string{}
	for provider, stamp := range stamps {
		if !stamp.Dedup {
			wallet := cmp.Or(stamp.Wallet, address)
			counted[wallet] = append(counted[wallet], provider)
		}
	}
	return counted, nil
}

// lacks reports whether some of the wanted ones are not on the list.
func lacks(list, wanted []string) bool {
	listed := make(map[string]bool, len(list))
	for _, item := range list {
		listed[item] = true
	}
	return slices.ContainsFunc(wanted, func(item string) bool { return !listed[item] })
}
