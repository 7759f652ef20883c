package shadow_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/shadow"
)

// BenchmarkHandler asks a primary that takes 1 ms, in turns without and with a
// shadow that compares every answer, and reports the quantiles of both.
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
		for k, handler := range handlers {
			request := site.request(wallets[n%len(wallets)])
			began := time.Now()
			handler.ServeHTTP(discard{http.Header{}}, request)
			took[k] = append(took[k], time.Since(began))
		}
		n++
	}
	require.NoError(b, s.Close(b.Context()))
	require.Zero(b, s.Verdict().Count(shadow.Real))
	for k, name := range []string{"without", "with"} {
		slices.Sort(took[k])
		b.ReportMetric(float64(took[k][len(took[k])/2].Microseconds()), "µs-p50-"+name)
		b.ReportMetric(float64(took[k][len(took[k])*99/100].Microseconds()), "µs-p99-"+name)
	}
}

// discard is a writer of answers that are not read.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}
