package equivalence

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// Stores that differ from memstore in one thing, each of which a sequence must
// bring to light.

// differing is a store with functions in place of some methods.
type differing struct {
	roles

	load       func(context.Context, store.Query) (*store.Snapshot, error)
	apply      func(context.Context, *store.Changes) (*store.Receipt, error)
	add        func(context.Context, string, ...store.NewCredential) error
	remove     func(context.Context, string, ...string) (int, error)
	claims     func(context.Context, int64, string) ([]store.Claim, error)
	events     func(context.Context, int64, string, store.Page) ([]store.RecordedEvent, error)
	scoreAt    func(context.Context, int64, string, time.Time) (*store.RecordedEvent, error)
	findKey    func(context.Context, string) (*store.Key, error)
	loadPoints func(context.Context, string) (*store.PointsLedger, error)
	put        func(context.Context, store.Community) error
}

func or[F any](own, usual F, set bool) F {
	if set {
		return own
	}
	return usual
}

func (d *differing) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	return or(d.load, d.roles.Load, d.load != nil)(ctx, q)
}

func (d *differing) Apply(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
	return or(d.apply, d.roles.Apply, d.apply != nil)(ctx, c)
}

func (d *differing) AddCredentials(ctx context.Context, address string, credentials ...store.NewCredential) error {
	return or(d.add, d.roles.AddCredentials, d.add != nil)(ctx, address, credentials...)
}

func (d *differing) DeleteCredentials(ctx context.Context, address string, providers ...string) (int, error) {
	return or(d.remove, d.roles.DeleteCredentials, d.remove != nil)(ctx, address, providers...)
}

func (d *differing) ListClaims(ctx context.Context, community int64, address string) ([]store.Claim, error) {
	return or(d.claims, d.roles.ListClaims, d.claims != nil)(ctx, community, address)
}

func (d *differing) ListEvents(ctx context.Context, community int64, address string, page store.Page) ([]store.RecordedEvent, error) {
	return or(d.events, d.roles.ListEvents, d.events != nil)(ctx, community, address, page)
}

func (d *differing) ScoreAt(ctx context.Context, community int64, address string, at time.Time) (*store.RecordedEvent, error) {
	return or(d.scoreAt, d.roles.ScoreAt, d.scoreAt != nil)(ctx, community, address, at)
}

func (d *differing) FindKey(ctx context.Context, prefix string) (*store.Key, error) {
	return or(d.findKey, d.roles.FindKey, d.findKey != nil)(ctx, prefix)
}

func (d *differing) LoadPoints(ctx context.Context, address string) (*store.PointsLedger, error) {
	return or(d.loadPoints, d.roles.LoadPoints, d.loadPoints != nil)(ctx, address)
}

func (d *differing) PutCommunity(ctx context.Context, c store.Community) error {
	return or(d.put, d.roles.PutCommunity, d.put != nil)(ctx, c)
}

