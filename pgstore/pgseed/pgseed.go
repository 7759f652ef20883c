// Package pgseed fills a Postgres database with made-up wallets, for benchmarks
// and load tests.
//
//	plan := pgseed.Plan{Seed: "bench", Wallets: 1000, Stamps: 20, Fillers: 500_000, Scored: true}
//	err := pgseed.Fill(ctx, pool, plan)
//
// An engine that trusts plan.Issuer().DID() scores the wallets. The fillers
// make the tables large: they have rows in the same tables and of the same
// sizes, but no valid signatures, which would take hours for millions.
//
// Anyone can derive the issuer's key from the seed, so no other engine may
// trust it.
package pgseed

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/problems"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// Plan says what [Fill] makes. The same plan makes the same addresses and
// credentials, to the byte.
type Plan struct {
	// Seed is what addresses, accounts and the issuer's key are derived from, at
	// most 50 bytes. Two plans with different seeds have no wallet and no
	// nullifier in common.
	Seed string
	// Community is the id of the community that is made for the wallets, 1 unless
	// it is set. The fillers get the next one, so that a run over this one scores
	// nothing but wallets with valid stamps.
	Community int64
	// Wallets is the number of wallets whose stamps are signed, 1 to 10,000,000.
	Wallets int
	// Stamps is the number of stamps of each wallet and filler, 1 to 100, each of
	// another provider with a weight of 1.5. A wallet passes with 20 points.
	Stamps int
	// Fillers is the number of wallets that are copied from the first one, 0 to
	// 100,000,000. Their credentials name the first wallet, so that none is valid,
	// and every tenth filler has a revoked one.
	Fillers int
	// Bare leaves out the documents of the fillers' stamps. A filler of 20 stamps
	// then takes some 30 kB of the disk with its indexes, in place of 80.
	Bare bool
	// Scored makes the wallets scored, so that they have scores, claims, counted
	// stamps and events. The fillers have what the first wallet has.
	Scored bool
	// Events is the number of score events of each filler, a month apart, 1 to
	// 1,000; 1 unless it is set. There are none without Scored.
	Events int
	// Force fills a database that has credentials.
	Force bool
	// Schema is the schema of the tables, "public" unless it is set.
	Schema string
	// Progress, unless nil, is called as the work goes on, by the goroutine that
	// called Fill.
	Progress func(Progress)
}

// Progress is how far [Fill] is.
type Progress struct {
	Stage       Stage
	Done, Total int // wallets, or indexes
}

// Stage is a part of the work.
type Stage string

// The stages, in their order.
const (
	Signing Stage = "signing" // the stamps of wallets, and storing them
	Scoring Stage = "scoring" // wallets
	Filling Stage = "filling" // fillers

	// Indexing makes the indexes again that were dropped to fill the tables. The
	// commit follows it.
	Indexing Stage = "indexing"
)

// ErrNotEmpty is the error of [Fill] for a database that has credentials.
var ErrNotEmpty = errors.New("the database has credentials")

// Issuer returns the issuer of the stamps.
func (p Plan) Issuer() *passporttest.Issuer { return passporttest.NewIssuerFromSeed(p.Seed) }

// Addresses returns the addresses of the wallets, without the fillers.
func (p Plan) Addresses() iter.Seq[string] {
	return func(yield func(string) bool) {
		for n := range p.Wallets {
			if !yield(p.address(n)) {
				return
			}
		}
	}
}

func (p Plan) address(n int) string { return passporttest.Address(fmt.Sprintf("%s %d", p.Seed, n)) }

// provider returns the name of a stamp's provider.
func provider(stamp int) string { return fmt.Sprintf("Provider%02d", stamp) }

