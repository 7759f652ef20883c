package passportotel_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/passport-sdk/passport-go"
	passportotel "github.com/passport-sdk/passport-go/contrib/otel"
	"github.com/passport-sdk/passport-go/memstore"
	"github.com/passport-sdk/passport-go/store"
)

// A program has an exporter in the place of the recorder.
func Example() {
	ctx, spans := context.Background(), tracetest.NewSpanRecorder()
	provider := trace.NewTracerProvider(trace.WithSpanProcessor(spans))
	options, err := passportotel.Options(passportotel.WithTracerProvider(provider))
	if err != nil {
		panic(err)
	}
	mem := memstore.New()
	if err := mem.PutCommunity(ctx, store.Community{ID: 1, Weights: []byte(`{"Google": "1.5"}`), Threshold: "1"}); err != nil {
		panic(err)
	}
	engine, err := passport.New(mem, append(options, passport.WithTrustedIssuers(passport.HumanPassportIssuer))...)
	if err != nil {
		panic(err)
	}
	if _, err := engine.Score(ctx, 1, "0xa11ce0a11ce0a11ce0a11ce0a11ce0a11ce0a11c"); err != nil {
		panic(err)
	}
	for _, span := range spans.Ended() {
		fmt.Println(span.Name())
	}
	// Output:
	// passport.load
	// passport.verify
	// passport.apply
	// passport.score
}

func TestREADME_IsCompiled(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	program, err := os.ReadFile("example/main.go")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?ms)^```go\n(.*?)^```$").FindAllStringSubmatch(string(readme), -1)
	require.Len(t, blocks, 1)
	assert.Contains(t, string(program), blocks[0][1])
	assert.LessOrEqual(t, strings.Count(blocks[0][1], "\n"), 15)
}
