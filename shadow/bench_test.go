package shadow_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/shadow"
)

// BenchmarkHandler asks a server whose primary takes 1 ms, in turns with and
// without a shadow that compares every answer, so that noise is on both sides.
// It reports the quantiles with the shadow as multiples of those without; p99
// also as the median of blocks of 1,000 requests, on which bursts of noise from
// other programs weigh less.
func BenchmarkHandler(b *testing.B) {
	site := newSite(b)
	wallets := site.people(100)
	primary := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Millisecond)
		site.primary.ServeHTTP(w, r)
	})
	s := site.shadow(site.planner(), shadow.WithWorkers(1))
	handlers := []http.Handler{primary, s.Handler(primary)}
	var took [2][]time.Duration
	n := 0
	for b.Loop() {
		for k := range handlers {
			k = (k + n) % 2 // neither is always the first
			request, answer := site.request(wallets[n%len(wallets)]), httptest.NewRecorder()
			began := time.Now()
			handlers[k].ServeHTTP(answer, request)
			took[k] = append(took[k], time.Since(began))
		}
		n++
	}
	require.NoError(b, s.Close(b.Context()))
	require.Zero(b, s.Verdict().Count(shadow.Real))
	const block = 1000
	var ratios []float64
	for from := 0; from+block <= n; from += block {
		ratios = append(ratios, float64(quantile(took[1][from:from+block], 99))/float64(quantile(took[0][from:from+block], 99)))
	}
	if len(ratios) > 0 {
		slices.Sort(ratios)
		b.ReportMetric(ratios[len(ratios)/2], "p99-ratio-of-blocks")
	}
	for name, share := range map[string]int{"p50": 50, "p90": 90, "p99": 99} {
		without := quantile(took[0], share)
		b.ReportMetric(float64(without.Microseconds()), "µs-"+name+"-without")
		b.ReportMetric(float64(quantile(took[1], share))/float64(without), name+"-ratio")
	}
}

// quantile returns the duration below which that share of them is, in percent.
func quantile(took []time.Duration, share int) time.Duration {
	sorted := slices.Sorted(slices.Values(took))
	return sorted[len(sorted)*share/100]
}

// BenchmarkHandler_Path measures the handler alone: a primary that answers at
// once, without a shadow, with one, and with one whose queue is full.
func BenchmarkHandler_Path(b *testing.B) {
	site := newSite(b)
	wallet := site.people(1)[0]
	body := site.ask(site.primary, wallet).Body.Bytes()
	primary := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
	full := newShadow(b, site.planner(), shadow.WithQueue(1))
	working := site.shadow(site.planner(), shadow.WithWorkers(1))
	for name, handler := range map[string]http.Handler{
		"without": primary, "with": working.Handler(primary), "full": full.Handler(primary),
	} {
		b.Run(name, func(b *testing.B) {
			request := site.request(wallet)
			b.ReportAllocs()
			for b.Loop() {
				handler.ServeHTTP(discard{http.Header{}}, request)
			}
		})
	}
	require.NoError(b, working.Close(b.Context()))
}

// discard is a writer of answers that are not read.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}
