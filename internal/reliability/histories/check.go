package histories

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/passport-sdk/passport-go/internal/reliability/invariants"
	"github.com/passport-sdk/passport-go/store"
)

// Check returns everything in the history that cannot have happened, joined.
func (h *History) Check() error {
	f := newFacts(h)
	return errors.Join(append(f.faults,
		linearizable(claimRules(), f.claims),
		linearizable(walletRules(), f.wallets),
		linearizable(pointRules(), f.points),
		h.checkRows(f),
	)...)
}

// patience bounds the search for an order. A history of a plan takes
// milliseconds.
const patience = time.Minute

// linearizable looks, for each object, for an order of the operations in which
// they can have happened: each of them at some time between its call and its
// return.
func linearizable[S any](rules object[S], operations []porcupine.Operation) error {
	var faults []error
	for _, part := range partition[S](operations) {
		name := from[S](part[0]).object
		switch porcupine.CheckOperationsTimeout(rules.model(), part, patience) {
		case porcupine.Ok:
		case porcupine.Illegal:
			faults = append(faults, fmt.Errorf("%v: there is no order in which this can have happened", name))
		case porcupine.Unknown:
			faults = append(faults, fmt.Errorf("%v: no order was found in %v", name, patience))
		}
	}
	return errors.Join(faults...)
}

// facts are those of the operations of a history, by kind of object.
type facts struct {
	history *History
	// scorings are the answers of the scorings that are done, by their place in
	// the history.
	scorings map[int]*scoring
	faults   []error

	claims, wallets, points []porcupine.Operation
}

func newFacts(h *History) *facts {
	f := &facts{history: h, scorings: map[int]*scoring{}}
	for i := range h.Operations {
		f.of(i)
	}
	for i := range h.Readings {
		f.ofRows(&h.Readings[i])
	}
	return f
}

// of takes the facts of one operation.
func (f *facts) of(i int) {
	op := &f.history.Operations[i]
	switch {
	case op.Ended == Failed:
		if why := f.unforeseen(op); why != "" {
			f.faultf(op, "%s: %w", why, op.Err)
		}
		return // nothing has changed
	case op.Ended == Unknown && op.Step.Action != Score:
		f.faultf(op, "only a scoring may have an unknown outcome: %w", op.Err)
		return
	case op.Ended == Unknown:
		f.ofUnknown(op)
		return
	}
	w := owner(op.Step.Wallet)
	switch op.Step.Action {
	case Score, Preview:
		s, err := f.history.understand(op)
		if err != nil {
			f.faultf(op, "%w", err)
		}
		if op.Step.Action == Score {
			f.scorings[i] = s
		}
		f.ofScoring(op, s)
	case Latest:
		f.wallet(op, w, stands{op.Step.Community, latest(op), true})
	case Claims:
		f.ofList(op)
	case Credentials:
		f.wallet(op, w, saw{f.ofPage(op)})
	case Add:
		f.wallet(op, w, added{op.Step.Credential, f.ofProvider(op.Step.Wallet, f.history.Plan.Credentials[op.Step.Credential].Provider)})
	case Delete:
		f.wallet(op, w, deleted{f.ofProvider(op.Step.Wallet, op.Step.Provider), op.Count})
	case Revoke:
		f.wallet(op, w, revoked{op.Step.Credential, op.Count})
	case Wait, Regroup: // each scoring has its time
	}
}

// unforeseen says what is wrong with an error, "" if nothing is.
func (f *facts) unforeseen(op *Operation) string {
	switch {
	case op.Client == f.history.Alone:
		return "no other client was at work"
	case errors.Is(op.Err, store.ErrConflict):
		return ""
	case op.Step.Cancel > 0 && errors.Is(op.Err, context.Canceled):
		return ""
	}
	return "no such error was due"
}

func (f *facts) faultf(op *Operation, format string, args ...any) {
	f.faults = append(f.faults, fmt.Errorf("client %d, %v: %w", op.Client, op.Step, fmt.Errorf(format, args...)))
}

// ofScoring takes the facts of a scoring, or a preview, about each nullifier,
// the wallet and its keys.
func (f *facts) ofScoring(op *Operation, s *scoring) {
	preview := op.Step.Action == Preview
	w := owner(op.Step.Wallet)
	for n := range f.history.Plan.Nullifiers {
		if what := f.nullifier(op, s, n); what != nil {
			f.claim(op, n, what)
		}
	}
	f.wallet(op, w, saw{s.seen})
	switch {
	case preview:
		return
	case op.Result.Unchanged:
		f.wallet(op, w, stands{op.Step.Community, s.Standing, false})
	case op.Step.Leave && op.Client == f.history.Alone:
		f.faultf(op, "it was not left alone, and was just scored")
	default:
		f.wallet(op, w, wrote{op.Step.Community, s.seen, s.Standing})
	}
	for _, fate := range s.fates {
		if s.Passing && fate.counts {
			provider := f.history.Plan.Credentials[fate.credential].Provider
			f.point(op, key{op.Step.Wallet, provider}, earned{s.keys[provider]})
		}
	}
}

