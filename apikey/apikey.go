// Package apikey checks and creates the API keys of the service whose tables
// the SDK shares, counts their calls against their rate limits, and records
// what they were used for.
//
//   - [Checker] tells whose key it is, and guards the processors: the keys
//     that the service has not yet migrated are hashed with PBKDF2, a fraction
//     of a second of work that anyone may ask for who knows a key's prefix.
//   - [Limiter] counts calls; [MemoryLimiter] does so in this process.
//   - [UseLog] writes the uses of keys behind the caller's back.
//
// # What an attacker learns
//
// Every refusal is [ErrRefused], and comparisons take constant time. Time
// tells this much: whether a prefix is known and whether its key is still
// hashed with PBKDF2, which [ErrBusy] tells too. A prefix is no secret.
// Nothing depends on how much of a wrong key is right.
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

	"github.com/passport-sdk/passport-go/store"
)

// Why a key was not let in, to be tested with errors.Is.
var (
	// ErrRefused: the key is malformed, unknown, wrong, revoked or expired.
	// Nothing tells which.
	ErrRefused = store.Sentinel(store.KindRefused, "invalid API key")
	// ErrBusy: the key may be right, but to find out would cost more time than
	// is granted now; ask again in a second, see [Checker.Check]. It is
	// [store.ErrUnavailable] too.
	ErrBusy = fmt.Errorf("too many slow checks of API keys: %w", store.ErrUnavailable)
)

// MaxKeyLength is the length above which a key is refused unread, in bytes.
// The service's own have 41.
const MaxKeyLength = 256

// Checker checks and creates API keys. Make it with [New]. It is safe for
// concurrent use and starts no goroutine.
type Checker struct {
	rows          store.Keys
	now           func() time.Time
	maxIterations int
	logger        *slog.Logger
	guard         *guard
	lookups       chan struct{} // holds one token for each lookup that runs
	// derive is the slow check of a hash. Tests of the guard, whose clocks stand
	// still while a processor works, put another in its place.
	derive func(h *djangoHash, key string) (matches bool, worked time.Duration)
}

// New returns a checker of the keys in the rows. It reports every fault of the
// configuration at once, each wrapping [store.ErrMisconfigured].
func New(rows store.Keys, options ...Option) (*Checker, error) {
	s := newSettings(options)
	var f faults
	if rows == nil {
		f.addf("New got nil rows")
	}
	s.validate(&f)
	if err := f.err(); err != nil {
		return nil, err
	}
	return &Checker{
		rows:          rows,
		now:           s.now,
		maxIterations: s.maxIterations,
		logger:        s.logger,
		guard:         newGuard(s.slowChecks, s.slowShare),
		lookups:       make(chan struct{}, maxLookups),
		derive:        (*djangoHash).matches,
	}, nil
}

