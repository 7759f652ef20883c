package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/replay"
	"github.com/passport-sdk/passport-go/shadow"
)

// replayFlags are the flags of replay.
type replayFlags struct {
	terms                    replayTerms
	checkpoint, mode, format string
	files                    formFiles
	samples                  int
	skew, saveEvery          time.Duration
	hide                     bool
}

// replayTerms say which records a run decides, and how, as they were written.
type replayTerms struct {
	Community  int64  `json:"community"`
	At         string `json:"at"`
	TermsSince string `json:"terms_since,omitempty"`
	After      string `json:"after,omitempty"`
	Events     int    `json:"events,omitempty"`
}

// place is the checkpoint of a run of replay.
type place struct {
	Version int            `json:"version"`
	Terms   replayTerms    `json:"terms"`
	Report  *replay.Report `json:"report"` // nil at first
}

func (p *program) replay() *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:   "replay COMMUNITY",
		Short: "Decide the recorded scores again, and compare them with what was written",
		Long: `Replay decides the score of every wallet of a community again, for the moment at
which it was recorded, and compares the decision with what was written. It
writes nothing to the database.

A difference is real if no later change of a credential, a claim, the terms or
the linked wallets explains it, or if the record contradicts itself or its
event: then the exit code is 4. With --at now the decisions are as of now, which
shows what rescoring would change.

The database does not know since when the present weights, threshold and issuers
are in force. With --terms-since a difference in them is real from that time on;
without it, it is unconfirmed.

The report goes to standard output, and to any of the named files at once. With
--checkpoint a run that ends early goes on with the same command; see rescore.`,
		Example: `  passport replay 1 --html replay.html
  passport replay 1 --terms-since 2026-11-01 --events 10 --checkpoint replay.json
  passport replay 1 --at now --format json --hide-addresses`,
		Args: cobra.ExactArgs(1),
	}
	format := addFormat(cmd, "text", "json", "html")
	flags := cmd.Flags()
	flags.StringVar(&f.terms.At, "at", "recorded", "the moment for which to decide, `recorded or now`")
	flags.StringVar(&f.terms.TermsSince, "terms-since", "", "the `time` since which the present terms are in force; a duration is until now")
	flags.IntVar(&f.terms.Events, "events", 0, "decide up to this `number` of older events of each wallet too")
	flags.StringVar(&f.terms.After, "after", "", "leave out the wallets up to this `address`")
	flags.DurationVar(&f.skew, "skew", time.Second, "the `time` by which the clocks that wrote the rows may differ")
	f.files.add(cmd)
	flags.IntVar(&f.samples, "samples", replay.DefaultSamples, "the `number` of records of each class to show")
	flags.BoolVar(&f.hide, "hide-addresses", false, "name no wallet in the report")
	flags.StringVar(&f.checkpoint, "checkpoint", "", "the `file` that keeps the place of the run, with addresses")
	flags.DurationVar(&f.saveEvery, "checkpoint-every", time.Second, "the `time` between two writes of the checkpoint")
	addProgress(cmd, &f.mode)
	cmd.RunE = p.do(func(cmd *cobra.Command, args []string) (err error) {
		f.format = *format
		if f.terms.Community, err = communityID(args[0]); err != nil {
			return err
		}
		return p.replayWith(cmd, &f)
	})
	addSettings(cmd, engineSettings())
	return cmd
}

// options returns those of the package, for a run that goes on from there.
func (f *replayFlags) options(kept *place) ([]replay.Option, error) {
	options := []replay.Option{
		replay.WithSamples(f.samples), replay.WithEvents(f.terms.Events), replay.WithSkew(f.skew), replay.After(f.terms.After),
		replay.Continuing(kept.Report),
	}
	switch f.terms.At {
	case "recorded":
	case "now":
		options = append(options, replay.Now())
	default:
		return nil, usagef("--at is recorded or now, not %.40q", f.terms.At)
	}
	if f.terms.TermsSince == "" {
		return options, nil
	}
	moment, err := parseTime(f.terms.TermsSince, since)
	if err != nil {
		return nil, usagef("--terms-since: %w", err)
	}
	if kept.Report != nil {
		moment = kept.Report.TermsSince // a duration is that of the start
	}
	return append(options, replay.WithTermsSince(moment)), nil
}

