package histories

import (
	"context"
	"errors"
	"slices"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// doAll scores several wallets together, and records an operation for each, all
// of which are under way at once: to the checker they are by clients of their
// own. It reports whether all outcomes are known.
//
// They are one batch, or one each if the client may have several under way and
// is not in a transaction. If the run ends with an error, or the host's
// transaction does, a wallet may have been written that was not reported.
func (r *runner) doAll(ctx context.Context, client int, step Step, pause func()) bool {
	operations := r.operationsOf(client, step)
	workers := 1
	if step.Cancel == 0 && client < len(r.plan.Clients) { // not one that works alone, or goes on under another number
		workers = r.pace.workers(client)
	}
	from, call := since(r.clock()), r.ticks.Add(1)
	failed := r.subject.Do(ctx, Work{Pause: pause, On: func(ctx context.Context, on Store, alone bool) error {
		if alone {
			workers = 1
		}
		err := r.scoreAll(ctx, operations, on, pause, workers)
		if alone && err != nil { // the host undoes all of it
			for i := range operations {
				operations[i].Result, operations[i].Err = nil, nil
			}
		}
		return err
	}})
	to, known := since(r.clock()), true
	returned := r.ticks.Add(1)
	for i := range operations {
		op := &operations[i]
		op.From, op.Call, op.To, op.Return, op.Workers = from, call, to, returned, workers
		switch {
		case op.Err != nil:
			op.Ended = Failed
		case failed == nil:
			op.Ended = Done
		case op.Result != nil || step.Cancel > 0 || workers > 1 || errors.Is(failed, store.ErrUnknownOutcome):
			op.Ended, op.Err, op.Result, known = Unknown, failed, nil, false
		default:
			op.Ended, op.Err = Failed, failed
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.operations = append(r.operations, operations...)
	return known
}

// operationsOf returns an operation for each of the step's wallets.
func (r *runner) operationsOf(client int, step Step) []Operation {
	const apart = 1000 // more than a client has numbers
	operations := make([]Operation, 0, 1+len(step.Others))
	for i, wallet := range append([]int{step.Wallet}, step.Others...) {
		one := step
		one.Wallet, one.Others = wallet, nil
		operations = append(operations, Operation{Client: client + i*apart, Step: one, Batch: 1 + len(step.Others)})
	}
	return operations
}

// scoreAll scores the wallets of the operations, in one batch if there is one
// worker, and keeps the answers.
func (r *runner) scoreAll(ctx context.Context, operations []Operation, on Store, pause func(), workers int) error {
	step, addresses := operations[0].Step, make([]string, len(operations))
	for i := range operations {
		op := &operations[i]
		op.Result, op.Err = nil, nil // a host has begun again
		addresses[i] = string(r.plan.Wallets[op.Step.Wallet])
	}
	seen := &watched{Store: on, pause: pause, attempts: &operations[0].Attempts}
	next, batch := 0, len(addresses)
	if workers > 1 {
		batch = 1
	}
	var failed error
	for scored, err := range r.engineOf(step).On(seen).ScoreAll(ctx, step.Community, slices.Values(addresses),
		passport.WithWorkers(workers), passport.WithBatchSize(batch)) {
		if failed = err; err != nil {
			break
		}
		operations[next].Result, operations[next].Err = scored.Result, scored.Err
		next++
	}
	return errors.Join(seen.final, failed)
}