// differences make a store that differs of a memstore.
func differences() map[string]func(mem roles) roles {
	loading := func(change func(*store.Snapshot)) func(mem roles) roles {
		return func(mem roles) roles {
			return &differing{roles: mem, load: func(ctx context.Context, q store.Query) (*store.Snapshot, error) {
				snapshot, err := mem.Load(ctx, q)
				if err == nil {
					change(snapshot)
				}
				return snapshot, err
			}}
		}
	}
	applying := func(change func(*store.Changes)) func(mem roles) roles {
		return func(mem roles) roles {
			return &differing{roles: mem, apply: func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
				other := *c
				other.Wallets = slices.Clone(c.Wallets)
				change(&other)
				return mem.Apply(ctx, &other)
			}}
		}
	}
	return map[string]func(mem roles) roles{
		"forgets the overlay": loading(func(s *store.Snapshot) { s.Community.Overlay = nil }),
		"reads no expired claims": loading(func(s *store.Snapshot) {
			s.Claims = slices.DeleteFunc(s.Claims, func(c store.Claim) bool { return !c.ExpiresAt.After(s.At) })
		}),
		"does not look at held ones": applying(func(c *store.Changes) { c.Held = nil }),
		"loses events": applying(func(c *store.Changes) {
			for i := range c.Wallets {
				c.Wallets[i].Events = nil
			}
		}),
		"gives one award more": applying(func(c *store.Changes) {
			for i := range c.Wallets {
				c.Wallets[i].Awards = slices.Clone(c.Wallets[i].Awards)
				for j := range c.Wallets[i].Awards {
					c.Wallets[i].Awards[j].Limit += min(1, c.Wallets[i].Awards[j].Limit)
				}
			}
		}),
		"calls a conflict a fault": func(mem roles) roles {
			return &differing{roles: mem, apply: func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
				receipt, err := mem.Apply(ctx, c)
				if errors.Is(err, store.ErrConflict) {
					err = store.ErrFault
				}
				return receipt, err
			}}
		},
		"adds all but the last": func(mem roles) roles {
			return &differing{roles: mem, add: func(ctx context.Context, address string, credentials ...store.NewCredential) error {
				return mem.AddCredentials(ctx, address, credentials[:max(0, len(credentials)-1)]...)
			}}
		},
		"miscounts what it deletes": func(mem roles) roles {
			return &differing{roles: mem, remove: func(ctx context.Context, address string, providers ...string) (int, error) {
				n, err := mem.DeleteCredentials(ctx, address, providers...)
				return min(n, 1), err
			}}
		},
		"lists claims in another order": func(mem roles) roles {
			return &differing{roles: mem, claims: func(ctx context.Context, community int64, address string) ([]store.Claim, error) {
				claims, err := mem.ListClaims(ctx, community, address)
				slices.Reverse(claims)
				return claims, err
			}}
		},
		"lists one event less": func(mem roles) roles {
			return &differing{roles: mem, events: func(ctx context.Context, community int64, address string, page store.Page) ([]store.RecordedEvent, error) {
				events, err := mem.ListEvents(ctx, community, address, page)
				return events[:max(0, len(events)-1)], err
			}}
		},
		"looks before the moment, not at it": func(mem roles) roles {
			return &differing{roles: mem, scoreAt: func(ctx context.Context, community int64, address string, at time.Time) (*store.RecordedEvent, error) {
				return mem.ScoreAt(ctx, community, address, at.Add(-time.Microsecond))
			}}
		},
		"hides revoked keys": func(mem roles) roles {
			return &differing{roles: mem, findKey: func(ctx context.Context, prefix string) (*store.Key, error) {
				key, err := mem.FindKey(ctx, prefix)
				if err == nil && key.Revoked {
					return nil, store.ErrNotFound
				}
				return key, err
			}}
		},
		"knows no multiplier": func(mem roles) roles {
			return &differing{roles: mem, loadPoints: func(ctx context.Context, address string) (*store.PointsLedger, error) {
				ledger, err := mem.LoadPoints(ctx, address)
				if err == nil {
					ledger.Multiplier = 1
				}
				return ledger, err
			}}
		},
		"takes any name": func(mem roles) roles {
			names := 0
			return &differing{roles: mem, put: func(ctx context.Context, c store.Community) error {
				err := mem.PutCommunity(ctx, c)
				if errors.Is(err, store.ErrConflict) {
					names++
					c.Name, c.ExternalID = fmt.Sprint("another ", names), ""
					return mem.PutCommunity(ctx, c)
				}
				return err
			}}
		},
	}
}

func TestEveryDifferenceComesToLight(t *testing.T) {
	on := openDatabase(t)
	set(t, "rapid.shrinktime", "0s")
	set(t, "rapid.nofailfile", "true")
	set(t, "rapid.checks", "4000") // a revoked key is looked for once in 150 sequences or so
	for name, made := range differences() {
		t.Run(name, func(t *testing.T) {
			told := &listener{name: t.Name()}
			var all sync.WaitGroup
			all.Go(func() { compareStores(told, on, made) }) // which may end the goroutine
			all.Wait()
			require.True(t, told.failed, "4000 sequences told nothing apart")
			assert.Contains(t, told.text.String(), "differ")
		})
	}
}

// set sets a flag for as long as the test runs.
func set(t *testing.T, name, value string) {
	t.Helper()
	old := flag.Lookup(name).Value.String()
	require.NoError(t, flag.Set(name, value))
	t.Cleanup(func() { require.NoError(t, flag.Set(name, old)) })
}

// listener is a test that is expected to fail.
type listener struct {
	name   string
	text   strings.Builder
	failed bool
}

func (l *listener) Helper()                           {}
func (l *listener) Name() string                      { return l.name }
func (l *listener) Logf(format string, args ...any)   { fmt.Fprintf(&l.text, format+"\n", args...) }
func (l *listener) Log(args ...any)                   { fmt.Fprintln(&l.text, args...) }
func (l *listener) Skipf(format string, args ...any)  { l.Fatalf(format, args...) }
func (l *listener) Skip(args ...any)                  { l.Fatal(args...) }
func (l *listener) SkipNow()                          { l.FailNow() }
func (l *listener) Errorf(format string, args ...any) { l.Logf(format, args...); l.Fail() }
func (l *listener) Error(args ...any)                 { l.Log(args...); l.Fail() }
func (l *listener) Fatalf(format string, args ...any) { l.Logf(format, args...); l.FailNow() }
func (l *listener) Fatal(args ...any)                 { l.Log(args...); l.FailNow() }
func (l *listener) Fail()                             { l.failed = true }
func (l *listener) Failed() bool                      { return l.failed }

func (l *listener) FailNow() {
	l.failed = true
	runtime.Goexit()
}
