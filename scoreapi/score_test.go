package scoreapi_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/scoreapi"
)

const (
	alice = "0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c"
	bob   = "0xb0b00b0b00b0b00b0b00b0b00b0b00b0b00b0b00"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func decimal(t testing.TB, text string) passport.Decimal {
	t.Helper()
	d, err := passport.ParseDecimal(text)
	require.NoError(t, err)
	return d
}

// result is one of every kind of stamp.
func result(t testing.TB) *passport.Result {
	t.Helper()
	return &passport.Result{
		Address: bob, Passing: true, Score: decimal(t, "3.5"), Threshold: decimal(t, "3"), ScoredAt: noon, ExpiresAt: noon.Add(time.Microsecond),
		Stamps: []passport.Stamp{
			{Provider: "Google", Outcome: passport.Counted, Weight: decimal(t, "3.5"), ExpiresAt: noon.Add(time.Microsecond)},
			{Provider: "<&>", Outcome: passport.Deduplicated, ExpiresAt: noon},
			{Provider: "Old", Outcome: passport.LeftOut, Reason: passport.ReasonExpired, ExpiresAt: noon},
			{Provider: "Broken", Outcome: passport.LeftOut, Reason: passport.ReasonNoNullifiers},
		},
	}
}

// write encodes as the server does.
func write(t testing.TB, value any) string {
	t.Helper()
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	require.NoError(t, encoder.Encode(value))
	return strings.TrimRight(text.String(), "\n")
}

// exactly compares texts to the byte, in which the order of members counts.
func exactly(t testing.TB, want, got string) {
	t.Helper()
	assert.Equal(t, want, got)
}

func TestOf(t *testing.T) {
	const stamps = `"stamps":{"<&>":{"score":"0.00000","dedup":true,"expiration_date":"2026-01-01T12:00:00+00:00"},` +
		`"Google":{"score":"3.50000","dedup":false,"expiration_date":"2026-01-01T12:00:00.000001+00:00"}}`
	const text = `{"address":"` + bob + `","score":"3.50000","passing_score":true,"last_score_timestamp":"2026-01-01T12:00:00+00:00",` +
		`"expiration_timestamp":"2026-01-01T12:00:00.000001+00:00","threshold":"3.00000","error":null,` + stamps +
		`,"points_data":null,"possible_points_data":null,"linked_score":null}`
	r := result(t)
	score := scoreapi.Of(r)
	exactly(t, text, write(t, score))
	var read scoreapi.Score
	require.NoError(t, json.Unmarshal([]byte(text), &read))
	exactly(t, text, write(t, read))
	assert.Zero(t, read.Score.Cmp(r.Score))
	assert.True(t, read.Stamps["Google"].ExpiresAt.Equal(noon.Add(time.Microsecond)))

	score.Points = scoreapi.PointsOf(passport.PointsTotal{Total: 3, Multiplier: 2, Eligible: true, Breakdown: map[string]int64{"HKY": 3}})
	score.LeftOut = scoreapi.LeftOutOf(r)
	text2 := write(t, score)
	assert.Contains(t, text2, `"points_data":{"total_points":3,"is_eligible":true,"multiplier":2,"breakdown":{"HKY":3}},"possible_points_data":null,`)
	assert.True(t, strings.HasSuffix(text2, `,"linked_score":null,"left_out":{"Broken":{"reason":"no_nullifiers","expiration_date":null},`+
		`"Old":{"reason":"expired","expiration_date":"2026-01-01T12:00:00+00:00"}}}`), text2)
	require.NoError(t, json.Unmarshal([]byte(text2), &read))
	exactly(t, text2, write(t, read))
}

func TestOf_Linked(t *testing.T) {
	r := result(t)
	merged := []passport.Stamp{{Provider: "Google", Outcome: passport.Counted, Weight: decimal(t, "3.5"), ExpiresAt: noon, Source: bob}}
	r.Linked = &passport.LinkedScore{
		Canonical: alice, Score: decimal(t, "3.5"), Threshold: decimal(t, "3"), Passing: true, ScoredAt: noon, Stamps: merged,
		Members: []passport.Member{{Address: alice}, {Address: bob, Stamps: r.Stamps[2:]}},
	}
	r.Stamps = nil
	const stamp = `{"Google":{"score":"3.50000","dedup":false,"expiration_date":"2026-01-01T12:00:00+00:00","source_wallet":"` + bob + `"}}`
	text := write(t, scoreapi.Of(r))
	assert.Contains(t, text, `"linked_score":{"address":"`+alice+`","score":"3.50000","passing_score":true,`+
		`"last_score_timestamp":"2026-01-01T12:00:00+00:00","expiration_timestamp":null,"threshold":"3.00000",`+
		`"stamps":`+stamp+`,"wallet_stamps":{"`+alice+`":`+stamp+`}}}`)
	assert.Len(t, scoreapi.LeftOutOf(r), 2, "the left out stamps of a member are its own")

	r.Linked.Canonical = ""
	assert.Nil(t, scoreapi.Of(r).Linked)
}

// Recorded stamps keep their form, whatever it is.
func TestOfRecorded(t *testing.T) {
	const stamps = `{"A":{"score":1.50,"extra":[ 1 ]},"B":null,"C":"<text>"}`
	recorded, err := passport.ParseEvent([]byte(`{"evidence":{"rawScore":2,"threshold":"1"},"stamps":` + stamps + `}`))
	require.NoError(t, err)
	exactly(t, `{"address":"`+alice+`","score":"2.00000","passing_score":true,"last_score_timestamp":null,`+
		`"expiration_timestamp":null,"threshold":"1.00000","error":null,"stamps":{"A":{"score":1.50,"extra":[1]},"B":null,"C":"<text>"},`+
		`"points_data":null,"possible_points_data":null,"linked_score":null}`, write(t, scoreapi.OfRecorded(alice, recorded)))

	failed := scoreapi.OfRecorded(alice, &passport.RecordedScore{Error: "no weights"})
	assert.Equal(t, scoreapi.Unscored(alice, "no weights"), failed)
	exactly(t, `{"address":"`+alice+`","score":"0.00000","passing_score":false,"last_score_timestamp":null,`+
		`"expiration_timestamp":null,"threshold":"20.00000","error":"no weights","stamps":{},`+
		`"points_data":null,"possible_points_data":null,"linked_score":null}`, write(t, failed))
	assert.Contains(t, write(t, scoreapi.OfRecorded(alice, &passport.RecordedScore{})), `"stamps":{}`)
}

// Answers of other releases have other forms.
func TestScore_Forms(t *testing.T) {
	const head = `{"address":"` + alice + `",`
	want := decimal(t, "1.5")
	for name, text := range map[string]string{
		"numbers":     head + `"score":1.50,"passing_score":true,"threshold":1,"stamps":{"A":{"score":1.5,"dedup":null,"expiration_date":null}}}`,
		"exponents":   head + `"score":"15e-1","passing_score":true,"threshold":1e0,"stamps":{"A":{"score":"1.500"}}}`,
		"nulls":       head + `"score":1.5,"passing_score":true,"threshold":null,"error":null,"stamps":{"A":{"score":1.5}},"linked_score":null,"points_data":null}`,
		"more":        head + `"score":1.5,"passing_score":true,"new":{"deep":[[[]]]},"stamps":{"A":{"score":1.5,"more":1}}}`,
		"empty error": head + `"score":1.5,"passing_score":true,"error":"","stamps":{"A":{"score":1.5}}}`,
		"mixed case":  `{"address":"0x` + strings.ToUpper(alice[2:]) + `","score":1.5,"passing_score":true,"stamps":{"A":{"score":1.5}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			var read scoreapi.Score
			require.NoError(t, json.Unmarshal([]byte(text), &read))
			assert.Equal(t, passport.Address(alice), read.Address)
			assert.Zero(t, read.Score.Cmp(want))
			assert.True(t, read.Passing)
			assert.Nil(t, read.Error)
			assert.Zero(t, read.Stamps["A"].Weight.Cmp(want))
		})
	}
	for name, c := range map[string]struct{ text, problem string }{
		"null":                  {`null`, "the address of the score: invalid address"},
		"no address":            {`{"score":1,"passing_score":true}`, "the address of the score: invalid address"},
		"no score":              {head + `"passing_score":true}`, "a score without score"},
		"null score":            {head + `"score":null,"passing_score":true}`, "a score without score"},
		"no verdict":            {head + `"score":1}`, "a score without passing_score"},
		"not a number":          {head + `"score":"many","passing_score":true}`, "invalid decimal"},
		"a boolean":             {head + `"score":true,"passing_score":true}`, "invalid decimal"},
		"NaN":                   {head + `"score":"NaN","passing_score":true}`, "invalid decimal"},
		"a huge exponent":       {head + `"score":1e999999999,"passing_score":true}`, "invalid decimal"},
		"a long number":         {head + `"score":` + strings.Repeat("1", 1000) + `,"passing_score":true}`, "invalid decimal: 1000 characters"},
		"an object":             {head + `"score":{},"passing_score":true}`, "invalid decimal"},
		"no date":               {head + `"score":1,"passing_score":true,"last_score_timestamp":"yesterday"}`, "no date and time"},
		"a long date":           {head + `"score":1,"passing_score":true,"last_score_timestamp":"` + strings.Repeat("2", 99) + `"}`, "no date and time"},
		"a number for a date":   {head + `"score":1,"passing_score":true,"last_score_timestamp":20260101}`, "no date and time"},
		"a stamp of no score":   {head + `"score":1,"passing_score":true,"stamps":{"A":{"dedup":false}}}`, "a stamp without score"},
		"a null stamp":          {head + `"score":1,"passing_score":true,"stamps":{"A":null}}`, "a stamp without score"},
		"a text for a stamp":    {head + `"score":1,"passing_score":true,"stamps":{"A":"1"}}`, "cannot unmarshal"},
		"a linked one of none":  {head + `"score":1,"passing_score":true,"linked_score":{"passing_score":true}}`, "a linked score without score"},
		"a linked one unjudged": {head + `"score":1,"passing_score":true,"linked_score":{"score":"1"}}`, "a linked score without passing_score"},
	} {
		t.Run(name, func(t *testing.T) {
			read := scoreapi.Score{Address: bob}
			assert.ErrorContains(t, json.Unmarshal([]byte(c.text), &read), c.problem)
			assert.Equal(t, scoreapi.Score{Address: bob}, read, "the score was changed")
		})
	}
}

// Beside an error there is no score, whatever the answer has.
func TestScore_Error(t *testing.T) {
	for _, rest := range []string{``, `,"score":null,"passing_score":null`, `,"score":"99","passing_score":true`} {
		var read scoreapi.Score
		require.NoError(t, json.Unmarshal([]byte(`{"address":"`+alice+`","error":"no weights"`+rest+`}`), &read))
		assert.Equal(t, "no weights", *read.Error)
		assert.Zero(t, read.Score.Sign())
		assert.False(t, read.Passing)
	}
}

func TestTime(t *testing.T) {
	for text, want := range map[string]time.Time{
		`null`:                               {},
		`"2026-01-01T12:00:00+00:00"`:        noon,
		`"2026-01-01T14:00:00.000001+02:00"`: noon.Add(time.Microsecond),
		`"2026-01-01T12:00:00Z"`:             noon,
		`"2026-01-01T12:00:00"`:              noon,
		`"2026-01-01 12:00:00.5"`:            noon.Add(time.Second / 2),
		`"2026-01-01 12:00:00+00:00"`:        noon,
	} {
		read := scoreapi.Time{Time: time.Unix(1, 0)}
		require.NoError(t, json.Unmarshal([]byte(text), &read), text)
		assert.Equal(t, want, read.Time, text)
	}
	for _, text := range []string{`"0000-01-01T00:00:00+01:00"`, `"9999-12-31T23:00:00-02:00"`, `""`, `1`, `{}`, `"2026-01-01"`} {
		assert.Error(t, json.Unmarshal([]byte(text), &scoreapi.Time{}), text)
	}
}

// The refusal of a parameter may have numbers in its place.
func TestUnprocessable(t *testing.T) {
	const text = `{"detail":[{"type":"missing","loc":["query","created_at"],"msg":"Field required"}]}`
	var read scoreapi.Unprocessable
	require.NoError(t, json.Unmarshal([]byte(text), &read))
	exactly(t, text, write(t, read))
	require.NoError(t, json.Unmarshal([]byte(`{"detail":[{"loc":["body",0,null]}]}`), &read))
	assert.Equal(t, scoreapi.Place{"body", "0", "null"}, read.Detail[0].Place)
	assert.Error(t, json.Unmarshal([]byte(`{"detail":[{"loc":"body"}]}`), &read))
}

// A score that was read is written so that it reads as the same one.
func TestScore_RoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.Custom(func(t *rapid.T) scoreapi.Number {
			d, err := passport.ParseDecimal(rapid.StringMatching(`-?[0-9]{1,12}\.[0-9]{0,5}`).Draw(t, "number"))
			require.NoError(t, err)
			return scoreapi.Number{Decimal: d}
		})
		at := rapid.Custom(func(t *rapid.T) scoreapi.Time {
			return scoreapi.Time{Time: time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "µs")).UTC()}
		})
		stamp := rapid.Custom(func(t *rapid.T) scoreapi.Stamp {
			return scoreapi.Stamp{Weight: number.Draw(t, "weight"), Deduplicated: rapid.Bool().Draw(t, "dedup"), ExpiresAt: at.Draw(t, "expiry")}
		})
		score := scoreapi.Score{
			Address: alice, Score: number.Draw(t, "score"), Threshold: number.Draw(t, "threshold"), Passing: rapid.Bool().Draw(t, "passing"),
			ScoredAt: at.Draw(t, "scored"), Stamps: rapid.MapOfN(rapid.String(), stamp, 0, 4).Draw(t, "stamps"),
		}
		text, err := json.Marshal(score)
		require.NoError(t, err)
		var read scoreapi.Score
		require.NoError(t, json.Unmarshal(text, &read))
		again, err := json.Marshal(read)
		require.NoError(t, err)
		require.JSONEq(t, string(text), string(again))
		require.Zero(t, read.Score.Cmp(score.Score.Decimal))
		require.Len(t, read.Stamps, len(score.Stamps))
	})
}

func FuzzScore(f *testing.F) {
	f.Add([]byte(`{"address":"` + alice + `","score":"1.5","passing_score":true,"stamps":{"A":{"score":1,"expiration_date":"2026-01-01T12:00:00Z"}}}`))
	f.Add([]byte(`{"address":"` + alice + `","error":"","linked_score":{"score":1e5,"passing_score":false}}`))
	f.Add([]byte(`{"score":-1e-300}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var read scoreapi.Score
		if json.Unmarshal(text, &read) != nil {
			return
		}
		written, err := json.Marshal(read)
		require.NoError(t, err)
		require.True(t, json.Valid(written))
	})
}
