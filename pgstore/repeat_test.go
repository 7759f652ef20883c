package pgstore

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// flaky fails the first attempts, in order, after it has given a row.
type flaky struct {
	failures []error
	attempts int
	// row reports whether a read gives its row before it fails.
	row bool
	// failed runs when an attempt has failed.
	failed func()
}

func (f *flaky) read(ctx context.Context, calls ...call) error { return f.run(ctx, calls, f.row) }

func (f *flaky) write(ctx context.Context, calls []call) error { return f.run(ctx, calls, true) }

func (f *flaky) run(ctx context.Context, calls []call, row bool) error {
	f.attempts++
	fails := f.attempts <= len(f.failures)
	if row || !fails {
		if err := calls[0].row(func(...any) error { return nil }); err != nil {
			return err
		}
	}
	if fails {
		if f.failed != nil {
			f.failed()
		}
		return explain(ctx, "upsert_score", committing, f.failures[f.attempts-1])
	}
	return nil
}

func counter(n *int) call {
	return call{name: "count", row: func(scanFunc) error { *n++; return nil }, again: func() { *n = 0 }}
}

func answer(code string) error { return &pgconn.PgError{Code: code, Message: "restart transaction"} }

// An attempt that is known not to have committed because transactions met is
// repeated; what the rows of the last attempt say holds.
func TestRepeating(t *testing.T) {
	t.Parallel()
	guarded := &pgconn.PgError{Code: invalidText, Message: guards["upsert_score"].text}
	for name, c := range map[string]struct {
		failures []error
		want     error
		attempts int
	}{
		"none":                           {nil, nil, 1},
		"serialization failures":         {[]error{answer("40001"), answer("40001")}, nil, 3},
		"a deadlock":                     {[]error{answer("40P01")}, nil, 2},
		"a unique name that is taken":    {[]error{answer("23505")}, store.ErrConflict, 1},
		"a guard":                        {[]error{guarded}, store.ErrConflict, 1},
		"an outcome that is not known":   {[]error{answer("40003")}, store.ErrUnknownOutcome, 1},
		"an answer that did not come":    {[]error{errors.New("unexpected EOF")}, store.ErrUnknownOutcome, 1},
		"first a conflict, then no more": {[]error{answer("40001"), answer("57P01")}, store.ErrUnavailable, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, on := 0, &flaky{failures: c.failures}
			err := repeating{on}.write(t.Context(), []call{counter(&n)})
			require.ErrorIs(t, err, c.want)
			assert.Equal(t, c.attempts, on.attempts)
			assert.Equal(t, 1, n, "the rows of earlier attempts are forgotten")
		})
	}
}

// A read that has taken rows is not repeated, since it cannot give them back.
func TestRepeating_Read(t *testing.T) {
	t.Parallel()
	for row, attempts := range map[bool]int{false: 2, true: 1} {
		n, on := 0, &flaky{failures: []error{answer("40001")}, row: row}
		err := repeating{on}.read(t.Context(), counter(&n))
		assert.Equal(t, row, errors.Is(err, store.ErrConflict))
		assert.Equal(t, attempts, on.attempts)
		assert.Equal(t, 1, n)
	}
}

// A context that ends is the end, while an attempt runs and between attempts,
// and nothing was written.
func TestRepeating_Cancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	n, on := 0, &flaky{failures: []error{answer("40001"), answer("40001")}, failed: cancel}
	err := repeating{on}.write(ctx, []call{counter(&n)})
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, store.ErrUnknownOutcome)
	assert.Equal(t, 1, on.attempts)

	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	on = &flaky{failures: slices.Repeat([]error{answer("40001")}, 20)}
	err = repeating{on}.write(ctx, []call{counter(&n)})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NotErrorIs(t, err, store.ErrConflict)
	assert.Less(t, on.attempts, 10)
}
