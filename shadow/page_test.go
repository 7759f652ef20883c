package shadow_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/page/pagetest"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/shadow"
	"github.com/passport-sdk/passport-go/store"
)

var pageFile = flag.String("page", "", "a file to write the page of TestWriteHTML to")

// mixed returns the verdict of a run with differences of several classes and
// with failures.
func mixed(t *testing.T) *shadow.Verdict {
	t.Helper()
	site := newSite(t)
	wallets := site.people(120)
	excused := shadow.Exception{
		Name: "old threshold", Until: site.Clock.Now().Add(time.Hour),
		Match: func(d shadow.Difference, _, _ *shadow.Decision) bool { return d.Field == shadow.FieldThreshold },
	}
	s := newShadow(t, site.planner(), shadow.WithExceptions(excused), shadow.WithSamples(3))
	source := func(ctx context.Context, address string) (shadow.Decision, error) {
		time.Sleep(time.Millisecond / 2)
		p, err := site.planner().Plan(ctx, 1, address)
		if err != nil {
			return shadow.Decision{}, err
		}
		d := shadow.DecisionOf(p.Result)
		switch i := slices.Index(wallets, address); {
		case i%30 == 3:
			d.Score, d.Passing = passporttest.MustDecimal("9"), true
			d.Canonical = passporttest.Address("canonical")
			d.Stamps["v0.0.0:bnVsbGlmaWVy"] = shadow.Stamp{}
		case i%30 == 4:
			d.Threshold = passporttest.MustDecimal("1")
		case i%30 == 5:
			d.Score = passporttest.MustDecimal(d.Score.Fixed(4) + "1")
		case i == 0:
			return shadow.Decision{}, &store.Error{Kind: store.ErrUnavailable, Cause: errors.New("away")}
		case i == 1:
			d = shadow.Decision{Status: http.StatusNotFound}
		}
		return d, nil
	}
	for _, err := range s.Run(t.Context(), 1, source, slices.Values(wallets)) {
		require.NoError(t, err)
	}
	return s.Verdict()
}

func written(t *testing.T, v *shadow.Verdict, labels shadow.Labels) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, v.WriteHTML(&out, labels))
	return out.String()
}

func TestWriteHTML(t *testing.T) {
	v := mixed(t)
	page := written(t, v, shadow.Labels{Title: "Community 1 beside <api.example.org>", Primary: "the service"})
	pagetest.SelfContained(t, page)
	assert.Contains(t, page, "<h1>Community 1 beside &lt;api.example.org&gt;</h1>")
	assert.Contains(t, page, "4 real differences in 118 settled comparisons")
	for _, want := range []string{"the service alone", "ours alone", "old threshold", "rounding: the first 3 of 4", "unavailable", "skipped", "90 % within"} {
		assert.Contains(t, page, want)
	}
	assert.Greater(t, strings.Count(page, "<rect"), 20)
	assert.Contains(t, page, passporttest.Address("3"))
	assert.NotContains(t, page, "bnVsbGlmaWVy", "a nullifier")
	hidden := written(t, v.WithoutAddresses(), shadow.Labels{})
	assert.NotRegexp(t, "0x[0-9a-f]{40}", hidden)
	assert.Contains(t, hidden, "<h1>Shadow</h1>")
	assert.Contains(t, written(t, v, shadow.Labels{}), passporttest.Address("3"), "the verdict itself has not changed")
	if *pageFile != "" {
		require.NoError(t, os.WriteFile(*pageFile, []byte(page), 0o600))
	}
	pagetest.SelfContained(t, written(t, &shadow.Verdict{}, shadow.Labels{}))
}

func TestVerdict_Flow(t *testing.T) {
	v := mixed(t)
	assert.Equal(t, shadow.Flow{Both: 79, Primary: 4, Neither: 35}, v.Flow)
	sum := shadow.Bin{}
	for _, b := range v.Scores {
		sum.Primary += b.Primary
		sum.Ours += b.Ours
	}
	assert.Equal(t, shadow.Bin{Primary: 118, Ours: 118}, sum)
	assert.Equal(t, map[store.Kind]uint64{store.KindUnavailable: 1}, v.FailedByKind)
}

// A run goes on after the verdict of another one.
func TestContinuing(t *testing.T) {
	v := mixed(t)
	text, err := json.Marshal(v)
	require.NoError(t, err)
	var read shadow.Verdict
	require.NoError(t, json.Unmarshal(text, &read))
	site := newSite(t)
	wallet := site.people(2)[1]
	s := newShadow(t, site.planner(), shadow.Continuing(&read))
	assert.Equal(t, v, s.Verdict())
	compareOnce(t, s, func(ctx context.Context, address string) (shadow.Decision, error) {
		p, err := site.planner().Plan(ctx, 1, address)
		require.NoError(t, err)
		return shadow.DecisionOf(p.Result), nil
	}, wallet)
	assert.Equal(t, [2]uint64{v.Compared + 1, v.Agreed + 1}, [2]uint64{s.Verdict().Compared, s.Verdict().Agreed})
	assert.Equal(t, v.Primary.Count+1, s.Verdict().Primary.Count)

	for name, damage := range map[string]func(v *shadow.Verdict){
		"counts":  func(v *shadow.Verdict) { v.Agreed++ },
		"scores":  func(v *shadow.Verdict) { v.Scores = v.Scores[1:] },
		"bucket":  func(v *shadow.Verdict) { v.Ours.Buckets = map[int]uint64{-1: v.Ours.Count} },
		"latency": func(v *shadow.Verdict) { v.Primary.Buckets = nil },
		"class":   func(v *shadow.Verdict) { v.Classes[0].Class = "other" },
		"fields":  func(v *shadow.Verdict) { v.Classes[0].Fields = nil },
		"order":   func(v *shadow.Verdict) { slices.Reverse(v.Classes) },
	} {
		var damaged shadow.Verdict
		require.NoError(t, json.Unmarshal(text, &damaged))
		damage(&damaged)
		_, err := shadow.New(site.planner(), shadow.Continuing(&damaged))
		require.ErrorContains(t, err, "Continuing", name)
	}
}
