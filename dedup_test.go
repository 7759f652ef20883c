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
	return store.Claim{Nullifier: nullifier, Address: string(holder), ExpiresAt: until(years)}
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
		"nothing asked, nothing claimed": {},
		"free nullifiers are claimed until the credential expires": {
			claimants: []claimant{asks(3, "n1", "n2")},
			rulings:   []ruling{{}},
			claimed:   []store.Claim{claim("n1", alice, 3), claim("n2", alice, 3)},
		},
		"own claims are lengthened, never shortened": {
			claimants: []claimant{asks(3, "n1", "n2")},
			claims:    []store.Claim{claim("n1", alice, 1), claim("n2", alice, 9)},
			rulings:   []ruling{{}},
			claimed:   []store.Claim{claim("n1", alice, 3), claim("n2", alice, 9)},
		},
		"an own claim that is longer than both of two credentials": {
			claimants: []claimant{asks(3, "n1"), asks(5, "n1")},
			claims:    []store.Claim{claim("n1", alice, 9)},
			rulings:   []ruling{{}, {}},
			claimed:   []store.Claim{claim("n1", alice, 9)},
		},
		"a claim under the address in other letters is another's": {
			claimants: []claimant{asks(3, "n1", "n2")},
			claims:    []store.Claim{claim("n1", "0xA11CE00000000000000000000000000000000000", 9)},
			rulings:   []ruling{{deduplicated: true, until: until(9)}},
			held:      []store.Claim{claim("n1", "0xA11CE00000000000000000000000000000000000", 9)},
		},
		"a holder that is no address of ours keeps what it has, and gets no more": {
			claimants: []claimant{asks(3, "n1", "n2")},
			claims:    []store.Claim{claim("n1", "0xB0B", 1)},
			rulings:   []ruling{{deduplicated: true, until: until(1)}},
			held:      []store.Claim{claim("n1", "0xB0B", 1)},
		},
		"which is nothing to the owner of the next": {
			claimants: []claimant{asks(3, "n1", "n2"), asks(3, "n3", "n4")},
			claims:    []store.Claim{claim("n1", "0xB0B", 1), claim("n3", bob, 2)},
			rulings:   []ruling{{deduplicated: true, until: until(1)}, {deduplicated: true, until: until(2)}},
			claimed:   []store.Claim{claim("n4", bob, 2)},
			held:      []store.Claim{claim("n1", "0xB0B", 1), claim("n3", bob, 2)},
		},
		"an expired claim of another is taken over": {
			claimants: []claimant{asks(3, "n1")},
			claims:    []store.Claim{claim("n1", bob, -1)},
			rulings:   []ruling{{}},
			claimed:   []store.Claim{claim("n1", alice, 3)},
		},
		"a claim that ends this very moment has expired": {
			claimants: []claimant{asks(3, "n1")},
			claims:    []store.Claim{claim("n1", bob, 0)},
			rulings:   []ruling{{}},
			claimed:   []store.Claim{claim("n1", alice, 3)},
		},
		"an own claim is own although it has expired": {
			claimants: []claimant{asks(3, "n1")},
			claims:    []store.Claim{claim("n1", alice, -1)},
			rulings:   []ruling{{}},
			claimed:   []store.Claim{claim("n1", alice, 3)},
		},
		"the last in loses": {
			claimants: []claimant{asks(3, "n1")},
			claims:    []store.Claim{claim("n1", bob, 2)},
			rulings:   []ruling{{deduplicated: true, until: until(2)}},
			held:      []store.Claim{claim("n1", bob, 2)},
		},
		"free and expired ones go to the owner of the first clash, own ones stay": {
			claimants: []claimant{asks(9, "free", "first", "second", "expired", "own")},
			claims: []store.Claim{
				claim("second", carol, 5), claim("first", bob, 2), claim("expired", carol, -1), claim("own", alice, 4),
			},
			rulings: []ruling{{deduplicated: true, until: until(5)}},
			claimed: []store.Claim{claim("free", bob, 2), claim("expired", bob, 2)},
			held:    []store.Claim{claim("first", bob, 2), claim("second", carol, 5)},
		},
		"an own claim that has expired is not given away either": {
			claimants: []claimant{asks(9, "own", "bobs")},
			claims:    []store.Claim{claim("own", alice, -1), claim("bobs", bob, 2)},
			rulings:   []ruling{{deduplicated: true, until: until(2)}},
			held:      []store.Claim{claim("bobs", bob, 2)},
		},
		"two credentials that share a nullifier both count, until the later expiry": {
			claimants: []claimant{asks(3, "n1"), asks(5, "n1"), asks(4, "n1")},
			rulings:   []ruling{{}, {}, {}},
			claimed:   []store.Claim{claim("n1", alice, 5)},
		},
		"what a counting credential lists is not given away by a deduplicated one": {
			claimants: []claimant{asks(3, "shared", "taken"), asks(4, "shared")},
			claims:    []store.Claim{claim("taken", bob, 2)},
			rulings:   []ruling{{deduplicated: true, until: until(2)}, {}},
			claimed:   []store.Claim{claim("shared", alice, 4)},
			held:      []store.Claim{claim("taken", bob, 2)},
		},
		"a nullifier that two deduplicated credentials list is given once": {
			claimants: []claimant{asks(3, "shared", "bobs"), asks(4, "shared", "carols")},
			claims:    []store.Claim{claim("bobs", bob, 2), claim("carols", carol, 2)},
			rulings:   []ruling{{deduplicated: true, until: until(2)}, {deduplicated: true, until: until(2)}},
			claimed:   []store.Claim{claim("shared", bob, 2)},
			held:      []store.Claim{claim("bobs", bob, 2), claim("carols", carol, 2)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			rulings, claimed, held := lifo(alice, noon, c.claimants, c.claims)
			assert.ElementsMatch(t, c.claimed, claimed)
			assert.ElementsMatch(t, c.held, held)
			require.Len(t, rulings, len(c.claimants))
			if len(c.rulings) > 0 {
				assert.Equal(t, c.rulings, rulings)
			}
		})
	}
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

func TestLIFOProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		claimants, claims := drawWorld(t)
		rulings, claimed, held := lifo(alice, noon, claimants, claims)

		before, after := index(t, claims), index(t, claims)
		for _, c := range claimed {
			was, existed := before[c.Nullifier]
			live := existed && was.ExpiresAt.After(noon)
			require.False(t, live && was.Address != c.Address, "live claim %v became %v", was, c)
			require.False(t, live && c.ExpiresAt.Before(was.ExpiresAt), "live claim %v was shortened to %v", was, c)
			after[c.Nullifier] = c
		}
		require.Len(t, index(t, claimed), len(claimed), "one holder per nullifier")
		for _, h := range held {
			require.Equal(t, before[h.Nullifier], h, "held claims are as they were")
			require.NotEqual(t, string(alice), h.Address)
			require.NotContains(t, index(t, claimed), h.Nullifier)
		}

		for i, c := range claimants {
			isClash := func(n string) bool {
				was, existed := before[n]
				return existed && was.Address != string(alice) && was.ExpiresAt.After(noon)
			}
			require.Equal(t, slices.ContainsFunc(c.nullifiers, isClash), rulings[i].deduplicated)
			for _, n := range c.nullifiers {
				if rulings[i].deduplicated {
					require.Contains(t, after, n, "a loser's nullifiers are held by somebody")
					continue
				}
				require.Equal(t, string(alice), after[n].Address, "what counts is held")
				require.False(t, after[n].ExpiresAt.Before(c.expiresAt), "and for as long as it counts")
			}
		}

		again, claimedAgain, _ := lifo(alice, noon, claimants, slices.Collect(values(after)))
		require.Equal(t, rulings, again, "scoring twice rules alike")
		for _, c := range claimedAgain {
			require.Equal(t, after[c.Nullifier], c, "and claims nothing new")
		}

		shuffled := rapid.Permutation(claims).Draw(t, "shuffled")
		other, otherClaimed, otherHeld := lifo(alice, noon, claimants, shuffled)
		require.Equal(t, rulings, other)
		require.Equal(t, claimed, otherClaimed)
		require.Equal(t, held, otherHeld)
	})
}

func index(t *rapid.T, claims []store.Claim) map[string]store.Claim {
	byNullifier := map[string]store.Claim{}
	for _, c := range claims {
		require.NotContains(t, byNullifier, c.Nullifier)
		byNullifier[c.Nullifier] = c
	}
	return byNullifier
}

func values(claims map[string]store.Claim) func(func(store.Claim) bool) {
	return func(yield func(store.Claim) bool) {
		for _, c := range claims {
			if !yield(c) {
				return
			}
		}
	}
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
				lifo(alice, noon, claimants, c.claims)
			}
		})
	}
}
