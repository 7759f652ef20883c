package shadow

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/passport-sdk/passport-go"
)

// Run compares the decisions about the addresses, one after the other, and
// yields the comparisons in their order. The source is asked again if its
// decision differs, unless [WithoutSecondLook] is set. Each question to it may
// take as long as a comparison; see [WithTimeout].
//
// A problem with one address is Comparison.Err. An error that is yielded ends
// the run: the context's, or [passport.ErrMisconfigured] for a nil argument.
func (s *Shadow) Run(ctx context.Context, community int64, source Source, addresses iter.Seq[string]) iter.Seq2[Comparison, error] {
	return func(yield func(Comparison, error) bool) {
		if source == nil || addresses == nil {
			yield(Comparison{}, fmt.Errorf("comparing in community %d: %w: there is no source or no sequence of addresses", community, passport.ErrMisconfigured))
			return
		}
		for address := range addresses {
			c := s.compareOne(ctx, community, source, address)
			if err := ctx.Err(); err != nil {
				yield(Comparison{}, fmt.Errorf("comparing in community %d: %w", community, err))
				return
			}
			if !yield(c, nil) {
				return
			}
		}
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
