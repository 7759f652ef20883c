package store

import (
	"context"
	"strings"
	"time"
)

// The widths of the columns of API keys and of their uses, in characters.
const (
	// MaxKeyPrefix is the width of the part of a key by which its row is found.
	MaxKeyPrefix = 8
	// MaxKeyID is the width of a key's id and of its older hash.
	MaxKeyID = 150
	// MaxKeyName is the width of the name that people give a key.
	MaxKeyName = 50
	// MaxRateLimit is the width of a rate limit such as "125/15m".
	MaxRateLimit = 20
	// MaxKeySHA256 is the width of "sha256$" and 64 hex digits.
	MaxKeySHA256 = 71
	// MaxPath and MaxBasePath are the widths of the paths of a use.
	MaxPath     = 1000
	MaxBasePath = 200
	// MaxUseError is not the width of a column, which has none, but of what the
	// service's index on it holds, whatever the characters.
	MaxUseError = 650
)

// Keys is the role of whoever checks and creates API keys. No secret passes
// through it: a row holds digests only.
type Keys interface {
	// FindKey must return the key with that prefix, revoked and expired ones
	// too, and [ErrNotFound] when there is none, whatever the prefix holds.
	FindKey(ctx context.Context, prefix string) (*Key, error)
	// AddKey must insert the key. It must return [ErrInvalid] when [Key.Validate]
	// refuses it, [ErrNotFound] when its account does not exist, and
	// [ErrConflict] when the prefix or the id is taken.
	AddKey(ctx context.Context, key Key) error
	// MigrateKey must set the SHA256 of the key with that id, unless it has one,
	// and change nothing else. It must return [ErrInvalid] for an SHA256 that is
	// empty or that the column cannot hold. No such key is no error.
	MigrateKey(ctx context.Context, id, sha256 string) error
	// RevokeKey must mark the key with that prefix revoked, and must return
	// [ErrNotFound] when there is none. A key that is revoked stays so.
	RevokeKey(ctx context.Context, prefix string) error
}

// Key is an API key at rest, a row of account_accountapikey.
type Key struct {
	// ID is the row's primary key: the prefix, a dot, and the older hash.
	ID string
	// Prefix is the text of the key before its first dot.
	Prefix string
	// Hash is the digest in Django's notation: "sha256$…", or
	// "pbkdf2_sha256$<iterations>$<salt>$<base64>".
	Hash string
	// SHA256, when set, is "sha256$" and the hex digest of the whole key; it
	// decides alone.
	SHA256 string
	// Name is for people.
	Name string
	// Account is the id of the account that the key belongs to.
	Account int64
	// CreatedAt is the moment of its creation. AddKey sets it to the store's
	// clock when it is zero.
	CreatedAt time.Time
	// ExpiresAt is the moment from which it is refused; zero for never.
	ExpiresAt time.Time
	// Revoked keys are refused.
	Revoked bool
	// RateLimit is the number of calls in a period, such as "125/15m"; empty
	// means unlimited.
	RateLimit string
	// ReadScores, Historical, SubmitPassports and CreateScorers are what the key
	// may be used for. CreateScorers means something to the service only.
	ReadScores, Historical, SubmitPassports, CreateScorers bool
}

// Validate reports, joined, what keeps the key from being stored; each fault
// wraps [ErrInvalid]. Every store must call it first in AddKey.
func (k *Key) Validate() error {
	var found faults
	fault := found.addf
	checkText(fault, "the id of a key", k.ID, 1, MaxKeyID)
	checkText(fault, "the prefix of a key", k.Prefix, 1, MaxKeyPrefix)
	checkText(fault, "the hash of a key", k.Hash, 0, MaxKeyID)
	checkText(fault, "the SHA-256 of a key", k.SHA256, 0, MaxKeySHA256)
	checkText(fault, "the name of a key", k.Name, 0, MaxKeyName)
	checkText(fault, "the rate limit of a key", k.RateLimit, 0, MaxRateLimit)
	if strings.Contains(k.Prefix, ".") {
		fault("the prefix of a key holds a dot")
	}
	if k.Hash == "" && k.SHA256 == "" {
		fault("a key without a hash can never be used")
	}
	if k.Account < 1 {
		fault("account %d is not above 0", k.Account)
	}
	if !k.CreatedAt.IsZero() {
		checkMoment(fault, "the creation of a key", k.CreatedAt)
	}
	if !k.ExpiresAt.IsZero() {
		checkMoment(fault, "the expiry of a key", k.ExpiresAt)
	}
	return found.err()
}

// Uses is the role of whoever records what API keys were used for.
type Uses interface {
	// AddUses must insert all of the uses or none, in order. It must return
	// [ErrInvalid] when [Use.Validate] refuses one or the database cannot hold
	// it, and [ErrNotFound] when a key does not exist. No use is no error.
	//
	// The service has indexes on Segments, Query and Payload that hold some 2,700
	// bytes: keep them below 2,000.
	AddUses(ctx context.Context, uses ...Use) error
}

// Use is one call that was made with an API key, a row of
// account_accountapikeyanalytics. Empty texts but Path, documents that are nil
// and a Status of 0 stand for NULL.
type Use struct {
	// KeyID is the [Key.ID].
	KeyID string
	// At is the moment of the call.
	At time.Time
	// Path is the path of the request, BasePath its part that all calls of one
	// route share.
	Path, BasePath string
	// Segments is the path's segments, a JSON array; Query, Headers and Payload
	// are JSON objects. Whoever records them masks secrets.
	Segments, Query, Headers, Payload []byte
	// Response is the answer, JSON of any kind; ResponseSkipped tells that it was
	// left out.
	Response        []byte
	ResponseSkipped bool
	// Status is the answer's HTTP status, at most 999.
	Status int
	// Error tells what went wrong, in at most [MaxUseError] characters.
	Error string
}

// Validate reports, joined, what keeps the use from being stored; each fault
// wraps [ErrInvalid]. Every store must call it first in AddUses.
func (u *Use) Validate() error {
	var found faults
	fault := found.addf
	checkText(fault, "the key id of a use", u.KeyID, 1, MaxKeyID)
	checkText(fault, "the path of a use", u.Path, 0, MaxPath)
	checkText(fault, "the base path of a use", u.BasePath, 0, MaxBasePath)
	checkText(fault, "the error of a use", u.Error, 0, MaxUseError)
	if u.Status < 0 || u.Status > 999 {
		fault("%d is not the status of an answer", u.Status)
	}
	checkMoment(fault, "the moment of a use", u.At)
	for _, part := range []struct {
		what     string
		document []byte
	}{
		{"the path segments of a use", u.Segments},
		{"the query of a use", u.Query},
		{"the headers of a use", u.Headers},
		{"the payload of a use", u.Payload},
		{"the response of a use", u.Response},
	} {
		if part.document != nil {
			checkDocument(fault, part.what, part.document)
		}
	}
	return found.err()
}
