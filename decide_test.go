package passport

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/cockroachdb/apd/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/store"
)

// valid returns a candidate that is valid.
func valid(provider string, years int, nullifiers ...string) candidate {
	return candidate{
		valid:   true,
		row:     store.Credential{ID: int64(len(provider)), Provider: provider, Document: []byte(provider)},
		content: credential.Credential{Provider: provider, Nullifiers: nullifiers, ExpiresAt: until(years)},
	}
}

func decimal(t *testing.T, text string) Decimal {
	t.Helper()
	d, err := ParseDecimal(text)
	require.NoError(t, err)
	return d
}

func weighing(t *testing.T, threshold string, weights map[string]string) terms {
	t.Helper()
	asked := terms{weights: map[string]Decimal{}, threshold: decimal(t, threshold)}
	for provider, weight := range weights {
		asked.weights[provider] = decimal(t, weight)
	}
	return asked
}

// decideOne decides about a snapshot of one wallet.
func decideOne(snapshot *store.Snapshot, candidates []candidate, terms terms, program *HumanPoints) (*decision, error) {
	return decide(snapshot, []Address{snapshot.Wallets[0].Address}, solos(1), []holding{{candidates: candidates}}, rules{terms: terms, program: program})
}

func TestDecide(t *testing.T) {
	snapshot := emptyWallet()
	snapshot.Community.ID = 7
	snapshot.Wallets[0].Version = "v"
	snapshot.Claims = []store.Claim{claim("bobs", bob, 2)}
	leftOut := valid("Expired", -1, "n0")
	leftOut.valid, leftOut.reason, leftOut.why = false, ReasonExpired, "it expired on 2025-06-01"
	candidates := []candidate{leftOut, valid("Github", 5, "n1"), valid("Google", 3, "bobs", "free"), valid("Unknown", 4, "n2")}

	d, err := decideOne(snapshot, candidates, weighing(t, "2", map[string]string{"Github": "2.5", "Google": "4"}), nil)
	require.NoError(t, err)
	assert.Equal(t, Result{
		Community: 7, Address: alice, Passing: true, Score: decimal(t, "2.5"), Threshold: decimal(t, "2"),
		ScoredAt: noon, ExpiresAt: until(4),
		Stamps: []Stamp{
			{Provider: "Expired", Outcome: LeftOut, ExpiresAt: until(-1), Reason: ReasonExpired, Why: "it expired on 2025-06-01"},
			{Provider: "Github", Outcome: Counted, ExpiresAt: until(5), Weight: decimal(t, "2.5")},
			{Provider: "Google", Outcome: Deduplicated, ExpiresAt: until(3), ClaimedUntil: until(2), Why: "claimed by another wallet until 2028-06-01"},
			{Provider: "Unknown", Outcome: Counted, ExpiresAt: until(4), Why: "the community gives this provider no weight"},
		},
	}, d.results[0])

	const (
		evidence    = `{"type":"ThresholdScoreCheck","success":true,"rawScore":"2.5","threshold":"2.00000"}`
		stampScores = `{"Github":2.5,"Unknown":0.0}`
		stamps      = `{"Github":{"dedup":false,"score":"2.50000","expiration_date":"2031-06-01T12:00:00+00:00"},` +
			`"Google":{"dedup":true,"score":"0.00000","expiration_date":"2029-06-01T12:00:00+00:00"},` +
			`"Unknown":{"dedup":false,"score":"0.00000","expiration_date":"2030-06-01T12:00:00+00:00"}}`
	)
	assert.Equal(t, store.Changes{
		Community: 7, At: noon,
		Claims: []store.ClaimSwap{
			{Nullifier: "n1", To: claim("n1", alice, 5).Holder},
			{Nullifier: "n2", To: claim("n2", alice, 4).Holder},
			{Nullifier: "bobs", From: claim("bobs", bob, 2).Holder, To: claim("bobs", bob, 2).Holder},
			{Nullifier: "free", To: claim("free", bob, 2).Holder},
		},
		Wallets: []store.WalletChanges{{
			Address: alice, Version: "v", Counted: []int64{6, 7},
			Events: []store.Event{{
				Action: store.ActionDeduplicated, Address: alice,
				Data: []byte(`{"nullifiers":["bobs","free"],"provider":"Google","community_id":7}`),
			}, {
				Action: store.ActionScoreUpdate, Address: alice,
				Data: []byte(`{"model":"registry.score","fields":{"score":"1","last_score_timestamp":"2026-06-01T12:00:00+00:00","status":"DONE",` +
					`"error":null,"evidence":` + evidence + `,"stamp_scores":` + stampScores + `,"stamps":` + stamps + `,` +
					`"expiration_date":"2030-06-01T12:00:00+00:00"}}`),
			}},
			Score: store.Score{
				Status: store.StatusDone, Value: "1", ScoredAt: noon, ExpiresAt: until(4),
				Evidence: []byte(evidence), StampScores: []byte(stampScores), Stamps: []byte(stamps),
			},
		}},
	}, d.changes)
}

