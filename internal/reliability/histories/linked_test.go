package histories_test

import (
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/internal/reliability/histories"
	"github.com/passport-sdk/passport-go/store"
)

func TestLinkedHistories(t *testing.T) {
	first := *seed
	if first == 0 {
		first = uint64(rand.Uint32())
	}
	t.Logf("the first seed is %d", first)
	t.Run("memstore in turns", func(t *testing.T) {
		for i := range uint64(*number) {
			checkLinked(t, first+i, inMemory(t), histories.InTurns(first+i))
		}
	})
	const of = 10 // of ten in turns, one of each other subject
	others := uint64(max(1, *number/of))
	t.Run("memstore at once", func(t *testing.T) {
		for i := range others {
			checkLinked(t, first+i, inMemory(t), histories.AtOnce(first+i))
		}
	})
	t.Run("pgstore", func(t *testing.T) {
		on := newDatabase(t)
		for i := range others {
			checkLinked(t, first+i, on.direct(), histories.AtOnce(first+i))
		}
	})
	t.Run("pgstore in every way at once", func(t *testing.T) {
		on := mixed{host{database: newDatabase(t)}}
		for i := range others {
			checkLinked(t, first+i, on, histories.AtOnce(first+i))
		}
	})
}

func checkLinked(t *testing.T, s uint64, subject histories.Subject, pace histories.Pace) {
	t.Helper()
	h, err := histories.RunLinked(t.Context(), histories.NewLinkedPlan(s), subject, pace)
	require.NoError(t, err)
	if err := h.Check(); err != nil {
		t.Fatalf("%v\n\n%v\nto run its plan again: go test ./histories -run %q -args -histories 1 -seed %d", err, h, t.Name(), s)
	}
}

func newBrokenGroups(t *testing.T, breaks bug) brokenSubject {
	t.Helper()
	subject := newBroken(t, breaks)
	subject.Store = brokenGroups{subject.Store.(*brokenstore.Store)}
	return subject
}

// Each bug is caught in one of the first linked histories, by the part of the
// check that is there for it.
func TestLinkedHistories_BrokenStores(t *testing.T) {
	const most = 1000
	require.GreaterOrEqual(t, len(linkedBugs), 20)
	for _, name := range slices.Sorted(maps.Keys(linkedBugs)) {
		t.Run(name, func(t *testing.T) {
			by := regexp.MustCompile(linkedBugs[name].by)
			for s := uint64(1); s <= most; s++ {
				h, err := histories.RunLinked(t.Context(), histories.NewLinkedPlan(s), newBrokenGroups(t, linkedBugs[name].bug), histories.InTurns(s))
				require.NoError(t, err)
				if err := h.Check(); err != nil && by.MatchString(err.Error()) {
					t.Logf("caught in history %d: %v", s, by.FindString(err.Error()))
					return
				}
			}
			assert.Fail(t, "not caught", "in %d histories", most)
		})
	}
}

func TestLinkedHistories_Good(t *testing.T) {
	for s := uint64(1); s <= 50; s++ {
		checkLinked(t, s, newBrokenGroups(t, func(*brokenstore.Store) {}), histories.InTurns(s))
	}
}

// metLinked counts the situations of a linked history.
func metLinked(met map[string]int, h *histories.LinkedHistory) {
	for _, s := range h.Scorings {
		last := &s.Looks[len(s.Looks)-1]
		for _, r := range s.Results {
			if r.Linked == nil {
				if named := slices.ContainsFunc(last.Before.GroupClaims, func(c store.StoredGroupClaim) bool { return c.Names(r.Address) }); named {
					met["a wallet has left its group"]++
				}
				continue
			}
			met["a group is scored"]++
			count(met, "a group passes", r.Linked.Passing)
			count(met, "a group is left unchanged", r.Unchanged)
			count(met, "the canonical wallet's claim has ended", strings.Contains(r.Linked.Why, "had ended"))
			count(met, "a stranger has an account of the group", hasStamp(r, "claimed by another wallet"))
			count(met, "two wallets of a group have one account", hasStamp(r, "of the same group"))
		}
		for i := range s.Looks[1:] {
			look, next := &s.Looks[i], &s.Looks[i+1]
			more := len(next.Wallets) > len(look.Wallets)
			count(met, "a wallet is scored for a claim of the past", next.Wrote && len(s.Asked) == 1 && len(last.Groups[s.Asked[0]]) < len(next.Wallets))
			count(met, "a race is lost", !look.Wrote && !next.Wrote && !more)
		}
	}
}

func count(met map[string]int, name string, is bool) {
	if is {
		met[name]++
	}
}

func hasStamp(r *passport.Result, why string) bool {
	return slices.ContainsFunc(r.Linked.Members, func(m passport.Member) bool {
		return slices.ContainsFunc(m.Stamps, func(s passport.Stamp) bool { return strings.Contains(s.Why, why) })
	})
}

func TestLinkedHistories_Met(t *testing.T) {
	met := map[string]int{}
	for s := range uint64(100) {
		h, err := histories.RunLinked(t.Context(), histories.NewLinkedPlan(s), inMemory(t), histories.InTurns(s))
		require.NoError(t, err)
		metLinked(met, h)
	}
	for _, name := range []string{
		"a wallet has left its group", "a group is scored", "a group passes", "a group is left unchanged",
		"the canonical wallet's claim has ended", "a stranger has an account of the group", "two wallets of a group have one account",
		"a wallet is scored for a claim of the past", "a race is lost",
	} {
		assert.Positive(t, met[name], name)
		t.Logf("%5d times %s", met[name], name)
	}
}
