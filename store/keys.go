package store

import (
	"context"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/internal/problems"
)

// Keys is the role that checks and creates API keys. No secret passes through
// it: a key at rest holds digests only.
type Keys interface {
	// FindKey must return the key with that prefix, revoked and expired ones
	// too, and [ErrNotFound] when there is none, whatever the prefix holds.
	FindKey(ctx context.Context, prefix string) (*Key, error)
	// AddKey must insert the key. It must return [ErrInvalid] when [Key.Validate]
	// refuses it, [ErrNotFound] when its account does not exist, and
	// [ErrConflict] when the prefix or the id is taken.
	AddKey(ctx context.Context, key Key) error
	// MigrateKey must set the SHA256 of the key with that id, unless it has one,
	// and change nothing else. It must return [ErrInvalid] when
	// [CheckKeySHA256] refuses the digest. No such key is no error.
	MigrateKey(ctx context.Context, id, sha256 string) error
	// RevokeKey must mark the key with that prefix revoked, and must return
	// [ErrNotFound] when there is none. A key that is revoked stays so.
	RevokeKey(ctx context.Context, prefix string) error
}

// KeyLister is the role that lists API keys.
type KeyLister interface {
	// ListKeys must return the first keys that the query selects, at most its
	// Limit, revoked and expired ones too, in the order of the bytes of their
	// prefixes; none is no error. Fewer than the limit mean that there are no
	// more. It must return [ErrInvalid] for a query that [KeyQuery.Validate]
	// refuses.
	ListKeys(ctx context.Context, q KeyQuery) ([]Key, error)
}

// KeyQuery selects API keys.
type KeyQuery struct {
	Account int64  // selects the keys of that account; 0 selects those of all
	After   string // selects the keys with a prefix above it; empty selects all
	Limit   int    // 1 to [MaxPage]
}

// Validate returns what is wrong with the query, joined; each problem wraps
// [ErrInvalid].
func (q *KeyQuery) Validate() error {
	found := problems.New(ErrInvalid)
	if q.Limit < 1 || q.Limit > MaxPage {
		found.Addf("a page has 1 to %d rows, not %d", MaxPage, q.Limit)
	}
	if q.Account < 0 {
		found.Addf("account %d is below 0", q.Account)
	}
	checkText(found, "the prefix of a key", q.After, 0, MaxKeyPrefix)
	return found.Err()
}

// Key is an API key at rest, a row of account_accountapikey.
type Key struct {
	// ID is the row's primary key: the prefix, a dot, and the older hash.
	ID     string
	Prefix string // the text of the key before its first dot
	// Hash is the digest in Django's notation: "sha256$…", or
	// "pbkdf2_sha256$<iterations>$<salt>$<base64>".
	Hash string
	// SHA256, when set, is "sha256$" and the hex digest of the whole key; it
	// decides alone.
	SHA256  string
	Name    string // for people
	Account int64  // the id of the account that the key belongs to
	// CreatedAt is the moment of its creation. AddKey sets it to the store's
	// clock when it is zero.
	CreatedAt time.Time
	ExpiresAt time.Time // the key is refused from then on; zero for never
	Revoked   bool      // the key is refused
	RateLimit string    // the number of calls in a period, such as "125/15m"; empty for any
	// ReadScores, Historical, SubmitPassports and CreateScorers are what the key
	// may be used for. CreateScorers means something to the service only.
	ReadScores, Historical, SubmitPassports, CreateScorers bool
}

// Validate returns what keeps the key from being stored, joined; each problem
// wraps [ErrInvalid]. Every store must call it first in AddKey.
func (k *Key) Validate() error {
	found := problems.New(ErrInvalid)
	checkText(found, "the id of a key", k.ID, 1, MaxKeyID)
	checkText(found, "the prefix of a key", k.Prefix, 1, MaxKeyPrefix)
	checkText(found, "the hash of a key", k.Hash, 0, MaxKeyID)
	checkText(found, "the SHA-256 of a key", k.SHA256, 0, MaxKeySHA256)
	checkText(found, "the name of a key", k.Name, 0, MaxKeyName)
	checkText(found, "the rate limit of a key", k.RateLimit, 0, MaxRateLimit)
	if strings.Contains(k.Prefix, ".") {
		found.Addf("the prefix of a key holds a dot")
	}
	if k.Hash == "" && k.SHA256 == "" {
		found.Addf("a key without a hash can never be used")
	}
	if k.Account < 1 {
		found.Addf("account %d is not above 0", k.Account)
	}
	checkDate(found, "the creation of a key", k.CreatedAt)
	checkDate(found, "the expiry of a key", k.ExpiresAt)
	return found.Err()
}

// CheckKeySHA256 returns an [ErrInvalid] if the digest is empty or longer than
// [MaxKeySHA256].
func CheckKeySHA256(digest string) error {
	return textError("the SHA-256 of a key", digest, MaxKeySHA256)
}
