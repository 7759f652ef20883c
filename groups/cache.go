package groups

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/internal/problems"
	"github.com/passport-sdk/passport-go/store"
)

// Cache keeps the answers of a source of groups. An answer for one wallet is
// one for all wallets of its group, and replaces what was kept of them: no two
// kept answers contradict each other. An answer that is not valid is passed on
// and not kept. Each process has a cache of its own, and learns of a change at
// another time.
//
// It is safe for concurrent use, and starts no goroutine. Callers that need the
// same wallet at the same time share one call of the source, which has the
// context of the first of them; if that ends, another calls.
type Cache struct {
	settings

	source passport.Groups

	mu      sync.Mutex
	kept    *simplelru.LRU[passport.Address, *answer]
	pending map[passport.Address]*call
}

var _ passport.Groups = (*Cache)(nil)

// answer is an answer of the source. It is shared by the wallets of the group.
type answer struct {
	group   passport.Group     // zero if there is none
	wallets []passport.Address // those that it is for; none if it is not valid
	at      time.Time          // when the source was asked
	// rests is the time until which the source is not asked again, because it
	// failed. It is guarded by the mutex of the cache.
	rests time.Time
}

// call is a call of the source. The fields below done are set before it is
// closed.
type call struct {
	wallets []passport.Address
	done    chan struct{}

	answers map[passport.Address]*answer // stale ones if the source failed
	err     error                        // for the other wallets
	left    bool                         // its caller has left: the others ask again
}

// pause is the time between two calls of a source that fails, for wallets that
// have a stale answer.
const pause = time.Second

// NewCache returns a cache of the source's answers. It returns every problem,
// joined, each wrapping [passport.ErrMisconfigured]: a nil source, or an
// argument of an option that is out of range. An option that is nil is ignored.
func NewCache(source passport.Groups, options ...Option) (*Cache, error) {
	c := &Cache{source: source, pending: map[passport.Address]*call{}, settings: settings{
		fresh: time.Minute, stale: 10 * time.Minute, timeout: 2 * time.Second, wallets: 100_000, now: time.Now,
	}}
	problems.Apply(&c.settings, options)
	found := problems.New(passport.ErrMisconfigured)
	found.Checkf(source != nil, "NewCache got a nil source")
	c.check(found)
	if err := found.Err(); err != nil {
		return nil, err
	}
	c.kept, _ = simplelru.NewLRU[passport.Address, *answer](c.wallets, nil) // fails for a size below 1 only
	return c, nil
}

// GroupsOf implements [passport.Groups]. Its errors are those of the source and
// the context's.
func (c *Cache) GroupsOf(ctx context.Context, addresses ...passport.Address) ([]passport.Group, error) {
	answers := make(map[passport.Address]*answer, len(addresses))
	for {
		own, others := c.look(addresses, answers)
		if own == nil && len(others) == 0 {
			break
		}
		if own != nil {
			c.ask(ctx, own)
			others = slices.Insert(others, 0, own)
		}
		for _, o := range others {
			if err := o.wait(ctx, answers); err != nil {
				return nil, err
			}
		}
	}
	groups := make([]passport.Group, len(addresses))
	for i, address := range addresses {
		groups[i] = copyOf(answers[address].group)
	}
	return groups, nil
}

// look adds the kept answers. It returns a call to make for the wallets that
// are missing, or nil, and the calls of others for such wallets.
func (c *Cache) look(addresses []passport.Address, answers map[passport.Address]*answer) (own *call, others []*call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	for _, address := range addresses {
		if answers[address] != nil {
			continue
		}
		answers[address] = nil // is needed
		if known, has := c.kept.Get(address); has && c.serves(known, now) {
			answers[address] = known
			continue
		}
		pending := c.pending[address]
		switch {
		case pending == nil:
			if own == nil {
				own = &call{done: make(chan struct{}), answers: map[passport.Address]*answer{}}
			}
			own.wallets = append(own.wallets, address)
			c.pending[address] = own
		case pending != own && !slices.Contains(others, pending):
			others = append(others, pending)
		}
	}
	return own, others
}

// serves reports whether the answer is given without asking.
func (c *Cache) serves(a *answer, now time.Time) bool {
	age := now.Sub(a.at)
	return age < c.fresh || age < c.stale && now.Before(a.rests)
}

// wait adds the answers of the call once it has ended.
func (o *call) wait(ctx context.Context, answers map[passport.Address]*answer) error {
	select {
	case <-o.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, wallet := range o.wallets {
		if known, needed := answers[wallet]; !needed || known != nil {
			continue
		}
		if given := o.answers[wallet]; given != nil {
			answers[wallet] = given
		} else if !o.left {
			return o.err
		}
	}
	return nil
}

// ask makes the call. It ends it even if the source panics.
func (c *Cache) ask(ctx context.Context, o *call) {
	began := c.now()
	o.err = errors.New("the source of groups panicked")
	defer c.end(o)
	limited, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	groups, err := c.source.GroupsOf(limited, slices.Clone(o.wallets)...)
	if err == nil && len(groups) != len(o.wallets) {
		err = fmt.Errorf("%w: %d groups for %d addresses", passport.ErrInvalidGroup, len(groups), len(o.wallets))
	}
	o.err, o.left = err, ctx.Err() != nil
	if err == nil {
		for i, wallet := range o.wallets {
			o.answers[wallet] = answerOf(wallet, groups[i], began)
		}
	}
}

// answerOf returns the answer that the group is for the address.
func answerOf(address passport.Address, group passport.Group, at time.Time) *answer {
	if len(group.Wallets) == 0 {
		return &answer{group, []passport.Address{address}, at, time.Time{}}
	}
	invalid := &answer{group: copyOf(group), at: at}
	if len(group.Wallets) > store.MaxGroup {
		return invalid
	}
	wallets := make([]passport.Address, len(group.Wallets))
	for i, wallet := range group.Wallets {
		var err error
		if wallets[i], err = passport.ParseAddress(string(wallet)); err != nil {
			return invalid
		}
	}
	if !slices.Contains(wallets, address) {
		return invalid
	}
	return &answer{passport.Group{ID: group.ID, Wallets: wallets}, wallets, at, time.Time{}}
}

// end keeps the answers of the call, or finds stale ones if the source failed.
func (c *Cache) end(o *call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	for _, wallet := range o.wallets {
		delete(c.pending, wallet)
		if given := o.answers[wallet]; given != nil {
			c.keep(given)
		} else if known, has := c.kept.Peek(wallet); has && !o.left && now.Sub(known.at) < c.stale {
			known.rests = now.Add(pause)
			o.answers[wallet] = known
		}
	}
	close(o.done)
}

// keep keeps the answer for its wallets, unless one of them has a newer one. An
// older answer for one of them is dropped for all wallets that it was for.
func (c *Cache) keep(a *answer) {
	var older []*answer
	for _, wallet := range a.wallets {
		if known, has := c.kept.Peek(wallet); has {
			if known.at.After(a.at) {
				return
			}
			older = append(older, known)
		}
	}
	for _, known := range older {
		for _, wallet := range known.wallets {
			if now, has := c.kept.Peek(wallet); has && now == known {
				c.kept.Remove(wallet)
			}
		}
	}
	for _, wallet := range a.wallets {
		c.kept.Add(wallet, a)
	}
}
