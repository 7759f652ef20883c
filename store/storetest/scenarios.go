package storetest

import (
	_ "embed"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	linkedgroups "github.com/passport-sdk/passport-go/groups"
	"github.com/passport-sdk/passport-go/internal/servicerows"
	"github.com/passport-sdk/passport-go/store"
)

// row is a row of a table of the service, or another JSON object.
type row = map[string]any

//go:embed testdata/scenarios.json
var recordedScenarios []byte

//go:embed testdata/linked.json
var linkedScenarios []byte

// scenario was recorded on the Django service: rows to begin with, requests,
// and the answers and rows that are wanted.
type scenario struct {
	Name   string
	Groups [][]passport.Address // of linked wallets, if there are any
	Rows   map[string][]row
	Steps  []scenarioStep
	Want   struct {
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

// scenarioNow is the time of every scoring: later than the proofs.
var scenarioNow = time.Date(2026, 12, 1, 0, 0, 0, 123456000, time.UTC)

// Scenarios runs every recorded scenario that is about scoring through the
// engine, each on a harness of its own, and compares results and content with
// those that are wanted. Scenarios about human points are skipped on a store
// without [store.Points], and those about linked wallets on one without
// [store.Groups].
func Scenarios(t *testing.T, newHarness NewHarness) {
	t.Helper()
	all := scenarios(t)
	run := 0
	for _, s := range all {
		if elsewhere[s.Name] != "" {
			continue
		}
		run++
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			s.check(t, newHarness(t), throughEngine)
		})
	}
	assert.Len(t, all, run+len(elsewhere), "a scenario is neither run nor accounted for")
}

func scenarios(t testing.TB) (all []scenario) {
	t.Helper()
	for _, recorded := range [][]byte{recordedScenarios, linkedScenarios} {
		var some []scenario
		require.NoError(t, json.Unmarshal(recorded, &some))
		require.NotEmpty(t, some)
		all = append(all, some...)
	}
	return all
}

// LinkedWallets returns the groups of the recorded scenarios about linked
// wallets.
func LinkedWallets(t testing.TB) []passport.Group {
	t.Helper()
	all := scenarios(t)
	return all[len(all)-1].groups()
}

func (s scenario) groups() []passport.Group {
	list := make([]passport.Group, len(s.Groups))
	for i, wallets := range s.Groups {
		list[i].Wallets = wallets
	}
	return list
}

// state returns the content with which the scenario begins.
func (s scenario) state(t testing.TB) store.State {
	t.Helper()
	state, err := servicerows.FromRows(s.Rows)
	require.NoError(t, err)
	if _, given := s.Rows["registry_humanpointsconfig"]; !given {
		state.PointValues = store.InitialPointValues()
	}
	return state
}

// replay is a scenario in progress.
type replay struct {
	*world

	engine *passport.Engine
	isNow  func(time.Time) bool // of the time of a scoring
}

// asking returns a function that makes a recorded request and compares the
// answer with the wanted one.
type asking func(r *replay) func(scenarioStep, scenarioAnswer)

func (s scenario) check(t testing.TB, h Harness, through asking) {
	t.Helper()
	r := &replay{world: &world{Harness: h, t: t, ctx: t.Context()}, isNow: scenarioNow.Equal}
	options := []passport.Option{
		passport.WithTrustedIssuers(trustedInScenarios...), passport.WithClock(func() time.Time { return scenarioNow }),
	}
	if has[store.Points](h) {
		options = append(options, passport.WithHumanPoints(passport.HumanPoints{Capped: passport.MetaMaskOG()}))
	} else if strings.HasPrefix(s.Name, "human points: ") {
		t.Skip("the store lacks store.Points")
	}
	if s.Groups != nil {
		if !has[store.Groups](h) {
			t.Skip("the store lacks store.Groups")
		}
		linked, err := linkedgroups.New(s.groups()...)
		require.NoError(t, err)
		options = append(options, passport.WithGroups(linked, passport.FailScoring))
	}
	var err error
	r.engine, err = passport.New(h, options...)
	require.NoError(t, err)
	require.NoError(t, r.Seed(r.ctx, s.state(t)))

	ask := through(r)
	began := r.state()
	answers := s.Want.Steps
	for _, step := range s.Steps {
		if step.SQL != "" {
			r.statement(step.SQL)
			continue
		}
		require.NotEmpty(t, answers, "more requests than answers")
		before := r.state()
		ask(step, answers[0])
		r.untouched(before, s.Want.Tables)
		answers = answers[1:]
	}
	require.Empty(t, answers, "more answers than requests")
	r.unrecorded(began)
	r.compare(s.Want.Tables)
}

// statement does what the one recorded statement does.
func (r *replay) statement(sql string) {
	r.t.Helper()
	require.Equal(r.t, "update ceramic_cache_ceramiccache set deleted_at=now() where provider<>'Google'", sql, "a statement that is not known")
	r.edit(func(s *store.State) {
		for i := range s.Credentials {
			if c := &s.Credentials[i]; c.Provider != "Google" {
				c.Deleted = true
			}
		}
	})
}

// throughEngine scores what the path of a request names, and compares with what
// the service answered.
func throughEngine(r *replay) func(scenarioStep, scenarioAnswer) {
	return func(step scenarioStep, want scenarioAnswer) { r.request(step.Get, want) }
}

