package store_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

// pruner is a store that returns these steps, and then an error.
type pruner struct {
	steps []store.Pruned
	asked []int64 // the After of each step
}

var errPruning = errors.New("it fails")

func (p *pruner) Prune(_ context.Context, step store.Pruning) (*store.Pruned, error) {
	p.asked = append(p.asked, step.After)
	if len(p.asked) > len(p.steps) {
		return nil, errPruning
	}
	return &p.steps[len(p.asked)-1], nil
}

func TestPruneAll(t *testing.T) {
	p := &pruner{steps: []store.Pruned{{Removed: 2, Last: 7, More: true}, {Removed: 0, Last: 9, More: true}, {Removed: 1, Last: 12}}}
	var removed []int
	for step, err := range store.PruneAll(t.Context(), p, store.Pruning{After: 3}) {
		require.NoError(t, err)
		removed = append(removed, step.Removed)
	}
	assert.Equal(t, []int{2, 0, 1}, removed)
	assert.Equal(t, []int64{3, 7, 9}, p.asked)

	for range store.PruneAll(t.Context(), p, store.Pruning{}) {
		break
	}
	assert.Len(t, p.asked, 4, "a break ends it")
	for step, err := range store.PruneAll(t.Context(), p, store.Pruning{}) {
		require.ErrorIs(t, err, errPruning)
		assert.Zero(t, step)
	}
	assert.Len(t, p.asked, 5, "an error ends it")
}

func ExamplePruneAll() {
	mem := memstore.New()
	state := store.State{}
	for day := range 5 {
		state.Events = append(state.Events, store.StoredEvent{Community: 1, RecordedEvent: store.RecordedEvent{
			Event: store.Event{Action: store.ActionScoreUpdate, Address: address, Data: []byte("{}")},
			ID:    int64(day + 1), At: noon.AddDate(0, 0, day),
		}})
	}
	if err := mem.SetState(state); err != nil {
		log.Fatal(err)
	}
	old := store.Pruning{Kind: store.PruneEvents, Before: noon.AddDate(0, 0, 4), Limit: 2}
	for step, err := range store.PruneAll(context.Background(), mem, old) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(step.Removed, "removed")
		time.Sleep(time.Millisecond) // in production longer: the pace is the caller's
	}
	// Output:
	// 2 removed
	// 2 removed
	// 0 removed
}
