package passport

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// Standing is the last recorded score of an address.
type Standing struct {
	Community int64
	Address   Address
	// Passing reports whether the recorded score still stood when it was read:
	// it passed, has not expired by the store's clock, and is not outdated.
	Passing bool
	// PassedWhenScored reports whether the score reached the threshold when it
	// was recorded, whatever has happened since.
	PassedWhenScored bool
	// Outdated reports whether a stamp that counted has been deleted or revoked
	// since, as far as the score's row names its stamps. A stamp that was
	// replaced or added is for the next scoring to judge.
	Outdated         bool
	Score, Threshold Decimal
	// ScoredAt and ExpiresAt are as in [Result].
	ScoredAt, ExpiresAt time.Time
}

// PassingAt reports whether the score stands at the moment as well, as far as
// the standing knows: it is for a standing that is kept.
func (s *Standing) PassingAt(moment time.Time) bool {
	return s.PassedWhenScored && !s.Outdated && (s.ExpiresAt.IsZero() || moment.Before(s.ExpiresAt))
}

// Latest returns the last score recorded for the address, by this SDK or by
// the service, without scoring again.
//
// An address that has none yet is an [ErrNeverScored], and so is one that the
// service has queued to be scored again: its row is out of date. One whose last
// scoring failed is a *[ScoringError] with the recorded reason. A row that makes
// no sense is a store.ErrFault. Other errors are those of [Engine.Score].
func (e *Engine) Latest(ctx context.Context, community int64, address string) (*Standing, error) {
	parsed, err := ParseAddress(address)
	if err != nil {
		return nil, err
	}
	seen := Observation{Community: community, Address: parsed, Latest: true}
	seen.Standing, seen.Err = e.latest(ctx, &seen)
	e.notify(ctx, seen)
	return seen.Standing, seen.Err
}

func (e *Engine) latest(ctx context.Context, seen *Observation) (*Standing, error) {
	seen.Attempts++
	snapshot, err := e.load(ctx, seen)
	var standing *Standing
	if err == nil {
		standing, err = standingOf(snapshot, seen.Address)
	}
	var impossible *ScoringError
	if err == nil || errors.As(err, &impossible) {
		return standing, err
	}
	if !errors.Is(err, ErrNeverScored) {
		e.report(ctx, "reading a score failed", seen, err)
	}
	return nil, fmt.Errorf("reading the score of %s in community %d: %w", seen.Address, seen.Community, err)
}

func standingOf(snapshot *store.Snapshot, address Address) (*Standing, error) {
	community, row := &snapshot.Community, snapshot.Wallets[0].Score
	switch {
	case row == nil:
		return nil, ErrNeverScored
	case row.Status == store.StatusError:
		return nil, &ScoringError{Community: community.ID, Address: address, Err: errors.New(row.Error)}
	case row.Status != store.StatusDone:
		return nil, fmt.Errorf("%w: its scoring is queued (%.20s)", ErrNeverScored, row.Status)
	}
	read, err := evidenceOf(row.Evidence, row.Value)
	if err != nil {
		return nil, err
	}
	if community.Scorer == store.ScorerBinary && !hasEvidence(row.Evidence) && (row.Value == "0" || row.Value == "1") {
		return nil, fmt.Errorf("%w: a score of %s without evidence may be a verdict or a sum", store.ErrFault, row.Value)
	}
	outdated, err := isOutdated(&snapshot.Wallets[0])
	if err != nil {
		return nil, err
	}
	standing := &Standing{
		Community: community.ID, Address: address, PassedWhenScored: read.Passing, Outdated: outdated,
		Score: read.Score, Threshold: read.Threshold, ScoredAt: row.ScoredAt, ExpiresAt: row.ExpiresAt,
	}
	standing.Passing = standing.PassingAt(snapshot.At)
	return standing, nil
}

// isOutdated reports whether the wallet lacks a stamp that its score counted.
func isOutdated(wallet *store.Wallet) (bool, error) {
	if wallet.Score.Stamps == nil {
		return false, nil // the service did not always record them
	}
	var stamps map[string]struct {
		Dedup  bool   `json:"dedup"`
		Wallet string `json:"source_wallet"` // another's, if wallets are linked
	}
	if json.Unmarshal(wallet.Score.Stamps, &stamps) != nil {
		return false, fmt.Errorf("%w: the stamps of a score have another form", store.ErrFault)
	}
	for _, c := range wallet.Credentials {
		delete(stamps, c.Provider)
	}
	for _, s := range stamps {
		if !s.Dedup && (s.Wallet == "" || s.Wallet == wallet.Address) {
			return true, nil
		}
	}
	return false, nil
}
