package pgstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/passport-sdk/passport-go/apikey/ratelimit"
	"github.com/passport-sdk/passport-go/store"
)

// Limiter is a [ratelimit.Limiter] whose counts are in a table, so that all
// processes on the database share them. Make it with [NewLimiter]. It is safe
// for concurrent use and starts no goroutine.
//
// The table, passport_rate_limits, is one of the SDK, not of the service. Only
// [Limiter.Migrate] makes it, on the service's databases as well, and
// [CheckSchema] does not ask for it. It has a row for each key and period of a
// rate, which is used again for the next window. The rights to select, insert
// and update are enough to count, that to delete is for [Limiter.Purge].
//
// The table is unlogged: a call does not wait for the disk, and counts do not
// survive a crash or a failover of the server, after which every window begins
// at 0.
type Limiter struct {
	config

	on    executor
	texts texts
	host  host
}

var _ ratelimit.Limiter = (*Limiter)(nil)

// NewLimiter returns a limiter on the database. Take needs one connection, over
// pgx for one network round trip, over database/sql for one for each of its
// statements: BEGIN, the search path, the count and COMMIT.
//
// Calls of one key queue on its row. Where the default isolation is above READ
// COMMITTED, calls that meet are repeated until the context ends.
func NewLimiter[D Database](db D, options ...Option) *Limiter {
	host := hostOn(db)
	l := &Limiter{config: newConfig(options), on: host, host: host}
	if err := l.validate(); err != nil {
		l.on = unfit{err}
	}
	l.texts = l.config.texts()
	return l
}

// Take implements [ratelimit.Limiter], with the windows of [ratelimit.Memory]
// by the clock of the server: exactly the rate's number of calls pass in one. A
// key whose rate gets another period has windows of its own for each of them.
//
// The error is a *[store.Error] or the context's own. One of kind
// [store.ErrUnknownOutcome], or of a context that ended, leaves open whether
// the call was counted; after all others it was not.
func (l *Limiter) Take(ctx context.Context, prefix string, rate ratelimit.Rate) (ratelimit.Quota, error) {
	const op = "count_call"
	if rate.Unlimited() {
		if err := nothingToDo(ctx, op); err != nil {
			return ratelimit.Quota{}, err
		}
		return ratelimit.Quota{Allowed: true, Unlimited: true}, nil
	}
	w := rate.Windows(prefix)
	var calls, left int64
	count := l.texts.call(op, prefix, w.Period.Microseconds(), w.Phase.Microseconds(), int64(w.Limit)).
		each(func(scan scanFunc) error { return scan(&calls, &left) })
	for {
		switch err := l.on.write(ctx, []call{count}); {
		case err == nil:
			return w.Quota(int(calls), time.Duration(left)*time.Microsecond), nil
		case !errors.Is(err, store.ErrConflict) || ctx.Err() != nil:
			return ratelimit.Quota{}, lacking(err)
		}
	}
}

// Purge deletes rows of windows that have ended, up to 1,000, and returns how
// many. It waits for no other call. There is no need for it where keys stay:
// their rows are used again.
func (l *Limiter) Purge(ctx context.Context) (int, error) {
	const most = int64(1000)
	n := 0
	deleted := l.texts.call("delete_ended_windows", most).each(func(scan scanFunc) error {
		n++
		var period int64
		return scan(&period)
	})
	if err := l.on.write(ctx, []call{deleted}); err != nil {
		return 0, lacking(err)
	}
	return n, nil
}

// Check returns nil if the table is there, and otherwise a [store.ErrInternal]
// that wraps [ErrSchema], or why the database could not be asked.
func (l *Limiter) Check(ctx context.Context) error {
	stranger := ""
	owner := l.texts.call("read_rate_limits_owner", l.schema).each(func(scan scanFunc) error { return scan(&stranger) })
	if err := l.on.read(ctx, owner, l.texts.call("read_rate_limits")); err != nil {
		return lacking(err)
	}
	if stranger != "" {
		return store.Errorf("read_rate_limits", store.ErrInternal, "%w: table passport_rate_limits belongs to role %q, "+
			"whose triggers would run as this one: drop the table, and let that role run Limiter.Migrate if it is to own it",
			ErrSchema, stranger)
	}
	return nil
}

// Migrate makes the table if it is not there. The schema must be there. Like
// the function [Migrate] it may be called at every start, by any number of
// processes at once.
func (l *Limiter) Migrate(ctx context.Context) error {
	const missing = undefinedTable
	var detail *store.Error
	if err := l.Check(ctx); err == nil || !errors.As(err, &detail) || detail.SQLState != missing {
		return err
	}
	err := l.host.migrate(ctx, func(tx schemaTx) error {
		if err := tx.exec(ctx, pinPath.name, pinPath.sql); err != nil {
			return err
		}
		return tx.exec(ctx, "create_rate_limits", l.in(createRateLimits))
	})
	if isThere(err) {
		return l.Check(ctx) // another process was faster
	}
	return err
}

// Each update of a row that finds room on its page costs no index entry.
const createRateLimits = `
create unlogged table if not exists {schema}.passport_rate_limits (
    prefix     text collate "C" not null,
    period     bigint not null,
    ends_at    bigint not null,
    counted_at bigint not null,
    calls      bigint not null,
    primary key (prefix, period)
) with (fillfactor = 50)`

// lacking adds what to do if the table is missing.
func lacking(err error) error {
	if errors.Is(err, ErrSchema) {
		return fmt.Errorf("the table of rate limits, which Limiter.Migrate makes: %w", err)
	}
	return err
}
