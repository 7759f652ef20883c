package pgstore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// pgxPool runs statements on connections of a pool, each unit of work as one
// pipelined batch: one round trip, and one implicit transaction. There is no
// BEGIN and COMMIT in it, so that a batch that fails is over when its answer
// arrives and leaves the connection fit for the next.
type pgxPool struct {
	pool *pgxpool.Pool
	// pin begins each transaction.
	pin      call
	renewals *renewals
}

func onPool(pool *pgxpool.Pool, pin call) pgxPool { return pgxPool{pool, pin, new(renewals)} }

func (p pgxPool) read(ctx context.Context, calls ...call) error {
	return p.send(ctx, reading, calls)
}

func (p pgxPool) write(ctx context.Context, calls []call) error {
	return p.send(ctx, committing, calls)
}

func (p pgxPool) migrate(ctx context.Context, work func(schemaTx) error) error {
	tx, err := p.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return explain(ctx, begin, connecting, err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // does nothing after a commit
	if err := work(pgxTx{tx}); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return explain(ctx, commit, committing, err)
	}
	return nil
}

func (p pgxPool) send(ctx context.Context, at stage, calls []call) error {
	conn, err := p.pool.Acquire(ctx)
	if err != nil {
		return explain(ctx, connect, connecting, err)
	}
	defer conn.Release()
	err = sendBatch(ctx, conn.Conn(), conn, at, slices.Concat([]call{p.pin}, calls))
	if p.renewals.take(err, int(p.pool.Stat().TotalConns())) {
		ctx, cancel := detached(ctx)
		defer cancel()
		_ = conn.Conn().Close(ctx) // Release then removes it from the pool
	}
	return err
}

// batcher is a connection or a transaction of pgx.
type batcher interface {
	SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults
}

// sendBatch sends the calls at once and reads their answers.
func sendBatch(ctx context.Context, conn *pgx.Conn, on batcher, at stage, calls []call) error {
	var batch pgx.Batch
	for i := range calls {
		batch.Queue(calls[i].sql, calls[i].args...)
	}
	results := on.SendBatch(ctx, &batch)
	op, err := receive(results, calls)
	if closing := results.Close(); err == nil {
		op, err = commit, closing
	}
	if err == nil {
		return nil
	}
	if conn.IsClosed() {
		err = fmt.Errorf("%w: %w", errConnectionClosed, err)
	}
	return explain(ctx, op, at, err)
}

// receive reads the answers of the calls in order, and returns the name of the
// one that failed.
func receive(results pgx.BatchResults, calls []call) (op string, err error) {
	for i := range calls {
		c := &calls[i]
		if err := receiveOne(results, c); err != nil {
			return failed(calls, c.name, err), err
		}
		if c.done != nil {
			c.done()
		}
	}
	return "", nil
}

func receiveOne(results pgx.BatchResults, c *call) error {
	if c.row == nil {
		_, err := results.Exec()
		return err
	}
	rows, err := results.Query()
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := c.row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// failed returns the name of the call that an error is about: where statements
// are prepared before the first is run, that need not be the one whose answer
// was awaited.
func failed(calls []call, awaited string, err error) string {
	if preparing, is := errors.AsType[pgx.ErrPreprocessingBatch](err); is {
		for i := range calls {
			if calls[i].sql == preparing.SQL() {
				return calls[i].name
			}
		}
	}
	return awaited
}
