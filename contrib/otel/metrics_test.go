package passportotel_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

// collect returns the value of each time series in whole units, by its name and
// attributes: of a histogram the count.
func (c *telemetry) collect(t *testing.T) map[string]int64 {
	t.Helper()
	values := map[string]int64{}
	name := func(m metricdata.Metrics, set attribute.Set) string {
		return m.Name + "{" + set.Encoded(attribute.DefaultEncoder()) + "}"
	}
	for _, m := range c.metrics(t) {
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			for _, point := range data.DataPoints {
				values[name(m, point.Attributes)] = point.Value
			}
		case metricdata.Sum[float64]:
			for _, point := range data.DataPoints {
				values[name(m, point.Attributes)] = int64(point.Value)
			}
		case metricdata.Histogram[float64]:
			for _, point := range data.DataPoints {
				values[name(m, point.Attributes)] = int64(point.Count)
			}
		case metricdata.Histogram[int64]:
			for _, point := range data.DataPoints {
				values[name(m, point.Attributes)] = int64(point.Count)
			}
		default:
			require.Fail(t, "unexpected data", "%s: %T", m.Name, m.Data)
		}
	}
	return values
}

func (c *telemetry) metrics(t *testing.T) []metricdata.Metrics {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, c.reader.Collect(t.Context(), &all))
	if len(all.ScopeMetrics) == 0 {
		return nil
	}
	require.Len(t, all.ScopeMetrics, 1)
	return all.ScopeMetrics[0].Metrics
}

// only returns the values of one metric.
func only(values map[string]int64, name string) map[string]int64 {
	some := map[string]int64{}
	for series, value := range values {
		if attributes, is := strings.CutPrefix(series, name+"{"); is {
			some[strings.TrimSuffix(attributes, "}")] = value
		}
	}
	return some
}

func TestMetrics(t *testing.T) {
	c := newTelemetry(t)
	world := passporttest.NewWorld(t, passporttest.Weights{"Google": "1"}, c.options(t))
	world.Stamp(alice, "Google", "one account")
	world.Stamp(bob, "Google", "one account")
	world.Stamp(bob, "Discord", "bob", passporttest.ExpiresAt(world.Clock.Now().Add(-time.Hour)))
	world.MustScore(alice)
	world.MustScore(bob)
	world.Faults.FailApply(1, store.Errorf("swap_claims", store.ErrConflict, "another was faster"))
	world.MustScore(alice)
	_, err := world.Engine.Preview(t.Context(), world.Community, bob)
	require.NoError(t, err)
	for _, err := range world.Engine.ScoreAll(t.Context(), world.Community, slices.Values([]string{alice, bob})) {
		require.NoError(t, err)
	}
	_, err = world.Engine.Latest(t.Context(), world.Community, alice)
	require.NoError(t, err)
	_, err = world.Engine.Score(t.Context(), 99, alice)
	require.ErrorIs(t, err, passport.ErrCommunityNotFound)

	values := c.collect(t)
	for name, want := range map[string]map[string]int64{
		"passport.scores": {
			"passport.community.id=1,passport.operation=score,passport.outcome=passing":     2,
			"passport.community.id=1,passport.operation=score,passport.outcome=failing":     1,
			"passport.community.id=1,passport.operation=preview,passport.outcome=failing":   1,
			"passport.community.id=1,passport.operation=score_all,passport.outcome=passing": 1,
			"passport.community.id=1,passport.operation=score_all,passport.outcome=failing": 1,
			"passport.community.id=1,passport.operation=latest,passport.outcome=passing":    1,
			"error.type=not_found,passport.operation=score,passport.outcome=error":          1,
		},
		"passport.attempts":   {"passport.operation=score": 4, "passport.operation=preview": 1, "passport.operation=score_all": 2},
		"passport.lost_races": {"": 1},
		"passport.credentials": {
			"passport.proof=verified": 2, "passport.proof=remembered": 4,
		},
		"passport.stamps": {
			"passport.stamp.outcome=counted":                                3,
			"passport.stamp.outcome=deduplicated":                           2,
			"passport.stamp.outcome=left_out,passport.stamp.reason=expired": 2,
		},
		"passport.operation.duration": {
			"passport.operation=score": 3, "error.type=not_found,passport.operation=score": 1, "passport.operation=preview": 1,
			"passport.operation=latest": 1, "passport.operation=batch": 1, "passport.operation=score_all": 1,
		},
		"passport.stage.duration": {
			"passport.stage=load": 7, "error.type=not_found,passport.stage=load": 1, "passport.stage=verify": 6,
			"passport.stage=apply": 4, "error.type=conflict,passport.stage=apply": 1,
		},
	} {
		assert.Equal(t, want, only(values, name), name)
	}
	for _, m := range c.metrics(t) {
		assert.NotEmpty(t, m.Description, m.Name)
		if strings.HasSuffix(m.Name, ".duration") {
			assert.Equal(t, "s", m.Unit)
		}
	}
}

// The metrics of the table in the README are those that there are.
func TestMetrics_README(t *testing.T) {
	c := newTelemetry(t)
	everything(t, c)
	var names []string
	for _, m := range c.metrics(t) {
		names = append(names, "`"+m.Name+"` "+m.Unit)
	}
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	var documented []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`[a-z._]+`) \\| (\\S+) \\|").FindAllStringSubmatch(string(readme), -1) {
		documented = append(documented, row[1]+" "+row[2])
	}
	assert.ElementsMatch(t, names, documented)
}

type refusing struct{ reason passport.Reason }

func (r refusing) Verify(context.Context, *credential.Signed, time.Time) error {
	return &credential.Error{Reason: r.reason, Detail: "it is on the list"}
}

// A reason that is not one of the SDK's does not become a time series.
func TestMetrics_Bounded(t *testing.T) {
	c := newTelemetry(t)
	for n := range 20 {
		world := passporttest.NewWorld(t, c.options(t), passporttest.Options{passport.WithVerifier(refusing{passport.Reason(fmt.Sprint("leak ", n))})})
		world.Stamp(alice, fmt.Sprint("Provider", n), "an account")
		world.MustScore(alice)
		_, err := world.Engine.Score(t.Context(), int64(1000+n), alice)
		require.ErrorIs(t, err, passport.ErrCommunityNotFound)
	}
	values := c.collect(t)
	assert.Equal(t, map[string]int64{"passport.stamp.outcome=left_out,passport.stamp.reason=other": 20}, only(values, "passport.stamps"))
	assert.Equal(t, map[string]int64{
		"error.type=not_found,passport.operation=score,passport.outcome=error":      20,
		"passport.community.id=1,passport.operation=score,passport.outcome=failing": 20,
	}, only(values, "passport.scores"))
}
