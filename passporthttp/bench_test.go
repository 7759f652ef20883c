package passporthttp_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/apikey"
	"github.com/passport-sdk/passport-go/internal/pgtest"
	"github.com/passport-sdk/passport-go/passporthttp"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

const (
	benchClients = 16
	benchWallets = 6 // of each client
	benchStamps  = 20
)

// BenchmarkHTTP16 has 16 clients score wallets of 20 stamps that were scored
// before, over TCP, with human points and rate limits, through the pool of
// OpenPool. No two clients score one wallet. "far" is through a proxy that
// delays everything by 2 ms in each direction, "far16" the same with 16
// connections instead of five. Run versions in turns:
//
//	go test ./passporthttp -run - -bench HTTP16 -benchtime 2000x
func BenchmarkHTTP16(b *testing.B) {
	for _, c := range []struct {
		name      string
		configure []func(*pgxpool.Config)
	}{
		{name: "near"},
		{"far", []func(*pgxpool.Config){pgtest.Delayed(b, 2*time.Millisecond)}},
		{"far16", []func(*pgxpool.Config){
			pgtest.Delayed(b, 2*time.Millisecond), func(c *pgxpool.Config) { c.MaxConns = benchClients },
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			url, key, wallets := benchServer(b, c.configure...)
			clients := make([]*attackerConn, benchClients)
			for i := range clients {
				conn, err := new(net.Dialer).DialContext(b.Context(), "tcp", strings.TrimPrefix(url, "http://"))
				require.NoError(b, err)
				defer conn.Close()
				clients[i] = &attackerConn{conn, bufio.NewReader(conn)}
			}
			var failed atomic.Int64
			due := make(chan struct{})
			var running sync.WaitGroup
			for i, client := range clients {
				running.Go(func() {
					n := 0
					for range due {
						n++
						wallet := wallets[i*benchWallets+n%benchWallets]
						status, err := client.ask("GET /v2/stamps/1/score/" + wallet + " HTTP/1.1\r\nHost: bench\r\nX-Api-Key: " + key + "\r\n\r\n")
						if err != nil || status != http.StatusOK {
							failed.Add(1)
						}
					}
				})
			}
			for range 10 * len(wallets) { // until the server has settled on its plans
				due <- struct{}{}
			}
			for b.Loop() {
				due <- struct{}{}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
			close(due)
			running.Wait()
			require.Zero(b, failed.Load(), "requests that failed")
		})
	}
}

// benchServer serves wallets whose stamps count to the owner of the key.
func benchServer(b *testing.B, configure ...func(*pgxpool.Config)) (url, key string, wallets []string) {
	b.Helper()
	ctx := b.Context()
	pool, err := pgstore.OpenPool(ctx, pgtest.New(b), configure...)
	require.NoError(b, err)
	b.Cleanup(pool.Close)
	db, issuer := pgstore.New(pool), passporttest.NewIssuer()
	account, err := db.PutAccount(ctx, "owner")
	require.NoError(b, err)
	var weights []string
	for i := range benchStamps {
		weights = append(weights, fmt.Sprintf(`"Provider%02d":"1.5"`, i))
	}
	require.NoError(b, db.PutCommunity(ctx, store.Community{
		ID: 1, Account: account, Name: "One", HumanPoints: true, Threshold: "3", Weights: []byte("{" + strings.Join(weights, ",") + "}"),
	}))
	for n := range benchClients * benchWallets {
		wallet := passporttest.Address(strconv.Itoa(n))
		wallets = append(wallets, wallet)
		stamps := make([]store.CredentialInput, benchStamps)
		for i := range stamps {
			signed, err := issuer.Issue(wallet, fmt.Sprintf("Provider%02d", i), wallet)
			require.NoError(b, err)
			stamps[i], err = passport.ReadCredential(signed)
			require.NoError(b, err)
		}
		require.NoError(b, db.AddCredentials(ctx, store.Address(wallet), stamps...))
	}
	keys, err := apikey.New(db)
	require.NoError(b, err)
	key, _, err = keys.Create(ctx, apikey.KeyParams{Account: account, ReadScores: true, Unlimited: true})
	require.NoError(b, err)
	engine, err := passport.New(db, passport.WithTrustedIssuers(issuer.DID()), passport.WithHumanPoints(passport.HumanPoints{}))
	require.NoError(b, err)
	for _, wallet := range wallets {
		_, err := engine.Score(ctx, 1, wallet)
		require.NoError(b, err)
	}
	_, err = pool.Exec(ctx, "vacuum analyze")
	require.NoError(b, err)
	handler, err := passporthttp.New(engine, db, passporthttp.WithKeys(keys), passporthttp.WithPoints(db), passporthttp.WithRateLimits())
	require.NoError(b, err)
	server := httptest.NewServer(handler)
	b.Cleanup(server.Close)
	return server.URL, key, wallets
}
