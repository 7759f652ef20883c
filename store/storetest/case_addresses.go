package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/passport-sdk/passport-go/store"
)

// addressesOf returns a page of the addresses of the community.
func (w *world) addressesOf(q store.AddressQuery) []store.Address {
	w.t.Helper()
	q.Community = community
	listed, err := role[store.AddressLister](w).ListAddresses(w.ctx, q)
	require.NoError(w.t, err)
	assert.LessOrEqual(w.t, len(listed), q.Limit)
	return listed
}

// selects demands that the query selects these addresses, in their order.
func (w *world) selects(q store.AddressQuery, want ...store.Address) {
	w.t.Helper()
	if q.Limit == 0 {
		q.Limit = store.MaxPage
	}
	assert.Equal(w.t, slices.Concat([]store.Address{}, want), slices.Concat([]store.Address{}, w.addressesOf(q)))
}

// The queries of each kind, at noon.
var (
	all        = store.AddressQuery{}
	stale      = store.AddressQuery{ScoredBefore: noon}
	expiring   = store.AddressQuery{ExpiringBefore: noon}
	everyQuery = []store.AddressQuery{all, stale, expiring}
)

// listable seeds wallets that every query selects.
func (w *world) listable(addresses ...store.Address) {
	w.t.Helper()
	w.edit(func(s *store.State) {
		s.Credentials, s.Scores = nil, nil
		for i, address := range addresses {
			s.Credentials = append(s.Credentials, stored(int64(i+1), address, "Google"))
			s.Scores = append(s.Scores, scoredAt(address, years(-2), years(-1)))
		}
	})
}

func scoredAt(address store.Address, scored, expires time.Time) store.StoredScore {
	return scoreOf(func(s *store.StoredScore) { s.Address, s.ScoredAt, s.ExpiresAt = address, scored, expires })
}

// numberedAddress returns an address; a higher number has a higher one.
func numberedAddress(n int) store.Address { return store.Address(fmt.Sprintf("0x%040x", n)) }

// collated are addresses in an order that is not that of every language: "aa"
// is a letter at the end of the Danish alphabet.
func collated() (addresses []store.Address) {
	for _, digits := range []string{"0", "0a", "0aa", "2", "10", "a0", "aa", "ab", "f0", "ff", strings.Repeat("f", 40)} {
		addresses = append(addresses, store.Address("0x"+digits+strings.Repeat("0", 40-len(digits))))
	}
	return addresses
}

func addressCases() []Case {
	return slices.Concat(addressPageCases(), stampedAddressCases(), scoredAddressCases())
}

