package pgstore_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// BenchmarkEvents_Partitions compares reads of the history, and a scoring, on
// partitioned events with those on a plain table. The databases take turns:
//
//	go test ./pgstore -run '^$' -bench Events_Partitions
func BenchmarkEvents_Partitions(b *testing.B) {
	const address = "0x0000000000000000000000000000000000000011"
	months := []int{0, 12, 36}
	var stores []*pgstore.Store
	for _, n := range months {
		w := newWorld(b)
		if n > 0 {
			p := pgstore.At(pgstore.Partitioning{Ahead: n}, day(2023, 6, 15))
			_, err := pgstore.PartitionEvents(b.Context(), w.pool, p)
			require.NoError(b, err)
		}
		w.fillMonths(day(2023, 6, 1), 36)
		w.exec("vacuum analyze registry_event")
		stores = append(stores, pgstore.New(w.pool))
	}
	for name, work := range map[string]func(s *pgstore.Store) error{
		"the score now": func(s *pgstore.Store) error {
			_, err := s.ScoreAt(b.Context(), 1, address, noon)
			return err
		},
		"a page of events": func(s *pgstore.Store) error {
			_, err := s.ListEvents(b.Context(), 1, address, store.Page{Limit: 20})
			return err
		},
		"a scoring": func(s *pgstore.Store) error {
			_, err := s.Apply(b.Context(), changes(load(b, s, alice)))
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			var calls []func()
			for _, s := range stores {
				calls = append(calls, func() { require.NoError(b, work(s)) })
			}
			medians := inTurns(b, 10, func() {}, calls...)
			b.ReportMetric(0, "ns/op") // of all, which means nothing
			b.ReportMetric(float64(medians[0].Microseconds()), "µs/plain")
			for i, n := range months[1:] {
				b.ReportMetric(float64(medians[i+1])/float64(medians[0]), fmt.Sprintf("×plain/%d-months", n))
			}
		})
	}
}
