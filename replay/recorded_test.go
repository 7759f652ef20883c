package replay_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/groups"
	"github.com/passport-sdk/passport-go/internal/servicerows"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/replay"
	"github.com/passport-sdk/passport-go/shadow"
	"github.com/passport-sdk/passport-go/store"
	"github.com/passport-sdk/passport-go/store/storetest"
)

var scorings = flag.Int("scorings", 2000, "the recorded scorings of TestRecorded")

type row = map[string]any

// scenario is what the service wrote for some rows.
type scenario struct {
	Name   string
	Groups [][]passport.Address
	Rows   map[string][]row
	Steps  []struct{ SQL string }
	Want   struct{ Tables map[string][]row }
}

func scenarios(t testing.TB) (all []*scenario) {
	t.Helper()
	for _, file := range []string{"scenarios", "linked"} {
		text, err := os.ReadFile("../store/storetest/testdata/" + file + ".json")
		require.NoError(t, err)
		var some []*scenario
		require.NoError(t, json.Unmarshal(text, &some))
		all = append(all, some...)
	}
	return all
}

// deviation is a difference that the service makes where its behaviour is not
// the wanted one: write changes the rows that a scenario wants to those.
type deviation struct {
	scenario, rule string
	write          func(w *service)
	class          shadow.Class
	exception      string
	records        uint64 // that differ
}

// service has the rows of one scenario, as they are changed.
type service struct {
	*scenario
}

// each changes every score of the wallet, and the fields of every event of one.
func (w *service) each(wallet string, change func(fields row)) {
	for _, r := range w.Want.Tables["registry_score"] {
		if strings.HasPrefix(r["passport"].(string), wallet) {
			change(r)
		}
	}
	for _, r := range w.Want.Tables["registry_event"] {
		if strings.HasPrefix(r["address"].(string), wallet) && r["action"] == store.ActionScoreUpdate {
			change(r["data"].(row)["fields"].(row))
		}
	}
}

var deviations = []deviation{
	{
		"tenths add up exactly", "weights are added as binary floats",
		func(w *service) {
			w.each("", func(fields row) { fields["evidence"].(row)["rawScore"] = "0.30000000000000004" })
		},
		shadow.Rounding, "", 1,
	},
	{
		"provider column differs from the signed provider", "the row's provider is trusted",
		func(w *service) {
			w.each("", func(fields row) {
				fields["evidence"].(row)["rawScore"] = "2.0"
				fields["stamp_scores"] = row{"Discord": 2.0}
				fields["stamps"] = row{"Discord": row{"score": "2.00000", "dedup": false, "expiration_date": "2035-01-01T00:00:00+00:00"}}
				fields["expiration_date"] = "2035-01-01T00:00:00+00:00"
			})
		},
		shadow.Excepted, replay.ExceptionProvider, 1,
	},
	{
		"credential without nullifiers", "one malformed row fails the whole score",
		func(w *service) {
			failed := w.Want.Tables["registry_score"][0]
			for column := range failed {
				if column != "passport" && column != "community_id" {
					failed[column] = nil
				}
			}
			failed["status"], failed["error"] = "ERROR", "KeyError('hash')"
			w.Want.Tables["registry_event"], w.Want.Tables["registry_hashscorerlink"] = nil, nil
		},
		shadow.Excepted, replay.ExceptionMalformed, 1,
	},
	{
		"weighted scorer, not binary", "until 2025-05 weighted scorers had no evidence",
		func(w *service) {
			w.each("", func(fields row) { fields["score"], fields["evidence"] = "4.25", nil })
		},
		shadow.Excepted, replay.ExceptionEvidence, 1,
	},
	{
		"linked: passing only together", "an old error text stays",
		func(w *service) { w.each("0x26b7", func(fields row) { fields["error"] = "TypeError" }) },
		shadow.Excepted, replay.ExceptionErrorText, 3,
	},
	{
		"linked: the first wallet asked becomes the group's", "a member may pass by itself",
		func(w *service) {
			w.Rows["scorer_weighted_binaryweightedscorer"][0]["threshold"] = "2.00000"
			w.each("", func(fields row) { fields["evidence"].(row)["threshold"] = "2.00000" })
			w.each("0x35d5", func(fields row) { fields["evidence"].(row)["success"], fields["score"] = true, "1" })
		},
		shadow.Excepted, replay.ExceptionMember, 3,
	},
}

