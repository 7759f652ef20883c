package pgtest

import (
	"errors"
	"testing"
)

// Own is a server that a test has to itself, to do to it what would end the
// tests of others.
type Own struct{ server *server }

// NewOwn starts a server of the test's own, which ends with the test. It is
// started also where PASSPORT_TEST_DATABASE_URL names one: that one is not
// ours to end. Its commits outlive [Own.Restart].
func NewOwn(tb testing.TB) *Own {
	tb.Helper()
	s := fromEnvironment()
	s.url = ""
	on, err := start(s)
	if err == nil {
		err = on.do(tb.Context(), "alter system set synchronous_commit = on")
		if err == nil {
			err = on.do(tb.Context(), "select pg_reload_conf()")
		}
		if err != nil {
			err = errors.Join(err, on.stop())
		}
	}
	if err != nil {
		tb.Fatal(noServer(err))
	}
	tb.Cleanup(func() {
		if err := on.stop(); err != nil {
			tb.Errorf("pgtest: %v", err)
		}
	})
	return &Own{on}
}

// New is the function [New] on this server; the database ends with it.
func (o *Own) New(tb testing.TB) string {
	tb.Helper()
	name, err := o.server.create(tb.Context(), o.server.template)
	if err != nil {
		tb.Fatalf("pgtest: %v", err)
	}
	return o.server.url(name)
}

// Stop ends the server as a crash would: at once, in the middle of its work. It
// may be called from any goroutine.
func (o *Own) Stop() error {
	return o.server.launcher.do("pg_ctl", "stop", "-D", "data", "-m", "immediate", "-w")
}

// Start starts the server that was stopped, at the same address, and returns
// when it has recovered.
func (o *Own) Start() error {
	return o.server.launcher.start(o.server.admin.Port())
}

// Restart is [Own.Stop] and [Own.Start].
func (o *Own) Restart() error {
	if err := o.Stop(); err != nil {
		return err
	}
	return o.Start()
}
