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
	Passing   bool
	Score     Decimal
	Threshold Decimal
	// ScoredAt and ExpiresAt are as in [Result]. That a score has expired since
	// is for the caller to compare.
	ScoredAt, ExpiresAt time.Time
}

// Latest returns the last score recorded for the address, by this SDK or by
// the service, without scoring again.
//
// An address that has none yet is an [ErrNeverScored]; one whose last scoring
// failed is a *[ScoringError] with the recorded reason. Other errors are those
// of [Engine.Score].
func (e *Engine) Latest(ctx context.Context, community int64, address string) (*Standing, error) {
	parsed, err := ParseAddress(address)
	if err != nil {
		return nil, err
	}
	seen := Observation{Community: community, Address: parsed}
	snapshot, err := e.load(ctx, &seen)
	if err != nil {
		return nil, err
	}
	standing, err := standingOf(snapshot.Wallets[0].Score, community, parsed)
	var failed *ScoringError
	if err == nil || errors.As(err, &failed) {
		return standing, err
	}
	return nil, fmt.Errorf("reading the score of %s in community %d: %w", parsed, community, err)
}

func standingOf(row *store.Score, community int64, address Address) (*Standing, error) {
	switch {
	case row == nil:
		return nil, ErrNeverScored
	case row.Status == store.StatusError:
		return nil, &ScoringError{Community: community, Address: address, Err: errors.New(row.Error)}
	case row.Status != store.StatusDone:
		return nil, fmt.Errorf("%w: its scoring is queued (%.20s)", ErrNeverScored, row.Status)
	}
	var told evidence
	if err := json.Unmarshal(row.Evidence, &told); err != nil || told.Type != thresholdEvidence {
		return nil, fmt.Errorf("%w: the evidence is not a %s", store.ErrFault, thresholdEvidence)
	}
	standing := &Standing{
		Community: community, Address: address, Passing: told.Success, ScoredAt: row.ScoredAt, ExpiresAt: row.ExpiresAt,
	}
	if err := standing.Score.UnmarshalText([]byte(told.RawScore)); err != nil {
		return nil, fmt.Errorf("%w: raw score: %w", store.ErrFault, err)
	}
	if err := standing.Threshold.UnmarshalText([]byte(told.Threshold)); err != nil {
		return nil, fmt.Errorf("%w: threshold: %w", store.ErrFault, err)
	}
	return standing, nil
}