// site is the database of a scenario after the service has written.
type site struct {
	name   string
	state  store.State
	store  *memstore.Store
	engine *passport.Engine
	now    time.Time
	want   *deviation // nil: no difference
	events int
}

var recorded = time.Date(2026, 12, 1, 0, 0, 0, 123456000, time.UTC)

func newSite(t testing.TB, s *scenario, want *deviation) *site {
	t.Helper()
	site := &site{name: s.Name, want: want, events: 20, now: recorded.Add(time.Hour)}
	if strings.HasPrefix(s.Name, "history") {
		site.events = 0 // its events are made up: their scores are not the sums of their stamps
	}
	if want != nil {
		site.name += ": " + want.rule
		want.write(&service{s})
	}
	var err error
	site.state, err = servicerows.FromRows(s.after(t))
	require.NoError(t, err, s.Name)
	site.store = memstore.New()
	options := []passport.Option{
		passport.WithTrustedIssuers(storetest.TrustedIssuers()...), passport.WithClock(func() time.Time { return site.now }),
	}
	if s.Groups != nil {
		list := make([]passport.Group, len(s.Groups))
		for i, wallets := range s.Groups {
			list[i].Wallets = wallets
		}
		linked, err := groups.New(list...)
		require.NoError(t, err)
		options = append(options, passport.WithGroups(linked, passport.FailScoring))
	}
	site.engine, err = passport.New(site.store, options...)
	require.NoError(t, err)
	return site
}

// after returns all rows as they were after the requests. The scorings of a
// wallet are a minute apart.
func (s *scenario) after(t testing.TB) map[string][]row {
	t.Helper()
	rows := maps.Clone(s.Rows)
	for _, step := range s.Steps {
		if step.SQL != "" { // the one statement that there is
			for _, r := range rows["ceramic_cache_ceramiccache"] {
				if r["provider"] != "Google" {
					r["deleted_at"] = store.FormatTime(recorded)
				}
			}
		}
	}
	want := s.Want.Tables
	ids := map[string]int{}
	for i, p := range want["registry_passport"] {
		ids[fmt.Sprint(p["address"], p["community_id"])] = i + 1
		p["id"] = i + 1
	}
	rows["registry_passport"] = want["registry_passport"]
	for _, r := range want["registry_score"] {
		r["passport_id"] = ids[fmt.Sprint(r["passport"], r["community_id"])]
		stamp(r, recorded)
	}
	rows["registry_score"] = want["registry_score"]
	rows["registry_hashscorerlink"] = want["registry_hashscorerlink"]
	if want["registry_hashscorerlink"] == nil {
		delete(rows, "registry_hashscorerlink")
	}
	for _, r := range want["account_walletgroupcommunityclaim"] {
		r["claimed_at"] = store.FormatTime(recorded.Add(-24 * time.Hour))
	}
	rows["account_walletgroupcommunityclaim"] = want["account_walletgroupcommunityclaim"]
	rows["registry_event"] = s.events()
	rows["registry_stamp"] = nil
	return rows
}

// events returns the events with ids and times: those of a scoring follow each
// other, and those about deduplicated stamps come first.
func (s *scenario) events() (ordered []row) {
	current := map[string]string{} // the evidence of the scores
	for _, r := range s.Want.Tables["registry_score"] {
		current[fmt.Sprint(r["passport"], r["community_id"])] = fmt.Sprint(r["evidence"])
	}
	type place struct {
		wallet string
		action any
	}
	of := map[place][]row{}
	var wallets []string
	for _, r := range s.Want.Tables["registry_event"] {
		wallet := fmt.Sprint(r["address"], r["community_id"])
		if !slices.Contains(wallets, wallet) {
			wallets = append(wallets, wallet)
		}
		of[place{wallet, r["action"]}] = append(of[place{wallet, r["action"]}], r)
	}
	for _, wallet := range wallets {
		updates := of[place{wallet, store.ActionScoreUpdate}]
		is := func(r row) int {
			if fmt.Sprint(r["data"].(row)["fields"].(row)["evidence"]) == current[wallet] {
				return 1
			}
			return 0
		}
		slices.SortStableFunc(updates, func(a, b row) int { return is(a) - is(b) })
		lost := of[place{wallet, store.ActionDeduplicated}]
		each := len(lost) / max(len(updates), 1)
		for i, update := range updates {
			at := recorded.Add(time.Duration(i+1-len(updates)) * time.Minute)
			for _, r := range append(slices.Clone(lost[i*each:(i+1)*each]), update) {
				if r["created_at"] = store.FormatTime(at); r["action"] == store.ActionScoreUpdate {
					stamp(r["data"].(row)["fields"].(row), at)
				}
				r["id"] = len(ordered) + 1
				ordered = append(ordered, r)
			}
		}
	}
	return ordered
}

