package store_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

const (
	second store.Address = "0xb0b0000000000000000000000000000000000000"
	third  store.Address = "0xca40100000000000000000000000000000000000"
)

func TestGroupKey(t *testing.T) {
	assert.Empty(t, store.GroupKey(nil))
	assert.Equal(t, string(address), store.GroupKey([]store.Address{address}))
	wallets := []store.Address{third, address, second}
	assert.Equal(t, string(address+","+second+","+third), store.GroupKey(wallets))
	assert.Equal(t, []store.Address{third, address, second}, wallets, "they stay in their order")
	assert.Len(t, store.GroupKey(slices.Repeat(wallets[:1], store.MaxGroup)), store.MaxGroupKey)
}

func TestGroupClaim_Names(t *testing.T) {
	claim := store.GroupClaim{Key: string(address + "," + second + ",," + address[:41]), Canonical: third}
	for _, named := range []store.Address{address, second, third, address[:41], ""} {
		assert.True(t, claim.Names(named), named)
	}
	for _, other := range []store.Address{
		address + ",", address[:40], second[2:], address + "," + second, "," + second, store.Address(strings.ToUpper(string(address))), store.Address(claim.Key),
	} {
		assert.False(t, claim.Names(other), other)
	}
	assert.True(t, (&store.GroupClaim{Canonical: third}).Names(""), "an empty key has an empty item")
	assert.False(t, (&store.GroupClaim{Key: string(address)}).Names(second))
}

func TestGroupClaim_Equal(t *testing.T) {
	claim := store.GroupClaim{Key: "a,b", Canonical: address, ClaimedAt: noon}
	for _, same := range []time.Time{noon, noon.Add(999), noon.In(time.FixedZone("east", 3600))} {
		assert.True(t, claim.Equal(&store.GroupClaim{Key: "a,b", Canonical: address, ClaimedAt: same}), same)
	}
	for _, other := range []store.GroupClaim{
		{Key: "a,c", Canonical: address, ClaimedAt: noon},
		{Key: "a,b", Canonical: second, ClaimedAt: noon},
		{Key: "a,b", Canonical: address, ClaimedAt: noon.Add(time.Microsecond)},
		{},
	} {
		assert.False(t, claim.Equal(&other), other)
	}
}

// grouped is a change set of two linked wallets.
func grouped(swap store.GroupSwap) *store.Changes {
	changes := scored()
	other := changes.Wallets[0]
	other.Address = second
	changes.Wallets = append(changes.Wallets, other)
	changes.Groups = &swap
	return changes
}

func linked(change ...func(c *store.GroupClaim)) store.GroupClaim {
	claim := store.GroupClaim{Key: store.GroupKey([]store.Address{address, second}), Canonical: second, ClaimedAt: noon}
	for _, f := range change {
		f(&claim)
	}
	return claim
}

func TestGroupSwap_Valid(t *testing.T) {
	claims := func(claims ...store.GroupClaim) []store.GroupClaim { return claims }
	older := linked(func(c *store.GroupClaim) { c.ClaimedAt = noon.AddDate(-1, 0, 0) })
	odd := store.GroupClaim{Key: ",ABC,", Canonical: address} // no time either
	wider := store.GroupClaim{Key: store.GroupKey([]store.Address{address, third}), Canonical: third, ClaimedAt: noon}
	longest := store.GroupClaim{Key: strings.Repeat("é", store.MaxGroupKey), Canonical: second}
	for name, swap := range map[string]store.GroupSwap{
		"a check of none":              {},
		"a first claim":                {To: claims(linked())},
		"a removed claim":              {From: claims(linked())},
		"a claim that moves":           {From: claims(older), To: claims(linked())},
		"a check":                      {From: claims(linked()), To: claims(linked())},
		"an odd claim that goes":       {From: claims(odd), To: claims(linked())},
		"an odd claim that stays":      {From: claims(odd, longest), To: claims(longest, linked(), odd)},
		"a claim of another wallet":    {From: claims(wider), To: claims(linked())},
		"one of another that stays":    {From: claims(wider), To: claims(wider)},
		"a claim that names by an end": {From: claims(store.GroupClaim{Key: ",," + string(second)})},
	} {
		assert.NoError(t, grouped(swap).Validate(), name)
	}
}

