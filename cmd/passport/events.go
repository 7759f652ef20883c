package main

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"github.com/passport-sdk/passport-go/pgstore"
)

func (p *program) events() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "events",
		Short: "Partition the table of events by month, and drop old months",
		Long: `Events keeps the table of events, registry_event, in a partition for each month,
beside a service that writes events and need not know of it. Old months can then
be dropped in one go, which gives their space back; to delete old events row by
row, of a table of any form, is what passport retain does.

The role must own the table.`,
		Args: cobra.NoArgs,
		RunE: help,
	}
	cmd.AddCommand(p.eventsPartition(), p.eventsEnsure(), p.eventsStatus(), p.eventsDrop())
	return cmd
}

func (p *program) eventsPartition() *cobra.Command {
	return p.eventsCommand(&cobra.Command{
		Use:   "partition",
		Short: "Partition the table of events",
		Long: `Partition makes the table of events the first partition of a new one of the same
name, and makes partitions for the months ahead. It copies nothing. Each of its
steps keeps others from the table for no longer than --wait, but for one that
reads the whole table while others read and write it. It can end at any moment,
and be repeated.`,
		Example: `  passport events partition --wait 500ms`,
	}, pgstore.PartitionEvents)
}

func (p *program) eventsEnsure() *cobra.Command {
	return p.eventsCommand(&cobra.Command{
		Use:   "ensure",
		Short: "Make the partitions of the months ahead that are missing",
		Long: `Ensure makes the partitions of the months ahead that are missing. Run it every
week or so. Events of a month that has no partition are in the last one, so that
nothing fails where it was not run.`,
		Example: `  passport events ensure --ahead 3`,
	}, pgstore.EnsureEventPartitions)
}

func (p *program) eventsStatus() *cobra.Command {
	return p.eventsCommand(&cobra.Command{
		Use:     "status",
		Short:   "Show the partitions, and the step that is left",
		Long:    `Status shows the partitions and the step that is left, and changes nothing.`,
		Example: `  passport events status`,
	}, pgstore.ReadEventPartitions)
}

// eventsFunc is like [pgstore.PartitionEvents].
type eventsFunc func(
	context.Context, *pgxpool.Pool, pgstore.Partitioning, ...pgstore.Option,
) (*pgstore.EventPartitions, error)

// eventsCommand completes a command that shows the partitions when it is done.
func (p *program) eventsCommand(cmd *cobra.Command, do eventsFunc) *cobra.Command {
	cmd.Args = cobra.NoArgs
	how := p.partitioning(cmd)
	cmd.RunE = p.do(func(cmd *cobra.Command, _ []string) error {
		db, err := p.open(cmd)
		if err != nil {
			return err
		}
		defer db.pool.Close()
		status, err := do(cmd.Context(), db.pool, *how)
		if err != nil {
			return err
		}
		return writeJSON(p.stdout, shown(status))
	})
	return cmd
}

// partitioning adds the flags by which partitions are made.
func (p *program) partitioning(cmd *cobra.Command) *pgstore.Partitioning {
	how := &pgstore.Partitioning{Done: func(step string) { p.notef("done: %s", step) }}
	cmd.Flags().IntVar(&how.Ahead, "ahead", 3, "the `number` of months after this one that have a partition")
	cmd.Flags().DurationVar(&how.Wait, "wait", time.Second, "the longest `time` for which a step keeps others from the table")
	addSettings(cmd, databaseSettings())
	return how
}

func (p *program) eventsDrop() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "drop",
		Short: "Drop the partitions of old months",
		Long: `Drop removes the events of all months that have ended at or before a time: a
date, a time of RFC 3339, or an age such as 400d. The newest score of each wallet
and community before that time stays, as with passport retain, and is moved to
one partition. It can end at any moment, and be repeated.`,
		Example: `  passport events drop --before 400d`,
		Args:    cobra.NoArgs,
	}
	before := cmd.Flags().String("before", "", "drop the months that have ended at this `time`")
	_ = cmd.MarkFlagRequired("before") // there is such a flag
	how := p.partitioning(cmd)
	cmd.RunE = p.do(func(cmd *cobra.Command, _ []string) error {
		at, err := parseTime(*before, since)
		if err != nil {
			return usagef("--before: %w", err)
		}
		db, err := p.open(cmd)
		if err != nil {
			return err
		}
		defer db.pool.Close()
		dropped, err := pgstore.DropEventPartitions(cmd.Context(), db.pool, at, *how)
		if err != nil {
			return err
		}
		return writeJSON(p.stdout, shownDrop{Before: at, Partitions: append([]string{}, dropped.Partitions...), Kept: dropped.Kept})
	})
	return cmd
}

// shownDrop is the JSON form of what was dropped.
type shownDrop struct {
	Before     time.Time `json:"before"`
	Partitions []string  `json:"partitions"`
	Kept       int64     `json:"kept"`
}

// shownPartitions is the JSON form of the partitions.
type shownPartitions struct {
	Partitions []shownPartition `json:"partitions"`
	Bound      *time.Time       `json:"bound,omitempty"`
	Dropped    []string         `json:"dropped,omitempty"`
	Next       string           `json:"next,omitempty"`
}

type shownPartition struct {
	Name  string     `json:"name"`
	From  *time.Time `json:"from,omitempty"`
	To    *time.Time `json:"to,omitempty"`
	Bytes int64      `json:"bytes"`
}

func shown(s *pgstore.EventPartitions) shownPartitions {
	orNone := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		return &t
	}
	all := shownPartitions{Partitions: []shownPartition{}, Bound: orNone(s.Bound), Dropped: s.Dropped, Next: s.Next}
	for _, part := range s.Partitions {
		all.Partitions = append(all.Partitions, shownPartition{part.Name, orNone(part.From), orNone(part.To), part.Bytes})
	}
	return all
}