// nullifier returns the fact of a scoring about one nullifier, nil if there is
// none.
func (f *facts) nullifier(op *Operation, s *scoring, n int) fact[claim] {
	plan, preview := f.history.Plan, op.Step.Action == Preview
	took := took{op.Step.Wallet, s.At, 0, preview}
	lost := lost{wallet: op.Step.Wallet, at: s.At, preview: preview}
	if op.Result.Unchanged {
		lost.at, lost.stays = op.From, true // it was decided later
	}
	for _, fate := range s.fates {
		c := &plan.Credentials[fate.credential]
		switch {
		case !slices.Contains(c.Nullifiers, n):
		case fate.counts:
			took.until = max(took.until, c.Expires)
		default:
			if lost.until == 0 {
				// The first of them decides who is given the nullifier: the
				// holder of the other one, since there are no more than two.
				heir, _ := plan.expiring(fate.until)
				lost.until, lost.heir = fate.until, claim{plan.Credentials[max(heir, 0)].Wallet, fate.until}
			}
			lost.until = min(lost.until, fate.until)
			lost.alone = lost.alone || len(c.Nullifiers) == 1
		}
	}
	switch {
	case took.until > 0 && op.Result.Unchanged:
		return kept{op.Step.Wallet, took.until, op.From}
	case took.until > 0:
		return took
	case lost.until > 0:
		return lost
	}
	return nil
}

// ofUnknown takes the facts of a scoring of unknown outcome.
func (f *facts) ofUnknown(op *Operation) {
	plan, w := f.history.Plan, op.Step.Wallet
	for n := range plan.Nullifiers {
		if possible := plan.claimable(w, n); len(possible) > 0 {
			f.claim(op, n, mayTake{w, op.To, possible})
		}
	}
	f.wallet(op, owner(w), mayWrite{op.Step.Community, op})
	for _, provider := range providers() {
		f.point(op, key{w, provider}, mayEarn{})
	}
}

// claimable returns the claims on the nullifier that a scoring of the wallet
// can write: its own, for as long as a credential lasts, and those of every
// wallet that can hold the other nullifier of one of its credentials.
func (p *Plan) claimable(wallet, nullifier int) []claim {
	var possible []claim
	for _, mine := range p.Credentials {
		if mine.Wallet != wallet || !slices.Contains(mine.Nullifiers, nullifier) {
			continue
		}
		possible = append(possible, claim{wallet, mine.Expires})
		for _, theirs := range p.Credentials {
			if theirs.Wallet != wallet && len(mine.Nullifiers) > 1 {
				possible = append(possible, claim{theirs.Wallet, theirs.Expires})
			}
		}
	}
	return possible
}

func (f *facts) ofList(op *Operation) {
	for n, nullifier := range f.history.Plan.Nullifiers {
		found := listed{wallet: op.Step.Wallet}
		for _, c := range op.Claims {
			if c.Nullifier == nullifier {
				found.is, found.until = true, since(c.ExpiresAt)
			}
			if c.Address != f.history.Plan.Wallets[op.Step.Wallet] {
				f.faultf(op, "it lists a claim of %s", c.Address)
			}
		}
		f.claim(op, n, found)
	}
}

func (f *facts) ofPage(op *Operation) set {
	var credentials set
	for _, c := range op.Page.Credentials {
		signed, err := invariants.ReadCredential(c.Document)
		if err != nil {
			f.faultf(op, "it lists a credential: %w", err)
			continue
		}
		i, found := f.history.Plan.expiring(since(signed.Expires))
		if !found {
			f.faultf(op, "it lists a credential that was not added: %.100s", c.Document)
			continue
		}
		credentials = credentials.with(i)
	}
	return credentials
}

// ofProvider returns all credentials that the wallet can have of the provider.
func (f *facts) ofProvider(wallet int, provider string) set {
	var credentials set
	for i, c := range f.history.Plan.Credentials {
		if c.Wallet == wallet && c.Provider == provider {
			credentials = credentials.with(i)
		}
	}
	return credentials
}

// latest returns the last score, as Latest did.
func latest(op *Operation) Standing {
	if op.Latest == nil {
		return Standing{}
	}
	s := Standing{At: since(op.Latest.ScoredAt), Passing: op.Latest.PassedWhenScored, Sum: op.Latest.Score.String()}
	if !op.Latest.ExpiresAt.IsZero() {
		s.Expires = since(op.Latest.ExpiresAt)
	}
	return s
}

func (f *facts) claim(op *Operation, n int, what fact[claim]) {
	f.claims = append(f.claims, entry(op, place{op.Step.Community, n}, what))
}

func (f *facts) wallet(op *Operation, w owner, what fact[holding]) {
	f.wallets = append(f.wallets, entry(op, w, what))
}

func (f *facts) point(op *Operation, k key, what fact[given]) {
	f.points = append(f.points, entry(op, k, what))
}

// entry is the operation as the checker has it. One of unknown outcome has not
// returned when the history ends.
func entry[S any](op *Operation, object fmt.Stringer, what fact[S]) porcupine.Operation {
	e := porcupine.Operation{
		ClientId: op.Client, Call: op.Call, Return: op.Return,
		Input: input[S]{object, op.Step.String(), what},
	}
	if op.Ended == Unknown {
		e.Return = math.MaxInt64
	}
	return e
}
