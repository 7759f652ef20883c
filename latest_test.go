package passport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/servicerows"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

const passed = `{"type":"ThresholdScoreCheck","success":true,"rawScore":"4.25","threshold":"3.00000"}`

func TestLatest(t *testing.T) {
	s := &scriptedStore{}
	engine := newEngine(t, s)
	latest := func(row *store.Score) (*LastScore, error) {
		s.recorded = nil
		if row != nil {
			s.recorded = recorded(row)
		}
		return engine.Latest(t.Context(), 1, string(alice))
	}

	_, err := latest(nil)
	require.ErrorIs(t, err, ErrNeverScored)
	require.EqualError(t, err, "reading the score of "+string(alice)+" in community 1: never scored")
	_, err = latest(&store.Score{Status: "BULK_PROCESSING"})
	require.ErrorIs(t, err, ErrNeverScored)
	require.ErrorContains(t, err, "its scoring is queued (BULK_PROCESSING)")

	_, err = latest(&store.Score{Status: store.StatusError, Error: "no weights"})
	assert.Equal(t, &ScoringError{Community: 1, Address: alice, Err: errors.New("no weights")}, err)

	last, err := latest(&store.Score{
		Status: store.StatusDone, Value: "1.000000000", ScoredAt: noon, ExpiresAt: until(1), Evidence: []byte(passed),
	})
	require.NoError(t, err)
	assert.Equal(t, &LastScore{
		Community: 1, Address: alice, Passing: true, PassedWhenScored: true, Score: decimal(t, "4.25"), Threshold: decimal(t, "3.00000"),
		ScoredAt: noon, ExpiresAt: until(1),
	}, last)
}

func TestLatest_Passing(t *testing.T) {
	const counted, deduplicated = `{"Google":{"score":"4.25000","dedup":false}}`, `{"Google":{"score":"0.00000","dedup":true}}`
	google := []string{"Github", "Google"}
	for name, c := range map[string]struct {
		evidence, stamps string
		live             []string
		expires          time.Time
		passing          bool
		outdated         bool
	}{
		"no expiry":                    {evidence: passed, passing: true},
		"before its expiry":            {evidence: passed, expires: noon.Add(time.Microsecond), passing: true},
		"at its expiry":                {evidence: passed, expires: noon},
		"after its expiry":             {evidence: passed, expires: noon.Add(-time.Hour)},
		"never passed":                 {evidence: `{"success":false,"rawScore":"1","threshold":"3"}`, expires: until(1)},
		"its stamp is there":           {evidence: passed, stamps: counted, live: google, passing: true},
		"its stamp is gone":            {evidence: passed, stamps: counted, outdated: true},
		"a deduplicated stamp is gone": {evidence: passed, stamps: deduplicated, passing: true},
		"a stamp of a linked wallet":   {evidence: passed, stamps: `{"Google":{"dedup":false,"source_wallet":"` + string(bob) + `"}}`, passing: true},
		"a stamp of its own is gone":   {evidence: passed, stamps: `{"Google":{"dedup":false,"source_wallet":"` + string(alice) + `"}}`, outdated: true},
		"stamps of JSON null":          {evidence: passed, stamps: `null`, passing: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := recordedAs(&store.Score{Status: store.StatusDone, ScoredAt: noon, ExpiresAt: c.expires, Evidence: []byte(c.evidence)})
			if c.stamps != "" {
				s.recorded.Stamps = []byte(c.stamps)
			}
			s.recorded.Live = c.live
			last, err := newEngine(t, s).Latest(t.Context(), 1, string(alice))
			require.NoError(t, err)
			assert.Equal(t, c.passing, last.Passing)
			assert.Equal(t, c.passing, last.PassingAt(noon))
			assert.Equal(t, c.outdated, last.Outdated)
			assert.Equal(t, c.evidence == passed, last.PassedWhenScored)
			assert.Equal(t, c.passing && c.expires.IsZero(), last.PassingAt(until(50)))
		})
	}
}

