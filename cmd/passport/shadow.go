package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/scoreapi"
	"github.com/passport-sdk/passport-go/shadow"
)

// primaryKey is the variable with the API key of the primary. It is no flag,
// which other users of the machine could see.
const primaryKey = "PASSPORT_PRIMARY_KEY"

// shadowFlags are the flags of shadow.
type shadowFlags struct {
	watch                          watchTerms
	scorer                         int64
	workers, samples               int
	rate, failAbove                float64
	timeout, skew, saveEvery       time.Duration
	once, records, separate        bool
	hide, failOnReal, scoringError bool
	exceptions                     string
	checkpoint, mode, format       string
	files                          formFiles
}

func (p *program) shadow() *cobra.Command {
	var f shadowFlags
	cmd := &cobra.Command{
		Use:   "shadow COMMUNITY --primary URL",
		Short: "Compare the decisions of a service in use with those of the SDK",
		Long: `Shadow asks the primary, a service that speaks the V2 API, for the score of each
wallet of a community, and compares its decision with that of the SDK on the
database, which must be the primary's or a replica that is not behind. The
primary scores and counts the requests as ever; shadow itself writes nothing.

The API key is in PASSPORT_PRIMARY_KEY. A difference is only called real if the
primary repeats it while the SDK's decision stays the same: such a wallet is
asked for again, up to three times, unless --once is given. With --records what
the primary has written is compared too.

The report goes to standard output, and to any of the named files at once. With
--checkpoint a run that ends early goes on with the same command; see rescore.
A wallet that cannot be compared does not stop the run: the exit code is 3. It
is 4 if a real difference is found with --fail-on-real, or if with --fail-above
more of them cannot be excluded.

Exceptions are a JSON list. Each has a name and a date, and excuses differences
with all its parts until then:
  [{"name": "threshold of last year", "until": "2027-01-01T00:00:00Z",
    "field": "threshold", "primary": "20", "ours": "22"}]`,
		Example: `  passport shadow 1 --primary https://api.example.org --html shadow.html
  passport shadow 1 --primary https://api.example.org --scorer 335 --sample 0.1 --rate 5 --checkpoint shadow.json
  passport shadow 1 --primary http://127.0.0.1:8080 --addresses - --records --fail-on-real --hide-addresses`,
		Args: cobra.ExactArgs(1),
	}
	format := addFormat(cmd, "text", "json", "html")
	flags := cmd.Flags()
	flags.StringVar(&f.watch.Primary, "primary", "", "the `URL` of the primary, before /v2/stamps")
	flags.Int64Var(&f.scorer, "scorer", 0, "the `id` of the community at the primary (default COMMUNITY)")
	flags.StringVar(&f.watch.Addresses, "addresses", "", "a `file` with an address on each line, or - for standard input, in place of all wallets with a credential")
	flags.Float64Var(&f.watch.Sample, "sample", 1, "the `share` of the wallets to compare, the same ones each time")
	flags.IntVar(&f.workers, "workers", 2, "the `number` of wallets at a time")
	flags.Float64Var(&f.rate, "rate", 0, "at most this `number` of wallets a second, on average (default no limit)")
	flags.DurationVar(&f.timeout, "timeout", 30*time.Second, "the `time` that one wallet may take")
	flags.DurationVar(&f.skew, "skew", time.Second, "the `time` by which the clocks of both sides may differ")
	flags.BoolVar(&f.once, "once", false, "ask once for each wallet; then no difference is called real")
	flags.BoolVar(&f.records, "records", false, "also compare the score and the event that the primary has written")
	flags.BoolVar(&f.separate, "separate-claims", false, "the primary's claims are not those of the database")
	flags.BoolVar(&f.scoringError, "scoring-error-status", false, "the primary answers 500 if a community cannot be scored")
	flags.StringVar(&f.exceptions, "exceptions", "", "a `file` with known differences, each with a name and a date")
	f.files.add(cmd)
	flags.IntVar(&f.samples, "samples", 10, "the `number` of comparisons of each class to show")
	flags.BoolVar(&f.hide, "hide-addresses", false, "name no wallet in the report")
	flags.BoolVar(&f.failOnReal, "fail-on-real", false, "exit with 4 if there is a real difference")
	flags.Float64Var(&f.failAbove, "fail-above", 1, "exit with 4 if the bound on the `share` of real differences is higher")
	flags.StringVar(&f.checkpoint, "checkpoint", "", "the `file` that keeps the place of the run, with addresses")
	flags.DurationVar(&f.saveEvery, "checkpoint-every", time.Second, "the `time` between two writes of the checkpoint")
	addProgress(cmd, &f.mode)
	_ = cmd.MarkFlagRequired("primary") // fails for a flag that is not there
	cmd.RunE = p.do(func(cmd *cobra.Command, args []string) (err error) {
		f.format = *format
		if f.watch.Community, err = communityID(args[0]); err != nil {
			return err
		}
		if err := f.validate(cmd); err != nil {
			return err
		}
		return p.shadowWith(cmd, &f)
	})
	addSettings(cmd, engineSettings())
	return cmd
}

