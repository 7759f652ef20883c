package storetest

import (
	_ "embed"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
)

//go:embed testdata/scenarios.json
var recordedScenarios []byte

// scenario was recorded on the Django service: rows to begin with, requests,
// and the answers and rows that are wanted.
type scenario struct {
	Name  string
	Rows  map[string][]row
	Steps []scenarioStep
	Want  struct {
		Steps  []scenarioAnswer
		Tables map[string][]row
	}
}

type scenarioStep struct {
	Get     string            // a request's path and query
	Headers map[string]string // and its headers
	SQL     string            // or a statement in between
}

type scenarioAnswer struct {
	Status int
	Body   json.RawMessage
}

// elsewhere are the scenarios that a store and the engine alone cannot run,
// with the reason.
var elsewhere = map[string]string{
	"no API key":      "is about API keys",
	"unknown API key": "is about API keys",
	"API key without a dot, short, non-ascii": "is about API keys",
	"revoked API key":                         "is about API keys",
	"expired API key":                         "is about API keys",
	"API key without read_scores":             "is about API keys",
	"PBKDF2 API key is migrated to SHA-256":   "is about API keys",
	"API key in the Authorization header":     "is about API keys",
	"history at several moments":              "is about another route",
	"history without a moment":                "is about another route",
	"listing of credentials":                  "is about another route",
}

// trustedInScenarios signed their credentials.
var trustedInScenarios = []string{
	"did:ethr:0x75711bfc560e8d62fd7812fd9d589bc35c443ee7",
	"did:ethr:0x62a65f78df723b28b2c8e1f4966915ba6cfb0ecf",
	"did:key:z6Mkj9se6ebKKi6U9wxVuJKfNrVg3TftERczRXZSGf86QPLS",
}

// scenarioNow is the moment of every scoring: later than the proofs.
var scenarioNow = time.Date(2026, 12, 1, 0, 0, 0, 123456000, time.UTC)

// Scenarios runs every recorded scenario that is about scoring through the
// engine, each on a fresh harness, and compares results and rows with those
// that are wanted.
func Scenarios(t *testing.T, newHarness NewHarness) {
	t.Helper()
	all := scenarios(t)
	run := 0
	for _, s := range all {
		if elsewhere[s.Name] != "" {
			continue
		}
		run++
		t.Run(s.Name, func(t *testing.T) { s.check(t, newHarness(t), throughEngine) })
	}
	assert.Len(t, all, run+len(elsewhere), "a scenario is neither run nor accounted for")
}

func scenarios(t testing.TB) (all []scenario) {
	t.Helper()
	require.NoError(t, json.Unmarshal(recordedScenarios, &all))
	require.NotEmpty(t, all)
	return all
}

// asking returns what does a recorded request and compares the answer with the
// wanted one.
type asking func(w *world, engine *passport.Engine) func(scenarioStep, scenarioAnswer)

func (s scenario) check(t testing.TB, h Harness, through asking) {
	t.Helper()
	w := &world{Harness: h, t: t, ctx: t.Context(), isNow: scenarioNow.Equal}
	w.seed(s.Rows)
	engine, err := passport.New(h,
		passport.WithTrustedIssuers(trustedInScenarios...),
		passport.WithHumanPoints(passport.HumanPoints{Capped: passport.MetaMaskOG()}),
		passport.WithClock(func() time.Time { return scenarioNow }))
	require.NoError(t, err)

	ask := through(w, engine)
	begun := w.tables()
	answers := s.Want.Steps
	for _, step := range s.Steps {
		if step.SQL != "" {
			w.statement(step.SQL)
			continue
		}
		require.NotEmpty(t, answers, "more requests than answers")
		before := w.tables()
		ask(step, answers[0])
		w.untouched(before, s.Want.Tables)
		answers = answers[1:]
	}
	require.Empty(t, answers, "more answers than requests")
	w.unrecorded(begun)
	w.compare(s.Want.Tables)
}

// statement does what the one recorded statement does.
func (w *world) statement(sql string) {
	w.t.Helper()
	require.Equal(w.t, "update ceramic_cache_ceramiccache set deleted_at=now() where provider<>'Google'", sql, "a statement that is not known")
	rows := w.table("ceramic_cache_ceramiccache")
	for i := range rows {
		if rows[i]["provider"] != "Google" {
			rows[i]["deleted_at"] = scenarioNow
		}
	}
	w.credentials(rows...)
}

