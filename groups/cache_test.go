package groups_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/groups"
	"github.com/passport-sdk/passport-go/store"
)

// origin is a source of groups that a test changes. It records its calls.
type origin struct {
	mu     sync.Mutex
	groups []passport.Group
	err    error
	calls  []string // the first four digits of each address
	// before is called first, without the lock.
	before func(ctx context.Context, call int) error
}

func (o *origin) GroupsOf(ctx context.Context, addresses ...passport.Address) ([]passport.Group, error) {
	o.mu.Lock()
	var names []string
	for _, address := range addresses {
		names = append(names, string(address[2:6]))
	}
	o.calls = append(o.calls, strings.Join(names, " "))
	call, before := len(o.calls), o.before
	groups := make([]passport.Group, len(addresses))
	for i, address := range addresses {
		for _, group := range o.groups {
			if slices.Contains(group.Wallets, address) {
				groups[i] = group
			}
		}
	}
	err := o.err
	o.mu.Unlock()
	if before != nil {
		if failed := before(ctx, call); failed != nil {
			return nil, failed
		}
	}
	return groups, err
}

func (o *origin) set(err error, list ...passport.Group) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.groups, o.err = list, err
}

// asked returns the calls since the last use of it.
func (o *origin) asked() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	calls := o.calls
	o.calls = nil
	return calls
}

func of(id string, wallets ...passport.Address) passport.Group {
	return passport.Group{ID: id, Wallets: wallets}
}

func newCache(t *testing.T, source passport.Groups, options ...groups.Option) *groups.Cache {
	t.Helper()
	cache, err := groups.NewCache(source, options...)
	require.NoError(t, err)
	return cache
}

func ExampleNewCache() {
	linked, err := groups.New(passport.Group{ID: "ada", Wallets: []passport.Address{
		"0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c", "0xb0b00b0b00b0b00b0b00b0b00b0b00b0b00b0b00",
	}}) // or a source that asks another service
	if err != nil {
		panic(err)
	}
	cache, err := groups.NewCache(linked, groups.WithFresh(30*time.Second), groups.WithStale(time.Hour))
	if err != nil {
		panic(err)
	}
	// passport.New(db, passport.WithGroups(cache, passport.FailScoring))
	of, err := cache.GroupsOf(context.Background(), "0xb0b00b0b00b0b00b0b00b0b00b0b00b0b00b0b00")
	if err != nil {
		panic(err)
	}
	fmt.Println(of[0].ID, len(of[0].Wallets))
	// Output: ada 2
}

func TestNewCache_Invalid(t *testing.T) {
	cache, err := groups.NewCache(nil, groups.WithFresh(0), groups.WithTimeout(-1), groups.WithWallets(store.MaxGroup-1), groups.WithStale(-1), nil)
	require.ErrorIs(t, err, passport.ErrMisconfigured)
	for _, want := range []string{"nil source", "WithFresh", "WithTimeout", "WithWallets", "WithStale"} {
		assert.ErrorContains(t, err, want)
	}
	assert.Nil(t, cache)
	_, err = groups.NewCache(&origin{}, groups.WithStale(59*time.Second))
	require.ErrorIs(t, err, passport.ErrMisconfigured, "below the minute of WithFresh")
	newCache(t, &origin{}, groups.WithStale(0), groups.WithClock(nil))
}

