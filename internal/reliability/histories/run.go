package histories

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sethvargo/go-retry"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/passporttest"
	"github.com/passport-sdk/passport-go/store"
)

// Run carries out the plan on the subject, and returns its history. When all
// clients are done the content is read; then every wallet is scored and looked
// at with no other client at work, and the content is read again. An error is
// of the run; [History.Check] finds those of the store.
func Run(ctx context.Context, plan *Plan, subject Subject, pace Pace) (*History, error) {
	r, err := newRunner(plan, subject, pace)
	if err != nil {
		return nil, err
	}

	alone := len(plan.Clients)
	r.alone(ctx, alone, plan.First)
	pace.clients(len(plan.Clients), func(client int) { r.client(ctx, client, plan.Clients[client]) })
	then, err := r.read(ctx)
	if err != nil {
		return nil, err
	}
	r.alone(ctx, alone, r.last())
	last, err := r.read(ctx)
	if err != nil {
		return nil, err
	}
	return &History{Plan: plan, Operations: r.operations, Readings: []Reading{then, last}, Alone: alone}, nil
}

// newRunner returns one with engines that have the options too.
func newRunner(plan *Plan, subject Subject, pace Pace, options ...passport.Option) (*runner, error) {
	r := &runner{plan: plan, subject: subject, pace: pace, now: Start()}
	for engine, size := range map[**passport.Engine]int{&r.engine: passport.DefaultCacheSize, &r.forgetful: 0} {
		var err error
		*engine, err = passport.New(nowhere{}, append([]passport.Option{
			passport.WithTrustedIssuers(issuer().DID()),
			passport.WithHumanPoints(passport.HumanPoints{}),
			passport.WithClock(r.clock),
			passport.WithRetry(backoff),
			passport.WithCacheSize(size),
		}, options...)...)
		if err != nil {
			return nil, err
		}
	}
	return r, r.sign()
}

// issuer signs the credentials of all plans.
func issuer() *passporttest.Issuer { return passporttest.NewIssuerFromSeed("histories") }

// backoff has the engine's usual number of attempts, without its long waits.
func backoff() retry.Backoff {
	const attempts, longest = 5, 2 * time.Millisecond
	return retry.WithMaxRetries(attempts, retry.BackoffFunc(func() (time.Duration, bool) {
		return rand.N(longest), false //nolint:gosec // it keeps rivals apart, and is no secret
	}))
}

// nowhere is the store of the engine that the clients' engines are made of.
type nowhere struct{ LinkedStore }

// runner carries out a plan.
type runner struct {
	plan    *Plan
	subject Subject
	pace    Pace
	// engine remembers what it has verified, forgetful does not.
	engine, forgetful *passport.Engine

	signed []store.CredentialInput

	ticks atomic.Int64 // orders calls and returns

	mu         sync.Mutex
	now        time.Time
	operations []Operation
}

func (r *runner) sign() error {
	for _, c := range r.plan.Credentials {
		nullifiers := make([]string, len(c.Nullifiers))
		for i, n := range c.Nullifiers {
			nullifiers[i] = r.plan.Nullifiers[n]
		}
		signed, err := issuer().Issue(string(r.plan.Wallets[c.Wallet]), c.Provider, "",
			passporttest.Nullifiers(nullifiers...), passporttest.ExpiresAt(Start().Add(c.Expires)))
		if err != nil {
			return err
		}
		input, err := passport.ReadCredential(signed)
		if err != nil {
			return err
		}
		r.signed = append(r.signed, input)
	}
	return nil
}

func (r *runner) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

// wait moves the clock on, never back.
func (r *runner) wait(until time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if until.After(r.now) {
		r.now = until
	}
}

// read reads the content.
func (r *runner) read(ctx context.Context) (Reading, error) {
	reading := Reading{Call: r.ticks.Add(1)}
	content, err := r.subject.Content(ctx, r.plan)
	if err != nil {
		return Reading{}, fmt.Errorf("seed %d: reading the content: %w", r.plan.Seed, err)
	}
	reading.Rows = newRows(r.plan, content)
	reading.Return, reading.At = r.ticks.Add(1), since(r.clock())
	return reading, nil
}

// last are the steps that look at everything once all clients are done.
func (r *runner) last() []Step {
	var steps []Step
	for wallet := range r.plan.Wallets {
		steps = append(steps, Step{Action: Credentials, Wallet: wallet})
		for _, community := range communities() {
			for _, action := range []Action{Latest, Claims, Preview, Score, Latest, Claims, Score} {
				steps = append(steps, Step{Action: action, Community: community, Wallet: wallet})
			}
			steps[len(steps)-1].Leave = true
		}
	}
	return steps
}

