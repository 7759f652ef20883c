// Quickstart scores two wallets that share a Google account, with nothing
// installed: the store is in memory, and the credentials are real ones (package
// internal/demo).
//
//	go run ./examples/quickstart
package main

import (
	"context"
	"fmt"
	"log"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/demo"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

func main() {
	report, err := run(context.Background(), time.Now)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(report)
}

func run(ctx context.Context, now func() time.Time) (report string, err error) {
	// The world: a community that weighs stamps, and credentials in wallets.
	mem := memstore.New(memstore.WithClock(now))
	community := demo.Community(0)
	if err := mem.PutCommunity(ctx, community); err != nil {
		return "", err
	}
	issuer, err := demo.Fill(ctx, mem)
	if err != nil {
		return "", err
	}

	// The host program: one engine, and a Score for each wallet.
	engine, err := passport.New(mem, passport.WithTrustedIssuers(issuer))
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for _, wallet := range []struct{ name, address string }{{"Alice", demo.Alice}, {"Bob", demo.Bob}} {
		result, err := engine.Score(ctx, community.ID, wallet.address)
		if err != nil {
			return "", err
		}
		show(&out, wallet.name, result)
	}
	if err := showHistory(ctx, &out, mem, community.ID); err != nil {
		return "", err
	}
	return out.String(), nil
}

func show(out *strings.Builder, name string, result *passport.Result) {
	verdict := "not passing"
	if result.Passing {
		verdict = "passing"
	}
	fmt.Fprintf(out, "%s scores %s of %s: %s\n", name, result.Score, result.Threshold, verdict)
	for _, stamp := range result.Stamps {
		line := fmt.Sprintf("  %-10s %4s  %-12s  %s", stamp.Provider, stamp.Weight, stamp.Outcome, stamp.Why)
		fmt.Fprintln(out, strings.TrimRight(line, " "))
	}
	fmt.Fprintln(out)
}

// showHistory prints the rows that the scorings have written.
func showHistory(ctx context.Context, out *strings.Builder, mem *memstore.Store, community int64) error {
	fmt.Fprintln(out, "Claims (who holds which nullifier, until when)")
	for _, address := range []store.Address{demo.Alice, demo.Bob} {
		claims, err := mem.ListClaims(ctx, community, address)
		if err != nil {
			return err
		}
		for _, claim := range claims {
			fmt.Fprintf(out, "  %.12s…  %.10s…  %s\n", claim.Nullifier, claim.Address, claim.ExpiresAt.Format(time.DateOnly))
		}
	}
	fmt.Fprintln(out, "Events (SCU: a new score, LDP: a stamp that lost to an earlier claim)")
	for _, address := range []store.Address{demo.Alice, demo.Bob} {
		events, err := mem.ListEvents(ctx, community, address, store.Page{Limit: 10})
		if err != nil {
			return err
		}
		for _, event := range slices.Backward(events) {
			fmt.Fprintf(out, "  %s  %.10s…\n", event.Action, event.Address)
		}
	}
	return nil
}