func TestDecide_ExpiresAt(t *testing.T) {
	for name, years := range map[string][]int{
		"first":  {1, 2, 3},
		"middle": {2, 1, 3},
		"last":   {3, 2, 1},
	} {
		t.Run(name, func(t *testing.T) {
			candidates := []candidate{valid("A", years[0], "a"), valid("B", years[1], "b"), valid("C", years[2], "c")}
			d, err := decideOne(emptyWallet(), candidates, weighing(t, "1", nil), nil)
			require.NoError(t, err)
			assert.Equal(t, until(1), d.results[0].ExpiresAt)
			assert.Equal(t, until(1), d.changes.Wallets[0].Score.ExpiresAt)
		})
	}
}

func TestScoreOf_Names(t *testing.T) {
	for _, name := range []string{"Google", "", `"`, `a\b`, "<b>&", "tab\t", "ümlaut", "\u2028", "\x1f", "\x7f", "AllowList#Few: 1, 2"} {
		row, err := scoreOf(&Result{Stamps: []Stamp{{Provider: name, Outcome: Counted}}})
		require.NoError(t, err)
		want, err := json.Marshal(map[string]json.Number{name: "0.0"})
		require.NoError(t, err)
		assert.Equal(t, string(want), string(row.StampScores))
		assert.True(t, json.Valid(row.Stamps))
	}
}

func TestDecide_NoStamps(t *testing.T) {
	d, err := decideOne(emptyWallet(), nil, weighing(t, "1", nil), nil)
	require.NoError(t, err)
	assert.Equal(t, []Stamp{}, d.results[0].Stamps, "JSON has [] for it, not null")
}

func TestDecide_Points(t *testing.T) {
	for name, c := range map[string]struct {
		spoil   func(*store.Snapshot)
		program *HumanPoints
		want    bool
	}{
		"passing":              {program: &HumanPoints{}, want: true},
		"program starts now":   {program: &HumanPoints{Start: noon}, want: true},
		"program starts later": {program: &HumanPoints{Start: noon.Add(1)}},
		"no program":           {},
		"below the threshold":  {program: &HumanPoints{}, spoil: func(s *store.Snapshot) { s.Wallets[0].Address = bob }},
		"other community":      {program: &HumanPoints{}, spoil: func(s *store.Snapshot) { s.Community.HumanPoints = false }},
	} {
		t.Run(name, func(t *testing.T) {
			snapshot := emptyWallet()
			snapshot.Community.HumanPoints = true
			snapshot.Claims = []store.Claim{claim("n", alice, 9)} // with bob the stamp does not count
			snapshot.Points = &store.PointsSnapshot{Wallets: make([]store.PointsHistory, 1), Values: map[string]int{"HKY": 100}}
			if c.spoil != nil {
				c.spoil(snapshot)
			}
			legacy := valid("Old", 2, "old")
			legacy.content.Legacy = true
			d, err := decideOne(snapshot, []candidate{valid("Google", 3, "n"), legacy}, weighing(t, "1", map[string]string{"Google": "1"}), c.program)
			require.NoError(t, err)
			written := d.changes.Wallets[0]
			assert.Equal(t, c.want, written.Qualified)
			if !c.want {
				assert.Empty(t, written.Awards)
				assert.Empty(t, d.results[0].Points)
				return
			}
			assert.Equal(t, []store.Award{
				{Action: "HKY", Provider: "Google", TxHash: "n"}, {Action: "SCB", Communities: 4},
			}, written.Awards, "a legacy stamp earns no key")
			assert.Equal(t, []Award{{Action: "HKY", Provider: "Google", Points: 100}}, d.results[0].Points, "one community is too few for the bonus")
		})
	}
}