func (r *replay) request(path string, want scenarioAnswer) {
	r.t.Helper()
	parts := strings.Split(path, "/") // "", v2, stamps, community, score, address
	require.Len(r.t, parts, 6)
	id, err := strconv.ParseInt(parts[3], 10, 64)
	require.NoError(r.t, err)
	result, err := r.engine.Score(r.ctx, id, parts[5])

	var scoringError *passport.ScoringError
	switch want.Status {
	case 400:
		require.ErrorIs(r.t, err, passport.ErrInvalidAddress)
		return
	case 404:
		require.ErrorIs(r.t, err, passport.ErrCommunityNotFound)
		return
	case 200:
	default:
		require.Fail(r.t, "a status that is not known", want.Status)
	}
	var body row
	require.NoError(r.t, json.Unmarshal(want.Body, &body))
	if body["error"] != nil {
		require.ErrorAs(r.t, err, &scoringError)
		assert.Nil(r.t, result)
		return
	}
	require.NoError(r.t, err)
	if points, has := r.Harness.(store.Points); has {
		ledger, err := points.LoadPoints(r.ctx, result.Address)
		require.NoError(r.t, err)
		assert.Equal(r.t, ledger, result.Ledger, "the ledger of a result is that of the store")
	}
	got, err := answerOf(result)
	require.NoError(r.t, err)
	for name := range got {
		assert.True(r.t, r.matches(body[name], got[name]), "%s of the answer: want %v, got %v", name, body[name], got[name])
	}
}

// answerOf returns the result as the service answers it.
func answerOf(result *passport.Result) (row, error) {
	answer := answered(result.Address, result.Score, result.Threshold, result.Passing, result.ScoredAt, result.ExpiresAt, result.Stamps)
	answer["linked_score"] = nil
	if l := result.Linked; l != nil {
		linked, of := answered(l.Canonical, l.Score, l.Threshold, l.Passing, l.ScoredAt, l.ExpiresAt, l.Stamps), row{}
		for _, member := range l.Members {
			stamps := stampsOf(member.Stamps)
			if member.Address == l.Canonical {
				stamps = linked["stamps"].(row)
			}
			if len(stamps) > 0 {
				of[string(member.Address)] = stamps
			}
		}
		linked["wallet_stamps"], answer["linked_score"] = of, linked
	}
	document, err := json.Marshal(answer)
	if err != nil {
		return nil, err
	}
	answer = nil
	return answer, json.Unmarshal(document, &answer)
}

const places = 5

// answered returns the members that a score and that of a group have.
func answered(
	address passport.Address, score, threshold passport.Decimal, passing bool, scoredAt, expiresAt time.Time, stamps []passport.Stamp,
) row {
	return row{
		"address": address, "score": score.Fixed(places), "threshold": threshold.Fixed(places), "passing_score": passing,
		"last_score_timestamp": dateOf(scoredAt), "expiration_timestamp": dateOf(expiresAt), "stamps": stampsOf(stamps),
	}
}

func stampsOf(stamps []passport.Stamp) row {
	rows := row{}
	for _, s := range stamps {
		if s.Outcome == passport.LeftOut {
			continue
		}
		stamp := row{"score": s.Weight.Fixed(places), "dedup": s.Outcome == passport.Deduplicated, "expiration_date": dateOf(s.ExpiresAt)}
		if s.Source != "" {
			stamp["source_wallet"] = s.Source
		}
		rows[s.Provider] = stamp
	}
	return rows
}

func dateOf(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Format(time.RFC3339Nano)
}

// compare demands the wanted rows, in any order, of each table that a request
// writes.
func (r *replay) compare(want map[string][]row) {
	r.t.Helper()
	got := normalised(r.tables())
	for table, wanted := range want {
		if !written(table) || table == "account_accountapikey" && !has[store.Keys](r.Harness) {
			continue
		}
		rows := got[table]
		require.Len(r.t, rows, len(wanted), "%s: %v", table, rows)
		for _, want := range wanted {
			want = withoutRowIDs(want)
			found := slices.IndexFunc(rows, func(got row) bool { return r.matches(want, got) })
			require.GreaterOrEqual(r.t, found, 0, "%s lacks %v\nit has %v", table, want, rows)
			rows = slices.Delete(slices.Clone(rows), found, found+1)
		}
	}
}

// tables returns the content as rows of the service's tables.
func (r *replay) tables() (tables map[string][]row) {
	r.t.Helper()
	text, err := json.Marshal(servicerows.Rows(r.state()))
	require.NoError(r.t, err)
	require.NoError(r.t, json.Unmarshal(text, &tables))
	return tables
}

// matches compares a value with a wanted one, in which "<any>" and "<id>" stand
// for anything but null, and "<now>" for the time of the scoring. Times are
// compared in any notation.
func (r *replay) matches(want, got any) bool {
	switch want := want.(type) {
	case string:
		text, isText := got.(string)
		switch {
		case want == "<any>" || want == "<id>":
			return got != nil
		case !isText:
			return false
		case want == "<now>":
			now, err := time.Parse(time.RFC3339Nano, text)
			return err == nil && r.isNow(now)
		}
		return want == text || sameTime(want, text)
	case row:
		other, isRow := got.(row)
		if !isRow || len(want) != len(other) {
			return false
		}
		for name := range want {
			if value, found := other[name]; !found || !r.matches(want[name], value) {
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
			if !r.matches(want[i], other[i]) {
				return false
			}
		}
		return true
	}
	return want == got
}

func sameTime(a, b string) bool {
	first, errA := time.Parse(time.RFC3339Nano, a)
	second, errB := time.Parse(time.RFC3339Nano, b)
	return errors.Join(errA, errB) == nil && first.Equal(second)
}
