package shadow_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/shadow"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// decision returns that of a wallet with two stamps.
func decision(edits ...func(*shadow.Decision)) shadow.Decision {
	d := shadow.ReadAnswer(http.StatusOK, []byte(`{"address":"`+passporttest.Address("a")+`","score":"3.50000","passing_score":true,"threshold":"2",
		"last_score_timestamp":"2026-01-01T12:00:00+00:00","expiration_timestamp":"2026-02-01T00:00:00+00:00","error":null,
		"stamps":{"Google":{"score":"1.5","dedup":false,"expiration_date":"2026-02-01T00:00:00+00:00"},
			"Github":{"score":"2","dedup":false,"expiration_date":"2026-03-01T00:00:00+00:00"}}}`))
	for _, edit := range edits {
		edit(&d)
	}
	return d
}

// without returns an edit that takes the stamp of Google away.
func without(d *shadow.Decision) {
	delete(d.Stamps, "Google")
	d.Score = passporttest.MustDecimal("2")
	d.ExpiresAt = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
}

// lost is an edit by which another wallet has the stamp of Github.
func lost(d *shadow.Decision) {
	github := d.Stamps["Github"]
	github.Deduplicated, github.Score = true, passporttest.MustDecimal("0")
	d.Stamps["Github"] = github
	d.Score, d.Passing = passporttest.MustDecimal("1.5"), false
}

func at(t time.Time) func(*shadow.Decision) {
	return func(d *shadow.Decision) { d.ScoredAt = t }
}

func score(text string) func(*shadow.Decision) {
	return func(d *shadow.Decision) { d.Score = passporttest.MustDecimal(text) }
}

func TestCompare(t *testing.T) {
	expiry := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	exception := func(until time.Time) shadow.Rules {
		return shadow.Rules{Exceptions: []shadow.Exception{{
			Name: "scores", Until: until,
			Match: func(d shadow.Difference, _, _ *shadow.Decision) bool { return d.Field == shadow.FieldScore },
		}}}
	}
	type fields map[shadow.Field]shadow.Class
	for name, c := range map[string]struct {
		primary, ours shadow.Decision
		rules         shadow.Rules
		want          fields
	}{
		"the same":             {decision(), decision(), shadow.Rules{}, fields{}},
		"scored at other time": {decision(at(noon.Add(time.Hour))), decision(), shadow.Rules{}, fields{}},
		"score":                {decision(score("3.50002")), decision(), shadow.Rules{}, fields{shadow.FieldScore: shadow.Real}},
		"huge score":           {decision(score("1e100")), decision(), shadow.Rules{}, fields{shadow.FieldScore: shadow.Real}},
		"rounding":             {decision(score("3.50001")), decision(), shadow.Rules{}, fields{shadow.FieldScore: shadow.Rounding}},
		"rounding of a float":  {decision(score("3.4999999999999996")), decision(), shadow.Rules{}, fields{shadow.FieldScore: shadow.Rounding}},
		"rounding of a time": {
			decision(func(d *shadow.Decision) { d.ExpiresAt = d.ExpiresAt.Add(999 * time.Millisecond) }), decision(),
			shadow.Rules{},
			fields{shadow.FieldExpiry: shadow.Rounding},
		},
		"no expiry": {
			decision(func(d *shadow.Decision) { d.ExpiresAt = time.Time{} }), decision(), shadow.Rules{}, fields{shadow.FieldExpiry: shadow.Real},
		},
		"stamp score": {
			decision(func(d *shadow.Decision) { d.Stamps["Google"] = shadow.Stamp{ExpiresAt: d.Stamps["Google"].ExpiresAt} }), decision(),
			shadow.Rules{},
			fields{shadow.FieldStampScore: shadow.Real},
		},
		"stamp expiry": {
			decision(func(d *shadow.Decision) { d.Stamps["Google"] = shadow.Stamp{Score: passporttest.MustDecimal("1.5")} }), decision(),
			shadow.Rules{},
			fields{shadow.FieldStampExpiry: shadow.Real},
		},
		"case of the canonical wallet": {
			decision(func(d *shadow.Decision) { d.Canonical = "0xAB" }), decision(func(d *shadow.Decision) { d.Canonical = "0xab" }),
			shadow.Rules{},
			fields{},
		},
		"exception":         {decision(score("9")), decision(), exception(noon.Add(1)), fields{shadow.FieldScore: shadow.Excepted}},
		"exception is over": {decision(score("9")), decision(), exception(noon), fields{shadow.FieldScore: shadow.Real}},
		"recorded": {
			decision(at(noon.Add(-time.Minute)), score("9")), decision(),
			shadow.Rules{Elapsed: time.Second},
			fields{shadow.FieldScore: shadow.Recorded},
		},
		"took a minute": {
			decision(at(noon.Add(-time.Minute)), score("9")), decision(),
			shadow.Rules{Elapsed: time.Minute},
			fields{shadow.FieldScore: shadow.Real},
		},
		"clock": {
			decision(at(expiry.Add(-1))), decision(without, at(expiry)),
			shadow.Rules{Skew: time.Second},
			fields{shadow.FieldStamp: shadow.Clock, shadow.FieldScore: shadow.Clock, shadow.FieldExpiry: shadow.Clock},
		},
		"expired long ago": {
			decision(at(expiry.Add(time.Hour))), decision(without, at(expiry.Add(time.Hour))),
			shadow.Rules{Skew: time.Second},
			fields{shadow.FieldStamp: shadow.Real, shadow.FieldScore: shadow.Real, shadow.FieldExpiry: shadow.Real},
		},
		"threshold at an expiry": {
			decision(at(expiry), func(d *shadow.Decision) { d.Threshold = passporttest.MustDecimal("3") }), decision(at(expiry)),
			shadow.Rules{},
			fields{shadow.FieldThreshold: shadow.Real},
		},
		"claim": {
			decision(lost), decision(),
			shadow.Rules{},
			fields{
				shadow.FieldStampDedup: shadow.Real, shadow.FieldStampScore: shadow.Real,
				shadow.FieldScore: shadow.Real, shadow.FieldPassing: shadow.Real,
			},
		},
		"separate claims": {
			decision(lost), decision(),
			shadow.Rules{SeparateClaims: true},
			fields{
				shadow.FieldStampDedup: shadow.ClaimOrder, shadow.FieldStampScore: shadow.ClaimOrder,
				shadow.FieldScore: shadow.ClaimOrder, shadow.FieldPassing: shadow.ClaimOrder,
			},
		},
		"separate claims and a wrong sum": {
			decision(lost, score("1")), decision(),
			shadow.Rules{SeparateClaims: true},
			fields{
				shadow.FieldStampDedup: shadow.Real, shadow.FieldStampScore: shadow.Real,
				shadow.FieldScore: shadow.Real, shadow.FieldPassing: shadow.Real,
			},
		},
		"errors":      {shadow.Decision{Status: 200, Failed: true}, shadow.Decision{Status: 200, Failed: true}, shadow.Rules{}, fields{}},
		"an error":    {shadow.Decision{Status: 200, Failed: true}, decision(), shadow.Rules{}, fields{shadow.FieldError: shadow.Real}},
		"bad request": {shadow.Decision{Status: 400}, decision(), shadow.Rules{}, fields{shadow.FieldStatus: shadow.Real}},
		"nonsense":    {shadow.ReadAnswer(200, []byte("<html>")), decision(), shadow.Rules{}, fields{shadow.FieldBody: shadow.Real}},
	} {
		t.Run(name, func(t *testing.T) {
			found := fields{}
			for _, d := range shadow.Compare(c.primary, c.ours, c.rules) {
				found[d.Field] = d.Class
				assert.NotEqual(t, d.Primary, d.Ours)
				assert.Equal(t, d.Class == shadow.Excepted, d.Exception != "")
			}
			assert.Equal(t, c.want, found)
		})
	}
}