// ParseDecimal refuses such numbers. If one came, it must not become a score.
func TestDecide_BadNumber(t *testing.T) {
	largest := Decimal{*apd.New(math.MaxInt64, apd.MaxExponent-18)}
	candidates := []candidate{valid("A", 1, "a"), valid("B", 1, "b")}
	d, err := decideOne(emptyWallet(), candidates, terms{weights: map[string]Decimal{"A": largest, "B": largest}}, nil)
	require.ErrorIs(t, err, ErrInvalidWeights)
	require.ErrorContains(t, err, `for "B"`)
	assert.Nil(t, d)

	// In a group the sum of one wallet may do, and that of both not.
	group := emptyWallet()
	group.Wallets = append(group.Wallets, store.Wallet{Address: bob, Version: "v"})
	both := []Address{alice, bob}
	pair := []unit{{to: 2}}
	lowest := Decimal{*apd.New(-math.MaxInt64, apd.MaxExponent-18)}
	huge := rules{terms: terms{weights: map[string]Decimal{"0": lowest, "A": largest, "B": largest}}}
	for fault, holdings := range map[string][]holding{
		"of one":                        {{candidates: candidates}, {}},
		"of both":                       {{candidates: candidates[:1]}, {candidates: candidates[1:]}},
		"of one, that of both would do": {{candidates: []candidate{valid("0", 1, "0")}}, {candidates: candidates}},
	} {
		d, err := decide(group, both, pair, holdings, huge)
		require.ErrorIs(t, err, ErrInvalidWeights, fault)
		assert.Nil(t, d, fault)
	}

	noNumber := Decimal{apd.Decimal{Form: apd.NaN}}
	row, err := scoreOf(&Result{Stamps: []Stamp{{Provider: "A", Outcome: Counted, Weight: noNumber}}})
	require.ErrorContains(t, err, "writing the score's JSON: a weight is not a number")
	assert.Empty(t, row)
}

func TestFailure(t *testing.T) {
	snapshot := emptyWallet()
	snapshot.Wallets[0].Version = "v"
	assert.Equal(t, &store.Changes{
		Community: 1, At: noon,
		Wallets: []store.WalletChanges{{
			Address: alice, Version: "v", Score: store.Score{Status: store.StatusError, Error: "invalid weights"},
		}},
	}, failure(snapshot, &snapshot.Wallets[0], ErrInvalidWeights))
}

func TestDecide_LongProvider(t *testing.T) {
	largest := Decimal{*apd.New(math.MaxInt64, apd.MaxExponent-18)}
	long := strings.Repeat("p", 1000)
	candidates := []candidate{valid("A", 1, "a"), valid(long, 1, "b")}
	_, err := decideOne(emptyWallet(), candidates, terms{weights: map[string]Decimal{"A": largest, long: largest}}, nil)
	require.Error(t, err)
	assert.Less(t, len(err.Error()), 400)
}

// Terms that differ in any part are read again.
func TestGlossary(t *testing.T) {
	g := newGlossary()
	c := store.Community{ID: 1, Rule: ruleLIFO, Weights: []byte(`{"Google":"1"}`), Threshold: "1"}
	for _, change := range []func(){
		func() {},
		func() { c.Customization = map[string]string{"Google": "2"} },
		func() { c.Customization = map[string]string{"Google": "3"} },
		func() { c.Weights = []byte(`{"Github":"1"}`) },
		func() { c.Threshold = "2" },
		func() { c.Customization = nil },
	} {
		change()
		want, err := termsOf(&c)
		require.NoError(t, err)
		got, err := g.termsOf(&c)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	c.Rule = "FIFO"
	_, err := g.termsOf(&c)
	require.ErrorIs(t, err, ErrUnsupportedRule)
}
