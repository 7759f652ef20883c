package passport

import (
	"context"
	"fmt"
	"iter"

	"github.com/passport-sdk/passport-go/internal/problems"
	"github.com/passport-sdk/passport-go/store"
)

// Scored is the outcome of one address in a bulk run: a Result, or the Err that
// the address alone met.
type Scored struct {
	Address string // as it was given
	Result  *Result
	Err     error
}

// BulkOption configures [Engine.ScoreAll] and [Engine.Rescore].
type BulkOption func(*bulkSettings)

type bulkSettings struct{ workers, size int }

// The defaults of bulk runs.
const (
	DefaultWorkers   = 2
	DefaultBatchSize = 50
)

// WithWorkers sets how many batches are written at the same time, 1 to 64,
// while as many are loaded and verified: each worker uses up to two connections
// of a pool. Signatures are checked on all processors whatever the number. The
// default is [DefaultWorkers].
func WithWorkers(n int) BulkOption {
	return func(s *bulkSettings) { s.workers = n }
}

// WithBatchSize sets how many wallets share a Load and an Apply, 1 to 1000. The
// default is [DefaultBatchSize]. Larger batches save little and lose more to a
// race. A batch whose wallets have more than 1000 with those of their groups is
// halved.
func WithBatchSize(wallets int) BulkOption {
	return func(s *bulkSettings) { s.size = wallets }
}

// mostWallets is the number of wallets that are loaded and written at once.
const mostWallets = 1000

func newBulkSettings(options []BulkOption) (bulkSettings, error) {
	s := bulkSettings{workers: DefaultWorkers, size: DefaultBatchSize}
	problems.Apply(&s, options)
	const mostWorkers = 64
	found := problems.New(ErrMisconfigured)
	problems.CheckRange(found, "WithWorkers", s.workers, 1, mostWorkers)
	problems.CheckRange(found, "WithBatchSize", s.size, 1, mostWallets)
	return s, found.Err()
}

// ScoreAll scores the addresses in the community as [Engine.Score] does, many
// at a time, and yields an outcome for each, in their order and with
// Result.Before. It takes addresses as it needs them, so that its memory does
// not grow with their number. With [Engine.LeavingUnchanged] it writes only
// what has changed.
//
// Wallets of one batch are read together, decided one after the other in their
// order, and written in one transaction. If that fails the batch is halved and
// both halves are tried again, so that neither a lost race nor a faulty wallet
// costs another its score. The wallet that remains is scored by itself, and its
// error is Scored.Err: the errors of Score, [ErrInvalidAddress] among them. An
// address that is given again is scored again, later. Linked wallets of one
// batch are scored once.
//
// An error that is yielded ends the run: one of the context;
// [ErrCommunityNotFound]; a *[ScoringError] if the community's terms cannot be
// read, which is not recorded, so that a run does not overwrite good scores;
// store.ErrUnavailable, store.ErrUnknownOutcome and [ErrGroups] once the retry
// policy gives up; a lost race that is final (store.Error.Final), after which a
// host's transaction has to begin again; store.ErrReadOnly; store.ErrSchema and
// a refused login or right; and [ErrMisconfigured] for an option out of range.
// Its Scored is empty. All outcomes that were yielded before are final; of the
// addresses after them some may have been written. To resume, begin after the
// last outcome.
//
// Breaking out of the loop cancels what is under way, and leaves no goroutine
// behind. The iterator of the addresses and the loop run on the caller's
// goroutine. The sequence can be used more than once, if addresses can.
func (e *Engine) ScoreAll(ctx context.Context, community int64, addresses iter.Seq[string], options ...BulkOption) iter.Seq2[Scored, error] {
	return func(yield func(Scored, error) bool) {
		if addresses == nil {
			yield(Scored{}, fmt.Errorf("scoring community %d: %w: there is no sequence of addresses", community, ErrMisconfigured))
			return
		}
		e.bulk(ctx, community, func(context.Context) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) {
				for address := range addresses {
					if !yield(address, nil) {
						return
					}
				}
			}
		}, options, yield)
	}
}

// Rescore scores the addresses that the query selects, in the order of their
// bytes, as [Engine.ScoreAll] does, while it lists them. The query's After
// resumes a run: everything up to the last address that was yielded is done.
// Its Limit is ignored.
//
// Its errors are those of ScoreAll and of [Engine.Addresses].
func (e *Engine) Rescore(ctx context.Context, q store.AddressQuery, options ...BulkOption) iter.Seq2[Scored, error] {
	return func(yield func(Scored, error) bool) {
		e.bulk(ctx, q.Community, func(ctx context.Context) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) {
				for address, err := range e.Addresses(ctx, q) {
					if !yield(string(address), err) {
						return
					}
				}
			}
		}, options, yield)
	}
}

// Addresses yields the addresses that the query selects, all that are above its
// After, in the order of their bytes, and reads them page by page. The query's
// Limit is ignored. An error ends the sequence, which can be used more than
// once.
//
// Its errors are store.ErrInvalid for a query that is not valid;
// [ErrCommunityNotFound]; store.ErrUnavailable once the retry policy gives up;
// [ErrMisconfigured] on a store without the role [store.AddressLister]; and the
// context's.
func (e *Engine) Addresses(ctx context.Context, q store.AddressQuery) iter.Seq2[Address, error] {
	return func(yield func(Address, error) bool) {
		lister, has := e.store.(store.AddressLister)
		if !has {
			yield("", fmt.Errorf("%w: Addresses needs a store with the role store.AddressLister, which %T lacks", ErrMisconfigured, e.store))
			return
		}
		q := q // the sequence may be used again
		q.Limit = store.MaxPage
		for more := true; more; {
			page, err := repeat(ctx, e.settings.backoff, isAway, func(ctx context.Context) ([]Address, error) {
				return lister.ListAddresses(ctx, q)
			})
			if err != nil {
				yield("", fmt.Errorf("listing the addresses: %w", err))
				return
			}
			for _, address := range page {
				if address <= q.After { // a store that repeats itself would never end
					yield("", fmt.Errorf("listing the addresses: %w: the store listed them out of order", store.ErrInternal))
					return
				}
				if q.After = address; !yield(address, nil) {
					return
				}
			}
			more = len(page) >= q.Limit
		}
	}
}
