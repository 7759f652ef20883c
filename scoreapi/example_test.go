package scoreapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporthttp"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/scoreapi"
	"github.com/passport-sdk/passport-go/store"
)

// A server with a wallet, and a client with a key for it.
func ExampleClient() {
	ctx, wallet := context.Background(), "0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c"
	server, key := serve(ctx, wallet)
	defer server.Close()

	client, err := scoreapi.NewClient(server.URL, scoreapi.WithAPIKey(key), scoreapi.WithTimeout(5*time.Second))
	check(err)
	score, err := client.Score(ctx, 1, wallet)
	check(err)
	fmt.Println(score.Score, "of", score.Threshold, score.Passing, score.Stamps["Google"].Weight)

	for item, err := range client.Stamps(ctx, wallet) {
		check(err)
		stamp, err := passport.ReadCredential(item.Credential)
		check(err)
		fmt.Println(stamp.Provider)
	}

	_, err = client.Score(ctx, 2, wallet)
	fmt.Println(errors.Is(err, passport.ErrCommunityNotFound))
	// Output:
	// 1.50000 of 1.00000 true 1.50000
	// Google
	// true
}

// A decision of the engine, in the form of an answer.
func ExampleOf() {
	score, err := passport.ParseDecimal("21.5")
	check(err)
	threshold, err := passport.ParseDecimal("20")
	check(err)
	answer := scoreapi.Of(&passport.Result{
		Address: "0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c", Score: score, Threshold: threshold, Passing: true,
		ScoredAt: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC),
	})
	text, err := json.MarshalIndent(answer, "", "  ")
	check(err)
	fmt.Println(string(text))
	// Output:
	// {
	//   "address": "0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c",
	//   "score": "21.50000",
	//   "passing_score": true,
	//   "last_score_timestamp": "2026-01-01T12:00:00+00:00",
	//   "expiration_timestamp": null,
	//   "threshold": "20.00000",
	//   "error": null,
	//   "stamps": {},
	//   "points_data": null,
	//   "possible_points_data": null,
	//   "linked_score": null
	// }
}

func serve(ctx context.Context, wallet string) (server *httptest.Server, key string) {
	issuer, mem := passporttest.NewIssuer(), memstore.New()
	signed, err := issuer.Issue(wallet, "Google", "account-1")
	check(err)
	stamp, err := passport.ReadCredential(signed)
	check(err)
	check(mem.AddCredentials(ctx, store.Address(wallet), stamp))
	account, err := mem.PutAccount(ctx, "shop")
	check(err)
	check(mem.PutCommunity(ctx, store.Community{
		ID: 1, Account: account, Name: "Demo", Threshold: "1", Weights: []byte(`{"Google": "1.5"}`),
	}))
	keys, err := apikey.New(mem)
	check(err)
	key, _, err = keys.Create(ctx, apikey.KeyParams{Account: account, ReadScores: true})
	check(err)
	engine, err := passport.New(mem, passport.WithTrustedIssuers(issuer.DID()))
	check(err)
	handler, err := passporthttp.New(engine, mem)
	check(err)
	return httptest.NewServer(http.Handler(handler)), key
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
