package histories

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/passport-sdk/passport-go/internal/reliability/invariants"
	"github.com/passport-sdk/passport-go/store"
)

// ofRows takes the facts of a reading: to the checker it is by the client that
// comes after all others.
func (f *facts) ofRows(reading *Reading) {
	h := f.history
	read := Operation{Client: h.Alone, Call: reading.Call, Return: reading.Return, Step: Step{Action: "row"}, Ended: Done}
	for _, community := range communities() {
		read.Step.Community = community
		for n := range h.Plan.Nullifiers {
			f.claim(&read, n, claimRow{reading.claim(community, n)})
		}
		for w := range h.Plan.Wallets {
			f.wallet(&read, owner(w), stands{community, reading.score(WalletPlace{community, w}), false})
		}
	}
	for w := range h.Plan.Wallets {
		for _, provider := range providers() {
			rows := 0
			for _, award := range reading.Awards {
				if award == (AwardRow{w, actionKey, provider}) {
					rows++
				}
			}
			f.point(&read, key{w, provider}, keyRows(rows))
		}
	}
}

func (r *Rows) claim(community int64, nullifier int) claim {
	for _, row := range r.Claims {
		if row.Community == community && row.Nullifier == nullifier {
			return claim{row.Wallet, row.Until}
		}
	}
	return claim{holder: noWallet}
}

func (r *Rows) score(place WalletPlace) Standing {
	for _, row := range r.Scores {
		if row.WalletPlace == place {
			return row.Standing
		}
	}
	return Standing{}
}

// checkRows returns what breaks an invariant, and what no scoring has returned.
func (h *History) checkRows(f *facts) error {
	var faults []error
	for i := range h.Readings {
		r := &rowsCheck{Reading: &h.Readings[i], history: h, facts: f}
		r.check()
		faults = append(faults, r.faults...)
	}
	return errors.Join(faults...)
}

type rowsCheck struct {
	*Reading

	history *History
	facts   *facts
	faults  []error
}

func (r *rowsCheck) check() {
	for _, fault := range r.Faults {
		r.faultf("%w", fault)
	}
	for _, broken := range invariants.Check(&r.State, invariants.Rules{Steady: true}) {
		r.faultf("%s", broken)
	}
	for _, community := range communities() {
		for w := range r.history.Plan.Wallets {
			r.lost(WalletPlace{community, w})
			r.events(WalletPlace{community, w})
		}
	}
	r.visits()
}

func (r *rowsCheck) faultf(format string, args ...any) {
	r.faults = append(r.faults, fmt.Errorf("rows: "+format, args...))
}

// lost checks that the last score stands on the claims. The wallet has not
// taken all nullifiers of a credential that does not count, and none of them is
// free. Each change of such a claim would have come with another score.
func (r *rowsCheck) lost(at WalletPlace) {
	for _, i := range r.score(at).Lost.members() {
		all := true
		for _, n := range r.history.Plan.Credentials[i].Nullifiers {
			c := r.claim(at.Community, n)
			all = all && c.holder == at.Wallet && r.taken(at, n, c.until)
			if c.holder == noWallet {
				r.faultf("%v: c%d lists n%d, which is free", at, i, n)
			}
		}
		if all {
			r.faultf("%v: c%d does not count, but the wallet has taken all that it lists", at, i)
		}
	}
}

// taken reports whether a scoring of the wallet has taken the nullifier until
// that time. Otherwise it was given to the wallet, for as long as the claim
// that was in the way.
func (r *rowsCheck) taken(at WalletPlace, n int, until time.Duration) bool {
	for i, s := range r.facts.scorings {
		op := &r.history.Operations[i]
		if (WalletPlace{op.Step.Community, op.Step.Wallet}) != at {
			continue
		}
		if f, is := r.facts.nullifier(op, s, n).(took); is && f.until == until {
			return true
		}
	}
	return false
}

// events checks that there is one event for each scoring that is done, at most
// one for each that is unknown, and one for each credential that was lost.
func (r *rowsCheck) events(at WalletPlace) {
	updates, deduplicated := r.eventsOf(at)
	rest, unknown := slices.Clone(updates), 0
	for i := range r.history.Operations {
		op := &r.history.Operations[i]
		if op.Step.Action != Score || op.Call > r.Call || (WalletPlace{op.Step.Community, op.Step.Wallet}) != at {
			continue
		}
		switch op.Ended {
		case Unknown:
			unknown++
		case Done:
			if op.Result.Unchanged {
				break
			}
			returned := r.facts.scorings[i].Standing
			if place := slices.Index(rest, returned); place >= 0 {
				rest = slices.Delete(rest, place, place+1)
			} else {
				r.faultf("%v: there is no event of the scoring %v", at, returned)
			}
		case Failed:
		}
	}
	if len(rest) > unknown {
		r.faultf("%v: %d events too many, such as %v", at, len(rest)-unknown, rest[0])
	}
	lost := map[int]int{} // those that are alike are alike to their events
	for _, update := range updates {
		for _, i := range update.Lost.members() {
			lost[r.history.Plan.like(r.history.Plan.Credentials[i])]++
		}
	}
	if !maps.Equal(deduplicated, lost) {
		r.faultf("%v: lost credentials (number of each) by their events: %v, by the scores: %v", at, deduplicated, lost)
	}
}

// eventsOf returns the scores of the place's events, in order, and how often
// which credential has an event of its own.
func (r *rowsCheck) eventsOf(at WalletPlace) (updates []Standing, deduplicated map[int]int) {
	deduplicated = map[int]int{}
	for _, event := range r.Events {
		switch {
		case event.WalletPlace != at:
		case event.Action == store.ActionScoreUpdate:
			updates = append(updates, event.Standing)
		default:
			deduplicated[event.Credential]++
		}
	}
	return updates, deduplicated
}

// visits checks that the host's own rows are there for the scorings that are
// done, and for no other that failed.
func (r *rowsCheck) visits() {
	if r.Visits == nil {
		return
	}
	for i := range r.history.Operations {
		op := &r.history.Operations[i]
		if op.Visit == "" || op.Call > r.Call || op.Ended == Unknown {
			continue
		}
		if there := slices.Contains(r.Visits, op.Visit); there != (op.Ended == Done) {
			r.faultf("the host's row of a scoring that ended as %q is there: %t", op.Ended, there)
		}
	}
}