// Fill fills the database, whose tables must exist ([pgstore.Migrate]). It
// makes the communities, and never changes one that exists. It commits as it
// goes, and the fillers at once: a run that ends early leaves the wallets and
// no filler, and a vacuum gives back the space. Memory does not grow with the
// plan, here or in the server.
//
// In a database that had no credentials, the fillers' tables are locked and
// without their indexes until they are committed, which takes a role that owns
// the tables. In one that is forced the indexes stay, and a million fillers
// take hours.
//
// It returns [ErrNotEmpty] for a database that has credentials, unless it is
// forced; store.ErrInvalid for a plan with a number out of range, and for a
// community that exists; and the errors of pgstore and [passport.Engine.Score].
// A forced plan whose wallets are there already fails in the database.
//
// Fill does not vacuum or analyze the tables. Afterwards a host may, as
// autovacuum will.
func Fill(ctx context.Context, pool *pgxpool.Pool, plan Plan) error {
	plan.Community, plan.Schema, plan.Events = cmp.Or(plan.Community, 1), cmp.Or(plan.Schema, "public"), cmp.Or(plan.Events, 1)
	if plan.Progress == nil {
		plan.Progress = func(Progress) {}
	}
	if err := plan.validate(); err != nil {
		return fmt.Errorf("pgseed: %w", err)
	}
	f := filling{Plan: plan, pool: pool, store: pgstore.New(pool, pgstore.WithSchema(plan.Schema))}
	for _, step := range []func(context.Context) error{f.checkEmpty, f.putCommunities, f.signAll, f.scoreAll, f.fillAll} {
		if err := step(ctx); err != nil {
			return fmt.Errorf("pgseed: %w", err)
		}
	}
	return nil
}

func (p Plan) validate() error {
	const mostSeed, mostID, mostWallets, mostStamps, mostFillers, mostEvents = 50, 1 << 62, 10_000_000, 100, 100_000_000, 1_000
	found := problems.New(store.ErrInvalid)
	problems.CheckRange(found, "len(Seed)", len(p.Seed), 0, mostSeed)
	problems.CheckRange(found, "Community", p.Community, 1, mostID)
	problems.CheckRange(found, "Wallets", p.Wallets, 1, mostWallets)
	problems.CheckRange(found, "Stamps", p.Stamps, 1, mostStamps)
	problems.CheckRange(found, "Fillers", p.Fillers, 0, mostFillers)
	problems.CheckRange(found, "Events", p.Events, 1, mostEvents)
	return found.Err()
}

// filling is a run of Fill.
type filling struct {
	Plan

	pool  *pgxpool.Pool
	store *pgstore.Store
	// crowded reports that the database had credentials before.
	crowded bool
}

// table returns the quoted name of a table.
func (f *filling) table(name string) string { return pgx.Identifier{f.Schema, name}.Sanitize() }

func (f *filling) checkEmpty(ctx context.Context) error {
	err := f.pool.QueryRow(ctx, "select exists (select from "+f.table("ceramic_cache_ceramiccache")+")").Scan(&f.crowded)
	switch {
	case err != nil:
		return fmt.Errorf("looking for credentials: %w", err)
	case f.crowded && !f.Force:
		return ErrNotEmpty
	}
	return nil
}

func (f *filling) putCommunities(ctx context.Context) error {
	weights := map[string]string{}
	for stamp := range f.Stamps {
		weights[provider(stamp)] = "1.5"
	}
	text, err := json.Marshal(weights)
	if err != nil {
		return err
	}
	communities := []store.Community{
		{ID: f.Community, Name: "Seeded " + f.Seed, Weights: text, Threshold: "20"},
		{ID: f.Community + 1, Name: "Seeded " + f.Seed + ", fillers", Weights: text, Threshold: "20"},
	}
	for i := range communities {
		switch _, err := f.store.Load(ctx, store.Query{Community: communities[i].ID}); {
		case err == nil:
			return fmt.Errorf("%w: there is a community %d", store.ErrInvalid, communities[i].ID)
		case !errors.Is(err, store.ErrCommunityNotFound):
			return err
		}
	}
	for _, c := range communities {
		if err := f.store.PutCommunity(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// scoreAll scores the wallets.
func (f *filling) scoreAll(ctx context.Context) error {
	if !f.Scored {
		return nil
	}
	engine, err := passport.New(f.store, passport.WithTrustedIssuers(f.Issuer().DID()))
	if err != nil {
		return err
	}
	done := 0
	for scored, err := range engine.ScoreAll(ctx, f.Community, f.Addresses()) {
		if err = cmp.Or(err, scored.Err); err != nil {
			return fmt.Errorf("scoring %s: %w", scored.Address, err)
		}
		if done++; done%chunk == 0 || done == f.Wallets {
			f.Progress(Progress{Scoring, done, f.Wallets})
		}
	}
	return nil
}
