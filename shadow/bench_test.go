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
// It reports the quantiles with the shadow as multiples of those without.
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
	for name, share := range map[string]int{"p50": 50, "p90": 90, "p99": 99} {
		var at [2]time.Duration
		for k := range took {
			slices.Sort(took[k])
			at[k] = took[k][len(took[k])*share/100]
		}
		b.ReportMetric(float64(at[0].Microseconds()), "µs-"+name+"-without")
		b.ReportMetric(float64(at[1])/float64(at[0]), name+"-ratio")
	}
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
