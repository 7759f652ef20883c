package pgstore_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/pgstore"
)

// BenchmarkLastScore_Replica compares a read on a primary with one on a replica
// that says how far it lags.
func BenchmarkLastScore_Replica(b *testing.B) {
	pair := pgtest.NewPair(b)
	primary, standby := pair.New(b)
	w := newWorldOn(b, primary)
	one := func(c *pgxpool.Config) { c.MaxConns = 1 }
	s := pgstore.New(w.newPool(one), pgstore.WithReplica(openPool(b, standby, one), time.Hour))
	_, err := s.Apply(b.Context(), changes(load(b, s, alice)))
	require.NoError(b, err)
	pair.CatchUp(b)
	for name, on := range map[string]*pgstore.Store{"primary": s.Primary(), "replica": s} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, err := on.LastScore(b.Context(), 1, alice)
				require.NoError(b, err)
			}
		})
	}
}
