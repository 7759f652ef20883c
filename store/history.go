package store

import (
	"context"
	"time"
)

// History is the role that reads past scores, events and claims.
type History interface {
	LastScorer
	ScoreFinder

	// ListEvents must return a page of the events about the address in the
	// community, newest first whichever way it was asked for; none is no error. It
	// must return [ErrInvalid] for a malformed address, or when [Page.Validate]
	// refuses the page.
	ListEvents(ctx context.Context, community int64, address Address, page Page) ([]RecordedEvent, error)
	// ListClaims must return the claims that the address holds in the community,
	// expired ones too, ordered by nullifier in bytes; none is no error. It must
	// return [ErrInvalid] for a malformed address.
	ListClaims(ctx context.Context, community int64, address Address) ([]Claim, error)
}

// LastScorer is the role that reads the last score of an address.
type LastScorer interface {
	// LastScore must return the last score recorded for the address in the
	// community, and [ErrNotFound] when there is none. It must return
	// [ErrCommunityNotFound] when the community does not exist or is deleted, and
	// [ErrInvalid] for a malformed address.
	LastScore(ctx context.Context, community int64, address Address) (*RecordedScore, error)
}

// ScoreFinder is the role that finds the score of an address at a past moment.
type ScoreFinder interface {
	// ScoreAt must return the newest [ActionScoreUpdate] event of the address in
	// the community at or before the given time (of equal times, the one with the
	// highest id), and [ErrNotFound] when there is none. It must return
	// [ErrInvalid] for a malformed address. A community that does not exist has
	// no events. The data must be as it was recorded, in whichever form: the root
	// package's ParseEvent reads all of them.
	ScoreAt(ctx context.Context, community int64, address Address, at time.Time) (*RecordedEvent, error)
}

// RecordedScore is a score as it was recorded.
type RecordedScore struct {
	Score
	ReadAt time.Time // when it was read, by the store's clock, in UTC and whole microseconds
	Scorer string    // the type of the community's scorer
	// Live are the providers of the address's live credentials, each once and in
	// any order.
	Live []string
}

// RecordedEvent is an event as it was recorded.
type RecordedEvent struct {
	Event
	ID int64     // later events have higher ids
	At time.Time // Changes.At of the scoring that recorded it
}
