package faults_test

import (
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/internal/reliability/wire"
)

// The points below are on a server of their own. Between two of its lives the
// lab must not use connections of the first.

const byRestart = "pg_ctl restart -m immediate: every process of the server is killed, and it recovers"

func restarted(p place) point {
	return point{
		name: "restarted " + p.String(), provoked: byRestart, outcome: byWay(p.lostAt), ownServer: true,
		run: func(t *testing.T, l *lab) {
			for _, by := range l.by {
				x := l.experiment(by, alice)
				by.renew()
				x.at(p.step, p.done, func(wire.Step) wire.Action {
					assert.NoError(t, l.own.Restart())
					l.Pool.Reset()
					return wire.Cut // what it had not sent, it will not send
				})
				assert.Empty(t, x.run(p.lostAt(by)), by.name)
			}
		},
	}
}

func restartedWhileIdle() point {
	return point{
		name: "restarted while idle", provoked: byRestart, outcome: unavailable.String() + "; or success, when the pool notices", ownServer: true,
		run: func(t *testing.T, l *lab) {
			for _, by := range l.by {
				x := l.experiment(by, alice)
				require.NoError(t, l.own.Restart())
				l.Pool.Reset()
				x.struck.Store(true)
				result, err := x.score()
				assert.Empty(t, x.judge(orSuccess(unavailable, err), result, err), by.name)
			}
		},
	}
}

func stopped() point {
	return point{
		name: "stopped", provoked: "the server is not there, and is started again afterwards", outcome: unavailable.String(), ownServer: true,
		run: func(t *testing.T, l *lab) {
			for _, by := range l.by {
				x := l.experiment(by, alice)
				require.NoError(t, l.own.Stop())
				_, err := x.score()
				assert.ErrorIs(t, err, unavailable.errs[0], by.name) // of the connections that there were
				x.struck.Store(true)
				result, err := x.score()
				require.NoError(t, l.own.Start())
				l.Pool.Reset()
				assert.Empty(t, x.judge(unavailable, result, err), by.name)
			}
		},
	}
}

func tooManyConnections() point {
	return point{
		name: "too many connections", provoked: "the role has all the connections that it may have", outcome: unavailable.String(), ownServer: true,
		run: func(t *testing.T, l *lab) {
			x := l.experiment(l.by[0], alice)
			x.exec("create role crowded login password 'crowded' connection limit 1")
			x.exec("grant pg_read_all_data, pg_write_all_data to crowded")
			crowded := *l
			crowded.World = l.In(t)
			crowded.URL = asUser(t, l.URL, url.UserPassword("crowded", "crowded"))
			first, err := pgx.Connect(t.Context(), crowded.URL)
			require.NoError(t, err)
			for i, by := range crowded.ways() {
				x := l.experiment(by, alice)
				x.struck.Store(true)
				result, err := x.score()
				x.way = l.by[i] // to repeat as somebody else
				assert.Empty(t, x.judge(unavailable, result, err), by.name)
			}
			require.NoError(t, first.Close(t.Context()))
		},
	}
}

func asUser(t *testing.T, address string, user *url.Userinfo) string {
	t.Helper()
	parsed, err := url.Parse(address)
	require.NoError(t, err)
	parsed.User = user
	return parsed.String()
}
