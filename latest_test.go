package passport

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

const passed = `{"type":"ThresholdScoreCheck","success":true,"rawScore":"4.25","threshold":"3.00000"}`

func TestLatest(t *testing.T) {
	s := &scriptedStore{snapshot: emptyWallet()}
	engine := newEngine(t, s)
	latest := func(row *store.Score) (*Standing, error) {
		s.snapshot.Wallets[0].Score = row
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

	standing, err := latest(&store.Score{
		Status: store.StatusDone, Value: "1.000000000", ScoredAt: noon, ExpiresAt: until(1), Evidence: []byte(passed),
	})
	require.NoError(t, err)
	assert.Equal(t, &Standing{
		Community: 1, Address: alice, Passing: true, PassedWhenScored: true, Score: decimal(t, "4.25"), Threshold: decimal(t, "3.00000"),
		ScoredAt: noon, ExpiresAt: until(1),
	}, standing)
}

func TestLatest_Passing(t *testing.T) {
	const counted, other = `{"Google":{"score":"4.25000","dedup":false}}`, `{"Google":{"score":"0.00000","dedup":true}}`
	google := []store.Credential{{ID: 1, Provider: "Google"}}
	for name, c := range map[string]struct {
		evidence, stamps string
		held             []store.Credential
		expires          time.Time
		passing          bool
		outdated         bool
	}{
		"no expiry":                    {evidence: passed, passing: true},
		"before its expiry":            {evidence: passed, expires: noon.Add(time.Microsecond), passing: true},
		"at its expiry":                {evidence: passed, expires: noon},
		"after its expiry":             {evidence: passed, expires: noon.Add(-time.Hour)},
		"never passed":                 {evidence: `{"success":false,"rawScore":"1","threshold":"3"}`, expires: until(1)},
		"its stamp is there":           {evidence: passed, stamps: counted, held: google, passing: true},
		"its stamp is gone":            {evidence: passed, stamps: counted, outdated: true},
		"a deduplicated stamp is gone": {evidence: passed, stamps: other, passing: true},
		"a stamp of a linked wallet":   {evidence: passed, stamps: `{"Google":{"dedup":false,"source_wallet":"` + string(bob) + `"}}`, passing: true},
		"a stamp of its own is gone":   {evidence: passed, stamps: `{"Google":{"dedup":false,"source_wallet":"` + string(alice) + `"}}`, outdated: true},
		"stamps of JSON null":          {evidence: passed, stamps: `null`, passing: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := recordedAs(&store.Score{Status: store.StatusDone, ScoredAt: noon, ExpiresAt: c.expires, Evidence: []byte(c.evidence)})
			if c.stamps != "" {
				s.snapshot.Wallets[0].Score.Stamps = []byte(c.stamps)
			}
			s.snapshot.Wallets[0].Credentials = c.held
			standing, err := newEngine(t, s).Latest(t.Context(), 1, string(alice))
			require.NoError(t, err)
			assert.Equal(t, c.passing, standing.Passing)
			assert.Equal(t, c.passing, standing.PassingAt(noon))
			assert.Equal(t, c.outdated, standing.Outdated)
			assert.Equal(t, c.evidence == passed, standing.PassedWhenScored)
			assert.Equal(t, c.passing && c.expires.IsZero(), standing.PassingAt(until(50)))
		})
	}
}

func TestLatest_Faults(t *testing.T) {
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
			s.snapshot.Community.Scorer = store.ScorerBinary
			standing, err := newEngine(t, s).Latest(t.Context(), 1, string(alice))
			require.ErrorIs(t, err, store.ErrFault)
			require.ErrorContains(t, err, c.want)
			assert.Nil(t, standing)
		})
	}
}

func TestLatest_Observer(t *testing.T) {
	s := recordedAs(&store.Score{Status: store.StatusDone, ScoredAt: noon, Evidence: []byte(passed)})
	var seen []Observation
	engine := newEngine(t, s, WithObserver(func(_ context.Context, o Observation) { seen = append(seen, o) }))
	standing, err := engine.Latest(t.Context(), 1, string(alice))
	require.NoError(t, err)
	s.snapshot.Wallets[0].Score = nil
	_, err = engine.Latest(t.Context(), 1, string(alice))
	require.ErrorIs(t, err, ErrNeverScored)
	_, err = engine.Latest(t.Context(), 1, "nonsense")
	require.ErrorIs(t, err, ErrInvalidAddress)

	require.Len(t, seen, 2)
	assert.True(t, seen[0].Latest)
	assert.Same(t, standing, seen[0].Standing)
	assert.NoError(t, seen[0].Err)
	assert.Nil(t, seen[1].Standing)
	assert.ErrorIs(t, seen[1].Err, ErrNeverScored)
	for _, o := range seen {
		assert.Equal(t, Observation{
			Community: 1, Address: alice, Latest: true, Attempts: 1, Load: o.Load, Standing: o.Standing, Err: o.Err,
		}, o)
	}
}

func TestLatest_LargestScore(t *testing.T) {
	largest := decimal(t, strings.Repeat("9", 96)+"e99")
	sum, err := largest.add(largest)
	require.NoError(t, err)
	s := &scriptedStore{snapshot: emptyWallet()}
	s.snapshot.Wallets[0].Score = &store.Score{
		Status: store.StatusDone, ScoredAt: noon, ExpiresAt: until(1),
		Evidence: []byte(`{"type":"ThresholdScoreCheck","success":true,"rawScore":"` + sum.String() + `","threshold":"` + largest.Fixed(5) + `"}`),
	}
	standing, err := newEngine(t, s).Latest(t.Context(), 1, string(alice))
	require.NoError(t, err)
	assert.Zero(t, standing.Score.Cmp(sum))
	assert.Zero(t, standing.Threshold.Cmp(largest))
}

func TestLatest_Log(t *testing.T) {
	const line = `level=ERROR msg="reading a score failed" community=1 address=` + string(alice)
	for name, c := range map[string]struct {
		store *scriptedStore
		want  string
	}{
		"never scored":          {&scriptedStore{snapshot: emptyWallet()}, ""},
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

// recordedAs is a store that holds the score of the wallet.
func recordedAs(row *store.Score) *scriptedStore {
	s := &scriptedStore{snapshot: emptyWallet()}
	s.snapshot.Wallets[0].Score = row
	return s
}

func TestLatest_StoreFails(t *testing.T) {
	s := &scriptedStore{loadErr: store.ErrUnavailable}
	standing, err := newEngine(t, s).Latest(t.Context(), 1, string(alice))
	require.ErrorIs(t, err, store.ErrUnavailable)
	assert.Nil(t, standing)

	standing, err = newEngine(t, s).Latest(t.Context(), 1, "nonsense")
	require.ErrorIs(t, err, ErrInvalidAddress)
	assert.Nil(t, standing)
	assert.Equal(t, 1, s.loads, "a bad address never reaches the store")
}
