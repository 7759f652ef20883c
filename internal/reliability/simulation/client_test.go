package simulation

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// client is one program that uses the engine and the store's roles.
type client struct {
	die

	world  *world
	name   string
	turn   turn
	engine passport.Scorer
	// leaving is the same engine, which leaves scores alone that are younger than
	// the age and unchanged.
	leaving passport.Scorer
	age     time.Duration
	// bulk is the same engine.
	bulk *passport.Engine
	// calm reports that its calls neither fail nor take time.
	calm bool
	// read is the decision to which the engine's last Load must lead, nil before
	// one.
	read *decision
	// reading is that Load, nil before one.
	reading *reading
	// last is the address's last scoring as of the last LastScore, and stands
	// reports whether it still passed.
	last   *scoring
	stands bool
	// under is the place of a scoring under way.
	under *place
	// wrote are the scorings that the call under way has written.
	wrote []*scoring
	// doubts counts the writes of the call whose outcome the engine does not know.
	doubts int
}

func newClient(w *world, i int, shared *passport.Engine, wrap func(*passport.Engine, *world) passport.Scorer) *client {
	c := &client{world: w, name: fmt.Sprintf("client %d", i), turn: turn(i), die: newDie(w.seed, uint64(i+2))}
	bound := shared.On(&unreliable{w.store, c})
	c.age = one(c.die, []time.Duration{time.Minute, 10 * time.Hour, 1000 * time.Hour})
	c.bulk = bound
	c.engine, c.leaving = bound, bound.LeavingUnchanged(c.age)
	if wrap != nil {
		c.engine, c.leaving = wrap(bound, w), wrap(bound.LeavingUnchanged(c.age), w)
	}
	return c
}