// stamp sets the time of a scoring.
func stamp(fields row, at time.Time) {
	if fields["last_score_timestamp"] == "<now>" {
		fields["last_score_timestamp"] = store.FormatTime(at)
	}
}

// later returns the content as if all scorings had been made that much later.
func (s *site) later(t testing.TB, by time.Duration) store.State {
	t.Helper()
	state := s.state
	move := func(text string) string {
		for minutes := range 4 {
			at := recorded.Add(-time.Duration(minutes) * time.Minute)
			text = strings.ReplaceAll(text, store.FormatTime(at), store.FormatTime(at.Add(by)))
		}
		return text
	}
	state.Scores, state.Events = slices.Clone(s.state.Scores), slices.Clone(s.state.Events)
	for i := range state.Scores {
		if score := &state.Scores[i]; !score.ScoredAt.IsZero() {
			score.ScoredAt = score.ScoredAt.Add(by)
		}
	}
	for i := range state.Events {
		e := &state.Events[i]
		e.At, e.Data = e.At.Add(by), json.RawMessage(move(string(e.Data)))
	}
	return state
}

// run replays all communities, and checks what is found.
func (s *site) run(t *testing.T, by time.Duration, options ...replay.Option) uint64 {
	t.Helper()
	require.NoError(t, s.store.SetState(s.later(t, by)))
	s.now = recorded.Add(by + time.Hour)
	compared, differ, want := uint64(0), uint64(0), deviation{}
	if s.want != nil {
		want = *s.want
	}
	for i := range s.state.Communities {
		if s.state.Communities[i].Deleted {
			continue
		}
		r, err := replay.New(t.Context(), s.engine, s.store, s.state.Communities[i].ID, append(options, replay.WithEvents(s.events))...)
		require.NoError(t, err, s.name)
		for o, err := range r.Run(t.Context()) {
			require.NoError(t, err, s.name)
			if o.Err != nil {
				require.ErrorIs(t, o.Err, shadow.ErrNotCompared, s.name)
				require.Contains(t, s.name, "history", "a score without evidence")
				continue
			}
			if compared++; o.Class == "" {
				continue
			}
			if s.removes(&o) {
				continue
			}
			differ++
			assert.Equal(t, want.class, o.Class, "%s: %v", s.name, o.Differences)
			for _, d := range o.Differences {
				assert.Equal(t, want.exception, d.Exception, "%s: %v", s.name, d)
			}
		}
		assert.Zero(t, r.Report().Real(), s.name)
	}
	assert.Equal(t, want.records, differ, s.name)
	return compared
}

// removes reports whether the record is the event of before stamps were
// removed: that is no deviation of the service.
func (s *site) removes(o *replay.Outcome) bool {
	return s.name == "stamps removed between scores" && o.Event != 0 && o.Class == shadow.Changed
}

// Replays of what the service wrote find what its known deviations make, and no
// other difference. Each round is at a later time.
func TestRecorded(t *testing.T) {
	var sites []*site
	for _, s := range scenarios(t) {
		sites = append(sites, newSite(t, s, nil))
	}
	for i := range deviations {
		all := scenarios(t)
		k := slices.IndexFunc(all, func(s *scenario) bool {
			return s.Name == deviations[i].scenario || s.Name == "linked: three wallets, "+strings.TrimPrefix(deviations[i].scenario, "linked: ")
		})
		require.GreaterOrEqual(t, k, 0, deviations[i].scenario)
		sites = append(sites, newSite(t, all[k], &deviations[i]))
	}
	compared, rounds := uint64(0), 0
	for ; compared < uint64(*scorings); rounds++ {
		for _, s := range sites {
			compared += s.run(t, time.Duration(rounds)*61*time.Minute)
		}
		require.False(t, t.Failed(), "round %d", rounds)
		require.NotZero(t, compared)
	}
	t.Logf("%d recorded scorings in %d rounds of %d sites", compared, rounds, len(sites))
}
