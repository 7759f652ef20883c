package faults_test

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/credential"
	"github.com/passport-sdk/passport-go/internal/reliability/wire"
	"github.com/passport-sdk/passport-go/internal/reliability/world"
	"github.com/passport-sdk/passport-go/pgstore"
	"github.com/passport-sdk/passport-go/store"
)

// inVictim is the variable that makes a test binary a victim, a process that
// scores once and is killed while it does.
const inVictim = "FAULTS_VICTIM"

// victim is the plan of a victim.
type victim struct {
	URL, Issuer, Driver string
	// Addresses are scored in one batch if there are several.
	Addresses []string
	// Known has it score once before, and Linked has it know groups.
	Known, Linked bool
	// Stop is the place where it stops and says so, "" for none.
	Stop string
}

// The places in the program at which a victim can stop. The others are steps of
// the conversation, at which the proxy holds it up.
const (
	beforeLoad = "before Load"
	afterLoad  = "after Load"
	verifying  = "while verifying"
	beforeSave = "before Apply"
	afterSave  = "after Apply"
)

func beVictim(plan string) {
	var v victim
	if err := json.Unmarshal([]byte(plan), &v); err != nil {
		panic(err)
	}
	if err := v.score(); err != nil {
		panic(err)
	}
	fmt.Println("has scored")
}

func (v *victim) score() error {
	on, err := v.store()
	if err != nil {
		return err
	}
	capped := passport.MetaMaskOG()
	capped.Limit = world.Limit
	c := course{addresses: v.Addresses, linked: v.Linked}
	engine, err := passport.New(stopping{on, v}, append(c.options(),
		passport.WithTrustedIssuers(v.Issuer),
		passport.WithHumanPoints(passport.HumanPoints{Capped: capped}),
		passport.WithVerifier(stoppingVerifier{v}),
		passport.WithClock(func() time.Time { return noon }))...)
	if err != nil {
		return err
	}
	if v.Known {
		if _, err := c.score(context.Background(), engine); err != nil {
			return err
		}
	}
	_, err = c.score(context.Background(), engine)
	return err
}

func (v *victim) store() (*pgstore.Store, error) {
	if v.Driver == "" {
		pool, err := pgxpool.New(context.Background(), v.URL)
		return pgstore.New(pool), err
	}
	db, err := sql.Open(v.Driver, v.URL)
	return pgstore.NewDB(db), err
}

// stop prints the place and waits to be killed, if the victim is to stop there.
func (v *victim) stop(at string) {
	if v.Stop == at {
		fmt.Println(at)
		select {}
	}
}

type stopping struct {
	*pgstore.Store

	victim *victim
}

func (s stopping) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	s.victim.stop(beforeLoad)
	snapshot, err := s.Store.Load(ctx, q)
	s.victim.stop(afterLoad)
	return snapshot, err
}

func (s stopping) Apply(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
	s.victim.stop(beforeSave)
	receipt, err := s.Store.Apply(ctx, c)
	s.victim.stop(afterSave)
	return receipt, err
}

type stoppingVerifier struct{ victim *victim }

func (s stoppingVerifier) Verify(ctx context.Context, signed *credential.Signed, now time.Time) error {
	s.victim.stop(verifying)
	return (&credential.Verifier{}).Verify(ctx, signed, now)
}

// running is a victim's process.
type running struct {
	cmd    *exec.Cmd
	output *bufio.Scanner
}

// begin starts a victim.
func (x *experiment) begin(stop string) *running {
	x.t.Helper()
	plan, err := json.Marshal(victim{
		URL: x.way.url, Issuer: x.Issuer.DID(), Driver: x.way.driver, Stop: stop,
		Addresses: x.course.addresses, Known: x.course.known, Linked: x.course.linked,
	})
	require.NoError(x.t, err)
	cmd := exec.CommandContext(x.ctx, os.Args[0])
	cmd.Env = append(os.Environ(), inVictim+"="+string(plan))
	cmd.Stderr = os.Stderr
	output, err := cmd.StdoutPipe()
	require.NoError(x.t, err)
	require.NoError(x.t, cmd.Start())
	return &running{cmd, bufio.NewScanner(output)}
}

// kill kills the victim, and returns when it is dead.
func (r *running) kill(t *testing.T) {
	assert.NoError(t, r.cmd.Process.Kill())
	for r.output.Scan() {
		t.Logf("its last words: %s", r.output.Text())
	}
	assert.EqualError(t, r.cmd.Wait(), "signal: killed")
}

// killed are the points at which the process is killed.
func killed() []point {
	var all []point
	for _, stop := range []string{beforeLoad, afterLoad, verifying, beforeSave, afterSave} {
		all = append(all, killedInProgram(stop))
	}
	for _, p := range places() {
		all = append(all, p.kill())
	}
	return append(all, killedWithItsBatchUnderWay())
}

const bySIGKILL = "a process of its own that scores is killed with SIGKILL"

func killedInProgram(stop string) point {
	want := outcome{nil, nothing}
	if stop == afterSave {
		want.effect = everything
	}
	return point{
		name: "killed " + stop, provoked: bySIGKILL, outcome: string(want.effect) + " written",
		run: func(x *experiment) {
			process := x.begin(stop)
			x.struck.Store(process.output.Scan() && process.output.Text() == stop)
			process.kill(x.t)
			x.mustLeave(want)
		},
	}
}

func (p place) kill() point {
	return point{
		name: "killed " + p.String(), provoked: bySIGKILL, outcome: byWayEffect(p),
		run: func(x *experiment) {
			x.killAt(p, 0, wire.Cut) // the kernel closes its connections
			x.mustLeave(p.lostAt(x.way))
		},
	}
}

// killAt kills a victim some time after it has come to the place, and then
// takes the action.
func (x *experiment) killAt(p place, after time.Duration, then wire.Action) {
	var process *running
	started, dead := make(chan struct{}), make(chan struct{})
	x.at(p.step, p.done, func(wire.Step) wire.Action {
		defer close(dead)
		<-started
		time.Sleep(after)
		process.kill(x.t)
		return then
	})
	process = x.begin("")
	close(started)
	select {
	case <-dead:
	case <-x.ctx.Done():
	}
}

func byWayEffect(p place) string { return string(p.lostAt(&way{}).effect) + " written" }

// killedWithItsBatchUnderWay is a process that is killed when its writes may
// have been sent: they arrive without it.
func killedWithItsBatchUnderWay() point {
	want := outcome{nil, either}
	return point{
		name:     "killed with its batch under way",
		provoked: bySIGKILL + ", and what it has sent arrives",
		outcome:  string(want.effect) + " written",
		ways:     (*lab).one,
		run: func(x *experiment) {
			// Long enough to have sent it, or not.
			x.killAt(place{"upsert_passport", false}, 20*time.Millisecond, wire.Pass)
			x.mustLeave(want)
		},
	}
}
