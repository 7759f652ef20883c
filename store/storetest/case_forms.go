package storetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// recordedForm is a form that a score was recorded in: the columns score and
// evidence of its row, which are members of its event as well, and what they
// say. They say nothing if rawScore is empty.
type recordedForm struct {
	name, score, evidence string
	rawScore, threshold   string
	passing               bool
}

var recordedForms = []recordedForm{
	{"strings", `"1"`, `{"type":"ThresholdScoreCheck","success":true,"rawScore":"30.5","threshold":"20.00000"}`, "30.50000", "20.00000", true},
	{"numbers", `1.0`, `{"type":"ThresholdScoreCheck","success":true,"rawScore":30.5,"threshold":20}`, "30.50000", "20.00000", true},
	{"a verdict that is no comparison", `0`, `{"success":false,"rawScore":"30.5","threshold":"20"}`, "30.50000", "20.00000", false},
	{"a list of one", `1`, `[{"success":true,"rawScore":"30.5","threshold":"20.00000"}]`, "30.50000", "20.00000", true},
	{"no verdict, above", `1`, `{"rawScore":"30.5","threshold":"20"}`, "30.50000", "20.00000", true},
	{"no verdict, equal", `1`, `{"success":null,"rawScore":"20.0","threshold":20}`, "20.00000", "20.00000", true},
	{"no verdict, below", `0`, `{"rawScore":"19.99999","threshold":"20"}`, "19.99999", "20.00000", false},
	{"no threshold", `1`, `{"success":true,"rawScore":"30.5"}`, "30.50000", "0.00000", true},
	{"no threshold, fails", `0`, `{"success":false,"rawScore":"30.5"}`, "30.50000", "0.00000", false},
	{"a raw score alone", `78.762`, `{"rawScore":"78.762"}`, "78.76200", "0.00000", true},
	{"a sum", `78.762`, `null`, "78.76200", "0.00000", true},
	{"a sum, as a string", `"78.762000000"`, `null`, "78.76200", "0.00000", true},
	{"a sum of 0", `"0"`, `null`, "0.00000", "0.00000", true},

	{"nothing", `null`, `null`, "", "", false},
	{"no raw score", `1`, `{"success":true,"threshold":"20"}`, "", "", false},
	{"an empty object", `1`, `{}`, "", "", false},
	{"a name in another case", `1`, `{"success":true,"RawScore":"30.5","threshold":"20"}`, "", "", false},
	{"an empty list", `1`, `[]`, "", "", false},
	{"a list of two", `1`, `[{"rawScore":"1","threshold":"2"},{"rawScore":"3","threshold":"2"}]`, "", "", false},
	{"a list in a list", `1`, `[[{"rawScore":"1","threshold":"2"}]]`, "", "", false},
	{"a text", `1`, `"30.5"`, "", "", false},
	{"a number", `1`, `30.5`, "", "", false},
	{"a verdict that is a text", `1`, `{"success":"yes","rawScore":"30.5","threshold":"20"}`, "", "", false},
	{"a raw score that is no number", `1`, `{"success":true,"rawScore":"NaN","threshold":"20"}`, "", "", false},
	{"a raw score that is an object", `1`, `{"success":true,"rawScore":{},"threshold":"20"}`, "", "", false},
	{"a threshold that is no number", `1`, `{"success":true,"rawScore":"30.5","threshold":""}`, "", "", false},
	{"a number beyond all bounds", `1`, `{"success":true,"rawScore":"1e301","threshold":"20"}`, "", "", false},
}

// eventForms are what the service has put around those members.
var eventForms = map[string]string{
	"flat":           `%s`,
	"fields":         `{"model":"registry.score","pk":1,"fields":%s}`,
	"a list":         `[%s]`,
	"a list, fields": `[{"model":"registry.score","pk":1,"fields":%s}]`,
}

// data returns the data of an event in the form.
func (f *recordedForm) data(around string) string {
	return fmt.Sprintf(around, `{"score":`+f.score+`,"evidence":`+f.evidence+`}`)
}

