package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/setup"
	"github.com/passport-sdk/passport-go/whatif"
)

// whatifFlags are the flags of whatif.
type whatifFlags struct {
	community                                   int64
	weights, weightsFile, threshold, customized string
	issuers                                     []string
	addresses, checkpoint, mode, format         string
	files                                       formFiles
	at                                          string
	samples                                     int
	hide, failOnLoss                            bool
	saveEvery                                   time.Duration
}

func (p *program) whatif() *cobra.Command {
	var f whatifFlags
	cmd := &cobra.Command{
		Use:   "whatif COMMUNITY",
		Short: "Show who would gain and who would lose under other terms",
		Long: `Whatif decides about every wallet of a community twice, under its present terms
and under the given ones, and reports what would change: how many pass, who
gains and who loses, by how much, and what each provider adds. It writes nothing
to the database.

The recorded scores are compared with the decisions under the present terms
apart from that, so that stamps which have changed since are not taken for an
effect of the new terms.

The report goes to standard output, and to any of the named files at once. With
--checkpoint a run that ends early goes on with the same command; see rescore.
With --fail-on-loss the exit code is 4 if a wallet that passes would not.`,
		Example: `  passport whatif 1 --threshold 22
  passport whatif 1 --weights-file weights.json --html whatif.html --json whatif.json
  passport whatif 1 --customization '{"Google": "3"}' --fail-on-loss --hide-addresses`,
		Args: cobra.ExactArgs(1),
	}
	format := addFormat(cmd, "text", "json", "html")
	flags := cmd.Flags()
	flags.StringVar(&f.threshold, "threshold", "", "the `score` that would pass")
	flags.StringVar(&f.weights, "weights", "", "the weight of each provider, a `JSON` object")
	flags.StringVar(&f.weightsFile, "weights-file", "", "a `file` that holds the weights")
	flags.StringVar(&f.customized, "customization", "", "the weights that replace those of their providers, a `JSON` object; {} for none")
	flags.StringArrayVar(&f.issuers, "issuer", nil, "a `DID` that would be trusted, in place of the trusted issuers; may be repeated")
	flags.StringVar(&f.at, "at", "", "the `time` for which to decide; a duration is from now (default now)")
	flags.StringVar(&f.addresses, "addresses", "", "a `file` with an address on each line, or - for standard input, in place of all wallets with a credential")
	f.files.add(cmd)
	flags.IntVar(&f.samples, "samples", whatif.DefaultSamples, "the `number` of wallets to name on each side")
	flags.BoolVar(&f.hide, "hide-addresses", false, "name no wallet in the report")
	flags.BoolVar(&f.failOnLoss, "fail-on-loss", false, "exit with 4 if a wallet that passes would not")
	flags.StringVar(&f.checkpoint, "checkpoint", "", "the `file` that keeps the place of the run, with addresses")
	flags.DurationVar(&f.saveEvery, "checkpoint-every", time.Second, "the `time` between two writes of the checkpoint")
	addProgress(cmd, &f.mode)
	cmd.MarkFlagsMutuallyExclusive("weights", "weights-file")
	cmd.MarkFlagsOneRequired("threshold", "weights", "weights-file", "customization", "issuer")
	cmd.RunE = p.do(func(cmd *cobra.Command, args []string) (err error) {
		f.format = *format
		if f.community, err = communityID(args[0]); err != nil {
			return err
		}
		return p.whatifWith(cmd, &f)
	})
	addSettings(cmd, engineSettings())
	return cmd
}

// change returns the terms that the flags give.
func (f *whatifFlags) change() (c whatif.Change, err error) {
	c = whatif.Change{Threshold: f.threshold, Issuers: f.issuers}
	if f.weights != "" {
		c.Weights = json.RawMessage(f.weights)
	}
	if f.weightsFile != "" {
		if c.Weights, err = setup.ReadWeights(f.weightsFile); err != nil {
			return c, err
		}
	}
	if c.Weights != nil && !json.Valid(c.Weights) {
		return c, usagef("the weights are not JSON; --weights-file reads them from a file")
	}
	if f.customized != "" {
		var weights map[string]json.Number
		if err := json.Unmarshal([]byte(f.customized), &weights); err != nil || weights == nil {
			return c, usagef("--customization is not a JSON object of decimals")
		}
		c.Customization = make(map[string]string, len(weights))
		for provider, weight := range weights {
			c.Customization[provider] = weight.String()
		}
	}
	return c, nil
}

func (p *program) whatifWith(cmd *cobra.Command, f *whatifFlags) error {
	options := []whatif.Option{whatif.WithSamples(f.samples)}
	if f.at != "" {
		at, err := parseTime(f.at, until)
		if err != nil {
			return usagef("--at: %w", err)
		}
		options = append(options, whatif.At(at))
	}
	change, err := f.change()
	if err != nil {
		return err
	}
	kept, err := readStudy(f.checkpoint, f.addresses)
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
		options = append(options, whatif.Continuing(kept.Report))
	}
	comparison, err := whatif.New(cmd.Context(), engine, f.community, change, options...)
	switch {
	case errors.Is(err, passport.ErrMisconfigured):
		return usagef("%w", err)
	case err != nil && kept.Report != nil:
		return fmt.Errorf("going on with %s: %w", f.checkpoint, err)
	case err != nil:
		return err
	}
	kept.Report = comparison.Report()
	err = kept.run(cmd.Context(), p, comparison, f, show)
	show.end()
	return p.compared(f, kept.Report, err)
}

// compared writes the reports of a run that ended with the error.
func (p *program) compared(f *whatifFlags, r *whatif.Report, ended error) error {
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
	case f.failOnLoss && r.Flow.PassFail > 0:
		return fmt.Errorf("%w: %d of %d wallets pass and would not", errFound, r.Flow.PassFail, r.Wallets)
	case r.Failed > 0:
		return fmt.Errorf("%w: %d of %d wallets could not be compared", errPartly, r.Failed, r.Wallets)
	}
	return nil
}
