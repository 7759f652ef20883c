package passport

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

func TestParseEvidence(t *testing.T) {
	want := Evidence{Passing: true, Score: decimal(t, "30.5"), Threshold: decimal(t, "20")}
	for name, c := range map[string]struct {
		document string
		want     Evidence
		wrong    string
	}{
		"strings":           {document: `{"type":"ThresholdScoreCheck","success":true,"rawScore":"30.5","threshold":"20"}`, want: want},
		"numbers":           {document: ` {"success":true,"rawScore":30.5,"threshold":20}`, want: want},
		"a list of one":     {document: `[{"success":true,"rawScore":"30.5","threshold":"20"}]`, want: want},
		"no verdict":        {document: `{"rawScore":"30.5","threshold":"20"}`, want: want},
		"no threshold":      {document: `{"success":true,"rawScore":"30.5"}`, want: Evidence{Passing: true, Score: want.Score}},
		"exact names":       {document: `{"success":true,"SUCCESS":false,"rawScore":"30.5","RAWSCORE":1,"threshold":"20"}`, want: want},
		"nothing":           {document: ``, wrong: "neither a JSON object nor a list with one"},
		"null":              {document: `null`, wrong: "neither a JSON object nor a list with one"},
		"a list of two":     {document: `[{},{}]`, wrong: "neither a JSON object nor a list with one"},
		"an empty object":   {document: `{}`, wrong: `raw score: invalid decimal: ""`},
		"cut off":           {document: `{"rawScore":"1"`, wrong: "neither a JSON object nor a list with one"},
		"a verdict of text": {document: `{"success":"yes","rawScore":"1"}`, wrong: "success has another form"},
		"NaN":               {document: `{"rawScore":"NaN"}`, wrong: "rawScore has another form"},
		"a huge score":      {document: `{"rawScore":1e301}`, wrong: "raw score: invalid decimal: the exponent"},
		"a huge threshold":  {document: `{"rawScore":1,"threshold":1e301}`, wrong: "threshold: invalid decimal: the exponent"},
	} {
		t.Run(name, func(t *testing.T) {
			read, err := ParseEvidence([]byte(c.document))
			assert.Equal(t, c.want, read)
			if c.wrong == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, store.ErrInternal)
			require.ErrorContains(t, err, c.wrong)
		})
	}
}

func TestParseEvent(t *testing.T) {
	sum := Evidence{Passing: true, Score: decimal(t, "78.762")}
	at := time.Date(2024, 11, 1, 0, 0, 0, 500000, time.UTC)
	stamps := map[string]json.RawMessage{"Google": []byte(`{"score":"1.00000"}`)}
	const moments = `"last_score_timestamp":"2024-11-01T00:00:00.0005Z","expiration_date":"2024-11-01T01:00:00.0005+01:00"`
	for name, c := range map[string]struct {
		data string
		want RecordedScore
	}{
		"flat":         {`{"score":78.762,"evidence":null}`, RecordedScore{Evidence: sum}},
		"fields":       {`{"model":"registry.score","pk":1,"fields":{"score":"78.762"}}`, RecordedScore{Evidence: sum}},
		"a list":       {`[{"fields":[{"score":"78.762"}]}]`, RecordedScore{Evidence: sum}},
		"fields first": {`{"score":1,"fields":{"score":"78.762"}}`, RecordedScore{Evidence: sum}},
		"an error":     {`{"fields":{"score":null,"status":"ERROR","error":"bad weights","evidence":null}}`, RecordedScore{Error: "bad weights"}},
		"the rest": {
			`{"score":"78.762","stamps":{"Google":{"score":"1.00000"}},` + moments + `}`,
			RecordedScore{Evidence: sum, ScoredAt: at, ExpiresAt: at, Stamps: stamps},
		},
	} {
		t.Run(name, func(t *testing.T) {
			read, err := ParseEvent([]byte(c.data))
			require.NoError(t, err)
			read.ExpiresAt = read.ExpiresAt.UTC()
			if read.ExpiresAt.IsZero() {
				read.ExpiresAt = time.Time{}
			}
			assert.Equal(t, &c.want, read)
		})
	}
	for _, data := range []string{
		``, `null`, `1`, `"x"`, `[]`, `[{},{}]`, `[[{"score":1}]]`, `{}`, `{"fields":{}}`, `{"fields":null,"score":1}`, `{"fields":"x","score":1}`,
		`{"score":true}`, `{"score":""}`, `{"score":"NaN"}`, `{"SCORE":1}`, `{"score":1,"evidence":{}}`, `{"score":1,"evidence":[]}`, `{"score":1,"evidence":5}`,
		`{"score":1,"error":{}}`, `{"score":1,"stamps":[]}`, `{"score":1,"expiration_date":"soon"}`, `{"nullifiers":["x"],"provider":"Google"}`,
	} {
		read, err := ParseEvent([]byte(data))
		require.ErrorIs(t, err, store.ErrInternal, data)
		assert.Nil(t, read, data)
	}
	_, err := ParseEvent([]byte(`[]`))
	require.ErrorContains(t, err, "neither a JSON object")
}

// The samples are events that the service recorded.
func TestParseEvent_Samples(t *testing.T) {
	for file, want := range map[string]Evidence{
		"history-flat.json":             {Passing: true, Score: decimal(t, "30.5"), Threshold: decimal(t, "20.00000")},
		"history-flat-no-evidence.json": {Passing: true, Score: decimal(t, "78.762")},
	} {
		data, err := os.ReadFile(filepath.Join("testdata", "reports", file))
		require.NoError(t, err)
		read, err := ParseEvent(data)
		require.NoError(t, err, file)
		assert.Equal(t, want, read.Evidence, file)
	}
}

// FuzzParseEvent: no data makes the reader panic, and an event that is written
// from what was read is read alike.
func FuzzParseEvent(f *testing.F) {
	samples, err := filepath.Glob("testdata/reports/history-*.json")
	require.NoError(f, err)
	for _, sample := range samples {
		data, err := os.ReadFile(sample)
		require.NoError(f, err)
		f.Add(data)
	}
	f.Add([]byte(`[{"fields":[{"score":"1","evidence":[{"success":false,"rawScore":1,"threshold":"2"}],"error":null,"stamps":{},"expiration_date":"2024-11-01T00:00:00Z"}]}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		read, err := ParseEvent(data)
		if err != nil {
			require.ErrorIs(t, err, store.ErrInternal)
			require.Nil(t, read)
			return
		}
		if read.Error != "" {
			require.Zero(t, read.Evidence)
			return
		}
		text, err := json.Marshal(evidence{thresholdEvidence, read.Passing, read.Score.String(), read.Threshold.String()})
		require.NoError(t, err)
		again, err := ParseEvent([]byte(`{"fields":{"score":"1","evidence":` + string(text) + `}}`))
		require.NoError(t, err)
		require.Equal(t, read.Passing, again.Passing)
		require.Zero(t, read.Score.Cmp(again.Score))
		require.Zero(t, read.Threshold.Cmp(again.Threshold))
	})
}