// Check returns the row of the key, found by the text before its first dot,
// or
//   - [ErrRefused] for every key that must not be let in;
//   - [ErrBusy] when the check would cost more time than is granted now;
//   - the store's error, wrapped, or the context's.
//
// A row's SHA-256 decides alone if it is set. Otherwise the older hash does,
// "sha256$…" or Django's PBKDF2; a match through PBKDF2 stores the SHA-256, so
// that it is needed once only. If that cannot be stored the key is let in all
// the same, and the next check tries again.
//
// # Callers that leave
//
// What the store is asked does not end with ctx, neither by cancellation nor by
// deadline, but after 5 s of its own ([store.ErrUnavailable]): drivers close the
// connection whose query is cancelled, and anybody could make them do so by
// hanging up. At most 64 such queries run at a time; further callers wait for a
// place, for up to 5 s or until ctx ends. Check runs them in the caller's
// goroutine, so it can return up to 5 s after ctx has ended.
//
// # Slow checks
//
// Wrong keys cannot occupy the processors with PBKDF2. Together, slow checks
// get a tenth of one processor, those of one prefix a fifth of that (see
// [WithSlowShare]); both may save up, to 10 s and to 1 s of work. Equal keys
// are hashed once at a time, and what came of it is remembered. A slow check
// works a tenth of the time, a little at a time, so that other requests do not
// feel it: 600 000 iterations are a tenth of a second of work, and take a second
// or more (BenchmarkSlowCheck). One that has begun is finished, though its
// context ends.
//
// A right key and a wrong one look alike before the work is done. What sets the
// owner of a key apart from a flood of guesses is that it asks again. A key that
// asks for the first time is served out of the upper half of what is saved up, or
// gets [ErrBusy] at once. One that has asked before (within the last 65 536 keys
// that asked) may use all of it, and waits for up to 5 s. Among those that wait a
// coin decides, tossed for each check: either the key that asked first is next, or
// one drawn by lot. A key that was refused counts as new again. So, while guesses
// pour in, fewer than 65 536 between two attempts of the owner's,
//   - the owner of a key hashed with PBKDF2 is let in at its second attempt
//     if no guess is repeated;
//   - if guesses are repeated, those that came after the owner do not delay it by
//     more than a few checks, each of which takes its work divided by the share of
//     one prefix (7.5 s for 0.15 s of work);
//   - if thousands of guesses that came before the owner are repeated, 8.7 a
//     second, an owner that asks once a second is let in after 3 minutes in the
//     mean, and 10 in the worst of ten runs (TestGuard_SeededGuesses); the time
//     grows with the rate of the guesses;
//   - a key with a SHA-256 is never delayed.
//
// Keys that are sent away for want of time rarely read the row: its hash is
// believed for a second. For so long a key that asks for the first time may get
// ErrBusy though another process has just stored its SHA-256, or revoked it.
func (c *Checker) Check(ctx context.Context, key string) (*store.Key, error) {
	prefix, ok := prefixOf(key)
	if !ok {
		return nil, ErrRefused
	}
	if c.guard.rejectEarly(prefix, key) {
		return nil, ErrBusy
	}
	row, err := c.find(ctx, prefix)
	unknown := errors.Is(err, store.ErrNotFound)
	if err != nil && !unknown {
		return nil, fmt.Errorf("looking for an API key: %w", err)
	}
	fast := sha256Text(key) // for unknown keys too: they take as long as wrong ones
	if unknown || row == nil || row.Revoked || c.expired(row.ExpiresAt) {
		return nil, ErrRefused
	}
	found := *row
	switch {
	case found.SHA256 != "":
		ok = equal(found.SHA256, fast)
	case strings.HasPrefix(found.Hash, sha256Mark):
		ok = equal(found.Hash, fast)
	default:
		ok, err = c.checkSlowly(ctx, &found, key)
		if ok {
			c.migrate(ctx, &found, fast)
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

func (c *Checker) find(ctx context.Context, prefix string) (row *store.Key, err error) {
	err = c.lookUp(ctx, func(ctx context.Context) error {
		row, err = c.rows.FindKey(ctx, prefix)
		return err
	})
	return row, err
}

func (c *Checker) expired(at time.Time) bool {
	return !at.IsZero() && !at.After(c.now())
}

func (c *Checker) checkSlowly(ctx context.Context, row *store.Key, key string) (bool, error) {
	hash, ok := parseDjangoHash(row.Hash)
	if !ok || hash.iterations > c.maxIterations {
		return false, nil
	}
	return c.guard.check(ctx, row.Prefix, row.Hash, key, func() (bool, time.Duration) { return c.derive(hash, key) })
}

// migrate stores the SHA-256 even if the caller has left: the work is done.
func (c *Checker) migrate(ctx context.Context, row *store.Key, fast string) {
	if err := c.lookUp(context.WithoutCancel(ctx), func(ctx context.Context) error {
		return c.rows.MigrateKey(ctx, row.ID, fast)
	}); err != nil {
		c.logger.WarnContext(ctx, "the SHA-256 of an API key could not be stored", "prefix", row.Prefix, "error", err)
		return
	}
	row.SHA256 = fast
}

// prefixOf returns the text before the first dot of a key that might exist.
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
