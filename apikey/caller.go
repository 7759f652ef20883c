package apikey

import (
	"context"
	"fmt"
	"reflect"

	"github.com/passport-sdk/passport-go/store"
)

// FindsCallers reports whether [Registry.CheckCaller] finds communities, and
// those of that store: the keys of the registry must be in it, and it must have
// the role [store.CallerFinder].
func (r *Registry) FindsCallers(db store.CommunityFinder) bool {
	return r.callers != nil && reflect.ValueOf(r.callers).Comparable() && any(db) == any(r.callers)
}

// CheckCaller is [Registry.Check], and returns with the key the community of
// its account that the scorer names, 0 if there is none. The store finds both
// in one lookup; nothing about communities is returned for a key that is
// refused. It returns [store.ErrMisconfigured] if the store lacks the role
// [store.CallerFinder].
func (r *Registry) CheckCaller(ctx context.Context, key, scorer string) (*store.Caller, error) {
	if r.callers == nil {
		return nil, fmt.Errorf("%w: %T lacks the role store.CallerFinder", store.ErrMisconfigured, r.keys)
	}
	return r.check(ctx, key, func(ctx context.Context, prefix string) (*store.Caller, error) {
		return r.callers.FindCaller(ctx, prefix, scorer)
	})
}