func (f *shadowFlags) validate(cmd *cobra.Command) error {
	switch {
	case cmd.Flags().Changed("rate") && (f.rate <= 0 || math.IsNaN(f.rate)):
		return usagef("--rate is above 0")
	case !(f.watch.Sample > 0 && f.watch.Sample <= 1):
		return usagef("--sample is above 0, and at most 1")
	case !(f.failAbove >= 0 && f.failAbove <= 1):
		return usagef("--fail-above is 0 to 1")
	case f.saveEvery < 0:
		return usagef("a duration is not below 0")
	}
	if f.scorer == 0 {
		f.scorer = f.watch.Community
	}
	return nil
}

// client returns a client of the primary.
func (p *program) client(f *shadowFlags) (*scoreapi.Client, error) {
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: f.workers + 1, IdleConnTimeout: time.Minute,
	}
	options := []scoreapi.Option{scoreapi.WithTimeout(f.timeout), scoreapi.WithHTTPClient(&http.Client{Transport: transport})}
	if key := p.getenv(primaryKey); key != "" {
		options = append(options, scoreapi.WithAPIKey(key))
	}
	client, err := scoreapi.NewClient(f.watch.Primary, options...)
	if err != nil {
		return nil, usagef("--primary: %w", err)
	}
	return client, nil
}

// shadowOptions returns the options of the shadow that need no database.
func (p *program) shadowOptions(f *shadowFlags, after *shadow.Verdict) ([]shadow.Option, error) {
	options := []shadow.Option{
		shadow.WithWorkers(f.workers), shadow.WithSamples(f.samples), shadow.WithTimeout(f.timeout), shadow.WithSkew(f.skew),
		shadow.Continuing(after), shadow.WithLogger(p.logger()),
	}
	for _, choice := range []struct {
		given  bool
		option shadow.Option
	}{
		{f.once, shadow.WithoutSecondLook()},
		{f.separate, shadow.WithSeparateClaims()},
		{f.scoringError, shadow.WithScoringErrorStatus()},
		{f.hide, shadow.WithHiddenAddresses()},
	} {
		if choice.given {
			options = append(options, choice.option)
		}
	}
	if f.exceptions == "" {
		return options, nil
	}
	file, err := os.Open(f.exceptions)
	if err != nil {
		return nil, err
	}
	exceptions, err := shadow.ReadExceptions(file)
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, usagef("%s: %w", f.exceptions, err)
	}
	return append(options, shadow.WithExceptions(exceptions...)), nil
}

func (p *program) shadowWith(cmd *cobra.Command, f *shadowFlags) error {
	kept, err := readWatch(f.checkpoint, f.watch)
	if err != nil {
		return err
	}
	options, err := p.shadowOptions(f, kept.Verdict)
	if err != nil {
		return err
	}
	client, err := p.client(f)
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
	planner, err := engine.Planner()
	if err != nil {
		return err
	}
	const stranger = "0x0000000000000000000000000000000000000000" // for the terms of the community
	if _, err := planner.Plan(cmd.Context(), f.watch.Community, stranger); err != nil {
		return err
	}
	if f.records {
		options = append(options, shadow.WithRecords(db))
	}
	s, err := shadow.New(planner, options...)
	if err != nil {
		return usagef("%w", err)
	}
	if kept.Done > 0 {
		p.notef("going on after %s: %d wallets are asked for", kept.After, kept.Done)
	}
	run := watching{program: p, shadow: s, engine: engine, source: shadow.FromClient(client, f.scorer), flags: f, kept: kept, show: show}
	err = run.run(cmd.Context())
	show.end()
	return p.watched(f, kept, err)
}

// watched writes the reports of a run that ended with the error.
func (p *program) watched(f *shadowFlags, kept *watch, ended error) error {
	if ended != nil {
		if f.checkpoint != "" {
			p.notef("%d wallets are asked for; to go on, repeat the command", kept.Done)
		}
		return ended
	}
	v := kept.Verdict
	labels := shadow.Labels{Title: fmt.Sprintf("Community %d beside %s", f.watch.Community, hostOf(f.watch.Primary))}
	if err := p.finish(map[string]func(io.Writer) error{
		"text": v.WriteText,
		"json": func(w io.Writer) error { return writeJSON(w, v) },
		"html": func(w io.Writer) error { return v.WriteHTML(w, labels) },
	}, f.format, f.files, f.checkpoint); err != nil {
		return err
	}
	switch {
	case f.failOnReal && v.Count(shadow.Real) > 0:
		return fmt.Errorf("%w: %s", errFound, v)
	case v.Bound > f.failAbove:
		return fmt.Errorf("%w: too few comparisons, or too many differences: %s", errFound, v)
	case v.Failed+v.Skipped > 0:
		return fmt.Errorf("%w: %d of %d wallets could not be compared", errPartly, v.Failed+v.Skipped, kept.Done)
	}
	return nil
}

// hostOf returns the host of a URL.
func hostOf(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Host
}

// endsRun reports whether the primary will answer no other request either.
func endsRun(err error) bool {
	return errors.Is(err, scoreapi.ErrRefused) || errors.Is(err, passport.ErrCommunityNotFound)
}
