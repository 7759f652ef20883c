package equivalence

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

// wallets changes what is written about each wallet.
func wallets(change func(w *store.WalletChanges)) func(b *brokenstore.Store) {
	return brokenstore.Applies(func(c *store.Changes) {
		for i := range c.Wallets {
			change(&c.Wallets[i])
		}
	})
}

// differences make a store in memory differ from pgstore in one thing, which a
// sequence must notice.
func differences() map[string]func(b *brokenstore.Store) {
	return map[string]func(b *brokenstore.Store){
		"forgets the customization": brokenstore.Loads(func(_ store.Query, s *store.Snapshot) { s.Community.Customization = nil }),
		"reads no claims of groups": brokenstore.Loads(func(_ store.Query, s *store.Snapshot) { s.GroupClaims = nil }),
		"does not look at claims of groups": brokenstore.Applies(func(c *store.Changes) {
			if c.Groups != nil && len(c.Groups.To) == 0 {
				c.Groups = nil
			}
		}),
		"lists the claims of groups of which the wallet is canonical": func(b *brokenstore.Store) {
			b.On.ListGroupClaims = func(ctx context.Context, community int64, address store.Address) ([]store.GroupClaim, error) {
				claims, err := b.Good.ListGroupClaims(ctx, community, address)
				return slices.DeleteFunc(claims, func(c store.GroupClaim) bool { return c.Canonical != address }), err
			}
		},
		"reads no expired claims": brokenstore.Loads(func(_ store.Query, s *store.Snapshot) {
			s.Claims = slices.DeleteFunc(s.Claims, func(c store.Claim) bool { return !c.ExpiresAt.After(s.At) })
		}),
		"does not look at claims that it only checks": brokenstore.Applies(func(c *store.Changes) {
			c.Claims = slices.DeleteFunc(c.Claims, func(s store.ClaimSwap) bool { return s.From.Equal(s.To) && s.To.Address != "" })
		}),
		"does not compare claims": func(b *brokenstore.Store) {
			b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
				if c.Validate() == nil {
					b.Expect(c)
				}
				return b.Good.Apply(ctx, c)
			}
		},
		"does not take a swap that is already made": func(b *brokenstore.Store) {
			b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
				for _, claim := range b.Good.State().Claims {
					swap := brokenstore.SwapOf(c, &claim)
					if claim.Community == c.Community && swap != nil && claim.Equal(swap.To) && !swap.From.Equal(swap.To) {
						return nil, store.ErrConflict
					}
				}
				return b.Good.Apply(ctx, c)
			}
		},
		"counts one credential less": wallets(func(w *store.WalletChanges) { w.Counted = w.Counted[:max(0, len(w.Counted)-1)] }),
		"loses events":               wallets(func(w *store.WalletChanges) { w.Events = nil }),
		"gives one award more": wallets(func(w *store.WalletChanges) {
			w.Awards = slices.Clone(w.Awards)
			for i := range w.Awards {
				w.Awards[i].Limit += min(1, w.Awards[i].Limit)
			}
		}),
		"calls a conflict internal": func(b *brokenstore.Store) {
			b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
				receipt, err := b.Good.Apply(ctx, c)
				if errors.Is(err, store.ErrConflict) {
					err = store.ErrInternal
				}
				return receipt, err
			}
		},
		"adds all but the last": func(b *brokenstore.Store) {
			b.On.AddCredentials = func(ctx context.Context, address store.Address, credentials ...store.CredentialInput) error {
				return b.Good.AddCredentials(ctx, address, credentials[:max(0, len(credentials)-1)]...)
			}
		},
		"miscounts the credentials that it deletes": func(b *brokenstore.Store) {
			b.On.DeleteCredentials = func(ctx context.Context, address store.Address, providers ...string) (int, error) {
				n, err := b.Good.DeleteCredentials(ctx, address, providers...)
				return min(n, 1), err
			}
		},
		"lists claims in another order": func(b *brokenstore.Store) {
			b.On.ListClaims = func(ctx context.Context, community int64, address store.Address) ([]store.Claim, error) {
				claims, err := b.Good.ListClaims(ctx, community, address)
				slices.Reverse(claims)
				return claims, err
			}
		},
		"lists one event less": func(b *brokenstore.Store) {
			b.On.ListEvents = func(ctx context.Context, community int64, address store.Address, page store.Page) ([]store.RecordedEvent, error) {
				events, err := b.Good.ListEvents(ctx, community, address, page)
				return events[:max(0, len(events)-1)], err
			}
		},
		"looks before the time, not at it": func(b *brokenstore.Store) {
			b.On.ScoreAt = func(ctx context.Context, community int64, address store.Address, at time.Time) (*store.RecordedEvent, error) {
				return b.Good.ScoreAt(ctx, community, address, at.Add(-time.Microsecond))
			}
		},
		"does not say when the last score expires": func(b *brokenstore.Store) {
			b.On.LastScore = func(ctx context.Context, community int64, address store.Address) (*store.RecordedScore, error) {
				score, err := b.Good.LastScore(ctx, community, address)
				if err == nil {
					score.ExpiresAt = time.Time{}
				}
				return score, err
			}
		},
		"hides revoked keys": func(b *brokenstore.Store) {
			b.On.FindKey = func(ctx context.Context, prefix string) (*store.Key, error) {
				key, err := b.Good.FindKey(ctx, prefix)
				if err == nil && key.Revoked {
					return nil, store.ErrNotFound
				}
				return key, err
			}
		},
		"finds the communities of another account with a key": func(b *brokenstore.Store) {
			b.On.FindCaller = func(ctx context.Context, prefix, scorer string) (*store.Caller, error) {
				caller, err := b.Good.FindCaller(ctx, prefix, scorer)
				if err == nil && caller.Community == 0 {
					caller.Community = store.CommunityID(scorer)
				}
				return caller, err
			}
		},
		"knows no multiplier": func(b *brokenstore.Store) {
			b.On.LoadPoints = func(ctx context.Context, address store.Address) (*store.PointsLedger, error) {
				ledger, err := b.Good.LoadPoints(ctx, address)
				if err == nil {
					ledger.Multiplier = 1
				}
				return ledger, err
			}
		},
		"takes any name": func(b *brokenstore.Store) {
			names := 0
			b.On.PutCommunity = func(ctx context.Context, c store.Community) error {
				err := b.Good.PutCommunity(ctx, c)
				if errors.Is(err, store.ErrConflict) {
					names++
					c.Name, c.ExternalID = fmt.Sprint("another ", names), ""
					return b.Good.PutCommunity(ctx, c)
				}
				return err
			}
		},
	}
}

func TestEquivalence_Differences(t *testing.T) {
	all := differences()
	maps.Copy(all, knownDifferences())
	together := brokenstore.BulkFaults()
	for _, name := range []string{"writes half of several wallets", "writes several wallets by the first's stamps"} {
		all[name] = together[name]
	}
	noticed(t, onTables(openTables(t)), all)
}

// noticed demands that sequences notice each of the differences.
func noticed(t *testing.T, other opener, differences map[string]func(b *brokenstore.Store)) {
	t.Helper()
	set(t, "rapid.shrinktime", "0s")
	set(t, "rapid.nofailfile", "true")
	set(t, "rapid.checks", "4000") // a revoked key is looked for once in 150 sequences or so
	for name, breaks := range differences {
		t.Run(name, func(t *testing.T) {
			heard := &listener{name: t.Name()}
			var all sync.WaitGroup
			all.Go(func() { compareStores(heard, other, breaks) }) // which may end the goroutine
			all.Wait()
			require.True(t, heard.failed, "4000 sequences found no difference")
			assert.Contains(t, heard.text.String(), "differ")
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
