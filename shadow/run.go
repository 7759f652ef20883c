package shadow

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/passport-sdk/passport-go"
)

// Run compares the decisions about the addresses, as many at a time as
// [WithWorkers] allows, and yields the comparisons in the order of the
// addresses. A comparison is in the verdict once it is yielded. The source is
// asked again if its decision differs, unless [WithoutSecondLook] is set. Each
// question to it may take as long as a comparison; see [WithTimeout]. Between
// two addresses Run waits for the body of the loop, which can so set the pace.
//
// A problem with one address is Comparison.Err. An error that is yielded ends
// the run: the context's, or [passport.ErrMisconfigured] for a nil argument.
func (s *Shadow) Run(ctx context.Context, community int64, source Source, addresses iter.Seq[string]) iter.Seq2[Comparison, error] {
	return func(yield func(Comparison, error) bool) {
		if source == nil || addresses == nil {
			yield(Comparison{}, fmt.Errorf("comparing in community %d: %w: there is no source or no sequence of addresses", community, passport.ErrMisconfigured))
			return
		}
		var workers sync.WaitGroup
		defer workers.Wait()
		running, cancel := context.WithCancel(ctx)
		defer cancel()
		var waiting []chan Comparison
		deliver := func(most int) bool {
			for len(waiting) > most {
				c := <-waiting[0]
				waiting = waiting[1:]
				if err := ctx.Err(); err != nil {
					yield(Comparison{}, fmt.Errorf("comparing in community %d: %w", community, err))
					return false
				}
				s.report(ctx, &c)
				if !yield(c, nil) {
					return false
				}
			}
			return true
		}
		for address := range addresses {
			next := make(chan Comparison, 1)
			workers.Go(func() { next <- s.compareOne(running, community, source, address) })
			if waiting = append(waiting, next); !deliver(s.workers - 1) {
				return
			}
		}
		deliver(0)
	}
}

func (s *Shadow) compareOne(ctx context.Context, community int64, source Source, address string) Comparison {
	q := &question{community: community, address: address, ask: func(ctx context.Context) (Decision, error) { return source(ctx, address) }}
	q.fetch = func(ctx context.Context) (err error) {
		ctx, cancel := context.WithTimeout(ctx, s.timeout)
		defer cancel()
		q.first.asked = time.Now()
		q.first.Decision, err = source(ctx, address)
		q.first.took = time.Since(q.first.asked)
		return err
	}
	return s.judge(ctx, q)
}

// ShareOf returns a share, 0 to 1, of the addresses, in their order. It takes
// the same ones each time, by a digest of the address in lower case.
func ShareOf(addresses iter.Seq[string], share float64) iter.Seq[string] {
	return func(yield func(string) bool) {
		for address := range addresses {
			digest := sha256.Sum256([]byte(strings.ToLower(address)))
			place := float64(binary.BigEndian.Uint64(digest[:])) / math.MaxUint64
			if (place < share || share >= 1) && !yield(address) {
				return
			}
		}
	}
}
