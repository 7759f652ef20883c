// Package apikey checks and creates the API keys of the service whose tables
// the SDK shares. A [Registry] finds the row of a key, and keeps wrong keys
// from occupying the processors: keys that the service has not migrated yet are
// hashed with PBKDF2, a fraction of a second of work that anyone who knows the
// prefix of a key can request.
//
// Package ratelimit counts the calls of keys, and package usage records them.
//
// # Timing
//
// Every refusal is [ErrRefused], and comparisons take constant time, however
// much of a wrong key is right. Timing reveals whether a prefix, which is no
// secret, is known, and whether its key is still hashed with PBKDF2; [ErrBusy]
// reveals that as well.
package apikey

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/passport-sdk/passport-go/apikey/internal/slowcheck"
	"github.com/passport-sdk/passport-go/internal/logattr"
	"github.com/passport-sdk/passport-go/internal/problems"
	"github.com/passport-sdk/passport-go/store"
)

// The errors of a key that is not accepted, to be tested with errors.Is.
var (
	// ErrRefused: the key is malformed, unknown, wrong, revoked or expired.
	ErrRefused = store.Sentinel(store.KindRefused, "invalid API key")
	// ErrBusy: the key may be right, but checking it would take more time than
	// is granted now. Try again in a second, see [Registry.Check]. It wraps
	// [store.ErrUnavailable].
	ErrBusy = slowcheck.ErrBusy
)

// MaxKeyLength is the number of bytes above which a key is refused unread.
const MaxKeyLength = 256

// Registry checks and creates API keys. Make it with [New]. It is safe for
// concurrent use and starts no goroutine.
type Registry struct {
	keys          store.Keys
	callers       store.CallerFinder // the same store, nil if it lacks the role
	now           func() time.Time
	slowChecks    int
	slowShare     float64
	maxIterations int
	logger        *slog.Logger

	guard   *slowcheck.Guard
	lookups chan struct{} // holds one token for each lookup that runs
	// compare is the slow check of a hash. Tests replace it.
	compare func(h *djangoHash, key string) (matches bool, worked time.Duration)
}

// New returns a registry of the keys in the store. It returns every problem of
// the configuration, joined, each wrapping [store.ErrMisconfigured].
func New(keys store.Keys, options ...Option) (*Registry, error) {
	r := &Registry{
		keys:          keys,
		now:           time.Now,
		slowChecks:    1,
		slowShare:     0.1,
		maxIterations: 2_000_000,
		logger:        slog.New(slog.DiscardHandler),
		lookups:       make(chan struct{}, maxLookups),
		compare:       (*djangoHash).matches,
	}
	problems.Apply(r, options)
	found := problems.New(store.ErrMisconfigured)
	found.Checkf(keys != nil, "New got a nil store")
	found.Checkf(r.now != nil, "WithClock got nil")
	problems.CheckRange(found, "WithSlowChecks", r.slowChecks, 1, 1000)
	problems.CheckRange(found, "WithSlowShare", r.slowShare, 0.001, 100)
	problems.CheckRange(found, "WithMaxIterations", r.maxIterations, 1, 5_000_000) // most of a second, which a budget can afford
	found.Checkf(r.logger != nil, "WithLogger got nil")
	if err := found.Err(); err != nil {
		return nil, err
	}
	r.callers, _ = keys.(store.CallerFinder)
	r.guard = slowcheck.New(r.slowChecks, r.slowShare)
	return r, nil
}