// live makes a number of calls, one after the other, until there is a fault.
func (c *client) live(ctx context.Context) {
	defer func() {
		if p := recover(); p != nil {
			c.faultf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	if c.world.rush {
		c.score(ctx, c.world.communities[0], c.world.wallets[int(c.turn)%len(c.world.wallets)])
	}
	for range c.between(2, 12) {
		if err := c.turn.wait(ctx, c.duration(0, c.world.pause)); err != nil {
			c.faultf("waiting: %v", err)
		}
		if c.stopped() {
			return
		}
		c.act(ctx)
	}
}

func (c *client) stopped() bool {
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	return c.world.violated(nil)
}

func (c *client) act(ctx context.Context) {
	w := c.world
	if c.oneIn(w.trouble.jump) {
		c.jump()
	}
	if c.oneIn(w.trouble.deadline) {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, (c.turn + deadlines).after(c.duration(0, 300*time.Millisecond)), errPatience)
		defer cancel()
	}
	address, community := one(c.die, w.wallets), one(c.die, w.communities)
	switch n := c.IntN(100); {
	case n < 24:
		c.score(ctx, community, address)
	case n < 32:
		c.scoreBy(ctx, c.leaving, community, address)
	case n < 38:
		c.scoreAll(ctx, community, some(c.die, w.wallets, len(w.wallets)))
	case n < 48 && w.trouble.jump > 0:
		c.snatch(ctx)
	case n < 52:
		c.preview(ctx, community, address)
	case n < 56:
		c.latest(ctx, community, address)
	case n < 76:
		c.add(ctx, address)
	case n < 81:
		c.remove(ctx, address)
	case n < 87:
		c.revoke(ctx)
	case n < 92:
		c.putCommunity(ctx, community)
	case n < 94:
		c.deleteCommunity(ctx, community)
	default:
		c.putList(ctx, one(c.die, w.lists), some(c.die, w.wallets, len(w.wallets))...)
	}
}

// errPatience is the cause of contexts that end.
var errPatience = errors.New("the client lost its patience")

// jump moves the store's clock: forwards over many expiries, or a little back.
func (c *client) jump() {
	d := c.duration(0, 200*time.Hour)
	if c.oneIn(4) {
		d = -c.duration(0, 2*time.Minute)
	}
	c.world.clock.jump(d)
	c.notef("the clock jumps by %v", d)
}

// snatch waits for a claim to end, preferably one that a scoring under way
// rests on, and scores a wallet that would have it then.
func (c *client) snatch(ctx context.Context) {
	var rival store.Address
	var n nullifier
	_ = c.alone(func() error {
		m := c.world.model
		claims := c.world.restedOn()
		if len(claims) == 0 {
			claims = m.claims()
		}
		if len(claims) == 0 {
			return nil
		}
		n = one(c.die, claims)
		rival = m.rival(n, c.world.wallets)
		if d := m.holders[n].ExpiresAt.Sub(c.world.clock.now()); d > 0 && rival != "" {
			c.world.clock.jump(d)
			c.world.notef(c.name, "the clock jumps by %v, to where %q is free", d, n.text)
		}
		return nil
	})
	if rival != "" {
		c.score(ctx, n.community, rival)
	}
}

func (c *client) score(ctx context.Context, community int64, address store.Address) {
	c.scoreBy(ctx, c.engine, community, address)
}

func (c *client) scoreBy(ctx context.Context, engine passport.Scorer, community int64, address store.Address) {
	c.begin(&place{community, address})
	result, err := engine.Score(ctx, community, string(address))
	c.notef("score %s in %d: %s", short(address), community, outcome(result, err))
	c.checkf(c.checkScore(result, err), "scoring %s in community %d", address, community)
	_ = c.alone(func() error {
		c.under = nil
		return nil
	})
}

// begin forgets the last call; under is the place of a scoring that begins.
func (c *client) begin(under *place) {
	_ = c.alone(func() error {
		c.read, c.reading, c.wrote, c.doubts, c.under = nil, nil, nil, 0, under
		return nil
	})
}

func (c *client) preview(ctx context.Context, community int64, address store.Address) {
	c.begin(nil)
	result, err := c.engine.Preview(ctx, community, string(address))
	c.notef("preview %s in %d: %s", short(address), community, outcome(result, err))
	c.checkf(c.checkPreview(result, err), "previewing %s in community %d", address, community)
}

func (c *client) latest(ctx context.Context, community int64, address store.Address) {
	last, err := c.engine.Latest(ctx, community, string(address))
	c.notef("latest of %s in %d: %s", short(address), community, class(err))
	c.checkf(c.checkLatest(last, err), "the latest score of %s in community %d", address, community)
}

func (c *client) add(ctx context.Context, address store.Address) {
	var filed []*filed
	var inputs []store.CredentialInput
	for _, provider := range some(c.die, providers, 4) {
		f := c.world.mint.credential(c.die, c.world, address, provider, c.world.clock.now())
		filed, inputs = append(filed, f), append(inputs, f.CredentialInput)
	}
	err := c.through(ctx, "add_credentials", func() error {
		err := c.world.store.AddCredentials(ctx, address, inputs...)
		if err == nil {
			c.world.model.added(address, filed)
		}
		return err
	})
	c.notef("add to %s: %s%s", short(address), describe(filed), class(err))
	c.checkf(expected(err), "adding credentials")
}

func (c *client) remove(ctx context.Context, address store.Address) {
	chosen := some(c.die, providers, 4)
	err := c.through(ctx, "delete_credentials", func() error {
		n, err := c.world.store.DeleteCredentials(ctx, address, chosen...)
		if err == nil {
			c.same(n, c.world.model.deleted(address, chosen...), "deleted credentials")
		}
		return err
	})
	c.notef("delete of %s %v: %s", short(address), chosen, class(err))
	c.checkf(expected(err), "deleting credentials")
}

func (c *client) revoke(ctx context.Context) {
	var proofs []string
	_ = c.alone(func() error {
		for _, row := range some(c.die, c.world.model.credentials, 3) {
			proofs = append(proofs, row.ProofValue)
		}
		return nil
	})
	err := c.through(ctx, "revoke_credentials", func() error {
		n, err := c.world.store.RevokeCredentials(ctx, proofs...)
		if err == nil {
			c.same(n, c.world.model.revoked(proofs...), "revoked credentials")
		}
		return err
	})
	c.notef("revoke %d proofs: %s", len(proofs), class(err))
	c.checkf(expected(err), "revoking credentials")
}

func (c *client) putCommunity(ctx context.Context, id int64) {
	community := c.world.community(c.die, id)
	err := c.through(ctx, "put_community", func() error {
		err := c.world.store.PutCommunity(ctx, community)
		if err == nil {
			c.world.model.put(community)
		}
		return err
	})
	c.notef("put community %d, %s of %s over %s: %s", id, community.Rule, community.Weights, community.Threshold, class(err))
	c.checkf(expected(err), "putting a community")
}

func (c *client) deleteCommunity(ctx context.Context, id int64) {
	err := c.through(ctx, "delete_community", func() error {
		there := c.world.model.exists(id)
		err := c.world.store.DeleteCommunity(ctx, id)
		if c.same(err == nil, there, "a community was there to delete"); err == nil {
			c.world.model.communities[id].deleted = true
		}
		return err
	})
	c.notef("delete community %d: %s", id, class(err))
	c.checkf(expected(err), "deleting a community")
}

func (c *client) putList(ctx context.Context, name string, members ...store.Address) {
	err := c.through(ctx, "put_address_list", func() error {
		err := c.world.store.PutAddressList(ctx, name, members...)
		if err == nil {
			c.world.model.listed(name, members)
		}
		return err
	})
	c.notef("list %s has %d members: %s", name, len(members), class(err))
	c.checkf(expected(err), "putting an address list")
}

func (c *client) notef(format string, args ...any) {
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	c.world.notef(c.name, format, args...)
}

// faultf reports a fault.
func (c *client) faultf(format string, args ...any) { c.checkf(fmt.Errorf(format, args...), "") }

// checkf reports the error, if there is one, as a fault.
func (c *client) checkf(err error, format string, args ...any) {
	if err == nil {
		return
	}
	if format != "" {
		err = fmt.Errorf(format+": %w", append(args, err)...)
	}
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	c.world.notef(c.name, "WRONG: %v", err)
	c.world.violated(err)
}

// same reports an answer of the store that is not the wanted one. The caller
// holds the world.
func (c *client) same(got, want any, what string) {
	if got != want {
		c.world.violated(fmt.Errorf("%s: the store says %v, it must be %v", what, got, want))
	}
}

func short(address store.Address) store.Address { return address[:6] }

func outcome(result *passport.Result, err error) string {
	if err != nil {
		return class(err)
	}
	fates := make([]string, 0, len(result.Stamps))
	for _, s := range result.Stamps {
		fates = append(fates, fmt.Sprintf("%s %s %s %s", s.Provider, s.Outcome, s.Weight, s.Reason))
	}
	unchanged := ""
	if result.Unchanged {
		unchanged = "unchanged "
	}
	return fmt.Sprintf("%s%s %v [%s] %v", unchanged, result.Score, result.Passing, strings.Join(fates, ", "), result.Points)
}

func describe(credentials []*filed) string {
	var text strings.Builder
	for _, f := range credentials {
		fmt.Fprintf(&text, "%s %q until %s %s; ", f.Provider, f.nullifiers, f.expires.Format(time.DateTime), f.defect)
	}
	return text.String()
}

// classes are the errors that a caller can distinguish.
var classes = []error{
	store.ErrUnknownOutcome, store.ErrUnavailable, store.ErrConflict, store.ErrCommunityNotFound, store.ErrNotFound,
	store.ErrInvalid, store.ErrInternal, passport.ErrUnsupportedRule, passport.ErrInvalidWeights, passport.ErrNeverScored,
	context.DeadlineExceeded, context.Canceled,
}

// class names what errors.Is finds in the error.
func class(err error) string {
	if err == nil {
		return "ok"
	}
	var found []string
	for _, kind := range classes {
		if errors.Is(err, kind) {
			found = append(found, kind.Error())
		}
	}
	if len(found) == 0 {
		return "an error of no kind: " + err.Error()
	}
	return strings.Join(found, ", ")
}

// isOneOf reports whether errors.Is finds one of the kinds in the error.
func isOneOf(err error, kinds ...error) bool {
	return slices.ContainsFunc(kinds, func(kind error) bool { return errors.Is(err, kind) })
}
