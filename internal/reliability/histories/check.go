package histories

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/passport-sdk/passport-go/store"
)

// Check returns what in the history cannot have happened, joined, or nil.
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
// they can have happened: each of them at some moment between its call and its
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

// facts are what the operations of a history tell, by kind of object.
type facts struct {
	history *History
	// scorings are what the scorings that are done told, by their place in the
	// history.
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

// of takes what one operation tells.
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
	case Wait: // each scoring tells its moment
	}
}

// unforeseen tells what is wrong with an error, if it is.
func (f *facts) unforeseen(op *Operation) string {
	switch {
	case op.Client == f.history.Alone:
		return "nobody was in the way"
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

// ofScoring takes what a scoring, or a preview, tells of each nullifier, of the
// wallet and of its keys.
func (f *facts) ofScoring(op *Operation, s *scoring) {
	preview := op.Step.Action == Preview
	w := owner(op.Step.Wallet)
	for n := range f.history.Plan.Nullifiers {
		if told := f.nullifier(op, s, n); told != nil {
			f.claim(op, n, told)
		}
	}
	f.wallet(op, w, saw{s.seen})
	if preview {
		return
	}
	f.wallet(op, w, wrote{op.Step.Community, s.seen, s.Standing})
	for _, fate := range s.fates {
		if s.Passing && fate.counts {
			provider := f.history.Plan.Credentials[fate.credential].Provider
			f.point(op, key{op.Step.Wallet, provider}, earned{s.keys[provider]})
		}
	}
}

// nullifier is what a scoring tells of one nullifier; nil if nothing.
func (f *facts) nullifier(op *Operation, s *scoring, n int) fact[claim] {
	plan, preview := f.history.Plan, op.Step.Action == Preview
	took := took{op.Step.Wallet, s.At, 0, preview}
	lost := lost{wallet: op.Step.Wallet, at: s.At, preview: preview}
	for _, fate := range s.fates {
		c := &plan.Credentials[fate.credential]
		switch {
		case !slices.Contains(c.Nullifiers, n):
		case fate.counts:
			took.until = max(took.until, c.Expires)
		default:
			if lost.until == 0 {
				// The first of them decides who is given the nullifier: who holds the
				// other one, and nobody else holds any.
				heir, _ := plan.expiring(fate.until)
				lost.until, lost.heir = fate.until, claim{plan.Credentials[max(heir, 0)].Wallet, fate.until}
			}
			lost.until = min(lost.until, fate.until)
			lost.alone = lost.alone || len(c.Nullifiers) == 1
		}
	}
	switch {
	case took.until > 0:
		return took
	case lost.until > 0:
		return lost
	}
	return nil
}

// ofUnknown takes what a scoring tells whose outcome is unknown.
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

// claimable returns what claims on the nullifier a scoring of the wallet can
// write: its own, for as long as a credential lasts, and those of whoever can
// hold the other nullifier of one of its credentials.
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
		var dates struct {
			ExpirationDate time.Time `json:"expirationDate"`
		}
		err := json.Unmarshal(c.Stamp, &dates)
		i, found := f.history.Plan.expiring(since(dates.ExpirationDate))
		if err != nil || !found {
			f.faultf(op, "it lists a credential that nobody has added: %.100s", c.Stamp)
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

// latest is what the last score is said to be.
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
		Input: told[S]{object, op.Step.String(), what},
	}
	if op.Ended == Unknown {
		e.Return = math.MaxInt64
	}
	return e
}
