package memstore

import "slices"

// group is the rows that have something in common. One that leaves costs the same
// however many they are, or else changing all of them would take the square of
// their number; nothing is spent on that before one of many leaves.
type group[T any] struct {
	rows []*T
	// places tells where in rows each of them is. It is nil until it is needed.
	places map[*T]int
}

// few is how many rows are faster to search than to look up.
const few = 64

// with returns the group with one row more, in place of the group itself.
func (g group[T]) with(row *T) group[T] {
	if g.places != nil {
		g.places[row] = len(g.rows)
	}
	g.rows = append(g.rows, row)
	return g
}

// without returns the group without the row, in place of the group itself. The
// last row takes its place.
func (g group[T]) without(row *T) group[T] {
	last := len(g.rows) - 1
	moved := g.rows[last]
	if len(g.rows) <= few {
		g.places = nil
		g.rows[slices.Index(g.rows, row)] = moved
	} else {
		if g.places == nil {
			g.places = placesOf(g.rows)
		}
		at := g.places[row]
		g.rows[at], g.places[moved] = moved, at
		delete(g.places, row)
	}
	g.rows[last] = nil // for the garbage collector
	g.rows = g.rows[:last]
	return g
}

func placesOf[T any](rows []*T) map[*T]int {
	places := make(map[*T]int, len(rows))
	for i, row := range rows {
		places[row] = i
	}
	return places
}
