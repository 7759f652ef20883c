package histories

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/passport-sdk/passport-go"
	"github.com/passport-sdk/passport-go/store"
)

// LinkedStore is a store that keeps the claims of groups, as the stores of
// subjects of linked plans must.
type LinkedStore interface {
	Store
	store.Groups
}

// LinkedHistory is what happened when a linked plan was carried out.
type LinkedHistory struct {
	Plan *Plan
	// Scorings are those that are done, and the previews, in the order in which
	// they were. Failed are the other operations that ended in an error.
	Scorings []*LinkedScoring
	Failed   []error
	// Faults are what did not hold of the content after some write.
	Faults []string
	// Last is the content in the end.
	Last store.State
}

// LinkedScoring is the scoring of a wallet, or of several in one batch.
type LinkedScoring struct {
	Step Step
	// Asked are the wallets, and Results those of them.
	Asked   []store.Address
	Results []*passport.Result
	// Looks are the loads and the writes, in their order.
	Looks []Look

	answers [][]groupAnswer // of the source's calls since the last Apply
	groups  Groups          // of the last Load
}

// groupAnswer is the source's answer about an address.
type groupAnswer struct {
	address passport.Address
	wallets []passport.Address
}

// Groups are the wallets that were scored as one with a wallet, in the host's
// order.
type Groups map[store.Address][]passport.Address

// Look is a Load or an Apply. If no other client was at work at that moment it
// has the contents of the store around it, which are the same for a Load.
type Look struct {
	At            time.Time
	Wrote         bool
	Wallets       []store.Address
	Groups        Groups
	Before, After *store.State
}

// String is the look in words.
func (l Look) String() string {
	if l.Wrote {
		return fmt.Sprintf("write at %v of %v", l.At, l.Wallets)
	}
	return fmt.Sprintf("load at %v of %v", l.At, l.Wallets)
}

// RunLinked carries out a linked plan on the subject, whose store must be a
// [LinkedStore]. When all clients are done every wallet is scored, with no
// other client at work. An error is of the run; [LinkedHistory.Check] finds
// those of the store.
func RunLinked(ctx context.Context, plan *Plan, subject Subject, pace Pace) (*LinkedHistory, error) {
	r := &linkedRunner{history: &LinkedHistory{Plan: plan}}
	_, r.turns = pace.(*inTurns)
	var err error
	if r.runner, err = newRunner(plan, subject, pace, passport.WithGroups(r, passport.FailScoring)); err != nil {
		return nil, err
	}
	alone := func() {}
	for _, step := range plan.First {
		r.do(ctx, step, alone)
	}
	pace.clients(len(plan.Clients), func(client int) {
		for _, step := range plan.Clients[client] {
			pause := func() { r.pace.pause(client) }
			pause()
			ctx, done := r.cancelling(ctx, client, step, &pause)
			r.do(ctx, step, pause)
			done()
		}
	})
	failed := len(r.history.Failed)
	_, direct := subject.(Direct)
	r.turns = r.turns || direct // outside of a transaction of a host, others do not see the content
	for wallet := range plan.Wallets {
		for _, leave := range []bool{false, true} {
			r.do(ctx, Step{Action: Score, Community: FirstCommunity, Wallet: wallet, Leave: leave}, alone)
		}
	}
	for _, err := range r.history.Failed[failed:] {
		r.faultf("no other client was at work: %v", err)
	}
	content, err := subject.Content(ctx, plan)
	if err != nil {
		return nil, fmt.Errorf("seed %d: reading the content: %w", plan.Seed, err)
	}
	r.history.Last = content.State
	return r.history, nil
}

// linkedRunner carries out a linked plan. It is the source of the groups.
type linkedRunner struct {
	*runner

	// turns reports that no two clients are at work at one moment.
	turns bool

	mu      sync.Mutex
	groups  [][]int
	history *LinkedHistory
}

func (r *linkedRunner) faultf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.history.Faults = append(r.history.Faults, fmt.Sprintf(format, args...))
}

// scoringKey has the context's scoring, so that the source knows it.
type scoringKey struct{}

// GroupsOf implements [passport.Groups].
func (r *linkedRunner) GroupsOf(ctx context.Context, addresses ...passport.Address) ([]passport.Group, error) {
	s, is := ctx.Value(scoringKey{}).(*LinkedScoring)
	if !is {
		return nil, errors.New("the context is of no scoring")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	groups, answers := make([]passport.Group, len(addresses)), make([]groupAnswer, len(addresses))
	for i, address := range addresses {
		answers[i] = groupAnswer{address, []passport.Address{address}}
		for _, group := range r.groups {
			if slices.ContainsFunc(group, func(w int) bool { return r.plan.Wallets[w] == address }) {
				groups[i] = passport.Group{ID: fmt.Sprint(group)}
				for _, w := range group {
					groups[i].Wallets = append(groups[i].Wallets, r.plan.Wallets[w])
				}
				answers[i].wallets = groups[i].Wallets
			}
		}
	}
	s.answers = append(s.answers, answers)
	return groups, nil
}

// groupsOf returns the groups of a Load of those wallets: by the answers since
// an attempt has begun, the first ones that lead to them. A wallet stays with
// its first group.
func (s *LinkedScoring) groupsOf(loaded []passport.Address) Groups {
	for i := range s.answers {
		groups, order := Groups{}, []passport.Address{}
		for _, answer := range slices.Concat(s.answers[i:]...) {
			if groups[answer.address] != nil {
				continue
			}
			wallets := slices.DeleteFunc(slices.Clone(answer.wallets), func(w passport.Address) bool { return groups[w] != nil })
			for _, wallet := range wallets {
				groups[wallet] = wallets
			}
			order = append(order, wallets...)
		}
		if slices.Equal(order, loaded) {
			return groups
		}
	}
	return Groups{}
}

// do does one step and records it.
func (r *linkedRunner) do(ctx context.Context, step Step, pause func()) {
	if step.Action == Regroup {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.groups = step.Groups
		return
	}
	s := &LinkedScoring{Step: step}
	err := r.subject.Do(ctx, Work{Pause: pause, On: func(ctx context.Context, on Store, _ bool) error {
		if step.Action != Score && step.Action != Preview {
			return r.step(ctx, &Operation{Step: step}, on, pause)
		}
		s.Asked, s.Results, s.Looks = nil, nil, nil // a host may have begun again
		linked, is := on.(LinkedStore)
		if !is {
			return fmt.Errorf("%T keeps no group claims", on)
		}
		return r.score(ctx, s, linked, pause)
	}})
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.history.Failed = append(r.history.Failed, fmt.Errorf("%v: %w", step, err))
		return
	}
	if step.Action == Score || step.Action == Preview {
		r.history.Scorings = append(r.history.Scorings, s)
	}
}