// An answer is given for all wallets of its group until it is old, then it is
// asked for again.
func TestCache_Fresh(t *testing.T) {
	now := time.Unix(0, 0)
	source := &origin{groups: []passport.Group{of("1", alice, bob)}}
	cache := newCache(t, source, groups.WithFresh(time.Minute), groups.WithClock(func() time.Time { return now }))
	check := func(want []passport.Group, addresses ...passport.Address) {
		t.Helper()
		got, err := cache.GroupsOf(t.Context(), addresses...)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	one := of("1", alice, bob)
	check([]passport.Group{one}, alice)
	check([]passport.Group{one, {}, one}, bob, carol, bob)
	assert.Equal(t, []string{"a11c", "ca40"}, source.asked(), "bob's is alice's; carol has none")
	check([]passport.Group{{}, one}, carol, alice)
	check([]passport.Group{})
	now = now.Add(time.Minute - 1)
	check([]passport.Group{one, {}}, alice, carol)
	assert.Empty(t, source.asked())
	now = now.Add(1)
	source.set(nil, of("1", "0xA11CE"+alice[7:], bob))
	check([]passport.Group{one}, bob)
	assert.Equal(t, []string{"b0b0"}, source.asked())
	check([]passport.Group{one}, alice)
	assert.Empty(t, source.asked())
}

// A kept answer does not change with the copies of callers and the source.
func TestCache_Copies(t *testing.T) {
	source := &origin{groups: []passport.Group{of("1", alice, bob)}}
	cache := newCache(t, source)
	for range 3 {
		got, err := cache.GroupsOf(t.Context(), alice)
		require.NoError(t, err)
		assert.Equal(t, of("1", alice, bob), got[0])
		got[0].Wallets[1] = carol
	}
	assert.Equal(t, of("1", alice, bob), source.groups[0])
	source.groups[0].Wallets[0] = carol
	got, err := cache.GroupsOf(t.Context(), alice)
	require.NoError(t, err)
	assert.Equal(t, of("1", alice, bob), got[0])
}

// A newer answer replaces older ones of all wallets that either is about.
func TestCache_Changes(t *testing.T) {
	now := time.Unix(0, 0)
	source := &origin{groups: []passport.Group{of("1", alice, bob)}}
	cache := newCache(t, source, groups.WithClock(func() time.Time { return now }))
	get := func(address passport.Address) passport.Group {
		got, err := cache.GroupsOf(t.Context(), address)
		require.NoError(t, err)
		return got[0]
	}
	get(alice)
	now = now.Add(time.Second)
	source.set(nil, of("1", bob, carol))
	assert.Equal(t, of("1", bob, carol), get(carol))
	assert.Equal(t, of("1", bob, carol), get(bob))
	assert.Zero(t, get(alice))
	assert.Equal(t, []string{"a11c", "ca40", "a11c"}, source.asked())
}

// A slow answer does not replace one that was asked for later.
func TestCache_Slow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &origin{groups: []passport.Group{of("old", alice, bob)}}
		source.before = func(_ context.Context, call int) error {
			if call == 1 {
				time.Sleep(time.Second)
			}
			return nil
		}
		cache := newCache(t, source)
		var slow []passport.Group
		var wg sync.WaitGroup
		wg.Go(func() { slow, _ = cache.GroupsOf(t.Context(), alice) })
		synctest.Wait()
		time.Sleep(time.Millisecond)
		source.set(nil, of("new", bob, carol))
		_, err := cache.GroupsOf(t.Context(), bob)
		require.NoError(t, err)
		wg.Wait()
		assert.Equal(t, []passport.Group{of("old", alice, bob)}, slow)
		source.asked()
		got, err := cache.GroupsOf(t.Context(), carol, bob, alice)
		require.NoError(t, err)
		assert.Equal(t, []passport.Group{of("new", bob, carol), of("new", bob, carol), {}}, got)
		assert.Equal(t, []string{"a11c"}, source.asked())
	})
}

