package passportotel

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/dbconv"

	"github.com/passport-sdk/passport-go/apikey/usage"
)

// observeUsage adds the state of the log.
func observeUsage(meter metric.Meter, log *usage.Log) error {
	queued, err := meter.Int64ObservableUpDownCounter("passport.usage.queued", metric.WithUnit("{call}"),
		metric.WithDescription("Calls of API keys that wait to be written to the usage log."))
	dropped, another := meter.Int64ObservableCounter("passport.usage.dropped", metric.WithUnit("{call}"),
		metric.WithDescription("Calls of API keys that were not written to the usage log."))
	if err := errors.Join(err, another); err != nil {
		return err
	}
	_, err = meter.RegisterCallback(func(_ context.Context, to metric.Observer) error {
		to.ObserveInt64(queued, int64(log.Queued()))
		to.ObserveInt64(dropped, int64(log.Dropped())) //nolint:gosec // it counts calls
		return nil
	}, queued, dropped)
	return err
}

// observePool adds the state of the pool: its connections by the semantic
// conventions, and what they have no name for.
func observePool(meter metric.Meter, p namedPool) error {
	var problems [6]error
	connection := metric.WithUnit("{connection}")
	count, err := meter.Int64ObservableUpDownCounter(dbconv.ClientConnectionCountObservable{}.Name(), connection,
		metric.WithDescription("Connections of the pool by their state."))
	problems[0] = err
	most, err := meter.Int64ObservableUpDownCounter(dbconv.ClientConnectionMaxObservable{}.Name(), connection,
		metric.WithDescription("Connections that the pool may have."))
	problems[1] = err
	acquires, err := meter.Int64ObservableCounter("passport.pool.acquires", connection,
		metric.WithDescription("Connections that were taken from the pool."))
	problems[2] = err
	waits, err := meter.Int64ObservableCounter("passport.pool.waits", connection,
		metric.WithDescription("Connections that had to be waited for, since none was idle."))
	problems[3] = err
	waited, err := meter.Float64ObservableCounter("passport.pool.wait_time", metric.WithUnit("s"),
		metric.WithDescription("Time spent in these waits."))
	problems[4] = err
	abandoned, err := meter.Int64ObservableCounter("passport.pool.abandoned", connection,
		metric.WithDescription("Waits for a connection that the end of a context ended."))
	problems[5] = err
	if err := errors.Join(problems[:]...); err != nil {
		return err
	}
	name := semconv.DBClientConnectionPoolName(p.name)
	pool := metric.WithAttributes(name)
	idle := metric.WithAttributes(name, semconv.DBClientConnectionStateIdle)
	used := metric.WithAttributes(name, semconv.DBClientConnectionStateUsed)
	_, err = meter.RegisterCallback(func(_ context.Context, to metric.Observer) error {
		stat := p.pool.Stat()
		to.ObserveInt64(count, int64(stat.IdleConns()), idle)
		to.ObserveInt64(count, int64(stat.AcquiredConns()), used)
		to.ObserveInt64(most, int64(stat.MaxConns()), pool)
		to.ObserveInt64(acquires, stat.AcquireCount(), pool)
		to.ObserveInt64(waits, stat.EmptyAcquireCount(), pool)
		to.ObserveFloat64(waited, stat.EmptyAcquireWaitTime().Seconds(), pool)
		to.ObserveInt64(abandoned, stat.CanceledAcquireCount(), pool)
		return nil
	}, count, most, acquires, waits, waited, abandoned)
	return err
}
