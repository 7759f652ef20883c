package store

import "context"

// Communities is the role that sets communities up. A store keeps every
// community of a good form, also one whose weights make no sense: the root
// package's CheckCommunity reports what to correct before PutCommunity.
type Communities interface {
	// PutCommunity must create the community with the given id, or replace its
	// name, rule, points program, scorer, weights, threshold and overlay; a
	// deleted one is there again. It keeps the fractions of decimals that the
	// columns have, rounded half away from zero: five of the threshold, four of
	// the overlay.
	//
	// An empty Rule means "LIFO", an empty Scorer "WEIGHTED_BINARY"; an empty
	// ExternalID leaves none, and an Account of 0 leaves the account that it has,
	// or takes the first, which is made if there is none. What else the service's
	// tables want is made too: a scorer of its own, address lists without
	// members, rulesets of custom credentials.
	//
	// It must return [ErrInvalid] when [Community.Validate] refuses the community,
	// [ErrNotFound] when the Account does not exist, and [ErrConflict] when another
	// community has the ExternalID, or one that is not deleted has the name in the
	// same account; after an error nothing has changed.
	PutCommunity(ctx context.Context, community Community) error
	// DeleteCommunity must mark the community deleted, and must return
	// [ErrCommunityNotFound] when there is none, or it is deleted already. Its
	// scores and claims stay.
	DeleteCommunity(ctx context.Context, id int64) error
	// FindCommunity must return the id of that community of the account, not a
	// deleted one, whose ExternalID is the given text; if there is none, of that
	// whose id is its decimal digits. It must return [ErrCommunityNotFound] when
	// neither exists, whatever the text holds.
	FindCommunity(ctx context.Context, account int64, scorer string) (int64, error)
	// PutAccount must return the id of the account of the user with that name,
	// and create what is missing. The user has no password. It must return
	// [ErrInvalid] when [CheckUsername] refuses the name.
	PutAccount(ctx context.Context, username string) (int64, error)
	// PutAddressList must create the named list, or replace its members; an
	// address that is given twice is a member once. It must return [ErrInvalid]
	// when [CheckAddressList] refuses it.
	PutAddressList(ctx context.Context, name string, addresses ...string) error
}
