package store

import (
	"cmp"
	"context"
	"time"
)

// History is the role of whoever looks back. All of it reads only.
type History interface {
	// ScoreAt must return the data of the newest [ActionScoreUpdate] event of the
	// address in the community at or before the moment (of equal moments, of the
	// highest id), and [ErrNotFound] when there is none. It must return
	// [ErrInvalid] for a malformed address. A community that does not exist has
	// no events. The data must be as it was recorded, in whichever form: the root
	// package's ParseEvent reads all of them.
	ScoreAt(ctx context.Context, community int64, address string, at time.Time) (*RecordedEvent, error)
	// ListEvents must return a page of the events about the address in the
	// community, newest first whichever way it was asked for; none is no error. It
	// must return [ErrInvalid] for a malformed address, or when [Page.Validate]
	// refuses the page.
	ListEvents(ctx context.Context, community int64, address string, page Page) ([]RecordedEvent, error)
	// ListClaims must return the claims that the address holds in the community,
	// expired ones too, ordered by nullifier in bytes; none is no error. It must
	// return [ErrInvalid] for a malformed address.
	ListClaims(ctx context.Context, community int64, address string) ([]Claim, error)
}

// RecordedEvent is an event as it was recorded.
type RecordedEvent struct {
	Event

	// ID is the id of the row.
	ID int64
	// At is the moment at which it was recorded.
	At time.Time
}

// Points is the role of whoever tells an address what it has earned.
type Points interface {
	// LoadPoints must return what the points of the address are computed from; an
	// address without any is no error. It must return [ErrInvalid] for a
	// malformed address.
	LoadPoints(ctx context.Context, address string) (*PointsLedger, error)
}

// PointsLedger is what the points of an address are computed from. The root
// package's TotalPoints computes them.
type PointsLedger struct {
	// Awards are the points rows of the address, in the order of [CompareAwards].
	Awards []Award
	// Values are the points of each active action.
	Values map[string]int
	// Multiplier is the address's, 1 when it has none.
	Multiplier int
	// Eligible tells whether the address has qualified in any community.
	Eligible bool
}

// CompareAwards orders awards by action, provider and transaction hash, each in
// bytes, and chain; it is for [slices.SortFunc].
func CompareAwards(a, b Award) int {
	return cmp.Or(
		cmp.Compare(a.Action, b.Action),
		cmp.Compare(a.Provider, b.Provider),
		cmp.Compare(a.TxHash, b.TxHash),
		cmp.Compare(a.ChainID, b.ChainID),
	)
}
