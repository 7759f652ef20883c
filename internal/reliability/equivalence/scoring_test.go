package equivalence

import (
	"slices"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/passport-sdk/passport-go"
)

func (m *machine) Score(t *rapid.T) {
	m.score(t, "Score", func(s *side) *passport.Engine { return s.engine })
}

// LeavingUnchanged scores a wallet unless its score is the same and not too
// old.
func (m *machine) LeavingUnchanged(t *rapid.T) {
	age := ages.draw(t, "age")
	m.score(t, "LeavingUnchanged", func(s *side) *passport.Engine { return s.engine.LeavingUnchanged(age) })
}

var ages = choice[time.Duration]{
	[]time.Duration{time.Hour, time.Hour + time.Microsecond, 24 * time.Hour, 1000 * time.Hour},
	[]time.Duration{0, time.Nanosecond, time.Microsecond},
}

func (m *machine) score(t *rapid.T, op string, engine func(s *side) *passport.Engine) {
	id, address := communities.draw(t, "community"), addresses.draw(t, "address")
	m.writes(t, op, func(s *side) (any, error) {
		result, err := engine(s).Score(m.ctx, id, string(address))
		if err != nil {
			return result, err
		}
		if result.Unchanged {
			m.tally.add(opLeft, nil)
		}
		if result.Linked != nil {
			m.tally.add(opLinked, nil)
		}
		ledger, err := s.LoadPoints(m.ctx, address)
		if err != nil || !assert.ObjectsAreEqual(ledger, result.Ledger) {
			t.Fatalf("%s: the ledgers of %s differ: it returns %+v, LoadPoints %+v (%v)", op, s.name, result.Ledger, ledger, err)
		}
		return result, nil
	})
}

// opLeft is a scoring that leaves the score alone.
const opLeft = "Score, left alone"

// opLinked is a scoring of a wallet of a group.
const opLinked = "Score, linked"

// scored is an outcome of ScoreAll.
type scored struct {
	Address string
	Result  *passport.Result
	Err     string
}

// ScoreAll scores some wallets, in batches one after the other: batches that
// are written at once could be written in any order.
func (m *machine) ScoreAll(t *rapid.T) {
	id := communities.draw(t, "community")
	var texts []string
	for _, address := range some(t, addresses, 1, 5, "wallets") {
		texts = append(texts, string(address))
	}
	size := rapid.IntRange(1, len(texts)).Draw(t, "batch")
	age := time.Duration(0)
	if oneIn(t, 2, "leaving unchanged scores") {
		age = ages.draw(t, "age")
	}
	m.writes(t, "ScoreAll", func(s *side) (any, error) {
		var outcomes []scored
		run := s.engine.LeavingUnchanged(age).ScoreAll(m.ctx, id, slices.Values(texts), passport.WithWorkers(1), passport.WithBatchSize(size))
		for outcome, err := range run {
			if err != nil {
				return nil, err
			}
			if outcome.Result != nil && outcome.Result.Unchanged {
				m.tally.add(opLeft, nil)
			}
			outcomes = append(outcomes, scored{outcome.Address, outcome.Result, kind(outcome.Err)})
		}
		return outcomes, nil
	})
}

func (m *machine) Preview(t *rapid.T) {
	id, address := communities.draw(t, "community"), addresses.draw(t, "address")
	m.asks(t, "Preview", func(s *side) (any, error) { return s.engine.Preview(m.ctx, id, string(address)) })
}

func (m *machine) Latest(t *rapid.T) {
	id, address := communities.draw(t, "community"), addresses.draw(t, "address")
	m.asks(t, "Latest", func(s *side) (any, error) { return s.engine.Latest(m.ctx, id, string(address)) })
}
