package store

import "context"

// CallerFinder is the role that finds an API key together with the community
// that its caller names, so that a request needs one lookup in place of two. A
// wrapper that changes what FindKey or FindCommunity returns must change
// FindCaller as well.
type CallerFinder interface {
	Keys
	CommunityFinder

	// FindCaller must return the key that FindKey returns for the prefix, with the
	// community that FindCommunity returns for the account of that key and the
	// scorer. It must return [ErrNotFound] when there is no such key, whatever
	// either text holds; that there is no such community is no error.
	FindCaller(ctx context.Context, prefix, scorer string) (*Caller, error)
}

// Caller is an API key with a community that its account may score for.
type Caller struct {
	Key       Key
	Community int64 // its id, 0 if the account has none that the scorer names
}
