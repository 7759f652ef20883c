package storetest_test

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go/internal/brokenstore"
	"github.com/passport-sdk/passport-go/store"
)

// listsAddresses is a store whose pages of addresses are changed.
func listsAddresses(change func([]store.Address) []store.Address) broken {
	return returns("ListAddresses", change)
}

// listsFor is a store that lists the addresses of another query.
func listsFor(change func(q *store.AddressQuery)) broken {
	return given("ListAddresses", func(q store.AddressQuery) store.AddressQuery {
		change(&q)
		return q
	})
}

// listsIn is a store that lists the addresses of another content.
func listsIn(change func(q store.AddressQuery, s *store.State)) broken {
	return func(b *brokenstore.Store) {
		b.On.ListAddresses = func(ctx context.Context, q store.AddressQuery) ([]store.Address, error) {
			return b.Like(func(s *store.State) { change(q, s) }).ListAddresses(ctx, q)
		}
	}
}

// listsScores is a store that takes scores for others than they are.
func listsScores(change func(s *store.StoredScore)) broken {
	return listsIn(func(_ store.AddressQuery, s *store.State) {
		for i := range s.Scores {
			change(&s.Scores[i])
		}
	})
}

// brokenAddresses are stores that list addresses wrongly.
var brokenAddresses = map[string]fault{
	"lists addresses by the alphabet": {"addresses/addresses are in the order of their bytes", listsAddresses(func(listed []store.Address) []store.Address {
		danish := func(a store.Address) string { return strings.ReplaceAll(string(a), "aa", "å") }
		slices.SortFunc(listed, func(a, b store.Address) int { return cmp.Compare(danish(a), danish(b)) })
		return listed
	})},
	"lists from the address on": {"addresses/After resumes behind an address", func(b *brokenstore.Store) {
		b.On.ListAddresses = func(ctx context.Context, q store.AddressQuery) ([]store.Address, error) {
			listed, err := b.Good.ListAddresses(ctx, q)
			if err == nil && q.After != "" {
				listed = append([]store.Address{q.After}, listed...)
			}
			return listed, err
		}
	}},
	"resumes at addresses that it has": {"addresses/After resumes behind an address that is not listed", func(b *brokenstore.Store) {
		b.On.ListAddresses = func(ctx context.Context, q store.AddressQuery) ([]store.Address, error) {
			every, err := b.Good.ListAddresses(ctx, store.AddressQuery{
				Community: q.Community, ScoredBefore: q.ScoredBefore, ExpiringBefore: q.ExpiringBefore, Limit: store.MaxPage,
			})
			if err == nil && q.After != "" && !slices.Contains(every, q.After) {
				return nil, nil
			}
			return b.Good.ListAddresses(ctx, q)
		}
	}},
	"lists one more address":     {"addresses/Limit is the number of addresses at most", listsFor(func(q *store.AddressQuery) { q.Limit += min(1, q.Limit, store.MaxPage-q.Limit) })},
	"lists one address less":     {"addresses/pages have each address once", listsFor(func(q *store.AddressQuery) { q.Limit = max(min(q.Limit, 1), q.Limit-1) })},
	"lists every address always": {"addresses/pages have each address once", listsFor(func(q *store.AddressQuery) { q.After = "" })},
	"misses addresses":           {"addresses/a community without addresses is no error", misses("ListAddresses")},
	"lists malformed addresses": {"addresses/malformed addresses are passed over", listsIn(func(_ store.AddressQuery, s *store.State) {
		valid := func(a store.Address) store.Address {
			if lower, err := store.ParseAddress(string(a)); err == nil && lower != a {
				return lower[:41] + "0"
			}
			return a
		}
		for i := range s.Credentials {
			s.Credentials[i].Address = valid(s.Credentials[i].Address)
		}
	})},
	"passes over a malformed address after it has counted it": {"addresses/malformed addresses are passed over", func(b *brokenstore.Store) {
		b.On.ListAddresses = func(ctx context.Context, q store.AddressQuery) ([]store.Address, error) {
			listed, err := b.Good.ListAddresses(ctx, q)
			between := func(c store.StoredCredential) bool {
				return !c.Address.Valid() && c.Address > q.After && len(listed) > 0 && c.Address < listed[0]
			}
			if err == nil && slices.ContainsFunc(b.Good.State().Credentials, between) {
				listed = listed[:len(listed)-1]
			}
			return listed, err
		}
	}},
	"lists as many addresses as it can": {"addresses/a malformed query of addresses is refused", listsFor(func(q *store.AddressQuery) { q.Limit = max(1, min(q.Limit, store.MaxPage)) })},
	"resumes after any text": {"addresses/a malformed query of addresses is refused", listsFor(func(q *store.AddressQuery) {
		if !q.After.Valid() {
			q.After = ""
		}
	})},
	"lists by the time of the score only": {"addresses/a malformed query of addresses is refused", listsFor(func(q *store.AddressQuery) {
		if !q.ScoredBefore.IsZero() {
			q.ExpiringBefore = time.Time{}
		}
	})},
	"lists no address where there is no community": {"addresses/addresses of no community are not found", hides("ListAddresses", store.ErrCommunityNotFound)},
	"lists addresses of deleted communities": {"addresses/addresses of no community are not found", listsIn(func(_ store.AddressQuery, s *store.State) {
		for i := range s.Communities {
			s.Communities[i].Deleted = false
		}
	})},
	"deletes what it has listed":           {"addresses/ListAddresses changes nothing", after("ListAddresses", func(s *store.State) { s.Scores = nil })},
	"lists addresses until it is too late": {"addresses/a context that has ended is the error", given("ListAddresses", context.WithoutCancel)},

	"lists an address for each credential": {"addresses/an address is listed once for all its credentials", func(b *brokenstore.Store) {
		b.On.ListAddresses = func(ctx context.Context, q store.AddressQuery) ([]store.Address, error) {
			listed, err := b.Good.ListAddresses(ctx, q)
			var each []store.Address
			for _, address := range listed {
				for _, c := range b.Good.State().Credentials {
					if c.Address == address {
						each = append(each, address)
					}
				}
			}
			return each[:min(len(each), q.Limit)], err
		}
	}},
	"lists addresses of deleted credentials": {"addresses/an address without a live credential is not listed", listsIn(func(_ store.AddressQuery, s *store.State) {
		each(func(c *store.StoredCredential) { c.Deleted = false })(s)
	})},
	"lists addresses of revoked credentials": {"addresses/an address without a live credential is not listed", listsIn(func(_ store.AddressQuery, s *store.State) {
		each(func(c *store.StoredCredential) { c.Revoked = false })(s)
	})},
	"lists addresses of its own credentials": {"addresses/an address without a live credential is not listed", listsIn(func(_ store.AddressQuery, s *store.State) {
		s.Credentials = slices.DeleteFunc(s.Credentials, func(c store.StoredCredential) bool { return c.Foreign })
	})},
	"lists addresses of credentials that are not read": {"addresses/a credential that is not read lists no address", listsIn(func(_ store.AddressQuery, s *store.State) {
		s.Credentials = slices.DeleteFunc(s.Credentials, func(c store.StoredCredential) bool { return c.Revoked })
	})},
	"lists addresses that have a score": {"addresses/an address is listed without regard to its scores", listsIn(func(_ store.AddressQuery, s *store.State) {
		s.Credentials = slices.DeleteFunc(s.Credentials, func(c store.StoredCredential) bool {
			return !slices.ContainsFunc(s.Scores, func(score store.StoredScore) bool { return score.Address == c.Address })
		})
	})},

	"lists scores of the time": {"addresses/ScoredBefore is later than the scoring", listsFor(func(q *store.AddressQuery) {
		if !q.ScoredBefore.IsZero() {
			q.ScoredBefore = q.ScoredBefore.Add(time.Microsecond)
		}
	})},
	"lists scores of the second": {"addresses/ScoredBefore is later than the scoring", listsFor(func(q *store.AddressQuery) { q.ScoredBefore = q.ScoredBefore.Truncate(time.Second) })},
	"lists scores that expire at the time": {"addresses/ExpiringBefore is later than the expiry", listsFor(func(q *store.AddressQuery) {
		if !q.ExpiringBefore.IsZero() {
			q.ExpiringBefore = q.ExpiringBefore.Add(time.Microsecond)
		}
	})},
	"lists scores that expire in the second": {"addresses/ExpiringBefore is later than the expiry", listsFor(func(q *store.AddressQuery) { q.ExpiringBefore = q.ExpiringBefore.Truncate(time.Second) })},
	"lists no failed scoring": {"addresses/ScoredBefore selects a scoring that failed", listsScores(func(s *store.StoredScore) {
		if s.Status == store.StatusError {
			s.Status, s.ScoredAt = store.StatusDone, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
		}
	})},
	"lists scorings that are done": {"addresses/ScoredBefore selects a scoring that is queued", listsScores(func(s *store.StoredScore) {
		if s.Status != store.StatusDone && s.Status != store.StatusError {
			s.Status, s.ScoredAt = store.StatusDone, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
		}
	})},
	"lists queued scorings by their time": {"addresses/ScoredBefore selects a scoring that is queued", listsScores(func(s *store.StoredScore) { s.Status = store.StatusDone })},
	"lists no score without a time": {"addresses/ScoredBefore selects a score without a time", listsScores(func(s *store.StoredScore) {
		if s.Status == store.StatusDone && s.ScoredAt.IsZero() {
			s.ScoredAt = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
		}
	})},
	"takes no expiry for an early one": {"addresses/ExpiringBefore selects no score without an expiry", listsScores(func(s *store.StoredScore) {
		if s.ExpiresAt.IsZero() {
			s.ExpiresAt = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
		}
	})},
	"lists addresses of every community": {"addresses/an address is selected by its score in the community", listsScores(func(s *store.StoredScore) { s.Community = 1 })},
	"lists scores of stamped addresses": {"addresses/an address is selected by its score without credentials", listsIn(func(_ store.AddressQuery, s *store.State) {
		s.Scores = slices.DeleteFunc(s.Scores, func(score store.StoredScore) bool {
			return !slices.ContainsFunc(s.Credentials, func(c store.StoredCredential) bool { return c.Address == score.Address && !c.Deleted })
		})
	})},
	"lists the first scores": {"addresses/a scoring takes its address off the list", func(b *brokenstore.Store) {
		apply, first := b.On.Apply, []store.StoredScore(nil)
		b.On.Apply = func(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
			first = b.Good.State().Scores
			return apply(ctx, c)
		}
		listsIn(func(_ store.AddressQuery, s *store.State) {
			if first != nil {
				s.Scores = first
			}
		})(b)
	}},
}