// addressPageCases are about the pages of every query.
func addressPageCases() []Case {
	return []Case{
		{Name: "addresses are in the order of their bytes", run: func(w *world) {
			want := slices.Sorted(slices.Values(collated()))
			w.listable(reversed(want)...)
			for _, q := range everyQuery {
				w.selects(q, want...)
			}
		}},
		{Name: "After resumes behind an address", run: func(w *world) {
			want := slices.Sorted(slices.Values(collated()))
			w.listable(want...)
			for _, q := range everyQuery {
				for i, address := range want {
					q.After = address
					w.selects(q, want[i+1:]...)
				}
			}
		}},
		{Name: "After resumes behind an address that is not listed", run: func(w *world) {
			w.listable(numberedAddress(10), numberedAddress(20), numberedAddress(30))
			for _, q := range everyQuery {
				q.After = numberedAddress(15)
				w.selects(q, numberedAddress(20), numberedAddress(30))
				q.After = numberedAddress(1)
				w.selects(q, numberedAddress(10), numberedAddress(20), numberedAddress(30))
				q.After = numberedAddress(31)
				w.selects(q)
			}
		}},
		{Name: "Limit is the number of addresses at most", run: func(w *world) {
			w.listable(alice, bob, carol)
			for _, q := range everyQuery {
				for limit, want := range [][]store.Address{1: {alice}, 2: {alice, bob}, 3: {alice, bob, carol}, 4: {alice, bob, carol}} {
					if q.Limit = limit; limit > 0 {
						w.selects(q, want...)
					}
				}
			}
		}},
		{Name: "pages have each address once", run: func(w *world) {
			const wallets = 2*store.MaxPage + 100
			var want []store.Address
			for n := range wallets {
				want = append(want, numberedAddress(n*n))
			}
			w.listable(want...)
			for _, q := range everyQuery {
				for _, q.Limit = range []int{wallets/7 + 1, store.MaxPage} {
					q.After = ""
					var got []store.Address
					for len(got) <= wallets {
						page := w.addressesOf(q)
						got = append(got, page...)
						if len(page) < q.Limit {
							break
						}
						q.After = page[len(page)-1]
					}
					assert.True(w.t, slices.Equal(want, got), "%d of %d addresses", len(got), wallets)
				}
			}
		}},
		{Name: "a community without addresses is no error", run: func(w *world) {
			w.listable()
			for _, q := range everyQuery {
				w.selects(q)
			}
		}},
		{Name: "malformed addresses are passed over", run: func(w *world) {
			var mixed []store.Address
			for n := range 30 {
				valid := numberedAddress(16*n + 10)
				mixed = append(mixed, upper(valid), valid, valid[:41], valid+"0", valid[:41]+"g", "0X"+valid[2:])
			}
			w.listable(append(mixed, "", "0x", "alice", "0y"+alice[2:], "0", "\xc3\xa5"+alice[2:])...)
			for _, q := range everyQuery {
				for n := range 30 {
					q.Limit = 1
					w.selects(q, numberedAddress(16*n+10))
					q.After = numberedAddress(16*n + 10)
				}
				w.selects(q)
			}
		}},
		{Name: "a malformed query of addresses is refused", run: func(w *world) {
			w.listable(alice)
			for _, q := range []store.AddressQuery{
				{},
				{Limit: -1},
				{Limit: store.MaxPage + 1},
				{Limit: 1, After: "alice"},
				{Limit: 1, After: upper(alice)},
				{Limit: 1, After: alice + "0"},
				{Limit: 1, After: alice[:41] + "\x00"},
				{Limit: 1, ScoredBefore: noon, ExpiringBefore: noon},
			} {
				q.Community = community
				listed, err := role[store.AddressLister](w).ListAddresses(w.ctx, q)
				w.fails(store.ErrInvalid, err, "%+v", q)
				assert.Empty(w.t, listed)
			}
		}},
		{Name: "addresses of no community are not found", run: func(w *world) {
			w.listable(alice)
			w.edit(func(s *store.State) {
				for i := range s.Communities {
					s.Communities[i].Deleted = s.Communities[i].ID == community
				}
			})
			for _, q := range everyQuery {
				for _, q.Community = range []int64{community, 0, -1, 77, 1<<63 - 1} {
					q.Limit = 1
					listed, err := role[store.AddressLister](w).ListAddresses(w.ctx, q)
					w.fails(store.ErrCommunityNotFound, err, "community %d", q.Community)
					assert.Empty(w.t, listed)
				}
			}
		}},
		{Name: "ListAddresses changes nothing", run: func(w *world) {
			w.listable(alice, bob)
			w.unchanged(func() {
				for _, q := range everyQuery {
					w.selects(q, alice, bob)
				}
			})
		}},
		{Name: "a context that has ended is the error", run: func(w *world) {
			w.listable(alice)
			for _, q := range everyQuery {
				q.Community, q.Limit = community, 1
				w.ends(func(ctx context.Context) error {
					return errorOf(role[store.AddressLister](w).ListAddresses(ctx, q))
				})
			}
		}},
	}
}

// stampedAddressCases are about the query without a time.
func stampedAddressCases() []Case {
	return []Case{
		{Name: "an address is listed once for all its credentials", run: func(w *world) {
			w.credentials(stored(1, bob, "A"), stored(2, alice, "A"), stored(3, alice, "B"), stored(4, bob, "B"), stored(5, alice, "C"))
			w.selects(all, alice, bob)
		}},
		{Name: "an address without a live credential is not listed", run: func(w *world) {
			w.credentials(
				with(stored(1, alice, "A"), func(c *store.StoredCredential) { c.Deleted = true }),
				with(stored(2, alice, "B"), func(c *store.StoredCredential) { c.Revoked = true }),
				stored(3, bob, "A"),
				with(stored(4, bob, "B"), func(c *store.StoredCredential) { c.Deleted = true }),
				with(stored(5, carol, "A"), func(c *store.StoredCredential) { c.Revoked = true }),
				with(stored(6, carol, "B"), func(c *store.StoredCredential) { c.Foreign = true }),
			)
			w.selects(all, bob, carol)
		}},
		{Name: "a credential that is not read lists no address", run: func(w *world) {
			var many []store.StoredCredential
			for id := range int64(store.MaxCredentials + 2) {
				many = append(many, with(stored(id+1, alice, fmt.Sprint("P", id)), func(c *store.StoredCredential) { c.Revoked = id > 0 }))
			}
			w.credentials(append(many, stored(5000, bob, "A"))...)
			w.selects(all, bob)
		}},
		{Name: "an address is listed without regard to its scores", run: func(w *world) {
			w.credentials(stored(1, alice, "A"), stored(2, bob, "A"))
			elsewhere := scoredAt(bob, years(-2), years(-1))
			elsewhere.Community = neighbour
			w.scores(elsewhere, scoredAt(carol, years(-2), years(-1)))
			w.selects(all, alice, bob)
		}},
	}
}