// Check returns the row of the key, found by the text before its first dot, or
//   - [ErrRefused] for every key that must not be accepted;
//   - [ErrBusy] when the check would take more time than is granted now;
//   - the store's error, wrapped, or the context's.
//
// The row's SHA-256 decides alone if it is set. Otherwise the older hash does,
// "sha256$…" or Django's PBKDF2. A match through PBKDF2 stores the SHA-256, so
// that the slow check happens once. If it cannot be stored, the key is still
// accepted, and the next check tries again.
//
// # Callers that leave
//
// Drivers close the connection whose query is cancelled, so callers that hang
// up could close connections at will. Therefore the store's queries do not end
// with ctx, but after 5 s of their own ([store.ErrUnavailable]), and at most 64
// run at a time; other callers wait for a place, for up to 5 s or until ctx
// ends. Check can return up to 5 s after ctx has ended.
//
// # Slow checks
//
// All slow checks together get a tenth of one processor, those of one prefix a
// fifth of that (see [WithSlowShare]). Unused time is saved, up to 10 s and 1 s
// of work. A slow check works a tenth of the time, a little at a time, so that
// concurrent requests do not slow down: 600,000 iterations are a tenth of a
// second of work and take a second or more (BenchmarkPBKDF2). A check that has
// begun is finished, even if its context ends, and its result is cached.
//
// A new key is checked if more than half of the savings are left, and gets
// [ErrBusy] at once otherwise. A key that was tried before (among the last
// 65,536 keys) may use all of the savings, and waits for up to 5 s. For each
// check a coin decides which of these is next, the one that was first tried
// earliest or one drawn by lot. So an owner that tries once a second, while
// fewer than 65,536 guesses arrive between two attempts, is accepted
//   - at its second attempt if no guess is repeated;
//   - a few checks later if guesses that came after it are repeated (a check
//     takes its work divided by the share of one prefix: 7.5 s for 0.15 s);
//   - after 3 minutes on average, and 10 in the worst of ten runs, if thousands
//     of guesses that came before it are repeated at 8.7 a second, and later at
//     higher rates (TestGuard_SeededGuesses).
//
// A key with a SHA-256 is never delayed. A slow hash is cached for a second, so
// keys that get ErrBusy rarely cost a query. During that second a new key may
// get ErrBusy although another process has just migrated or revoked it.
func (r *Registry) Check(ctx context.Context, key string) (*store.Key, error) {
	caller, err := r.check(ctx, key, func(ctx context.Context, prefix string) (*store.Caller, error) {
		row, err := r.keys.FindKey(ctx, prefix)
		if err != nil || row == nil {
			return nil, err
		}
		return &store.Caller{Key: *row}, nil
	})
	if err != nil {
		return nil, err
	}
	return &caller.Key, nil
}

// check checks the key, which find returns by its prefix.
func (r *Registry) check(
	ctx context.Context, key string, find func(ctx context.Context, prefix string) (*store.Caller, error),
) (*store.Caller, error) {
	prefix, ok := prefixOf(key)
	if !ok {
		return nil, ErrRefused
	}
	if r.guard.RejectEarly(prefix, key) {
		return nil, ErrBusy
	}
	var caller *store.Caller
	err := r.lookUp(ctx, func(ctx context.Context) (err error) {
		caller, err = find(ctx, prefix)
		return err
	})
	unknown := errors.Is(err, store.ErrNotFound)
	if err != nil && !unknown {
		return nil, fmt.Errorf("looking for an API key: %w", err)
	}
	fast := sha256Text(key) // for unknown keys too: they take as long as wrong ones
	if unknown || caller == nil || caller.Key.Revoked ||
		!caller.Key.ExpiresAt.IsZero() && !caller.Key.ExpiresAt.After(r.now()) {
		return nil, ErrRefused
	}
	found := *caller
	row := &found.Key
	switch {
	case row.SHA256 != "":
		ok = equal(row.SHA256, fast)
	case strings.HasPrefix(row.Hash, sha256Mark):
		ok = equal(row.Hash, fast)
	default:
		ok, err = r.checkSlowly(ctx, row, key)
		if ok {
			r.migrate(ctx, row, fast)
		}
	}
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, ErrRefused
	}
	return &found, nil
}

func (r *Registry) checkSlowly(ctx context.Context, row *store.Key, key string) (bool, error) {
	hash, ok := parseDjangoHash(row.Hash)
	if !ok || hash.iterations > r.maxIterations {
		return false, nil
	}
	return r.guard.Check(ctx, row.Prefix, row.Hash, key, func() (bool, time.Duration) { return r.compare(hash, key) })
}

// migrate stores the SHA-256 even if the caller has left: the work is done.
func (r *Registry) migrate(ctx context.Context, row *store.Key, fast string) {
	if err := r.lookUp(context.WithoutCancel(ctx), func(ctx context.Context) error {
		return r.keys.MigrateKey(ctx, row.ID, fast)
	}); err != nil {
		r.logger.WarnContext(ctx, "the SHA-256 of an API key could not be stored", slog.String(logattr.KeyPrefix, row.Prefix), logattr.Error(err))
		return
	}
	row.SHA256 = fast
}

// prefixOf returns the text before the first dot of a well-formed key.
func prefixOf(key string) (string, bool) {
	if len(key) > MaxKeyLength || !utf8.ValidString(key) || strings.ContainsRune(key, 0) {
		return "", false
	}
	prefix, _, found := strings.Cut(key, ".")
	return prefix, found && prefix != "" && utf8.RuneCountInString(prefix) <= store.MaxKeyPrefix
}

const sha256Mark = "sha256$"

func sha256Text(key string) string {
	digest := sha256.Sum256([]byte(key))
	return sha256Mark + hex.EncodeToString(digest[:])
}

func equal(a, b string) bool {
	return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}
