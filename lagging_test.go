package passport

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// The retry of a lost race reads what is there now, whatever the first read.
func TestWithLaggingLoads(t *testing.T) {
	score := func(e *Engine) error {
		_, err := e.Score(t.Context(), 1, string(alice))
		return err
	}
	scoreAll := func(e *Engine) error {
		for scored, err := range e.ScoreAll(t.Context(), 1, slices.Values([]string{string(alice)})) {
			if err != nil {
				return err
			}
			return scored.Err
		}
		return nil
	}
	preview := func(e *Engine) error {
		_, err := e.Preview(t.Context(), 1, string(alice))
		return err
	}
	plan := func(e *Engine) error {
		p, err := e.Planner()
		if err == nil {
			_, err = p.Plan(t.Context(), 1, string(alice))
		}
		return err
	}
	unchanged := func(e *Engine) error { return score(e.LeavingUnchanged(time.Hour)) }
	for name, c := range map[string]struct {
		call            func(*Engine) error
		without, option []bool // whether each read may lag
	}{
		"Score":            {score, []bool{false, false, false}, []bool{true, false, false}},
		"ScoreAll":         {scoreAll, []bool{false, false, false}, []bool{true, false, false}},
		"LeavingUnchanged": {unchanged, []bool{false, false, false}, []bool{false, false, false}},
		"Preview":          {preview, []bool{true}, []bool{true}},
		"Plan":             {plan, []bool{true}, []bool{true}},
	} {
		for _, option := range []bool{false, true} {
			s, want, options := &scriptedStore{snapshot: emptyWallet()}, c.without, []Option(nil)
			s.applies = []error{store.Errorf("test", store.ErrConflict, "first"), store.Errorf("test", store.ErrConflict, "second")}
			if option {
				want, options = c.option, []Option{WithLaggingLoads()}
			}
			require.NoError(t, c.call(newEngine(t, s, options...)), name)
			var asked []bool
			for _, q := range s.queries {
				asked = append(asked, q.MayLag)
			}
			assert.Equal(t, want, asked, "%s, with the option: %t", name, option)
		}
	}
}