// While the source fails an old answer is given, up to its age, and the source
// has a rest.
func TestCache_Stale(t *testing.T) {
	now := time.Unix(0, 0)
	source := &origin{groups: []passport.Group{of("1", alice, bob)}}
	cache := newCache(t, source, groups.WithFresh(time.Minute), groups.WithStale(time.Hour), groups.WithClock(func() time.Time { return now }))
	get := func(addresses ...passport.Address) error {
		got, err := cache.GroupsOf(t.Context(), addresses...)
		if err == nil {
			assert.Equal(t, of("1", alice, bob), got[0])
		}
		return err
	}
	require.NoError(t, get(alice))
	source.asked()
	broken := errors.New("away")
	source.set(broken)
	now = now.Add(time.Minute)
	require.NoError(t, get(bob))
	require.NoError(t, get(alice))
	assert.Equal(t, []string{"b0b0"}, source.asked())
	now = now.Add(time.Second)
	require.NoError(t, get(alice, bob))
	assert.Equal(t, []string{"a11c b0b0"}, source.asked())
	require.ErrorIs(t, get(alice, carol), broken, "carol's is not known")
	assert.Equal(t, []string{"ca40"}, source.asked())

	now = time.Unix(0, 0).Add(time.Hour - 1)
	require.NoError(t, get(alice))
	now = now.Add(1)
	require.ErrorIs(t, get(alice), broken)
	source.set(nil, of("1", alice, bob))
	require.NoError(t, get(alice))
}

// A source that hangs has failed after the timeout.
func TestCache_Timeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &origin{groups: []passport.Group{of("1", alice, bob)}}
		cache := newCache(t, source, groups.WithTimeout(time.Second))
		_, err := cache.GroupsOf(t.Context(), alice)
		require.NoError(t, err)
		source.before = func(ctx context.Context, _ int) error {
			<-ctx.Done()
			return ctx.Err()
		}
		time.Sleep(time.Minute)
		began := time.Now()
		got, err := cache.GroupsOf(t.Context(), bob)
		require.NoError(t, err)
		assert.Equal(t, of("1", alice, bob), got[0])
		assert.Equal(t, time.Second, time.Since(began))
		_, err = cache.GroupsOf(t.Context(), carol)
		require.ErrorIs(t, err, context.DeadlineExceeded)

		// The caller's own time is no failure of the source.
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		time.Sleep(2 * time.Second)
		_, err = cache.GroupsOf(ctx, bob)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

// The least recently used wallets are dropped.
func TestCache_Bounded(t *testing.T) {
	source := &origin{}
	cache := newCache(t, source, groups.WithWallets(store.MaxGroup))
	get := func(n int) {
		_, err := cache.GroupsOf(t.Context(), passport.Address(fmt.Sprintf("0x%040x", n)))
		require.NoError(t, err)
	}
	for n := range store.MaxGroup {
		get(n)
	}
	get(0)
	get(store.MaxGroup)
	source.asked()
	get(0)
	assert.Empty(t, source.asked())
	get(1)
	assert.Len(t, source.asked(), 1)
}

// An answer that is not valid is passed on as it is, and not kept.
func TestCache_InvalidGroup(t *testing.T) {
	many := make([]passport.Address, store.MaxGroup+1)
	for i := range many {
		many[i] = passport.Address(fmt.Sprintf("0x%040x", i))
	}
	many[1] = alice
	for name, group := range map[string]passport.Group{
		"malformed": of("", alice, "0x"), "too large": of("", many...),
	} {
		t.Run(name, func(t *testing.T) {
			source := &origin{groups: []passport.Group{group}}
			cache := newCache(t, source)
			for range 2 {
				got, err := cache.GroupsOf(t.Context(), alice)
				require.NoError(t, err)
				assert.Equal(t, group, got[0])
			}
			assert.Len(t, source.asked(), 2)
		})
	}
	foreign := newCache(t, fixedAnswer{of("", bob, carol)})
	got, err := foreign.GroupsOf(t.Context(), alice)
	require.NoError(t, err)
	assert.Equal(t, of("", bob, carol), got[0])
	_, err = newCache(t, fixedAnswer{}).GroupsOf(t.Context(), alice)
	require.ErrorIs(t, err, passport.ErrInvalidGroup)
}

// fixedAnswer answers every call with the groups.
type fixedAnswer []passport.Group

func (f fixedAnswer) GroupsOf(context.Context, ...passport.Address) ([]passport.Group, error) {
	return f, nil
}
