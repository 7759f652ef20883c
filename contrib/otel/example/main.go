// Example scores the two wallets of a small world again and again, and serves
// the metrics to Prometheus.
//
//	go run ./example
//	curl http://127.0.0.1:9464/metrics
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"

	"github.com/passport-sdk/passport-go"
	passportotel "github.com/passport-sdk/passport-go/contrib/otel"
	"github.com/passport-sdk/passport-go/internal/demo"
	"github.com/passport-sdk/passport-go/memstore"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, "127.0.0.1:9464", func(url string) { fmt.Println("metrics on", url) })
	stop()
	if err != nil {
		log.Fatal(err)
	}
}

// run serves and scores until the context ends.
func run(ctx context.Context, address string, serving func(url string)) error {
	mem := memstore.New()
	issuer, err := demo.Fill(ctx, mem)
	if err != nil {
		return err
	}
	if err := mem.PutCommunity(ctx, demo.Community(0)); err != nil {
		return err
	}
	engine, err := newEngine(mem, issuer)
	if err != nil {
		return err
	}

	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.Handler())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	serving("http://" + listener.Addr().String() + "/metrics")

	err = score(ctx, engine)
	if closing := server.Close(); err == nil {
		err = closing
	}
	if end := <-served; err == nil && !errors.Is(end, http.ErrServerClosed) {
		err = end
	}
	return err
}

// newEngine returns an engine whose metrics are those of the process.
func newEngine(mem *memstore.Store, issuer string) (*passport.Engine, error) {
	exporter, err := prometheus.New() // on the registry that promhttp.Handler serves
	if err != nil {
		return nil, err
	}
	otel.SetMeterProvider(metric.NewMeterProvider(metric.WithReader(exporter)))

	options, err := passportotel.Options()
	if err != nil {
		return nil, err
	}
	return passport.New(mem, append(options, passport.WithTrustedIssuers(issuer))...)
}

// score scores both wallets ten times a second until the context ends.
func score(ctx context.Context, engine *passport.Engine) error {
	ticks := time.NewTicker(time.Second / 10)
	defer ticks.Stop()
	for {
		for _, address := range []string{demo.Alice, demo.Bob} {
			if _, err := engine.Score(ctx, demo.Community(0).ID, address); err != nil && ctx.Err() == nil {
				return err
			}
		}
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return nil
		}
	}
}
