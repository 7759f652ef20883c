package apikey

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/passport-sdk/passport-go/apikey/ratelimit"
	"github.com/passport-sdk/passport-go/store"
)

// DefaultRateLimit is the rate limit of a new key, as in the service.
const DefaultRateLimit = "125/15m"

// creationAttempts bounds the search for a prefix that is not taken.
const creationAttempts = 5

// KeyParams describes a key to be created.
type KeyParams struct {
	// Name is for people, at most [store.MaxKeyName] characters.
	Name string
	// Account is the id of the account that the key belongs to.
	Account int64
	// ExpiresAt is the time from which it is refused; zero for never.
	ExpiresAt time.Time
	// RateLimit is a text for [ratelimit.ParseRate]; empty means
	// [DefaultRateLimit].
	RateLimit string
	// Unlimited, in place of a RateLimit, means no limit.
	Unlimited bool
	// ReadScores, Historical, SubmitPassports and CreateScorers are the
	// permissions of the key. Only the service uses CreateScorers.
	ReadScores, Historical, SubmitPassports, CreateScorers bool
}

// Create stores a new key and returns it with its row. The secret,
// "<8 characters>.<32 characters>" of letters and digits, cannot be read again:
// the row holds its SHA-256, which is enough for 160 random bits. The service
// accepts the key too. Times are kept in UTC and whole microseconds.
//
// Create returns [store.ErrInvalid] for invalid parameters, [store.ErrNotFound]
// when the account does not exist, and the store's other errors, wrapped.
func (r *Registry) Create(ctx context.Context, k KeyParams) (secret string, row *store.Key, err error) {
	limit, err := k.rateLimit()
	if err != nil {
		return "", nil, fmt.Errorf("creating an API key: %w: %w", store.ErrInvalid, err)
	}
	now, expiresAt := store.Microseconds(r.now()), store.Microseconds(k.ExpiresAt)
	if !k.ExpiresAt.IsZero() && !expiresAt.After(now) {
		return "", nil, fmt.Errorf("creating an API key: %w: it would be expired already", store.ErrInvalid)
	}
	for range creationAttempts {
		prefix := rand.Text()[:store.MaxKeyPrefix]
		secret = prefix + "." + (rand.Text() + rand.Text())[:32]
		hash := sha256Text(secret)
		row = &store.Key{
			ID: prefix + "." + hash, Prefix: prefix, Hash: hash, SHA256: hash,
			Name: k.Name, Account: k.Account, CreatedAt: now, ExpiresAt: expiresAt, RateLimit: limit,
			ReadScores: k.ReadScores, Historical: k.Historical, SubmitPassports: k.SubmitPassports, CreateScorers: k.CreateScorers,
		}
		if err = r.keys.AddKey(ctx, *row); err == nil {
			return secret, row, nil
		}
		if !errors.Is(err, store.ErrConflict) {
			break
		}
	}
	return "", nil, fmt.Errorf("creating an API key: %w", err)
}

func (k *KeyParams) rateLimit() (string, error) {
	if k.Unlimited && k.RateLimit != "" {
		return "", errors.New("it has a rate limit and is unlimited")
	}
	if k.Unlimited {
		return "", nil
	}
	limit := cmp.Or(k.RateLimit, DefaultRateLimit)
	_, err := ratelimit.ParseRate(limit)
	return limit, err
}
