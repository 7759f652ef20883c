package passportlambda

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// The pool of pgx pings what was idle for a second. Beyond that, these are how
// long a connection may take to answer after a freeze.
const (
	longIdle    = time.Second
	pingTimeout = time.Second
)

// PingAfterFreeze configures a pool, such as that of pgstore.OpenPool, so that
// the first request after a freeze has a connection that works. The database,
// or a router in between, may have ended a connection while the process was
// frozen, and the process's clock may not show for how long that was. So the
// pool pings a connection that was last used before the invocation began, which
// costs one round trip for each invocation, and replaces one that does not
// answer within a second.
func PingAfterFreeze(config *pgxpool.Config) {
	config.PingTimeout = pingTimeout
	config.ShouldPing = func(ctx context.Context, connection pgxpool.ShouldPingParams) bool {
		began, is := ctx.Value(beganKey{}).(time.Time)
		return connection.IdleDuration > longIdle || is && connection.IdleDuration > time.Since(began)
	}
}

// beganKey is the key of the time when an invocation began, in its context.
type beganKey struct{}
