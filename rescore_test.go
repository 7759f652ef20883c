package passport_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

// listing is a memstore that lists its addresses a page at a time.
type listing struct {
	*memstore.Store

	queries []store.AddressQuery
	answer  func(store.AddressQuery) ([]store.Address, error) // nil: from the state
}

func (l *listing) ListAddresses(_ context.Context, q store.AddressQuery) ([]store.Address, error) {
	l.queries = append(l.queries, q)
	if err := q.Validate(); err != nil {
		return nil, err
	}
	if l.answer != nil {
		return l.answer(q)
	}
	found := map[store.Address]bool{}
	for _, c := range l.State().Credentials {
		if c.Address > q.After {
			found[c.Address] = true
		}
	}
	addresses := slices.Sorted(maps.Keys(found))
	return addresses[:min(len(addresses), q.Limit)], nil
}

func TestRescore(t *testing.T) {
	world, _, engine, addresses := newCrowd(t, 1234)
	slices.Sort(addresses)
	l := &listing{Store: world.Store}
	run := engine.On(l).Rescore(t.Context(), store.AddressQuery{Community: world.Community, After: store.Address(addresses[9]), Limit: 7})
	for range 2 {
		l.queries = nil
		scored, err := all(run)
		require.NoError(t, err)
		require.Len(t, scored, 1224)
		for i, s := range scored {
			require.NoError(t, s.Err)
			require.Equal(t, addresses[10+i], s.Address)
		}
		require.Len(t, l.queries, 2)
		assert.Equal(t, store.Address(addresses[1009]), l.queries[1].After)
		assert.Equal(t, store.MaxPage, l.queries[1].Limit)
	}
}

func TestAddresses(t *testing.T) {
	world, _, engine, addresses := newCrowd(t, store.MaxPage+2)
	slices.Sort(addresses)
	l := &listing{Store: world.Store}
	after := func(address string) (listed []string) {
		for address, err := range engine.On(l).Addresses(t.Context(), store.AddressQuery{Community: world.Community, After: store.Address(address)}) {
			require.NoError(t, err)
			if listed = append(listed, string(address)); len(listed) == store.MaxPage+1 {
				break
			}
		}
		return listed
	}
	assert.Equal(t, addresses[:store.MaxPage+1], after(""))
	assert.Equal(t, addresses[3:], after(addresses[2]))
	assert.Empty(t, after(addresses[store.MaxPage+1]))

	for _, err := range engine.On(roleless{world.Store}).Addresses(t.Context(), store.AddressQuery{Community: world.Community}) {
		require.ErrorIs(t, err, passport.ErrMisconfigured)
		require.ErrorContains(t, err, "Addresses needs a store with the role store.AddressLister, which passport_test.roleless lacks")
	}
}

// roleless is a store without any role.
type roleless struct{ store.Store }

func TestRescore_Break(t *testing.T) {
	world, _, engine, _ := newCrowd(t, 100)
	count := 0
	for s, err := range engine.Rescore(t.Context(), store.AddressQuery{Community: world.Community}, passport.WithBatchSize(1)) {
		require.NoError(t, err)
		require.NoError(t, s.Err)
		if count++; count == 3 {
			break
		}
	}
	assert.Equal(t, 3, count)
	assert.Less(t, len(world.Store.State().Scores), 50, "the others were not scored")
}

func TestRescore_ListingFails(t *testing.T) {
	world, _, engine, addresses := newCrowd(t, 5)
	slices.Sort(addresses)
	page := func(n int) []store.Address {
		listed := make([]store.Address, n)
		for i := range listed {
			listed[i] = store.Address(fmt.Sprintf("0x%040x", i))
		}
		return listed
	}
	for name, c := range map[string]struct {
		query  store.AddressQuery
		answer func(store.AddressQuery) ([]store.Address, error)
		want   error
		scored int
	}{
		"query not valid": {query: store.AddressQuery{After: "nonsense"}, want: store.ErrInvalid},
		"away": {
			answer: func(store.AddressQuery) ([]store.Address, error) { return nil, store.ErrUnavailable }, want: store.ErrUnavailable,
		},
		"addresses beside an error": {
			answer: func(store.AddressQuery) ([]store.Address, error) { return page(2), store.ErrInternal }, want: store.ErrInternal,
		},
		"second page": {
			answer: func(q store.AddressQuery) ([]store.Address, error) {
				if q.After != "" {
					return nil, store.ErrInternal
				}
				return page(store.MaxPage), nil
			},
			want: store.ErrInternal, scored: store.MaxPage,
		},
		"the last address again": {
			answer: func(q store.AddressQuery) ([]store.Address, error) {
				if q.After != "" {
					return []store.Address{q.After}, nil
				}
				return page(store.MaxPage), nil
			},
			want: store.ErrInternal, scored: store.MaxPage,
		},
		"the same page again and again": {
			answer: func(store.AddressQuery) ([]store.Address, error) { return page(store.MaxPage), nil },
			want:   store.ErrInternal, scored: store.MaxPage,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.query.Community = world.Community
			l := &listing{Store: world.Store, answer: c.answer}
			scored, err := all(engine.On(l).Rescore(t.Context(), c.query))
			require.ErrorIs(t, err, c.want)
			assert.Len(t, scored, c.scored, "what was listed is scored")
		})
	}
	calls := 0
	l := &listing{Store: world.Store, answer: func(store.AddressQuery) ([]store.Address, error) {
		if calls++; calls < 3 {
			return nil, store.ErrUnavailable
		}
		return []store.Address{store.Address(addresses[0])}, nil
	}}
	scored, err := all(engine.On(l).Rescore(t.Context(), store.AddressQuery{Community: world.Community}))
	require.NoError(t, err)
	assert.Len(t, scored, 1)
}
