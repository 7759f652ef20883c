package shadow_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporthttp"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/scoreapi"
	"github.com/passport-sdk/passport-go/shadow"
	"github.com/passport-sdk/passport-go/store"
)

// A service that is in use answers for a wallet with a stamp. It counts the
// stamp, but has the threshold of last year.
func Example() {
	ctx, wallet := context.Background(), "0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c"
	clock := func() time.Time { return time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC) }
	issuer, mem := passporttest.NewIssuer(), memstore.New(memstore.WithClock(clock))
	signed, err := issuer.Issue(wallet, "Google", "account-1", passporttest.ExpiresAt(clock().AddDate(0, 1, 0)))
	check(err)
	stamp, err := passport.ReadCredential(signed)
	check(err)
	check(mem.AddCredentials(ctx, store.Address(wallet), stamp))
	check(mem.PutCommunity(ctx, store.Community{ID: 1, Name: "Demo", Threshold: "1", Weights: []byte(`{"Google": "1.5"}`)}))
	engine, err := passport.New(mem, passport.WithTrustedIssuers(issuer.DID()))
	check(err)

	primary := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{
			"address": "`+wallet+`", "score": 1.5, "passing_score": false, "threshold": "20.00000", "error": null,
			"last_score_timestamp": "2026-01-01T12:00:00Z", "expiration_timestamp": "2026-02-01T12:00:00Z",
			"stamps": {"Google": {"dedup": false, "score": "1.50000", "expiration_date": "2026-02-01T12:00:00Z"}}
		}`)
	})

	planner, err := engine.Planner()
	check(err)
	s, err := shadow.New(planner)
	check(err)
	ended := make(chan error)
	go func() { ended <- s.Work(ctx) }()
	handler := s.Handler(primary) // to be served in place of the primary
	request := httptest.NewRequestWithContext(ctx, http.MethodGet, "/v2/stamps/1/score/"+wallet, nil)
	handler.ServeHTTP(httptest.NewRecorder(), request)
	check(s.Close(ctx))
	check(<-ended)

	verdict := s.Verdict()
	for _, d := range verdict.Classes[0].Samples[0].Differences {
		fmt.Println(d.Class, d.Field, d.Primary, "ours", d.Ours)
	}
	// Output:
	// real passing false ours true
	// real threshold 20.00000 ours 1.00000
}

// A service is asked over HTTP for the wallets of a list. Here it is the SDK's
// own handler, on the same store.
func ExampleShadow_Run() {
	ctx := context.Background()
	issuer, mem := passporttest.NewIssuer(), memstore.New()
	check(mem.PutCommunity(ctx, store.Community{ID: 1, Name: "Demo", Threshold: "1", Weights: []byte(`{"Google": "1.5"}`)}))
	engine, err := passport.New(mem, passport.WithTrustedIssuers(issuer.DID()))
	check(err)
	keys, err := apikey.New(mem)
	check(err)
	key, _, err := keys.Create(ctx, apikey.KeyParams{Account: mem.State().Communities[0].Account, ReadScores: true, Unlimited: true})
	check(err)
	handler, err := passporthttp.New(engine, mem, passporthttp.WithKeys(keys))
	check(err)
	server := httptest.NewServer(handler)
	defer server.Close()

	client, err := scoreapi.NewClient(server.URL, scoreapi.WithAPIKey(key))
	check(err)
	planner, err := engine.Planner()
	check(err)
	s, err := shadow.New(planner, shadow.WithRecords(mem))
	check(err)
	addresses := slices.Values([]string{passporttest.Address("alice"), passporttest.Address("bob")})
	for comparison, err := range s.Run(ctx, 1, shadow.FromClient(client, 1), addresses) {
		check(err)
		check(comparison.Err)
	}
	fmt.Println(s.Verdict().Agreed, "agreed")
	check(s.Verdict().WriteHTML(io.Discard, shadow.Labels{Title: "Demo"}))
	// Output:
	// 2 agreed
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
