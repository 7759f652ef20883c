package shadow_test

import (
	"context"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/shadow"
)

// Bounds that other programs state: those of 0 are 1-0.05^(1/n).
func TestBound(t *testing.T) {
	for _, c := range []struct {
		found, n uint64
		want     float64
	}{
		{0, 10, 0.258866},
		{0, 100, 0.029513},
		{0, 10_000, 0.00029953},
		{1, 20, 0.216106},
		{5, 100, 0.102253},
		{50, 1000, 0.062863},
		{999, 1000, 0.999949},
		{10, 10, 1},
		{0, 0, 1},
		{11, 10, 1},
	} {
		assert.InEpsilon(t, c.want, shadow.Bound(c.found, c.n, shadow.Confidence), 1e-4, "%d in %d", c.found, c.n)
	}
	// At a share that is the bound, as few or fewer are found in 5 % of all
	// samples.
	p, sum := shadow.Bound(3, 40, 0.95), 0.0
	for k := range 4 {
		ways := 1.0
		for i := range k {
			ways *= float64(40-i) / float64(i+1)
		}
		sum += ways * math.Pow(p, float64(k)) * math.Pow(1-p, float64(40-k))
	}
	assert.InDelta(t, 0.05, sum, 1e-9)
	assert.InEpsilon(t, 0.5005, shadow.Bound(500_000_000, 1_000_000_000, 0.95), 0.001, "quickly")
	for _, confidence := range []float64{0, 1, -1, math.NaN()} {
		assert.Equal(t, 1.0, shadow.Bound(0, 10, confidence)) //nolint:testifylint // exactly
	}
}

// The quantiles are at most 5 % above the true ones.
func TestVerdict_Latency(t *testing.T) {
	site := newSite(t)
	wallet := site.people(2)[1]
	s := newShadow(t, site.planner())
	p, err := site.planner().Plan(t.Context(), 1, wallet)
	require.NoError(t, err)
	for range 30 {
		compareOnce(t, s, func(context.Context, string) (shadow.Decision, error) {
			time.Sleep(time.Millisecond)
			return shadow.DecisionOf(p.Result), nil
		}, wallet)
	}
	v := s.Verdict()
	assert.Equal(t, uint64(30), v.Primary.Count)
	assert.GreaterOrEqual(t, v.Primary.P50, time.Millisecond)
	assert.LessOrEqual(t, v.Primary.P50, v.Primary.P90)
	assert.LessOrEqual(t, v.Primary.P90, v.Primary.P99)
	assert.LessOrEqual(t, v.Primary.P99, v.Primary.Max)
	assert.Positive(t, v.Ours.P50)
}

func TestVerdict(t *testing.T) {
	site := newSite(t)
	wallet := site.people(2)[1]
	wrong := func(ctx context.Context, address string) (shadow.Decision, error) {
		p, err := site.planner().Plan(ctx, 1, address)
		if err != nil {
			return shadow.Decision{}, err
		}
		d := shadow.DecisionOf(p.Result)
		d.Score = passporttest.MustDecimal("9")
		d.Canonical = passporttest.Address("canonical")
		d.Stamps["v0.0.0:bnVsbGlmaWVy"] = shadow.Stamp{}
		return d, nil
	}
	for name, c := range map[string]struct {
		options []shadow.Option
		samples int
		address string
	}{
		"shown":  {nil, 3, wallet},
		"few":    {[]shadow.Option{shadow.WithSamples(1)}, 1, wallet},
		"hidden": {[]shadow.Option{shadow.WithHiddenAddresses()}, 3, "hidden"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShadow(t, site.planner(), c.options...)
			for range 3 {
				compareOnce(t, s, wrong, wallet)
			}
			v := s.Verdict()
			text, err := json.Marshal(v)
			require.NoError(t, err)
			var read shadow.Verdict
			require.NoError(t, json.Unmarshal(text, &read))
			assert.Equal(t, *v, read)
			require.Len(t, v.Classes, 1)
			require.Len(t, v.Classes[0].Samples, c.samples)
			sample := v.Classes[0].Samples[0]
			assert.Equal(t, c.address, sample.Address)
			assert.Equal(t, map[shadow.Field]uint64{shadow.FieldScore: 3, shadow.FieldCanonical: 3, shadow.FieldStamp: 3}, v.Classes[0].Fields)
			for _, text := range []string{string(text), textOf(v)} {
				assert.NotContains(t, text, "bnVsbGlmaWVy")
				if name == "hidden" {
					assert.NotContains(t, text, wallet)
					assert.NotContains(t, text, passporttest.Address("canonical"))
				}
			}
		})
	}
}

// textOf returns what WriteText writes.
func textOf(v *shadow.Verdict) string {
	var text strings.Builder
	_ = v.WriteText(&text) // a builder takes all
	return text.String()
}
