package pgstore

import (
	"cmp"
	"context"
	"time"

	"github.com/passport-sdk/passport-go/store"
)

// Bounds on the work of one statement that lists addresses.
const (
	// walkSteps is how many addresses are looked at.
	walkSteps = 4000
	// fewAddresses is how many a community may have for all of them to be read
	// instead.
	fewAddresses = 50_000
)

// ListAddresses implements [store.AddressLister]. No index of the service has
// the addresses of a community in order. So it looks at those of other
// communities in between, and of wallets whose credentials are gone, 4,000 in a
// statement and as many statements as fill the page: a whole listing looks at
// each address once. In a community whose addresses are few and far between, up
// to 50,000, it reads all of them for each page instead. None of it depends on
// what the server knows about the tables, and each statement may see changes
// that the one before did not.
func (s *Store) ListAddresses(ctx context.Context, q store.AddressQuery) ([]store.Address, error) {
	if err := q.Validate(); err != nil {
		return nil, store.Errorf("list_addresses", store.ErrInvalid, "%w", err)
	}
	return lagging(ctx, s, func(ctx context.Context, on executor) ([]store.Address, error) {
		return s.listAddresses(ctx, on, &q)
	})
}

func (s *Store) listAddresses(ctx context.Context, on executor, q *store.AddressQuery) ([]store.Address, error) {
	l, found := addressList{query: q, last: cmp.Or(string(q.After), "0x")}, false
	community := s.texts.call("find_listed_community", q.Community).each(func(scan scanFunc) error {
		found = true
		var id int64
		return scan(&id)
	})
	if err := on.read(ctx, community, l.walk(s.texts)); err != nil {
		return nil, err
	}
	if !found {
		return nil, store.Errorf("list_addresses", store.ErrCommunityNotFound, "there is no community %d", q.Community)
	}
	if l.more() && !l.ofAll() {
		if err := on.read(ctx, l.few(s.texts)); err != nil || !l.tooMany {
			return l.addresses, err
		}
	}
	for l.more() {
		if err := on.read(ctx, l.walk(s.texts)); err != nil {
			return nil, err
		}
	}
	return l.addresses, nil
}

// addressList collects a page of addresses.
type addressList struct {
	query     *store.AddressQuery
	addresses []store.Address
	// last is the address that was looked at last, well-formed or not, and steps
	// are how many the statement looked at.
	last  string
	steps int64
	// tooMany reports that the community has more than fewAddresses.
	tooMany bool
}

// more reports whether the page has room and the last walk did not come to the
// end.
func (l *addressList) more() bool { return l.room() > 0 && l.steps >= walkSteps }

func (l *addressList) room() int64 { return int64(l.query.Limit - len(l.addresses)) }

// ofAll reports whether the query selects addresses by their credentials.
func (l *addressList) ofAll() bool {
	return l.query.ScoredBefore.IsZero() && l.query.ExpiringBefore.IsZero()
}

// walk returns the call that goes on behind the last address.
func (l *addressList) walk(t texts) call {
	l.steps = 0
	c := t.call("list_stamped_addresses", l.last, l.room(), int64(walkSteps))
	if !l.ofAll() {
		c = t.call("list_scored_addresses", l.scored(walkSteps)...)
	}
	return c.each(func(scan scanFunc) error {
		var selected bool
		if err := scan(&l.last, &selected, &l.steps); err != nil {
			return err
		}
		if selected {
			l.addresses = append(l.addresses, store.Address(l.last))
		}
		return nil
	})
}

// few returns the call that fills the page from all addresses of the community,
// unless there are too many.
func (l *addressList) few(t texts) call {
	return t.call("list_few_scored_addresses", l.scored(fewAddresses)...).each(func(scan scanFunc) error {
		var address string
		if err := scan(&address, &l.tooMany); err != nil {
			return err
		}
		if !l.tooMany {
			l.addresses = append(l.addresses, store.Address(address))
		}
		return nil
	})
}

// scored returns the arguments of a statement about scores.
func (l *addressList) scored(most int64) []any {
	bound := func(t time.Time) any {
		if t.IsZero() {
			return nil
		}
		return within(t)
	}
	return []any{l.last, l.room(), most, l.query.Community, bound(l.query.ScoredBefore), bound(l.query.ExpiringBefore)}
}
