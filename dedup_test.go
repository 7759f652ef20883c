package passport

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/passport-sdk/passport-go/store"
)

const (
	alice Address = "0xa11ce00000000000000000000000000000000000"
	bob   Address = "0xb0b0000000000000000000000000000000000000"
	carol Address = "0xca40100000000000000000000000000000000000"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func until(years int) time.Time { return noon.AddDate(years, 0, 0) }

func claim(nullifier string, holder Address, years int) store.Claim {
	return store.Claim{Nullifier: nullifier, Holder: store.Holder{Address: holder, ExpiresAt: until(years)}}
}

// swapsOf returns the swaps that end with the claimed claims, and check the
// held ones.
func swapsOf(before, claimed, held []store.Claim) []store.ClaimSwap {
	from := map[string]store.Holder{}
	for _, c := range before {
		from[c.Nullifier] = c.Holder
	}
	var swaps []store.ClaimSwap
	for _, c := range claimed {
		swaps = append(swaps, store.ClaimSwap{Nullifier: c.Nullifier, From: from[c.Nullifier], To: c.Holder})
	}
	for _, c := range held {
		swaps = append(swaps, store.ClaimSwap{Nullifier: c.Nullifier, From: c.Holder, To: c.Holder})
	}
	return swaps
}

func asks(years int, nullifiers ...string) claimant {
	return claimant{nullifiers: nullifiers, expiresAt: until(years)}
}

func TestLIFO(t *testing.T) {
	for name, c := range map[string]struct {
		claimants []claimant
		claims    []store.Claim
		rulings   []ruling
		claimed   []store.Claim
		held      []store.Claim
	}{
		"nothing": {},
		"free": {
			claimants: []claimant{asks(3, "n1", "n2")},
			rulings:   []ruling{{}},
			claimed:   []store.Claim{claim("n1", alice, 3), claim("n2", alice, 3)},
		},
		"own claims are lengthened, never shortened": {
			claimants: []claimant{asks(3, "n1", "n2")},
			claims:    []store.Claim{claim("n1", alice, 1), claim("n2", alice, 9)},
			rulings:   []ruling{{}},
			claimed:   []store.Claim{claim("n1", alice, 3)},
		},
		"own, as long as the credential": {
			claimants: []claimant{asks(3, "n1")},
			claims:    []store.Claim{claim("n1", alice, 3)},
			rulings:   []ruling{{}},
		},
		"own, longer than two credentials": {
			claimants: []claimant{asks(3, "n1"), asks(5, "n1")},
			claims:    []store.Claim{claim("n1", alice, 9)},
			rulings:   []ruling{{}, {}},
		},
		"own, longer than one of two credentials": {
			claimants: []claimant{asks(3, "n1"), asks(5, "n1"), asks(4, "n1")},
			claims:    []store.Claim{claim("n1", alice, 4)},
			rulings:   []ruling{{}, {}, {}},
			claimed:   []store.Claim{claim("n1", alice, 5)},
		},
		"holder without a name": {
			claimants: []claimant{asks(3, "n1")},
			claims:    []store.Claim{claim("n1", "", 1)},
			rulings:   []ruling{{deduplicated: true, until: until(1)}},
			held:      []store.Claim{claim("n1", "", 1)},
		},
		"own address in upper case": {
			claimants: []claimant{asks(3, "n1", "n2")},
			claims:    []store.Claim{claim("n1", "0xA11CE00000000000000000000000000000000000", 9)},
			rulings:   []ruling{{deduplicated: true, until: until(9)}},
			held:      []store.Claim{claim("n1", "0xA11CE00000000000000000000000000000000000", 9)},
		},
		"holder is no address": {
			claimants: []claimant{asks(3, "n1", "n2")},
			claims:    []store.Claim{claim("n1", "0xB0B", 1)},
			rulings:   []ruling{{deduplicated: true, until: until(1)}},
			held:      []store.Claim{claim("n1", "0xB0B", 1)},
		},
		"holder is no address, the next one is": {
			claimants: []claimant{asks(3, "n1", "n2"), asks(3, "n3", "n4")},
			claims:    []store.Claim{claim("n1", "0xB0B", 1), claim("n3", bob, 2)},
			rulings:   []ruling{{deduplicated: true, until: until(1)}, {deduplicated: true, until: until(2)}},
			claimed:   []store.Claim{claim("n4", bob, 2)},
			held:      []store.Claim{claim("n1", "0xB0B", 1), claim("n3", bob, 2)},
		},
		"expired": {
			claimants: []claimant{asks(3, "n1")},
			claims:    []store.Claim{claim("n1", bob, -1)},
			rulings:   []ruling{{}},
			claimed:   []store.Claim{claim("n1", alice, 3)},
		},
		"expires now": {
			claimants: []claimant{asks(3, "n1")},
			claims:    []store.Claim{claim("n1", bob, 0)},
			rulings:   []ruling{{}},
			claimed:   []store.Claim{claim("n1", alice, 3)},
		},
		"own, expired": {
			claimants: []claimant{asks(3, "n1")},
			claims:    []store.Claim{claim("n1", alice, -1)},
			rulings:   []ruling{{}},
			claimed:   []store.Claim{claim("n1", alice, 3)},
		},
		"clash": {
			claimants: []claimant{asks(3, "n1")},
			claims:    []store.Claim{claim("n1", bob, 2)},
			rulings:   []ruling{{deduplicated: true, until: until(2)}},
			held:      []store.Claim{claim("n1", bob, 2)},
		},
		"clash with free, expired and own": {
			claimants: []claimant{asks(9, "free", "first", "second", "expired", "own")},
			claims: []store.Claim{
				claim("second", carol, 5), claim("first", bob, 2), claim("expired", carol, -1), claim("own", alice, 4),
			},
			rulings: []ruling{{deduplicated: true, until: until(5)}},
			claimed: []store.Claim{claim("free", bob, 2), claim("expired", bob, 2)},
			held:    []store.Claim{claim("first", bob, 2), claim("second", carol, 5)},
		},
		"clash with own, expired": {
			claimants: []claimant{asks(9, "own", "bobs")},
			claims:    []store.Claim{claim("own", alice, -1), claim("bobs", bob, 2)},
			rulings:   []ruling{{deduplicated: true, until: until(2)}},
			held:      []store.Claim{claim("bobs", bob, 2)},
		},
		"shared by credentials that count": {
			claimants: []claimant{asks(3, "n1"), asks(5, "n1"), asks(4, "n1")},
			rulings:   []ruling{{}, {}, {}},
			claimed:   []store.Claim{claim("n1", alice, 5)},
		},
		"shared by one that counts and one that does not": {
			claimants: []claimant{asks(3, "shared", "taken"), asks(4, "shared")},
			claims:    []store.Claim{claim("taken", bob, 2)},
			rulings:   []ruling{{deduplicated: true, until: until(2)}, {}},
			claimed:   []store.Claim{claim("shared", alice, 4)},
			held:      []store.Claim{claim("taken", bob, 2)},
		},
		"shared by deduplicated credentials": {
			claimants: []claimant{asks(3, "shared", "bobs"), asks(4, "shared", "carols")},
			claims:    []store.Claim{claim("bobs", bob, 2), claim("carols", carol, 2)},
			rulings:   []ruling{{deduplicated: true, until: until(2)}, {deduplicated: true, until: until(2)}},
			claimed:   []store.Claim{claim("shared", bob, 2)},
			held:      []store.Claim{claim("bobs", bob, 2), claim("carols", carol, 2)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			rulings, swaps := lifoAlone(alice, noon, c.claimants, c.claims)
			assert.ElementsMatch(t, swapsOf(c.claims, c.claimed, c.held), swaps)
			require.Len(t, rulings, len(c.claimants))
			if len(c.rulings) > 0 {
				assert.Equal(t, c.rulings, rulings)
			}
		})
	}
}

// lifoAlone decides on a book that begins with the claims, and returns its
// swaps.
func lifoAlone(address Address, now time.Time, claimants []claimant, claims []store.Claim) ([]ruling, []store.ClaimSwap) {
	b := newBook(claims)
	return lifo(address, now, claimants, b), b.swaps()
}

// drawWorld draws claims of three wallets and credentials of one of them.
func drawWorld(t *rapid.T) (claimants []claimant, claims []store.Claim) {
	nullifiers := []string{"n1", "n2", "n3", "n4", "n5", "n6"}
	years := rapid.IntRange(-2, 4)
	for _, n := range nullifiers {
		if holder := rapid.SampledFrom([]Address{"", alice, bob, carol}).Draw(t, "holder of "+n); holder != "" {
			claims = append(claims, claim(n, holder, years.Draw(t, "claimed until")))
		}
	}
	for range rapid.IntRange(0, 5).Draw(t, "credentials") {
		listed := rapid.SliceOfNDistinct(rapid.SampledFrom(nullifiers), 1, 4, rapid.ID).Draw(t, "lists")
		claimants = append(claimants, asks(rapid.IntRange(1, 4).Draw(t, "valid for"), listed...))
	}
	return claimants, claims
}

func TestLIFO_Properties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		claimants, claims := drawWorld(t)
		rulings, swaps := lifoAlone(alice, noon, claimants, claims)

		before, after := map[string]store.Holder{}, map[string]store.Holder{}
		for _, c := range claims {
			before[c.Nullifier], after[c.Nullifier] = c.Holder, c.Holder
		}
		swapped := map[string]bool{}
		for _, s := range swaps {
			require.False(t, swapped[s.Nullifier], "one swap per nullifier")
			swapped[s.Nullifier] = true
			was := before[s.Nullifier]
			require.Equal(t, was, s.From, "a swap begins with the claim as it was read")
			require.False(t, was.Address == alice && s.To.Equal(was), "an own claim that stays is left out")
			if was.ExpiresAt.After(noon) {
				require.Equal(t, was.Address, s.To.Address, "a live claim is not taken")
				require.False(t, s.To.ExpiresAt.Before(was.ExpiresAt), "or shortened")
				require.False(t, was.Address != alice && !s.To.Equal(was), "a clashing claim is only checked")
			}
			after[s.Nullifier] = s.To
		}

		for i, c := range claimants {
			isClash := func(n string) bool {
				was, existed := before[n]
				return existed && was.Address != alice && was.ExpiresAt.After(noon)
			}
			require.Equal(t, slices.ContainsFunc(c.nullifiers, isClash), rulings[i].deduplicated)
			for _, n := range c.nullifiers {
				require.False(t, isClash(n) && !swapped[n], "the ruling depends on the clashing claim")
				if rulings[i].deduplicated {
					require.Contains(t, after, n, "each nullifier of a loser has a holder")
					continue
				}
				require.Equal(t, alice, after[n].Address, "a credential that counts holds its nullifiers")
				require.False(t, after[n].ExpiresAt.Before(c.expiresAt), "for as long as it counts")
			}
		}

		var later []store.Claim
		for n, holder := range after {
			later = append(later, store.Claim{Nullifier: n, Holder: holder})
		}
		again, swapsAgain := lifoAlone(alice, noon, claimants, later)
		require.Equal(t, rulings, again, "a second scoring rules alike")
		for _, s := range swapsAgain {
			require.Equal(t, s.From, s.To, "and changes no claim")
		}

		shuffled := rapid.Permutation(claims).Draw(t, "shuffled")
		otherRulings, otherSwaps := lifoAlone(alice, noon, claimants, shuffled)
		require.Equal(t, rulings, otherRulings)
		require.Equal(t, swaps, otherSwaps)
	})
}