func TestReadAnswer_Hostile(t *testing.T) {
	address := `"address":"` + passporttest.Address("a") + `",`
	read := func(members string) shadow.Decision {
		return shadow.ReadAnswer(http.StatusOK, []byte("{"+address+members+"}"))
	}
	for _, text := range []string{"", "null", "[]", `"text"`, "{}", `{"score":1,"passing_score":true}`, "{" + strings.Repeat(" ", 256<<10) + "}"} {
		assert.Equal(t, shadow.Decision{Status: 200, Malformed: true}, shadow.ReadAnswer(200, []byte(text)), "%.60s", text)
	}
	for _, members := range []string{
		`"score":1`, `"passing_score":true`, `"score":1e999999999,"passing_score":true`, `"score":"NaN","passing_score":true`,
		`"score":1,"passing_score":"true"`, `"score":1,"passing_score":true,"stamps":[]`, `"score":1,"passing_score":true,"stamps":{"A":1}`,
		`"score":1,"passing_score":true,"expiration_timestamp":"soon"`, `"score":1,"passing_score":true,"linked_score":{"address":"0x"}`,
		`"score":1,"passing_score":true,"linked_score":{"address":"v0.0.0:bnVsbA==","score":1,"passing_score":true}`,
	} {
		assert.Equal(t, shadow.Decision{Status: 200, Malformed: true}, read(members), members)
	}
	assert.Equal(t, shadow.Decision{Status: 200, Failed: true}, read(`"error":"no weights"`))
	assert.Equal(t, shadow.Decision{Status: 404}, shadow.ReadAnswer(404, []byte(`{"detail":"none"}`)))
	minimal := read(`"score":1,"passing_score":true,"threshold":"1.0","stamps":null`)
	assert.True(t, minimal.Passing)
	assert.False(t, minimal.Malformed)
}

// No answer makes Compare panic, and one that is read agrees with itself.
func FuzzReadAnswer(f *testing.F) {
	address := `{"address":"` + passporttest.Address("a") + `",`
	f.Add([]byte(address + `"score":"1e100","passing_score":true,"threshold":-0,"stamps":{"A":{"score":1,"dedup":false,"expiration_date":null}}}`))
	f.Add([]byte(address + `"score":1,"passing_score":false,"threshold":1e-100,"expiration_timestamp":"9999-12-31 23:59:59-23:00","linked_score":{}}`))
	f.Add([]byte(address + `"error":""}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		read := shadow.ReadAnswer(http.StatusOK, body)
		assert.Empty(t, shadow.Compare(read, read, shadow.Rules{}))
		for _, d := range shadow.Compare(read, decision(), shadow.Rules{SeparateClaims: true}) {
			assert.NotEmpty(t, d.Class)
		}
	})
}
