package passport

import (
	"context"
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
// An address that has none yet is an [ErrNeverScored], and so is one that the
// service has queued to be scored anew: what its row still holds is not to be
// relied on. One whose last scoring failed is a *[ScoringError] with the recorded
// reason. Other errors are those of [Engine.Score].
func (e *Engine) Latest(ctx context.Context, community int64, address string) (*Standing, error) {
	parsed, err := ParseAddress(address)
	if err != nil {
		return nil, err
	}
	seen := Observation{Community: community, Address: parsed}
	snapshot, err := e.load(ctx, &seen)
	var standing *Standing
	if err == nil {
		standing, err = standingOf(snapshot.Wallets[0].Score, community, parsed)
	}
	var impossible *ScoringError
	if err == nil || errors.As(err, &impossible) {
		return standing, err
	}
	if !errors.Is(err, ErrNeverScored) {
		e.report(ctx, "reading a score failed", &seen, err)
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
	read, err := ParseEvidence(row.Evidence)
	if err != nil {
		return nil, err
	}
	return &Standing{
		Community: community, Address: address,
		Passing: read.Passing, Score: read.Score, Threshold: read.Threshold,
		ScoredAt: row.ScoredAt, ExpiresAt: row.ExpiresAt,
	}, nil
}
