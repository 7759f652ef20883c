package histories_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/passport-sdk/passport-go/internal/reliability/histories"
)

// The numbers of histories of a subject, of every twenty.
const (
	inMemoryInTurns = 4
	inMemoryAtOnce  = 1
	eachOfPostgres  = 3 // direct, at three isolations of the host's, and all of it mixed
)

// Every history has an order in which the clients could have done the same one
// after the other.
func TestHistories(t *testing.T) {
	first := *seed
	if first == 0 {
		first = uint64(rand.Uint32())
	}
	t.Logf("the first seed is %d", first)
	t.Run("memstore in turns", func(t *testing.T) {
		for s := range seeds(first, inMemoryInTurns) {
			check(t, s, inMemory(t), histories.InTurns(s))
		}
	})
	t.Run("memstore at once", func(t *testing.T) {
		for s := range seeds(first, inMemoryAtOnce) {
			check(t, s, inMemory(t), histories.AtOnce(s))
		}
	})
	t.Run("pgstore", func(t *testing.T) {
		on := newDatabase(t)
		for s := range seeds(first, eachOfPostgres) {
			check(t, s, on.direct(), histories.AtOnce(s))
		}
	})
	for _, level := range []pgx.TxIsoLevel{pgx.ReadCommitted, pgx.RepeatableRead, pgx.Serializable} {
		t.Run("pgstore in a host's transaction, "+string(level), func(t *testing.T) {
			on := host{newDatabase(t), level}
			for s := range seeds(first, eachOfPostgres) {
				check(t, s, on, histories.AtOnce(s))
			}
		})
	}
	t.Run("pgstore in every way at once", func(t *testing.T) {
		on := mixed{host{database: newDatabase(t)}}
		for s := range seeds(first, eachOfPostgres) {
			check(t, s, on, histories.AtOnce(s))
		}
	})
}

// seeds yields those of the subject's share.
func seeds(first uint64, share int) func(yield func(uint64) bool) {
	const all = inMemoryInTurns + inMemoryAtOnce + 5*eachOfPostgres
	return func(yield func(uint64) bool) {
		for i := range max(1, *number*share/all) {
			if !yield(first + uint64(i)) {
				return
			}
		}
	}
}

func check(t *testing.T, s uint64, subject histories.Subject, pace histories.Pace) {
	t.Helper()
	h, err := histories.Run(t.Context(), histories.NewPlan(s), subject, pace)
	require.NoError(t, err)
	if err := h.Check(); err != nil {
		if *picture != "" {
			assert.NoError(t, paint(h, *picture))
		}
		t.Fatalf("%v\n\n%v\nto run its plan again: go test ./histories -run %q -args -histories 1 -seed %d", err, h, t.Name(), s)
	}
}

func paint(h *histories.History, path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(h.Picture(file), file.Close())
}

func TestMet(t *testing.T) {
	met := map[string]int{}
	for s := range uint64(100) {
		pace := histories.InTurns(s)
		if s%4 == 0 {
			pace = histories.AtOnce(s)
		}
		h, err := histories.Run(t.Context(), histories.NewPlan(s), inMemory(t), pace)
		require.NoError(t, err)
		for name, n := range h.Met() {
			met[name] += n
		}
	}
	for _, name := range histories.Everything() {
		assert.Positive(t, met[name], name)
		t.Logf("%5d times %s", met[name], name)
	}
}

func TestRun_SameSeed(t *testing.T) {
	for s := range uint64(20) {
		var texts [2]string
		for i := range texts {
			h, err := histories.Run(t.Context(), histories.NewPlan(s), inMemory(t), histories.InTurns(s))
			require.NoError(t, err)
			texts[i] = h.String()
		}
		require.Equal(t, texts[0], texts[1])
	}
}

// A picture of a checked history, for a person to open:
//
//	go test ./histories -run TestPicture -args -seed 227 -picture /tmp/history.html
func TestPicture(t *testing.T) {
	path := *picture
	if path == "" {
		path = filepath.Join(t.TempDir(), "history.html")
	}
	h, err := histories.Run(t.Context(), histories.NewPlan(*seed), inMemory(t), histories.InTurns(*seed))
	require.NoError(t, err)
	require.NoError(t, h.Check())
	require.NoError(t, paint(h, path))
	page, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Contains(t, string(page), "<html")
	assert.Contains(t, string(page), ": at +")
}

func TestRun_Goroutines(t *testing.T) {
	others := goleak.IgnoreCurrent()
	for s := range uint64(10) {
		for _, pace := range []histories.Pace{histories.InTurns(s), histories.AtOnce(s)} {
			h, err := histories.Run(t.Context(), histories.NewPlan(s), inMemory(t), pace)
			require.NoError(t, err)
			require.NoError(t, h.Check())
		}
	}
	goleak.VerifyNone(t, others)
}