// A wallet of 20 credentials with two nullifiers each: all free, all its own,
// and half of them clashing.
func BenchmarkLIFO(b *testing.B) {
	var claimants []claimant
	var owned, contested []store.Claim
	for i := range 20 {
		first, second := "v0:"+string(rune('a'+i)), "v1:"+string(rune('a'+i))
		claimants = append(claimants, asks(3, first, second))
		owned = append(owned, claim(first, alice, 3), claim(second, alice, 3))
		if i%2 == 0 {
			contested = append(contested, claim(second, bob, 2))
		}
	}
	for _, c := range []struct {
		name   string
		claims []store.Claim
	}{{"free", nil}, {"own", owned}, {"contested", contested}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				lifoAlone(alice, noon, claimants, c.claims)
			}
		})
	}
}

// Claims that are no longer stated are stated again by the next wallet.
func TestBook_Unstate(t *testing.T) {
	other := store.Holder{Address: bob, ExpiresAt: until(1)}
	claims := []store.Claim{{Nullifier: "a", Holder: other}, {Nullifier: "b", Holder: other}}
	b := newBook(claims)
	b.pass(alice, noon, []string{"a", "b"}, other)
	b.unstate(0)
	assert.Empty(t, b.swaps())
	b.pass(alice, noon, []string{"a", "b"}, other)
	assert.Equal(t, []store.ClaimSwap{{Nullifier: "a", From: other, To: other}, {Nullifier: "b", From: other, To: other}}, b.swaps())
}