// score does the step's scoring.
func (r *linkedRunner) score(ctx context.Context, s *LinkedScoring, on LinkedStore, pause func()) error {
	ctx = context.WithValue(ctx, scoringKey{}, s)
	attempts := 0
	looking := &looking{LinkedStore: on, runner: r, scoring: s}
	seen := &watched{Store: looking, pause: pause, attempts: &attempts, lose: s.Step.Lose}
	engine := r.engineOf(s.Step).On(struct {
		*watched
		store.Groups
	}{seen, on})
	var addresses []string
	for _, wallet := range append([]int{s.Step.Wallet}, s.Step.Others...) {
		s.Asked = append(s.Asked, r.plan.Wallets[wallet])
		addresses = append(addresses, string(r.plan.Wallets[wallet]))
	}
	var failed error
	switch {
	case s.Step.Action == Preview:
		result, err := engine.Preview(ctx, s.Step.Community, addresses[0])
		s.Results, failed = append(s.Results, result), err
	case len(addresses) == 1:
		result, err := engine.Score(ctx, s.Step.Community, addresses[0])
		s.Results, failed = append(s.Results, result), err
	default:
		for scored, err := range engine.ScoreAll(ctx, s.Step.Community, slices.Values(addresses),
			passport.WithWorkers(1), passport.WithBatchSize(len(addresses))) {
			s.Results, failed = append(s.Results, scored.Result), errors.Join(failed, err, scored.Err)
		}
	}
	return errors.Join(seen.final, failed)
}

// looking is a store that keeps its looks.
type looking struct {
	LinkedStore

	runner  *linkedRunner
	scoring *LinkedScoring
}

// state returns the content, nil if other clients are at work.
func (l *looking) state(ctx context.Context) *store.State {
	if !l.runner.turns {
		return nil
	}
	content, err := l.runner.subject.Content(ctx, l.runner.plan)
	if err != nil {
		l.runner.faultf("reading the content: %v", err)
		return nil
	}
	return &content.State
}

func (l *looking) Load(ctx context.Context, q store.Query) (*store.Snapshot, error) {
	snapshot, err := l.LinkedStore.Load(ctx, q)
	if err == nil {
		state := l.state(ctx)
		l.scoring.groups = l.scoring.groupsOf(q.Addresses)
		l.scoring.Looks = append(l.scoring.Looks, Look{
			At: snapshot.At, Wallets: slices.Clone(q.Addresses), Groups: l.scoring.groups, Before: state, After: state,
		})
	}
	return snapshot, err
}

func (l *looking) Apply(ctx context.Context, c *store.Changes) (*store.Receipt, error) {
	l.scoring.answers = nil
	look := Look{At: c.At, Wrote: true, Groups: l.scoring.groups, Before: l.state(ctx)}
	receipt, err := l.LinkedStore.Apply(ctx, c)
	if err != nil {
		return receipt, err
	}
	look.After = l.state(ctx)
	for i := range c.Wallets {
		look.Wallets = append(look.Wallets, c.Wallets[i].Address)
	}
	l.scoring.Looks = append(l.scoring.Looks, look)
	if look.After != nil {
		for _, broken := range brokenOf(look.After) {
			l.runner.faultf("after %v: %s", l.scoring.Step, broken)
		}
	}
	return receipt, nil
}

// String is the plan's course in words, for a person.
func (h *LinkedHistory) String() string {
	var text strings.Builder
	for i, c := range h.Plan.Credentials {
		fmt.Fprintf(&text, "c%d is %v\n", i, c)
	}
	for i, step := range h.Plan.First {
		fmt.Fprintf(&text, "first %d: %v\n", i, step)
	}
	for client, steps := range h.Plan.Clients {
		for _, step := range steps {
			fmt.Fprintf(&text, "client %d: %v\n", client, step)
		}
	}
	for _, s := range h.Scorings {
		for _, result := range s.Results {
			fmt.Fprintf(&text, "%v: %s has %s, passing %t, linked %t\n", s.Step, result.Address, result.Score, result.Passing, result.Linked != nil)
		}
	}
	for _, err := range h.Failed {
		fmt.Fprintf(&text, "failed: %v\n", err)
	}
	return text.String()
}
