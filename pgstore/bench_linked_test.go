package pgstore_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
)

// couple is a source with one group.
type couple []passport.Address

func (c couple) GroupsOf(_ context.Context, addresses ...passport.Address) ([]passport.Group, error) {
	groups := make([]passport.Group, len(addresses))
	for i := range groups {
		groups[i].Wallets = c
	}
	return groups, nil
}

// BenchmarkScoring_Linked compares the rescoring of a group of three wallets
// that have 20 stamps each with that of one such wallet.
func BenchmarkScoring_Linked(b *testing.B) {
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeExec} {
		b.Run(mode.String(), func(b *testing.B) {
			d := newDuel(b, mode, rescored)
			for _, wallet := range []string{bob, carol} {
				require.NoError(b, newStore(d.pool).AddCredentials(b.Context(), passport.Address(wallet), twentyStamps(b, d.signer, wallet)...))
			}
			d.exec("vacuum analyze")
			scoring := func(source ...passport.Address) func() {
				pool, _ := d.link()
				options := []passport.Option{passport.WithTrustedIssuers(d.issuer)}
				if source != nil {
					options = append(options, passport.WithGroups(couple(source), passport.FailScoring))
				}
				engine, err := passport.New(newStore(pool), options...)
				require.NoError(b, err)
				return func() {
					result, err := engine.Score(context.Background(), 1, alice)
					require.NoError(b, err)
					require.True(b, result.Passing)
				}
			}
			wallet, group := scoring(), scoring(alice, bob, carol)
			medians := inTurns(b, 10, func() {}, wallet, group)
			b.ReportMetric(float64(medians[0].Microseconds()), "µs/wallet")
			b.ReportMetric(float64(medians[1].Microseconds()), "µs/group")
			b.ReportMetric(float64(medians[1])/float64(medians[0]), "×wallet")
			b.ReportMetric(0, "ns/op")
		})
	}
}
