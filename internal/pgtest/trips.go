package pgtest

import (
	"context"
	"net"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgxpool"
)

// CountTrips adds up the network round trips of a pool: the times that
// something is written to a connection after something was read from it.
func CountTrips(trips *atomic.Int64) func(*pgxpool.Config) {
	return func(c *pgxpool.Config) {
		// The pool asks a connection that was idle for a second whether it
		// still lives: on a slow machine that would be counted as well.
		c.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
		dial := c.ConnConfig.DialFunc
		c.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &countingConn{Conn: conn, trips: trips}, nil
		}
	}
}

type countingConn struct {
	net.Conn

	trips   *atomic.Int64
	writing atomic.Bool
}

func (c *countingConn) Write(b []byte) (int, error) {
	if !c.writing.Swap(true) {
		c.trips.Add(1)
	}
	return c.Conn.Write(b)
}

func (c *countingConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.writing.Store(false)
	}
	return n, err
}
