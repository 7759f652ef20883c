package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"
	"golang.org/x/time/rate"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// rescoreFlags are the flags of rescore.
type rescoreFlags struct {
	terms                    terms
	workers, batch           int
	rate                     float64
	count                    bool
	checkpoint, mode, format string
	saveEvery                time.Duration
}

func (p *program) rescore() *cobra.Command {
	var f rescoreFlags
	cmd := &cobra.Command{
		Use:   "rescore COMMUNITY",
		Short: "Score the wallets of a community again: all, stale or expiring ones",
		Long: `Rescore scores every wallet that has a credential, in the order of addresses,
or those that were last scored, or whose score expires, before a time. A time is
a date, a time of RFC 3339, or a duration: 720h is 30 days ago for
--scored-before and in 30 days for --expiring-before.

With --checkpoint a run can end at any moment, even by SIGKILL: the same command
goes on after the wallets that are done, those of the last second aside, which
are scored again. The file is removed when the run is complete. One file is for
one run at a time.

A wallet that cannot be scored is reported and does not stop the run: the exit
code is 3. A fault of the community or the database ends it with 1. Without
--count the progress and the remaining time are estimated from the place of the
last wallet among all addresses.`,
		Example: `  passport rescore 1 --checkpoint rescore.json
  passport rescore 1 --scored-before 2026-11-01 --leave-unchanged 24h
  passport rescore 1 --expiring-before 168h --rate 50 --format json > report.json`,
		Args: cobra.ExactArgs(1),
	}
	format := addFormat(cmd, "text", "json")
	flags := cmd.Flags()
	flags.StringVar(&f.terms.ScoredBefore, "scored-before", "", "select wallets that were last scored before this `time`")
	flags.StringVar(&f.terms.ExpiringBefore, "expiring-before", "", "select wallets whose score expires before this `time`")
	flags.DurationVar(&f.terms.LeaveUnchanged, "leave-unchanged", 0, "write nothing for a score that is the same and younger than this `age`")
	flags.IntVar(&f.workers, "workers", passport.DefaultWorkers, "the `number` of batches at a time; each takes up to two connections")
	flags.IntVar(&f.batch, "batch", passport.DefaultBatchSize, "the `number` of wallets in a batch")
	flags.Float64Var(&f.rate, "rate", 0, "at most this `number` of wallets a second, on average (default no limit)")
	flags.BoolVar(&f.count, "count", false, "count the wallets first, so that the progress is exact")
	flags.StringVar(&f.checkpoint, "checkpoint", "", "the `file` that keeps the place of the run")
	flags.DurationVar(&f.saveEvery, "checkpoint-every", time.Second, "the `time` between two writes of the checkpoint")
	addProgress(cmd, &f.mode)
	cmd.MarkFlagsMutuallyExclusive("scored-before", "expiring-before")
	cmd.RunE = p.do(func(cmd *cobra.Command, args []string) (err error) {
		f.format = *format
		if f.terms.Community, err = communityID(args[0]); err != nil {
			return err
		}
		if err := f.validate(cmd); err != nil {
			return err
		}
		return p.rescoreWith(cmd, &f)
	})
	addSettings(cmd, engineSettings())
	return cmd
}

func (f *rescoreFlags) validate(cmd *cobra.Command) error {
	if cmd.Flags().Changed("rate") && (f.rate <= 0 || math.IsNaN(f.rate)) {
		return usagef("--rate is above 0")
	}
	if f.terms.LeaveUnchanged < 0 || f.saveEvery < 0 {
		return usagef("a duration is not below 0")
	}
	return f.terms.resolve()
}