func TestLatest_InvalidScore(t *testing.T) {
	for name, c := range map[string]struct {
		row  store.Score
		want string
	}{
		"evidence of no form": {store.Score{Value: "1", Evidence: []byte(`{}`)}, `raw score: invalid decimal: ""`},
		"no score at all":     {store.Score{}, `raw score: invalid decimal: ""`},
		"stamps of no form":   {store.Score{Evidence: []byte(passed), Stamps: []byte(`["Google"]`)}, "the stamps of a score have another form"},
		"a verdict alone":     {store.Score{Value: "1"}, "a score of 1 without evidence may be a verdict or a sum"},
		"a refusal alone":     {store.Score{Value: "0", Evidence: []byte("null")}, "a score of 0 without evidence may be a verdict or a sum"},
	} {
		t.Run(name, func(t *testing.T) {
			c.row.Status = store.StatusDone
			s := recordedAs(&c.row)
			s.recorded.Scorer = store.ScorerBinary
			last, err := newEngine(t, s).Latest(t.Context(), 1, string(alice))
			require.ErrorIs(t, err, store.ErrInternal)
			require.ErrorContains(t, err, c.want)
			assert.Nil(t, last)
		})
	}
}

// A score without evidence that cannot be a verdict is a sum.
func TestLatest_PlainSum(t *testing.T) {
	s := recordedAs(&store.Score{Status: store.StatusDone, Value: "78.762000000"})
	s.recorded.Scorer = store.ScorerBinary
	last, err := newEngine(t, s).Latest(t.Context(), 1, string(alice))
	require.NoError(t, err)
	assert.Equal(t, "78.762000000", last.Score.String())
}

// The stamp that is gone is found among all others.
func TestLatest_OneOfMany(t *testing.T) {
	stamps := map[string]any{"Google": map[string]any{"dedup": false}}
	for i := range 100 {
		stamps[strconv.Itoa(i)] = map[string]any{"dedup": true}
	}
	s := recordedAs(&store.Score{Status: store.StatusDone, Evidence: []byte(passed)})
	var err error
	s.recorded.Stamps, err = json.Marshal(stamps)
	require.NoError(t, err)
	last, err := newEngine(t, s).Latest(t.Context(), 1, string(alice))
	require.NoError(t, err)
	assert.True(t, last.Outdated)
}

func TestLatest_Observer(t *testing.T) {
	s := recordedAs(&store.Score{Status: store.StatusDone, ScoredAt: noon, Evidence: []byte(passed)})
	var seen []Observation
	engine := newEngine(t, s, WithObserver(func(_ context.Context, o Observation) { seen = append(seen, o) }))
	last, err := engine.Latest(t.Context(), 1, string(alice))
	require.NoError(t, err)
	s.recorded = nil
	_, err = engine.Latest(t.Context(), 1, string(alice))
	require.ErrorIs(t, err, ErrNeverScored)
	_, err = engine.Latest(t.Context(), 1, "nonsense")
	require.ErrorIs(t, err, ErrInvalidAddress)

	require.Len(t, seen, 2)
	assert.True(t, seen[0].Latest)
	assert.Same(t, last, seen[0].LastScore)
	assert.NoError(t, seen[0].Err)
	assert.Nil(t, seen[1].LastScore)
	assert.ErrorIs(t, seen[1].Err, ErrNeverScored)
	for _, o := range seen {
		assert.GreaterOrEqual(t, o.Load, time.Duration(0))
		assert.Equal(t, Observation{
			Community: 1, Address: alice, Latest: true, Attempts: 1, Load: o.Load, LastScore: o.LastScore, Err: o.Err,
		}, o)
	}
}

func TestLatest_LargestScore(t *testing.T) {
	largest := decimal(t, strings.Repeat("9", 96)+"e99")
	sum, err := largest.add(largest)
	require.NoError(t, err)
	s := recordedAs(&store.Score{
		Status: store.StatusDone, ScoredAt: noon, ExpiresAt: until(1),
		Evidence: []byte(`{"type":"ThresholdScoreCheck","success":true,"rawScore":"` + sum.String() + `","threshold":"` + largest.Fixed(5) + `"}`),
	})
	last, err := newEngine(t, s).Latest(t.Context(), 1, string(alice))
	require.NoError(t, err)
	assert.Zero(t, last.Score.Cmp(sum))
	assert.Zero(t, last.Threshold.Cmp(largest))
}

