package memstore

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestARowThatLeavesItsGroupMovesOneOtherAtMost(t *testing.T) {
	const rows = 1000
	var g group[int]
	for i := range rows {
		g = g.with(&i)
	}
	searched := 0
	for _, row := range slices.Clone(g.rows) {
		before := slices.Clone(g.rows)
		g = g.without(row)
		moved := 0
		for i := range g.rows {
			if g.rows[i] != before[i] {
				moved++
			}
		}
		require.LessOrEqual(t, moved, 1)
		if g.places == nil {
			searched++
		}
	}
	assert.Equal(t, few, searched, "only what is small is searched")
}

func TestAGroupHoldsWhatCameAndHasNotLeft(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var g group[int]
	held := map[*int]bool{}
	for step := range 4000 {
		// Over and over it grows beyond what is few, and is emptied again.
		if grows := step/400%2 == 0; grows && random.IntN(4) > 0 || len(g.rows) == 0 {
			g = g.with(&step)
			held[&step] = true
		} else {
			row := g.rows[random.IntN(len(g.rows))]
			g = g.without(row)
			delete(held, row)
		}
		require.True(t, maps.Equal(held, setOf(g.rows)))
		require.Len(t, g.rows, len(held))
		if g.places != nil {
			require.True(t, maps.Equal(placesOf(g.rows), g.places))
		}
	}
}

func setOf[T any](rows []*T) map[*T]bool {
	set := make(map[*T]bool, len(rows))
	for _, row := range rows {
		set[row] = true
	}
	return set
}

func TestCredentialsWithoutAProofValueAreNotFoundByIt(t *testing.T) {
	d := newData()
	d.Credentials.set(&credentialRow{ID: 1})
	d.Credentials.set(&credentialRow{ID: 2, ProofValue: "proof"})
	assert.Empty(t, d.Credentials.byProof.find(""))
	assert.Len(t, d.Credentials.byProof.find("proof"), 1)
}
