package passportotel_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
)

var (
	// series is a line of a scrape: a metric with its labels.
	series = regexp.MustCompile(`(?m)^([a-z_:]+)(?:\{(.*)\})? [0-9.e+-]+$`)
	label  = regexp.MustCompile(`([a-z_]+)="`)
)

// scrape returns the labels of each metric that Prometheus sees, and the text.
func scrape(t *testing.T) (metrics map[string][]string, text string) {
	t.Helper()
	registry := prometheus.NewRegistry()
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(registry))
	require.NoError(t, err)
	everything(t, newTelemetry(t, sdkmetric.WithReader(exporter)))
	server := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.HTTPErrorOnError}))
	defer server.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL, nil)
	require.NoError(t, err)
	request.Header.Set("Accept", "text/plain;version=1.0.0;escaping=allow-utf-8") // as Prometheus 3 asks
	response, err := server.Client().Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, string(body))
	server.CloseClientConnections()

	metrics = map[string][]string{}
	for _, line := range series.FindAllStringSubmatch(string(body), -1) {
		metrics[line[1]] = append(metrics[line[1]], "")
		for _, l := range label.FindAllStringSubmatch(line[2], -1) {
			metrics[line[1]] = append(metrics[line[1]], l[1])
		}
	}
	return metrics, string(body)
}

func TestScrape(t *testing.T) {
	metrics, text := scrape(t)
	for _, line := range []string{
		`passport_scores_total{otel_scope_name="github.com/passport-sdk/passport-go/contrib/otel",otel_scope_schema_url="",otel_scope_version="",` +
			`passport_community_id="1",passport_operation="score",passport_outcome="passing"} 1`,
		"# TYPE passport_stage_duration_seconds histogram",
	} {
		assert.Contains(t, text, line)
	}
	for _, metric := range []string{"passport_operation_duration_seconds_bucket", "passport_lost_races_total", "passport_usage_queued", "db_client_connection_count"} {
		assert.Contains(t, metrics, metric)
	}
	assert.NotContains(t, text, alice)
	dashboard(t, metrics)
}

// dashboard holds the queries of the dashboard against the metrics of a scrape.
func dashboard(t *testing.T, metrics map[string][]string) {
	t.Helper()
	text, err := os.ReadFile("dashboard.json")
	require.NoError(t, err)
	type source struct{ Type, UID string }
	var d struct {
		UID, Title    string
		SchemaVersion int
		Templating    struct {
			List []struct{ Name, Type, Query string }
		}
		Panels []struct {
			ID          int
			Type, Title string
			Datasource  source
			GridPos     struct{ H, W, X, Y int }
			Targets     []struct {
				RefID, Expr string
				Datasource  source
			}
		}
	}
	require.NoError(t, json.Unmarshal(text, &d))
	assert.NotEmpty(t, d.UID)
	assert.NotEmpty(t, d.Title)
	assert.GreaterOrEqual(t, d.SchemaVersion, 36, "the first with data sources as objects")
	require.Len(t, d.Templating.List, 1)
	assert.Equal(t, struct{ Name, Type, Query string }{"datasource", "datasource", "prometheus"}, d.Templating.List[0])

	shown, ids := map[string]bool{}, map[int]bool{}
	for _, p := range d.Panels {
		assert.False(t, ids[p.ID], "the id %d is there twice", p.ID)
		ids[p.ID] = true
		assert.LessOrEqual(t, p.GridPos.X+p.GridPos.W, 24, p.Title)
		if p.Type == "row" {
			continue
		}
		require.NotEmpty(t, p.Targets, p.Title)
		assert.Equal(t, source{"prometheus", "${datasource}"}, p.Datasource)
		for _, target := range p.Targets {
			assert.Equal(t, p.Datasource, target.Datasource)
			query(t, target.Expr, metrics, shown)
		}
	}
	for metric := range metrics {
		if base := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(metric, ""); strings.HasPrefix(metric, "passport_") {
			known := shown[metric] || shown[base+"_bucket"] || shown[base+"_sum"]
			assert.True(t, known, "no panel shows %s", metric)
		}
	}
}

var (
	selector   = regexp.MustCompile(`([a-z_]+)(?:\{([^}]*)\})?(\[\$__rate_interval\])?`)
	identifier = regexp.MustCompile(`\b(?:passport|db_client|error)_[a-z_]+\b`)
)

// query checks that the metrics of a query exist with the labels that it names.
func query(t *testing.T, expr string, metrics map[string][]string, shown map[string]bool) {
	t.Helper()
	var labels, used []string
	for _, found := range selector.FindAllStringSubmatch(expr, -1) {
		if strings.Contains(found[0], "{") || strings.Contains(found[0], "[") {
			used = append(used, found[1])
			assert.Contains(t, metrics, found[1], expr)
			labels, shown[found[1]] = append(labels, metrics[found[1]]...), true
		}
	}
	assert.NotEmpty(t, used, expr)
	for _, name := range identifier.FindAllString(expr, -1) {
		if !slices.Contains(used, name) {
			assert.Contains(t, labels, name, expr)
		}
	}
	for open, end := range map[string]string{"(": ")", "{": "}", "[": "]"} {
		assert.Equal(t, strings.Count(expr, open), strings.Count(expr, end), expr)
	}
}
