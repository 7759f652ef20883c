// Quickstart scores two wallets that share a Google account, with nothing
// installed: the store is in memory, and the credentials are real ones that
// didkit signed (testdata/issue.py).
//
//	go run ./examples/quickstart
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"log"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

// The two wallets.
const (
	alice = "0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c"
	bob   = "0xb0b00b0b00b0b00b0b00b0b00b0b00b0b00b0b00"
)

const community = 1

//go:embed testdata/credentials.json
var credentials []byte

func main() {
	report, err := run(context.Background(), time.Now)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(report)
}

func run(ctx context.Context, now func() time.Time) (report string, err error) {
	// What is given: a community that weighs stamps, and credentials in wallets.
	mem := memstore.New(memstore.WithClock(now))
	err = mem.PutCommunity(ctx, store.Community{
		ID: community, Name: "Quickstart", Threshold: "3",
		Weights: []byte(`{"Google": "1.5", "Github": "2", "Ens": "0.5", "Twitter": "1", "Biometrics": "10"}`),
	})
	if err != nil {
		return "", err
	}
	issuer, err := fill(ctx, mem)
	if err != nil {
		return "", err
	}

	// What a host program does: one engine, and a Score per wallet.
	engine, err := passport.New(mem, passport.WithTrustedIssuers(issuer))
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for _, wallet := range []struct{ name, address string }{{"Alice", alice}, {"Bob", bob}} {
		result, err := engine.Score(ctx, community, wallet.address)
		if err != nil {
			return "", err
		}
		show(&out, wallet.name, result)
	}
	if err := showHistory(ctx, &out, mem); err != nil {
		return "", err
	}
	return out.String(), nil
}

// fill puts the credentials into the wallets that they are about.
func fill(ctx context.Context, mem *memstore.Store) (issuer string, err error) {
	var given struct {
		Issuer  string                       `json:"issuer"`
		Wallets map[string][]json.RawMessage `json:"wallets"`
	}
	if err := json.Unmarshal(credentials, &given); err != nil {
		return "", err
	}
	for address, wallet := range given.Wallets {
		for _, signed := range wallet {
			stamp, err := passport.NewCredential(signed)
			if err != nil {
				return "", err
			}
			if err := mem.AddCredentials(ctx, address, stamp); err != nil {
				return "", err
			}
		}
	}
	return given.Issuer, nil
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

// showHistory prints what the scorings have written.
func showHistory(ctx context.Context, out *strings.Builder, mem *memstore.Store) error {
	fmt.Fprintln(out, "Claims (who holds which nullifier, until when)")
	for _, address := range []string{alice, bob} {
		claims, err := mem.ListClaims(ctx, community, address)
		if err != nil {
			return err
		}
		for _, claim := range claims {
			fmt.Fprintf(out, "  %.12s…  %.10s…  %s\n", claim.Nullifier, claim.Address, claim.ExpiresAt.Format(time.DateOnly))
		}
	}
	fmt.Fprintln(out, "Events (SCU: a new score, LDP: a stamp that lost to an earlier claim)")
	for _, address := range []string{alice, bob} {
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
