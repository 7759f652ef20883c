package storetest

import (
	"fmt"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// knownClaimCases are about the claims that a caller needs of wallets that it
// knows: those on the nullifiers that it names while a wallet is unchanged,
// those on the nullifiers of the credentials otherwise.
func knownClaimCases() []Case {
	// Alice lists n1 and n2, Bob n2 and n3.
	begin := func(w *world) (of, another string) {
		w.t.Helper()
		w.credentials(stored(1, alice, "Google", "n1"), stored(2, alice, "Ens", "n2"), stored(3, bob, "Google", "n2", "n3"))
		elsewhere := claim("n1", carol, years(3))
		elsewhere.Community = neighbour
		w.claims(
			elsewhere, claim("n1", alice, years(-1)), claim("n2", bob, years(1)), claim("n3", carol, years(-2)), claim("known", carol, years(1)))
		loaded := w.load(alice, bob).Wallets
		return loaded[0].Version, loaded[1].Version
	}
	return []Case{
		{Name: "claims on the named nullifiers of anyone and expired or not", run: func(w *world) {
			version, _ := begin(w)
			w.again(ofAlice(version, "n1", "n2", "free").query(alice), alice)
			w.again(ofAlice(version, "n3", "known").query(alice), alice)
			w.again(ofAlice(version).query(alice), alice)
		}},
		{Name: "claims on the nullifiers of a changed wallet in place of the named", run: func(w *world) {
			begin(w)
			w.again(ofAlice("another", "n3", "known").query(alice))
			w.again(ofAlice("another").query(alice))
		}},
		{Name: "a claim once that several wallets name", run: func(w *world) {
			version, another := begin(w)
			k := known{
				alice: {Version: version, Nullifiers: []string{"n2", "n2", "known"}},
				bob:   {Version: another, Nullifiers: []string{"known", "n3", "n2"}},
			}
			w.again(k.query(alice, bob), alice, bob)
		}},
		{Name: "a claim once that an unchanged and a changed wallet name", run: func(w *world) {
			version, _ := begin(w)
			k := known{
				alice: {Version: version, Nullifiers: []string{"n2", "n3"}},
				bob:   {Version: "another", Nullifiers: []string{"known"}},
			}
			w.again(k.query(alice, bob), alice)
			w.again(k.query(bob, alice), alice)
		}},
		{Name: "no claim of another community on a named nullifier", run: func(w *world) {
			version, _ := begin(w)
			q := ofAlice(version, "n1", "n2").query(alice)
			q.Community = neighbour
			w.again(q, alice)
		}},
		{Name: "a claim that has changed since", run: func(w *world) {
			version, _ := begin(w)
			w.score(bob, swaps(taken("free", bob, years(2)), swap("known", holder(carol, years(1)), holder(bob, years(2)))))
			w.again(ofAlice(version, "free", "known").query(alice), alice)
		}},
		{Name: "nullifiers that no store can hold", run: func(w *world) {
			version, _ := begin(w)
			for _, odd := range []string{"", "a\x00b", "\xff", "N1", "n1 ", "%", `{"n1"}`, strings.Repeat("ö", 101), strings.Repeat("n", 1<<20)} {
				w.again(ofAlice(version, "n1", odd, "n2").query(alice), alice)
				w.again(ofAlice("another", "n1", odd, "n2").query(alice))
			}
		}},
		{Name: "very many nullifiers", run: func(w *world) {
			version, _ := begin(w)
			many := []string{"n1"}
			for i := range 100_000 {
				many = append(many, fmt.Sprint("many ", i))
			}
			w.again(ofAlice(version, append(many, "n3")...).query(alice), alice)
			w.again(ofAlice("another", append(many, "n3")...).query(alice))
		}},
	}
}

// knownPointsCases are about the points of known wallets.
func knownPointsCases() []Case {
	return []Case{
		{Name: "the points of known wallets", run: func(w *world) {
			w.readBefore()
			w.points(point(bob, "HKY", "Google", "n1"), point(alice, "MM2", "", ""))
			w.qualifications(store.Qualification{Address: alice, Community: neighbour})
			w.edit(func(s *store.State) { s.Multipliers = map[store.Address]int{alice: 3} })
			q := ofAlice(w.version(alice)).query(bob, alice)
			q.Points = &store.PointsQuery{Counted: []string{"MM2"}}
			points := w.again(q, alice).Points
			require.NotNil(w.t, points)
			require.Len(w.t, points.Wallets, 2)
			assert.Equal(w.t, map[string]int{"MM2": 1}, points.Given)
			assert.Equal(w.t, []store.HumanPoint{{Action: "HKY", Provider: "Google", TxHash: "n1"}}, points.Wallets[0].Points)
			assert.Equal(w.t, []store.HumanPoint{{Action: "MM2"}}, points.Wallets[1].Points)
			assert.Equal(w.t, []int64{neighbour}, points.Wallets[1].Communities)
			assert.Equal(w.t, 3, points.Wallets[1].Multiplier)
		}},
	}
}