func (p *program) rescoreWith(cmd *cobra.Command, f *rescoreFlags) error {
	place, err := begin(f.checkpoint, f.terms)
	if err != nil {
		return err
	}
	show, err := newProgress(p.stderr, f.mode)
	if err != nil {
		return err
	}
	defer show.end()
	db, engine, err := p.openEngine(cmd, connections(f.workers, p.environment(cmd)(databaseURL)))
	if err != nil {
		return err
	}
	defer db.pool.Close()
	if place.Runs > 1 {
		p.notef("going on after %s: %d wallets are done", place.After, place.Report.Wallets)
	}
	if f.count && place.Total == 0 {
		selected := place.query()
		selected.After = ""
		if place.Total, err = count(engine.Addresses(cmd.Context(), selected)); err != nil {
			return err
		}
		p.notef("%d wallets are selected", place.Total)
	}
	r := rescoring{
		engine: engine.LeavingUnchanged(f.terms.LeaveUnchanged), flags: f, place: place, show: show,
		meter: newMeter(place),
	}
	err = r.run(cmd.Context())
	show.end()
	return p.concluded(f, place, err)
}

// connections returns a function that lets a pool have as many connections as
// the workers need, unless the URL of the database says how many.
func connections(workers int, url string) func(*pgxpool.Config) {
	return func(c *pgxpool.Config) {
		if need := int32(min(2*workers+1, 200)); !strings.Contains(url, "pool_max_conns") { //nolint:gosec // it is small
			c.MaxConns = max(c.MaxConns, need)
		}
	}
}

// count returns the number of addresses in the sequence.
func count(addresses iter.Seq2[passport.Address, error]) (n int64, err error) {
	for _, err := range addresses {
		if err != nil {
			return 0, fmt.Errorf("counting the wallets: %w", err)
		}
		n++
	}
	return n, nil
}

// rescorer is the part of the engine that a run needs.
type rescorer interface {
	Rescore(ctx context.Context, q store.AddressQuery, options ...passport.BulkOption) iter.Seq2[passport.Scored, error]
}

// rescoring is one run.
type rescoring struct {
	engine rescorer
	flags  *rescoreFlags
	place  *checkpoint
	show   *progress
	meter  *meter
}

// run scores the selected wallets. Whatever its error, the checkpoint has all
// outcomes.
func (r *rescoring) run(ctx context.Context) (err error) {
	pace := rate.NewLimiter(rate.Inf, 1)
	if r.flags.rate > 0 {
		pace.SetLimit(rate.Limit(r.flags.rate))
	}
	defer func() { err = errors.Join(err, r.place.save()) }()
	saved := time.Now()
	options := []passport.BulkOption{passport.WithWorkers(r.flags.workers), passport.WithBatchSize(r.flags.batch)}
	for scored, err := range r.engine.Rescore(ctx, r.place.query(), options...) {
		if err != nil {
			return err
		}
		if failed := r.place.add(scored); failed != nil && r.place.Report.Failed <= shownFailures {
			r.show.notef("%s: %s", failed.Address, printable(failed.Error))
		}
		r.show.update(r.meter.fraction(r.place), func() string { return r.meter.text(r.place) })
		if time.Since(saved) >= r.flags.saveEvery {
			if err := r.place.save(); err != nil {
				return err
			}
			saved = time.Now()
		}
		if err := pace.Wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

// shownFailures is how many failures are shown as they happen.
const shownFailures = 20

// concluded prints the report of a run that ended with the error.
func (p *program) concluded(f *rescoreFlags, place *checkpoint, ended error) error {
	if ended != nil {
		if f.checkpoint != "" {
			p.notef("%d wallets are done; to go on, repeat the command", place.Report.Wallets)
		}
		return ended
	}
	place.Report.EndedAt = time.Now().UTC()
	if err := place.Report.write(p.stdout, f.format); err != nil {
		return err
	}
	if f.checkpoint != "" { // after the report: until it is written the run is not complete
		if err := os.Remove(f.checkpoint); err != nil {
			return err
		}
	}
	if failed := place.Report.Failed; failed > 0 {
		return fmt.Errorf("%w: %d of %d wallets could not be scored", errPartly, failed, place.Report.Wallets)
	}
	return nil
}
