package passportredis_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/apikey/ratelimit"
	passportredis "github.com/passport-sdk/passport-go/contrib/redis"
	"github.com/passport-sdk/passport-go/passporthttp"
)

// serve is what README.md shows.
func serve(engine *passport.Engine, db passporthttp.Lookups, addresses ...string) error {
	client := redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs:                 addresses, // of one server, of a cluster, or of sentinels
		ContextTimeoutEnabled: true,      // a server that hangs holds no request
	})
	defer client.Close()
	limiter, err := passportredis.New(client)
	if err != nil {
		return err
	}
	handler, err := passporthttp.New(engine, db, passporthttp.WithLimiter(limiter))
	if err != nil {
		return err
	}
	return http.ListenAndServe(":8080", handler)
}

func TestREADME_IsCompiled(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	source, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?ms)^```go\n(.*?)^```$").FindAllStringSubmatch(string(readme), -1)
	require.Len(t, blocks, 1)
	lines := strings.Split(strings.TrimSuffix(blocks[0][1], "\n"), "\n")
	assert.LessOrEqual(t, len(lines), 15)
	assert.Contains(t, string(source), "\n\t"+strings.Join(lines, "\n\t")+"\n}\n")
	assert.NotNil(t, serve)
}

func Example() {
	address, stop := passportredis.StartServer()
	defer stop()
	client := redis.NewClient(&redis.Options{Addr: address, ContextTimeoutEnabled: true})
	defer client.Close()
	limiter, err := passportredis.New(client)
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 3 {
		quota, err := limiter.Take(context.Background(), "Gh4kLm2p", ratelimit.Rate{Calls: 2, Period: year})
		fmt.Println(quota.Allowed, quota.Remaining, err)
	}
	// Output:
	// true 1 <nil>
	// true 0 <nil>
	// false 0 <nil>
}

// year is a period whose end the example does not meet.
const year = 365 * 24 * 60 * 60 * 1e9
