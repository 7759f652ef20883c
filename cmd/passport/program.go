package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/environment"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/scoreapi"
	"github.com/passport-sdk/passport-go/store"
)

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2 // the command line or the configuration is wrong
	exitPartly = 3 // it is done, but some wallets failed
	exitFound  = 4 // it is done, and found what it was asked to fail on
)

// errPartly is wrapped by the error of a command that is done, though parts of
// it failed.
var errPartly = errors.New("not all of it is done")

// errFound is wrapped by the error of a command that is done, and found what it
// was asked to fail on.
var errFound = errors.New("found")

// program is one run of the command.
type program struct {
	getenv         environment.Getenv
	stdin          io.Reader
	stdout, stderr io.Writer

	began   bool // the command line was accepted
	verbose bool
}

// run runs the command with the arguments and returns its exit code.
func run(
	ctx context.Context, args []string, getenv environment.Getenv, stdin io.Reader, stdout, stderr io.Writer,
) int {
	p := &program{getenv: getenv, stdin: stdin, stdout: stdout, stderr: stderr}
	root := p.root() //nolint:contextcheck // cobra gives the context to the commands
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	ran, err := root.ExecuteContextC(ctx)
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errPartly):
		p.notef("passport: %v", err)
		return exitPartly
	case errors.Is(err, errFound):
		p.notef("passport: %v", err)
		return exitFound
	case !p.began || errors.Is(err, errUsage):
		p.notef("passport: %v\nSee: %s --help", err, ran.CommandPath())
		return exitUsage
	}
	p.notef("passport: %v", err)
	if advice := adviceFor(err); advice != "" {
		p.notef("%s", advice)
	}
	if errors.Is(err, environment.ErrInvalid) {
		return exitUsage
	}
	return exitFailed
}

// errUsage is wrapped by errors about arguments that cobra does not check.
var errUsage = errors.New("invalid argument")

func usagef(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{errUsage}, args...)...)
}

// adviceFor returns what the operator can do about the error, "" if the error
// says it.
func adviceFor(err error) string {
	switch {
	case errors.Is(err, store.ErrSchema):
		return "A new database gets its tables from: passport migrate\nAn existing one is compared by: passport check"
	case errors.Is(err, store.ErrCommunityNotFound):
		return "A community is made by: passport community put"
	case errors.Is(err, store.ErrUnavailable):
		return "Is the database running, and does PASSPORT_DATABASE_URL name it?"
	case errors.Is(err, scoreapi.ErrRefused):
		return "The primary takes the API key in PASSPORT_PRIMARY_KEY; it needs read_scores."
	case store.KindOf(err) == store.KindPermission:
		return "The role in PASSPORT_DATABASE_URL lacks a right, or its password is wrong; pgstore/grants.sql lists the rights, grants_forget.sql those of forget and retain."
	}
	return ""
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "passport",
		Short: "Operate a database of Human Passport scores",
		Long: `Passport operates a database of Human Passport scores: that of the Django
service, or one of its own.

It is configured by the environment. A variable can also be given as a flag:
PASSPORT_DATABASE_URL is --database-url.

Results are written to standard output, everything else to standard error. The
exit code is 0 if all is done, 1 if it failed, 2 if the command line or the
configuration is wrong, 3 if it is done but some wallets failed, and 4 if it
found what it was asked to fail on.`,
		Example: `  # A database of its own, with a community and a key to read its scores:
  export PASSPORT_DATABASE_URL=postgres://localhost:5432/passport
  export PASSPORT_TRUSTED_ISSUERS='["did:ethr:0x…"]'
  passport migrate
  passport community put 1 --name Demo --threshold 20 --weights '{"Google": "12.5", "Github": "9"}'
  passport key create --community 1 --read-scores

  # Credentials, a score with its reasons, and all scores again:
  passport import dump.jsonl
  passport score 1 0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c --preview
  passport rescore 1 --checkpoint rescore.json`,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          help, // unknown commands are refused with suggestions
	}
	root.PersistentFlags().BoolVarP(&p.verbose, "verbose", "v", false, "log what the engine does to standard error")
	root.AddCommand(
		p.migrate(), p.check(), p.community(), p.key(), p.importing(), p.score(), p.rescore(), p.whatif(), p.shadow(), p.replay(),
		p.serve(), p.seed(), p.forget(), p.retain(), p.events(),
	)
	return root
}

// help is what a command does that only has subcommands.
func help(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// do marks the command line as accepted.
func (p *program) do(f func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		p.began = true
		return f(cmd, args)
	}
}

// notef writes a line for people to standard error.
func (p *program) notef(format string, args ...any) {
	_, _ = fmt.Fprintf(p.stderr, format+"\n", args...)
}

// database is an open database.
type database struct {
	*pgstore.Store
	pool   *pgxpool.Pool
	engine pgstore.Engine
}

// open opens the database of the command. The caller closes its pool.
func (p *program) open(cmd *cobra.Command, configure ...func(*pgxpool.Config)) (*database, error) {
	engine, err := environment.DatabaseEngine(p.environment(cmd))
	if err != nil {
		return nil, err
	}
	pool, err := environment.Database(cmd.Context(), p.environment(cmd), configure...)
	if err != nil {
		return nil, err
	}
	return &database{pgstore.New(pool, pgstore.WithEngine(engine)), pool, engine}, nil
}

// openEngine opens the database of the command, and an engine on it.
func (p *program) openEngine(
	cmd *cobra.Command, configure ...func(*pgxpool.Config),
) (*database, *passport.Engine, error) {
	scoring, err := environment.ReadScoring(p.environment(cmd))
	db, unopened := p.open(cmd, configure...)
	if err := errors.Join(err, unopened); err != nil {
		if db != nil {
			db.pool.Close()
		}
		return nil, nil, err
	}
	engine, err := scoring.Engine(db.Store, p.logger())
	if err != nil {
		db.pool.Close()
		return nil, nil, err
	}
	return db, engine, nil
}

func (p *program) logger() *slog.Logger {
	if !p.verbose {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// communityID reads an argument.
func communityID(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 {
		return 0, usagef("community %.40q is not a number above 0", text)
	}
	return id, nil
}

// printable returns the text without the characters by which a stored text
// could control a terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}