// alone does the steps one after the other, without pauses for other clients.
func (r *runner) alone(ctx context.Context, client int, steps []Step) {
	for i, step := range steps {
		r.do(ctx, client, fmt.Sprint("alone ", r.ticks.Load(), " ", i), step, func() {})
	}
}

// client does the steps of one client. After a scoring of unknown outcome it
// goes on under another number: to the checker that scoring is still under way.
func (r *runner) client(ctx context.Context, client int, steps []Step) {
	number := client
	for i, step := range steps {
		pause := func() { r.pace.pause(client) }
		pause()
		ctx, done := r.cancelling(ctx, client, step, &pause)
		known := r.do(ctx, number, fmt.Sprint(client, " ", i), step, pause)
		done()
		if !known {
			number += len(r.plan.Clients) + 1
		}
	}
}

// cancelling makes the context end after as many pauses as the step wants.
func (r *runner) cancelling(ctx context.Context, client int, step Step, pause *func()) (cancelled context.Context, done func()) {
	if step.Cancel == 0 {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	plain, pauses, stop := *pause, 0, func() {}
	*pause = func() {
		plain()
		if pauses++; pauses == step.Cancel {
			stop = r.pace.soon(client, cancel)
		}
	}
	return ctx, func() {
		stop()
		cancel()
	}
}

// do does one step and records it. It reports whether the outcome is known.
func (r *runner) do(ctx context.Context, client int, id string, step Step, pause func()) bool {
	if len(step.Others) > 0 {
		return r.doAll(ctx, client, step, pause)
	}
	op := Operation{Client: client, Step: step, From: since(r.clock()), Call: r.ticks.Add(1)}
	work := Work{Pause: pause, On: func(ctx context.Context, on Store, _ bool) error { return r.step(ctx, &op, on, pause) }}
	if step.Action == Score {
		op.Visit = fmt.Sprintf("seed %d, %s", r.plan.Seed, id)
		work.Visit = op.Visit
	}
	op.Err = r.subject.Do(ctx, work)
	op.Return, op.To = r.ticks.Add(1), since(r.clock())
	op.Ended = Done
	switch {
	case errors.Is(op.Err, store.ErrUnknownOutcome):
		op.Ended = Unknown
	case op.Err != nil:
		op.Ended = Failed
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.operations = append(r.operations, op)
	return op.Ended != Unknown
}

// engineOf returns the engine that does the step.
func (r *runner) engineOf(step Step) *passport.Engine {
	engine := r.engine
	if step.Forget {
		engine = r.forgetful
	}
	if step.Leave {
		engine = engine.LeavingUnchanged(Age)
	}
	return engine
}

// step does the operation's step, and keeps the answer.
func (r *runner) step(ctx context.Context, op *Operation, on Store, pause func()) (err error) {
	address := r.plan.Wallets[op.Step.Wallet]
	community := op.Step.Community
	engine := r.engineOf(op.Step).On(&watched{Store: on, pause: pause, attempts: &op.Attempts, lose: op.Step.Lose})
	switch op.Step.Action {
	case Score:
		op.Result, err = engine.Score(ctx, community, string(address))
	case Preview:
		op.Result, err = engine.Preview(ctx, community, string(address))
	case Latest:
		op.Latest, err = engine.Latest(ctx, community, string(address))
		if errors.Is(err, passport.ErrNeverScored) {
			op.Latest, err = nil, nil
		}
	case Claims:
		op.Claims, err = on.ListClaims(ctx, community, address)
	case Credentials:
		op.Page, err = on.ListCredentials(ctx, address, store.Page{Limit: store.MaxPage})
	case Add:
		err = on.AddCredentials(ctx, address, r.signed[op.Step.Credential])
	case Delete:
		op.Count, err = on.DeleteCredentials(ctx, address, op.Step.Provider)
	case Revoke:
		op.Count, err = on.RevokeCredentials(ctx, r.signed[op.Step.Credential].ProofValue)
	case Wait:
		r.wait(Start().Add(op.Step.Until))
	case Regroup: // is no work of a store
	}
	return err
}

// since returns the time in the plan's terms.
func since(t time.Time) time.Duration { return t.Sub(Start()) }
