package main

import (
	"context"
	"math"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/time/rate"

	"github.com/passport-sdk/passport-go/store"
)

// retainFlags are the flags of retain.
type retainFlags struct {
	before map[store.PruneKind]*string
	batch  int
	rate   float64
}

// pruneKinds are the kinds in the order in which they are pruned.
var pruneKinds = []store.PruneKind{store.PruneEvents, store.PruneUsage, store.PruneClaims}

func (p *program) retain() *cobra.Command {
	f := retainFlags{before: map[store.PruneKind]*string{}}
	cmd := &cobra.Command{
		Use:   "retain",
		Short: "Remove old events, old usage and expired claims, in small steps",
		Long: `Retain removes what is older than a time: a date, a time of RFC 3339, or an age
such as 400d or 36h. Each step is a short transaction that waits for no scoring,
so it can run beside the service, end at any moment, and be repeated.

Of the scores in the history, the newest one before the time stays for each
wallet and community. So the history answers about every later moment as before;
what a score was at an earlier moment is lost. Last scores are not touched.

An expired claim is free to take and can go at any age; 0d removes all of them.`,
		Example: `  passport retain --events 400d --usage 90d --claims 0d
  passport retain --events 2026-01-01 --batch 500 --rate 2000`,
		Args: cobra.NoArgs,
	}
	flags := cmd.Flags()
	for kind, usage := range map[store.PruneKind]string{
		store.PruneEvents: "remove events that are older than this `time`",
		store.PruneUsage:  "remove the usage of API keys that is older than this `time`",
		store.PruneClaims: "remove claims that have expired before this `time`",
	} {
		f.before[kind] = flags.String(string(kind), "", usage)
	}
	flags.IntVar(&f.batch, "batch", 1000, "the `number` of rows that a step looks at")
	flags.Float64Var(&f.rate, "rate", 0, "remove at most this `number` of rows a second, on average (default no limit)")
	cmd.MarkFlagsOneRequired("events", "usage", "claims")
	cmd.RunE = p.do(func(cmd *cobra.Command, _ []string) error {
		steps, err := f.steps(cmd)
		if err != nil {
			return err
		}
		return p.prune(cmd, &f, steps)
	})
	addSettings(cmd, databaseSettings())
	return cmd
}

// steps returns the first step of each kind that is asked for.
func (f *retainFlags) steps(cmd *cobra.Command) (steps []store.Pruning, err error) {
	if cmd.Flags().Changed("rate") && (f.rate <= 0 || math.IsNaN(f.rate)) {
		return nil, usagef("--rate is above 0")
	}
	for _, kind := range pruneKinds {
		text := *f.before[kind]
		if text == "" {
			continue
		}
		step := store.Pruning{Kind: kind, Limit: f.batch}
		if step.Before, err = parseTime(text, since); err != nil {
			return nil, usagef("--%s: %w", kind, err)
		}
		if err := step.Validate(); err != nil {
			return nil, usagef("%w", err)
		}
		steps = append(steps, step)
	}
	if len(steps) == 0 {
		return nil, usagef("--events, --usage and --claims are empty")
	}
	return steps, nil
}

// retained is the JSON form of what was removed of a kind.
type retained struct {
	Before  time.Time `json:"before"`
	Removed int       `json:"removed"`
}

func (p *program) prune(cmd *cobra.Command, f *retainFlags, steps []store.Pruning) error {
	db, err := p.open(cmd)
	if err != nil {
		return err
	}
	defer db.pool.Close()
	pace := rate.NewLimiter(rate.Inf, f.batch)
	if f.rate > 0 {
		pace.SetLimit(rate.Limit(f.rate))
	}
	all := map[store.PruneKind]*retained{}
	for _, step := range steps {
		r := &retained{Before: step.Before}
		all[step.Kind] = r
		if err := r.all(cmd.Context(), db, step, pace); err != nil {
			p.notef("%d %s are removed; to go on, repeat the command", r.Removed, step.Kind)
			return err
		}
	}
	return writeJSON(p.stdout, all)
}

// all removes all of the kind.
func (r *retained) all(ctx context.Context, s store.Pruner, first store.Pruning, pace *rate.Limiter) error {
	for step, err := range store.PruneAll(ctx, s, first) {
		if err != nil {
			return err
		}
		r.Removed += step.Removed
		if err := pace.WaitN(ctx, step.Removed); err != nil {
			return err
		}
	}
	return nil
}
