package histories

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/anishathalye/porcupine"
)

// A fact is what the answer of an operation implies about one object: in which
// of its states the operation can have happened, and which state it leaves.
type fact[S any] interface {
	// after returns the states that the object may be in afterwards. None means
	// that it cannot have happened in this state.
	after(state S) []S
	fmt.Stringer
}

// input is a fact and the operation that it is of. To the checker it is the
// input of an operation without output.
type input[S any] struct {
	object fmt.Stringer
	by     string
	fact   fact[S]
}

// from returns the fact that an operation of the checker stands for.
func from[S any](op porcupine.Operation) input[S] {
	return op.Input.(input[S]) //nolint:forcetypeassert // facts about one kind of object are never mixed
}

// object is a kind of object and its rules, for the checker.
type object[S any] struct {
	start S
	same  func(a, b S) bool
}

// model puts the rules in the checker's terms. Each object has a history of its
// own.
//
//nolint:forcetypeassert // facts about one kind of object are never mixed
func (o object[S]) model() porcupine.Model {
	rules := porcupine.NondeterministicModel{
		Partition: partition[S],
		Init:      func() []any { return []any{o.start} },
		Step: func(state, in, _ any) []any {
			var next []any
			for _, s := range in.(input[S]).fact.after(state.(S)) {
				next = append(next, s)
			}
			return next
		},
		Equal: func(a, b any) bool { return o.same(a.(S), b.(S)) },
		DescribeOperation: func(in, _ any) string {
			return in.(input[S]).by + ": " + in.(input[S]).fact.String()
		},
		DescribeState: func(state any) string { return fmt.Sprint(state) },
	}
	return rules.ToModel()
}

// partition returns the operations by object.
func partition[S any](all []porcupine.Operation) [][]porcupine.Operation {
	name := func(op porcupine.Operation) string { return from[S](op).object.String() }
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b porcupine.Operation) int { return cmp.Compare(name(a), name(b)) })
	var parts [][]porcupine.Operation
	for i, op := range sorted {
		if i == 0 || name(op) != name(sorted[i-1]) {
			parts = append(parts, nil)
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], op)
	}
	return parts
}
