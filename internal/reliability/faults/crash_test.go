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
		run: func(x *experiment) {
			x.way.renew()
			x.at(p.step, p.done, func(wire.Step) wire.Action {
				assert.NoError(x.t, x.own.Restart())
				x.Pool.Reset()
				return wire.Cut // what it had not sent, it will not send
			})
			x.mustBe(p.lostAt(x.way))
		},
	}
}

func restartedWhileIdle() point {
	return point{
		name:      "restarted while idle",
		provoked:  byRestart,
		outcome:   unavailable.String() + "; or success, when the pool notices",
		ownServer: true,
		run: func(x *experiment) {
			require.NoError(x.t, x.own.Restart())
			x.Pool.Reset()
			x.struck.Store(true)
			result, err := x.score()
			x.mustHave(orSuccess(unavailable, err), result, err)
		},
	}
}

func stopped() point {
	return point{
		name:      "stopped",
		provoked:  "the server is not there, and is started again afterwards",
		outcome:   unavailable.String(),
		ownServer: true,
		run: func(x *experiment) {
			require.NoError(x.t, x.own.Stop())
			_, err := x.score()
			assert.ErrorIs(x.t, err, unavailable.errs[0], x.way.name) // of the connections that there were
			x.struck.Store(true)
			result, err := x.score()
			require.NoError(x.t, x.own.Start())
			x.Pool.Reset()
			x.mustHave(unavailable, result, err)
		},
	}
}

func tooManyConnections() point {
	return point{
		name:      "too many connections",
		provoked:  "the role has all the connections that it may have",
		outcome:   unavailable.String(),
		ownServer: true,
		ways:      (*lab).one,
		run: func(x *experiment) {
			x.exec("create role crowded login password 'crowded' connection limit 1")
			x.exec("grant pg_read_all_data, pg_write_all_data to crowded")
			crowded := *x.lab
			crowded.World = x.In(x.t)
			crowded.URL = asUser(x.t, x.URL, url.UserPassword("crowded", "crowded"))
			first, err := pgx.Connect(x.t.Context(), crowded.URL)
			require.NoError(x.t, err)
			for _, by := range crowded.ways() {
				x := x.experiment(by, alice)
				x.struck.Store(true)
				result, err := x.score()
				x.without()
				x.mustHave(unavailable, result, err)
			}
			require.NoError(x.t, first.Close(x.t.Context()))
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