// throughEngine scores what the path of a request names, and compares with what
// the service answered.
func throughEngine(w *world, engine *passport.Engine) func(scenarioStep, scenarioAnswer) {
	return func(step scenarioStep, want scenarioAnswer) { w.request(engine, step.Get, want) }
}

func (w *world) request(engine *passport.Engine, path string, want scenarioAnswer) {
	w.t.Helper()
	parts := strings.Split(path, "/") // "", v2, stamps, community, score, address
	require.Len(w.t, parts, 6)
	id, err := strconv.ParseInt(parts[3], 10, 64)
	require.NoError(w.t, err)
	result, err := engine.Score(w.ctx, id, parts[5])

	var scoringError *passport.ScoringError
	switch want.Status {
	case 400:
		require.ErrorIs(w.t, err, passport.ErrInvalidAddress)
		return
	case 404:
		require.ErrorIs(w.t, err, passport.ErrCommunityNotFound)
		return
	case 200:
	default:
		require.Fail(w.t, "a status that is not known", want.Status)
	}
	var body row
	require.NoError(w.t, json.Unmarshal(want.Body, &body))
	if body["error"] != nil {
		require.ErrorAs(w.t, err, &scoringError)
		assert.Nil(w.t, result)
		return
	}
	require.NoError(w.t, err)
	got, err := answerOf(result)
	require.NoError(w.t, err)
	for name := range got {
		assert.True(w.t, w.matches(body[name], got[name]), "%s of the answer: want %v, got %v", name, body[name], got[name])
	}
}

// answerOf tells a result the way the service answers it.
func answerOf(result *passport.Result) (row, error) {
	moment := func(t time.Time) any {
		if t.IsZero() {
			return nil
		}
		return t.Format(time.RFC3339Nano)
	}
	const places = 5
	stamps := row{}
	for _, s := range result.Stamps {
		if s.Outcome != passport.LeftOut {
			stamps[s.Provider] = row{
				"score": s.Weight.Fixed(places), "dedup": s.Outcome == passport.Deduplicated, "expiration_date": moment(s.ExpiresAt),
			}
		}
	}
	document, err := json.Marshal(row{
		"address": result.Address, "score": result.Score.Fixed(places), "threshold": result.Threshold.Fixed(places),
		"passing_score": result.Passing, "last_score_timestamp": moment(result.ScoredAt),
		"expiration_timestamp": moment(result.ExpiresAt), "stamps": stamps,
	})
	if err != nil {
		return nil, err
	}
	var answer row
	return answer, json.Unmarshal(document, &answer)
}

// compare demands the wanted rows, in any order, of each table that a request
// writes.
func (w *world) compare(want map[string][]row) {
	w.t.Helper()
	got := normalised(w.tables())
	for table, wanted := range want {
		if !written(table) {
			continue
		}
		rows := got[table]
		require.Len(w.t, rows, len(wanted), "%s: %v", table, rows)
		for _, r := range wanted {
			found := -1
			for i := range rows {
				if w.matches(r, rows[i]) {
					found = i
				}
			}
			require.GreaterOrEqual(w.t, found, 0, "%s lacks %v\nit has %v", table, r, rows)
			rows = append(rows[:found:found], rows[found+1:]...)
		}
	}
}

// matches compares a value with a wanted one, in which "<any>" and "<id>" stand
// for anything but null, and "<now>" for the moment of the scoring. Moments
// are compared as such, however they are spelt.
func (w *world) matches(want, got any) bool {
	switch want := want.(type) {
	case string:
		text, isText := got.(string)
		switch {
		case want == "<any>" || want == "<id>":
			return got != nil
		case !isText:
			return false
		case want == "<now>":
			moment, err := time.Parse(time.RFC3339Nano, text)
			return err == nil && w.isNow(moment)
		}
		return want == text || sameMoment(want, text)
	case row:
		other, isRow := got.(row)
		if !isRow || len(want) != len(other) {
			return false
		}
		for name := range want {
			if value, found := other[name]; !found || !w.matches(want[name], value) {
				return false
			}
		}
		return true
	case []any:
		other, isList := got.([]any)
		if !isList || len(want) != len(other) {
			return false
		}
		for i := range want {
			if !w.matches(want[i], other[i]) {
				return false
			}
		}
		return true
	}
	return want == got
}

func sameMoment(a, b string) bool {
	first, errA := time.Parse(time.RFC3339Nano, a)
	second, errB := time.Parse(time.RFC3339Nano, b)
	return errors.Join(errA, errB) == nil && first.Equal(second)
}
