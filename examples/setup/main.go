// Setup makes a database ready for examples/server: the tables, unless they
// exist, an account, a community, and API keys. It prints the commands that
// serve the community and request a score.
//
//	PASSPORT_DATABASE_URL=postgres://… go run ./examples/setup -threshold 20 -weights '{"Google": "12.5"}'
//	PASSPORT_DATABASE_URL=postgres://… go run ./examples/setup -threshold 20 -weights-file weights.json
//
// An existing community is left unchanged, and one that passes every address or
// none is refused (passport.CheckCommunity).
//
// The commands trust the issuers of PASSPORT_TRUSTED_ISSUERS, a JSON list of
// DIDs, by default the issuer of Human Passport's stamps. The output holds the
// password of the database and the only copies of the keys.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/internal/setup"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// humanPassport is the default list of issuers.
const humanPassport = `["` + passport.HumanPassportIssuer + `"]`

func main() {
	if err := run(context.Background(), os.Getenv, os.Args[1:], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, getenv func(string) string, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("setup", flag.ExitOnError)
	account := flags.String("account", "demo", "the `name` of the account that owns the community")
	community := flags.Int64("community", 1, "the `id` of the community")
	name := flags.String("name", "Demo", "the community's `name`, for people")
	threshold := flags.String("threshold", "20", "the `score` that passes")
	weights := flags.String("weights", `{"Google": "12.5", "Github": "9"}`, "the weight of each provider, a `JSON` object")
	weightsFile := flags.String("weights-file", "", "a `file` that holds the weights, in place of -weights")
	if err := flags.Parse(args); err != nil {
		return err
	}
	url := getenv("PASSPORT_DATABASE_URL")
	if url == "" {
		return errors.New("PASSPORT_DATABASE_URL is not set")
	}
	document := []byte(*weights)
	if *weightsFile != "" {
		var err error
		if document, err = setup.ReadWeights(*weightsFile); err != nil {
			return err
		}
	}
	pool, err := pgstore.OpenPool(ctx, url)
	if err != nil {
		return err
	}
	defer pool.Close()
	made, err := setUp(ctx, pool, *account, store.Community{
		ID: *community, Name: *name, Threshold: *threshold, Weights: document,
	})
	if err != nil {
		return err
	}
	return made.print(out, *community, url, cmp.Or(getenv("PASSPORT_TRUSTED_ISSUERS"), humanPassport))
}

// keys are the secrets of the API keys, one for each kind of caller.
type keys struct{ score, history, ingestion string }

// setUp creates the tables, the account, the community and its keys.
func setUp(ctx context.Context, pool *pgxpool.Pool, account string, community store.Community) (made keys, err error) {
	if err := passport.CheckCommunity(community); err != nil {
		return keys{}, err
	}
	if err := pgstore.Migrate(ctx, pool); err != nil {
		return keys{}, err
	}
	db := pgstore.New(pool)
	if community.Account, err = setup.CreateCommunity(ctx, db, account, community); err != nil {
		return keys{}, err
	}
	registry, err := apikey.New(db)
	if err != nil {
		return keys{}, err
	}
	for _, key := range []struct {
		secret *string
		params apikey.KeyParams
	}{
		{&made.score, apikey.KeyParams{Name: "score", ReadScores: true}},
		{&made.history, apikey.KeyParams{Name: "history", Historical: true}},
		{&made.ingestion, apikey.KeyParams{Name: "ingestion", SubmitPassports: true}},
	} {
		key.params.Account = community.Account
		if *key.secret, _, err = registry.Create(ctx, key.params); err != nil {
			return keys{}, err
		}
	}
	return made, nil
}

// print writes the keys, and commands for a POSIX shell.
func (k *keys) print(out io.Writer, community int64, url, issuers string) error {
	const address = "0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c"
	_, err := fmt.Fprintf(out, `Community %d is set up. Its keys are shown only now:

  scores     %s
  history    %s
  ingestion  %s

Serve it:

PASSPORT_DATABASE_URL=%s PASSPORT_TRUSTED_ISSUERS=%s PASSPORT_INGESTION=on go run ./examples/server

Ask for a score, from another terminal:

curl -H %s http://127.0.0.1:8080/v2/stamps/%d/score/%s
`, community, k.score, k.history, k.ingestion,
		quoted(url), quoted(issuers), quoted("X-Api-Key: "+k.score), community, address)
	return err
}

// quoted returns the text as one word of a POSIX shell.
func quoted(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