// readPlace returns the place of the file, if the file exists, or a new one.
func readPlace(file string, terms replayTerms) (*place, error) {
	var found place
	exists, err := readCheckpoint(file, &found, func() bool { return found.Version == checkpointVersion && found.Report != nil })
	if err != nil {
		return nil, err
	}
	if !exists {
		return &place{Version: checkpointVersion, Terms: terms}, nil
	}
	if found.Terms != terms {
		return nil, fmt.Errorf("%s is of another run: give the same flags to go on, or another file", file)
	}
	return &found, nil
}

func (p *program) replayWith(cmd *cobra.Command, f *replayFlags) error {
	kept, err := readPlace(f.checkpoint, f.terms)
	if err != nil {
		return err
	}
	options, err := f.options(kept)
	if err != nil {
		return err
	}
	show, err := newProgress(p.stderr, f.mode)
	if err != nil {
		return err
	}
	defer show.end()
	db, engine, err := p.openEngine(cmd)
	if err != nil {
		return err
	}
	defer db.pool.Close()
	if kept.Report != nil {
		p.notef("going on after %s: %d wallets are compared", kept.Report.After, kept.Report.Wallets)
	}
	run, err := replay.New(cmd.Context(), engine, db.Store, f.terms.Community, options...)
	switch {
	case errors.Is(err, passport.ErrMisconfigured):
		return usagef("%w", err)
	case err != nil && kept.Report != nil:
		return fmt.Errorf("going on with %s: %w", f.checkpoint, err)
	case err != nil:
		return err
	}
	kept.Report = run.Report()
	err = kept.run(cmd.Context(), run, f, show)
	show.end()
	return p.replayed(f, run.Report(), err)
}

// run decides the records that are left. Whatever its error, the checkpoint has
// all wallets that were compared.
func (k *place) run(ctx context.Context, r *replay.Replay, f *replayFlags, show *progress) (err error) {
	if err := replace(f.checkpoint, k); err != nil { // one that cannot be written is an error now
		return err
	}
	at := &checkpoint{After: passport.Address(k.Report.After)}
	at.Report.Wallets = k.Report.Wallets
	m, saved := newMeter(at), time.Now()
	defer func() { err = errors.Join(err, replace(f.checkpoint, k)) }()
	for o, err := range r.Run(ctx) {
		if err != nil {
			return err
		}
		if o.Err != nil && !errors.Is(o.Err, shadow.ErrNotCompared) && k.Report.Verdict.Failed <= shownFailures {
			show.notef("%s: %s", printable(o.Address), printable(o.Err.Error()))
		}
		at.After, at.Report.Wallets, at.Report.Failed = passport.Address(k.Report.After), k.Report.Wallets, int64(k.Report.Verdict.Failed) //nolint:gosec // a count
		show.update(m.fraction(at), func() string { return m.text(at) })
		if time.Since(saved) >= f.saveEvery {
			if err := replace(f.checkpoint, k); err != nil {
				return err
			}
			saved = time.Now()
		}
	}
	return nil
}

// replayed writes the reports of a run that ended with the error.
func (p *program) replayed(f *replayFlags, r *replay.Report, ended error) error {
	if ended != nil {
		if f.checkpoint != "" {
			p.notef("%d wallets are compared; to go on, repeat the command", r.Wallets)
		}
		return ended
	}
	shown := r
	if f.hide {
		shown = r.WithoutAddresses()
	}
	forms := map[string]func(io.Writer) error{
		"text": shown.WriteText, "html": shown.WriteHTML, "json": func(w io.Writer) error { return writeJSON(w, shown) },
	}
	if err := p.finish(forms, f.format, f.files, f.checkpoint); err != nil {
		return err
	}
	switch {
	case r.Real() > 0:
		return fmt.Errorf("%w: %d of %d records really differ", errFound, r.Real(), r.Verdict.Compared)
	case r.Verdict.Failed > 0:
		return fmt.Errorf("%w: %d records could not be decided", errPartly, r.Verdict.Failed)
	}
	return nil
}