func TestLatest_Log(t *testing.T) {
	const line = `level=ERROR msg="reading a score failed" operation=latest community=1 address=` + string(alice)
	for name, c := range map[string]struct {
		store *scriptedStore
		want  string
	}{
		"never scored":          {&scriptedStore{}, ""},
		"no such community":     {&scriptedStore{loadErr: ErrCommunityNotFound}, ""},
		"store out of reach":    {&scriptedStore{loadErr: store.ErrUnavailable}, line},
		"row that is no score":  {recordedAs(&store.Score{Status: store.StatusDone}), line},
		"failure, read back":    {recordedAs(&store.Score{Status: store.StatusError, Error: "no weights"}), ""},
		"queued by the service": {recordedAs(&store.Score{Status: "BULK_PROCESSING"}), ""},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			_, err := newEngine(t, c.store, WithLogger(slog.New(slog.NewTextHandler(&log, nil)))).Latest(t.Context(), 1, string(alice))
			require.Error(t, err)
			if c.want == "" {
				assert.Empty(t, log.String())
			} else {
				assert.Contains(t, log.String(), c.want)
			}
		})
	}
}

// recorded is the score as it is read at noon.
func recorded(row *store.Score) *store.RecordedScore {
	return &store.RecordedScore{Score: *row, ReadAt: noon}
}

// recordedAs returns a store that holds the score of the wallet.
func recordedAs(row *store.Score) *scriptedStore { return &scriptedStore{recorded: recorded(row)} }

func TestLatest_Clock(t *testing.T) {
	s := recordedAs(&store.Score{Status: store.StatusDone, ScoredAt: noon, ExpiresAt: until(1), Evidence: []byte(passed)})
	for now, passing := range map[time.Time]bool{{}: true, until(1).Add(-time.Microsecond): true, until(1): false} {
		last, err := newEngine(t, s, WithClock(func() time.Time { return now })).Latest(t.Context(), 1, string(alice))
		require.NoError(t, err)
		assert.Equal(t, passing, last.Passing, now)
	}
}

// The sample is the row of a weighted scorer, which had no evidence.
func TestLatest_Sample(t *testing.T) {
	sample, err := os.ReadFile("testdata/reports/score-row-no-evidence.rows.json")
	require.NoError(t, err)
	var rows map[string][]map[string]any
	require.NoError(t, json.Unmarshal(sample, &rows))
	state, err := servicerows.FromRows(rows)
	require.NoError(t, err)
	mem := memstore.New()
	require.NoError(t, mem.SetState(state))

	last, err := newEngine(t, mem).Latest(t.Context(), 1, "0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c")
	require.NoError(t, err)
	assert.Equal(t, "78.762", last.Score.String())
	assert.Equal(t, "0", last.Threshold.String())
	assert.True(t, last.Passing)
	assert.False(t, last.Outdated)
}

func TestLatest_NoRole(t *testing.T) {
	s := &scriptedStore{}
	_, err := newEngine(t, bare{s}).Latest(t.Context(), 1, string(alice))
	require.ErrorIs(t, err, ErrMisconfigured)
	require.ErrorContains(t, err, "Latest needs a store with the role store.LastScorer, which passport.bare lacks")
}

func TestLatest_StoreFails(t *testing.T) {
	s := &scriptedStore{loadErr: store.ErrUnavailable}
	last, err := newEngine(t, s).Latest(t.Context(), 1, string(alice))
	require.ErrorIs(t, err, store.ErrUnavailable)
	assert.Nil(t, last)

	last, err = newEngine(t, s).Latest(t.Context(), 1, "nonsense")
	require.ErrorIs(t, err, ErrInvalidAddress)
	assert.Nil(t, last)
	assert.Equal(t, 1, s.loads, "a bad address never reaches the store")
}
