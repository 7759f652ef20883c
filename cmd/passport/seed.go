package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/pgstore/pgseed"
)

func (p *program) seed() *cobra.Command {
	var plan pgseed.Plan
	var mode string
	cmd := &cobra.Command{
		Use:   "seed",
		Short: "Fill a database with made-up wallets, for benchmarks",
		Long: `Seed fills a database with made-up wallets, for benchmarks and load tests. The
same flags make the same addresses and credentials.

The stamps of wallets are signed by a made-up issuer, whose DID is printed: trust
it in an engine of its own, and nowhere else, since anyone can make its key.
Fillers make the tables large: they have rows of the same sizes but no valid
signatures, which would take hours for millions.

It refuses a database that has credentials, unless --force is given.`,
		Example: `  passport seed --wallets 1000 --scored
  passport seed --wallets 100 --fillers 500000`,
		Args: cobra.NoArgs,
	}
	flags := cmd.Flags()
	flags.StringVar(&plan.Seed, "seed", "passport", "the `text` that everything is derived from")
	flags.Int64Var(&plan.Community, "community", 1, "the `id` of the wallets' community; the next one is that of the fillers")
	flags.IntVar(&plan.Wallets, "wallets", 1000, "the `number` of wallets with signed stamps")
	flags.IntVar(&plan.Stamps, "stamps", 20, "the `number` of stamps of each wallet and filler")
	flags.IntVar(&plan.Fillers, "fillers", 0, "the `number` of wallets without valid signatures")
	flags.BoolVar(&plan.Bare, "bare", false, "leave out the documents of fillers, which are two thirds of what they take of the disk")
	flags.IntVar(&plan.Events, "events", 1, "the `number` of score events of each filler, a month apart, with --scored")
	flags.BoolVar(&plan.Scored, "scored", false, "score the wallets")
	flags.BoolVar(&plan.Force, "force", false, "fill a database that has credentials")
	addProgress(cmd, &mode)
	cmd.RunE = p.do(func(cmd *cobra.Command, _ []string) error {
		show, err := newProgress(p.stderr, mode)
		if err != nil {
			return err
		}
		defer show.end()
		db, err := p.open(cmd)
		if err != nil {
			return err
		}
		defer db.pool.Close()
		if db.engine != pgstore.Postgres {
			return usagef("made-up rows are for Postgres, not for %s", db.engine)
		}
		plan.Progress = func(at pgseed.Progress) {
			show.update(float64(at.Done)/float64(max(at.Total, 1)), func() string {
				return fmt.Sprintf("%s: %d of %d", at.Stage, at.Done, at.Total)
			})
		}
		if err := pgseed.Fill(cmd.Context(), db.pool, plan); err != nil {
			return err
		}
		show.end()
		p.notef("%d wallets and %d fillers are in communities %d and %d; their issuer is",
			plan.Wallets, plan.Fillers, plan.Community, plan.Community+1)
		_, err = fmt.Fprintln(p.stdout, plan.Issuer().DID())
		return err
	})
	addSettings(cmd, databaseSettings())
	return cmd
}
