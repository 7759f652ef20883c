package pgstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// WithReplica has reads that may lag go to a streaming replica, while it lags
// by at most maxLag, and otherwise to the primary: those of Preview, Latest and
// plans; a score of the past, claims, group claims, points and lists of
// addresses; and Load, ListCredentials and ListEvents if their argument has
// MayLag. With passport.WithLaggingLoads the first read of a scoring has it. A
// nil replica is none; a negative maxLag makes every call fail.
//
// Everything else stays on the primary: what is written, the retry of a scoring
// that lost a race, API keys, and all in a transaction of the host.
// [Store.Primary] has all reads there, such as one that must see what was
// written just before.
//
// The replica says in the round trip of a read how far it lags. It has caught
// up when it is connected to its primary and has replayed what it received, so
// that a primary without work does not look like one that is far ahead.
// Otherwise its lag is the age of the last commit that it replayed, by its own
// clock. A silent network is noticed when wal_receiver_timeout has passed.
//
// A read goes to the primary when the replica is away, refuses it, does not
// begin to answer within 3 seconds, does not find what is asked for, lags more,
// or is no longer a replica. After all but a row that is not there the replica
// is left alone for a second, and then one read tries it. So a store needs no
// change when the replica has become the primary. Connections to a server that
// turns out to be no replica are closed, as in a failover; the pool should
// prefer a standby (target_session_attrs=prefer-standby).
//
// The replica must be a physical one, whose rows are stored as the primary's
// are. A logical one is not in recovery, so that nothing is read there.
func WithReplica[D Database](replica D, maxLag time.Duration) Option {
	return func(c *config) {
		if c.maxLag = maxLag; replica != nil {
			c.replica = func(pin call) executor { return executorOn(replica, pin) }
		}
	}
}

// Primary returns the same store without its replica. It is cheap.
func (s *Store) Primary() *Store {
	return &Store{id: s.id, on: s.on, texts: s.texts}
}

// Lag asks the replica in one round trip how far it lags; see [WithReplica]. It
// is 0 for a store without one. The error is store.ErrUnavailable if the server
// cannot be reached, is no replica, or has replayed nothing since it started;
// or store.ErrInternal, or the context's own.
func (s *Store) Lag(ctx context.Context) (time.Duration, error) {
	if s.replica == nil {
		return 0, nil
	}
	lag, c := time.Duration(0), measureLag
	err := s.replica.on.read(ctx, c.each(func(scan scanFunc) (err error) {
		lag, err = scanLag(scan)
		return err
	}))
	if errors.Is(err, errNoReplica) || errors.Is(err, errNoLag) {
		err = store.Errorf(measureLag.name, store.ErrUnavailable, "%w", err)
	}
	return lag, err
}

// measureLag reads how far a replica lags, in microseconds: -1 on a server that
// is none, NULL if it is not known. Every role may see that there is a
// receiver, by its process.
var measureLag = call{name: "measure_lag", sql: `
select case
         when not pg_catalog.pg_is_in_recovery() then -1
         when pg_catalog.pg_last_wal_receive_lsn() <= pg_catalog.pg_last_wal_replay_lsn()
              and exists (select from pg_catalog.pg_stat_get_wal_receiver() r where r.pid is not null) then 0
         else extract(epoch from pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp()) * 1000000
       end::bigint`}

var (
	errNoReplica = errors.New("the server is not a replica: it is not in recovery")
	errNoLag     = errors.New("the replica has replayed nothing since it started, so its lag is not known")
	errBehind    = errors.New("the replica lags more than it may")
)

// scanLag reads the row of measureLag.
func scanLag(scan scanFunc) (time.Duration, error) {
	var microseconds *int64
	if err := scan(&microseconds); err != nil {
		return 0, err
	}
	switch {
	case microseconds == nil:
		return 0, errNoLag
	case *microseconds == -1:
		return 0, errNoReplica
	}
	return max(0, time.Duration(*microseconds)*time.Microsecond), nil // its clock may be behind
}

const (
	replicaPatience = 3 * time.Second
	replicaPause    = time.Second
)

// replica is a server that follows the primary.
type replica struct {
	on     executor
	maxLag time.Duration

	mu sync.Mutex
	// resting is until when no read goes there, zero if it answered last.
	resting time.Time
}

// try is a try to read on a replica, whose context the patience ends while no
// answer has come.
type try struct {
	*replica

	patience *time.Timer
}

// read fails unless the replica lags by at most maxLag. The lag is read first:
// what is read after it can only be newer.
func (t try) read(ctx context.Context, calls ...call) error {
	t.patience.Reset(replicaPatience)
	measure := measureLag.each(func(scan scanFunc) error {
		t.patience.Stop()
		lag, err := scanLag(scan)
		if err == nil && lag > t.maxLag {
			err = fmt.Errorf("%w: by %v", errBehind, lag)
		}
		return err
	})
	return t.on.read(ctx, append([]call{measure}, calls...)...)
}

// write does nothing: reads alone are sent to a replica.
func (try) write(_ context.Context, calls []call) error {
	return store.Errorf(calls[0].name, store.ErrReadOnly, "a replica is for reads")
}

// admits reports whether a read should go to the replica. When a rest is over
// it does so once, and the others wait for how that went.
func (r *replica) admits() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.resting.IsZero() {
		return true
	}
	now := time.Now()
	if now.Before(r.resting) {
		return false
	}
	r.resting = now.Add(replicaPatience)
	return true
}

// judge lets the replica rest if a read failed for another reason than what it
// asked for or, on a replica that replays, a conflict with that.
func (r *replica) judge(err error) {
	rest := err != nil
	for _, answer := range []error{store.ErrInvalid, store.ErrNotFound, store.ErrCommunityNotFound, store.ErrConflict} {
		rest = rest && !errors.Is(err, answer)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.resting = (time.Time{}); rest {
		r.resting = time.Now().Add(replicaPause)
	}
}

// lagging returns what the function reads on the replica or, where there is
// none or that fails, on the primary. It may run twice, and must begin from the
// start each time.
func lagging[T any](ctx context.Context, s *Store, read func(ctx context.Context, on executor) (T, error)) (T, error) {
	if s.replica == nil || !s.replica.admits() {
		return read(ctx, s.on)
	}
	within, cancel := context.WithCancel(ctx)
	defer cancel()
	t := try{s.replica, time.AfterFunc(replicaPatience, cancel)}
	defer t.patience.Stop()
	result, err := read(within, t)
	if ctx.Err() == nil {
		s.replica.judge(err)
	}
	if err == nil || ctx.Err() != nil {
		return result, err
	}
	return read(ctx, s.on)
}

// mayLag returns the store or, if its reads may not lag, its primary.
func (s *Store) mayLag(may bool) *Store {
	if may || s.replica == nil {
		return s
	}
	return s.Primary()
}

// listLagging is [readRows] as lagging reads.
func listLagging[T any](ctx context.Context, s *Store, c call, scan func(scanFunc) (T, error)) ([]T, error) {
	return lagging(ctx, s, func(ctx context.Context, on executor) ([]T, error) { return readRows(ctx, on, c, scan) })
}