// scoredAddressCases are about the queries with a time.
func scoredAddressCases() []Case {
	const moment = time.Microsecond
	without := func(scored time.Time, status store.Status) store.StoredScore {
		return scoreOf(func(s *store.StoredScore) { s.Address, s.Score = bob, store.Score{Status: status, ScoredAt: scored} })
	}
	return []Case{
		{Name: "ScoredBefore is later than the scoring", run: func(w *world) {
			w.scores(scoredAt(alice, noon.Add(-moment), years(1)), scoredAt(bob, noon, years(1)), scoredAt(carol, noon.Add(moment), years(1)))
			w.selects(stale, alice)
			w.selects(store.AddressQuery{ScoredBefore: noon.Add(moment)}, alice, bob)
			w.selects(store.AddressQuery{ScoredBefore: noon.Add(moment - 1)}, alice)
			w.selects(store.AddressQuery{ScoredBefore: noon.Add(moment).In(time.FixedZone("", 3600))}, alice, bob)
			w.selects(store.AddressQuery{ScoredBefore: time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC)}, alice, bob, carol)
			w.selects(store.AddressQuery{ScoredBefore: time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC)})
		}},
		{Name: "ExpiringBefore is later than the expiry", run: func(w *world) {
			w.scores(scoredAt(alice, noon, noon.Add(-moment)), scoredAt(bob, noon, noon), scoredAt(carol, noon, noon.Add(moment)))
			w.selects(expiring, alice)
			w.selects(store.AddressQuery{ExpiringBefore: noon.Add(moment)}, alice, bob)
			w.selects(store.AddressQuery{ExpiringBefore: noon.Add(moment - 1)}, alice)
			w.selects(store.AddressQuery{ExpiringBefore: noon.Add(moment).In(time.FixedZone("", 3600))}, alice, bob)
			w.selects(store.AddressQuery{ExpiringBefore: time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC)}, alice, bob, carol)
			w.selects(store.AddressQuery{ExpiringBefore: time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC)})
		}},
		{Name: "ScoredBefore selects a scoring that failed", run: func(w *world) {
			w.scores(scoreOf(func(s *store.StoredScore) { s.Address, s.Score = bob, failed("why") }))
			w.selects(stale, bob)
			w.scores(without(years(1), store.StatusError))
			w.selects(stale, bob)
		}},
		{Name: "ScoredBefore selects a scoring that is queued", run: func(w *world) {
			w.scores(without(time.Time{}, "BULK_PROCESSING"))
			w.selects(stale, bob)
			w.scores(without(years(1), "PROCESSING"))
			w.selects(stale, bob)
		}},
		{Name: "ScoredBefore selects a score without a time", run: func(w *world) {
			w.scores(without(time.Time{}, store.StatusDone))
			w.selects(stale, bob)
		}},
		{Name: "ExpiringBefore selects no score without an expiry", run: func(w *world) {
			w.scores(
				scoreOf(func(s *store.StoredScore) { s.Address, s.Score = alice, failed("why") }),
				without(years(-1), store.StatusDone))
			w.selects(expiring)
			w.selects(store.AddressQuery{ExpiringBefore: years(100)})
		}},
		{Name: "an address is selected by its score in the community", run: func(w *world) {
			elsewhere := func(s store.StoredScore) store.StoredScore {
				s.Community = neighbour
				return s
			}
			w.scores(
				scoredAt(alice, years(-2), years(-1)), elsewhere(scoredAt(alice, years(1), years(2))),
				scoredAt(bob, years(1), years(2)), elsewhere(scoredAt(bob, years(-2), years(-1))),
				elsewhere(scoredAt(carol, years(-2), years(-1))))
			w.selects(stale, alice)
			w.selects(expiring, alice)
		}},
		{Name: "an address is selected by its score without credentials", run: func(w *world) {
			w.credentials(
				with(stored(1, bob, "A"), func(c *store.StoredCredential) { c.Deleted = true }),
				stored(2, carol, "A"))
			w.scores(scoredAt(alice, years(-2), years(-1)), scoredAt(bob, years(-2), years(-1)))
			w.selects(stale, alice, bob)
			w.selects(expiring, alice, bob)
		}},
		{Name: "a scoring takes its address off the list", run: func(w *world) {
			w.listable(alice, bob)
			w.score(alice)
			w.selects(stale, bob)
			w.selects(expiring, bob)
			w.selects(store.AddressQuery{ScoredBefore: noon.Add(moment)}, alice, bob)
		}},
	}
}