// compare demands that the form was read as what it is.
func (f *recordedForm) compare(t testing.TB, read func() passport.Evidence, err error) {
	t.Helper()
	if f.rawScore == "" {
		require.ErrorIs(t, err, store.ErrInternal, f.name)
		return
	}
	require.NoError(t, err, f.name)
	e := read()
	assert.Equal(t, f.rawScore, e.Score.Fixed(5), f.name)
	assert.Equal(t, f.threshold, e.Threshold.Fixed(5), f.name)
	assert.Equal(t, f.passing, e.Passing, f.name)
}

// orNull returns the value of a column, empty for NULL.
func orNull(column string) string {
	if column == "null" {
		return ""
	}
	return strings.Trim(column, `"`)
}

// rowForms is a case about recorded scores.
func rowForms(w *world) {
	engine := w.engine()
	for _, f := range recordedForms {
		score := store.Score{
			Status: store.StatusDone, Value: orNull(f.score), ScoredAt: time.Date(2024, 11, 1, 0, 0, 0, 0, time.UTC),
			StampScores: []byte(`{"Google":78.762}`), Stamps: []byte(`{}`),
		}
		if f.evidence != "null" {
			score.Evidence = []byte(f.evidence)
		}
		w.edit(func(s *store.State) {
			s.Scores = []store.StoredScore{{Score: score, Community: neighbour, Address: alice}}
		})
		last, err := engine.Latest(w.ctx, neighbour, string(alice))
		f.compare(w.t, func() passport.Evidence {
			assert.Equal(w.t, last.Passing, last.PassedWhenScored, f.name)
			return passport.Evidence{Passing: last.Passing, Score: last.Score, Threshold: last.Threshold}
		}, err)
	}
}

// eventFormsAt is a case about events of scores.
func eventFormsAt(w *world) {
	for name, around := range eventForms {
		for _, f := range recordedForms {
			event := store.Event{Action: store.ActionScoreUpdate, Address: alice, Data: []byte(f.data(around))}
			w.edit(func(s *store.State) {
				s.Events = []store.StoredEvent{{RecordedEvent: store.RecordedEvent{Event: event, ID: 1, At: noon}, Community: community}}
			})
			found, err := w.Harness.(store.ScoreFinder).ScoreAt(w.ctx, community, alice, noon)
			require.NoError(w.t, err, "%s, %s", name, f.name)
			read, err := passport.ParseEvent(found.Data)
			f.compare(w.t, func() passport.Evidence { return read.Evidence }, err)
		}
	}
}

// ServedForms asks a server over TCP for the history of scores in every form
// that the service recorded them in, and compares the answers with those that
// are wanted. It sends the key of the recorded scenarios.
func ServedForms(t *testing.T, newHarness NewHarness, newHandler NewHandler) {
	t.Helper()
	all := scenarios(t)
	var recorded *scenario
	for i := range all {
		if all[i].Name == "history at several moments" {
			recorded = &all[i]
		}
	}
	require.NotNil(t, recorded)
	step := recorded.Steps[0]
	state := recorded.state(t)
	state.Keys[0].RateLimit = ""
	state.Events = state.Events[:1]
	r := &replay{world: &world{Harness: newHarness(t), t: t, ctx: t.Context()}}
	require.NoError(t, r.Seed(r.ctx, state))
	server := httptest.NewServer(newHandler(t, r.Harness, r.world.engine()))
	t.Cleanup(server.Close)
	for _, around := range eventForms {
		for _, f := range recordedForms {
			r.edit(func(s *store.State) { s.Events[0].Data = []byte(f.data(around)) })
			r.get(server.URL, step, f.answer(t, state.Events[0].Address))
		}
	}
}

// answer returns the answer for an event in the form.
func (f *recordedForm) answer(t testing.TB, address store.Address) scenarioAnswer {
	t.Helper()
	if f.rawScore == "" {
		return scenarioAnswer{http.StatusInternalServerError, []byte(`{"detail":"Internal server error."}`)}
	}
	body, err := json.Marshal(row{
		"address": address, "score": f.rawScore, "passing_score": f.passing, "threshold": f.threshold, "stamps": row{},
		"error": nil, "last_score_timestamp": nil, "expiration_timestamp": nil,
		"points_data": nil, "possible_points_data": nil, "linked_score": nil,
	})
	require.NoError(t, err)
	return scenarioAnswer{http.StatusOK, body}
}
