package passporthttp_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/passporthttp"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

func Example() {
	ctx, wallet := context.Background(), "0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c"
	clock := func() time.Time { return time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC) }
	issuer, mem := passporttest.NewIssuer(), memstore.New(memstore.WithClock(clock))
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
	key, _, err := keys.Create(ctx, apikey.KeyParams{Account: account, ReadScores: true})
	check(err)

	engine, err := passport.New(mem, passport.WithTrustedIssuers(issuer.DID()))
	check(err)
	handler, err := passporthttp.New(engine, mem, passporthttp.WithRateLimits())
	check(err)
	server := httptest.NewServer(handler) // or: http.ListenAndServe(addr, handler)
	defer server.Close()

	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/v2/stamps/1/score/"+wallet, nil)
	check(err)
	request.Header.Set("X-Api-Key", key)
	response, err := http.DefaultClient.Do(request)
	check(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	check(err)
	fmt.Println(response.Status)
	fmt.Println(string(body[:94]))
	// Output:
	// 200 OK
	// {"address":"0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c","score":"1.50000","passing_score":true
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
