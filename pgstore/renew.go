package pgstore

import (
	"errors"
	"sync"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// renewals decides which connections to a server of the other kind are closed,
// so that the pool opens others: those that cannot write, and those that are to
// a primary in the pool of a replica. A server that was demoted, or promoted,
// may keep its sessions open: each of those is closed when a call fails on it.
// Where new connections are no better, as in a pool that points at a replica,
// no more than were open at first are closed within each renewalPeriod.
type renewals struct {
	mu     sync.Mutex
	period time.Time // when the current period ends
	left   int       // how many more may be closed until then
}

const renewalPeriod = 30 * time.Second

// take reports whether the connection on which a call failed with the error is
// to be closed, in a pool with that many open connections.
func (r *renewals) take(err error, open int) bool {
	if !isReadOnly(err) && !errors.Is(err, errNoReplica) {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := time.Now(); now.After(r.period) {
		r.period, r.left = now.Add(renewalPeriod), open
	}
	r.left--
	return r.left >= 0
}

// isReadOnly reports whether the database refused a write because the
// transaction is read-only. A replica refuses to begin one that writes, as
// lib/pq does.
func isReadOnly(err error) bool {
	detail, is := errors.AsType[*store.Error](err)
	return is && (detail.SQLState == readOnlyTransaction || detail.SQLState == notSupported && detail.Op == begin)
}