func TestGroupSwap_Invalid(t *testing.T) {
	key := func(key store.Address) func(*store.GroupClaim) {
		return func(c *store.GroupClaim) { c.Key = string(key) }
	}
	canonical := func(a store.Address) func(*store.GroupClaim) { return func(c *store.GroupClaim) { c.Canonical = a } }
	at := func(at time.Time) func(*store.GroupClaim) { return func(c *store.GroupClaim) { c.ClaimedAt = at } }
	long := func(n int) store.Address { return store.Address(strings.Repeat("x", n)) }
	for _, c := range []struct {
		name, want string
		read       bool // or written
		change     func(*store.GroupClaim)
	}{
		{"a read key too long", "key of a group has 2580 characters", true, key(long(store.MaxGroupKey + 1))},
		{"a read key of no text", "key of a group is not valid UTF-8", true, key("\xff")},
		{"a read key with a NUL", "key of a group holds a NUL", true, key("\x00")},
		{"a read wallet too long", "canonical wallet of a group has 101 characters", true, canonical(long(store.MaxHolder + 1))},
		{"a read wallet with a NUL", "canonical wallet of a group holds a NUL", true, canonical("\x00")},
		{"a read claim of others", "names no wallet", true, func(c *store.GroupClaim) { c.Key, c.Canonical = ","+string(third), address[:41] }},
		{"a claim of others", "names no wallet", false, func(c *store.GroupClaim) { c.Key, c.Canonical = ","+string(third), third }},
		{"no time", "time of a group's claim is not set", false, at(time.Time{})},
		{"a late time", "in the year 10000", false, at(noon.AddDate(7974, 0, 0))},
		{"no canonical wallet", `address "" of a group is not 0x`, false, canonical("")},
		{"an odd canonical wallet", `address "somebody" of a group is not 0x`, false, canonical("somebody")},
		{"another canonical wallet", "canonical wallet of a group is not one", false, canonical(third)},
		{"no key", `address "" of a group is not 0x`, false, key("")},
		{"a key too long", "key of a group has 2622 characters", false, key(address + "," + long(store.MaxGroupKey))},
		{"a key that ends in a comma", `address "" of a group is not 0x`, false, key(address + "," + second + ",")},
		{"a key with a space", `address " 0xb0b`, false, key(address + ", " + second)},
		{"a key in upper case", `address "0xB0B`, false, key(address + ",0x" + store.Address(strings.ToUpper(string(second[2:]))))},
		{"a key out of order", "not sorted, each once", false, key(second + "," + address)},
		{"a key with a wallet twice", "not sorted, each once", false, key(address + "," + second + "," + second)},
		{"a key of one wallet", "fewer than two", false, key(second)},
		{"a wallet that is not scored", "wallet 0xca401", false, key(address + "," + second + "," + third)},
	} {
		t.Run(c.name, func(t *testing.T) {
			swap := store.GroupSwap{To: []store.GroupClaim{linked(c.change)}}
			if c.read {
				swap = store.GroupSwap{From: swap.To}
			}
			err := grouped(swap).Validate()
			require.ErrorIs(t, err, store.ErrInvalid)
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func TestGroupSwap_Twice(t *testing.T) {
	twice := []store.GroupClaim{linked(), linked(func(c *store.GroupClaim) { c.Canonical = address })}
	for _, swap := range []store.GroupSwap{{From: twice}, {To: twice}, {From: twice[:1], To: twice}} {
		assert.ErrorContains(t, grouped(swap).Validate(), "listed twice")
	}
}

// A claim that is not as it was read is written, and checked as such.
func TestGroupSwap_Altered(t *testing.T) {
	odd := store.GroupClaim{Key: "", Canonical: address, ClaimedAt: noon}
	for _, change := range []func(*store.GroupClaim){
		func(c *store.GroupClaim) { c.Canonical = second }, func(c *store.GroupClaim) { c.ClaimedAt = noon.Add(time.Microsecond) },
		func(c *store.GroupClaim) { c.Key = "," },
	} {
		altered := odd
		change(&altered)
		require.Error(t, grouped(store.GroupSwap{From: []store.GroupClaim{odd}, To: []store.GroupClaim{altered}}).Validate())
		require.Error(t, grouped(store.GroupSwap{From: []store.GroupClaim{odd}, To: []store.GroupClaim{linked(), altered}}).Validate())
	}
}

func TestGroupSwap_Failed(t *testing.T) {
	failed := scored()
	failed.Claims, failed.Groups = nil, &store.GroupSwap{}
	failed.Wallets[0] = store.WalletChanges{Address: address, Version: "v", Score: store.Score{Status: store.StatusError, Error: "why"}}
	assert.ErrorContains(t, failed.Validate(), "a failed scoring has claims")
}

// Hostile claims are refused in a few words and little time.
func TestGroupSwap_Hostile(t *testing.T) {
	huge := store.GroupClaim{Key: strings.Repeat(",", 1<<20), Canonical: store.Address(strings.Repeat("x", 1<<20))}
	err := grouped(store.GroupSwap{From: []store.GroupClaim{huge}, To: []store.GroupClaim{huge, linked(), {}}}).Validate()
	require.ErrorIs(t, err, store.ErrInvalid)
	assert.Less(t, len(err.Error()), 10_000)
}
