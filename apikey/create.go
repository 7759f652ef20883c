package apikey

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// DefaultRateLimit is the service's rate limit of a new key.
const DefaultRateLimit = "125/15m"

const (
	prefixLength = 8
	secretLength = 32
	// Two of 62^8 prefixes are hardly ever the same.
	creationAttempts = 5
)

// NewKey is what a key to be created may do.
type NewKey struct {
	// Name is for people, at most [store.MaxKeyName] characters.
	Name string
	// Account is the id of the account that the key belongs to.
	Account int64
	// ExpiresAt is the moment from which it is refused; zero for never.
	ExpiresAt time.Time
	// RateLimit is a text for [ParseRate]; empty means [DefaultRateLimit].
	RateLimit string
	// Unlimited, in place of a RateLimit, lets it call without limit.
	Unlimited bool
	// ReadScores, Historical, SubmitPassports and CreateScorers are what the key
	// may be used for. CreateScorers means something to the service only.
	ReadScores, Historical, SubmitPassports, CreateScorers bool
}

// Create stores a new key and returns it with its row. This is the only time
// that the secret, "<8 characters>.<32 characters>" of letters and digits, is
// to be had: the row holds its SHA-256, which is enough for 190 random bits.
// The service accepts it too.
//
// Moments are kept in UTC, to the microsecond; what is finer is cut off.
//
// It returns [store.ErrInvalid] for a key that cannot be, [store.ErrNotFound]
// when the account does not exist, and the store's other errors, wrapped.
func (c *Checker) Create(ctx context.Context, k NewKey) (secret string, row *store.Key, err error) {
	limit, err := k.rateLimit()
	if err != nil {
		return "", nil, err
	}
	now, expiresAt := stored(c.now()), stored(k.ExpiresAt)
	if !k.ExpiresAt.IsZero() && !expiresAt.After(now) {
		return "", nil, fmt.Errorf("creating an API key: %w: it would be expired already", store.ErrInvalid)
	}
	for range creationAttempts {
		prefix := randomText(prefixLength)
		secret = prefix + "." + randomText(secretLength)
		hash := sha256Text(secret)
		row = &store.Key{
			ID: prefix + "." + hash, Prefix: prefix, Hash: hash, SHA256: hash,
			Name: k.Name, Account: k.Account, CreatedAt: now, ExpiresAt: expiresAt, RateLimit: limit,
			ReadScores: k.ReadScores, Historical: k.Historical, SubmitPassports: k.SubmitPassports, CreateScorers: k.CreateScorers,
		}
		if err = c.rows.AddKey(ctx, *row); err == nil {
			return secret, row, nil
		}
		if !errors.Is(err, store.ErrConflict) {
			break
		}
	}
	return "", nil, fmt.Errorf("creating an API key: %w", err)
}

// stored returns the moment as a store holds it.
func stored(at time.Time) time.Time { return at.UTC().Truncate(time.Microsecond) }

func (k *NewKey) rateLimit() (string, error) {
	if k.Unlimited {
		if k.RateLimit != "" {
			return "", fmt.Errorf("creating an API key: %w: it has a rate limit and is unlimited", store.ErrInvalid)
		}
		return "", nil
	}
	if k.RateLimit == "" {
		return DefaultRateLimit, nil
	}
	if _, err := ParseRate(k.RateLimit); err != nil {
		return "", fmt.Errorf("creating an API key: %w: %w", store.ErrInvalid, err)
	}
	return k.RateLimit, nil
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// randomText draws letters and digits evenly: bytes that would favour some of
// them are thrown away.
func randomText(length int) string {
	const even = 256 / len(letters) * len(letters)
	text := make([]byte, 0, length)
	for drawn := make([]byte, length); len(text) < length; {
		_, _ = rand.Read(drawn) // never fails: it ends the program instead
		for _, b := range drawn {
			if int(b) < even && len(text) < length {
				text = append(text, letters[int(b)%len(letters)])
			}
		}
	}
	return string(text)
}
