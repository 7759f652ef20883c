package store

import "context"

// Communities is the role that sets communities up. The root package's
// CheckCommunity reports weights by which no wallet could be scored; a store
// does not.
type Communities interface {
	CommunityFinder

	// PutCommunity must create the community with the given id, or replace the
	// one that has it, and undelete it if necessary. [Community.Stored] returns
	// what must be kept. An Account of 0 keeps the community's account, or takes
	// the first one, which is created if necessary. Address lists that the
	// customization names are created as needed, without members.
	//
	// It must return [ErrInvalid] when [Community.Validate] refuses the community,
	// [ErrNotFound] when the Account does not exist, and [ErrConflict] when
	// another community has the ExternalID, or one that is not deleted has the
	// name in the same account. After an error nothing has changed.
	PutCommunity(ctx context.Context, community Community) error
	// DeleteCommunity must mark the community deleted. It must return
	// [ErrCommunityNotFound] when there is none or it is already deleted. Its
	// scores and claims stay.
	DeleteCommunity(ctx context.Context, id int64) error
	// PutAccount must return the id of the account of the user with that name,
	// and create what is missing. The user has no password. It must return
	// [ErrInvalid] when [CheckUsername] refuses the name.
	PutAccount(ctx context.Context, username string) (int64, error)
	// PutAddressList must create the named list, or replace its members; an
	// address that is given twice is a member once. It must return [ErrInvalid]
	// when [CheckListName] refuses the name or an address is malformed.
	PutAddressList(ctx context.Context, name string, addresses ...Address) error
}

// CommunityFinder is the role that finds the community which a caller names.
type CommunityFinder interface {
	// FindCommunity must return the id of that community of the account, not a
	// deleted one, whose ExternalID is the given text; if there is none, of the
	// one whose id is its decimal digits. It must return [ErrCommunityNotFound]
	// when neither exists, whatever the text holds.
	FindCommunity(ctx context.Context, account int64, scorer string) (int64, error)
}
